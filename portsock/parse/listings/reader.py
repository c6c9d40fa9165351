"""The interface of a reader of captured listings: text lines in, socket records out, no I/O.

A paste may hold several sections in several formats. The driver (`portsock.parse.listings.capture`) offers every line to the
reader of the current section first. Where that one does not know it, the driver asks which registered reader it opens.
"""

from collections.abc import Iterable
from typing import ClassVar, Protocol, Self

from portsock.port_numbers import Services
from portsock.records import SocketRecord


class LineReader(Protocol):
    """Reads one section of one format.

    A reader may also have `remarks`, a sequence of Notices about what it took for granted; it is asked after `finish`.
    """

    format: ClassVar[str]
    """The format's stable name, as in --from-format: 'ss', 'netstat-windows' …"""
    title: ClassVar[str]
    """One line for --from-format help: the tool, its systems, the options understood."""
    system: ClassVar[str]
    """'Linux', 'Darwin', 'Windows', 'FreeBSD' …, or 'unknown' where the format does not tell."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """A reader for the section that this line opens: a header, or a row that can only be of this format; else None.

        The line is then given to `feed`, too. `services` turns the service names of the listing back into numbers; a reader
        that needs it keeps it. Lines come without their line end, and are never longer than LONGEST of the driver.
        """
        ...

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        """The sockets that are complete with this line (none: understood, nothing to give yet), or None: not understood."""
        ...

    def finish(self) -> Iterable[SocketRecord]:
        """The sockets still held back when the section ends."""
        ...


class DocumentReader(Protocol):
    """Reads a whole document (JSON, CSV), where lines say nothing by themselves."""

    format: ClassVar[str]
    title: ClassVar[str]
    system: ClassVar[str]

    @classmethod
    def accepts(cls, head: str) -> bool:
        """Whether a document that begins with these characters (up to 64 KiB) is of this format."""
        ...

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:
        """All sockets of the document. Raises ValueError with one line that says what is wrong with it."""
        ...
