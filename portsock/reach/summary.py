"""The outcomes for all addresses and devices of a port as one answer: who is let in, and what keeps everybody else out."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from portsock.addresses import scope
from portsock.model import Scope
from portsock.network import Network
from portsock.reach.sources import network as range_of
from portsock.reach.types import Outcome, Probe
from portsock.reachability import Reach, Reachable, Verdict

HERE = "lo"
"""As a source: this host itself."""
EVERYBODY = {4: "0.0.0.0/0", 6: "::/0"}
LEFT_OUT = "{count} more networks, or more, which are not listed"
_REST = "*"
"""In Outcome.devices: every device that no rule names."""
_ORDER = tuple(Reachable)
_KEPT_OUT = frozenset({Reachable.DROP, Reachable.REJECT})


class _Division(NamedTuple):
    """What becomes of the packets on one device: of those of some networks, and of everybody else."""

    rest: Verdict | None
    """None where only certain sources were asked about."""
    exceptions: tuple[Verdict, ...]


def summarize(probed: Sequence[tuple[Probe, Sequence[Outcome]]], network: Network, not_read: tuple[str, ...]) -> Reach:
    """Return the answer to the probes of one port."""
    found: list[Verdict] = []
    own = {address.partition("/")[0] for device in network.devices for address in device.addresses}
    for version in EVERYBODY:
        # What is the same for several addresses is divided once.
        outside = {
            (id(outcomes), probe.device, probe.sources): (probe, outcomes)
            for probe, outcomes in probed
            if _version(probe.destination) == version and not _only_here(probe, own)
        }
        found += _joined([_divisions(probe, outcomes, network) for probe, outcomes in outside.values()])
    here = [_verdict(HERE, outcome) for probe, outcomes in probed for outcome in outcomes if _is_here(probe, outcome, own)]
    if here:
        found.append(_agreed(here))
    reasons = dict.fromkeys(reason for _, outcomes in probed for outcome in outcomes for reason in outcome.reasons)
    limits = dict.fromkeys(limit for _, outcomes in probed for outcome in outcomes for limit in outcome.limits)
    left_out = max((sum(outcome.left_out for outcome in outcomes) for _, outcomes in probed), default=0)
    more = (LEFT_OUT.format(count=left_out),) if left_out else ()
    return _reach(found, (*not_read, *reasons, *more), tuple(limits))._replace(left_out=left_out)


def _reach(verdicts: list[Verdict], not_read: tuple[str, ...], limits: tuple[str, ...]) -> Reach:
    outside = [each for each in verdicts if each.source != HERE]
    kinds = {each.verdict for each in outside or verdicts}
    whole = kinds.pop() if len(kinds) == 1 else Reachable.MIXED if kinds else Reachable.DROP
    verdicts.sort(key=lambda each: (each.source in EVERYBODY.values(), _ORDER.index(each.verdict), each.source == HERE))
    deciding = _deciding(outside or verdicts)
    rule, to = (deciding.rule, deciding.to) if deciding is not None else (None, None)
    return Reach(whole, tuple(verdicts), rule, to, not_read, limits)


def _deciding(verdicts: Sequence[Verdict]) -> Verdict | None:
    """Return the one whose rule is quoted first: what sends packets elsewhere, then what keeps out everybody else."""
    for kinds in ({Reachable.REDIRECT}, _KEPT_OUT, {Reachable.ACCEPT}):
        found = [each for each in verdicts if each.verdict in kinds]
        if found:
            return next((each for each in found if _is_everybody(each.source)), found[0])
    return None


def _only_here(probe: Probe, own: set[str]) -> bool:
    """Tell whether no packet from elsewhere is asked about."""
    return probe.device == HERE or (bool(probe.sources) and all(source in own for source in probe.sources))


def _is_here(probe: Probe, outcome: Outcome, own: set[str]) -> bool:
    """Tell whether the packets are this host's own: they come over lo, from one of its addresses."""
    if probe.sources and not all(source in own or scope(source) is Scope.LOOPBACK for source in probe.sources):
        return False
    return probe.device == HERE or (probe.device is None and (HERE in outcome.devices or not outcome.devices))


def _is_everybody(source: str) -> bool:
    return source.partition("%")[0] in EVERYBODY.values()


def _version(text: str) -> int:
    return 6 if ":" in text else 4


def _verdict(source: str, outcome: Outcome) -> Verdict:
    kind = Reachable(outcome.verdict)
    if kind is Reachable.ACCEPT and outcome.to is not None:
        return Verdict(source, Reachable.REDIRECT, outcome.to_rule, outcome.to)
    return Verdict(source, kind, outcome.rule, None, outcome.how)


def _agreed(verdicts: Sequence[Verdict]) -> Verdict:
    """Return what all of them say; MIXED where they differ."""
    first = verdicts[0]
    return first if all(each.verdict is first.verdict for each in verdicts) else Verdict(first.source, Reachable.MIXED)


def _divisions(probe: Probe, outcomes: Sequence[Outcome], network: Network) -> dict[str, _Division]:
    """Return the division on each device that packets can come in through. Ports of a bridge are none: the bridge is."""
    kinds = {device.ifindex: device.kind for device in network.devices}
    ports = {device.name for device in network.devices if kinds.get(device.master or 0, "vrf") != "vrf"}
    named = {name for outcome in outcomes for name in outcome.devices}
    known = {device.name for device in network.devices if device.up and not device.loopback}
    every = [probe.device] if probe.device is not None else sorted((known | named | {_REST}) - ports - {HERE})
    if network.known and probe.device is None and _REST not in named:
        every.remove(_REST)
    found: dict[str, _Division] = {}
    for name in every:
        mine = [
            each
            for each in outcomes
            if not each.devices or name in each.devices or (name not in named and _REST in each.devices)
        ]
        if mine:
            found[name] = _division(mine, bool(probe.sources), _version(probe.destination))
    return found


def _division(outcomes: Sequence[Outcome], asked: bool, version: int) -> _Division:
    """Name the outcome with most addresses once, as that of everybody else."""
    widest = None if asked else max(outcomes, key=lambda each: (_size(each), each.sources == (EVERYBODY[version],)))
    exceptions = tuple(_verdict(source, each) for each in outcomes if each is not widest for source in each.sources)
    return _Division(widest and _verdict(EVERYBODY[version], widest), exceptions)


def _size(outcome: Outcome) -> int:
    if outcome.addresses is not None:
        return outcome.addresses
    return sum(_width(source) for source in outcome.sources) - sum(_width(source) for source in outcome.apart)


def _width(source: str) -> int:
    _, _, length = source.partition("/")
    bits = 128 if ":" in source else 32
    return 1 << bits - int(length or bits)


def _joined(divided: Sequence[dict[str, _Division]]) -> Iterator[Verdict]:
    """Yield the verdicts for all addresses: with the device where it decides."""
    by_device: dict[str, list[_Division]] = {}
    for divisions in divided:
        for device, division in divisions.items():
            by_device.setdefault(device, []).append(division)
    merged = {device: _merged(divisions) for device, divisions in by_device.items()}
    if not merged:
        return
    numbers = Counter(merged.values())
    usual = merged.get(_REST) or max(merged.values(), key=lambda each: (numbers[each], _admits(each)))
    yield from _verdicts(usual, "")
    for device, division in merged.items():
        if division != usual:
            yield from _verdicts(division, f"%{device}")


def _admits(division: _Division) -> bool:
    return division.rest is not None and division.rest.verdict is Reachable.ACCEPT


def _verdicts(division: _Division, device: str) -> Iterator[Verdict]:
    for each in (*division.exceptions, *([division.rest] if division.rest is not None else [])):
        yield each._replace(source=each.source + device)


def _merged(divisions: Sequence[_Division]) -> _Division:
    """Return the division of several addresses of this host; what only some of them let in is MIXED."""
    first = divisions[0]
    if all(each == first for each in divisions):
        return first
    sources = dict.fromkeys(each.source for division in divisions for each in division.exceptions)
    tables = [_Table(division) for division in divisions]
    exceptions = tuple(_agreed([table.of(source) for table in tables]) for source in sources)
    return _Division(first.rest and _agreed([each.rest for each in divisions if each.rest is not None]), exceptions)


class _Table:
    """The verdicts of one division by network, for the narrowest that has another one."""

    def __init__(self, division: _Division) -> None:
        self._rest = division.rest
        self._known = {_low_and_width(each.source): each for each in division.exceptions}

    def of(self, source: str) -> Verdict:
        """Return the verdict of a network."""
        low, width = _low_and_width(source)
        whole = 1 << (128 if ":" in source else 32)
        while width <= whole:
            found = self._known.get((low & -width, width))
            if found is not None:
                return found._replace(source=source)
            width <<= 1
        return self._rest._replace(source=source) if self._rest is not None else Verdict(source, Reachable.UNKNOWN)


def _low_and_width(source: str) -> tuple[int, int]:
    low, high = range_of(source)
    return low, high - low + 1
