"""Targets of iptables."""

import struct
from collections.abc import Callable
from functools import partial

from portsock.parse.netlink.nftables.xt.extension import Extension, Found
from portsock.rulesets import (
    Assign,
    Constant,
    Ct,
    Expression,
    Masked,
    Meta,
    Nat,
    Other,
    Reject,
    Remark,
    Statement,
    Unknown,
    Untracked,
    Verdict,
)

_Pair = tuple[Expression | None, Expression | None]
_ALL = 0xFFFFFFFF
_ICMP = {0: 0, 1: 1, 2: 2, 3: 3, 5: 9, 6: 10, 8: 13}
"""enum ipt_reject_with: the code of the ICMP message."""
_ICMPV6 = {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 7: 5, 8: 6}
"""enum ip6t_reject_with."""
_MAP_ADDRESSES, _MAP_PORTS, _OFFSET = 1, 2, 32
_REMARKS = frozenset({
    "LOG", "NFLOG", "ULOG", "TRACE", "AUDIT", "CHECKSUM", "TCPMSS", "TCPOPTSTRIP", "DSCP", "TOS", "ECN", "CLASSIFY", "TEE",
    "TTL", "HL", "LED", "IDLETIMER", "RATEEST", "SECMARK", "CONNSECMARK", "SET",
})  # fmt: skip
_SIMPLE: dict[str, Statement] = {"NOTRACK": Untracked(), "NFQUEUE": Verdict("queue")}


def read(each: Extension) -> Found:
    """Return what a target does, None where it is not modelled. Raises struct.error and IndexError where bytes are missing."""
    if each.name in _SIMPLE:
        return [_SIMPLE[each.name]]
    if each.name in _REMARKS:
        return [Remark(each.name)]
    reader = READERS.get(each.name)
    return reader(each) if reader else None


def _reject(each: Extension) -> Found:
    (kind,) = struct.unpack_from("=I", each.blob)
    if kind == (7 if each.family == "ip" else 6):
        return [Reject("tcp reset")]
    code = (_ICMP if each.family == "ip" else _ICMPV6).get(kind)
    if code is None or each.family not in ("ip", "ip6"):
        return None
    return [Reject("icmp" if each.family == "ip" else "icmpv6", code)]


class _Ends:
    """The addresses and ports of struct nf_nat_range, or of the older one of IPv4."""

    def __init__(self, each: Extension) -> None:
        blob, family = each.blob, each.family
        if family == "ip" and not each.revision:
            _, self.flags = struct.unpack_from("=II", blob)
            at, step = 8, 4
        else:
            (self.flags,) = struct.unpack_from("=I", blob)
            at, step = 4, 16
        size = 4 if family == "ip" else 16
        ports = struct.unpack_from(">HH", blob, at + 2 * step)
        first, last = (int.from_bytes(blob[at + place : at + place + size], "big") for place in (0, step))
        addresses: _Pair = _pair(first, last) if self.flags & _MAP_ADDRESSES else (None, None)
        mapped: _Pair = _pair(*ports) if self.flags & _MAP_PORTS else (None, None)
        (self.address, self.last_address), (self.port, self.last_port) = addresses, mapped


def _pair(first: int, last: int) -> _Pair:
    return Constant(first), None if last == first else Constant(last)


def _nat(kind: str, each: Extension) -> Found:
    if each.family not in ("ip", "ip6"):
        return None
    ends = _Ends(each)
    if ends.flags & _OFFSET:
        return None
    return [Nat(kind, each.family, ends.address, ends.last_address, ends.port, ends.last_port)]


def _ports_only(kind: str, each: Extension) -> Found:
    if each.family not in ("ip", "ip6"):
        return None
    ends = _Ends(each)
    return [Nat(kind, port=ends.port, last_port=ends.last_port)]


def _netmap(each: Extension) -> Found:
    kind = {"prerouting": "dnat", "output": "dnat", "input": "snat", "postrouting": "snat"}.get(each.hook or "")
    if kind is None or each.family not in ("ip", "ip6"):
        return None
    ends = _Ends(each)
    return [Nat(kind, each.family, ends.address, ends.last_address, prefix=True)]


def _mark(each: Extension) -> Found:
    value, mask = struct.unpack_from("=II", each.blob)
    if each.revision != 2:
        return None
    return [Assign(Meta("mark"), Constant(value) if mask == _ALL else Masked(Meta("mark"), ~mask & _ALL, value))]


def _connmark(each: Extension) -> Found:
    value, ct_mask, mask = struct.unpack_from("=III", each.blob)
    mode, shifted = (each.blob[14], each.blob[13]) if each.revision > 1 else (each.blob[12], 0)
    if shifted or mode > 2:
        return None
    if mode == 0:
        return [Assign(Ct("mark"), Constant(value) if ct_mask == _ALL else Masked(Ct("mark"), ~ct_mask & _ALL, value))]
    target, source, kept, taken = (
        (Ct("mark"), Meta("mark"), ct_mask, mask) if mode == 1 else (Meta("mark"), Ct("mark"), mask, ct_mask)
    )
    if kept != _ALL:
        return [Assign(target, Other(f"{source.key} of both the packet and the connection"))]
    return [Assign(target, source if taken == _ALL else Masked(source, taken))]


def _ct(each: Extension) -> Found:
    (flags,) = struct.unpack_from("=H", each.blob)
    return [Untracked() if flags & 1 else Remark("CT")]


def _tproxy(each: Extension) -> Found:
    mask, value = struct.unpack_from("=II", each.blob)
    size, at = (4, 12) if not each.revision else (4 if each.family == "ip" else 16, 24)
    (port,) = struct.unpack_from(">H", each.blob, at)
    address = int.from_bytes(each.blob[8 : 8 + size], "big")
    marks: list[Statement] = [Assign(Meta("mark"), Masked(Meta("mark"), ~mask & _ALL, value))] if mask or value else []
    return [
        *marks,
        Nat("tproxy", each.family, Constant(address) if address else None, port=Constant(port) if port else None),
        Unknown("-j TPROXY drops what has no socket there", "action"),
    ]


READERS: dict[str, Callable[[Extension], Found]] = {
    "REJECT": _reject, "DNAT": partial(_nat, "dnat"), "SNAT": partial(_nat, "snat"), "NETMAP": _netmap,
    "REDIRECT": partial(_ports_only, "redirect"), "MASQUERADE": partial(_ports_only, "masquerade"), "MARK": _mark,
    "CONNMARK": _connmark, "CT": _ct, "TPROXY": _tproxy,
}  # fmt: skip
