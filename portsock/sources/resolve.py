"""Host names, only with --resolve: a lookup tells the name server which addresses are inspected, and can take long."""

import socket
from collections.abc import Iterable
from queue import Empty, SimpleQueue
from threading import Thread

WORKERS = 16
SECONDS = 3.0
"""Time limit of all reverse lookups together. An address without an answer by then is shown as a number."""


def addresses_of(name: str) -> list[str]:
    """Return the addresses of a host name in the resolver's order; empty where it has none or there is no answer."""
    try:
        found = socket.getaddrinfo(name, None, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        return []
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def names_of(addresses: Iterable[str]) -> dict[str, str]:
    """Return host names by address, for lookups that end in time.

    The lookups run in daemon threads: the resolver cannot be interrupted, and a dead name server must not delay a listing.
    """
    from time import monotonic

    todo: SimpleQueue[str] = SimpleQueue()
    done: SimpleQueue[tuple[str, str | None]] = SimpleQueue()
    wanted = set(addresses)
    for address in wanted:
        todo.put(address)
    for _ in range(min(WORKERS, len(wanted))):
        Thread(target=_look_up, args=(todo, done), daemon=True).start()
    names: dict[str, str] = {}
    end = monotonic() + SECONDS
    for _ in wanted:
        try:
            address, name = done.get(timeout=max(0.0, end - monotonic()))
        except Empty:
            break
        if name:
            names[address] = name
    return names


def _look_up(todo: "SimpleQueue[str]", done: "SimpleQueue[tuple[str, str | None]]") -> None:
    while True:
        try:
            address = todo.get_nowait()
        except Empty:
            return
        try:
            name: str | None = socket.getnameinfo((address, 0), socket.NI_NAMEREQD)[0]
        except OSError:
            name = None
        done.put((address, name))
