"""The dumps of tables, chains, sets and rules into one Ruleset."""

from collections.abc import Callable, Iterator
from functools import partial

from portsock.parse.netlink.message import attributes, check_lengths
from portsock.parse.netlink.nftables import rules
from portsock.parse.netlink.nftables.actions import limits_in
from portsock.parse.netlink.nftables.elements import Reader
from portsock.parse.netlink.nftables.fields import HEAD, Attributes, items, nested, number, text
from portsock.parse.netlink.nftables.machine import Layout, Place, SetHead
from portsock.parse.netlink.nftables.requests import Dump, request
from portsock.parse.netlink.nftables.words import FAMILIES, hook
from portsock.rulesets import Chain, Hook, Rule, Ruleset, Set, Table

_DORMANT = 1
_CHAIN_TYPE = "filter"
_Key = tuple[int, str]
"""Family and name of a table."""


def _messages(dump: Dump) -> Iterator[tuple[int, Attributes]]:
    """Yield family and attributes of each message. Raises GarbledMessage."""
    check_lengths(dump.bodies, HEAD.size, "an nf_tables")
    for at, end in dump.bodies:
        yield dump.buffer[at], attributes(dump.buffer, at + HEAD.size, end)


class _Table:
    """A table while it is put together."""

    def __init__(self, key: _Key, flags: int) -> None:
        self.family, self.name, self.flags = FAMILIES.get(key[0], f"family {key[0]}"), key[1], flags
        self.number = key[0]
        self.hooks: dict[str, Hook | None] = {}
        self.rules: dict[str, list[Rule]] = {}
        self.heads: dict[str, SetHead] = {}
        self.layouts: dict[str, Layout] = {}
        self.objects: dict[tuple[int, str], Attributes] = {}
        self.sets: dict[str, Set] = {}

    def finished(self) -> Table:
        chains = {name: Chain(name, tuple(self.rules[name]), own) for name, own in self.hooks.items()}
        return Table(self.family, self.name, chains, self.sets, bool(self.flags & _DORMANT))


class Draft:
    """A Ruleset while its parts are read: tables, chains, sets and objects first, then rules, then elements."""

    def __init__(self, tables: Dump) -> None:
        self._tables: dict[_Key, _Table] = {}
        for family, found in _messages(tables):
            key = family, text(found.get(1))
            self._tables[key] = _Table(key, number(found, 2))

    def add_chains(self, dump: Dump) -> None:
        for family, found in _messages(dump):
            table = self._tables.get((family, text(found.get(1))))
            if table is not None:
                name = text(found.get(3))
                table.hooks[name] = _hook(table.family, found) if 4 in found else None
                table.rules[name] = []

    def add_sets(self, dump: Dump) -> None:
        for family, found in _messages(dump):
            table = self._tables.get((family, text(found.get(1))))
            if table is not None:
                name, limits = text(found.get(2)), limits_in(found, 17, 18)
                flags, key_type, key_length, data_type, data_length, kind = (number(found, at) for at in (3, 4, 5, 6, 7, 15))
                table.heads[name] = SetHead(name, flags, key_type, key_length, data_type, data_length, kind, limits)

    def add_objects(self, dump: Dump) -> None:
        for family, found in _messages(dump):
            table = self._tables.get((family, text(found.get(1))))
            if table is not None:
                table.objects[number(found, 3), text(found.get(2))] = nested(found.get(4))

    def add_rules(self, dump: Dump) -> None:
        """Read the rules. Raises GarbledMessage."""
        check_lengths(dump.bodies, HEAD.size, "an nf_tables")
        decompiler = rules.Decompiler()
        places: dict[tuple[int, bytes, bytes], tuple[Place, list[Rule]] | None] = {}
        for at, end in dump.bodies:
            head = rules.head(dump.buffer, at, end)
            key = head[:3]
            if key not in places:
                places[key] = self._place(*key)
            place = places[key]
            if place is not None:
                place[1].append(decompiler.rule(head, place[0]))

    def _place(self, family: int, table_name: bytes, chain: bytes) -> tuple[Place, list[Rule]] | None:
        """Return where the rules of a chain stand and are collected; None where the chain is gone."""
        table, name = self._tables.get((family, text(table_name))), text(chain)
        if table is None or name not in table.hooks:
            return None
        own = table.hooks[name]
        place = Place(table.family, own.name if own else None, table.heads, table.layouts, table.objects)
        return place, table.rules[name]

    def wanted(self) -> Iterator[tuple[bytes, Callable[[Dump, bool], None]]]:
        """Yield for each set that rules look into the request for its elements, and what takes the answer.

        That takes the dump, and whether it was whole. It raises GarbledMessage.
        """
        for table in self._tables.values():
            for name, layout in table.layouts.items():
                yield request(table.number, table.name, name), partial(_add_elements, table, table.heads[name], layout)

    def finished(self) -> Ruleset:
        return Ruleset(tuple(table.finished() for table in self._tables.values()))


def _add_elements(table: _Table, head: SetHead, layout: Layout, dump: Dump, whole: bool) -> None:
    check_lengths(dump.bodies, HEAD.size, "an nf_tables")
    reader = Reader(head, layout)
    reader.add(dump.buffer, dump.bodies)
    table.sets[head.name] = reader.result(whole)


def _hook(family: str, found: Attributes) -> Hook:
    own = nested(found.get(4))
    devices = [text(own[3])] if 3 in own else []
    devices += [text(name) for name in items(own[4], 0, len(own[4]))] if 4 in own else []
    priority = int.from_bytes(own.get(2, b""), "big", signed=True)
    policy = "drop" if number(found, 5, 1) == 0 else "accept"
    kind = text(found[7]) if 7 in found else _CHAIN_TYPE
    return Hook(hook(family, number(own, 1)), kind, priority, policy, tuple(dict.fromkeys(devices)))
