"""What is asked about reach, and the answers."""

from typing import Literal, NamedTuple

from portsock.reachability import RuleReference as RuleReference


class Probe(NamedTuple):
    """The first packet of a connection, or every such packet from some sources."""

    protocol: str
    """'tcp', 'udp', 'udplite' or 'sctp'."""
    destination: str
    port: int
    device: str | None = None
    """The device on which it arrives; None: every device of the namespace."""
    sources: tuple[str, ...] = ()
    """Addresses or networks that it may come from; () is every one of the destination's IP version."""
    source_port: int | None = None
    """None: any port that clients use, 1024 to 65535."""


class Outcome(NamedTuple):
    """What becomes of the packets from some sources."""

    verdict: Literal["accept", "drop", "reject", "unknown"]
    sources: tuple[str, ...]
    """As few networks as cover them: '10.0.0.0/8'. '0.0.0.0/0' or '::/0' is everybody."""
    devices: tuple[str, ...] = ()
    """The devices on which this holds; () is every one that was asked about. '*' is every one that no rule names."""
    rule: RuleReference | None = None
    """None where no rule decided: no chain has the hook."""
    how: str | None = None
    """Of a rejection: 'tcp reset', 'icmp port-unreachable', 'icmpv6 admin-prohibited'. Of a drop that no rule decides:
    'rp_filter', 'martian source', 'martian destination', 'no forwarding', 'no route', 'blackhole'."""
    to: tuple[str, int] | None = None
    """Address and port to which a rule sends it instead; None where it keeps its own."""
    to_rule: RuleReference | None = None
    """The rule that sends it there."""
    forwarded: bool = False
    """It leaves this namespace for `to` (or its own destination) and is not delivered here."""
    reasons: tuple[str, ...] = ()
    """Of 'unknown': the expressions that are not modelled and could change the verdict, at most five."""
    limits: tuple[str, ...] = ()
    """Rate limits on the way: it holds while they are not exceeded."""
    apart: tuple[str, ...] = ()
    """Networks within `sources` for which it does not hold. Only there where `sources` would be very many without it."""
    addresses: int | None = None
    """How many addresses it holds for, where `sources` does not say so: it is cut short, or names everybody."""
    left_out: int = 0
    """Networks that `sources` does not list, at least so many."""
