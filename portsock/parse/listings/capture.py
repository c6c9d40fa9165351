"""Reading of one captured listing: finds out whether it is a document, or what its lines are wrapped in, and reads it."""

from collections.abc import Iterable, Iterator
from itertools import chain, islice

from portsock.errors import UsageError
from portsock.model import Notice, Snapshot
from portsock.parse.listings import paste_noise
from portsock.parse.listings.losses import Losses
from portsock.parse.listings.reader import DocumentReader
from portsock.parse.listings.refused.kinds import Unsupported
from portsock.parse.listings.refused.recognition import unsupported_document
from portsock.parse.listings.registry import document_readers, formats, line_readers
from portsock.parse.listings.sections import Sections
from portsock.parse.listings.wrappers.doubt import Attempt, is_doubtful, may_be_ansible
from portsock.parse.listings.wrappers.hosts import SeveralHosts, output_of_ansible
from portsock.port_numbers import Services
from portsock.records import SocketRecord

LONGEST = 1_000_000
"""Characters of the longest line that is accepted; lines of tools are far shorter."""

_HEAD = 65536
_HEAD_LINES = 400
"""The characters, and the lines, from which a document is recognized."""
_JSON_STARTS = frozenset('{}"')
"""First characters of lines of JSON, with which no prompt begins."""


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
        self.snapshots: list[Snapshot] = []
        """Read from portsock's own JSON, one for each answer: they have more than records, of which there are none then."""
        self.too_long: list[int] = []
        """Numbers of lines that the decoder left out since they are too long."""
        self.of_ansible = False
        """The input is what Ansible wrote, for a host that it does not name."""
        self._before: tuple[Notice, ...] = ()
        """Notices about what the listing is wrapped in."""
        self._document: Unsupported | None = None
        """The kind of JSON document that is not read."""
        self._sections = self._new_sections()

    def _new_sections(self) -> Sections:
        sections = Sections(self._lines, self._services, Losses(self.too_long))
        sections.kind = self._document
        return sections

    @property
    def formats(self) -> list[str]:
        """Return the formats found, in order."""
        return self._sections.formats

    @property
    def unprivileged(self) -> bool:
        """Tell whether the listing says that it leaves out processes of other users."""
        return self._sections.unprivileged

    @property
    def system(self) -> str:
        """Return the system of the listing, 'unknown' where there are several."""
        systems = self._sections.systems
        return systems[0] if len(systems) == 1 else "unknown"

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
            lines = self._unwrapped(head, source)
            self._sections = self._new_sections()
            yield from self._sections.read(lines)
        empty = not self.formats
        if empty:
            self._sections.note_empty()
        lost = self._sections.losses.first is not None or self._before or self._has_lost_sockets()
        if not self.formats or (document is None and lost and empty):
            raise UsageError(self._refusal())

    def _has_lost_sockets(self) -> bool:
        return any(notice.code == "sockets_skipped" for notice in self._sections.remarks)

    def _without_ansible(self, head: list[str], source: Iterator[str]) -> tuple[list[str], Iterator[str]]:
        """Return the first lines, and those behind them, of the listing in what Ansible wrote."""
        from portsock.parse.listings.wrappers.ansible import is_ansible

        if not is_ansible(head):
            return head, source
        lines, self._before = output_of_ansible(chain(head, source))
        self.of_ansible = True
        return list(islice(lines, _HEAD_LINES)), lines

    def _unwrapped(self, head: list[str], source: Iterator[str]) -> Iterable[str]:
        """Return the lines without what they are wrapped in. Raises SeveralHosts where they are of several hosts."""
        lines: Iterable[str] = chain(head, source)
        plain = self._attempt(head)
        kind = self._sections.kind
        named = not plain.rows and kind is not None and kind.section
        if not named and is_doubtful(head, plain) and not self._sections.all_framed:
            from portsock.parse.listings.wrappers.search import find, parts

            found = find(head, plain, self._attempt)
            if found.hosts:
                raise SeveralHosts(parts(found, lines))
            for step in found.steps:
                lines = step(lines)
            if found.parted:
                text = (
                    "rows that stood on one line were parted; a name may have lost words: paste the listing with its line ends"
                )
                self._before = (*self._before, Notice("lines_parted", None, text))
            if found.crowded:
                several = "1 line has" if found.crowded == 1 else f"{found.crowded} lines have"
                text = f"{several} several rows, of which some may be unread: paste the listing with its line ends"
                self._before = (*self._before, Notice("lines_crowded", found.crowded, text))
        return lines

    def _attempt(self, lines: Iterable[str]) -> Attempt:
        """Read lines for a trial."""
        self._sections = sections = self._new_sections()
        rows = broken = 0
        for record in sections.read(lines):
            rows += 1
            broken += "\\n" in repr((record.local, record.holders))
        return Attempt(rows, sections.losses.skipped, broken, sections.dressed)

    def notices(self) -> tuple[Notice, ...]:
        """Return notices about skipped lines and the readers' assumptions."""
        return (*self._sections.losses.notices(), *self._before, *self._sections.remarks)

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
        self._sections.note_format(reader)
        lines = _without_noise(lines)
        try:
            if reader.format == "portsock":
                from portsock.parse.listings.portsock_json import read_snapshots

                self.snapshots = read_snapshots(lines)
            else:
                reading = reader()
                yield from reading.read("\n".join(lines), self._services)
                self._sections.remarks.extend(getattr(reading, "remarks", ()))
        except ValueError as error:
            raise UsageError(f"no readable {reader.format}: {error}") from None
        except RecursionError:
            raise UsageError(f"no readable {reader.format}: nested too deeply") from None

    def _refusal(self) -> str:
        first, kind = self._sections.losses.first, self._sections.kind
        if first is None and self._before:
            return "; ".join(notice.message for notice in self._before)
        if self.formats and first is None:
            return f"no socket of this {self.formats[0]} listing has a local address and a port"
        if self.formats:
            return f"no row of this {self.formats[0]} listing can be read: the first such line is {first}"
        if self.too_long:
            return f"line {self.too_long[0]} has more than {LONGEST:,} characters: no socket listing"
        if self._only is not None:
            other = f"; {kind.refusal()}" if kind is not None else ""
            return f"no line of it is of the format '{self._only}'{other}"
        if kind is not None:
            return kind.refusal()
        return f"no socket listing: tried {', '.join(name for name, _ in formats())}"


def _without_noise(lines: Iterable[str]) -> Iterator[str]:
    """Return the lines without prompts and code fences."""
    return (
        line
        for line in lines
        if line[:1] in _JSON_STARTS or (not line.startswith("```") and paste_noise.prompt_command(line) is None)
    )
