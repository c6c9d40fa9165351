"""Packet filter rules, in one form for every way in which they are read: nft(8), libnftables-json(5), nf_tables netlink.

A value is a number, most significant byte first, or the name of a device. Comparisons of every kind are a Match: the value is,
or is not, in ranges. Order and bit masks become ranges and Masked, so that what evaluates the rules has few cases.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

from portsock.network import Network


class Range(NamedTuple):
    """Numbers from `low` to `high`, both included."""

    low: int
    high: int


class Name(NamedTuple):
    """The name of a device; with `prefix` every name that begins so ('eth*')."""

    text: str
    prefix: bool = False


Key = tuple[Range | Name, ...]
"""What a value is compared with: one part, or one for each part of a concatenation."""


class Payload(NamedTuple):
    """Bits of the packet, counted from the start of a header, in network byte order.

    The source address of IPv4 is ('network', 96, 32), the destination port of TCP and UDP ('transport', 16, 16). Rules of the
    families inet, bridge and netdev compare `Meta('nfproto')` first, and with ports `Meta('l4proto')`. Text leaves that out:
    its readers add those matches.
    """

    base: Literal["link", "network", "transport", "inner"]
    offset: int
    length: int


class Meta(NamedTuple):
    """What the kernel knows of a packet, by nft's word: nft(8), META EXPRESSIONS.

    nfproto is 2 for IPv4 and 10 for IPv6; l4proto an IP protocol number; protocol an Ethernet type; iif, oif the index of a
    device; iifname, oifname its name; iiftype 1 for Ethernet and 772 for loopback;
    pkttype 0 for this host, 1 broadcast, 2 multicast.
    """

    key: str


class Ct(NamedTuple):
    """What connection tracking knows of a packet, by nft's word: nft(8), CONNTRACK EXPRESSIONS.

    state is a bit mask: 1 invalid, 2 established, 4 related, 8 new, 64 untracked. status: 1 expected, 2 seen-reply, 4 assured,
    8 confirmed, 16 snat, 32 dnat, 512 dying. direction: 'original', 'reply', or None where the key has none.
    """

    key: str
    direction: str | None = None


class Fib(NamedTuple):
    """A look into the routes: nft(8), FIB EXPRESSIONS.

    `inputs` of 'saddr', 'daddr', 'mark', 'iif', 'oif'. `result`: 'type' (RTN_*: 1 unicast, 2 local, 3 broadcast, 4 anycast,
    5 multicast, 6 blackhole, 7 unreachable, 8 prohibit), 'oif' (index), 'oifname', or 'present' (1 where a route exists).
    """

    inputs: frozenset[str]
    result: str


class Constant(NamedTuple):
    value: int | str


class Masked(NamedTuple):
    """(source & mask) ^ flip."""

    source: "Expression"
    mask: int
    flip: int = 0


class Shifted(NamedTuple):
    """The source shifted left by so many bits; right where negative."""

    source: "Expression"
    bits: int


class Joined(NamedTuple):
    """A concatenation: 'ip saddr . tcp dport'."""

    parts: tuple["Expression", ...]


class Looked(NamedTuple):
    """The value that a map has for the source. The map is one of the table's, by name; anonymous ones have a name too."""

    source: "Expression"
    map: str


class Part(NamedTuple):
    """One part of a concatenation: the address or the port of 'dnat to tcp dport map { 80 : 10.0.0.2 . 8080 }'."""

    source: "Expression"
    place: int


class Other(NamedTuple):
    """A value that is not modelled, as nft would write it."""

    text: str


Expression = Payload | Meta | Ct | Fib | Constant | Masked | Shifted | Joined | Looked | Part | Other


class Verdict(NamedTuple):
    """The end of a rule: accept, drop, continue, return, jump, goto, queue, stolen."""

    kind: str
    chain: str | None = None


class Match(NamedTuple):
    """A condition: the value is in one of the keys, or in the set of that name; with `negated` it is in none."""

    left: Expression
    keys: tuple[Key, ...] | str
    negated: bool = False


class VerdictMap(NamedTuple):
    """The verdict that a map has for the source; the rule ends where it has none, and goes on where that is 'continue'."""

    source: Expression
    map: str


class Reject(NamedTuple):
    """An answer that refuses: kind 'tcp reset', 'icmp', 'icmpv6' or 'icmpx', and the code of the ICMP message.

    Codes of icmpx: 0 no route, 1 port unreachable, 2 host unreachable, 3 administratively prohibited.
    """

    kind: str
    code: int = 0


class Nat(NamedTuple):
    """A translation: kind 'dnat', 'snat', 'masquerade', 'redirect' or 'tproxy'. Ends the hook's chain with accept.

    Addresses are those of `family` ('ip', 'ip6'; None: the packet's). Where `last_address` or `last_port` is there, the kernel
    picks one of the range.
    """

    kind: str
    family: str | None = None
    address: Expression | None = None
    last_address: Expression | None = None
    port: Expression | None = None
    last_port: Expression | None = None
    prefix: bool = False
    """The network part of the address is replaced, the rest stays (netmap)."""


class Assign(NamedTuple):
    """A change of what later rules see: 'meta mark set 0x1'."""

    target: Expression
    value: Expression


class Limit(NamedTuple):
    """A rate, a quota or a number of connections. Matches below it, with `over` above it."""

    text: str
    over: bool = False


class Untracked(NamedTuple):
    """'notrack': connection tracking leaves this packet alone; its ct state is untracked."""


class Remark(NamedTuple):
    """A statement that changes no verdict: counter, log, a set that learns an address."""

    text: str


class Unknown(NamedTuple):
    """An expression that is not modelled, as nft or iptables would write it.

    A 'match' may hold or not. An 'action' may also end the packet's way, or change it.
    """

    text: str
    kind: Literal["match", "action"] = "match"


Statement = Verdict | Match | VerdictMap | Reject | Nat | Assign | Limit | Untracked | Remark | Unknown


class Rule(NamedTuple):
    """A rule. `handle` is the kernel's number for it, None where a listing leaves it out."""

    statements: tuple[Statement, ...]
    handle: int | None = None
    comment: str | None = None
    text: str | None = None
    """The rule as a listing spells it; None where it was read from the kernel."""


class Hook(NamedTuple):
    """The place of a base chain: `name` is prerouting, input, forward, output, postrouting, ingress or egress."""

    name: str
    type: str
    """filter, nat or route."""
    priority: int
    policy: str
    """accept or drop."""
    devices: tuple[str, ...] = ()


class Chain(NamedTuple):
    name: str
    rules: tuple[Rule, ...]
    hook: Hook | None = None


class Element(NamedTuple):
    """An element of a set; in a map with its value, in a verdict map with its verdict. Key None: every other value ('*')."""

    key: Key | None
    value: Key | None = None
    verdict: Verdict | None = None


class Set(NamedTuple):
    """A set or a map of a table; of an anonymous one the name begins with '__'."""

    name: str
    elements: tuple[Element, ...]
    types: tuple[str, ...] = ()
    """Of the parts of its keys, in nft's words: 'ipv4_addr', 'inet_service'. Empty where not known."""
    whole: bool = True
    """False where its elements could not all be read."""


class Table(NamedTuple):
    family: str
    """ip, ip6, inet, netdev, bridge or arp."""
    name: str
    chains: Mapping[str, Chain]
    sets: Mapping[str, Set]
    dormant: bool = False


class Ruleset(NamedTuple):
    """The rules of one network namespace, in the order in which the kernel or a listing gives its tables."""

    tables: tuple[Table, ...] = ()
    not_read: tuple[str, ...] = ()
    """Rules that exist and were not read, in words: 'legacy iptables (filter, nat)'."""
    refused: str | None = None
    """Why no rules at all could be read: 'Operation not permitted'. `tables` is then empty, and no verdict is known."""


class PacketFilter(NamedTuple):
    """What decides about the packets of one network namespace."""

    rules: Ruleset
    network: Network
