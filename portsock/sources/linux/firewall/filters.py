"""The packet filters of several network namespaces: each is entered, and its rules and routes are read."""

import os
from collections.abc import Collection

from portsock.network import Network
from portsock.rulesets import PacketFilter, Ruleset


def load(numbers: Collection[int | None], *, always: bool) -> dict[int | None, PacketFilter]:
    """Return the packet filter of each network namespace, by its number; None is our own.

    Routes are read where there are rules, or `always`. A namespace that cannot be entered has a refused ruleset.
    """
    own = _own_number()
    found = {number: _load_own(always) for number in numbers if number in (None, own)}
    others = [number for number in numbers if number not in found and number is not None]
    if others:
        found |= _load_others(others, always)
    return found


def _own_number() -> int | None:
    try:
        return os.stat("/proc/self/ns/net").st_ino
    except OSError:
        return None


def _load_own(always: bool) -> PacketFilter:
    from portsock.sources.linux.firewall.rules import load as load_rules

    ruleset = load_rules()
    if not always and not ruleset.tables:
        return PacketFilter(ruleset, Network(known=False))
    from portsock.sources.linux.firewall.network import load as load_network

    return PacketFilter(ruleset, load_network())


def _load_others(numbers: list[int], always: bool) -> dict[int | None, PacketFilter]:
    from portsock.sources.linux.netns import find
    from portsock.sources.linux.setns import visit

    spaces = find([str(number) for number in numbers]).namespaces
    results = visit(spaces, lambda _: _load_own(always))
    found: dict[int | None, PacketFilter] = {}
    for space, result in zip(spaces, results, strict=True):
        refused = Ruleset(refused=result.strerror or str(result)) if isinstance(result, OSError) else None
        found[space.netns.id] = PacketFilter(refused, Network(known=False)) if refused else result  # type: ignore[assignment]
    return found
