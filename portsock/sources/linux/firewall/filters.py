"""The packet filters of several network namespaces: each is entered, and its rules and routes are read."""

import os
import time
from collections.abc import Collection
from typing import TYPE_CHECKING, NamedTuple

from portsock.sources.linux.firewall.presence import has_rules

if TYPE_CHECKING:
    from portsock.rulesets import PacketFilter

_SECONDS = 2.0
"""After this time no further namespace is entered: any user can make many, with many rules."""
_LATE = "not read within 2 s"

# What holds rules is imported where there are some: it takes longer than to ask whether there are.


class Found(NamedTuple):
    """The packet filters of some network namespaces, by number; None is our own."""

    filters: "dict[int | None, PacketFilter]"
    empty: frozenset[int | None]
    """Namespaces without rules, where nobody wants their routes."""


def load(numbers: Collection[int | None], *, always: bool) -> Found:
    """Return the packet filter of each network namespace that has rules.

    With `always`, it is returned of every one: also of those without rules, and, with a refused ruleset, of those whose rules
    may not be read or that cannot be entered.
    """
    own = _own_number()
    mine = [number for number in numbers if number in (None, own)]
    found: dict[int | None, PacketFilter | bool | None] = {}
    if mine:
        found = dict.fromkeys(mine, _load_own(always))
    others = [number for number in numbers if number not in found and number is not None]
    if others:
        found |= _load_others(others, always)
    empty = frozenset(number for number, each in found.items() if each is False)
    return Found({number: each for number, each in found.items() if each is not None and not isinstance(each, bool)}, empty)


def _own_number() -> int | None:
    try:
        return os.stat("/proc/self/ns/net").st_ino
    except OSError:
        return None


def _load_own(always: bool) -> "PacketFilter | bool | None":
    """Return the packet filter of the calling thread's namespace. Without `always`: False where it has no rules, None where
    they may not be read."""
    if not always and (present := has_rules()) is not True:
        return present
    from portsock.rulesets import PacketFilter
    from portsock.sources.linux.firewall.rules import load as load_rules
    from portsock.sources.linux.routes.network import load as load_network

    return PacketFilter(load_rules(), load_network())


def _load_others(numbers: list[int], always: bool) -> "dict[int | None, PacketFilter | bool | None]":
    from portsock.sources.linux.netns import find
    from portsock.sources.linux.setns import visit

    spaces = find([str(number) for number in numbers]).namespaces
    until = time.monotonic() + _SECONDS

    def load_one(_: object) -> "PacketFilter | bool | None":
        return _load_own(always) if time.monotonic() < until else _unread(_LATE)

    found: dict[int | None, PacketFilter | bool | None] = {}
    for space, result in zip(spaces, visit(spaces, load_one), strict=True):
        if isinstance(result, OSError):
            found[space.netns.id] = _unread(result.strerror or str(result)) if always else None
        else:
            found[space.netns.id] = result
    return found


def _unread(why: str) -> "PacketFilter":
    from portsock.network import Network
    from portsock.rulesets import PacketFilter, Ruleset

    return PacketFilter(Ruleset(refused=why), Network(known=False))
