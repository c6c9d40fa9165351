"""Who can really connect to a port, in a word or as few networks."""

from portsock.addresses import scope
from portsock.model import Exposure, Port, Scope
from portsock.reachability import Reach, Reachable

ALL, LAN, LO, FILTERED, UNKNOWN = "all", "lan", "lo", "filtered", "?"
_MOST = 2
"""Networks that are listed; more are counted, or 'lan' where all are private."""
_NEAR = frozenset({Scope.PRIVATE, Scope.LINK, Scope.SHARED})
_EVERYBODY = frozenset({"0.0.0.0/0", "::/0"})
_LIKE = {Exposure.ALL: ALL, Exposure.PUBLIC: ALL, Exposure.LOOPBACK: LO}


def reach_text(reach: Reach | None) -> str:
    """Return the cell: 'all', 'lan', 'lo', '10.0.0.0/8', 'filtered', '?', 'to 10.0.0.2:80'.

    A '?' at the end: perhaps others, too.
    """
    if reach is None:
        return ""
    outside = [(source, verdict) for source, verdict in reach.sources if source != LO]
    if reach.verdict is Reachable.REDIRECT and reach.to is not None:
        return _destination(*reach.to)
    if not reach.sources or (outside and all(verdict is Reachable.UNKNOWN for _, verdict in outside)):
        return UNKNOWN
    unsure = UNKNOWN if any(verdict is Reachable.UNKNOWN for _, verdict in outside) else ""
    admitted = [source for source, verdict in outside if verdict in (Reachable.ACCEPT, Reachable.REDIRECT, Reachable.MIXED)]
    if not admitted:
        here = any(source == LO and verdict is Reachable.ACCEPT for source, verdict in reach.sources)
        return (LO if here else FILTERED) + (f",{unsure}" if unsure else "")
    if len(admitted) == len(outside) and any(source in _EVERYBODY for source in admitted):
        return ALL
    return _networks(admitted, outside) + (f",{unsure}" if unsure else "")


def _networks(admitted: list[str], outside: list[tuple[str, Reachable]]) -> str:
    kept_out = [source for source, verdict in outside if verdict in (Reachable.DROP, Reachable.REJECT)]
    if any(source in _EVERYBODY for source in admitted):  # one IP version, or all but a few
        return f"{ALL} {','.join(sorted(source for source in admitted if source in _EVERYBODY))}"
    if len(kept_out) < len(admitted) and len(kept_out) <= _MOST and not any(source in _EVERYBODY for source in kept_out):
        return f"{ALL} but {','.join(kept_out)}"
    if len(admitted) <= _MOST:
        return ",".join(admitted)
    near = all(scope(source.partition("%")[0].partition("/")[0]) in _NEAR for source in admitted)
    return LAN if near else f"{len(admitted)} networks"


def _destination(address: str, port: int) -> str:
    return f"to [{address}]:{port}" if ":" in address else f"to {address}:{port}"


def says_more(row: Port) -> bool:
    """Tell whether the reach of a port is another than its exposure says."""
    if row.reach is None:
        return False
    return reach_text(row.reach) != (ALL if row.exposure is None else _LIKE.get(row.exposure, ALL))
