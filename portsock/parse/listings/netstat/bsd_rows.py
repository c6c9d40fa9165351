"""Rows of BSD netstat: [address …] Proto Recv-Q Send-Q Local Foreign [state] and many more columns; queues; unix sockets."""

import re
from typing import Any, NamedTuple

from portsock.model import Family, InetEndpoint, SocketType, State, UnixEndpoint
from portsock.parse.listings.endpoint_text import dotted_endpoint
from portsock.parse.listings.internet import internet_record
from portsock.parse.listings.numbers import MOST_PORT, is_number, number
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

UNIX_TYPES = {
    "stream": SocketType.STREAM, "dgram": SocketType.DGRAM, "seqpac": SocketType.SEQPACKET, "seqpacket": SocketType.SEQPACKET,
}  # fmt: skip
_HOST, _NAME_WITH_A = 16, 12
"""inetprint() cuts hosts to this many characters. With -A (addresses of control blocks) it cuts names to 12."""
_WIDTH, _WIDTH_WITH_A, _WIDTH_WITH_L = 22, 18, 46
"""Characters of an address column."""
_WIDEST_CUT = 23
"""Hosts in wider columns are not cut."""
_MOST_COLUMNS = 60
_FIRST_WORDS = 3
"""The protocol is one of these: addresses of control blocks may precede it."""
_QUEUE = re.compile(r"\d{1,10}/\d{1,10}/\d{1,10}")
_TCP = frozenset({"tcp", "tcp4", "tcp6", "tcp46"})
_ADDRESS_DIGITS = frozenset("0123456789abcdef")


class Columns(NamedTuple):
    """The columns that a header names."""

    width: int
    """Characters of the local address."""
    front: tuple[str, ...]
    """Names of the columns between protocol and local address."""
    after: tuple[str, ...]
    """Names of the columns behind the foreign address."""


def parse_header(header: str) -> Columns | None:
    """Return the columns that a header names, or None where it names no addresses."""
    local, foreign = header.find("Local Address"), header.find("Foreign Address")
    if local < 0 or foreign < local:
        return None
    front = header[:local].partition("Proto")[2].split()
    return Columns(foreign - local - 1, tuple(front), tuple(header[foreign + len("Foreign Address") :].split()))


def is_internet_row(line: str, protocol: re.Pattern[str]) -> bool:
    """Tell whether this is a row with dotted endpoints. Addresses of control blocks may precede the protocol."""
    words = line[:400].split(None, 8)
    at = _protocol_index(words)
    if at is None or not protocol.fullmatch(words[at]):
        return False
    rest = [word for word in words[at + 1 : at + 6] if not word.isdecimal()]
    return len(rest) >= 2 and _dotted(rest[0]) and _dotted(rest[1])


def _protocol_index(words: list[str]) -> int | None:
    """Return the index of the first word that is no hexadecimal address."""
    return next((at for at, word in enumerate(words[:_FIRST_WORDS]) if not _ADDRESS_DIGITS.issuperset(word)), None)


def _dotted(word: str) -> bool:
    return word.rfind(".") > word.rfind(":") and len(word) > 2


def parse_internet_row(line: str, columns: Columns | None, services: Services) -> SocketRecord | None:
    """Return the record of a row. Without a header, the columns of plain -n are assumed."""
    words = line.split(None, _MOST_COLUMNS)
    at = _protocol_index(words)
    if at is None:
        return None
    protocol, *rest = words[at:]
    front = next((index for index, word in enumerate(rest) if not word.isdecimal()), len(rest))
    if front + 1 >= len(rest):
        return None
    local_text, remote_text, *after = rest[front:]
    width = columns.width if columns else _WIDTH_WITH_A if at else _WIDTH
    local = _endpoint(local_text, protocol, services, width)
    remote = _endpoint(remote_text, protocol, services, width)
    if local is None or remote is None:
        return None
    more: dict[str, Any] = {}
    if front == 2 and (columns is None or columns.front[:2] == ("Recv-Q", "Send-Q")):
        more["recv_q"], more["send_q"] = map(number, rest[:front])
    state, holders = _state_and_holders(after, columns.after if columns else ("(state)",))
    if holders is not None:
        more["holders"] = holders
    return internet_record(protocol, local, remote, state, **more)


def parse_queue_row(line: str, services: Services) -> SocketRecord | None:
    """Parse 'tcp4  0/0/128  *.22' of -L: waiting, incomplete, limit. Old systems leave out the protocol."""
    words = line.split(None, 3)
    if len(words) == 2 and _QUEUE.fullmatch(words[0]):
        words = ["tcp", *words]
    if len(words) != 3:
        return None
    protocol, queue, local_text = words
    if protocol not in _TCP or not _QUEUE.fullmatch(queue):
        return None
    waiting, _, limit = queue.split("/")
    local = _endpoint(local_text, protocol, services, _WIDTH_WITH_L)
    if local is None:
        return None
    return internet_record(protocol, local, None, "LISTEN", accept_queue=int(waiting), accept_limit=int(limit))


def parse_unix_row(line: str) -> SocketRecord | None:
    """Parse 'Address Type Recv-Q Send-Q Inode Conn Refs Nextref [Addr]'. The only state is whether there is a peer."""
    words = line.split(None, 8)
    if len(words) < 8 or words[1] not in UNIX_TYPES or not (is_number(words[2]) and is_number(words[3])):
        return None
    _, kind, recv_q, send_q, _, peer, _, _, *path = words
    local = UnixEndpoint(path[0].rstrip().encode("utf-8", "surrogateescape") if path else None)
    state = State.ESTABLISHED if peer.strip("0") else None
    return SocketRecord(Family.UNIX, UNIX_TYPES[kind], "unix", None, state, None, local, None, int(recv_q), int(send_q))


def _endpoint(text: str, protocol: str, services: Services, width: int) -> InetEndpoint | None:
    """Parse an endpoint that may be cut twice: its host to 16 characters, then the whole to the width of the column."""
    host, _, port = text.rpartition(".")
    narrow = width < _WIDTH
    limit = _NAME_WITH_A if narrow and any(character.isalpha() for character in host) and ":" not in host else _HOST
    cut = width <= _WIDEST_CUT and len(host) == limit
    # A port of 5 digits, or one that a further digit would make too large, is whole.
    if len(text) < width or not narrow or not port.isdecimal() or len(port) >= 5 or int(port) > MOST_PORT // 10:
        return dotted_endpoint(text, protocol, services, cut)
    endpoint = dotted_endpoint(host + ".0", protocol, services, cut)
    return endpoint and endpoint._replace(port=None, label=f"{port}…")


def _state_and_holders(words: list[str], names: tuple[str, ...]) -> tuple[str | None, tuple[Holder, ...] | None]:
    """Return (state or None, holders or None where there is no such column) of the words behind the addresses."""
    state, at = None, 0
    for name in names:
        if at >= len(words):
            break
        word = words[at]
        if name == "(state)":
            if not word.isdecimal():
                state, at = word, at + 1
        elif name == "process:pid":
            end = next((index for index in range(at, len(words)) if _names_process(words[index])), None)
            if end is None:
                return state, None
            process, _, pid_text = " ".join(words[at : end + 1]).rpartition(":")
            return state, (Holder(int(pid_text), None, process or None),) if int(pid_text) else ()
        elif name == "pid":
            pid = number(word)
            return state, None if pid is None else (Holder(pid, None),) if pid else ()
        else:
            at += 1
    return state, None


def _names_process(word: str) -> bool:
    _, colon, pid = word.rpartition(":")
    return colon != "" and is_number(pid)
