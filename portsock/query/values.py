"""Parse the text of ports, addresses, networks and states, as people and tools write them.

Only complete addresses in the textual forms of RFC 4291 and inet_pton(3) count: '127.1' and '010.0.0.1' do not.
"""

from collections.abc import Callable
from typing import NamedTuple

from portsock.addresses import number_of
from portsock.enums import GROUPS, State, parse_state
from portsock.errors import UsageError

Resolve = Callable[[str], list[str]]
"""Return the addresses of a host name; raise OSError, or return none, where there are none."""

_DIGITS = frozenset("0123456789")
_LOCALHOST = ("127.0.0.1", "::1")


class Network(NamedTuple):
    """The addresses that share their first `length` bits with `value`."""

    address: str
    """The lowest address, as inet_ntop prints it."""
    version: int
    """4 or 6."""
    value: int
    length: int

    @property
    def single(self) -> bool:
        """Tell whether it is one address."""
        return self.length == (32 if self.version == 4 else 128)

    def contains(self, version: int, value: int) -> bool:
        """Tell whether it contains the address, in the form that `portsock.addresses.number_of` returns."""
        return version == self.version and (value ^ self.value) >> ((32 if version == 4 else 128) - self.length) == 0


class Pieces(NamedTuple):
    """The parts of an endpoint's text, not yet parsed. None: not written."""

    host: str
    """'' or '*': any address."""
    zone: str | None
    prefix: str | None
    port: str | None


def is_number(text: str) -> bool:
    """Tell whether the text is one or more ASCII digits; str.isdigit accepts other digits."""
    return text.isascii() and text.isdigit()


def parse_number(text: str, most: int) -> int | None:
    """Parse a decimal number in ASCII digits; None for anything else and above `most`."""
    digits = text.lstrip("0") or "0"
    if not is_number(text) or len(digits) > len(str(most)):
        return None
    number = int(digits)
    return number if number <= most else None


def parse_ports(text: str, whole: str | None = None) -> tuple[int, int]:
    """Parse a port or a range of ports into (first, last). Raises UsageError, which quotes `whole`, what was typed."""
    first, dash, last = text.partition("-")
    low = _port(first, text if whole is None else whole)
    high = _port(last, text if whole is None else whole) if dash else low
    if high < low:
        from portsock.query.refusals import range_refused

        raise range_refused(low, high, text if whole is None else whole)
    return low, high


def _port(text: str, whole: str) -> int:
    number = parse_number(text, 65535)
    if number is None:
        from portsock.query.refusals import port_refused

        raise port_refused(text, whole)
    return number


def take_apart(text: str) -> Pieces:
    """Split an address, network or endpoint without a protocol. Raises UsageError where two readings are possible."""
    if text.startswith("["):
        return _bracketed(text)
    port: str | None
    if "/" in text:
        host, _, rest = text.partition("/")
        prefix, colon, port = rest.partition(":")
        address, percent, zone = host.partition("%")
        return Pieces(address, zone if percent else None, prefix, port if colon else None)
    if "%" in text:
        host, _, rest = text.partition("%")
        zone, colon, port = rest.partition(":")
        return Pieces(host, zone, None, port if colon else None)
    if text.count(":") > 1:
        return _colons(text)
    host, colon, port = text.partition(":")
    return Pieces(host, None, None, port if colon else None)


def _bracketed(text: str) -> Pieces:
    """Split '[::1]:631', '[fe80::1%eth0]:80', '[fd00::/8]:443', and the '[fe80::1]%eth0:80' of ss."""
    inside, closed, after = text[1:].partition("]")
    inner, slash, prefix = inside.partition("/")
    host, percent, zone = inner.partition("%")
    if after.startswith("%") and not percent:
        zone, percent = after[1:].partition(":")[0], "%"
        after = after[1 + len(zone) :]
    if not closed or ":" not in host or (after and not after.startswith(":")):
        from portsock.query.refusals import shown

        raise UsageError(f"{shown(text)} is no endpoint: brackets hold an IPv6 address, and ':PORT' follows, as in [::1]:631")
    return Pieces(host, zone if percent else None, prefix if slash else None, after[1:] if after else None)


def _colons(text: str) -> Pieces:
    """Split an IPv6 address without brackets, perhaps with a port after it, as netstat prints it."""
    head, _, tail = text.rpartition(":")
    with_port = number_of(head) is not None and (tail == "*" or _like_ports(tail))
    if number_of(text) is None:
        return Pieces(head, None, None, tail) if with_port else Pieces(text, None, None, None)
    if with_port:
        raise UsageError(f"'{text}' can be read in two ways: write [{head}]:{tail} for the port, or [{text}] for the address")
    return Pieces(text, None, None, None)


def _like_ports(text: str) -> bool:
    return text != "" and _DIGITS.issuperset(text.replace("-", ""))


def parse_networks(pieces: Pieces, whole: str, resolve: Resolve | None) -> tuple[Network, ...] | None:
    """Return the addresses that the pieces name: empty for any address, two for localhost.

    None where the host is a name that needs `resolve`, or that has no address. Raises UsageError for a wrong address or
    prefix.
    """
    host = pieces.host
    if host in ("", "*"):
        return ()
    if ":" in host or _DIGITS.issuperset(host.replace(".", "")):
        return (_network(host, pieces.prefix, whole),)
    found = list(_LOCALHOST) if host.lower() == "localhost" else _resolved(host, resolve)
    if pieces.prefix is not None or not found:
        return None
    return tuple(_network(address, None, whole) for address in found)


def _resolved(host: str, resolve: Resolve | None) -> list[str]:
    if resolve is None:
        return []
    try:
        return resolve(host)
    except (OSError, ValueError):
        return []


def _network(address: str, prefix: str | None, whole: str) -> Network:
    from socket import AF_INET, AF_INET6, inet_ntop

    parsed = number_of(address)
    if parsed is None:
        from portsock.query.refusals import ipv4_refused, ipv6_refused

        raise (ipv6_refused if ":" in address else ipv4_refused)(address, whole)
    version, value = parsed
    bits = 32 if version == 4 else 128
    length = bits if prefix is None else parse_number(prefix, bits)
    if length is None:
        from portsock.query.refusals import prefix_refused

        raise prefix_refused(prefix or "", bits, whole)
    if version == 6 and value >> 32 == 0xFFFF and length >= 96:
        # IPv4-mapped (RFC 4291, 2.5.5.2): sockets show the IPv4 address inside.
        version, value, length, bits = 4, value & 0xFFFFFFFF, length - 96, 32
    value = value >> (bits - length) << (bits - length)
    text = inet_ntop(AF_INET if version == 4 else AF_INET6, value.to_bytes(bits // 8))
    return Network(text, version, value, length)


def parse_states(text: str) -> frozenset[State]:
    """Parse a value of --state: a state in any tool's spelling, or a group of states. Raises UsageError.

    'closing' is the group and 'CLOSING' the state; no other name is both.
    """
    group = GROUPS.get(text)
    if group is not None:
        return group
    state = parse_state(text)
    if state is not None:
        return frozenset({state})
    group = GROUPS.get(text.lower())
    if group is not None:
        return group
    from portsock.query.refusals import near, shown

    close = near(text.upper().replace("-", "_"), [*State, *(name.upper() for name in GROUPS)])
    names = [name.lower() if name.lower() in GROUPS else name for name in close]
    hint = f"did you mean {' or '.join(names)}?" if names else f"states are {', '.join([*State, *GROUPS])}"
    raise UsageError(f"{shown(text)} is no state; {hint}")
