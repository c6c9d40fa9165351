"""The scope of an address, and who could reach a socket bound to it.

Own tables rather than ipaddress's is_private and friends: those call loopback, the wildcard and documentation networks
private, 100.64.0.0/10 neither private nor global, and multicast global. The tables follow the IANA special-purpose address
registries (RFC 6890) and RFC 4007 for zones.
"""

from collections.abc import Callable
from functools import cache, lru_cache

from portsock.model import Exposure, Scope

WILDCARDS = frozenset({"0.0.0.0", "::", "*"})

_V4: tuple[tuple[int, int, Scope], ...] = (
    (0x00000000, 32, Scope.UNSPECIFIED), (0xFFFFFFFF, 32, Scope.BROADCAST),
    (0x7F000000, 8, Scope.LOOPBACK), (0xA9FE0000, 16, Scope.LINK),
    (0x0A000000, 8, Scope.PRIVATE), (0xAC100000, 12, Scope.PRIVATE), (0xC0A80000, 16, Scope.PRIVATE),
    (0x64400000, 10, Scope.SHARED), (0xE0000000, 4, Scope.MULTICAST),
    (0xC0000200, 24, Scope.DOCUMENTATION), (0xC6336400, 24, Scope.DOCUMENTATION), (0xCB007100, 24, Scope.DOCUMENTATION),
    (0x00000000, 8, Scope.RESERVED), (0xF0000000, 4, Scope.RESERVED), (0xC6120000, 15, Scope.RESERVED),
    (0xC0000000, 24, Scope.RESERVED),
)  # fmt: skip
"""Network, prefix length, scope. The first match counts."""

_V6: tuple[tuple[int, int, Scope], ...] = (
    (0, 128, Scope.UNSPECIFIED), (1, 128, Scope.LOOPBACK), (0xFE80 << 112, 10, Scope.LINK),
    (0xFC00 << 112, 7, Scope.PRIVATE), (0xFEC0 << 112, 10, Scope.PRIVATE), (0x0064FF9B0001 << 80, 48, Scope.PRIVATE),
    (0xFF00 << 112, 8, Scope.MULTICAST),
    (0x20010DB8 << 96, 32, Scope.DOCUMENTATION), (0x3FFF << 112, 20, Scope.DOCUMENTATION),
    (0x200100020000 << 80, 48, Scope.RESERVED),
    (0x2000 << 112, 3, Scope.GLOBAL), (0x0064FF9B << 96, 96, Scope.GLOBAL),
)  # fmt: skip
"""fec0::/10 was site-local (RFC 3879), 64:ff9b:1::/48 is for translation inside a site (RFC 8215), 2001:2::/48 for benchmarks
(RFC 5180). An address in no row, such as the discard-only 100::/64 (RFC 6666), is reserved."""

_EXPOSURE: dict[Scope, Exposure | None] = {
    Scope.UNSPECIFIED: Exposure.ALL, Scope.LOOPBACK: Exposure.LOOPBACK, Scope.LINK: Exposure.LINK,
    Scope.BROADCAST: Exposure.LINK, Scope.PRIVATE: Exposure.PRIVATE, Scope.SHARED: Exposure.SHARED,
    Scope.GLOBAL: Exposure.PUBLIC, Scope.DOCUMENTATION: None, Scope.RESERVED: None,
}  # fmt: skip
"""None for addresses that no network uses: the registries say only that not everyone can reach them."""

_MULTICAST_SCOPES = {"0": None, "1": Exposure.LOOPBACK, "2": Exposure.LINK, **dict.fromkeys("345678", Exposure.PRIVATE)}
"""By the fourth hexadecimal digit of an IPv6 multicast address (RFC 4291, 2.7; RFC 7346). 0 is reserved, 3 to 8 are realms,
sites and organizations. The digits that are missing here have no limit."""
_ORDER = tuple(Exposure)


def unmap(address: str) -> str:
    """Return the IPv4 address of an IPv4-mapped IPv6 one ('::ffff:10.0.0.1' → '10.0.0.1'), any other address unchanged."""
    if address[:7].lower() == "::ffff:" and "." in address and ":" not in address[7:]:
        return address[7:]
    return address


@cache
def _inet_pton() -> tuple[Callable[[int, str], bytes], int, int]:
    """Return the function and its families. Most commands need none: the import takes a millisecond of their start."""
    from socket import AF_INET, AF_INET6, inet_pton

    return inet_pton, AF_INET, AF_INET6


def number_of(address: str) -> tuple[int, int] | None:
    """Return (4 or 6, the address as a number), or None where the text is not a complete address without a zone."""
    inet_pton, inet, inet6 = _inet_pton()
    version, family = (6, inet6) if ":" in address else (4, inet)
    try:
        return version, int.from_bytes(inet_pton(family, address))
    except (OSError, ValueError):
        return None


def needs_zone(address: str) -> bool:
    """Tell whether an IPv6 address means nothing without its zone: link-local, or multicast within an interface or a link."""
    parsed = number_of(address)
    if parsed is None or parsed[0] == 4:
        return False
    first = parsed[1] >> 112
    return first & 0xFFC0 == 0xFE80 or (first >> 8 == 0xFF and first & 0xF in {1, 2})


@lru_cache(maxsize=256)
def _v4_rows(octet: int) -> list[tuple[int, int, Scope]]:
    """Return the rows of _V4 in which an address can be that begins with this octet."""
    return [row for row in _V4 if row[0] >> 24 == octet or (row[1] < 8 and (row[0] >> 24 ^ octet) >> (8 - row[1]) == 0)]


@lru_cache(maxsize=65536)
def scope(address: str | None) -> Scope | None:
    """Return the scope of an address without zone. '*' is unspecified. None where the text is no address."""
    if address is None:
        return None
    if address in WILDCARDS:
        return Scope.UNSPECIFIED
    parsed = number_of(address)
    if parsed is None:
        return None
    version, value = parsed
    if version == 6 and value >> 32 == 0xFFFF:  # IPv4-mapped, dotted or not
        version, value = 4, value & 0xFFFFFFFF
    bits, table, rest = (32, _v4_rows(value >> 24), Scope.GLOBAL) if version == 4 else (128, _V6, Scope.RESERVED)
    for network, length, found in table:
        if (value ^ network) >> (bits - length) == 0:
            return found
    return rest


def exposure(address: str | None) -> Exposure | None:
    """Return who could reach a socket bound to this address, before any firewall.

    None where the text is no address, and for documentation and reserved addresses, which no network uses.
    """
    found = scope(address)
    if found is None or address is None:
        return None
    if found is Scope.MULTICAST:
        return _multicast_exposure(unmap(address))
    return _EXPOSURE[found]


def _multicast_exposure(address: str) -> Exposure | None:
    """Return the exposure of a multicast address.

    224.0.0.0/24 is never forwarded (RFC 5771, 4). 239.0.0.0/8 stays within the administrative boundary (RFC 2365, 6). An IPv6
    address contains its own scope.
    """
    if ":" in address:
        return _MULTICAST_SCOPES.get(address[3], Exposure.PUBLIC)
    if address.startswith("224.0.0."):
        return Exposure.LINK
    return Exposure.PRIVATE if address.startswith("239.") else Exposure.PUBLIC


def widest(exposures: list[Exposure | None]) -> Exposure | None:
    """Return the widest of several exposures, or None where none is known."""
    known = [item for item in exposures if item is not None]
    return max(known, key=_ORDER.index) if known else None
