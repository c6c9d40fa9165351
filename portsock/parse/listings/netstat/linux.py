"""netstat of Linux: net-tools in any language, busybox and toybox, with any mix of -n -p -e -o -W.

Structure decides, since headers and states are translated: rows are told by protocol and addresses, columns by their shape.
"""

from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.parse.listings.netstat.linux_row import InternetRows, unix_row
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_TITLES = ("unix", "internet", "インターネット", "ინტერნეტ", "pid/program", "refcnt", "recv-q", "proto ")
"""What titles and column headers have in one of net-tools' languages (its po files), in lower case."""

_ENGLISH = ("(servers and established)", "(only servers)", "(w/o servers)")
"""How titles end; BSD says '(including servers)' or nothing."""
_SECOND = frozenset({"Local", "Rexmit", "Destination"})
_FOURTH = frozenset({"vendor", "unit"})
"""Words that only other tools' headers have there: psutil's script, BSD -T, Bluetooth; macOS's kernel sockets."""


class NetstatLinuxReader:
    """A section: internet rows, unix rows, or both."""

    format: ClassVar[str] = "netstat-linux"
    title: ClassVar[str] = "netstat (Linux: net-tools in any language, busybox, toybox)"
    system: ClassVar[str] = "Linux"

    def __init__(self, services: Services) -> None:
        self._internet = InternetRows(services)
        self._program: bool | None = None

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """Its own titles, a column header without BSD's '(state)', or a row with colons in its addresses."""
        if line.rstrip().endswith(_ENGLISH) or _is_header(line) or unix_row(line, None) is not None:
            return cls(services)
        return cls(services) if InternetRows(services).read(line) is not None else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        """See LineReader."""
        record = unix_row(line, self._program) if line.startswith("unix") else self._internet.read(line)
        if record is not None:
            return (record,)
        if _is_header(line):
            self._program = "PID/" in line
            self._internet.header(line)
            return ()
        return () if _is_title(line) else None

    def finish(self) -> Iterable[SocketRecord]:
        """Nothing is held back."""
        return ()


def _is_header(line: str) -> bool:
    """'Proto Recv-Q Send-Q Local Address …' or 'Proto RefCnt Flags …'; the first word is left in Latin but for Georgian, the
    others may be translated. Windows indents its header, psutil's script has 'Local' second, BSD ends in '(state)'."""
    if line[:6] not in ("Proto ", "პროტო ") or any("0" <= letter <= "9" for letter in line):
        return "PID/Program name" in line and "RefCnt" in line
    words = line.split()
    return len(words) >= 5 and words[1] not in _SECOND and words[3] not in _FOURTH and "(state)" not in words


def _is_title(line: str) -> bool:
    """'Active UNIX domain sockets (servers and established)' and the like: a few words, no digit."""
    if len(line) > 200 or any("0" <= letter <= "9" for letter in line) or "(state)" in line:
        return False
    text = line.lower()
    return "(" in text and any(title in text for title in _TITLES)
