"""Interfaces of readers of captured listings: text lines in, socket records out, no I/O.

A paste may have several sections in several formats. `portsock.parse.listings.capture` passes every line to the reader of the
current section first. Where that reader does not understand the line, it looks for a reader whose section begins there.
"""

from collections.abc import Iterable
from typing import ClassVar, Protocol, Self

from portsock.model import Notice
from portsock.port_numbers import Services
from portsock.records import SocketRecord


class LineReader(Protocol):
    """Reads one section of one format.

    A reader may also have `remarks`, a sequence of Notices about its assumptions, and `read_as`, the reader class whose
    format and system its rows turned out to have. Both are read after `finish`. `framed` is true where its tables have borders
    of their own, which are not taken for a wrapper then. And it may have a fast way: `plain(lines, at)`
    reads the frequent rows from this index on that it knows. It returns their sockets, as `feed` would for each line in turn,
    and the index of the first line that it does not know, which is then passed to `feed`.
    """

    format: ClassVar[str]
    """The format's stable name, as in --from-format: 'ss', 'netstat-windows' …"""
    title: ClassVar[str]
    """One line for --from-format help: the tool, its systems, the options understood."""
    system: ClassVar[str]
    """'Linux', 'Darwin', 'Windows', 'FreeBSD' …, or 'unknown' where several systems have the format."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """Return a reader if this line begins a section (a header, or a row that only this format has), else None.

        The line is then passed to `feed`, too. `services` turns service names of the listing back into numbers. Lines have no
        line end and are never longer than capture.LONGEST.
        """

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        """Return the sockets that this line completes, perhaps none, or None where the line is not understood."""

    def finish(self) -> Iterable[SocketRecord]:
        """Return the sockets that were still incomplete when the section ended."""


class DocumentReader(Protocol):
    """Reads a whole document, such as JSON, whose single lines mean nothing. It may have `remarks`, too."""

    format: ClassVar[str]
    title: ClassVar[str]
    system: ClassVar[str]

    @classmethod
    def accepts(cls, head: str) -> bool:
        """Tell whether a document that begins with these characters (up to 64 Ki) has this format."""

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:
        """Return all sockets of the document. Raises ValueError with a message of one line."""


def skipped(sockets: int) -> tuple[Notice, ...]:
    """Return a notice about sockets of which a reader understood the lines, but not the values."""
    if not sockets:
        return ()
    what = (
        "1 socket has an address or a port that is none, and was"
        if sockets == 1
        else (f"{sockets} sockets have addresses or ports that are none, and were")
    )
    return (Notice("sockets_skipped", sockets, f"{what} skipped"),)
