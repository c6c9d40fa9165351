"""A rule: its expressions one after the other, as the kernel runs them. Their names are those in net/netfilter/nft_*.c."""

import struct
from collections.abc import Callable
from typing import NamedTuple

from portsock.parse.netlink.message import Buffer, attributes
from portsock.parse.netlink.nftables import actions, comparisons, loads
from portsock.parse.netlink.nftables.fields import HEAD, Attributes, items, nested, number, text
from portsock.parse.netlink.nftables.machine import Machine, Place
from portsock.parse.netlink.nftables.xt import matches, targets
from portsock.parse.netlink.nftables.xt.extension import Extension
from portsock.rulesets import Remark, Rule, Statement, Unknown, Untracked, Verdict

_MOST_REMEMBERED = 50_000
_COMMENT = 0
"""Type of the comment in what nft(8) keeps with a rule."""
_COUNTER = b"counter\0"

Handler = Callable[[Machine, Attributes], None]
HANDLERS: dict[str, Handler] = {
    "payload": loads.payload, "meta": loads.meta, "ct": loads.ct, "fib": loads.fib, "byteorder": loads.byteorder,
    "bitwise": loads.bitwise, "numgen": loads.numgen, "hash": loads.hashed, "exthdr": loads.exthdr, "socket": loads.socket,
    "rt": loads.route, "osf": loads.fingerprint, "tunnel": loads.tunnel, "xfrm": loads.transform,
    "cmp": comparisons.compare, "range": comparisons.within, "lookup": comparisons.lookup,
    "immediate": actions.immediate, "nat": actions.nat, "masq": actions.masquerade, "redir": actions.redirect,
    "tproxy": actions.tproxy, "reject": actions.reject, "limit": actions.limit, "quota": actions.quota,
    "connlimit": actions.connections, "log": actions.log, "dynset": actions.dynset,
    "objref": actions.object_reference, "flow_offload": actions.flow_offload,
}  # fmt: skip
_SIMPLE: dict[str, Statement] = {
    "counter": Remark("counter"), "last": Remark("last"), "dup": Remark("dup"), "notrack": Untracked(),
    "queue": Verdict("queue"), "fwd": Verdict("stolen"), "synproxy": Unknown("synproxy", "action"),
}  # fmt: skip
"""What needs no look at its attributes."""


class RuleHead(NamedTuple):
    """A rule whose expressions were not looked at yet."""

    family: int
    table: bytes
    chain: bytes
    handle: int | None
    expressions: bytes
    user_data: bytes | None


def head(buffer: Buffer, at: int, end: int) -> RuleHead:
    """Return what one message of a dump of rules says. Raises GarbledMessage."""
    found = attributes(buffer, at + HEAD.size, end)
    handle = int.from_bytes(found[3], "big") if 3 in found else None
    return RuleHead(buffer[at], found.get(1, b""), found.get(2, b""), handle, found.get(4, b""), found.get(7))


class Decompiler:
    """Turns expressions into statements. What equal bytes mean is found once."""

    def __init__(self) -> None:
        self._known: dict[bytes, tuple[str, Attributes]] = {}

    def rule(self, found: RuleHead, place: Place) -> Rule:
        """Return a rule. Raises GarbledMessage."""
        machine = Machine(place)
        for item in items(found.expressions, 0, len(found.expressions)):
            name, parts = self._parsed(item)
            if name in _SIMPLE:
                machine.state(_SIMPLE[name])
            elif name in HANDLERS:
                HANDLERS[name](machine, parts)
            elif name in ("match", "target"):
                compat(machine, name, parts)
            else:
                machine.state(Unknown(name, "action"))
        comment = machine.comment if found.user_data is None else _comment(found.user_data) or machine.comment
        return Rule(tuple(_settled(machine.statements)), found.handle, comment)

    def _parsed(self, item: bytes) -> tuple[str, Attributes]:
        if item[4:12] == _COUNTER:
            return "counter", {}
        known = self._known.get(item)
        if known is None:
            parts = nested(item)
            known = text(parts.get(1)), nested(parts.get(2))
            if len(self._known) < _MOST_REMEMBERED:
                self._known[item] = known
        return known


def _settled(statements: list[Statement]) -> list[Statement]:
    """Return the statements; a flow table that stands last decides nothing of this packet."""
    last = statements[-1] if statements else None
    if isinstance(last, Unknown) and last.text.startswith("flow add"):
        statements[-1] = Remark(last.text)
    return statements


def compat(machine: Machine, kind: str, found: Attributes) -> None:
    """State what a match or a target of iptables-nft does."""
    name, revision, blob = text(found.get(1)), number(found, 2), found.get(3, b"")
    if kind == "match" and name == "comment":
        machine.comment = machine.comment or text(blob)
        return
    each = Extension(name, revision, blob, machine.place.family, machine.place.hook)
    try:
        stated = matches.read(each) if kind == "match" else targets.read(each)
    except (struct.error, IndexError):  # shorter than its structure
        stated = None
    if stated is None:
        stated = [Unknown(f"-m {name}") if kind == "match" else Unknown(f"-j {name}", "action")]
    machine.statements.extend(stated)


def _comment(data: bytes) -> str | None:
    at = 0
    while at + 2 <= len(data):
        kind, size = data[at], data[at + 1]
        if kind == _COMMENT:
            return text(data[at + 2 : at + 2 + size])
        at += 2 + size
    return None
