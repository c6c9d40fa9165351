"""lsof -F and -F0: a line (or a NUL-terminated field) for each value, marked by its first character.

Source: lsof(8), 'OUTPUT FOR OTHER PROGRAMS'.
"""

import re
from collections.abc import Iterable
from typing import Self

from portsock.model import Notice
from portsock.parse.listings.lsof.socket import SOCKET_TYPES, Row, Sockets, unescape
from portsock.parse.listings.numbers import PID_DIGITS, is_number, number
from portsock.parse.listings.reader import skipped
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_PROCESS = re.compile(r"p\d{1,10}(?:\0.*)?", re.DOTALL)
_PROCESS_FIELDS = frozenset("cgKLMRuzZ")
_NUMBERS = frozenset("gKRu")
_FILE_FIELDS = frozenset("aCdDFGiklnNoPrsStT")
_RAW = re.compile(r"[0-9A-F]{8,32}:[0-9A-F]{4}->[0-9A-F]{8,32}:[0-9A-F]{4} st=[0-9A-F]{2}")
"""The name of a raw socket, as in /proc/net/raw."""
_SERVICE = re.compile(r"(?!anon_inode:)(?:\*|\[[\w:.%]{1,80}\]|[\w.-]{1,255}):[a-zA-Z][\w-]{0,40}")
"""The name of a socket without a peer, where the port is a service: '*:http'. Names of files have a slash or brackets."""
_IPV4_DIGITS = 8
"""Hexadecimal digits of an IPv4 address."""


class LsofFieldsReader:
    """Reads process sets, which begin with p, of file sets, which begin with f."""

    format = "lsof-fields"
    title = "lsof -F and -F0 (fields for programs)"
    system = "unknown"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._sockets = Sockets()
        self._process: dict[str, str] = {}
        self._file: dict[str, str] = {}

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        return cls(services) if _PROCESS.fullmatch(line) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        fields = line.split("\0") if "\0" in line else [line]
        understood = [self._field(field[0], field[1:]) for field in fields if field]
        return () if all(understood) and understood else None

    def finish(self) -> Iterable[SocketRecord]:
        self._end_of_file()
        return self._sockets.take()

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """Return a notice of the sockets that could not be read: the lines of their fields were understood."""
        return skipped(self._sockets.skipped)

    def _field(self, mark: str, value: str) -> bool:
        if mark == "p":
            if not is_number(value, PID_DIGITS):
                return False
            self._end_of_file()
            self._process = {"p": value}
        elif mark == "f":
            self._end_of_file()
            self._file = {"f": value}
        elif mark == "T":
            self._file["T"] = f"{self._file.get('T', '')} {value}"
        elif mark in _FILE_FIELDS:
            if mark in self._file:  # file sets have no f where -F did not request it
                self._end_of_file()
            self._file[mark] = value
        elif mark in _PROCESS_FIELDS:
            if mark in _NUMBERS and not is_number(value, PID_DIGITS):
                return False
            self._process[mark] = value
        else:
            return False
        return True

    def _end_of_file(self) -> None:
        """Add the file set so far if it is a socket's."""
        fields, self._file = self._file, {}
        row, process = row_of(fields), self._process
        if row is None or "p" not in process:
            return
        fd = number(fields.get("f", ""), PID_DIGITS)
        name = unescape(process["c"]) if "c" in process else None
        holder = Holder(int(process["p"]), fd, name, process.get("L"))
        self._sockets.add(row, holder, self._services)


def row_of(fields: dict[str, str]) -> Row | None:
    """Return the row of a file set, by its field marks, or None where it is no socket's."""
    kind = fields.get("t", "")
    name = fields.get("n", "")
    if not kind and ("->" in name or name.rpartition(":")[2].isdecimal() or _SERVICE.fullmatch(name)) and "/" not in name:
        kind = "inet"  # -F did not request the type, but only internet sockets have such names, and raw ones with a state
        if _RAW.fullmatch(name):
            kind = "raw" if name.index(":") == _IPV4_DIGITS else "raw6"
    if kind not in SOCKET_TYPES:
        return None
    info = " ".join(part for part in fields.get("T", "").split() if not part.startswith("TF="))
    return Row(kind, fields.get("d", ""), fields.get("P") or fields.get("i", ""), name, info)
