"""Matches of iptables."""

import struct
from collections.abc import Callable
from functools import partial

from portsock.parse.netlink.nftables.comparisons import as_range
from portsock.parse.netlink.nftables.xt.extension import Extension, Found
from portsock.rulesets import (
    Ct,
    Expression,
    Fib,
    Joined,
    Limit,
    Masked,
    Match,
    Meta,
    Payload,
    Range,
    Remark,
    Statement,
    Unknown,
)

_SOURCE_PORT, _DESTINATION_PORT = Payload("transport", 0, 16), Payload("transport", 16, 16)
_ANY_PORT = Range(0, 0xFFFF)
_FLAGS = Payload("transport", 104, 8)
_ADDRESSES = {
    "ip": (Payload("network", 96, 32), Payload("network", 128, 32)),
    "ip6": (Payload("network", 64, 128), Payload("network", 192, 128)),
}
"""Source and destination."""


def read(each: Extension) -> Found:
    """Return what a match says, None where it is not modelled. Raises struct.error and IndexError where bytes are missing."""
    reader = READERS.get(each.name)
    return reader(each) if reader else None


def _span(left: Expression, low: int, high: int, inverted: object, highest: int = 0xFFFF) -> list[Statement]:
    """Return the condition that a value is from `low` to `high`; none where every value is."""
    if not inverted and low == 0 and high == highest:
        return []
    return [Match(left, ((Range(low, high),),) if low <= high else (), bool(inverted))]


def _bits(left: Expression, mask: int, inverted: object) -> Statement:
    """Return the condition that one of these bits is set."""
    return Match(Masked(left, mask), ((Range(0, 0),),), not inverted)


def _equal(left: Expression, value: int, mask: int, inverted: object, width: int = 32) -> Statement:
    source, covered = as_range(left if mask == (1 << width) - 1 else Masked(left, mask), width, value)
    return Match(source, ((covered,),), bool(inverted))


def _tcp(each: Extension) -> Found:
    sport, slast, dport, dlast, option, mask, compared, inverted = struct.unpack_from("=4H4B", each.blob)
    flags = [Match(Masked(_FLAGS, mask), ((Range(compared, compared),),), bool(inverted & 4))] if mask or inverted & 4 else []
    more: list[Statement] = [Unknown(f"--tcp-option {option}")] if option else []
    return [*_ports(sport, slast, dport, dlast, inverted), *flags, *more]


def _udp(each: Extension) -> Found:
    return _ports(*struct.unpack_from("=4HB", each.blob))


def _ports(sport: int, slast: int, dport: int, dlast: int, inverted: int) -> list[Statement]:
    return _span(_SOURCE_PORT, sport, slast, inverted & 1) + _span(_DESTINATION_PORT, dport, dlast, inverted & 2)


def _sctp(each: Extension) -> Found:
    dport, dlast, sport, slast = struct.unpack_from("=4H", each.blob)
    flags, inverted = struct.unpack_from("=II", each.blob, 284)
    source = _span(_SOURCE_PORT, sport, slast, inverted & 1) if flags & 1 else []
    destination = _span(_DESTINATION_PORT, dport, dlast, inverted & 2) if flags & 2 else []
    chunks: list[Statement] = [Unknown("--chunk-types")] if flags & 4 else []
    return source + destination + chunks


def _icmp(any_type: int, each: Extension) -> Found:
    kind, low, high, inverted = struct.unpack_from("=4B", each.blob)
    if kind == any_type:
        return [] if not inverted else None
    return [Match(Payload("transport", 0, 16), ((Range(kind << 8 | low, kind << 8 | high),),), bool(inverted & 1))]


def _conntrack(each: Extension) -> Found:
    if not 1 <= each.revision <= 3:
        return None
    protocol, *ports, flags, inverted = (
        struct.unpack_from("=H", each.blob, 136)
        + struct.unpack_from(">4H", each.blob, 138)
        + (struct.unpack_from("=HH", each.blob, 146))
    )
    states, statuses = struct.unpack_from("=BB" if each.revision == 1 else "=HH", each.blob, 150)
    found: list[Statement] = []
    if flags & 1:
        found += _states(states, inverted & 1)
    if flags & 2:
        found.append(_equal(Ct("protocol"), protocol, 0xFFFF, inverted & 2, 16))
    for place, (word, direction) in enumerate(_ENDS):
        if flags & 4 << place:
            found += _ct_address(each.blob[32 * place : 32 * place + 32], each.family, word, direction, inverted & 4 << place)
    if flags & 64:
        found.append(_bits(Ct("status"), statuses, inverted & 64))
    if flags & 128:
        found.append(Unknown("--ctexpire"))
    if each.revision == 3:
        ports = list(struct.unpack_from("=4H", each.blob, 138))
    highs = struct.unpack_from("=4H", each.blob, 154) if each.revision == 3 else ports
    for place, (word, direction) in enumerate(_CT_PORTS):
        if flags & 256 << place:
            found += _span(Ct(word, direction), ports[place], highs[place], inverted & 256 << place)
    if flags & 4096:
        found.append(_equal(Ct("direction"), 1 if inverted & 4096 else 0, 0xFF, False, 8))
    return found


_ENDS = (("saddr", "original"), ("daddr", "original"), ("saddr", "reply"), ("daddr", "reply"))
_CT_PORTS = (("proto-src", "original"), ("proto-dst", "original"), ("proto-src", "reply"), ("proto-dst", "reply"))
_TRANSLATED, _UNTRACKED = {64: 16, 128: 32}, 256
"""Bits of a state that conntrack's match has beyond nft's: the status snat and dnat; untracked, which is 64 in nft."""


def _states(mask: int, inverted: int) -> list[Statement]:
    states = mask & 0x3F | (64 if mask & _UNTRACKED else 0)
    statuses = sum(bit for state, bit in _TRANSLATED.items() if mask & state)
    if not statuses:
        return [_bits(Ct("state"), states, inverted)]
    if not states:
        return [_bits(Ct("status"), statuses, inverted)]
    if inverted:
        return [_bits(Ct("state"), states, True), _bits(Ct("status"), statuses, True)]
    return [Unknown("--ctstate of a state or a translation")]


def _ct_address(blob: bytes, family: str, word: str, direction: str, inverted: int) -> list[Statement]:
    if family not in _ADDRESSES:
        return [Unknown(f"address of a connection in family {family}")]
    size = 4 if family == "ip" else 16
    address, mask = int.from_bytes(blob[:size], "big"), int.from_bytes(blob[16 : 16 + size], "big")
    return [_equal(Ct(f"{family} {word}", direction), address, mask, inverted, 8 * size)]


def _state(each: Extension) -> Found:
    return [_bits(Ct("state"), struct.unpack_from("=I", each.blob)[0], False)]


def _addrtype(each: Extension) -> Found:
    sources, destinations, first = struct.unpack_from("=HHI", each.blob)
    if each.revision:
        inverted, limited = (first & 1, first & 2), [("iif" if bit == 4 else "oif") for bit in (4, 8) if first & bit]
    else:
        inverted, limited = (first, struct.unpack_from("=I", each.blob, 8)[0]), []
    found: list[Statement] = []
    for word, kinds, negated in zip(("saddr", "daddr"), (sources, destinations), inverted, strict=True):
        if kinds:
            keys = tuple((Range(kind, kind),) for kind in range(16) if kinds >> kind & 1)
            found.append(Match(Fib(frozenset({word, *limited}), "type"), keys, bool(negated)))
    return found


def _multiport(each: Extension) -> Found:
    side, count = each.blob[0], each.blob[1]
    ports, ranged, inverted = struct.unpack_from("=15H", each.blob, 2), each.blob[32:47], each.revision and each.blob[47]
    if side > 2 or count > 15:
        return None
    keys, at = [], 0
    while at < count:
        last = at + 1 if each.revision and ranged[at] and at + 1 < count else at
        keys.append(Range(ports[at], ports[last]))
        at = last + 1
    if side < 2:
        return [Match(_DESTINATION_PORT if side else _SOURCE_PORT, tuple((key,) for key in keys), bool(inverted))]
    either = tuple(pair for key in keys for pair in ((_ANY_PORT, key), (key, _ANY_PORT)))
    return [Match(Joined((_SOURCE_PORT, _DESTINATION_PORT)), either, bool(inverted))]


def _mark(source: Expression, each: Extension) -> Found:
    value, mask, inverted = struct.unpack_from("=IIB", each.blob)
    return [_equal(source, value, mask, inverted)] if each.revision == 1 else None


def _limit(each: Extension) -> Found:
    cost, burst = struct.unpack_from("=II", each.blob)
    return [Limit(f"-m limit --limit {_rate(cost, 10_000)} --limit-burst {burst}")]


def _rate(cost: int, scale: int) -> str:
    """Return a rate as iptables(8) writes it, from the time that one packet costs."""
    for unit, seconds in (("sec", 1), ("min", 60), ("hour", 3600), ("day", 86400)):
        if cost and scale * seconds // cost:
            return f"{scale * seconds // cost}/{unit}"
    return f"cost {cost}"


def _hashlimit(each: Extension) -> Found:
    if not 1 <= each.revision <= 3:
        return None
    if each.revision == 1:
        mode, cost = struct.unpack_from("=II", each.blob, 16)
    else:
        cost, _, mode = struct.unpack_from("=QQI", each.blob, 256)
    rate = "a rate in bytes" if mode & 32 else _rate(cost, 10_000 if each.revision == 1 else 1_000_000)
    return [Limit(f"-m hashlimit --hashlimit-{'above' if mode & 16 else 'upto'} {rate}", bool(mode & 16))]


def _connlimit(each: Extension) -> Found:
    number, flags = struct.unpack_from("=II", each.blob, 16)
    return [Limit(f"-m connlimit --connlimit-{'upto' if flags & 1 else 'above'} {number}", not flags & 1)]


def _quota(each: Extension) -> Found:
    (flags,), (number,) = struct.unpack_from("=I", each.blob), struct.unpack_from("=Q", each.blob, 8)
    return [Limit(f"-m quota {'! ' * (flags & 1)}--quota {number}", bool(flags & 1))]


def _recent(each: Extension) -> Found:
    _, hits, mode, inverted, raw_name = struct.unpack_from("=IIBB200s", each.blob)
    name = raw_name.partition(b"\0")[0].decode("utf-8", "surrogateescape")
    word = "set" if mode & 2 else "update" if mode & 4 else "rcheck" if mode & 1 else "remove"
    text = f"-m recent {'! ' * bool(inverted)}--{word} --name {name}" + (f" --hitcount {hits}" if hits else "")
    if mode & 2 and not inverted:  # --set is always true
        return [Remark(text)]
    if mode & 5 and hits > 1:
        return [Limit(text, not inverted)]
    return [Unknown(text)]


def _iprange(each: Extension) -> Found:
    if each.revision != 1 or each.family not in _ADDRESSES:
        return None
    flags, size = each.blob[64], 4 if each.family == "ip" else 16
    ends = [int.from_bytes(each.blob[at : at + size], "big") for at in (0, 16, 32, 48)]
    source = _span(_ADDRESSES[each.family][0], ends[0], ends[1], flags & 16, -1) if flags & 1 else []
    return source + (_span(_ADDRESSES[each.family][1], ends[2], ends[3], flags & 32, -1) if flags & 2 else [])


def _owner(each: Extension) -> Found:
    uid, last_uid, gid, last_gid, match, inverted = struct.unpack_from("=4I2B", each.blob)
    if match & ~3 or inverted or not match:
        return None  # without a socket an inverted one holds, and nft's does not
    users = _span(Meta("skuid"), uid, last_uid, False, -1) if match & 1 else []
    return users + (_span(Meta("skgid"), gid, last_gid, False, -1) if match & 2 else [])


def _length(each: Extension) -> Found:
    low, high, inverted = struct.unpack_from("=HHB", each.blob)
    return _span(Meta("length"), low, high, inverted)


def _pkttype(each: Extension) -> Found:
    kind, inverted = struct.unpack_from("=ii", each.blob)
    return _span(Meta("pkttype"), kind, kind, inverted, -1)


def _hops(left: Payload, each: Extension) -> Found:
    mode, value = each.blob[0], each.blob[1]
    if mode > 3:
        return None
    low, high = ((value, value), (value, value), (0, value - 1), (value + 1, 255))[mode]
    return _span(left, low, high, mode == 1, -1)


def _rpfilter(each: Extension) -> Found:
    flags = each.blob[0]
    if flags & 4:
        return None  # --accept-local
    inputs = {"saddr"} | (set() if flags & 1 else {"iif"}) | ({"mark"} if flags & 2 else set())
    return [Match(Fib(frozenset(inputs), "present"), ((Range(1, 1),),), bool(flags & 8))]


def _statistic(each: Extension) -> Found:
    mode, inverted, value = struct.unpack_from("=HHI", each.blob)
    how = "nth --every " + str(value + 1) if mode else f"random --probability {value / (1 << 31):.5f}"
    return [Unknown(f"-m statistic {'! ' * (inverted & 1)}--mode {how}")]


def _set(each: Extension) -> Found:
    index, dimensions, flags = struct.unpack_from("=HBB", each.blob)
    sides = ",".join("src" if flags >> place & 1 else "dst" for place in range(1, min(dimensions, 6) + 1))
    return [Unknown(f"-m set {'! ' * (flags & 1)}--match-set #{index} {sides}")]


READERS: dict[str, Callable[[Extension], Found]] = {
    "tcp": _tcp, "udp": _udp, "udplite": _udp, "sctp": _sctp, "icmp": partial(_icmp, 255), "icmp6": partial(_icmp, -1),
    "conntrack": _conntrack, "state": _state, "addrtype": _addrtype, "multiport": _multiport,
    "mark": partial(_mark, Meta("mark")), "connmark": partial(_mark, Ct("mark")), "limit": _limit, "hashlimit": _hashlimit,
    "connlimit": _connlimit, "quota": _quota, "recent": _recent, "iprange": _iprange, "owner": _owner, "length": _length,
    "pkttype": _pkttype, "ttl": partial(_hops, Payload("network", 64, 8)), "hl": partial(_hops, Payload("network", 56, 8)),
    "rpfilter": _rpfilter, "statistic": _statistic, "set": _set,
}  # fmt: skip
