"""FreeBSD's sockstat: USER COMMAND PID FD PROTO LOCAL FOREIGN, and columns of options. sockstat(1).

sockstat prints a row for each descriptor. Without -A nothing shows whether two rows are one socket. Only rows of connected TCP
sockets are joined, since no two such sockets have the same endpoints.
"""

import re
from collections.abc import Iterable
from typing import Self

from portsock.enums import parse_state
from portsock.model import Family, InetEndpoint, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import colon_endpoint, is_no_peer
from portsock.parse.listings.internet import internet_record
from portsock.parse.listings.netstat.bsd_rows import UNIX_TYPES
from portsock.parse.listings.numbers import PID_DIGITS, is_number
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_HEADER = re.compile(r"USER +COMMAND +PID +FD +PROTO +LOCAL ADDRESS +FOREIGN ADDRESS.*")
_FIRST_PROTOCOL = 4
"""The lowest index of the protocol: behind USER, COMMAND, PID and FD."""
_UNKNOWN = ("?", "??")
"""What stands in place of an owner that there is none of: a question mark, from FreeBSD 15 on two."""
_PROTOCOL = re.compile(r"(?:tcp|udp|udpl|sctp|div|icmp?|raw)(?:46|4|6)?")


class SockstatReader:
    """Reads internet and unix rows, with or without the header (-q)."""

    format = "sockstat"
    title = "FreeBSD sockstat (-4 -6 -c -l -u -P -s -q)"
    system = "FreeBSD"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._connected: dict[tuple[object, ...], tuple[SocketRecord, list[Holder]]] = {}

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        if _HEADER.fullmatch(line[:400]) or _protocol_column(line[:400].split(None, 9)) is not None:
            return cls(services)
        return None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        words = line.split(None, 9)
        at = _protocol_column(words)
        if at is None:
            return () if _HEADER.fullmatch(line[:400]) else None
        holders = _holders(words, at)
        rest = line.split(None, at + 1)[at + 1] if len(words) > at + 1 else ""
        if words[at] in UNIX_TYPES:
            return (_unix(words[at], rest.strip(), holders),)
        record = self._internet(words[at], rest.split())
        if record is None:
            return None
        if record.protocol != "tcp" or record.remote is None:
            return (record._replace(holders=holders),)
        _, held = self._connected.setdefault((record.local, record.remote), (record, []))
        held.extend(holders)
        return ()

    def finish(self) -> Iterable[SocketRecord]:
        found, self._connected = self._connected, {}
        return [record._replace(holders=tuple(held)) for record, held in found.values()]

    def _internet(self, word: str, rest: list[str]) -> SocketRecord | None:
        """Parse '*:22 *:* [… state …]'. Like sockstat -l, this takes a TCP socket without a foreign port for a listener."""
        if len(rest) < 2:
            return None
        local = _endpoint(rest[0], word, self._services)
        remote = _endpoint(rest[1], word, self._services)
        if local is None or remote is None:
            return None
        state = next((text for text in rest[2:] if parse_state(text) is not None), None)
        if state is None and word.startswith("tcp") and is_no_peer(remote) and local.port is not None:
            state = "LISTEN"
        return internet_record(word, local, remote, state)


def _protocol_column(words: list[str]) -> int | None:
    """Return the index of the protocol. It follows PID and FD, numbers or unknown. The command may contain spaces."""
    for at in range(_FIRST_PROTOCOL, len(words)):
        if words[at] in UNIX_TYPES or _PROTOCOL.fullmatch(words[at]):
            owned = all(word in _UNKNOWN or is_number(word, PID_DIGITS) for word in words[at - 2 : at])
            return at if owned and len(words) > at + (words[at] not in UNIX_TYPES) else None
    return None


def _holders(words: list[str], at: int) -> tuple[Holder, ...]:
    pid, fd = words[at - 2], words[at - 1]
    if pid in _UNKNOWN:
        return ()
    user = words[0] if words[0] not in _UNKNOWN else None
    name = " ".join(words[1 : at - 2])
    return (Holder(int(pid), None if fd in _UNKNOWN else int(fd), name if name not in _UNKNOWN else None, user),)


def _endpoint(text: str, word: str, services: Services) -> InetEndpoint | None:
    return colon_endpoint(text, word, services) if text not in ("?", "??", "(none)") else InetEndpoint("*", None)


def _unix(kind: str, rest: str, holders: tuple[Holder, ...]) -> SocketRecord:
    """Parse '/var/run/log', '-> /var/run/log' (connected to it), '-> ??', '(not connected)'."""
    own, arrow, other = rest.partition("-> ") if "-> " in rest else (rest.removesuffix("->"), rest[-2:] == "->", "")
    own = own.strip()
    named = own.startswith(("/", "@")) or (own != "" and own[0] not in "(?[")
    remote = other.strip()
    return SocketRecord(
        Family.UNIX, UNIX_TYPES[kind], "unix", None, State.ESTABLISHED if arrow else None, None,
        UnixEndpoint(own.encode("utf-8", "surrogateescape") if named else None),
        UnixEndpoint(remote.encode("utf-8", "surrogateescape")) if remote.startswith("/") else None, holders=holders,
    )  # fmt: skip
