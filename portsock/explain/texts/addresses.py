"""The meaning of an address: scopes (RFC 6890, RFC 4007), wildcards, exposures."""

from portsock.model import Exposure, Scope

GATE = "Binding is only the first gate: firewalls, NAT and routing decide the rest, in both directions."

SCOPES: dict[Scope, str] = {
    Scope.UNSPECIFIED: "the wildcard: to a listener every address of this host, as a peer no peer, "
    "and as a destination Linux takes it for loopback",
    Scope.LOOPBACK: "loopback: it never leaves this machine, nor this network namespace",
    Scope.LINK: "link-local: valid on one link only, and an fe80 address needs its zone (%interface)",
    Scope.PRIVATE: "private: routed inside a site or a VPN only",
    Scope.SHARED: "shared address space (100.64.0.0/10): a provider's NAT, or an overlay network such as Tailscale",
    Scope.MULTICAST: "multicast: a group of receivers, not a host",
    Scope.BROADCAST: "broadcast: every host on the same link",
    Scope.DOCUMENTATION: "reserved for documentation: not expected in live traffic",
    Scope.RESERVED: "reserved: not in ordinary use",
    Scope.GLOBAL: "a global address: routable on the whole Internet",
}

EXPOSURES: dict[Exposure, str] = {
    Exposure.LOOPBACK: "Only programs on this machine and in this network namespace can reach it (a container has its own); "
    "a proxy or an SSH tunnel can pass it on.",
    Exposure.LINK: "Hosts on the same link can reach it, and none behind a router.",
    Exposure.PRIVATE: "Hosts of the same private network or VPN can reach it; from elsewhere only where a NAT forwards to it.",
    Exposure.SHARED: "Hosts of the provider's or overlay network that uses 100.64.0.0/10 can reach it.",
    Exposure.PUBLIC: "The address is public, so that hosts anywhere can reach it.",
    Exposure.ALL: "Whoever can reach any address that this host has now or gets later can reach it.",
}

WILDCARD_REACH = "Whoever can reach any {family} address that {place} has now or gets later can reach it."
"""For a wildcard of one family, or in another network namespace."""
FAMILIES: dict[int | None, str] = {4: "IPv4", 6: "IPv6", None: "IPv6 (and probably any IPv4)"}
"""By the IP version that a wildcard takes; None: '::' whose IPV6_V6ONLY is not known."""
LOOPBACK_ONLY = "Only programs on this machine can reach it; a proxy or an SSH tunnel can pass it on."
LOOPBACK = "loopback: it never leaves this machine"
"""For systems without network namespaces."""
HERE, ELSEWHERE = "this host", "network namespace {name}"
LOOPBACK_ELSEWHERE = "Only programs in network namespace {name} can reach it: the loopback of this namespace is another one."
NOT_LISTENING = "Nobody can reach it: a TCP socket that is bound and does not listen takes no connection."

DEVICE_ONLY = (
    "As it is bound to the device {device}, whoever can reach an address of this host through {device} can reach it; "
    "what comes another way, loopback included, does not."
)

MULTICAST_TCP = "TCP cannot use a multicast address: nobody will ever connect to this listener."
WILDCARD_V4 = "0.0.0.0 stands for every IPv4 address, and for no IPv6 one."
WILDCARD_DUAL = ":: without IPV6_V6ONLY stands for every IPv6 and every IPv4 address."
WILDCARD_V6ONLY = ":: with IPV6_V6ONLY stands for every IPv6 address only."
WILDCARD_V6_UNKNOWN = (
    ":: stands for every IPv6 address, and probably for every IPv4 one as well: whether IPV6_V6ONLY is set is not told."
)
