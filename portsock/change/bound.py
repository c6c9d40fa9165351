"""Which bound addresses cover which, and what becomes of a program whose addresses changed."""

from collections.abc import Iterable, Set
from functools import lru_cache

from portsock.addresses import exposure, number_of, unmap, widest
from portsock.change.types import Kind
from portsock.model import Exposure, Family, InetEndpoint, Port

UNSURE = "::?"
"""'::' of a listing that does not say whether the socket takes IPv4, too."""

_ORDER = tuple(Exposure)


def bound_addresses(ports: Iterable[Port]) -> frozenset[str]:
    """Return the addresses of these rows, without those that another one covers."""
    found: set[str] = set()
    for port in ports:
        unsure = any(
            socket.family is Family.IPV6
            and socket.v6only is None
            and isinstance(socket.local, InetEndpoint)
            and socket.local.address == "::"
            for socket in port.sockets
        )
        found |= {UNSURE if unsure and text == "::" else _plain(text) for text in port.addresses}
    return widest_only(found)


def _plain(text: str) -> str:
    """Return an IPv4 address that is written as IPv6 (RFC 4291, 2.5.5.2) as IPv4."""
    if not text.startswith("::ffff:"):
        return text
    address, sign, device = text.partition("%")
    return unmap(address) + sign + device


def widest_only(found: Iterable[str]) -> frozenset[str]:
    """Leave out what another address covers; both wildcards together are '*'."""
    addresses = set(found)
    if UNSURE in addresses:
        addresses.discard("::")
    if "0.0.0.0" in addresses and ("::" in addresses or UNSURE in addresses):
        addresses.add("*")
    return frozenset(text for text in addresses if not _covering(addresses, text))


_WILDCARDS = ("*", "0.0.0.0", "::", UNSURE)


def is_covered(text: str, addresses: Set[str]) -> bool:
    """Tell whether one of the addresses gets all that this one gets."""
    return text in addresses or _covering(addresses, text)


def _covering(addresses: Set[str], text: str) -> bool:
    """Tell whether another one of the addresses covers this one. Only wildcards do, without a device or with the same one."""
    device = text.partition("%")[1:]
    wide = [*_WILDCARDS, *(wild + "".join(device) for wild in _WILDCARDS if device[0])]
    return any(other in addresses and other != text and covers(other, text) for other in wide)


@lru_cache(maxsize=65536)
def covers(wide: str, narrow: str) -> bool:
    """Tell whether what is bound to the first address gets all that the second one gets."""
    if wide == narrow:
        return True
    address, _, device = wide.partition("%")
    other, _, others = narrow.partition("%")
    if address not in _WILDCARDS or (device and device != others):
        return False
    if address in ("*", UNSURE) or other == address:
        return True
    return other not in ("*", UNSURE) and (":" in other) == (address == "::")


def agree(old: frozenset[str], new: frozenset[str]) -> tuple[frozenset[str], frozenset[str]]:
    """Return both with what a listing leaves open read as the other side has it, else as both families."""
    sure_old, sure_new = (_settled(mine, other) for mine, other in ((old, new), (new, old)))
    return sure_old, sure_new


def _settled(mine: frozenset[str], other: frozenset[str]) -> frozenset[str]:
    if UNSURE not in mine:
        return mine
    return widest_only(mine - {UNSURE} | {"::" if "::" in other else "*"})


def difference(old: frozenset[str], new: frozenset[str]) -> tuple[Kind, ...]:
    """Return what became of a program whose addresses were these and are those; nothing where they offer the same."""
    if old == new:
        return ()
    if all(is_covered(text, new) for text in old):
        return (Kind.WIDENED,)
    if all(is_covered(text, old) for text in new):
        return (Kind.NARROWED,)
    before, after = (_rank(exposed(addresses)) for addresses in (old, new))
    if before == after:
        return (Kind.CLOSED, Kind.OPENED)
    return (Kind.WIDENED,) if before < after else (Kind.NARROWED,)


def _rank(found: Exposure | None) -> int:
    """Return the place of an exposure among all; that of addresses which no network uses counts as public."""
    return _ORDER.index(Exposure.PUBLIC if found is None else found)


def exposed(addresses: Iterable[str]) -> Exposure | None:
    """Return who could reach the widest of these addresses."""
    return widest([exposure("*" if text == UNSURE else text.partition("%")[0]) for text in addresses])


def shown(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return the addresses as text, IPv4 first."""
    return tuple(sorted(("::" if text == UNSURE else text for text in addresses), key=lambda text: (":" in text, text)))


def network(address: str) -> str:
    """Return the network of a peer: 'loopback', the /24 of an IPv4 address, the /64 of an IPv6 address, else the text."""
    if exposure(address) is Exposure.LOOPBACK:
        return "loopback"
    plain = unmap(address)
    parsed = number_of(plain)
    if parsed is None:
        return address
    if parsed[0] == 4:
        return plain.rpartition(".")[0] + ".0/24"
    return f"{_ipv6(parsed[1] >> 64 << 64)}/64"


def _ipv6(value: int) -> str:
    from socket import AF_INET6, inet_ntop

    return inet_ntop(AF_INET6, value.to_bytes(16))
