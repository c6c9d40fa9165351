"""What is said of the way to another host: why connect(2) or sendto(2) fails here, and what an attempt met with.

Each error number was had from Linux 6.18 in a network namespace, and stands in the sources named.
"""

from typing import NamedTuple


class Cause(NamedTuple):
    """A cause: the first line of the answer, what it means, what to do."""

    head: str
    means: str = ""
    do: str = ""


CALLS = {"tcp": "connect(2)", "udp": "sendto(2)"}
"""The call that fails, by protocol; connect(2) of a UDP socket fails in the same way where no route leads there."""
ROUTES: dict[str, Cause] = {
    "ENETUNREACH": Cause(
        "{what}: no route; {call} fails with {errno}.",
        "No route of this host leads to {address}, and there is no default route for its IP version.",
        "Add a route, or see why the interface that would have one is down or without an address.",
    ),
    "EINVAL": Cause(
        "{what}: {route} discards it; {call} fails with {errno}.",
        "That route takes packets and loses them, by its administrator's will.",
        "{advice}",
    ),
    "EHOSTUNREACH": Cause(
        "{what}: {route} refuses it; {call} fails with {errno}.",
        "Its administrator declares that network unreachable.",
        "{advice}",
    ),
    "EACCES": Cause(
        "{what}: {route} forbids it; {call} fails with {errno}.",
        "Its administrator forbids that network.",
        "{advice}",
    ),
}
"""By the error of the lookup: fib_props in net/ipv4/fib_semantics.c, ip6_route_info_create() in net/ipv6/route.c."""
ZONE = Cause(
    "{what}: a link-local address is on every link; without its interface {call} fails with {errno}.",
    "Each interface has a network fe80::/64 of its own.",
    "Name the interface, as in [fe80::1%eth0]:443.",
)
BROADCAST = Cause(
    "{what}: a broadcast address of {device}; {call} fails with {errno}.",
    "TCP never connects to one, and a datagram takes SO_BROADCAST.",
)
BROADCAST_ERRNOS = {"tcp": "ENETUNREACH", "udp": "EACCES"}
"""tcp_v4_connect() in net/ipv4/tcp_ipv4.c, udp_sendmsg() in net/ipv4/udp.c."""
KINDS = {"EINVAL": "blackhole", "EHOSTUNREACH": "unreachable", "EACCES": "prohibit"}
"""The kind of route or rule that ends a lookup with this error."""
ROUTE_KNOWN = "the {kind} route for {network}"
ROUTE_UNKNOWN = "a {kind} route or rule"
DELETE_ROUTE = "If it is not wanted: ip route del {kind} {network} table {table}"
FIND_RULE = "Look for it: ip rule; ip route show table all"

NEIGHBOUR = Cause(
    "{what}: {hop} did not answer on {device} (neighbour {state}); {outcome}.",
    "This host asked for its link-layer address (ARP or neighbour discovery) and got none, so that nothing can be sent to it.",
    "See whether {hop} is up and on that link: ip neigh, and the cable, VLAN or virtual switch.",
)
NEIGHBOUR_FAILS = {"tcp": "connect(2) fails with EHOSTUNREACH after about 3 s", "udp": "datagrams are lost, without an error"}
"""Three requests, a second apart: mcast_solicit and retrans_time_ms in arp(7); arp_error_report(), ndisc_error_report()."""
HOST, GATEWAY = "the host", "the gateway {address}"


class Refusal(NamedTuple):
    """What a program gets for a packet that a rule for outgoing packets stops."""

    tcp: str
    """The error number of connect(2)."""
    udp: str | None = "EPERM"
    """That of sendto(2); None where such a rule is for TCP only."""


DROP = Refusal("ETIMEDOUT")
REFUSALS: dict[str, Refusal] = {
    "tcp reset": Refusal("ECONNREFUSED", None),
    "icmp net-unreachable": Refusal("ENETUNREACH"),
    "icmp host-unreachable": Refusal("EHOSTUNREACH"),
    "icmp prot-unreachable": Refusal("ENOPROTOOPT"),
    "icmp port-unreachable": Refusal("ECONNREFUSED"),
    "icmp net-prohibited": Refusal("ENETUNREACH"),
    "icmp host-prohibited": Refusal("EHOSTUNREACH"),
    "icmp admin-prohibited": Refusal("EHOSTUNREACH"),
    "icmpv6 no-route": Refusal("ENETUNREACH"),
    "icmpv6 admin-prohibited": Refusal("EACCES"),
    "icmpv6 addr-unreachable": Refusal("EHOSTUNREACH"),
    "icmpv6 port-unreachable": Refusal("ECONNREFUSED"),
    "icmpv6 policy-fail": Refusal("EACCES"),
    "icmpv6 reject-route": Refusal("EACCES"),
}
"""By what the rule rejects with, as Outcome.how has it. icmp_err_convert in net/ipv4/icmp.c, tab_unreach in net/ipv6/icmp.c.

tcp_connect() in net/ipv4/tcp_output.c takes no notice of a SYN that a rule drops: it is sent again until tcp_syn_retries are
used up. An ICMP error that comes while connect(2) has the socket locked, as one of this host's own rules does, counts at the
next resend, after 1 s: tcp_v4_err(). The hook's -EPERM is the result of sending for a datagram only."""
ICMPX = {
    "port-unreachable": ("port-unreachable", "port-unreachable"),
    "admin-prohibited": ("admin-prohibited", "admin-prohibited"),
    "no-route": ("net-unreachable", "no-route"),
    "host-unreachable": ("host-unreachable", "addr-unreachable"),
}
"""icmpx of the family inet: for IPv4, for IPv6. net/netfilter/nft_reject.c."""
RULE = Cause("{what}: a rule of this host {verb} it; {effect}.", "{rule}", "If it is not wanted, change that rule: {place}.")
DROPS, REJECTS = "drops", "rejects"
EFFECTS = {
    ("tcp", "drop"): "connect(2) waits, then fails with ETIMEDOUT",
    ("tcp", "reset"): "connect(2) fails at once with {errno}",
    ("tcp", "reject"): "connect(2) fails with {errno} after 1 s",
    ("udp", "drop"): "sendto(2) fails with {errno}",
    ("udp", "reject"): "sendto(2) fails with {errno}",
}

ICMP: dict[tuple[int, int, int], str] = {
    (4, 3, 0): "network unreachable", (4, 3, 1): "host unreachable", (4, 3, 2): "protocol unreachable",
    (4, 3, 3): "port unreachable", (4, 3, 6): "network unknown", (4, 3, 7): "host unknown",
    (4, 3, 9): "network prohibited", (4, 3, 10): "host prohibited", (4, 3, 13): "administratively prohibited",
    (4, 11, 0): "time to live exceeded", (6, 1, 0): "no route to destination", (6, 1, 1): "administratively prohibited",
    (6, 1, 2): "beyond scope of source address", (6, 1, 3): "address unreachable", (6, 1, 4): "port unreachable",
    (6, 1, 5): "source address failed policy", (6, 1, 6): "reject route to destination", (6, 3, 0): "hop limit exceeded",
}  # fmt: skip
"""By IP version, type and code: RFC 792, RFC 1812 5.2.7.1, RFC 4443."""
ICMP_UNKNOWN = "error"

CONTACTS: dict[str, Cause] = {
    "accepted": Cause(
        "{what} accepts connections: the handshake took {time}.",
        "It was closed at once; the other end has seen a connection that sent nothing.",
    ),
    "answered": Cause("{what} answered an empty datagram after {time}.", "Something is there and speaks."),
    "reset": Cause(
        "{what} refuses: a RST came back after {time}; connect(2) fails with {errno}.",
        "Nothing listens there, or a packet filter on the way, or there, rejects with a reset.",
    ),
    "icmp": Cause(
        "{what}: {reporter} answered ICMP {name} after {time}; that is {errno}.",
        "{meaning}",
    ),
    "local": Cause(
        "{what}: this host refuses at once: {call}(2) fails with {errno}.",
        "Nothing was sent: {meaning}",
    ),
    "silence": Cause(
        "{what}: nothing came back within {time}.",
        "{meaning}",
        "Look where it ends: tracepath -n {address}, and at the packet filters on the way and there.",
    ),
}
"""By the result of an attempt."""
REPORTERS = {"own": "this host itself", "end": "the host", "other": "{address}, on the way,", "unknown": "some host"}
ICMP_MEANINGS = {
    "own": "A rule of this host rejects it, or the next host does not answer on the link.",
    "end": "The host is up: nothing uses that port there, or its packet filter rejects.",
    "other": "A router or firewall on the way refuses; {address} did not answer itself.",
    "unknown": "A host or router on the way refuses.",
}
LOCAL_MEANINGS = {
    "EPERM": "a rule for outgoing packets, or a BPF program of the cgroup, stops it.",
    "EACCES": "a route forbids it, or it is a broadcast address.",
    "EADDRNOTAVAIL": "no local address or port is left for it.",
    "ENODEV": "there is no such device.",
    "EINVAL": "a route discards it, or a link-local address lacks its %interface.",
}
LOCAL_UNKNOWN = "the kernel would not begin."
SILENCES = {
    "tcp": "Something on the way or there drops it, or the host is down.",
    "udp": "A service may ignore an empty datagram; so it is there, or filtered, or the host is down.",
    "alive": "{address} is up, since {count} to it {verb} open: a packet filter drops this.",
}
SEEN = {
    "tcp": "SYN packets were sent, and no more; the other end may have seen them.",
    "udp": "One empty datagram was sent; the other end may have seen it.",
}

REACHABLE = "Nothing here uses {what}; packets to it would go through {device}{gateway}."
ON_LINK = ", on the same link"
BY_GATEWAY = ", by {hop}"
ROUTE_ROW = "{source}through {device}{gateway}{state}{mtu}"
NO_RULE = "no rule of this host stops it"
UNKNOWN_RULE = "cannot tell whether a rule of this host stops it: {reasons}"
SENT_TO = "a rule of this host sends it to {to} instead"
NO_ATTEMPT = "no connection to it, and no attempt under way"
PORTS_ROW = "{left} of {size} ephemeral ports left towards it"
TRY, TRY_UDP = "try one connection; the other end will see it", "send one empty datagram; the other end will see it"
EVERY_ROUTE = "the routing rules and routes of every table"
TRACE = "the way as far as it answers"
