"""netstat of Solaris and illumos: sections 'TCP: IPv4', 'UDP: IPv6', 'SCTP:', unix sockets. netstat(8), netstat.c of illumos.

With -u there are the columns User, Pid and Command, and a row for each holder. Rows of connected TCP sockets are joined, since
no two such sockets have the same endpoints; nothing shows whether two rows of a listener are one socket.
"""

import re
from collections.abc import Iterable
from typing import Any, Self

from portsock.model import Family, InetEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import dotted_endpoint, parse_address
from portsock.parse.listings.internet import internet_record
from portsock.parse.listings.numbers import PID_DIGITS, is_number
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_TITLE = re.compile(r"(TCP|UDP|SCTP): ?(?:IPv([46]))?\s*")
_HEADER = re.compile(r"\s*Local Address +Remote Address +(?:User +Pid +Command +)?(?:Swind|State)\b")
_UNIX_TITLE = "Active UNIX domain sockets"
_UNIX_HEADER = re.compile(r"\s*Address +Type +(?:User +Pid +Command +)?Vnode +Conn +Local Addr +Remote Addr")
_UNIX_ROW = re.compile(
    r"[0-9a-f]{7,16} +(dgram|stream|stream-ord|seqpacket) +(?:(\S+) +(\d+) +(\S.{0,40}?) +)?"
    r"([0-9a-f]{7,16}) ([0-9a-f]{7,16})(?: |$)"
)
_UNIX_TYPES = {"dgram": SocketType.DGRAM, "seqpacket": SocketType.SEQPACKET}
_PAIR = " (socketpair)"
_TCP_STATES = frozenset(
    ("BOUND", "CLOSED", "CLOSING", "CLOSE_WAIT", "ESTABLISHED", "FIN_WAIT_1", "FIN_WAIT_2", "IDLE", "LAST_ACK", "LISTEN",
     "SYN_RECEIVED", "SYN_RCVD", "SYN_SENT", "TIME_WAIT", "NEW")
)  # fmt: skip
"""The states of netstat(8), and of mibtcp's table in netstat.c."""
_UDP_STATES = frozenset({"Unbound", "Idle", "Connected"})
_SCTP_STATES = _TCP_STATES | {"COOKIE_WAIT", "COOKIE_ECHOED", "SHUTDOWN_PENDING", "SHUTDOWN_SENT", "SHUTDOWN_RECEIVED",
                              "SHUTDOWN_ACK_SENT"}  # fmt: skip
_QUEUES = 4
"""Swind, Send-Q, Rwind and Recv-Q."""
_HEAD = 400
_MOST_WORDS = 20


class NetstatSolarisReader:
    """Reads sections of internet and unix sockets, and rows of TCP without a title."""

    format = "netstat-solaris"
    title = "Solaris and illumos netstat (-a -n -u -f -P)"
    system = "SunOS"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._protocol, self._family = "tcp", ""
        self._last: SocketRecord | None = None
        """A connected TCP socket, of which the next row may name another holder."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        head = line[:_HEAD]
        if "TCP" in head or "UDP" in head or "SCTP" in head or " Addr" in head:
            known = _TITLE.fullmatch(head) or _HEADER.match(head) or _UNIX_HEADER.match(head)
            return cls(services) if known else None
        words = head.split(None, _MOST_WORDS)
        at = _tcp_state(words) if len(words) > _QUEUES + 2 else None
        if at is not None and at == _QUEUES + 2 and _are_dotted(words[:2]):
            return cls(services)
        idle = not _UDP_STATES.isdisjoint(words[1:6]) and parse_address(words[0].rpartition(".")[0]) is not None
        return cls(services) if idle else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        words = line.split(None, _MOST_WORDS)
        if len(words) > 1:
            record = self._internet_row(words)
            if record is not None:
                return self._joined(record)
        if (title := _TITLE.fullmatch(line[:_HEAD])) is not None:
            self._protocol, self._family = title[1].lower(), title[2] or ""
            return self._released()
        head = line[:_HEAD]
        if _HEADER.match(head) or _UNIX_HEADER.match(head) or head.strip() == _UNIX_TITLE:
            return self._released()
        found = _UNIX_ROW.match(line)
        if found is not None:
            return (_unix_record(found, line),)
        more = self._protocol == "sctp" and 0 < len(words) <= 2 and all(parse_address(word) for word in words)
        return () if more else None  # further addresses of an association

    def finish(self) -> Iterable[SocketRecord]:
        return self._released()

    def _released(self) -> tuple[SocketRecord, ...]:
        held, self._last = self._last, None
        return () if held is None else (held,)

    def _joined(self, record: SocketRecord) -> tuple[SocketRecord, ...]:
        """Return the sockets that are complete now: a connected one is held back until the next row."""
        last = self._last
        if last is not None and (last.local, last.remote, last.state) == (record.local, record.remote, record.state):
            self._last = last._replace(holders=(*(last.holders or ()), *(record.holders or ())))
            return ()
        if record.protocol == "tcp" and record.remote is not None and record.holders:
            self._last = record
            return () if last is None else (last,)
        self._last = None
        return (record,) if last is None else (last, record)

    def _internet_row(self, words: list[str]) -> SocketRecord | None:
        """Parse 'local [remote] [user pid command] … state …'; UDP has a remote endpoint only where it is connected."""
        if self._protocol == "sctp":
            at = next((at for at in range(len(words) - 1, _QUEUES + 2, -1) if words[at] in _SCTP_STATES), None)
            return None if at is None else self._record("sctp", words, 2, words[2 : at - _QUEUES - 1], words[at], [])
        at = _tcp_state(words)
        if at is not None:
            queues, owner, after = words[at - _QUEUES : at], words[2 : at - _QUEUES], words[at + 1 :]
            return self._record("tcp", words, 2, owner, words[at], after, int(queues[3]), int(queues[1]))
        at = next((at for at in range(1, len(words)) if words[at] in _UDP_STATES), None)
        ends = 2 if at is not None and words[at] == "Connected" else 1
        return None if at is None or at < ends else self._record("udp", words, ends, words[ends:at], None, words[at + 1 :])

    def _record(
        self,
        protocol: str,
        words: list[str],
        ends: int,
        owner: list[str],
        state: str | None,
        after: list[str],
        recv_q: int | None = None,
        send_q: int | None = None,
    ) -> SocketRecord | None:
        word = protocol + (self._family if protocol == self._protocol else "")
        local = self._endpoint(words[0], word)
        remote = self._endpoint(words[1], word) if ends > 1 else None
        if local is None or (ends > 1 and remote is None):
            return None
        more: dict[str, Any] = {"recv_q": recv_q, "send_q": send_q}
        if after and after[0][:1].isalpha() and local.zone is None and (local.address or "").startswith("fe80:"):
            local = local._replace(zone=after[0])
        holder = _holder(owner)
        if owner and holder is None:
            return None
        if holder is not None:
            more["holders"] = (holder,)
        found = internet_record(word, local, remote, None if state == "IDLE" else state, **more)
        return found._replace(state=State.CLOSED) if state == "IDLE" else found

    def _endpoint(self, text: str, word: str) -> InetEndpoint | None:
        if self._protocol == "sctp" and (found := parse_address(text)) is not None:
            return InetEndpoint(found[0], None)  # without a port
        return dotted_endpoint(text, word, self._services)


def _tcp_state(words: list[str]) -> int | None:
    """Return the index of the state, which four numbers precede, and at most an interface follows."""
    for at in (len(words) - 1, len(words) - 2):
        if at > _QUEUES + 1 and words[at] in _TCP_STATES and all(map(is_number, words[at - _QUEUES : at])):
            return at
    return None


def _are_dotted(words: list[str]) -> bool:
    return all("." in word and word.rfind(".") > word.rfind(":") for word in words)


def _holder(owner: list[str]) -> Holder | None:
    """Return the holder in 'user pid command', or None where that is something else."""
    if len(owner) < 2 or not is_number(owner[1], PID_DIGITS):
        return None
    return Holder(int(owner[1]), None, " ".join(owner[2:]) or None, owner[0])


def _unix_record(found: re.Match[str], line: str) -> SocketRecord:
    """Return the record of a row of a unix socket. It has a peer where its own connection has a vnode, or in a socketpair."""
    kind, user, pid, command, _, peer = found.groups()
    names = line[found.end() :]
    paired = names.startswith(_PAIR)
    own, _, other = ("", "", "") if paired else names.partition(" ")
    holders = (Holder(int(pid[:PID_DIGITS]), None, command, user),) if pid else None
    remote = UnixEndpoint(_path(other)) if other.strip() else None
    return SocketRecord(
        Family.UNIX,
        _UNIX_TYPES.get(kind, SocketType.STREAM),
        "unix",
        None,
        State.ESTABLISHED if paired or remote is not None or peer.strip("0") else None,
        None,
        UnixEndpoint(_path(own) if own else None),
        remote,
        holders=holders,
    )


def _path(text: str) -> bytes:
    return text.strip().encode("utf-8", "surrogateescape")
