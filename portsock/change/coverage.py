"""What each side could have seen, and what follows where it could not."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from portsock.change.spaces import OWN
from portsock.change.types import NEW, OLD, Blind, Place, Side
from portsock.model import Notice, Snapshot, State

_COMMON = ("tcp", "udp")
_CONNECTED = frozenset({State.ESTABLISHED})
_OF_OWNERS = frozenset({"owners_hidden", "owners_partial", "owners_elsewhere", "owners_raced", "listing_unprivileged"})
"""Notices that are said port by port here."""
_SAY_NOTHING = _OF_OWNERS | {
    "covered_by_wildcard", "netns_followed", "details_missing", "unix_server_unseen", "reach_limits", "rules_unread",
    "rules_not_modelled", "protocol_assumed",
}  # fmt: skip
"""Codes of notices that are about nothing that is compared."""


class Sight(NamedTuple):
    """What a side could have seen."""

    listening: frozenset[str]
    """Protocols of which it has all that listens or is bound."""
    connected: frozenset[str]
    """Protocols of which it has all connections."""
    spaces: frozenset[str] | None
    """None: every network namespace that there was."""
    whole: bool

    def sees(self, place: Place) -> bool:
        """Tell whether what is at this place would be in the snapshot."""
        if not self.whole or (self.spaces is not None and place.space not in self.spaces):
            return False
        return place.protocol in (self.listening if place.direction is None else self.connected)


def sight(side: Side, spaces: Mapping[int | None, str], protocols: frozenset[str]) -> Sight:
    """Return what this side could have seen of these protocols.

    Where the source does not say, it covers what it has at least one socket of.
    """
    snapshot = side.snapshot
    covers = snapshot.covers
    if covers is None:
        if snapshot.source.kind == "live":
            return Sight(protocols, protocols, _read(snapshot, spaces), side.unlimited)
        return _guessed(snapshot, spaces, side.unlimited)
    found = covers.protocols & protocols
    listening = connected = found
    if covers.states is not None:
        listening = found if State.LISTEN in covers.states else found - {"tcp", "mptcp"}
        connected = found if covers.states >= _CONNECTED else found - {"tcp", "mptcp"}
        if covers.states <= {State.LISTEN, State.BOUND}:
            connected = frozenset()
    return Sight(listening, connected, _read(snapshot, spaces), side.unlimited)


def _read(snapshot: Snapshot, spaces: Mapping[int | None, str]) -> frozenset[str] | None:
    """Return the namespaces that were read. Where the own one and others were, all of them were asked for."""
    covers = snapshot.covers
    if covers is None or covers.netns is None:
        return frozenset({OWN, *spaces.values()})
    read = frozenset(spaces.get(each.id, OWN) for each in covers.netns)
    refused = any(notice.code in ("netns_denied", "netns_late") for notice in snapshot.notices)
    return None if len(read) > 1 and OWN in read and not refused else read


def _guessed(snapshot: Snapshot, spaces: Mapping[int | None, str], whole: bool) -> Sight:
    listening: set[str] = set()
    connected: set[str] = set()
    for socket in snapshot.sockets:
        (connected if socket.remote is not None else listening).add(socket.protocol)
    for found in (listening, connected):
        if "udp" in found:
            found.add("udplite")
    return Sight(frozenset(listening), frozenset(connected), frozenset({OWN, *spaces.values()}), whole)


def uncovered(
    old: Sight, new: Sight, present: Mapping[str, Iterable[Place]], protocols: frozenset[str], connections: bool
) -> list[Blind]:
    """Return what one side covers and the other does not. `present`: the places of each side."""
    found = []
    for mine, theirs, side, other in ((old, new, OLD, NEW), (new, old, NEW, OLD)):
        listed = {place.protocol for place in present[other] if place.direction is None}
        used = {place.protocol for place in present[other] if place.direction is not None}
        for text, lacking, having in (
            ("what listens on {}: the {} side does not cover it", theirs.listening - mine.listening, listed),
            ("connections of {}: the {} side does not cover them", theirs.connected - mine.connected, used),
        ):
            named = sorted(name for name in lacking & protocols if name in having or name in _COMMON)
            if named and (connections or having is listed):
                sentence = text.format(" and ".join(name.upper() for name in named), side)
                found.append(Blind("protocol", side, None, sentence, "portsock sockets --json records all of it"))
    return found


def incomplete(side: str, snapshot: Snapshot) -> list[Blind]:
    """Return what a side says of itself that it lacks. Owners are left out: they are said port by port."""
    return [
        Blind("incomplete", side, notice.amount, f"{_WHICH[side]}: {notice.message}")
        for notice in snapshot.notices
        if notice.incomplete and not notice.silent and notice.code not in _SAY_NOTHING
    ]


_WHICH = {OLD: "the old side", NEW: "the new side"}


def notices_of_move(moved: int, on_demand: int) -> tuple[Notice, ...]:
    """Return remarks on what is no change."""
    found = []
    if moved:
        text = "1 port that the system picked has" if moved == 1 else f"{moved} ports that the system picked have"
        found.append(Notice("ports_moved", moved, f"{text} another number for the same program: no change", False))
    if on_demand:
        text = "1 socket" if on_demand == 1 else f"{on_demand} sockets"
        found.append(
            Notice("services_on_demand", on_demand, f"{text} of systemd: the service runs on one side only: no change", False)
        )
    return tuple(found)
