"""netstat of Linux: net-tools in any language, busybox and toybox, with any mix of -n -p -e -o -W.

Headers and states may be translated. So rows are recognized by protocol and addresses, columns by their shape.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

from portsock.parse.listings.netstat.linux_row import InternetRowParser, parse_unix_row
from portsock.parse.listings.netstat.plain import PlainRows
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_TITLES = ("unix", "internet", "インターネット", "ინტერნეტ", "pid/program", "refcnt", "recv-q", "proto ")
"""Words of titles and headers in net-tools' languages (its po files), in lower case."""

_TITLE_ENDS = ("(servers and established)", "(only servers)", "(w/o servers)")
"""Ends of English titles. BSD's end in '(including servers)' or have no parentheses."""
_OTHERS_SECOND = frozenset({"Local", "Rexmit", "Destination"})
_OTHERS_FOURTH = frozenset({"vendor", "unit"})
"""Second and fourth words of other tools' headers: psutil's script, BSD -T, Bluetooth; macOS's kernel sockets."""


class NetstatLinuxReader:
    """Reads a section of internet rows, unix rows, or both."""

    format: ClassVar[str] = "netstat-linux"
    title: ClassVar[str] = "netstat (Linux: net-tools in any language, busybox, toybox)"
    system: ClassVar[str] = "Linux"

    def __init__(self, services: Services) -> None:
        self._internet = InternetRowParser(services)
        self._has_program: bool | None = None
        self._plain = PlainRows()

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """Accept a title, a header without BSD's '(state)', or a row with colons in its addresses."""
        if line.rstrip().endswith(_TITLE_ENDS) or _is_header(line) or parse_unix_row(line, None) is not None:
            return cls(services)
        return cls(services) if InternetRowParser(services).parse(line) is not None else None

    def plain(self, lines: Sequence[str], at: int) -> tuple[Sequence[SocketRecord], int]:
        """Read plain rows below a header. See reader.LineReader."""
        found = self._plain.linux(lines, at, self._has_program) if self._has_program is not None else ()
        return found, at + len(found)

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        record = parse_unix_row(line, self._has_program) if line.startswith("unix") else self._internet.parse(line)
        if record is not None:
            return (record,)
        if _is_header(line):
            self._has_program = self._internet.has_program = "PID/" in line  # not translated in any language
            return ()
        return () if _is_title(line) else None

    def finish(self) -> Iterable[SocketRecord]:
        return ()


def _is_header(line: str) -> bool:
    """Recognize 'Proto Recv-Q Send-Q Local Address …' or 'Proto RefCnt Flags …' in any language.

    The first word is translated only into Georgian. Windows indents its header, the second word of psutil's script is
    'Local', BSD's header contains '(state)'.
    """
    if line[:6] not in ("Proto ", "პროტო ") or any("0" <= letter <= "9" for letter in line):
        return "PID/Program name" in line and "RefCnt" in line
    words = line.split()
    return len(words) >= 5 and words[1] not in _OTHERS_SECOND and words[3] not in _OTHERS_FOURTH and "(state)" not in words


def _is_title(line: str) -> bool:
    """Recognize titles such as 'Active UNIX domain sockets (servers and established)': a few words, no digit."""
    if len(line) > 200 or any("0" <= letter <= "9" for letter in line) or "(state)" in line:
        return False
    text = line.lower()
    return "(" in text and any(title in text for title in _TITLES)
