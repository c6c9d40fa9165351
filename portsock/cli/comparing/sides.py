"""The two sides of `diff`: what is asked of both, and how each is read."""

from collections.abc import Sequence
from typing import Any, NamedTuple

from portsock.change.types import Blind, Side
from portsock.cli.collection import collect_snapshot
from portsock.cli.console import Console
from portsock.cli.declare import declared
from portsock.cli.options import Collecting, Comparing, Selecting
from portsock.cli.query_parsing import parse_query
from portsock.enums import WITH_PORTS, Need
from portsock.errors import UsageError
from portsock.model import Notice, Snapshot, Socket
from portsock.normalize.snapshot import normalize
from portsock.port_numbers import Services
from portsock.query.answer import possible_sockets, select
from portsock.query.query import DEFAULT_PROTOCOLS, UNANSWERABLE, Query, Question, wanted_protocols
from portsock.sources import failures

_NEEDS = frozenset({Need.OWNERS, Need.PROCESSES, Need.MACHINE})
_COMMANDS = frozenset({"procs", "explain"})
"""What stands among the filters of a record that lists only some sockets because of its command."""


class Asked(NamedTuple):
    """What is compared."""

    query: Query
    comparing: Comparing
    services: Services
    live: bool
    """The new side is this system."""

    @property
    def listeners(self) -> bool:
        """Tell whether what listens is compared."""
        return not self.query.established and not self.query.states

    @property
    def connections(self) -> bool:
        """Tell whether connections are compared."""
        return self.comparing.connections or not self.listeners

    def protocols(self, old: Sequence[Snapshot]) -> frozenset[str]:
        """Return the protocols that are compared: those asked for, else the usual ones, and SCTP where it was recorded.

        This system is asked for what the old side covers.
        """
        if self.query.protocols or self.query.all_families:
            return (wanted_protocols(self.query) or WITH_PORTS) & WITH_PORTS
        recorded = frozenset().union(*map(_recorded, old))
        usual = DEFAULT_PROTOCOLS | ({"sctp"} & recorded)
        return usual & recorded or usual if self.live else usual

    def question(self, listening: bool, protocols: frozenset[str]) -> Question:
        """Return the question whose sockets are compared: listeners, or connections."""
        query = self.query._replace(protocols=protocols, all_families=False, listening=listening)
        if listening:
            return Question(query._replace(established=False, states=frozenset()), "ports", _NEEDS)
        return Question(query, "sockets", _NEEDS)

    def adopting(self, old: Sequence[Snapshot]) -> "Asked":
        """Return the question with the filters that the old side was recorded with: this system is asked for the same."""
        recorded = {_filters(each) for each in old}
        if not self.live or len(recorded) != 1 or self._typed():
            return self
        texts = sorted(recorded.pop() - _COMMANDS)
        fields = {name: field for field, option in declared(Selecting).items() for name in option.names}
        values: dict[str, Any] = {}
        for text in texts:
            name, space, value = text.partition(" ")
            if name in fields:
                values[fields[name]] = [*values.get(fields[name], ()), value] if space else True
        targets = [text for text in texts if text.partition(" ")[0] not in fields]
        try:
            query = parse_query(targets, Selecting(**values), _collecting(self.comparing), self.services)
        except UsageError:  # a filter of another version: what it left out is said to be blind
            return self
        return self._replace(query=query._replace(**{name: getattr(self.query, name) for name in _KEPT}))

    def _typed(self) -> frozenset[str]:
        from portsock.query.coverage import coverage

        return frozenset(coverage(self.question(True, self.query.protocols), None).filters)

    def sides(self, old: Sequence[Snapshot], new: Sequence[Snapshot]) -> tuple[list[Side], list[Side]]:
        """Return the hosts of both sides with those of their sockets that are compared."""
        protocols = self.protocols(old)
        covered = [frozenset(text for each in side for text in _filters(each)) | self._typed() for side in (old, new)]
        return (
            [self._side(each, protocols, covered[1]) for each in old],
            [self._side(each, protocols, covered[0]) for each in new],
        )

    def _side(self, snapshot: Snapshot, protocols: frozenset[str], others: frozenset[str]) -> Side:
        questions = [self.question(True, protocols)] * self.listeners + [self.question(False, protocols)] * self.connections
        found: dict[str, list[Socket]] = {"ports": [], "sockets": []}
        remarks: list[str] = []
        for question in questions:
            found[question.command] = sockets = select(snapshot, question.query, side=question.side)
            remarks += _unsure(question, snapshot, sockets)
        return Side(snapshot, found["ports"], found["sockets"], _filters(snapshot) <= others, tuple(dict.fromkeys(remarks)))


_KEPT = ("protocols", "all_families", "established", "states", "listening", "netns")
"""What is compared, as it was typed, whatever filters are adopted."""


def _filters(snapshot: Snapshot) -> frozenset[str]:
    return frozenset(snapshot.covers.filters) if snapshot.covers else frozenset()


def _recorded(snapshot: Snapshot) -> frozenset[str]:
    """Return the protocols that a snapshot covers; where it does not say, those of its sockets."""
    if snapshot.covers is not None:
        return snapshot.covers.protocols
    return frozenset(socket.protocol for socket in snapshot.sockets)


def _unsure(question: Question, snapshot: Snapshot, sockets: Sequence[Socket]) -> list[str]:
    """Return what a filter cannot tell of this snapshot."""
    from portsock.query.missing import missing_notices

    remarks = [notice.message for notice in missing_notices(question, snapshot) if notice.code == UNANSWERABLE]
    possible = possible_sockets(question, snapshot, sockets)
    if possible:
        number = "1 socket" if len(possible) == 1 else f"{len(possible)} sockets"
        remarks.append(f"{number} may match the filter: their owners were not all seen")
    return remarks


def asked(select: Selecting, comparing: Comparing, services: Services, live: bool) -> Asked:
    """Check the options. Raises UsageError for what cannot be compared."""
    query = parse_query(None, select, _collecting(comparing), services)
    if query.protocols and not query.protocols & WITH_PORTS:
        raise UsageError("unix and raw sockets have no ports to compare; leave --unix and --raw out")
    return Asked(query, comparing, services, live)


def _collecting(comparing: Comparing) -> Collecting:
    return Collecting(netns=comparing.netns, backend=comparing.backend, owners=comparing.owners, verbose=comparing.verbose)


class Captured(NamedTuple):
    """One side, read from captures."""

    snapshots: list[Snapshot]
    """One of each host."""
    remarks: tuple[Notice, ...] = ()
    """Notices about the files as a whole: some could not be read."""

    def blind(self, side: str) -> list[Blind]:
        """Return what could not be read on this side."""
        return [Blind("incomplete", side, each.amount, each.message) for each in self.remarks if each.incomplete]


def captured(text: str, question: Asked) -> Captured:
    """Return a snapshot for each host of a capture. Raises UsageError."""
    from portsock.sources.capture import collect as read_captures

    collections = read_captures([text], question.comparing.from_format, question.services)
    snapshots = [normalize([each._replace(remarks=())], False, spend=True) for each in collections]
    remarks = (*(notice for each in collections for notice in each.remarks), *failures.take())
    return Captured(_newest(snapshots), remarks)


def _newest(snapshots: Sequence[Snapshot]) -> list[Snapshot]:
    """Return one snapshot of each machine, the newest: what was closed since an earlier one is not there."""
    found: dict[object, Snapshot] = {}
    for number, snapshot in enumerate(snapshots):
        key = snapshot.machine.id if snapshot.machine and snapshot.machine.id else number
        other = found.get(key)
        if other is None or (snapshot.taken_at or 0) >= (other.taken_at or 0):
            found[key] = snapshot
    return list(found.values())


def collected_now(question: Asked, old: Sequence[Snapshot], console: Console) -> Snapshot:
    """Return what is there now of what the old side covers: its protocols, and its network namespaces."""
    protocols = question.protocols(old)
    spaces = {each.id for snapshot in old for each in (snapshot.covers.netns if snapshot.covers else None) or ()}
    spaces |= {socket.netns.id for snapshot in old for socket in snapshot.sockets if socket.netns}
    comparing = question.comparing
    if len(spaces) > 1 and not comparing.netns:
        comparing = comparing._replace(netns=["all"])
    wide = question._replace(query=question.query._replace(netns=tuple(comparing.netns or ())))
    return collect_snapshot(
        wide.question(not question.connections, protocols), _collecting(comparing), question.services, console
    ).snapshot
