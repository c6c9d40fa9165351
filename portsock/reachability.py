"""Who can really connect to a port: what the packet filter does with the first packet of a connection."""

from enum import StrEnum
from typing import NamedTuple


class Reachable(StrEnum):
    """What becomes of the first packets of connections. The words of the JSON."""

    ACCEPT = "accept"
    DROP = "drop"
    REJECT = "reject"
    REDIRECT = "redirect"
    """They are sent to another address or port."""
    MIXED = "mixed"
    """Some sources are let in, others are not."""
    UNKNOWN = "unknown"
    """The rules could not be read, or have an expression that is not modelled."""


class RuleReference(NamedTuple):
    """A rule of the packet filter, or the policy of a base chain."""

    family: str
    table: str
    chain: str
    handle: int | None
    """None for a policy, and where a listing has no handles."""
    text: str
    """The rule in nft's words; 'policy drop' for a policy."""
    comment: str | None = None


class Verdict(NamedTuple):
    """What becomes of the packets of one source."""

    source: str
    """A network; the narrowest that has an address counts. '0.0.0.0/0' and '::/0' are everybody else, 'lo' is this host.
    Where the device decides, too, it stands behind '%': '10.0.0.0/8%eth1'."""
    verdict: Reachable
    rule: RuleReference | None = None
    """The rule that decides, or that sends them elsewhere; None where the kernel decides without one."""
    to: tuple[str, int] | None = None
    """The address and port to which a rule sends them."""
    how: str | None = None
    """How they are rejected ('tcp reset'), or why the kernel drops them ('rp_filter')."""


class Reach(NamedTuple):
    """Who can really connect to a port: its addresses, and what the packet filter of its network namespace lets in."""

    verdict: Reachable
    sources: tuple[Verdict, ...]
    """Of the narrower ones those that are let in come first; everybody else is last."""
    rule: RuleReference | None = None
    """The rule that sends packets elsewhere, else keeps others out; where everybody is let in, the one that accepts them."""
    to: tuple[str, int] | None = None
    """The address and port to which a rule sends packets for this one."""
    not_read: tuple[str, ...] = ()
    """Rules and expressions that were not read or are not modelled, and that could change the verdict."""
    limits: tuple[str, ...] = ()
    """Rate limits: the verdict holds while they are not exceeded."""
    left_out: int = 0
    """Further networks that `sources` does not list; there may be more than so many."""
