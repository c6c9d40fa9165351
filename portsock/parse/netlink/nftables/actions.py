"""Expressions that decide about a packet, or change its way: verdicts, translations, rejections, limits."""

from typing import Final

from portsock.parse.netlink.nftables.comparisons import keyed
from portsock.parse.netlink.nftables.fields import Attributes, items, nested, number, text, verdict
from portsock.parse.netlink.nftables.machine import Machine
from portsock.parse.netlink.nftables.registers import words
from portsock.parse.netlink.nftables.words import FAMILIES
from portsock.rulesets import Expression, Limit, Match, Meta, Nat, Payload, Range, Reject, Remark, Statement, Unknown, Verdict

_NETMAP = 64
_VERDICTS = frozenset({"accept", "drop", "continue", "return", "jump", "goto", "queue", "stolen"})
_OBJECTS = {
    1: "counter", 2: "quota", 3: "ct helper", 4: "limit", 5: "ct count", 6: "tunnel", 7: "ct timeout", 8: "meta secmark",
    9: "ct expectation", 10: "synproxy",
}  # fmt: skip
_UNITS = {1: "second", 60: "minute", 3600: "hour", 86400: "day", 604800: "week"}
LIMITS: Final = {b"limit", b"quota", b"connlimit"}
_PROTOCOLS = {2: "icmp", 10: "icmpv6", 0x0800: "icmp", 0x86DD: "icmpv6"}
"""By nfproto and by Ethernet type."""
_ETHER_TYPE = Payload("link", 96, 16)


def decided(found: Attributes) -> Statement | None:
    """Return the verdict of an immediate; None where it loads a value."""
    stated = None if number(found, 1) else verdict(found.get(2))
    if stated is None:
        return None
    return Verdict(*stated) if stated[0] in _VERDICTS else Unknown(stated[0], "action")


def _address(machine: Machine, found: Attributes, kind: int, family: str | None) -> Expression | None:
    return machine.registers.expression(number(found, kind), 16 if family == "ip6" else 4, "big") if kind in found else None


def _port(machine: Machine, found: Attributes, kind: int) -> Expression | None:
    return machine.registers.expression(number(found, kind), 2, "big") if kind in found else None


def _other_than(last: Expression | None, first: Expression | None) -> Expression | None:
    """Return the end of a range, None where it is its beginning."""
    return None if last == first else last


def _version(found: Attributes, kind: int) -> str | None:
    family = FAMILIES.get(number(found, kind))
    return family if family in ("ip", "ip6") else None


def nat(machine: Machine, found: Attributes) -> None:
    family = _version(found, 2)
    address, last_address = (_address(machine, found, kind, family) for kind in (3, 4))
    port, last_port = (_port(machine, found, kind) for kind in (5, 6))
    machine.state(
        Nat(
            "dnat" if number(found, 1) else "snat",
            family,
            address,
            _other_than(last_address, address),
            port,
            _other_than(last_port, port),
            bool(number(found, 7) & _NETMAP),
        )
    )


def masquerade(machine: Machine, found: Attributes) -> None:
    port, last = _port(machine, found, 2), _port(machine, found, 3)
    machine.state(Nat("masquerade", port=port, last_port=_other_than(last, port)))


def redirect(machine: Machine, found: Attributes) -> None:
    port, last = _port(machine, found, 1), _port(machine, found, 2)
    machine.state(Nat("redirect", port=port, last_port=_other_than(last, port)))


def tproxy(machine: Machine, found: Attributes) -> None:
    family = _version(found, 1)
    machine.state(Nat("tproxy", family, _address(machine, found, 2, family), port=_port(machine, found, 3)))


def reject(machine: Machine, found: Attributes) -> None:
    kind, code = number(found, 1), number(found, 2)
    if kind == 1:
        machine.state(Reject("tcp reset"))
    elif kind == 2:
        machine.state(Reject("icmpx", code))
    elif kind == 0:
        machine.state(Reject(_icmp(machine), code))
    else:
        machine.state(Unknown(f"reject with type {kind}", "action"))


def _icmp(machine: Machine) -> str:
    """Return whose ICMP a rejection sends: of the table's family, or of the protocol that the rule asked for."""
    family = machine.place.family
    if family in ("ip", "ip6"):
        return "icmp" if family == "ip" else "icmpv6"
    for statement in machine.statements:
        if isinstance(statement, Match) and statement.left in (Meta("nfproto"), Meta("protocol"), _ETHER_TYPE):
            key = statement.keys[0][0] if statement.keys and not isinstance(statement.keys, str) else None
            if isinstance(key, Range) and not statement.negated and key.low in _PROTOCOLS:
                return _PROTOCOLS[key.low]
    return "icmp"


def limit_of(kind: str, found: Attributes) -> Limit:
    """Return a rate, a quota or a number of connections, in nft's words."""
    inverted = {"limit": number(found, 5), "quota": number(found, 2), "connlimit": number(found, 2)}[kind] & 1
    over = "over " if inverted else ""
    if kind == "quota":
        words_ = f"quota {over or 'until '}{number(found, 1)} bytes"
    elif kind == "connlimit":
        words_ = f"ct count {over}{number(found, 1)}"
    else:
        unit = _UNITS.get(number(found, 2), f"{number(found, 2)} seconds")
        rate, burst, what = number(found, 1), number(found, 3), " bytes" if number(found, 4) else ""
        end = f" burst {burst}{what or ' packets'}" if burst else ""
        words_ = f"limit rate {over}{rate}{what}/{unit}{end}"
    return Limit(words_, bool(inverted))


def limit(machine: Machine, found: Attributes) -> None:
    machine.state(limit_of("limit", found))


def quota(machine: Machine, found: Attributes) -> None:
    machine.state(limit_of("quota", found))


def connections(machine: Machine, found: Attributes) -> None:
    machine.state(limit_of("connlimit", found))


def limits_in(found: Attributes, one: int, several: int) -> tuple[Limit, ...]:
    """Return the limits that each element of a set has. Raises GarbledMessage."""
    listed = list(items(found[several], 0, len(found[several]))) if several in found else []
    each = [nested(value) for value in [*listed, *([found[one]] if one in found else [])]]
    return tuple(limit_of(text(name[1]), nested(name.get(2))) for name in each if name.get(1, b"").rstrip(b"\0") in LIMITS)


def log(machine: Machine, found: Attributes) -> None:
    prefix = f' prefix "{text(found[2])}"' if 2 in found else ""
    machine.state(Remark(f"log{prefix}{f' group {number(found, 1)}' if 1 in found else ''}"))


def dynset(machine: Machine, found: Attributes) -> None:
    name, operation = text(found.get(1)), ("add", "update", "delete")[min(number(found, 3), 2)]
    head = machine.place.sets.get(name)
    parts = machine.registers.get(number(found, 4), head.key_length if head else 4)
    key = " . ".join(words(part.source) for part in parts)
    limits = limits_in(found, 7, 10)
    if number(found, 9) & 1:
        machine.unknown(f"{operation} @{name} {{ {key} }} fails")
    elif limits:
        for each in limits:
            machine.state(Limit(f"{operation} @{name} {{ {key} {each.text} }}", each.over))
    else:
        machine.state(Remark(f"{operation} @{name} {{ {key} }}"))


def object_reference(machine: Machine, found: Attributes) -> None:
    """Use a named object: one by its name, or the one that a map has for a value; the rule ends where it has none."""
    if 4 in found:  # NFTA_OBJREF_SET_NAME
        head = machine.place.sets.get(text(found[4]))
        source = keyed(machine, head, machine.registers.get(number(found, 3), head.key_length)) if head else None
        if head is None or source is None:
            machine.unknown(f"object of @{text(found[4])}")
            return
        machine.match(Match(source, head.name))
        _object(machine, head.object_type, f"of @{head.name}", None)
    else:
        kind, name = number(found, 1), text(found.get(2))
        _object(machine, kind, f'name "{name}"', machine.place.objects.get((kind, name)))


def _object(machine: Machine, kind: int, name: str, known: Attributes | None) -> None:
    words_ = f"{_OBJECTS.get(kind, f'object {kind}')} {name}"
    limiting = {2: "quota", 4: "limit", 5: "connlimit"}.get(kind)
    if limiting is None and (kind == 10 or kind not in _OBJECTS):
        machine.state(Unknown(words_, "action"))
    elif limiting is None:
        machine.state(Remark(words_))
    elif known is None:
        machine.unknown(words_)
    else:
        machine.state(Limit(words_, limit_of(limiting, known).over))


def flow_offload(machine: Machine, found: Attributes) -> None:
    machine.unknown(f"flow add @{text(found.get(1))}")
