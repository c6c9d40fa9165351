"""Several words explained together, by one listener of this host and a connection to it."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from portsock.endpoints import port_of
from portsock.explain.types import Part, Section
from portsock.explain.vocabulary import Word
from portsock.explain.wording import end_text, joined, owner_text, plural
from portsock.model import InetEndpoint, Owner, Socket, State

NOTHING_LISTENS = (
    "A process holds sockets through descriptors; a socket has one local port or none; a port can be that of many sockets."
)
"""The relation where no listener can be shown."""


_PARTS = {
    Word.PORT: Part.PORT, Word.EPHEMERAL: Part.PORT, Word.PROCESS: Part.PROCESS, Word.CONNECTION: Part.CONNECTION,
    Word.ENDPOINT: Part.CONNECTION, Word.FIVE_TUPLE: Part.CONNECTION, Word.HALF_ASSOCIATION: Part.CONNECTION,
}  # fmt: skip
"""The section of a word; the others are about sockets."""


class Scene(NamedTuple):
    """The sockets that are shown as an example."""

    listener: Socket
    accepted: Socket | None
    """A connection that came to it."""
    number: int
    """Sockets that have the listener's port as their local one."""


def scene(example: Sequence[Socket], sockets: Sequence[Socket]) -> Scene | None:
    """Return the scene of an example, a listener and what it accepted; None where the example has no listener."""
    listener = next((socket for socket in example if socket.state is State.LISTEN), None)
    if listener is None:
        return None
    accepted = [socket for socket in example if socket is not listener and isinstance(socket.remote, InetEndpoint)]
    accepted.sort(key=lambda socket: not socket.owners)
    port, protocol = port_of(listener.local), listener.protocol
    number = sum(socket.protocol == protocol and port_of(socket.local) == port for socket in sockets)
    return Scene(listener, accepted[0] if accepted else None, number)


def relation(shown: Scene | None) -> str:
    """Return the sentence that relates process, descriptor, socket and port."""
    if shown is None:
        return NOTHING_LISTENS
    port = f"port {port_of(shown.listener.local)}/{shown.listener.protocol}"
    holder = _holder(shown.listener)
    if holder is None:
        return f"A socket listens on {port}; its process cannot be seen from here{_second(shown, None)}."
    return f"{_process(holder)} holds {_descriptor(holder)}a socket that listens on {port}{_second(shown, holder)}."


def _second(shown: Scene, holder: Owner | None) -> str:
    """Return the half of the sentence that is about the connection."""
    accepted = shown.accepted
    if accepted is None:
        return "; nobody is connected to it"
    own = _holder(accepted)
    what = f"a second socket on the same port, whose other end is {end_text(accepted.remote)}"
    if own is None:
        return f"; there is {what}"
    if holder is not None and own.pid == holder.pid and own.fd is not None:
        return f"; descriptor {own.fd} is {what}"
    return f"; {_process(own)[0].lower()}{_process(own)[1:]} holds {what}"


def sections(words: Sequence[Word], shown: Scene, meanings: Callable[[Word], str]) -> dict[Part, Section]:
    """Return a paragraph for each word, by the example; `meanings` gives the definition of a word that it does not show."""
    found: dict[Part, list[str]] = {}
    for word in words:
        found.setdefault(_PARTS.get(word, Part.SOCKET), []).append(_sentence(word, shown) or meanings(word))
    return {part: Section(tuple(found[part])) for part in Part if part in found}


def _sentence(word: Word, shown: Scene) -> str | None:
    listener, accepted = shown.listener, shown.accepted
    local, port = end_text(listener.local), port_of(listener.local)
    if word is Word.PORT:
        return f"{port} is only a number, and the local port of {plural(shown.number, 'socket')} here."
    if word is Word.PROCESS:
        owners = [owner_text(owner) for owner in listener.owners]
        verb = "reaches its sockets" if len(owners) == 1 else "reach the socket"
        return f"{joined(owners, 3)} {verb} by descriptors." if owners else None
    if word in (Word.LISTENER, Word.BIND):
        what = "has no other end and carries no data" if word is Word.LISTENER else "got that address and port by bind(2)"
        return f"The socket on {local} {what}."
    if word is Word.BACKLOG and listener.accept_queue is not None and listener.accept_limit is not None:
        return f"Its backlog: {listener.accept_queue} of at most {listener.accept_limit} connections wait to be accepted."
    if accepted is None:
        return None
    here, there = end_text(accepted.local), end_text(accepted.remote)
    return {
        Word.SOCKET: f"Two sockets, objects of the kernel, have one port here. The first takes connections, the second is "
        f"the end of one of them{_inodes(shown)}.",
        Word.ENDPOINT: f"{here} and {there} are endpoints, each an address and a port.",
        Word.CONNECTION: f"{here} and {there} under {accepted.protocol} are the connection; only the pair identifies it.",
        Word.FIVE_TUPLE: f"Its 5-tuple is {accepted.protocol}, {here} and {there}, which no other connection has.",
        Word.HALF_ASSOCIATION: f"One half-association of it is {accepted.protocol} with {here}, the other with {there}.",
        Word.ACCEPT: f"accept(2) made the second socket; its local port is still {port}.",
        Word.EPHEMERAL: f"{port_of(accepted.remote)} is the client's port, an ephemeral one if its system chose it.",
    }.get(word)


def _inodes(shown: Scene) -> str:
    first, second = shown.listener.inode, shown.accepted.inode if shown.accepted else None
    return f" (inodes {first} and {second})" if first and second else ""


def _holder(socket: Socket) -> Owner | None:
    return next((owner for owner in socket.owners if owner.pid is not None), None)


def _process(owner: Owner) -> str:
    return f"Process {owner.pid}" + (f" ({owner.name})" if owner.name else "")


def _descriptor(owner: Owner) -> str:
    return f"descriptor {owner.fd}, " if owner.fd is not None else ""
