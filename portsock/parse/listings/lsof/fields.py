"""lsof -F and -F0: a line (or a NUL-terminated field) for each thing known, told by its first character. lsof(8), 'OUTPUT FOR
OTHER PROGRAMS'."""

import re
from collections.abc import Iterable
from typing import Self

from portsock.parse.listings.lsof.socket import SOCKET_TYPES, Sockets, Told, unescaped
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_PROCESS = re.compile(r"p\d{1,10}(?:\0.*)?", re.DOTALL)
_PROCESS_FIELDS = frozenset("cgKLMRuzZ")
_FILE_FIELDS = frozenset("aCdDFGiklnNoPrsStT")


class LsofFieldsReader:
    """Process sets, each begun by p, of file sets, each begun by f."""

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

    def _field(self, mark: str, value: str) -> bool:
        if mark == "p":
            if not _is_number(value):
                return False
            self._end_of_file()
            self._process = {"p": value}
        elif mark == "f":
            self._end_of_file()
            self._file = {"f": value}
        elif mark == "T":
            self._file["T"] = f"{self._file.get('T', '')} {value}"
        elif mark in _FILE_FIELDS:
            if mark in self._file:  # file sets have no f where it was not asked for
                self._end_of_file()
            self._file[mark] = value
        elif mark in _PROCESS_FIELDS:
            self._process[mark] = value
        else:
            return False
        return True

    def _end_of_file(self) -> None:
        """Take the file set so far, if it is a socket's."""
        fields, self._file = self._file, {}
        told = told_of(fields)
        if told is None or "p" not in self._process:
            return
        fd = fields.get("f", "")
        process = self._process
        name = process.get("c")
        holder = Holder(
            int(process["p"]),
            int(fd) if _is_number(fd) else None,
            None if name is None else unescaped(name),
            process.get("L"),
        )
        self._sockets.add(told, holder, self._services)


def told_of(fields: dict[str, str]) -> Told | None:
    """What a file set tells, by its field marks; None where it is no socket's, or tells no name of one."""
    kind = fields.get("t", "")
    name = fields.get("n", "")
    if not kind and ("->" in name or name.rpartition(":")[2].isdecimal()) and "/" not in name:
        kind = "inet"  # the type was not asked for, but only internet sockets are so named
    if kind not in SOCKET_TYPES:
        return None
    info = " ".join(part for part in fields.get("T", "").split() if not part.startswith("TF="))
    return Told(kind, fields.get("d", ""), fields.get("P") or fields.get("i", ""), name, info)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10
