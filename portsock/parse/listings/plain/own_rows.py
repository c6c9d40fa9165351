"""Rows of `sockets --json` and `--jsonl` that output/json/sockets.py writes from prepared parts, read back the same way.

Literal keys part such a row; most parts stood in other rows, too, and are parsed once. That takes a tenth of the time of JSON.
A row with a part that has another shape, such as one with details or escapes, is left to portsock_json.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from portsock.model import InetEndpoint, Owner, OwnerReason, OwnerStatus, Peer, Role, Socket
from portsock.parse.listings.json_text import decode
from portsock.parse.listings.plain.texts import MOST_HOSTS, Ports, remembered
from portsock.parse.listings.portsock_socket import enum_member, parse_netns, parse_record, text_at

_TEXT = r'"[^"\\\x00-\x1f]{0,400}"'
_WORD = rf"(?:null|{_TEXT})"
_NUMBER = r"(?:null|0|[1-9][0-9]{0,18})"
_is_head = re.compile(rf'"family":{_TEXT},"type":{_WORD},"protocol":{_TEXT},"state":{_TEXT},"role":{_TEXT}').fullmatch
_is_address = re.compile(rf'\{{"kind":"inet","address":{_TEXT}').fullmatch
_is_end = re.compile(rf'"service":{_WORD},"scope":{_WORD},"zone":null\}}').fullmatch
_is_counts = re.compile(rf'{_NUMBER},"send_q":{_NUMBER},"uid":{_NUMBER},"user":{_WORD}').fullmatch
_is_place = re.compile(
    rf'{_WORD},"v6only":(?:null|true|false),"netns":(?:null|\{{"id":{_NUMBER},"name":{_WORD}\}}),'
    rf'"owner_status":{_TEXT},"owner_reason":{_WORD}'
).fullmatch
_is_number = re.compile(_NUMBER).fullmatch
_is_name = re.compile(rf'({_WORD}),"user":({_WORD})\}}\]').fullmatch
_is_tail = re.compile(
    rf'(?:null|\{{"inode":({_NUMBER}),"netns":null,"host":null,"owner_status":({_TEXT}),"owners":(\[.{{0,1000}}\])\}})'
    rf'(?:,"accept_queue":({_NUMBER}),"accept_limit":({_NUMBER}))?\}},?'
).fullmatch
_RECORD = '{"record":"socket",'
_ROWS = '"sockets":['
_PID = '[{"pid":'
_NO_PEER = frozenset({"null}", "null},"})
_SHORT = 4
"""Digits of numbers that many rows have."""
_make = tuple.__new__
_RARE = (None,) * (len(Socket._fields) - Socket._fields.index("peer") - 1)


class _OtherShape(Exception):
    """A part of a row is none that this module knows."""


class _Integers(dict[str | None, int | None]):
    """Numbers by their JSON."""

    def __missing__(self, text: str) -> int | None:
        if not _is_number(text):
            raise _OtherShape
        return int(text) if len(text) > _SHORT else remembered(self, text, int(text))


class PlainRows:
    """Reads the rows of one document."""

    def __init__(self) -> None:
        self._numbers = _Integers({None: None, "null": None})
        self._ports = Ports()
        self._ends: dict[str, InetEndpoint] = {}
        self._addresses: dict[str, str] = {}
        self._after_port: set[str] = set()
        self._heads: dict[str, tuple[Any, ...]] = {}
        self._counts: dict[str, tuple[Any, ...]] = {}
        self._places: dict[str, tuple[Any, ...]] = {}
        self._pids: dict[str, int | None] = {}
        self._names: dict[str, tuple[str | None, str | None]] = {}

    def read(self, lines: Iterable[str]) -> Iterator[str | Socket]:
        """Yield the lines, and instead of each that is a plain row its socket."""
        below = False
        length, socket = len(_RECORD), self._socket
        for line in lines:
            start = length if line.startswith(_RECORD) else 1 if below and line[:1] == "{" else 0
            # In an array the last row has no comma behind it, and is left to portsock_json.
            if start and (line[-1] == ",") is (start == 1):
                try:
                    yield socket(line, start)
                    continue
                except _OtherShape:
                    pass
            below = line == _ROWS or (below and line[:1] == "{")
            yield line

    def _socket(self, line: str, start: int) -> Socket:
        """Return the socket of a row whose first key begins there. Raises _OtherShape."""
        numbers = self._numbers
        head, _, rest = line.partition(',"local":')
        near, _, rest = rest.partition(',"remote":')
        far, _, rest = rest.partition(',"recv_q":')
        counts, _, rest = rest.partition(',"inode":')
        inode, _, rest = rest.partition(',"cookie":')
        cookie, _, rest = rest.partition(',"interface":')
        place, _, rest = rest.partition(',"owners":')
        held, _, tail = rest.partition(',"peer":')
        family, kind, protocol, state, role = self._heads.get(head) or self._head(head, start)
        local = self._ends.get(near) or remembered(self._ends, near, self._end(near))
        remote = None if far == "null" else self._end(far)
        recv_q, send_q, uid, creator = self._counts.get(counts) or self._parse_counts(counts)
        interface, v6only, netns, status, reason = self._places.get(place) or self._place(place)
        owners, peer, waiting, limit = self._owners(held), None, None, None
        if tail not in _NO_PEER:
            peer, waiting, limit = self._tail(tail)
        return _make(Socket, (
            family, kind, protocol, None, state, None, local, remote, recv_q, send_q, waiting, limit, uid, numbers[inode],
            numbers[cookie], interface, v6only, netns, role, creator, None, status, reason, owners, peer, *_RARE,
        ))  # fmt: skip

    def _end(self, text: str) -> InetEndpoint:
        before, _, rest = text.partition(',"port":')
        port_text, _, after = rest.partition(",")
        address, port = self._addresses.get(before) or self._address(before), self._ports[port_text]
        if after not in self._after_port:
            if not _is_end(after):
                raise _OtherShape
            if len(self._after_port) < MOST_HOSTS:
                self._after_port.add(after)
        if port < 0 or (port_text[0] == "0" and port_text != "0"):
            raise _OtherShape
        return _make(InetEndpoint, (address, port, None, None, None, False, False))

    def _address(self, text: str) -> str:
        if not _is_address(text):
            raise _OtherShape
        return remembered(self._addresses, text, text.split('"')[7], MOST_HOSTS)

    def _owners(self, text: str) -> tuple[Owner, ...]:
        if text == "[]":
            return ()
        process, _, rest = text.partition(',"fd":')
        fd, _, called = rest.partition(',"name":')
        name, user = self._names.get(called) or self._name(called)
        pid = self._pids[process] if process in self._pids else self._pid(process)
        return (_make(Owner, (pid, self._numbers[fd], name, user, None)),)

    def _pid(self, text: str) -> int | None:
        if not text.startswith(_PID):
            raise _OtherShape
        pid = self._numbers[text[len(_PID) :]]
        return remembered(self._pids, text, pid, MOST_HOSTS)

    def _name(self, text: str) -> tuple[str | None, str | None]:
        found = _is_name(text)
        if found is None:
            raise _OtherShape
        name, user = (None if word == "null" else word[1:-1] for word in found.groups())
        return remembered(self._names, text, (name, user))

    def _tail(self, text: str) -> tuple[Peer | None, int | None, int | None]:
        """Return what follows the owners: the other end, and the queue of a listener."""
        found = _is_tail(text)
        if found is None:
            raise _OtherShape
        inode, status, held, waiting, limit = found.groups()
        peer = None
        if status is not None:
            known = enum_member(OwnerStatus, status[1:-1]) or OwnerStatus.UNREPORTED
            peer = Peer(self._numbers[inode], None, None, known, self._owners(held))
        return peer, self._numbers[waiting], self._numbers[limit]

    def _head(self, text: str, start: int) -> tuple[Any, ...]:
        """Return family, type, protocol, state and role."""
        if not _is_head(text, start):
            raise _OtherShape
        item = decode(f"{{{text[start:]}}}")
        try:
            record = parse_record(item)
        except ValueError:
            raise _OtherShape from None
        if record.state is None:
            raise _OtherShape
        role = enum_member(Role, item["role"]) or Role.UNKNOWN
        return remembered(self._heads, text, (record.family, record.type, record.protocol, record.state, role))

    def _parse_counts(self, text: str) -> tuple[Any, ...]:
        """Return the queues, the creator's uid and name."""
        if not _is_counts(text):
            raise _OtherShape
        return remembered(self._counts, text, tuple(decode(f'{{"recv_q":{text}}}').values()))

    def _place(self, text: str) -> tuple[Any, ...]:
        """Return interface, v6only, netns, owner status and reason."""
        if not _is_place(text):
            raise _OtherShape
        item = decode(f'{{"interface":{text}}}')
        status = enum_member(OwnerStatus, item["owner_status"]) or OwnerStatus.UNREPORTED
        reason = enum_member(OwnerReason, item["owner_reason"])
        place = text_at(item, "interface"), item["v6only"], parse_netns(item["netns"]), status, reason
        return remembered(self._places, text, place)
