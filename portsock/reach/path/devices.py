"""Devices on which packets may arrive, in classes that nothing tells apart."""

from collections.abc import Iterator
from typing import Any

from portsock.network import Device, Network
from portsock.rulesets import Fib, Match, Meta, Name, Nat, Payload, Range, Ruleset, Set

ANY = "*"
"""The name of a device that no rule names, where the devices are not known."""
INDEXES = (Meta("iif"), Meta("oif"))
MOST_RANGES = 64
BY_INDEX = {"iif", "oif", "iifgroup", "oifgroup", "iiftype", "iifkind", "sdif", "ibrname"}


class Uses:
    """What rules look at that differs between devices."""

    def __init__(self, ruleset: Ruleset) -> None:
        self.names: set[str] = set()
        self.prefixes: set[str] = set()
        self.bridged = any(table.family == "bridge" for table in ruleset.tables)
        self.ranges: set[Range] = set()
        """Indexes of devices that are compared."""
        self.each = False
        """Every device has to be looked at by itself."""
        for table in ruleset.tables:
            if table.dormant:
                continue
            for known in table.sets.values():
                self._set(known)
            for chain in table.chains.values():
                for name in chain.hook.devices if chain.hook else ():
                    self._name(Name(name.rstrip("*"), name.endswith("*")))
                for rule in chain.rules:
                    for statement in rule.statements:
                        self._statement(statement)

    def _name(self, name: Name) -> None:
        (self.prefixes if name.prefix else self.names).add(name.text)

    def _set(self, known: Set) -> None:
        # Sets of addresses are long; one element shows whether there are names at all.
        if not known.elements or not (known.types and "ifname" not in known.types):
            for element in known.elements:
                self._keys(element.key or ())

    def _keys(self, key: tuple[Range | Name, ...]) -> None:
        for part in key:
            if type(part) is Name:
                self._name(part)

    def _statement(self, statement: Any) -> None:
        if type(statement) is Match:
            if type(statement.left) is Payload:
                return
            if not isinstance(statement.keys, str):
                for key in statement.keys:
                    self._keys(key)
                if statement.left in INDEXES and len(self.ranges) < MOST_RANGES:
                    self.ranges.update(key[0] for key in statement.keys if type(key[0]) is Range)
                    return
            if type(statement.left) is Meta:
                self.each = self.each or statement.left.key in BY_INDEX
                return
        self.each = self.each or any(
            isinstance(part, Fib | Nat) or (isinstance(part, Meta) and part.key in BY_INDEX) for part in parts(statement)
        )


def parts(value: Any) -> Iterator[Any]:
    """Yield an expression or a statement and all within it."""
    stack = [value]
    while stack:
        one = stack.pop()
        yield one
        if isinstance(one, tuple) and not isinstance(one, Range | Name):
            stack += [part for part in one if isinstance(part, tuple)]


def classes(ruleset: Ruleset, network: Network) -> list[list[Device]]:
    """Return the devices of a namespace that packets arrive on, those together that nothing tells apart."""
    uses = Uses(ruleset)
    if not network.known:
        names = ["lo", *sorted(uses.names - {"lo", ""}), *(f"{prefix}*" for prefix in sorted(uses.prefixes)), ANY]
        return [[Device(0, name, loopback=name == "lo")] for name in names]
    bridges = {device.ifindex for device in network.devices if device.kind == "bridge"}
    found: dict[Any, list[Device]] = {}
    for device in network.devices:
        if device.up and device.master not in bridges:
            found.setdefault(signature(device, uses), []).append(device)
    return list(found.values())


def signature(device: Device, uses: Uses) -> Any:
    """Return what rules and routes can tell of a device."""
    if uses.each or device.loopback or device.rp_filter or device.master or (uses.bridged and device.kind == "bridge"):
        return device.ifindex
    prefixes = tuple(prefix for prefix in uses.prefixes if device.name.startswith(prefix))
    indexes = tuple(one for one in uses.ranges if one.low <= device.ifindex <= one.high)
    return (device.name if device.name in uses.names else None, prefixes, indexes, device.route_localnet)
