"""Check snapshots by a policy: which rules each host has, what was not seen of it, and the results."""

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase

from portsock.enums import WITH_PORTS
from portsock.errors import UsageError
from portsock.model import Port, Snapshot, State
from portsock.normalize.offers import offers
from portsock.policy.judge import Judge, Ruleset
from portsock.policy.matching import NO, in_namespace
from portsock.policy.mistakes import Mistakes
from portsock.policy.reader import Policy
from portsock.policy.rules import RuleReader
from portsock.policy.subjects import STREAMS, surroundings
from portsock.policy.types import Group, Result, Rule, Status

_ABOUT_OWNERS = frozenset({
    "owners_hidden", "owners_partial", "owners_elsewhere", "owners_raced", "listing_unprivileged", "rules_unread",
    "rules_not_modelled", "filter_unreported",
})  # fmt: skip
"""Notices about what is judged socket by socket."""
UNREADABLE = "input_unreadable"
"""The code of notices about files of which no host is known."""
_HARMLESS = frozenset({"-l", "--listening"})
"""Filters of a capture that leave no listener out."""
Rulesets = dict[tuple[str, ...], Ruleset]


def check(policy: Policy, snapshot: Snapshot, ports: Iterable[Port], known: Rulesets) -> list[Result]:
    """Return the results of one host. `ports` are its listening ports; `known` keeps the rules of hosts with the same groups.

    Raises UsageError where a rule is for hosts by name and the snapshot has none.
    """
    host = snapshot.host.name
    found = [each for each in offers(ports, snapshot.processes) if not policy.limited or _named(each.protocol, policy)]
    around = surroundings(snapshot, None, (each.netns for each in found))
    judge = Judge(rules_of(policy, host, known), around)
    results = list(judge.results(host, found))
    listeners = [result.listener for result in results if result.listener is not None]
    seen = covered(snapshot)
    blind = _blindness(snapshot)
    results += judge.needed.results(host, listeners, lambda rule: _unseen(rule, snapshot, seen, blind))
    for protocol in sorted(policy.protocols - seen):
        text = f"{protocol} was not read: nobody can say whether anything listens there"
        results.append(Result(host, Status.UNKNOWN, None, None, text, _not_read(protocol, snapshot)))
    results += [Result(host, Status.UNKNOWN, None, None, f"not all was seen: {why}", why) for why in blind]
    broken = [each.message for each in snapshot.notices if each.code == UNREADABLE]
    results += [Result(None, Status.UNKNOWN, None, None, f"an input was not read: {why}", why) for why in broken]
    return results


def _named(protocol: str, policy: Policy) -> bool:
    return protocol in policy.protocols or (protocol == "mptcp" and "tcp" in policy.protocols)


def _not_read(protocol: str, snapshot: Snapshot) -> str:
    if snapshot.source.kind == "live":
        return f"this system does not report {protocol}: write protocols: to leave it out of the policy"
    return f"the capture has nothing of {protocol}: take it with portsock ports -l --json, or write protocols: in the policy"


def covered(snapshot: Snapshot) -> frozenset[str]:
    """Return the protocols whose listeners are all in the snapshot, as far as it says; a listing has those of its rows."""
    if snapshot.covers is not None:
        states = snapshot.covers.states
        lacking = STREAMS if states is not None and State.LISTEN not in states else frozenset[str]()
        return snapshot.covers.protocols - lacking
    if snapshot.source.kind == "live":
        return WITH_PORTS
    return frozenset(socket.protocol for socket in snapshot.sockets)


def _blindness(snapshot: Snapshot) -> list[str]:
    """Return why sockets may be missing from the snapshot, each reason once."""
    found = dict.fromkeys(
        each.message
        for each in snapshot.notices
        if each.incomplete and not each.silent and each.code not in _ABOUT_OWNERS and each.code != UNREADABLE
    )
    filters = " ".join(text for text in snapshot.covers.filters if text not in _HARMLESS) if snapshot.covers else ""
    if filters:
        found[f"the capture was made with {filters}, which left sockets out: take it without"] = None
    return list(found)


def _unseen(rule: Rule, snapshot: Snapshot, seen: frozenset[str], blind: Sequence[str]) -> str | None:
    """Return why something that meets a rule may not have been seen, None where all was."""
    names = {name for names, _ in rule.selectors.get("protocol", ()) for name in names}
    if names and seen.isdisjoint(names):
        return _not_read(min(names), snapshot)
    point = snapshot.viewpoint
    if "netns" in rule.selectors and point is not None and "own" not in rule.selectors["netns"]:
        around = surroundings(snapshot, None, point.others)
        wanted = rule.selectors["netns"]
        read = any(in_namespace(value, netns, around) is not NO for value in wanted for netns in point.others)
        if not read:
            return "no such network namespace was read: --netns all reads all"
    return blind[0] if blind else None


def rules_of(policy: Policy, host: str | None, known: Rulesets) -> Ruleset:
    """Return the rules for a host, with the variables of its groups. Raises UsageError."""
    named = [group for group in policy.groups if _is_one_of(host, group.hosts)]
    limits = any("hosts" in entry.rule.selectors or "groups" in entry.rule.selectors for entry in policy.entries)
    if host is None and (limits or any(group.variables for group in policy.groups)):
        raise UsageError("the policy has rules for hosts, and the listing has no name: give it as --from HOST=FILE")
    key = (*(group.name for group in named), "", host or "") if limits else tuple(group.name for group in named)
    found = known.get(key)
    if found is None:
        found = known[key] = _ruleset(policy, host, named)
    return found


def _ruleset(policy: Policy, host: str | None, groups: Sequence[Group]) -> Ruleset:
    own = {name: value for group in groups for name, value in group.variables.items()}
    names = {group.name for group in groups}
    mistakes = Mistakes()
    reader = RuleReader(mistakes, {**policy.variables, **own}, frozenset(group.name for group in policy.groups))
    both: tuple[list[Rule], list[Rule]] = ([], [])
    for entry in policy.entries:
        rule: Rule | None = entry.rule
        if own and entry.node is not None:
            rule = reader.read(entry.node, ignore=entry.ignore)
        if rule is None:
            line, text = mistakes.sorted()[0]
            raise UsageError(f"line {line}: {text} (with the variables of host {host})")
        hosts, wanted = rule.selectors.get("hosts"), rule.selectors.get("groups")
        if (hosts is None or _is_one_of(host, hosts)) and (wanted is None or not names.isdisjoint(wanted)):
            both[entry.ignore].append(rule)
    return Ruleset(tuple(both[0]), tuple(both[1]), policy.default)


def _is_one_of(host: str | None, globs: Sequence[str]) -> bool:
    """Tell whether a host has one of these names: whole, or without its domain. Letter case does not count."""
    if host is None:
        return False
    names = {host.lower(), host.lower().partition(".")[0]}
    return any(fnmatchcase(name, glob.lower()) for glob in globs for name in names)
