"""The keys `machine` and `covers` of schema portsock/1, parsed back: the reverse of portsock.output.json.envelope."""

from typing import Any

from portsock.model import Coverage, Interface, Machine, State
from portsock.parse.listings.json_text import integer
from portsock.parse.listings.portsock_socket import enum_member, parse_netns, text_at


def parse_machine(item: object) -> Machine | None:
    """Return the host that the answer is of; None where it does not say."""
    if not isinstance(item, dict):
        return None
    listed = item.get("interfaces")
    return Machine(
        text_at(item, "id"), text_at(item, "boot_id"), text_at(item, "system"), text_at(item, "kernel"),
        integer(item.get("netns")),
        tuple(_interface(each) for each in listed if isinstance(each, dict)) if isinstance(listed, list) else None,
        text_at(item, "version"),
    )  # fmt: skip


def _interface(item: dict[str, Any]) -> Interface:
    internal = item.get("internal")
    return Interface(
        text_at(item, "name") or "",
        tuple(_texts(item.get("addresses")) or ()),
        integer(item.get("netns")),
        internal if isinstance(internal, bool) else None,
    )


def parse_covers(item: object) -> Coverage | None:
    """Return what the answer covers; None where it does not say, or not in a way that is known here.

    A state that is not known here is left out: less is covered then, never more.
    """
    if not isinstance(item, dict):
        return None
    protocols, filters = _texts(item.get("protocols")), _texts(item.get("filters"))
    states, spaces = item.get("states"), item.get("netns")
    known = None if states is None else _texts(states)
    if protocols is None or filters is None or (known is None and states is not None):
        return None
    listed = [enum_member(State, state) for state in known or ()]
    found = [parse_netns(space) for space in spaces] if isinstance(spaces, list) else None
    return Coverage(
        frozenset(protocols),
        None if known is None else frozenset(state for state in listed if state is not None),
        None if found is None else tuple(space for space in found if space is not None),
        tuple(filters),
    )


def _texts(items: object) -> list[str] | None:
    """Return the texts of an array; None for anything else."""
    if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
        return None
    return items
