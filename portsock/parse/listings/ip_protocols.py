"""IP protocol numbers, by the names that tools print for raw sockets. Source: protocols(5), IANA."""

from portsock.parse.listings.numbers import is_number, number

_NUMBERS = {
    "ip": 0, "hopopt": 0, "icmp": 1, "igmp": 2, "ipencap": 4, "ipip": 4, "tcp": 6, "egp": 8, "igp": 9, "udp": 17, "dccp": 33,
    "ipv6": 41, "rsvp": 46, "gre": 47, "esp": 50, "ipsec-esp": 50, "ah": 51, "ipsec-ah": 51,
    "ipv6-icmp": 58, "icmpv6": 58, "icmp6": 58, "eigrp": 88, "ospf": 89, "ospfigp": 89, "pim": 103, "vrrp": 112,
    "l2tp": 115, "sctp": 132, "udplite": 136, "mptcp": 262, "raw": 255,
}  # fmt: skip


def ip_protocol(text: str) -> int | None:
    """Return the number of '58' or 'ipv6-icmp', or None for an unknown name. Numbers may have up to 5 digits."""
    return number(text, 5) if is_number(text, len(text)) else _NUMBERS.get(text.lower())
