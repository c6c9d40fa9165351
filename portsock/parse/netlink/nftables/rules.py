"""A rule: its expressions one after the other, as the kernel runs them. Their names are those in net/netfilter/nft_*.c."""

import struct
from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple

from portsock.parse.netlink.message import Buffer, attributes
from portsock.parse.netlink.nftables import actions, comparisons, loads
from portsock.parse.netlink.nftables.fields import HEAD, Attributes, items, nested, number, text
from portsock.parse.netlink.nftables.machine import Machine, Place
from portsock.parse.netlink.nftables.registers import Value, word_of
from portsock.parse.netlink.nftables.words import padded
from portsock.parse.netlink.nftables.xt import matches, targets
from portsock.parse.netlink.nftables.xt.extension import Extension, Found
from portsock.rulesets import Remark, Rule, Statement, Unknown, Untracked, Verdict

_MOST_REMEMBERED = 50_000
_COMMENT = 0
"""Type of the comment in what nft(8) keeps with a rule."""
_COUNTER, _COMPARE = b"counter\0", b"cmp\0"
_LAYOUT = struct.Struct("=HH4sHHHH4sHH4sHHHH")
"""Of a comparison: name; data that contain register, operation, and a nested value."""
_KIND = 0x3FFF

_Step = tuple[Callable[[Machine, Any], None], Any]
Handler = Callable[[Machine, Attributes], None]
HANDLERS: dict[str, Handler] = {
    "ct": loads.ct, "fib": loads.fib, "byteorder": loads.byteorder,
    "bitwise": loads.bitwise, "numgen": loads.numgen, "hash": loads.hashed, "exthdr": loads.exthdr, "socket": loads.socket,
    "rt": loads.route, "osf": loads.fingerprint, "tunnel": loads.tunnel, "xfrm": loads.transform,
    "range": comparisons.within, "lookup": comparisons.lookup,
    "immediate": loads.immediate, "nat": actions.nat, "masq": actions.masquerade, "redir": actions.redirect,
    "tproxy": actions.tproxy, "reject": actions.reject, "limit": actions.limit, "quota": actions.quota,
    "connlimit": actions.connections, "log": actions.log, "dynset": actions.dynset,
    "objref": actions.object_reference, "flow_offload": actions.flow_offload,
}  # fmt: skip
_SIMPLE: dict[str, Statement] = {
    "counter": Remark("counter"), "last": Remark("last"), "dup": Remark("dup"), "notrack": Untracked(),
    "queue": Verdict("queue"), "fwd": Verdict("stolen"), "synproxy": Unknown("synproxy", "action"),
}  # fmt: skip
"""What needs no look at its attributes."""
_COUNTING: _Step = Machine.state, _SIMPLE["counter"]


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
        self._known: dict[bytes, _Step] = {}

    def rule(self, found: RuleHead, place: Place) -> Rule:
        """Return a rule. Raises GarbledMessage."""
        machine, known, remember = Machine(place), self._known.get, self._step
        for item in items(found.expressions, 0, len(found.expressions)):
            run, argument = known(item) or remember(item)
            run(machine, argument)
        comment = machine.comment if found.user_data is None else _comment(found.user_data) or machine.comment
        return Rule(tuple(_settled(machine.statements)), found.handle, comment)

    def _step(self, item: bytes) -> _Step:
        """Return what an expression does. Counters are not remembered: each has its own numbers."""
        if item[4:12] == _COUNTER:
            return _COUNTING
        if item[4:8] == _COMPARE:
            compared = _comparison(item)
            if compared is not None:
                return comparisons.compare, compared
        found = nested(item)
        step = _prepared(text(found.get(1)), nested(found.get(2)))
        if len(self._known) < _MOST_REMEMBERED:
            self._known[item] = step
        return step


def _comparison(item: bytes) -> comparisons.Comparison | None:
    """Return a comparison whose attributes come in the usual order, as nearly all do. A third of all expressions are such."""
    if len(item) < _LAYOUT.size:
        return None
    words = _LAYOUT.unpack_from(item)
    end = _LAYOUT.size - 4 + words[13]
    usual = words[5:7] == (8, 1) and words[8:10] == (8, 2) and words[12] & _KIND == 3 and words[14] == 1
    if not usual or not _LAYOUT.size <= end <= len(item):
        return None
    register, operation = int.from_bytes(words[7], "big"), int.from_bytes(words[10], "big")
    return comparisons.Comparison(word_of(register), register, operation, item[_LAYOUT.size : end])


def _prepared(name: str, found: Attributes) -> _Step:
    """Return what an expression does as a function of a machine, and its second argument."""
    if name == "cmp":
        return comparisons.compare, comparisons.comparison(found)
    if name == "immediate":
        stated = actions.decided(found)
        if stated is not None:
            return Machine.state, stated
    if name in loads.LOADS:
        writes, load = loads.LOADS[name]
        register, value = load(found)
        if writes in found:
            return partial(_write, number(found, writes)), value
        return Machine.store, (word_of(register), padded(value.size) // 4, value)
    if name in _SIMPLE:
        return Machine.state, _SIMPLE[name]
    if name in ("match", "target"):
        return (match if name == "match" else target), found
    if name not in HANDLERS:
        return Machine.state, Unknown(name, "action")
    return HANDLERS[name], found


def _write(register: int, machine: Machine, target: Value) -> None:
    loads.write(machine, register, target)


def _settled(statements: list[Statement]) -> list[Statement]:
    """Return the statements; a flow table that stands last decides nothing of this packet."""
    last = statements[-1] if statements else None
    if isinstance(last, Unknown) and last.text.startswith("flow add"):
        statements[-1] = Remark(last.text)
    return statements


def match(machine: Machine, found: Attributes) -> None:
    """State what a match of iptables-nft does."""
    each = _extension(machine, found)
    if each.name == "comment":
        machine.comment = machine.comment or text(each.blob)
    else:
        machine.statements.extend(_read(matches.read, each, Unknown(f"-m {each.name}")))


def target(machine: Machine, found: Attributes) -> None:
    """State what a target of iptables-nft does."""
    each = _extension(machine, found)
    machine.statements.extend(_read(targets.read, each, Unknown(f"-j {each.name}", "action")))


def _extension(machine: Machine, found: Attributes) -> Extension:
    return Extension(text(found.get(1)), number(found, 2), found.get(3, b""), machine.place.family, machine.place.hook)


def _read(read: Callable[[Extension], Found], each: Extension, unknown: Unknown) -> list[Statement]:
    try:
        stated = read(each)
    except (struct.error, IndexError):  # shorter than its structure
        stated = None
    return [unknown] if stated is None else stated


def _comment(data: bytes) -> str | None:
    at = 0
    while at + 2 <= len(data):
        kind, size = data[at], data[at + 1]
        if kind == _COMMENT:
            return text(data[at + 2 : at + 2 + size])
        at += 2 + size
    return None
