"""Fields of protocol headers and keys of what the kernel knows, by nft's words: place, width and type.

Sources: nft(8), PAYLOAD EXPRESSIONS, META EXPRESSIONS, CONNTRACK EXPRESSIONS; src/proto.c, meta.c, ct.c of nftables.
"""

from typing import Literal, NamedTuple

Base = Literal["link", "network", "transport", "inner"]


class Protocol(NamedTuple):
    """A header: where it starts, its number in the header below, and its fields: offset and length in bits, type."""

    base: Base
    number: int | None
    fields: dict[str, tuple[int, int, str]]


_PORTS = {"sport": (0, 16, "inet_service"), "dport": (16, 16, "inet_service")}
_UDP = {**_PORTS, "length": (32, 16, "integer"), "csumcov": (32, 16, "integer"), "checksum": (48, 16, "integer")}
_ICMP = {
    "code": (8, 8, "icmp_code"), "checksum": (16, 16, "integer"), "id": (32, 16, "integer"),
    "sequence": (48, 16, "integer"), "mtu": (48, 16, "integer"),
}  # fmt: skip

PROTOCOLS: dict[str, Protocol] = {
    "ether": Protocol("link", None, {
        "daddr": (0, 48, "ether_addr"), "saddr": (48, 48, "ether_addr"), "type": (96, 16, "ether_type"),
    }),
    "vlan": Protocol("link", 0x8100, {
        "pcp": (112, 3, "integer"), "dei": (115, 1, "integer"), "cfi": (115, 1, "integer"), "id": (116, 12, "integer"),
        "type": (128, 16, "ether_type"),
    }),
    "arp": Protocol("network", 0x0806, {
        "htype": (0, 16, "integer"), "ptype": (16, 16, "ether_type"), "hlen": (32, 8, "integer"), "plen": (40, 8, "integer"),
        "operation": (48, 16, "arp_op"), "saddr ether": (64, 48, "ether_addr"), "saddr ip": (112, 32, "ipv4_addr"),
        "daddr ether": (144, 48, "ether_addr"), "daddr ip": (192, 32, "ipv4_addr"),
    }),
    "ip": Protocol("network", 0x0800, {
        "version": (0, 4, "integer"), "hdrlength": (4, 4, "integer"), "dscp": (8, 6, "dscp"), "ecn": (14, 2, "ecn"),
        "length": (16, 16, "integer"), "id": (32, 16, "integer"), "frag-off": (48, 16, "integer"), "ttl": (64, 8, "integer"),
        "protocol": (72, 8, "inet_proto"), "checksum": (80, 16, "integer"), "saddr": (96, 32, "ipv4_addr"),
        "daddr": (128, 32, "ipv4_addr"),
    }),
    "ip6": Protocol("network", 0x86DD, {
        "version": (0, 4, "integer"), "dscp": (4, 6, "dscp"), "ecn": (10, 2, "ecn"), "flowlabel": (12, 20, "integer"),
        "length": (32, 16, "integer"), "nexthdr": (48, 8, "inet_proto"), "hoplimit": (56, 8, "integer"),
        "saddr": (64, 128, "ipv6_addr"), "daddr": (192, 128, "ipv6_addr"),
    }),
    "tcp": Protocol("transport", 6, {
        **_PORTS, "sequence": (32, 32, "integer"), "ackseq": (64, 32, "integer"), "doff": (96, 4, "integer"),
        "reserved": (100, 4, "integer"), "flags": (104, 8, "tcp_flag"), "window": (112, 16, "integer"),
        "checksum": (128, 16, "integer"), "urgptr": (144, 16, "integer"),
    }),
    "udp": Protocol("transport", 17, _UDP),
    "udplite": Protocol("transport", 136, _UDP),
    "sctp": Protocol("transport", 132, {**_PORTS, "vtag": (32, 32, "integer"), "checksum": (64, 32, "integer")}),
    "dccp": Protocol("transport", 33, {**_PORTS, "type": (67, 4, "integer")}),
    "icmp": Protocol("transport", 1, {"type": (0, 8, "icmp_type"), **_ICMP, "gateway": (32, 32, "ipv4_addr")}),
    "icmpv6": Protocol("transport", 58, {
        "type": (0, 8, "icmpv6_type"), **_ICMP, "code": (8, 8, "icmpv6_code"), "mtu": (32, 32, "integer"),
        "parameter-problem": (32, 32, "integer"), "packet-too-big": (32, 32, "integer"), "max-delay": (32, 16, "integer"),
    }),
    "igmp": Protocol("transport", 2, {"type": (0, 8, "integer"), "mrt": (8, 8, "integer"), "group": (32, 32, "ipv4_addr")}),
    "ah": Protocol("transport", 51, {
        "hdrlength": (8, 8, "integer"), "reserved": (16, 16, "integer"), "spi": (32, 32, "integer"),
        "sequence": (64, 32, "integer"),
    }),
    "esp": Protocol("transport", 50, {"spi": (0, 32, "integer"), "sequence": (32, 32, "integer")}),
    "comp": Protocol("transport", 108, {
        "nexthdr": (0, 8, "inet_proto"), "flags": (8, 8, "integer"), "cpi": (16, 16, "integer"),
    }),
    "th": Protocol("transport", None, _PORTS),
}  # fmt: skip

RAW_BASES: dict[str, Base] = {"ll": "link", "nh": "network", "th": "transport", "ih": "inner"}

META: dict[str, str] = {
    "length": "integer", "protocol": "ether_type", "priority": "tc_handle", "mark": "mark", "iif": "iface_index",
    "iifname": "ifname", "iiftype": "iface_type", "oif": "iface_index", "oifname": "ifname", "oiftype": "iface_type",
    "skuid": "uid", "skgid": "gid", "nftrace": "integer", "rtclassid": "realm", "nfproto": "nf_proto", "l4proto": "inet_proto",
    "ibrname": "ifname", "obrname": "ifname", "ibridgename": "ifname", "obridgename": "ifname", "pkttype": "pkt_type",
    "cpu": "integer", "iifgroup": "devgroup", "oifgroup": "devgroup", "cgroup": "integer", "ipsec": "boolean",
    "iifkind": "ifname", "oifkind": "ifname", "ibrpvid": "integer", "ibrvproto": "ether_type", "sdif": "iface_index",
    "sdifname": "ifname",
}  # fmt: skip
"""The types of meta keys whose values can be compared: of time, day and hour the unit is not the text's."""

BARE_META = frozenset({
    "mark", "iif", "iifname", "iiftype", "oif", "oifname", "oiftype", "skuid", "skgid", "nftrace", "rtclassid", "ibrname",
    "obrname", "pkttype", "cpu", "iifgroup", "oifgroup", "cgroup", "ibridgename", "obridgename", "ipsec", "iifkind",
    "oifkind", "time", "day", "hour",
})  # fmt: skip
"""Meta keys that a rule may have without the word meta; nft leaves it out for those in UNQUALIFIED."""
UNQUALIFIED = frozenset({
    "iif", "iifname", "oif", "oifname", "ibrname", "obrname", "ibridgename", "obridgename", "iifgroup", "oifgroup",
})  # fmt: skip

CT: dict[str, str] = {
    "state": "ct_state", "direction": "ct_dir", "status": "ct_status", "mark": "mark", "l3proto": "nf_proto",
    "protocol": "inet_proto", "proto-src": "inet_service", "proto-dst": "inet_service", "helper": "string",
    "ip saddr": "ipv4_addr", "ip daddr": "ipv4_addr", "ip6 saddr": "ipv6_addr", "ip6 daddr": "ipv6_addr",
    "saddr": "address", "daddr": "address", "bytes": "integer", "packets": "integer", "avgpkt": "integer",
    "zone": "integer", "id": "integer", "label": "ct_label", "count": "integer",
}  # fmt: skip

FIB = {"type": "fib_addrtype", "oif": "iface_index", "oifname": "ifname", "present": "boolean"}

WIDTHS = {
    "ipv4_addr": 32, "ipv6_addr": 128, "ether_addr": 48, "inet_service": 16, "inet_proto": 8, "ether_type": 16, "mark": 32,
    "ct_state": 32, "ct_status": 32, "ct_label": 128, "ct_dir": 8, "nf_proto": 8, "uid": 32, "gid": 32, "tcp_flag": 8,
    "iface_index": 32, "iface_type": 16, "devgroup": 32, "pkt_type": 8, "icmp_type": 8, "icmp_code": 8, "icmpv6_type": 8,
    "icmpv6_code": 8, "fib_addrtype": 32, "arp_op": 16, "boolean": 8, "tc_handle": 32, "realm": 32, "dscp": 6, "ecn": 2,
    "integer": 32,
}  # fmt: skip
"""Bits of a value of a type, where no field says it."""

BITMASKS = frozenset({"ct_state", "ct_status", "tcp_flag", "ct_label"})
"""Types of which a plain comparison asks for any of the bits: 'ct state established,related'."""
