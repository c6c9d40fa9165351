"""Put an answer together: summary, picture, sections, findings, commands."""

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from portsock.explain.commands import next_commands, other_readings
from portsock.explain.ephemeral import system_name
from portsock.explain.picture import SKETCH, draw
from portsock.explain.rules.registry import findings
from portsock.explain.sections import binding, connection, exposure, port, process, socket
from portsock.explain.short.rows import leading, rows, way_headline
from portsock.explain.short.summary import summarize
from portsock.explain.subject import Subject, find_subject
from portsock.explain.texts import phrases
from portsock.explain.types import Attempt, Explanation, Part, PathFacts, Remote, Section
from portsock.model import Snapshot
from portsock.port_numbers import Services
from portsock.query.target import Target

if TYPE_CHECKING:
    from portsock.reach.ports import Judge
    from portsock.reachability import Reach

_PROSE: dict[Part, Callable[[Subject], list[str]]] = {
    Part.PORT: port.paragraphs,
    Part.SOCKET: socket.paragraphs,
    Part.CONNECTION: connection.paragraphs,
    Part.PROCESS: process.paragraphs,
    Part.EXPOSURE: exposure.paragraphs,
}
"""The sections that are made of paragraphs only, in their order."""


def explain(
    target: Target,
    snapshot: Snapshot,
    services: Services,
    attempts: Sequence[Attempt] = (),
    path: PathFacts | None = None,
    caller: int | None = None,
    remote: Remote | None = None,
    filters: "Mapping[tuple[str | None, int | None], Judge | None] | None" = None,
    sources: tuple[str, ...] = (),
) -> Explanation:
    """Return the answer to one target.

    The snapshot should hold all sockets of the requested families, whether the target names them or not, since siblings and
    both ends are looked up in it. `attempts` are already judged; `path` is for a target that is a unix path of this host,
    `caller` the uid that portsock runs as, `remote` for an endpoint of another host, or one that was tried. `filters` and
    `sources` are those of Subject.
    """
    subject = find_subject(target, snapshot, services, path)
    subject = subject._replace(caller=caller, remote=remote, filters=filters or {}, sources=sources)
    found = findings(subject)
    sections = _sections(subject, attempts)
    head = leading(found)
    return Explanation(
        target.text,
        target.kind,
        summarize(subject),
        draw(subject),
        tuple(subject.sockets),
        sections,
        found,
        next_commands(subject, found),
        other_readings(subject),
        _notes(subject),
        _is_found(subject),
        way_headline(subject) or (head.title if head else ""),
        draw(subject, SKETCH),
        rows(subject, found, attempts),
        _reach(subject),
    )


def _reach(subject: Subject) -> "Reach | None":
    """Return who can connect to the first port of the target; None where the packet filter was not read."""
    if not subject.filters:
        return None
    from portsock.explain.reach import reaches

    return next((reach for _, reach in reaches(subject)), None)


def _sections(subject: Subject, attempts: Sequence[Attempt]) -> dict[Part, Section]:
    """Return the sections that are not empty, in their order."""
    sections = {part: Section(tuple(text)) for part, paragraphs in _PROSE.items() if (text := paragraphs(subject))}
    if attempts:
        sections[Part.BINDING] = binding.section(attempts)
    if subject.remote is not None:
        from portsock.explain.remote.rows import section

        sections[Part.PATH] = section(subject, subject.remote)
    return sections


def _is_found(subject: Subject) -> bool:
    """Tell whether anything matched the target, or an attempt to connect has shown that something is there."""
    contact = subject.remote.contact if subject.remote is not None else None
    exists = subject.path is not None and subject.path.exists
    return bool(subject.sockets or subject.processes or exists) or (
        contact is not None and contact.result in ("accepted", "answered")
    )


def _notes(subject: Subject) -> tuple[str, ...]:
    """Return what is assumed of a captured listing; empty on the live system."""
    if not subject.captured:
        return ()
    host = subject.snapshot.host
    if not host.assumed:
        return (phrases.CAPTURE,)
    first, last = host.ephemeral
    return (f"{phrases.CAPTURE} {phrases.CAPTURE_RANGE.format(first=first, last=last, system=system_name(host))}",)
