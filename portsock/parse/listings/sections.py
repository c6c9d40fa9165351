"""The sections of one listing: passes lines to readers, ignores the noise around them, counts lines that nobody reads."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice

from portsock.model import Notice
from portsock.parse.listings import paste_noise
from portsock.parse.listings.losses import Losses
from portsock.parse.listings.reader import DocumentReader, LineReader
from portsock.parse.listings.refused.kinds import Unsupported
from portsock.parse.listings.refused.recognition import is_row_of, unsupported
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_BATCH = 128
"""Lines that are held at a time: each may have a million characters."""
_MOST_KNOWN, _LONGEST_KNOWN = 4096, 500
"""Other lines that are remembered, and the characters of the longest: a text of few words is passed over quickly."""


class Sections:
    """Reads the lines of one listing. All that it found out is complete when `read` is exhausted."""

    def __init__(self, readers: Sequence[type[LineReader]], services: Services, losses: Losses) -> None:
        """`readers`: those that are tried, in this order."""
        self.formats: list[str] = []
        """Formats found, in order."""
        self.systems: list[str] = []
        """Their systems, in order, without 'unknown'."""
        self.remarks: list[Notice] = []
        """Notices of the readers."""
        self.losses = losses
        self.kind: Unsupported | None = None
        """The first kind of text that no reader supports."""
        self.dressed = 0
        """Lines that were read only without a mark in front of them."""
        self.all_framed = False
        """True if every section with sockets is of a format whose tables have borders of their own: they are no wrapper."""
        self.unprivileged = False
        """True if the listing says that it leaves out processes of other users."""
        self._lines = readers
        self._services = services
        self._reader: LineReader | None = None
        self._foreign: Unsupported | None = None
        """The kind of section without a reader that the lines belong to."""
        self._found_sockets = False
        """True if the current section has sockets."""
        self._empty: list[LineReader] = []
        """Sections without sockets."""
        self._gap = -1
        """The number of the last line that was blank, or prose behind a blank line."""
        self._remark_begun = False
        self._resembles_row = False
        """True if a reader began with this line but could not read it: a row with an error, no noise."""
        self._known: set[str] = set()
        """Lines outside of sections that mean nothing."""
        self._unread: set[str] = set()
        self._openers: dict[str, list[type[LineReader]]] = {}
        """By line: the readers that it may begin a section of, to try them alone when it comes again."""
        """Lines in sections that no reader understands."""

    def read(self, lines: Iterable[str]) -> Iterator[SocketRecord]:
        """Yield the sockets of these lines."""
        source, before = iter(lines), 0
        while batch := list(islice(source, _BATCH)):
            at = 0
            while at < len(batch):
                if not batch[at] and self._reader is None:
                    self._gap, self._remark_begun = before + at + 1, False
                    at += 1
                    continue
                found, end = self._read_plain(batch, at)
                if end == at:
                    found, end = self._read_line(batch[at], before + at + 1), at + 1
                else:
                    self._found_sockets = True
                at = end
                if found:
                    yield from found
            before += len(batch)
        yield from self._end_section()

    def _read_plain(self, lines: list[str], at: int) -> tuple[Iterable[SocketRecord], int]:
        """Read frequent rows from this index on, where the current reader has a fast way. See LineReader."""
        plain = getattr(self._reader, "plain", None)
        return plain(lines, at) if plain is not None else ((), at)

    def _read_line(self, line: str, number: int) -> Iterable[SocketRecord]:
        if "\x1b" in line:
            line = paste_noise.strip_sequences(line)
        found = self._reader.feed(line) if self._reader is not None else None
        if found is None:
            return self._read_other(line, number)
        self._found_sockets = self._found_sockets or bool(found)
        return found

    def _read_other(self, line: str, number: int) -> Iterable[SocketRecord]:
        """Read a line that the current reader does not understand: noise, the beginning of another section, or skipped."""
        if self._is_known(line, number):
            return ()
        if self._is_remark(line) or paste_noise.is_noise(line):
            if not line.strip() or self._gap == number - 1:
                self._gap = number
            return ()
        if self._foreign is not None and is_row_of(self._foreign, line):
            return ()
        kind = unsupported(line)
        if kind is not None and kind.rows:  # its header and rows resemble those of a format that is read
            return self._leave_out(kind)
        self._resembles_row = False
        command = paste_noise.prompt_command(line)
        commented = command if command and paste_noise.looks_like_row(command) else None  # '# tcp LISTEN …'
        for text in (line, paste_noise.strip_marks(line) or commented):
            if text is None:
                continue
            if self._reader is not None and text is not line and (found := self._reader.feed(text)) is not None:
                self._found_sockets = self._found_sockets or bool(found)
                self.dressed += 1
                return found
            opened = self._open_section(text)
            if opened is not None:
                self.dressed += text is not line
                return opened
        if command is not None and commented is None:
            return self._end_section() if command else ()
        if kind is not None and kind.section:
            return self._leave_out(kind)
        self.kind = self.kind or kind
        self._count_unread(line, number)
        return ()

    def _is_known(self, line: str, number: int) -> bool:
        """Tell whether this line was there before and means nothing, or is a row that nobody reads, which is counted again."""
        if self._reader is None:
            known = not line or line in self._known
            self._gap = self._gap if line else number
        else:
            known = self._foreign is None and line in self._unread
            if known:
                self.losses.skip(number)
        self._remark_begun = self._remark_begun and not known
        return known

    def _count_unread(self, line: str, number: int) -> None:
        """Count a line that may be a row: one in a section, or one that looks like a row anywhere."""
        in_section = (self._reader is not None or self._resembles_row) and self._foreign is None
        if in_section and self._gap == number - 1 and not any(map(str.isdigit, line[:1000])):
            self._gap = number  # prose: every row has digits
            return
        if in_section or (paste_noise.looks_like_row(line) and not (self._foreign and self._foreign.lists_sockets)):
            self.losses.skip(number)
            known = self._unread if self._reader is not None and any(map(str.isdigit, line[:1000])) else None
        else:
            known = self._known if self._reader is None and self.kind is None else None
        if known is not None and len(line) <= _LONGEST_KNOWN and len(known) < _MOST_KNOWN:
            known.add(line)

    def _leave_out(self, kind: Unsupported) -> Iterable[SocketRecord]:
        """Begin a section without a reader. Returns the sockets of the previous one."""
        if self.kind is None or not self.kind.section:
            self.kind = kind
        if kind.lists_sockets:
            self.losses.leave_out(kind.name)
        ended = self._end_section()
        self._foreign = kind
        return ended

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
        known = self._openers.get(line)
        begun: list[type[LineReader]] = []
        opened: Iterable[SocketRecord] | None = None
        for candidate in self._lines if known is None else known:
            reader = candidate.begin(line, self._services)
            if reader is None:
                continue
            begun.append(candidate)
            if (first := reader.feed(line)) is None:
                self._resembles_row = True
                continue
            ended = list(self._end_section())
            self._reader, self._found_sockets = reader, bool(first)
            self._foreign = None
            opened = [*ended, *first]
            break
        if known is None and len(line) <= _LONGEST_KNOWN and len(self._openers) < _MOST_KNOWN:
            self._openers[line] = begun
        return opened

    def _end_section(self) -> Iterable[SocketRecord]:
        reader, self._reader = self._reader, None
        if reader is None:
            return ()
        held = reader.finish()
        if not isinstance(held, list | tuple):
            held = list(held)
        if held or self._found_sockets:
            self.note_format(reader)
        else:
            self._empty.append(reader)
        self.remarks.extend(getattr(reader, "remarks", ()))
        return held

    def note_empty(self) -> None:
        """Take the formats of sections without sockets for those of the listing."""
        for reader in self._empty:
            self.note_format(reader)

    def note_format(self, reading: LineReader | type[DocumentReader]) -> None:
        """Add the format and the system of a reader."""
        reader: LineReader | type[DocumentReader] = getattr(reading, "read_as", reading)
        self.all_framed = getattr(reader, "framed", False) and (self.all_framed or not self.formats)
        if reader.format not in self.formats:
            self.formats.append(reader.format)
        if reader.system != "unknown" and reader.system not in self.systems:
            self.systems.append(reader.system)
