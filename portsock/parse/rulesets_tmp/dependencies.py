"""What a rule compares before a field of a header, so that the header is that protocol's: nft leaves it out in text."""

from typing import NamedTuple

from portsock.nft_words.fields import PROTOCOLS

NETWORKS = {"ip": 2, "ip6": 10}
"""Numbers of the address families, as meta nfproto has them."""
_ETHER_TYPES = {"ip": 0x0800, "ip6": 0x86DD, "arp": 0x0806}
_ETHERNET = 1
_NETWORK_OF = {"icmp": "ip", "igmp": "ip", "icmpv6": "ip6"}
"""The network protocol below each transport protocol that has only one."""


class Need(NamedTuple):
    """The value that a key has before the field may be read. 'ether type' is a field, all others are meta keys."""

    key: str
    value: int


def network_need(network: str, family: str) -> tuple[Need, ...]:
    """Return what a table of this family compares before a field of 'ip', 'ip6' or 'arp'."""
    if family == "inet" and network in NETWORKS:
        return (Need("nfproto", NETWORKS[network]),)
    if family in ("bridge", "netdev", "inet"):
        return (Need("protocol", _ETHER_TYPES[network]),)
    return ()


def needs(protocol: str, family: str) -> tuple[Need, ...]:
    """Return what a rule in a table of this family compares before a field of the protocol, in that order."""
    header = PROTOCOLS[protocol]
    if header.base == "link":
        ethernet = () if family == "bridge" else (Need("iiftype", _ETHERNET),)
        return ethernet if header.number is None else (*ethernet, Need("ether type", header.number))
    if header.base == "network":
        return network_need(protocol, family)
    below = _NETWORK_OF.get(protocol)
    network = network_need(below, family) if below and family not in NETWORKS else ()
    return network if header.number is None else (*network, Need("l4proto", header.number))
