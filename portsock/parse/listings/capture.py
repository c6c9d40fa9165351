"""Reading of one captured listing: passes lines to readers, ignores the noise around them, counts skipped lines."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from portsock.errors import UsageError
from portsock.model import Notice, Snapshot
from portsock.parse.listings import paste_noise
from portsock.parse.listings.reader import DocumentReader, LineReader
from portsock.parse.listings.registry import document_readers, formats, line_readers, unsupported
from portsock.port_numbers import Services
from portsock.records import SocketRecord

LONGEST = 1_000_000
"""Characters of the longest line that is accepted; lines of tools are far shorter."""

_HEAD = 65536
_HEAD_LINES = 400
"""The characters, and the lines, from which a document is recognized."""
_JSON_STARTS = frozenset('{}"')
"""First characters of lines of JSON, with which no prompt begins."""
_BATCH = 128
"""Lines that are held at a time: each may have a million characters."""
_MOST_LINE_NUMBERS = 5
"""Skipped lines whose numbers are reported."""

_FOREIGN_HEADS = (
    "kernel ip routing table", "kernel ipv6 routing table", "kernel interface table", "routing tables",
    "ipv6/ipv4 group memberships", "interface statistics", "transport total", "active routes", "iface ", "destination ",
    "uid pid ppid", "user pid %cpu", "pid tty", "sockets: used", "proto   local address",
)  # fmt: skip
"""Beginnings of sections that list no sockets, in lower case, with single spaces. Lines behind them are ignored."""


class Capture:
    """Reads one input. `formats`, `system` and `notices` are complete when `read` is exhausted."""

    def __init__(self, services: Services, only: str | None = None) -> None:
        """`only`: the one format to accept. Raises UsageError where there is no such format."""
        known = [name for name, _ in formats()]
        if only is not None and only not in known:
            raise UsageError(f"unknown format '{only}': use one of {', '.join(known)}")
        self.formats: list[str] = []
        """Formats found, in order."""
        self.systems: list[str] = []
        """Their systems, in order, without 'unknown'."""
        self._services = services
        self._only = only
        self._lines = [reader for reader in line_readers() if only in (None, reader.format)]
        self._documents = [reader for reader in document_readers() if only in (None, reader.format)]
        self._reader: LineReader | None = None
        self._in_foreign_section = False
        self._unsupported: str | None = None
        """The tool of the first listing that no reader supports."""
        self._found_sockets = False
        self._skipped = 0
        self._skipped_lines: list[int] = []
        self.snapshot: Snapshot | None = None
        """Read from portsock's own JSON, which has more than records can hold. There are no records then."""
        self.unprivileged = False
        """True if the listing says that it leaves out processes of other users."""
        self._remarks: list[Notice] = []
        self._remark_begun = False
        self._resembles_row = False
        """True if a reader began with this line but could not read it: a row with an error, no noise."""

    @property
    def system(self) -> str:
        """Return the system of the listing, 'unknown' where there are several."""
        return self.systems[0] if len(self.systems) == 1 else "unknown"

    def read(self, lines: Iterable[str]) -> Iterator[SocketRecord]:
        """Yield the sockets of the listing. Raises UsageError where no line was understood."""
        source = iter(lines)
        head, size = [], 0
        for line in source:
            head.append(line)
            size += len(line)
            if size > _HEAD or (self._documents and len(head) > _HEAD_LINES):
                break
        document = self._find_document_reader(head)
        if document is not None:
            yield from self._read_document(document, chain(head, source))
        else:
            yield from self._read_lines(chain(head, source))
        if not self.formats or (self._skipped and not self._found_sockets):
            raise UsageError(self._refusal())

    def notices(self) -> tuple[Notice, ...]:
        """Return notices about skipped lines and the readers' assumptions."""
        if not self._skipped:
            return tuple(self._remarks)
        where = ", ".join(map(str, self._skipped_lines)) + (" …" if self._skipped > len(self._skipped_lines) else "")
        lines = "1 line was" if self._skipped == 1 else f"{self._skipped} lines were"
        text = f"{lines} not understood and skipped: line {where}"
        return (Notice("lines_skipped", self._skipped, text), *self._remarks)

    def _find_document_reader(self, head: list[str]) -> type[DocumentReader] | None:
        if not self._documents:
            return None
        start = "\n".join(_without_noise(head))[:_HEAD]
        return next((reader for reader in self._documents if reader.accepts(start)), None)

    def _read_document(self, reader: type[DocumentReader], lines: Iterable[str]) -> Iterator[SocketRecord]:
        self._note_format(reader)
        lines = _without_noise(lines)
        try:
            if reader.format == "portsock":
                from portsock.parse.listings.portsock_json import read_snapshot

                self.snapshot = read_snapshot(lines)
            else:
                reading = reader()
                yield from reading.read("\n".join(lines), self._services)
                self._remarks.extend(getattr(reading, "remarks", ()))
        except ValueError as error:
            raise UsageError(f"no readable {reader.format}: {error}") from None
        except RecursionError:
            raise UsageError(f"no readable {reader.format}: nested too deeply") from None

    def _read_lines(self, lines: Iterable[str]) -> Iterator[SocketRecord]:
        source, before = iter(lines), 0
        while batch := list(islice(source, _BATCH)):
            at = 0
            while at < len(batch):
                found, end = self._read_plain(batch, at)
                if end == at:
                    found, end = self._read_line(batch[at], before + at + 1), at + 1
                at = end
                if found:
                    self._found_sockets = True
                    yield from found
            before += len(batch)
        held = self._end_section()
        self._found_sockets = self._found_sockets or bool(held)
        yield from held

    def _read_plain(self, lines: list[str], at: int) -> tuple[Iterable[SocketRecord], int]:
        """Read frequent rows from this index on, where the current reader has a fast way. See LineReader."""
        plain = getattr(self._reader, "plain", None)
        return plain(lines, at) if plain is not None else ((), at)

    def _read_line(self, line: str, number: int) -> Iterable[SocketRecord]:
        if "\x1b" in line:
            line = paste_noise.strip_sequences(line)
        found = self._reader.feed(line) if self._reader is not None else None
        return self._read_other(line, number) if found is None else found

    def _read_other(self, line: str, number: int) -> Iterable[SocketRecord]:
        """Read a line that the current reader does not understand: noise, the beginning of another section, or skipped."""
        if self._is_remark(line) or paste_noise.is_noise(line):
            return ()
        self._resembles_row = False
        for text in (line, paste_noise.strip_marks(line)):
            if text is None:
                continue
            if self._reader is not None and text is not line and (found := self._reader.feed(text)) is not None:
                return found
            opened = self._open_section(text)
            if opened is not None:
                return opened
        command = paste_noise.prompt_command(line)
        if command is not None:
            return self._end_section() if command else ()
        tool = unsupported(line)
        self._unsupported = self._unsupported or tool
        if tool is not None or _is_foreign(line):
            ended = self._end_section()
            self._in_foreign_section = True
            return ended
        if (self._reader is not None or self._resembles_row) and not self._in_foreign_section:
            self._skipped += 1
            if len(self._skipped_lines) < _MOST_LINE_NUMBERS:
                self._skipped_lines.append(number)
        return ()

    def _is_remark(self, line: str) -> bool:
        """Recognize the remark of an unprivileged netstat, which has one or two lines.

        Only such a remark has parentheses in front of a section or right behind its title.
        """
        begun, self._remark_begun = self._remark_begun, False
        if (begun or line.lstrip()[:1] in ("(", "\uff08", "n")) and paste_noise.says_unprivileged(line):
            self.unprivileged = True
            return True
        self._remark_begun = paste_noise.opens_remark(line)
        return self._remark_begun

    def _open_section(self, line: str) -> Iterable[SocketRecord] | None:
        """Begin the section that this line opens. Returns the sockets of the previous one and of the line, or None."""
        for candidate in self._lines:
            reader = candidate.begin(line, self._services)
            if reader is None:
                continue
            if (first := reader.feed(line)) is None:
                self._resembles_row = True
                continue
            ended = list(self._end_section())
            self._reader = reader
            self._in_foreign_section = False
            self._note_format(reader)
            return [*ended, *first]
        return None

    def _end_section(self) -> Iterable[SocketRecord]:
        reader, self._reader = self._reader, None
        if reader is None:
            return ()
        held = reader.finish()
        if not isinstance(held, list | tuple):
            held = list(held)
        self._remarks.extend(getattr(reader, "remarks", ()))
        return held

    def _note_format(self, reader: LineReader | type[DocumentReader]) -> None:
        if reader.format not in self.formats:
            self.formats.append(reader.format)
        if reader.system != "unknown" and reader.system not in self.systems:
            self.systems.append(reader.system)

    def _refusal(self) -> str:
        if self.formats:
            return f"no row of this {self.formats[0]} listing can be read: the first such line is {self._skipped_lines[0]}"
        if self._only is not None:
            return f"no line of it is of the format '{self._only}'"
        if self._unsupported is not None:
            return f"this is a listing of {self._unsupported}, which is not read; --from-format help names what is"
        return f"no socket listing: tried {', '.join(name for name, _ in formats())}"


def _without_noise(lines: Iterable[str]) -> Iterator[str]:
    """Return the lines without prompts and code fences."""
    return (
        line
        for line in lines
        if line[:1] in _JSON_STARTS or (not line.startswith("```") and paste_noise.prompt_command(line) is None)
    )


def _is_foreign(line: str) -> bool:
    return " ".join(line[:200].lower().split()).startswith(_FOREIGN_HEADS)
