"""What nf_tables numbers: keys, types of values and families, in nft's words, with the width and order of what they load."""

import sys
from typing import Literal

Order = Literal["big", "little", "text"]
HOST: Order = sys.byteorder
FAMILIES = {1: "inet", 2: "ip", 3: "arp", 5: "netdev", 7: "bridge", 10: "ip6"}
_HOOKS = ("prerouting", "input", "forward", "output", "postrouting", "ingress")
HOOKS = {"netdev": ("ingress", "egress"), "arp": ("input", "output", "forward")}
"""By family, where the hooks are not those of IP."""
NAME_SIZE = 16
"""IFNAMSIZ."""

Loaded = tuple[str, int, Order]
"""Word, bytes and order."""

META: dict[int, Loaded] = {
    0: ("length", 4, HOST), 1: ("protocol", 2, "big"), 2: ("priority", 4, HOST), 3: ("mark", 4, HOST), 4: ("iif", 4, HOST),
    5: ("oif", 4, HOST), 6: ("iifname", NAME_SIZE, "text"), 7: ("oifname", NAME_SIZE, "text"), 8: ("iiftype", 2, HOST),
    9: ("oiftype", 2, HOST), 10: ("skuid", 4, HOST), 11: ("skgid", 4, HOST), 12: ("nftrace", 1, HOST),
    13: ("rtclassid", 4, HOST), 14: ("secmark", 4, HOST), 15: ("nfproto", 1, HOST), 16: ("l4proto", 1, HOST),
    17: ("ibrname", NAME_SIZE, "text"), 18: ("obrname", NAME_SIZE, "text"), 19: ("pkttype", 1, HOST), 20: ("cpu", 4, HOST),
    21: ("iifgroup", 4, HOST), 22: ("oifgroup", 4, HOST), 23: ("cgroup", 4, HOST), 24: ("random", 4, HOST),
    25: ("ipsec", 1, HOST), 26: ("iifkind", NAME_SIZE, "text"), 27: ("oifkind", NAME_SIZE, "text"), 28: ("ibrpvid", 2, HOST),
    29: ("ibrvproto", 2, "big"), 30: ("time", 8, HOST), 31: ("day", 1, HOST), 32: ("hour", 4, HOST), 33: ("sdif", 4, HOST),
    34: ("sdifname", NAME_SIZE, "text"), 35: ("broute", 1, HOST),
}  # fmt: skip
"""enum nft_meta_keys; net/netfilter/nft_meta.c."""

CT: dict[int, Loaded] = {
    0: ("state", 4, HOST), 1: ("direction", 1, HOST), 2: ("status", 4, HOST), 3: ("mark", 4, HOST), 4: ("secmark", 4, HOST),
    5: ("expiration", 4, HOST), 6: ("helper", NAME_SIZE, "text"), 7: ("l3proto", 1, HOST), 8: ("saddr", 16, "big"),
    9: ("daddr", 16, "big"), 10: ("protocol", 1, HOST), 11: ("proto-src", 2, "big"), 12: ("proto-dst", 2, "big"),
    13: ("label", 16, HOST), 14: ("packets", 8, HOST), 15: ("bytes", 8, HOST), 16: ("avgpkt", 8, HOST), 17: ("zone", 2, HOST),
    18: ("event", 4, HOST), 19: ("ip saddr", 4, "big"), 20: ("ip daddr", 4, "big"), 21: ("ip6 saddr", 16, "big"),
    22: ("ip6 daddr", 16, "big"), 23: ("id", 4, "big"),
}  # fmt: skip
"""enum nft_ct_keys; net/netfilter/nft_ct.c. In tables of family ip an address has 4 bytes."""

TYPES: dict[int, Loaded] = {
    2: ("nf_proto", 1, HOST), 4: ("integer", 0, "big"), 5: ("string", 0, "text"), 7: ("ipv4_addr", 4, "big"),
    8: ("ipv6_addr", 16, "big"), 9: ("ether_addr", 6, "big"), 10: ("ether_type", 2, "big"), 11: ("arp_op", 2, "big"),
    12: ("inet_proto", 1, "big"), 13: ("inet_service", 2, "big"), 14: ("icmp_type", 1, "big"), 15: ("tcp_flag", 1, "big"),
    16: ("dccp_pkttype", 1, "big"), 17: ("mh_type", 1, "big"), 18: ("time", 8, HOST), 19: ("mark", 4, HOST),
    20: ("iface_index", 4, HOST), 21: ("iface_type", 2, HOST), 22: ("realm", 4, HOST), 23: ("classid", 4, HOST),
    24: ("uid", 4, HOST), 25: ("gid", 4, HOST), 26: ("ct_state", 4, HOST), 27: ("ct_dir", 1, HOST), 28: ("ct_status", 4, HOST),
    29: ("icmpv6_type", 1, "big"), 30: ("ct_label", 16, HOST), 31: ("pkt_type", 1, HOST), 32: ("icmp_code", 1, "big"),
    33: ("icmpv6_code", 1, "big"), 34: ("icmpx_code", 1, "big"), 35: ("devgroup", 4, HOST), 36: ("dscp", 1, "big"),
    37: ("ecn", 1, "big"), 38: ("fib_addrtype", 4, HOST), 39: ("boolean", 1, HOST), 40: ("ct_event", 4, HOST),
    41: ("ifname", NAME_SIZE, "text"), 42: ("igmp_type", 1, "big"), 43: ("time", 8, HOST), 44: ("hour", 4, HOST),
    45: ("day", 1, HOST), 46: ("cgroupsv2", 8, HOST),
}  # fmt: skip
"""nftables, include/datatype.h: enum datatypes. The kernel keeps the number of a set's type for nft."""
_TYPE_BITS = 6


def hook(family: str, place: int) -> str:
    """Return the name of a hook."""
    names = HOOKS.get(family, _HOOKS)
    return names[place] if place < len(names) else f"hook {place}"


def types(magic: int) -> tuple[Loaded, ...]:
    """Return the types of the parts of a concatenation from the number that nft makes of them; () where one is not known."""
    found: list[Loaded] = []
    while magic:
        known = TYPES.get(magic & (1 << _TYPE_BITS) - 1)
        if known is None:
            return ()
        found.insert(0, known)
        magic >>= _TYPE_BITS
    return tuple(found)


def padded(size: int) -> int:
    """Return the bytes of the registers that hold a value of `size` bytes."""
    return size + 3 & ~3


def layout(magic: int, length: int) -> tuple[tuple[int, Order], ...]:
    """Return size and order of the parts of a value of a type; one number in network order where the type is not known."""
    parts = tuple((size, order) for _, size, order in types(magic))
    if len(parts) > 1 and sum(padded(size) for size, _ in parts) == padded(length):
        return parts
    return ((length, parts[0][1] if len(parts) == 1 else "big"),)
