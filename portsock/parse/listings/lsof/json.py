"""lsof -J and -j (since about 4.99.6): the fields of -F with names, as one document or an object a line. lsof(8)."""

from collections.abc import Iterable, Iterator
from typing import Any

from portsock.model import Notice
from portsock.parse.listings.json_text import integer, load_all
from portsock.parse.listings.lsof.fields import row_of
from portsock.parse.listings.lsof.socket import Sockets
from portsock.parse.listings.reader import skipped
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_MARKS = {"type": "t", "device": "d", "inode": "i", "protocol": "P", "name": "n"}


class LsofJsonReader:
    """Reads processes with their files, or files that repeat their process."""

    format = "lsof-json"
    title = "lsof -J and -j (JSON)"
    system = "unknown"

    def __init__(self) -> None:
        self._sockets = Sockets()
        self._other = 0
        """Lines that are no JSON, and objects that are no file."""

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """Return a notice of the sockets that could not be read."""
        return skipped(self._sockets.skipped + self._other)

    @classmethod
    def accepts(cls, head: str) -> bool:
        start = head.lstrip()[:2000]
        if start[:1] != "{":
            return False
        return '"lsof_version"' in start or all(f'"{name}"' in start for name in ("pid", "command", "fd"))

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:
        """Return all sockets. Raises ValueError where the text is no JSON, or has no files."""
        sockets, files = self._sockets, 0
        document, self._other = load_all(text)
        for process, file in _files(document):
            row = row_of(_fields(file))
            files += "type" in file or "name" in file
            self._other += not ("type" in file or "name" in file)
            if row is not None:
                pid, fd = integer(process.get("pid")), integer(file.get("fd"))
                name, user = _text(process, "command") or None, _text(process, "login") or None
                sockets.add(row, Holder(pid, fd, name, user), services)
        found = tuple(sockets.take())
        if not found and (self._other or sockets.skipped):
            raise ValueError(f"none of its {files + self._other:,} objects is a socket")
        return found


def _files(document: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    items = document if isinstance(document, list) else [document]
    for item in items:
        if not isinstance(item, dict):
            continue
        processes = item.get("processes")
        if not isinstance(processes, list):
            yield item, item
            continue
        for process in processes:
            files = process.get("files") if isinstance(process, dict) else None
            for file in files if isinstance(files, list) else ():
                if isinstance(file, dict):
                    yield process, file


def _fields(file: dict[str, Any]) -> dict[str, str]:
    fields = {mark: _text(file, name) for name, mark in _MARKS.items() if _text(file, name)}
    info = file.get("tcp_info")
    if isinstance(info, dict):
        known = (("ST", "state"), ("QR", "recv_queue"), ("QS", "send_queue"))
        fields["T"] = " ".join(f"{mark}={_text(info, name)}" for mark, name in known if _text(info, name))
    return fields


def _text(item: dict[str, Any], name: str) -> str:
    value = item.get(name)
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
