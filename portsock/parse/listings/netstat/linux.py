"""netstat of Linux: net-tools in any language, busybox and toybox, with any mix of -n -p -e -o -W.

Headers and states may be translated. So rows are recognized by protocol and addresses, columns by their shape.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

from portsock.model import Notice
from portsock.parse.listings.netstat.linux_row import InternetRowParser, parse_unix_row
from portsock.parse.listings.netstat.plain import PlainRows
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_TITLES = ("unix", "internet", "インターネット", "ინტერნეტ", "pid/program", "refcnt", "recv-q", "proto ")
"""Words of titles and headers in net-tools' languages (its po files), in lower case."""

_TITLE_ENDS = ("(servers and established)", "(only servers)", "(w/o servers)")
"""Ends of English titles. BSD's end in '(including servers)' or have no parentheses."""
_INDENT = 20
"""Spaces in front of the further addresses of an SCTP socket."""
_OTHERS_SECOND = frozenset({"Local", "Rexmit", "Destination", "Recv", "Remote"})
_OTHERS_FOURTH = frozenset({"vendor", "unit"})
"""Second and fourth words of other tools' headers: psutil's script, BSD -T, Bluetooth, esxcli, IOS; macOS's kernel sockets."""


class NetstatLinuxReader:
    """Reads a section of internet rows, unix rows, or both."""

    format: ClassVar[str] = "netstat-linux"
    title: ClassVar[str] = "netstat (Linux: net-tools in any language, busybox, toybox)"
    system: ClassVar[str] = "Linux"

    def __init__(self, services: Services) -> None:
        self._internet = InternetRowParser(services)
        self._has_program: bool | None = None
        self._plain = PlainRows()
        self._association: SocketRecord | None = None
        """The last SCTP socket, whose further addresses and whose columns behind the state are in the next lines."""
        self._goes_on = False
        """True if the last line was of it."""
        self._more_addresses = 0

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """Accept a title, a header without BSD's '(state)', or a row with colons in its addresses."""
        if line.rstrip().endswith(_TITLE_ENDS) or _is_header(line) or parse_unix_row(line, None) is not None:
            return cls(services)
        return cls(services) if InternetRowParser(services).parse(line) is not None else None

    def plain(self, lines: Sequence[str], at: int) -> tuple[Sequence[SocketRecord], int]:
        """Read plain rows below a header. See reader.LineReader."""
        if self._has_program is None or self._goes_on:
            return (), at
        found = self._plain.linux(lines, at, self._has_program)
        return found, at + len(found)

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if line.startswith("sctp"):
            association = self._internet.parse(line) or self._internet.parse_sctp_endpoint(line)
            if association is None:
                return None
            ended, self._association, self._goes_on = self.finish(), association, True
            return ended
        if self._goes_on:
            if self._association is not None and line[:_INDENT].isspace():
                longer = self._internet.parse_sctp_addresses(line[_INDENT:], self._association)
                if longer is not None:
                    self._association = longer
                    self._more_addresses += 1
                    return ()
            self._goes_on = False
        record = parse_unix_row(line, self._has_program) if line.startswith("unix") else self._internet.parse(line)
        if record is not None:
            return (record,)
        if _is_header(line):
            self._has_program = self._internet.has_program = "PID/" in line  # not translated in any language
            return ()
        return () if _is_title(line) else None

    def finish(self) -> Iterable[SocketRecord]:
        """Return the last SCTP socket."""
        held, self._association = self._association, None
        return () if held is None else (held,)

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """Return a notice of addresses that a record cannot hold."""
        if not self._more_addresses:
            return ()
        text = f"SCTP sockets have several addresses; {self._more_addresses} lines with further ones are not shown"
        return (Notice("addresses_left_out", self._more_addresses, text),)


def _is_header(line: str) -> bool:
    """Recognize 'Proto Recv-Q Send-Q Local Address …' or 'Proto RefCnt Flags …' in any language.

    The first word is translated only into Georgian. Windows indents its header, the second word of psutil's script is
    'Local', BSD's header contains '(state)', or two spaces before 'Local'.
    """
    if (
        line[:6] not in ("Proto ", "პროტო ")
        or "-Q  Local" in line
        or "Cgst-W" in line
        or any("0" <= letter <= "9" for letter in line)
    ):
        return "PID/Program name" in line and "RefCnt" in line
    words = line.split()
    return len(words) >= 5 and words[1] not in _OTHERS_SECOND and words[3] not in _OTHERS_FOURTH and "(state)" not in words


def _is_title(line: str) -> bool:
    """Recognize titles such as 'Active UNIX domain sockets (servers and established)': a few words, no digit."""
    if len(line) > 200 or any("0" <= letter <= "9" for letter in line) or "(state)" in line:
        return False
    text = line.lower()
    return "(" in text and any(title in text for title in _TITLES)
