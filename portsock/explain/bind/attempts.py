"""A question (may this program bind here, this way?), and its answer put into an Attempt with words."""

from collections.abc import Sequence
from typing import NamedTuple

from portsock.endpoints import bracketed
from portsock.explain.bind.conflict import Clash
from portsock.explain.bind.held import MOST_ALIKE
from portsock.explain.bind.texts import TEXTS, Why
from portsock.explain.bind.types import Attempt, Blocker, Way
from portsock.explain.sections.durations import unprivileged_start
from portsock.model import Host, InetEndpoint, Socket
from portsock.records import Identity


class Question(NamedTuple):
    """One way of binding one address, for one user on one host."""

    protocol: str
    address: str
    port: int
    way: Way
    identity: Identity
    host: Host

    def answer(
        self, ok: bool | None, errno: str | None, why: Why | None, clashes: Sequence[Clash] = (), doubt: Why | None = None
    ) -> Attempt:
        """The Attempt, with the sockets of `clashes` as its blockers and the first of them in its reason; `doubt` is for
        Why.IN_USE_AND."""
        names = (("SO_REUSEADDR", self.way.reuseaddr), ("SO_REUSEPORT", self.way.reuseport))
        return Attempt(
            self.protocol,
            self.address,
            self.port,
            tuple(name for name, is_set in names if is_set),
            self.way.v6only,
            self.identity,
            ok,
            errno,
            tuple(_blocker(found.held.socket) for found in clashes[:MOST_ALIKE]),
            self._words(why, clashes, doubt) if why else None,
        )

    def _words(self, why: Why, clashes: Sequence[Clash], doubt: Why | None) -> str:
        values: dict[str, object] = {
            "address": self.address,
            "protocol": self.protocol,
            "system": self.host.system,
            "start": unprivileged_start(self.host)[0],
            "uid": self.identity.uid,
            "device": self.way.device,
        }
        if doubt is not None:
            values["doubt"] = TEXTS[doubt].format(**values)
        if clashes:
            first = clashes[0]
            values["who"] = _name(first.held.socket)
            values["uid"] = first.held.socket.uid
            if doubt is not None:
                values["in_use"] = TEXTS[first.why].format(**values)
        return TEXTS[why].format(**values)


def _blocker(socket: Socket) -> Blocker:
    local = socket.local if isinstance(socket.local, InetEndpoint) else InetEndpoint(None, None)
    return Blocker(socket.inode, local, socket.state, socket.owners)


def _name(socket: Socket) -> str:
    """The socket in the way, as a subject of a sentence."""
    state = f"the {socket.state} socket" if socket.state else "the socket"
    local = socket.local
    if not isinstance(local, InetEndpoint) or local.address is None:
        return state
    return f"{state} {bracketed(local.address)}:{local.port}"
