"""The base chains of a hook, in the order in which the kernel runs them."""

from collections.abc import Iterator
from typing import NamedTuple

from portsock.reach.rules.branches import because, merged
from portsock.reach.rules.machine import Machine
from portsock.reach.rules.packet import BEFORE_TRACKING, TRACKED, Group, Place
from portsock.reach.rules.values import Link, Value
from portsock.rulesets import Assign, Chain, Nat, Reject, Ruleset, Table, Untracked

TRACKING = -200
SOURCE, DESTINATION = 1, 2
TRANSLATION = {"prerouting": -100, "output": -100, "input": 100, "postrouting": 100}
"""Priorities of connection tracking and of NAT. Chains of type nat run at these, whatever their own is."""
TABLES, KERNEL = 1, 2
"""Orders of what has one priority, as bits: the first table that is listed runs first; connection tracking and NAT do."""
RANKS = {"input": 3, "forward": 3, "output": 2}
"""How telling the rules of a hook are where every chain accepts."""


class Entry(NamedTuple):
    """A base chain, or the place of all nat chains (`chain` None), of one hook."""

    priority: int
    order: int
    table: Table | None
    chain: Chain | None


class Hooks:
    """Base chains by hook."""

    def __init__(self, ruleset: Ruleset, version: int, early: int = 0) -> None:
        """Read the chains. `early` says what runs first of what has one priority: TABLES, KERNEL, or both."""
        self.families = ("inet", "ip6" if version == 6 else "ip")
        self.tables = [table for table in ruleset.tables if not table.dormant]
        self.early = early
        self._entries: dict[tuple[str, str], list[Entry]] = {}

    def chains(self, name: str, device: Value) -> Iterator[tuple[Table, Chain]]:
        """Yield the base chains of a hook as they are listed."""
        known = device.name if isinstance(device, Link) else ""
        on_device = name in ("ingress", "egress")
        for table in self.tables:
            if table.family in self.families or (on_device and table.family == "netdev"):
                for chain in table.chains.values():
                    # Of a chain whose devices are not known it is not known whether it runs.
                    if (hook := chain.hook) and hook.name == name and (not on_device or named(known, hook.devices or ("*",))):
                        yield table, chain

    def entries(self, name: str, device: Value) -> list[Entry]:
        """Return what runs at a hook, in order; chains of type nat apart."""
        key = (name, device.name if isinstance(device, Link) and name in ("ingress", "egress") else "")
        if key not in self._entries:
            found = list[Entry]()
            for order, (table, chain) in enumerate(self.chains(name, device)):
                assert chain.hook is not None
                if chain.hook.type != "nat":
                    found.append(Entry(chain.hook.priority, order, table, chain))
            if self.has_nat() and name in TRANSLATION:
                found.append(Entry(TRANSLATION[name], 0, None, None))
            found.sort(key=self._when)
            self._entries[key] = found
        return self._entries[key]

    def in_turn(self, found: list[tuple[Table, Chain]]) -> list[tuple[Table, Chain]]:
        """Return the nat chains of a hook in the order in which they run."""
        places = [
            Entry(chain.hook.priority if chain.hook else 0, order, table, chain) for order, (table, chain) in enumerate(found)
        ]
        return [found[entry.order] for entry in sorted(places, key=self._when)]

    def _when(self, entry: Entry) -> tuple[int, int, int]:
        """Return what to sort by. The kernel runs the chain first that was registered last."""
        return entry.priority, self._turn(entry), -entry.order

    def _turn(self, entry: Entry) -> int:
        if entry.table is None:
            return -1 if self.early & KERNEL else len(self.tables)
        return self.tables.index(entry.table) if self.early & TABLES else 0

    def tied(self) -> dict[int, str]:
        """Return the other orders in which chains may run, where that could matter, and why."""
        tables, kernel = self._tied_tables(), self._tied_to_kernel()
        found = {TABLES: tables, KERNEL: kernel, TABLES | KERNEL: tables and kernel}
        return {early: text for early, text in found.items() if text}

    def _tied_to_kernel(self) -> str | None:
        """Return a chain that has the priority of connection tracking or of NAT.

        The kernel registers these when the first rule needs them, and runs first what it registered last.
        """
        nat = self.has_nat()
        for table in self.tables:
            for chain in table.chains.values() if table.family in self.families else ():
                if (hook := chain.hook) and hook.type != "nat" and chain.rules:
                    what = "NAT" if nat and hook.priority == TRANSLATION.get(hook.name) else None
                    if hook.priority == TRACKING and hook.name in ("prerouting", "output"):
                        what = "connection tracking"
                    if what:
                        return f"order of {table.family} {table.name} {chain.name} and {what} ({hook.name})"
        return None

    def _tied_tables(self) -> str | None:
        """Return chains of several tables that have one priority."""
        places: dict[tuple[str, str, int], list[tuple[Table, Chain]]] = {}
        for table in self.tables:
            if table.family in self.families:
                for chain in table.chains.values():
                    if chain.hook:
                        kind = "nat" if chain.hook.type == "nat" else "filter"
                        places.setdefault((kind, chain.hook.name, chain.hook.priority), []).append((table, chain))
        for (_, name, _), found in places.items():
            if len({id(table) for table, _ in found}) > 1 and any(changes(table) for table, _ in found):
                return (
                    f"order of {' and '.join(f'{table.family} {table.name} {chain.name}' for table, chain in found)} ({name})"
                )
        return None

    def has_nat(self) -> bool:
        """Say whether a table has chains of type nat."""
        chains = (chain for table in self.tables if table.family in self.families for chain in table.chains.values())
        return any(chain.hook and chain.hook.type == "nat" for chain in chains)


def changes(table: Table) -> bool:
    """Say whether a table has rules for which the order of chains can matter."""
    return any(
        isinstance(statement, Assign | Nat | Reject | Untracked)
        for chain in table.chains.values()
        for rule in chain.rules
        for statement in rule.statements
    )


def named(device: str, patterns: tuple[str, ...]) -> bool:
    return any(device.startswith(one[:-1]) if one.endswith("*") else device == one for one in patterns)


def pass_hook(machine: Machine, hooks: Hooks, groups: list[Group], place: Place) -> list[Group]:
    """Return the groups that get through a hook."""
    name = place.hook
    device = place.incoming if name == "ingress" else place.outgoing
    tracked = name not in ("prerouting", "output")
    for priority, order, table, chain in hooks.entries(name, device):
        if not tracked and (priority > TRACKING or (priority == TRACKING and hooks.early & KERNEL)):
            groups, tracked = track(groups), True
        if table is None or chain is None:
            groups = translate(machine, hooks, groups, place)
        else:
            rank = (RANKS.get(name, 1), int(priority == 0), len(machine.claims), order)
            unseen = aside(machine, chain, groups) if name in ("ingress", "egress") else []
            groups = merged(machine.base(table, chain, groups, place, rank) + unseen)
    return groups if tracked else track(groups)


def aside(machine: Machine, chain: Chain, groups: list[Group]) -> list[Group]:
    """Return the packets that may not see a chain, as it is not known on which devices it is."""
    if chain.hook is None or chain.hook.devices:
        return []
    found = [
        Group(one.sources.copy(), one.environment, because(one.causes, f"device of chain {chain.name}")) for one in groups
    ]
    machine.forked += [one.sources.copy() for one in groups]
    return found


def track(groups: list[Group]) -> list[Group]:
    """Let connection tracking see the packets."""
    for group in groups:
        if group.environment.tracked == BEFORE_TRACKING:
            group.environment = group.environment._replace(tracked=TRACKED)
    return merged(groups)


def translate(machine: Machine, hooks: Hooks, groups: list[Group], place: Place) -> list[Group]:
    """Ask the chains of type nat, in order of priority, until one translates."""
    which = SOURCE if place.hook in ("input", "postrouting") else DESTINATION
    asked, through = list[Group](), list[Group]()
    for group in groups:
        open_ = group.environment.tracked == TRACKED and not group.environment.decided & which
        (asked if open_ else through).append(group)
    found = [
        (table, chain) for table, chain in hooks.chains(place.hook, place.outgoing) if chain.hook and chain.hook.type == "nat"
    ]
    machine.settled = []
    for table, chain in hooks.in_turn(found):
        asked = machine.base(table, chain, asked, place, None)
    for group in (settled := [*asked, *machine.settled]):
        group.environment = group.environment._replace(decided=group.environment.decided | which)
    return merged(through + settled)
