"""The driver of captured listings: offers lines to readers, tolerates what a paste has around them, counts what is lost."""

from collections.abc import Iterable, Iterator
from itertools import chain

from portsock.errors import UsageError
from portsock.model import Notice, Snapshot
from portsock.parse.listings.paste_noise import is_noise, opens_remark, prompt, says_unprivileged, undressed, without_sequences
from portsock.parse.listings.reader import DocumentReader, LineReader
from portsock.parse.listings.registry import document_readers, formats, line_readers
from portsock.parse.listings.unsupported import unsupported
from portsock.port_numbers import Services
from portsock.records import SocketRecord

LONGEST = 1_000_000
"""Characters of the longest line that is read at all; no tool writes one anywhere near."""

_HEAD = 65536
"""Characters that decide whether the input is a document."""

_FOREIGN = (
    "kernel ip routing table",
    "kernel ipv6 routing table",
    "kernel interface table",
    "routing tables",
    "ipv6/ipv4 group memberships",
    "interface statistics",
    "transport total",
    "active routes",
    "iface ",
    "destination ",
    "uid pid ppid",
    "user pid %cpu",
    "pid tty",
    "sockets: used",
    "proto   local address",
)
"""How sections begin (spaces single, lower case) that are no socket listings: what follows belongs to them."""


class Capture:
    """Reads one input. After `read` is exhausted: `formats`, `system` and `notices` tell what it was."""

    def __init__(self, services: Services, only: str | None = None) -> None:
        """`only`: the one format to be read. Raises UsageError where there is none of that name."""
        known = [name for name, _ in formats()]
        if only is not None and only not in known:
            raise UsageError(f"unknown format '{only}': use one of {', '.join(known)}")
        self.formats: list[str] = []
        """Formats met, in order."""
        self.systems: list[str] = []
        """Systems that those formats are from, in order; 'unknown' left out."""
        self._services = services
        self._only = only
        self._lines = [reader for reader in line_readers() if only in (None, reader.format)]
        self._documents = [reader for reader in document_readers() if only in (None, reader.format)]
        self._reader: LineReader | None = None
        self._foreign = False
        self._unread: str | None = None
        """The tool of a listing that is told by its header, and that no reader understands."""
        self._any = False
        self._skipped = 0
        self._skipped_at: list[int] = []
        self.snapshot: Snapshot | None = None
        """Of portsock's own JSON, which tells more than records can hold: they are then none."""
        self.unprivileged = False
        """Whether the listing says that it leaves out processes of other users."""
        self._remarks: list[Notice] = []
        self._remark_begun = False

    @property
    def system(self) -> str:
        """The one system that the listing is from, else 'unknown'."""
        return self.systems[0] if len(self.systems) == 1 else "unknown"

    def read(self, lines: Iterable[str]) -> Iterator[SocketRecord]:
        """The sockets of the listing. Raises UsageError where no line of it was understood."""
        source = iter(lines)
        head, size = [], 0
        for line in source:
            head.append(line)
            size += len(line)
            if size > _HEAD or (self._documents and len(head) > 400):
                break
        document = self._document(head)
        if document is not None:
            yield from self._read_document(document, chain(head, source))
        else:
            yield from self._read_lines(chain(head, source))
        if not self.formats or (self._skipped and not self._any):
            raise UsageError(self._refusal())

    def notices(self) -> tuple[Notice, ...]:
        """What was skipped or taken for granted."""
        if not self._skipped:
            return tuple(self._remarks)
        where = ", ".join(map(str, self._skipped_at)) + (" …" if self._skipped > len(self._skipped_at) else "")
        lines = "1 line was" if self._skipped == 1 else f"{self._skipped} lines were"
        text = f"{lines} not understood and skipped: line {where}"
        return (Notice("lines_skipped", self._skipped, text), *self._remarks)

    def _document(self, head: list[str]) -> type[DocumentReader] | None:
        if not self._documents:
            return None
        start = "\n".join(_without_noise(head))[:_HEAD]
        return next((reader for reader in self._documents if reader.accepts(start)), None)

    def _read_document(self, reader: type[DocumentReader], lines: Iterable[str]) -> Iterator[SocketRecord]:
        self._met(reader.format, reader.system)
        text = "\n".join(_without_noise(lines))
        try:
            if reader.format == "portsock":
                from portsock.parse.listings.portsock_json import read_snapshot

                self.snapshot = read_snapshot(text)
            else:
                yield from reader().read(text, self._services)
        except ValueError as error:
            raise UsageError(f"no readable {reader.format}: {error}") from None
        except RecursionError:
            raise UsageError(f"no readable {reader.format}: nested too deeply") from None

    def _read_lines(self, lines: Iterable[str]) -> Iterator[SocketRecord]:
        feed = None
        for number, line in enumerate(lines, 1):
            if "\x1b" in line:
                line = without_sequences(line)
            found = feed(line) if feed is not None else None
            if found is None:
                found = self._elsewhere(line, number)
                feed = self._reader.feed if self._reader is not None else None
            if found:
                self._any = True
                yield from found
        held = self._end()
        self._any = self._any or bool(held)
        yield from held

    def _elsewhere(self, line: str, number: int) -> Iterable[SocketRecord]:
        """A line that the current section does not know: noise, the beginning of another one, or lost."""
        if self._is_remark(line) or is_noise(line):
            return ()
        for text in (line, undressed(line)):
            if text is None:
                continue
            if self._reader is not None and text is not line and (found := self._reader.feed(text)) is not None:
                return found
            opened = self._open(text)
            if opened is not None:
                return opened
        command = prompt(line)
        if command is not None:
            return self._end() if command else ()
        unread = unsupported(line)
        self._unread = self._unread or unread
        if unread is not None or _is_foreign(line):
            ended = self._end()
            self._foreign = True
            return ended
        if self._reader is not None and not self._foreign:
            self._skipped += 1
            if len(self._skipped_at) < 5:
                self._skipped_at.append(number)
        return ()

    def _is_remark(self, line: str) -> bool:
        """Take the remark of an unprivileged netstat, which is of one or two lines. In front of a section or right behind its
        title only such a remark has parentheses."""
        begun, self._remark_begun = self._remark_begun, False
        if (begun or line.lstrip()[:1] in ("(", "\uff08", "n")) and says_unprivileged(line):
            self.unprivileged = True
            return True
        self._remark_begun = opens_remark(line)
        return self._remark_begun

    def _open(self, line: str) -> Iterable[SocketRecord] | None:
        for candidate in self._lines:
            reader = candidate.begin(line, self._services)
            if reader is None:
                continue
            first = reader.feed(line)
            if first is None:
                continue
            ended = list(self._end())
            self._reader = reader
            self._foreign = False
            self._met(reader.format, reader.system)
            return [*ended, *first]
        return None

    def _end(self) -> Iterable[SocketRecord]:
        """Close the current section."""
        reader, self._reader = self._reader, None
        if reader is None:
            return ()
        held = reader.finish()
        if not isinstance(held, list | tuple):
            held = list(held)
        for remark in getattr(reader, "remarks", ()):
            self._remarks.append(remark)
        return held

    def _met(self, name: str, system: str) -> None:
        if name not in self.formats:
            self.formats.append(name)
        if system != "unknown" and system not in self.systems:
            self.systems.append(system)

    def _refusal(self) -> str:
        if self.formats:
            return f"no row of this {self.formats[0]} listing can be read: the first such line is {self._skipped_at[0]}"
        if self._only is not None:
            return f"no line of it is of the format '{self._only}'"
        if self._unread is not None:
            return f"this is a listing of {self._unread}, which is not read; --from-format help names what is"
        return f"no socket listing: tried {', '.join(name for name, _ in formats())}"


def _without_noise(lines: Iterable[str]) -> Iterator[str]:
    """The lines without prompts, fences and rules before and after a document."""
    return (line for line in lines if not line.startswith("```") and prompt(line) is None)


def _is_foreign(line: str) -> bool:
    return " ".join(line[:200].lower().split()).startswith(_FOREIGN)
