"""Reading of one captured listing: passes lines to readers, ignores the noise around them, counts skipped lines."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from portsock.errors import UsageError
from portsock.model import Notice, Snapshot
from portsock.parse.listings import paste_noise
from portsock.parse.listings.losses import Losses
from portsock.parse.listings.reader import DocumentReader, LineReader
from portsock.parse.listings.refused.kinds import Unsupported
from portsock.parse.listings.refused.recognition import is_row_of, unsupported, unsupported_document
from portsock.parse.listings.registry import document_readers, formats, line_readers
from portsock.parse.listings.wrappers.doubt import Attempt, is_doubtful, may_be_ansible
from portsock.parse.listings.wrappers.hosts import SeveralHosts, output_of_ansible
from portsock.port_numbers import Services
from portsock.records import SocketRecord

LONGEST = 1_000_000
"""Characters of the longest line that is accepted; lines of tools are far shorter."""

_HEAD = 65536
_HEAD_LINES = 400
"""The characters, and the lines, from which a document is recognized."""


class Capture:
    """Reads one input. `formats`, `system` and `notices` are complete when `read` is exhausted."""

    def __init__(self, services: Services, only: str | None = None) -> None:
        """`only`: the one format to accept. Raises UsageError where there is no such format."""
        known = [name for name, _ in formats()]
        if only is not None and only not in known:
            raise UsageError(f"unknown format '{only}': use one of {', '.join(known)}")
        self._services = services
        self._only = only
        self._lines = [reader for reader in line_readers() if only in (None, reader.format)]
        self._documents = [reader for reader in document_readers() if only in (None, reader.format)]
        self.snapshot: Snapshot | None = None
        """Read from portsock's own JSON, which has more than records can hold. There are no records then."""
        self.too_long: list[int] = []
        """Numbers of lines that the decoder left out since they are too long."""
        self._before: tuple[Notice, ...] = ()
        """Notices about what the listing is wrapped in."""
        self._document: Unsupported | None = None
        """The kind of JSON document that is not read."""
        self._restart()

    def _restart(self) -> None:
        self.formats: list[str] = []
        """Formats found, in order."""
        self.systems: list[str] = []
        """Their systems, in order, without 'unknown'."""
        self._reader: LineReader | None = None
        self._foreign: Unsupported | None = None
        """The kind of section without a reader that the lines belong to."""
        self._unsupported = self._document
        """The first kind of text that no reader supports."""
        self._losses = Losses(self.too_long)
        self._found_sockets = False
        """True if the current section has sockets."""
        self._empty_sections: list[LineReader] = []
        self._dressed = 0
        """Lines that were read only without a mark in front of them."""
        self._gap = -1
        """The number of the last line that was blank, or prose behind a blank line."""
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
        if may_be_ansible(head):
            head, source = self._without_ansible(head, source)
        document = self._find_document_reader(head)
        if document is not None:
            yield from self._read_document(document, chain(head, source))
        else:
            yield from self._read_lines(self._unwrapped(head, source))
        empty = not self.formats
        if empty:
            for reader in self._empty_sections:
                self._note_format(reader)
        lost = self._losses.first is not None or self._before or self._has_lost_sockets()
        if not self.formats or (document is None and lost and empty):
            raise UsageError(self._refusal())

    def _has_lost_sockets(self) -> bool:
        return any(notice.code == "sockets_skipped" for notice in self._remarks)

    def _without_ansible(self, head: list[str], source: Iterator[str]) -> tuple[list[str], Iterator[str]]:
        """Return the first lines, and those behind them, of the listing in what Ansible wrote."""
        from portsock.parse.listings.wrappers.ansible import is_ansible

        if not is_ansible(head):
            return head, source
        lines, self._before = output_of_ansible(chain(head, source))
        return list(islice(lines, _HEAD_LINES)), lines

    def _unwrapped(self, head: list[str], source: Iterator[str]) -> Iterable[str]:
        """Return the lines without what they are wrapped in. Raises SeveralHosts where they are of several hosts."""
        lines: Iterable[str] = chain(head, source)
        plain = self._attempt(head)
        named = not plain.rows and self._unsupported is not None and self._unsupported.section
        if not named and is_doubtful(head, plain) and self.formats != ["osquery"]:  # its tables have borders of their own
            from portsock.parse.listings.wrappers.search import find, parts

            found = find(head, plain, self._attempt)
            if found.hosts:
                raise SeveralHosts(parts(found, lines))
            for step in found.steps:
                lines = step(lines)
            if found.crowded:
                several = "1 line has" if found.crowded == 1 else f"{found.crowded} lines have"
                text = f"{several} several rows, of which some may be unread: paste the listing with its line ends"
                self._before = (*self._before, Notice("lines_crowded", found.crowded, text))
        self._restart()
        return lines

    def _attempt(self, lines: Iterable[str]) -> Attempt:
        """Read lines for a trial."""
        self._restart()
        rows = broken = 0
        for record in self._read_lines(lines):
            rows += 1
            broken += "\\n" in repr((record.local, record.holders))
        return Attempt(rows, self._losses.skipped, broken, self._dressed)

    def notices(self) -> tuple[Notice, ...]:
        """Return notices about skipped lines and the readers' assumptions."""
        return (*self._losses.notices(), *self._before, *self._remarks)

    def _find_document_reader(self, head: list[str]) -> type[DocumentReader] | None:
        if not self._documents:
            return None
        start = "\n".join(_without_noise(head))[:_HEAD]
        if start.lstrip()[:1] in ("{", "["):
            self._document = unsupported_document(start)
            if self._document is not None:
                return None
        return next((reader for reader in self._documents if reader.accepts(start)), None)

    def _read_document(self, reader: type[DocumentReader], lines: Iterable[str]) -> Iterator[SocketRecord]:
        self._note_format(reader)
        text = "\n".join(_without_noise(lines))
        try:
            if reader.format == "portsock":
                from portsock.parse.listings.portsock_json import read_snapshot

                self.snapshot = read_snapshot(text)
            else:
                reading = reader()
                yield from reading.read(text, self._services)
                self._remarks.extend(getattr(reading, "remarks", ()))
        except ValueError as error:
            raise UsageError(f"no readable {reader.format}: {error}") from None
        except RecursionError:
            raise UsageError(f"no readable {reader.format}: nested too deeply") from None

    def _read_lines(self, lines: Iterable[str]) -> Iterator[SocketRecord]:
        feed = None
        for number, line in enumerate(lines, 1):
            if "\x1b" in line:
                line = paste_noise.strip_sequences(line)
            found = feed(line) if feed is not None else None
            if found is None:
                found = self._read_other(line, number)
                feed = self._reader.feed if self._reader is not None else None
            elif found:
                self._found_sockets = True
            if found:
                yield from found
        yield from self._end_section()

    def _read_other(self, line: str, number: int) -> Iterable[SocketRecord]:
        """Read a line that the current reader does not understand: noise, the beginning of another section, or skipped."""
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
                self._dressed += 1
                return found
            opened = self._open_section(text)
            if opened is not None:
                self._dressed += text is not line
                return opened
        if command is not None and commented is None:
            return self._end_section() if command else ()
        if kind is not None and kind.section:
            return self._leave_out(kind)
        self._unsupported = self._unsupported or kind
        self._count_unread(line, number)
        return ()

    def _count_unread(self, line: str, number: int) -> None:
        """Count a line that may be a row: one in a section, or one that looks like a row anywhere."""
        in_section = (self._reader is not None or self._resembles_row) and self._foreign is None
        if in_section and self._gap == number - 1 and not any(map(str.isdigit, line[:1000])):
            self._gap = number  # prose: every row has digits
        elif in_section or (paste_noise.looks_like_row(line) and not (self._foreign and self._foreign.lists_sockets)):
            self._losses.skip(number)

    def _leave_out(self, kind: Unsupported) -> Iterable[SocketRecord]:
        """Begin a section without a reader. Returns the sockets of the previous one."""
        if self._unsupported is None or not self._unsupported.section:
            self._unsupported = kind
        if kind.lists_sockets:
            self._losses.leave_out(kind.name)
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
        for candidate in self._lines:
            reader = candidate.begin(line, self._services)
            if reader is None:
                continue
            if (first := reader.feed(line)) is None:
                self._resembles_row = True
                continue
            ended = list(self._end_section())
            self._reader, self._found_sockets = reader, bool(first)
            self._foreign = None
            return [*ended, *first]
        return None

    def _end_section(self) -> Iterable[SocketRecord]:
        reader, self._reader = self._reader, None
        if reader is None:
            return ()
        held = reader.finish()
        if not isinstance(held, list | tuple):
            held = list(held)
        if held or self._found_sockets:
            self._note_format(reader)
        else:
            self._empty_sections.append(reader)
        self._remarks.extend(getattr(reader, "remarks", ()))
        return held

    def _note_format(self, reading: LineReader | type[DocumentReader]) -> None:
        reader: LineReader | type[DocumentReader] = getattr(reading, "read_as", reading)
        if reader.format not in self.formats:
            self.formats.append(reader.format)
        if reader.system != "unknown" and reader.system not in self.systems:
            self.systems.append(reader.system)

    def _refusal(self) -> str:
        first = self._losses.first
        if first is None and self._before:
            return "; ".join(notice.message for notice in self._before)
        if self.formats and first is None:
            return f"no socket of this {self.formats[0]} listing has a local address and a port"
        if self.formats:
            return f"no row of this {self.formats[0]} listing can be read: the first such line is {first}"
        if self.too_long:
            return f"line {self.too_long[0]} has more than {LONGEST:,} characters: no socket listing"
        if self._only is not None:
            other = f"; {self._unsupported.refusal()}" if self._unsupported is not None else ""
            return f"no line of it is of the format '{self._only}'{other}"
        if self._unsupported is not None:
            return self._unsupported.refusal()
        return f"no socket listing: tried {', '.join(name for name, _ in formats())}"


def _without_noise(lines: Iterable[str]) -> Iterator[str]:
    """Return the lines without prompts and code fences."""
    return (line for line in lines if not line.startswith("```") and paste_noise.prompt_command(line) is None)
