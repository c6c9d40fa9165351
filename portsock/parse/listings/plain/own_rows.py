"""Rows of `sockets --json` and `--jsonl` that output/json/sockets.py writes from prepared parts, read back the same way.

One pattern of literal keys takes such a row apart, in a fifth of the time that JSON takes. What it does not match, such as
rows with details or escapes, is left to portsock_json.
"""

import re
from collections.abc import Iterable, Iterator
from typing import Any

from portsock.model import InetEndpoint, Owner, OwnerReason, OwnerStatus, Peer, Role, Socket
from portsock.parse.listings.json_text import decode
from portsock.parse.listings.plain.texts import Ports, remembered
from portsock.parse.listings.portsock_socket import enum_member, parse_netns, parse_record, text_at

_TEXT = r'"[^"\\\x00-\x1f]{0,400}"'
_WORD = rf"(?:null|{_TEXT})"
_NUMBER = r"(?:null|0|[1-9][0-9]{0,18})"
_END = rf'\{{"kind":"inet","address":({_TEXT}),"port":([0-9]{{1,5}}),"service":{_WORD},"scope":{_WORD},"zone":null\}}'
_OWNER = rf'\[(?:\{{"pid":({_NUMBER}),"fd":({_NUMBER}),"name":({_WORD}),"user":({_WORD})\}})?\]'
_ROW = re.compile(
    rf'("family":{_TEXT},"type":{_WORD},"protocol":{_TEXT},"state":{_TEXT},"role":{_TEXT}),"local":{_END},'
    rf'"remote":(?:null|{_END}),("recv_q":{_NUMBER},"send_q":{_NUMBER},"uid":{_NUMBER},"user":{_WORD}),'
    rf'"inode":({_NUMBER}),"cookie":({_NUMBER}),("interface":{_WORD},"v6only":(?:null|true|false),'
    rf'"netns":(?:null|\{{"id":{_NUMBER},"name":{_WORD}\}}),"owner_status":{_TEXT},"owner_reason":{_WORD}),"owners":{_OWNER},'
    rf'"peer":(?:null|\{{"inode":({_NUMBER}),"netns":null,"host":null,"owner_status":({_TEXT}),"owners":{_OWNER}\}})'
    rf'(?:,"accept_queue":({_NUMBER}),"accept_limit":({_NUMBER}))?\}},?'
)
_RECORD = '{"record":"socket",'
_ROWS = '"sockets":['
_SHORT = 4
"""Digits of numbers that many rows have."""
_make = tuple.__new__
_RARE = (None,) * (len(Socket._fields) - Socket._fields.index("peer") - 1)


class _Texts(dict[str | None, str | None]):
    """Texts by their JSON, each once in memory."""

    def __missing__(self, text: str) -> str | None:
        return remembered(self, text, None if text == "null" else text[1:-1])


class _Integers(dict[str | None, int | None]):
    """Numbers by their JSON."""

    def __missing__(self, text: str) -> int | None:
        if text == "null":
            return None
        return int(text) if len(text) > _SHORT else remembered(self, text, int(text))


class PlainRows:
    """Reads the rows of one document."""

    def __init__(self) -> None:
        self._numbers = _Integers({None: None, "null": None})
        self._texts = _Texts({None: None, "null": None})
        self._ports = Ports()
        self._ends: dict[tuple[str, str], InetEndpoint] = {}
        self._parts: dict[str, tuple[Any, ...]] = {}
        """What the first keys, or others in the middle, say in many rows."""

    def read(self, lines: Iterable[str]) -> Iterator[str | Socket]:
        """Yield the lines, and instead of each that is a plain row its socket."""
        below = False
        length, match = len(_RECORD), _ROW.fullmatch
        for line in lines:
            start = length if line.startswith(_RECORD) else 1 if below and line[:1] == "{" else 0
            # In an array the last row has no comma behind it, and is left to portsock_json.
            found = match(line, start) if start and (line[-1] == ",") is (start == 1) else None
            socket = self._socket(*found.groups()) if found is not None else None
            if socket is None:
                below = line == _ROWS or (below and line[:1] == "{")
                yield line
            else:
                yield socket

    def _socket(  # the groups of _ROW
        self, head: str, address: str, port: str, far_address: str | None, far_port: str, counts: str, inode: str, cookie: str,
        place: str, pid: str, fd: str, name: str | None, user: str, peer_inode: str, peer_status: str | None, peer_pid: str,
        peer_fd: str, peer_name: str | None, peer_user: str, waiting: str, limit: str,
    ) -> Socket | None:  # fmt: skip
        parts, numbers, texts = self._parts, self._numbers, self._texts
        known = parts.get(head) or self._head(head)
        local = self._ends.get((address, port)) or self._end(address, port)
        remote = None if far_address is None else self._end(far_address, far_port)
        if not known or local is None or (remote is None and far_address is not None):
            return None
        family, kind, protocol, state, role = known
        recv_q, send_q, uid, creator = parts.get(counts) or self._counts(counts)
        interface, v6only, netns, status, reason = parts.get(place) or self._place(place)
        owners: tuple[Owner, ...] = ()
        if name is not None:
            owners = (_make(Owner, (numbers[pid], numbers[fd], texts[name], texts[user], None)),)
        peer = None
        if peer_status is not None:
            held = (
                () if peer_name is None else (Owner(numbers[peer_pid], numbers[peer_fd], texts[peer_name], texts[peer_user]),)
            )
            known_status = enum_member(OwnerStatus, peer_status[1:-1]) or OwnerStatus.UNREPORTED
            peer = Peer(numbers[peer_inode], None, None, known_status, held)
        front = (family, kind, protocol, None, state, None, local, remote, recv_q, send_q, numbers[waiting], numbers[limit])
        middle = (uid, numbers[inode], numbers[cookie], interface, v6only, netns, role, creator, None)
        return _make(Socket, (*front, *middle, status, reason, owners, peer, *_RARE))

    def _end(self, address: str, port: str) -> InetEndpoint | None:
        number = self._ports[port] if port == "0" or port[0] != "0" else -1
        if number < 0:
            return None
        end = _make(InetEndpoint, (self._texts[address], number, None, None, None, False, False))
        return remembered(self._ends, (address, port), end)

    def _head(self, text: str) -> tuple[Any, ...]:
        """Return family, type, protocol, state and role; nothing where one of them is unknown."""
        item = decode(f"{{{text}}}")
        try:
            record = parse_record(item)
        except ValueError:
            return ()
        known = record.family, record.type, record.protocol, record.state, enum_member(Role, item["role"]) or Role.UNKNOWN
        return remembered(self._parts, text, known if record.state is not None else ())

    def _counts(self, text: str) -> tuple[Any, ...]:
        """Return the queues, the creator's uid and name."""
        return remembered(self._parts, text, tuple(decode(f"{{{text}}}").values()))

    def _place(self, text: str) -> tuple[Any, ...]:
        """Return interface, v6only, netns, owner status and reason."""
        item = decode(f"{{{text}}}")
        status = enum_member(OwnerStatus, item["owner_status"]) or OwnerStatus.UNREPORTED
        reason = enum_member(OwnerReason, item["owner_reason"])
        place = text_at(item, "interface"), item["v6only"], parse_netns(item["netns"]), status, reason
        return remembered(self._parts, text, place)
