"""Who can really connect to a port, in a word or as few networks."""

from portsock.addresses import scope
from portsock.endpoints import bracketed
from portsock.model import Exposure, Port, Scope
from portsock.reachability import Reach, Reachable

ALL, LAN, LO, FILTERED, UNKNOWN = "all", "lan", "lo", "filtered", "?"
_MOST = 2
"""Networks that are listed; more are counted, or 'lan' where all are private."""
_NEAR = frozenset({Scope.PRIVATE, Scope.LINK, Scope.SHARED})
_VERSIONS = {"0.0.0.0/0": "IPv4", "::/0": "IPv6"}
_LIKE = {Exposure.ALL: ALL, Exposure.PUBLIC: ALL, Exposure.LOOPBACK: LO}
_ADMITTED = frozenset({Reachable.ACCEPT, Reachable.REDIRECT, Reachable.MIXED})
_KEPT_OUT = frozenset({Reachable.DROP, Reachable.REJECT})


def reach_text(reach: Reach | None) -> str:
    """Return the cell: 'all', 'lan', 'lo', '10.0.0.0/8', 'filtered', '?', 'to 10.0.0.2:80'.

    A '?' at the end: perhaps others, too.
    """
    if reach is None:
        return ""
    outside = [(each.source, each.verdict) for each in reach.sources if each.source != LO]
    if reach.verdict is Reachable.REDIRECT and reach.to is not None:
        return f"to {bracketed(reach.to[0])}:{reach.to[1]}"
    if not reach.sources or (outside and all(verdict is Reachable.UNKNOWN for _, verdict in outside)):
        return UNKNOWN
    unsure = f",{UNKNOWN}" if any(verdict is Reachable.UNKNOWN for _, verdict in outside) else ""
    admitted = [source for source, verdict in outside if verdict in _ADMITTED]
    if admitted:
        return _networks(admitted, [source for source, verdict in outside if verdict in _KEPT_OUT], reach.left_out) + unsure
    here = any(each.source == LO and each.verdict is Reachable.ACCEPT for each in reach.sources)
    return (LO if here else FILTERED) + unsure


def _networks(admitted: list[str], kept_out: list[str], left_out: int) -> str:
    """Return the shortest true text for those that are let in, where these others are kept out."""
    everybody = [source for source in admitted if source.partition("%")[0] in _VERSIONS]
    if not everybody:
        number = len(admitted) + left_out
        if number <= _MOST:
            return ",".join(map(_network, admitted))
        near = not left_out and all(scope(source.partition("%")[0].partition("/")[0]) in _NEAR for source in admitted)
        return LAN if near else f"{number} networks"
    versions = {_version(source) for source in (*admitted, *kept_out)}
    if {_version(source) for source in everybody if "%" not in source} < versions:
        return ",".join(dict.fromkeys(_everybody(source, versions) for source in everybody))
    if len(kept_out) + left_out <= _MOST:
        return f"{ALL} but {','.join(map(_network, kept_out))}" if kept_out else ALL
    return f"{ALL} but {len(kept_out) + left_out} networks"


def _everybody(source: str, versions: set[int]) -> str:
    """Return 'all', or the IP version where there are two of which one is let in; with the device."""
    network, sign, device = source.partition("%")
    return (ALL if len(versions) == 1 else _VERSIONS[network]) + sign + device


def _version(source: str) -> int:
    return 6 if ":" in source else 4


def _network(source: str) -> str:
    """Return a network without the length of a single address; for everybody on a device its name."""
    network, sign, device = source.partition("%")
    if network in _VERSIONS and device:
        return device
    return network.removesuffix("/32" if _version(source) == 4 else "/128") + sign + device


def says_more(row: Port) -> bool:
    """Tell whether the reach of a port is another than its exposure says."""
    if row.reach is None:
        return False
    return reach_text(row.reach) != (ALL if row.exposure is None else _LIKE.get(row.exposure, ALL))
