"""lsof's table, with or without its header, and any of its optional columns: lsof(8), 'OUTPUT'."""

import re
from collections.abc import Iterable, Sequence
from typing import Self

from portsock.model import Notice
from portsock.parse.listings.lsof.plain import PlainRows
from portsock.parse.listings.lsof.socket import INTERNET_OR_PACKET, SOCKET_TYPES, Row, Sockets, unescape
from portsock.parse.listings.numbers import PID_DIGITS, is_number
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_FD = re.compile(r"(\*?\d{1,10})(?:[rwu-][rRwWuUxXN]?)?")
"""'3u', '10uW', '*123u' where only the end of a great number fits."""
_FILE = re.compile(r"cwd|rtd|txt|mem|DEL|ltx|mmap|err|jld|pd|tr|ctty|twd|fp\.|NOFD|\*?\d{1,10}[rwu-][rRwWuUxXN]?")
"""The FD column of files that may be no sockets."""
_FILE_TYPES = frozenset(
    ("DIR", "REG", "CHR", "BLK", "FIFO", "LINK", "PIPE", "KQUEUE", "PSXSEM", "PSXSHM", "NPOLICY", "DOOR", "a_inode",
     "unknown", "systm", "ndrv", "key", "rte", "VDIR", "VREG", "VCHR", "VBLK")
)  # fmt: skip
_HEADER = re.compile(r"COMMAND +PID +.*\bFD +TYPE\b.* NAME\s*")
_NOTES = ("lsof: ", "      Output information may be incomplete")
_FILES_ONLY = "this listing of lsof has other files, but no socket; 'lsof -nP -i -U' lists all sockets"
_LAST_TYPE = 10
"""The TYPE column has a lower index: at most COMMAND PID TID TASKCMD ZONE PGID PPID USER FD precede it."""
_FIRST_TYPE = 3
"""Behind COMMAND, PID and FD."""
_HEAD = 600
"""Characters in which the columns up to TYPE are looked for."""


_SOCKET_NAME = re.compile(
    r"\s(?:TCP|UDP) +[^\s/]{1,80}:[\w*-]{1,40}(?:->\S{1,80}:[\w*-]{1,40})?\s{0,8}(?:\([^()]{1,80}\))?\s{0,8}$"
    r"|\s0x[0-9a-f]{8,16} +0t0 +->0x|\stype=(?:STREAM|DGRAM|SEQPACKET|RAW)\b|\sprotocol: \S{1,40}\s{0,8}$"
)
"""The last columns of a socket."""


class LsofReader:
    """Reads rows of all files. Those of sockets become records, one for each socket."""

    format = "lsof"
    title = "lsof's table (Linux, macOS, FreeBSD; any options; header not needed)"
    system = "unknown"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sockets = Sockets()
        self._plain = PlainRows(self._sockets)
        self._headed = self._has_files = False
        self.remarks: tuple[Notice, ...] = ()

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        head = line[:_HEAD]
        if _HEADER.match(head):
            return cls(services)
        found = _type_column(head)
        return cls(services) if found is not None and (found[0] == "file" or _parse_row(line, found) is not None) else None

    def plain(self, lines: Sequence[str], at: int) -> tuple[Sequence[SocketRecord], int]:
        """Read plain rows. See reader.LineReader."""
        return (), self._plain.read(lines, at)

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        found = _type_column(line[:_HEAD])
        if found is not None and found[0] == "socket":
            read = _parse_row(line, found)
            return () if read is not None and self._sockets.add(read[1], read[0], self._services) else None
        if _SOCKET_NAME.search(line[:_HEAD]):  # a socket's, though its descriptor or type is none
            return None
        if found is not None or line.startswith(_NOTES):
            self._has_files = self._has_files or found is not None
            return ()
        if _HEADER.match(line[:_HEAD]):
            self._headed = True
            return ()
        words = line[:_HEAD].split(None, _LAST_TYPE) if self._headed else []
        known = len(words) > (_FIRST_TYPE - 1 if len(line) <= _HEAD else _FIRST_TYPE + 1)
        return () if known and words[1].isdecimal() else None  # a file of another type; a longer row must show its type

    def finish(self) -> Iterable[SocketRecord]:
        sockets = list(self._sockets.take())
        if self._has_files and not sockets:
            self.remarks = (Notice("files_only", None, _FILES_ONLY, False),)
        return sockets


def _type_column(head: str) -> tuple[str, list[str], int] | None:
    """Return ('socket' or 'file', the first words of the row, the index of the TYPE), or None for no row of lsof."""
    words = head.split(None, _LAST_TYPE)
    if len(words) <= _FIRST_TYPE or not words[1].isdecimal():
        return None
    for at in range(_FIRST_TYPE, min(len(words), _LAST_TYPE)):
        word = words[at]
        if word in SOCKET_TYPES:
            if _FD.fullmatch(words[at - 1]):
                return "socket", words, at
        elif (word in _FILE_TYPES or word.isdecimal()) and _FILE.fullmatch(words[at - 1]) and at > _FIRST_TYPE:
            return "file", words, at
    return None


def _parse_row(line: str, found: tuple[str, list[str], int]) -> tuple[Holder, Row] | None:
    """Return the holder and the columns of a socket's row."""
    _, words, at = found
    descriptor = _FD.fullmatch(words[at - 1])
    command, pid = words[:2]
    if descriptor is None or not is_number(pid, PID_DIGITS):
        return None
    fd = int(descriptor[1]) if descriptor[1][0] != "*" else None
    holder = Holder(int(pid), fd, unescape(command), words[at - 2] if at > _FIRST_TYPE else None)
    kind = words[at]
    rest = line.split(None, at + 1)[at + 1] if len(words) > at + 1 else ""
    device, node, name = _split(kind, rest)
    if device is None:
        return None
    name, info = _state(name)
    return holder, Row(kind, device, node, name, info)


def _split(kind: str, rest: str) -> tuple[str | None, str, str]:
    """Return (DEVICE, NODE, NAME) of the columns behind the TYPE. There may be others between them, and some may be blank."""
    words = rest.split(None, 5)
    node = next((at for at, word in enumerate(words[:5]) if _is_node(kind, word, at, words)), None)
    if node is None:
        if kind == "unix" and words and words[0].startswith("0x"):  # BSD: no inode, the name follows the size
            skip = 2 if len(words) > 1 and words[1].startswith("0t") else 1
            parts = rest.split(None, skip)
            return words[0], "", parts[skip] if len(parts) > skip else ""
        return None, "", ""
    device = words[node - 1] if node and not _is_size(words[node - 1]) else words[node - 2] if node > 1 else ""
    parts = rest.split(None, node + 1)
    return device if not _is_flags(device) else "", words[node], parts[node + 1] if len(parts) > node + 1 else ""


def _is_node(kind: str, word: str, at: int, words: list[str]) -> bool:
    """Tell whether this word is the NODE: the protocol of internet and packet sockets, else the inode."""
    if kind == "pack" and at + 1 < len(words) and words[at + 1].startswith("type="):
        return at > 0  # a name, or the number of the EtherType
    if kind in INTERNET_OR_PACKET:
        return at > 0 and word.isascii() and word.isalnum() and word[:1].isalpha() and not word.startswith(("0t", "0x"))
    if kind == "unix" and at and not words[0].startswith("0x") and "," not in words[0]:
        return False
    return word.isascii() and word.isdecimal() and (at > 0 or kind in ("netlink", "raw", "raw6", "sock"))


def _is_size(word: str) -> bool:
    return word.startswith("0t") or word == "0"


def _is_flags(word: str) -> bool:
    """Tell whether this is a FILE-FLAG column of +fg, such as 'RW,CX'."""
    return word[:1].isalpha() and not word.startswith("0x")


def _state(name: str) -> tuple[str, str]:
    """Split '127.0.0.1:80 (LISTEN QR=0 QS=0)' into '127.0.0.1:80' and 'LISTEN QR=0 QS=0'."""
    name = name.rstrip()
    start = name.rfind("(") if name.endswith(")") else -1
    if start < 0 or (start and name[start - 1] != " "):
        return name, ""
    return name[:start].rstrip(), name[start + 1 : -1]
