"""Who can really connect: the packet filters are read, and asked about the ports of an answer."""

from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING

from portsock.cli.options import Collecting, Reaching
from portsock.errors import UsageError
from portsock.model import PASSIVE, Notice, Port, Snapshot

if TYPE_CHECKING:
    from portsock.explain.types import Remote
    from portsock.reach.ports import Judge
    from portsock.rulesets import PacketFilter

Place = tuple[str | None, int | None]
"""The label of a listing's host, and the number of a network namespace."""
_LIMITS = (
    "reach is what the packet filter decides; XDP, tc, BPF of control groups, security modules and other hosts are not asked"
)
_ROOT = "reading the rules takes root"
_UNREAD = "the packet filter cannot be read ({why}): who can really connect is not known"


def check(reaching: Reaching, collect: Collecting) -> None:
    """Raise UsageError for options that make no sense together, or a source that is no address."""
    if reaching.rules and not collect.captures:
        raise UsageError("--rules without --from: the rules of this system are read by themselves; leave the option out")
    if reaching.source:
        from ipaddress import ip_network

        for text in reaching.source:
            try:
                ip_network(text.partition("%")[0], strict=False)
            except ValueError:
                raise UsageError(
                    f"--source {text}: no address or network; write 192.0.2.7, 192.0.2.0/24 or ADDR%eth0"
                ) from None


def wanted(reaching: Reaching) -> bool:
    """Tell whether reach was asked for by an option."""
    return bool(reaching.reach or reaching.rules or reaching.source)


class Filters:
    """The packet filters for the answers of one run, each read once."""

    def __init__(self, reaching: Reaching, collect: Collecting) -> None:
        self.collect = collect
        self.sources = tuple(reaching.source or ())
        self.asked = wanted(reaching)
        self._reaching = reaching
        self._found: dict[Place, PacketFilter] = {}
        self._judges: dict[Place, Judge | None] = {}
        self._places: set[Place] = set()

    def of(self, snapshot: Snapshot) -> "Mapping[Place, Judge | None]":
        """Return the packet filters of our own namespace and of those with waiting sockets; None where there are no rules.

        Where rules may not be read there is nothing, unless reach was asked for by an option.
        """
        places = {
            (socket.host, socket.netns.id if socket.netns else None) for socket in snapshot.sockets if socket.role in PASSIVE
        }
        if not self.collect.captures:
            places.add(_own(snapshot))
        if new := places - self._places:
            self._places |= new
            found, empty = packet_filters(new, self._reaching, self.collect, snapshot, asked=self.asked)
            self._found |= found
            self._judges |= dict.fromkeys(empty) | judges(found)
        return self._judges

    def with_rules(self, remote: "Remote | None", snapshot: Snapshot, uid: int | None) -> "Remote | None":
        """Return the way to another host with what the rules of our own namespace do with its packets."""
        path = remote and remote.path
        if remote is None or path is None or path.errno is not None or path.source is None or path.device is None:
            return remote
        from portsock.reach.types import Outcome, Probe

        self.of(snapshot)
        place = _own(snapshot)
        own = self._found.get(place)
        if own is None:
            known = place in self._judges
            return remote._replace(outcome=Outcome("accept" if known else "unknown", (), reasons=() if known else (_ROOT,)))
        from portsock.reach.outgoing import outgoing

        probe = Probe(remote.protocol, remote.address, remote.port)
        return remote._replace(outcome=outgoing(*own, probe, path.source, path.device, uid))

    def notices(self) -> tuple[Notice, ...]:
        """Return what was not read of the rules."""
        return notices(self._found, self.asked)


def _own(snapshot: Snapshot) -> Place:
    """Return the place of the network namespace that portsock runs in."""
    point = snapshot.viewpoint
    return None, point.netns.id if point and point.netns else None


def judges(filters: "Mapping[Place, PacketFilter]") -> "dict[Place, Judge]":
    """Return what judges probes by each packet filter."""
    if not filters:
        return {}
    from portsock.reach.ports import Judge

    return {place: Judge(each) for place, each in filters.items()}


def packet_filters(
    places: Collection[Place], reaching: Reaching, collect: Collecting, snapshot: Snapshot, *, asked: bool
) -> "tuple[Mapping[Place, PacketFilter], Collection[Place]]":
    """Return the packet filter of each place that has one, and the places that have no rules.

    With `asked`, a place without rules has a packet filter, too, and one whose rules may not be read has one that says so.
    Raises UsageError for a file of rules that cannot be read.
    """
    if collect.captures:
        return (_captured(places, reaching) if reaching.rules else {}), ()
    if snapshot.host.system != "Linux":
        return {}, ()
    from portsock.sources.linux.firewall.filters import load

    found = load({number for _, number in places}, always=asked)
    return {(None, number): each for number, each in found.filters.items()}, {(None, number) for number in found.empty}


def _captured(places: Collection[Place], reaching: Reaching) -> "Mapping[Place, PacketFilter]":
    """Read --rules: a file without a label is of every host that has no file of its own."""
    from portsock.network import Network
    from portsock.parse.rulesets import read
    from portsock.rulesets import PacketFilter
    from portsock.sources.capture import read_whole
    from portsock.sources.inputs import split_label

    files = [split_label(text) for text in reaching.rules or ()]
    rules: dict[str | None, PacketFilter] = {}
    for label, path in files:
        text = read_whole(path)
        try:
            rules[label] = PacketFilter(read(text), Network(known=False))
        except UsageError as error:
            raise UsageError(f"{'stdin' if path == '-' else path}: {error}") from None
    hosts = {host for host, _ in places}
    for label in rules:
        if label is not None and label not in hosts:
            raise UsageError(f"--rules {label}=...: no listing has this label; give it to --from, too")
    return {place: rules.get(place[0]) or rules[None] for place in places if place[0] in rules or None in rules}


def notices(filters: "Mapping[Place, PacketFilter]", asked: bool) -> tuple[Notice, ...]:
    """Return what was not read of the rules that somebody asked for."""
    refusals = dict.fromkeys(each.rules.refused for each in filters.values() if each.rules.refused)
    found = [Notice("rules_unread", None, _UNREAD.format(why=why)) for why in refusals] if asked else []
    if asked and any(not each.rules.refused for each in filters.values()):
        found.append(Notice("reach_limits", None, _LIMITS, incomplete=False))
    parts = dict.fromkeys(part for each in filters.values() for part in each.rules.not_read)
    if parts:
        found.append(Notice("rules_not_modelled", len(parts), f"rules that were not read: {'; '.join(parts)}"))
    return tuple(found)


def with_reach(
    ports: Sequence[Port], reaching: Reaching, collect: Collecting, snapshot: Snapshot, *, asked: bool
) -> tuple[Sequence[Port], tuple[Notice, ...]]:
    """Return the ports with who can really connect to them, and notices about what is not known of that."""
    places = {(port.host, port.netns.id if port.netns else None) for port in ports}
    filters, _ = packet_filters(places, reaching, collect, snapshot, asked=asked)
    if not asked and not filters:
        return ports, ()
    from portsock.output.cells.reach import says_more
    from portsock.reach.ports import reach_of

    sources = tuple(reaching.source or ())
    by_place = judges(filters)
    found = [
        port._replace(reach=reach_of(port.sockets, by_place.get((port.host, port.netns.id if port.netns else None)), sources))
        for port in ports
    ]
    if not asked and not any(map(says_more, found)):
        return ports, ()
    return found, (*notices(filters, asked), *_unknown_notices(found, filters, collect))


def _unknown_notices(
    ports: Sequence[Port], filters: "Mapping[Place, PacketFilter]", collect: Collecting
) -> tuple[Notice, ...]:
    if filters:
        return ()
    why = "a listing does not have it; --rules FILE reads it" if collect.captures else "only that of Linux is read"
    return (Notice("rules_unread", len(ports), _UNREAD.format(why=why)),)
