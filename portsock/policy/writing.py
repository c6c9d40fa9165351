"""Write a policy from what listens: short, sorted, and so that it holds at once and after a restart."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import NamedTuple

from portsock.errors import UsageError
from portsock.model import Exposure, Port, Snapshot
from portsock.normalize.offers import Offer, Program, offers
from portsock.policy.check import covered
from portsock.policy.matching import MAYBE, in_namespace, widest_scope
from portsock.policy.rules import MOST_VALUES
from portsock.policy.subjects import Surroundings, subjects_of, surroundings
from portsock.policy.values import OF_OWNERS, PROTOCOLS

EPHEMERAL = 1 << 16
"""Stands for the ports that the system picks from; sorted behind all others."""
_HEADINGS = {
    Exposure.ALL: "On all addresses", Exposure.PUBLIC: "On public addresses", Exposure.SHARED: "On shared addresses",
    Exposure.PRIVATE: "On private addresses", Exposure.LINK: "On link-local addresses",
    Exposure.LOOPBACK: "On loopback only", None: "On addresses that the listing does not give",
}  # fmt: skip
_ORDER = list(_HEADINGS)
_PLAIN = re.compile(r"[A-Za-z/][A-Za-z0-9_./@+-]*", re.ASCII)
_RESERVED = frozenset({"true", "false", "yes", "no", "on", "off", "y", "n", "null"})
_PASSING = re.compile(r"\.scope|^run-|^[0-9a-f]{12,64}$")
"""Units and containers whose names the next start changes."""
_SPECIAL = re.compile(r"([*?[])")
_SURROGATE = re.compile("[\ud800-\udfff]")
_MOST_WORDS = 5
_NO_PROTOCOL = (
    "the capture has no TCP or UDP sockets, so that it does not say what listens: take it with portsock ports -l --json"
)

Name = Callable[[str, int], str | None]
"""Return the service name of a protocol's port."""


class Written(NamedTuple):
    """A rule to be written, apart from its ports and protocols."""

    netns: str | None
    scope: Exposure | None
    owners: tuple[tuple[str, tuple[str, ...]], ...]
    """Key and values."""


Rules = dict[tuple[Written, str], dict[str | None, set[int]]]
"""Rule and protocol → host → ports."""


def write_policy(taken: Sequence[tuple[Snapshot, Iterable[Port]]], about: str, name: Name) -> Iterator[str]:
    """Yield the text of a policy that all these snapshots meet. `about`: when and by what it was made.

    Raises UsageError where they have no protocol in common, so that nothing can be said of what listens.
    """
    rules: Rules = {}
    was: dict[tuple[Written, str], set[int]] = {}
    hosts: dict[str | None, None] = {}
    seen: frozenset[str] | None = None
    for snapshot, ports in taken:
        host = snapshot.host.name
        hosts[host] = None
        seen = covered(snapshot) if seen is None else seen & covered(snapshot)
        found = offers(ports, snapshot.processes)
        around = surroundings(snapshot, None, (offer.netns for offer in found))
        for offer in found:
            number = _port(offer, around, name)
            key = _rule(offer, around), "tcp" if offer.protocol == "mptcp" else offer.protocol
            rules.setdefault(key, {}).setdefault(host, set()).add(number)
            if number == EPHEMERAL:
                was.setdefault(key, set()).add(offer.port)
    known = (seen or frozenset()) & PROTOCOLS.keys()
    if not known:
        raise UsageError(_NO_PROTOCOL)
    yield from _head(list(hosts), about, known)
    lines = list(_lines(rules, was, set(hosts), name))
    yield "listeners:\n" if lines else "listeners: []\n"
    for scope, group in groupby(sorted(lines), key=lambda line: line[0]):
        yield f"  # {_HEADINGS[_ORDER[scope]]}\n"
        yield from (f"  - {text}\n" for *_, text in group)


def _head(hosts: Sequence[str | None], about: str, seen: frozenset[str]) -> Iterator[str]:
    named = f"{len(hosts)} hosts" if len(hosts) > 1 else next((host for host in hosts if host), "this host")
    yield f"# What listens on {_comment(named)}, {about}. Nothing else may listen.\n"
    yield "# Remove what should not be there; add must: true to what has to be. The words: man portsock-policy\n"
    yield "version: 1\n"
    if not {"tcp", "udp"} <= seen:
        yield f"protocols: [{', '.join(sorted(seen))}]  # nothing else was in the listing\n"


def _rule(offer: Offer, around: Surroundings) -> Written:
    scopes = [widest_scope(subject.address) for subject in subjects_of(offer)]
    scope = None if None in scopes else min(scopes, key=_ORDER.index, default=None)
    owners = []
    if offer.programs:
        for key in OF_OWNERS:
            if key != "exe" and (values := _values(key, offer.programs)):
                owners.append((key, values))
    return Written(_netns(offer, around), scope, tuple(owners))


def _values(key: str, programs: Sequence[Program]) -> tuple[str, ...]:
    """Return the values that all programs have, escaped; none where one has none, or one that does not last."""
    field = "name" if key == "program" else key
    values = [getattr(program, field) for program in programs]
    if not all(values) or (key in ("unit", "container") and any(map(_PASSING.search, values))):
        return ()
    return tuple(sorted({_glob(value) for value in values}))


def _netns(offer: Offer, around: Surroundings) -> str | None:
    if not around.several_netns:
        return None
    if offer.netns is not None and offer.netns.name:
        return _glob(offer.netns.name)
    own = in_namespace("own", offer.netns, around)
    return None if own is MAYBE else "own" if own else "other"


def _port(offer: Offer, around: Surroundings, name: Name) -> int:
    first, last = around.ephemeral
    picked = first <= offer.port <= last and name(offer.protocol, offer.port) is None
    return EPHEMERAL if picked else offer.port


def _lines(
    rules: Rules, was: dict[tuple[Written, str], set[int]], everywhere: set[str | None], name: Name
) -> Iterator[tuple[int, int, str]]:
    """Yield the rules with what they are sorted by: scope and first port."""
    merged: dict[tuple[Written, tuple[int, ...], tuple[str, ...]], dict[str, None]] = {}
    for (rule, protocol), by_host in rules.items():
        for ports, hosts in _by_hosts(by_host).items():
            named = () if set(hosts) == everywhere else tuple(sorted(_glob(host) for host in hosts if host))
            merged.setdefault((rule, ports, named), {})[protocol] = None
    for (rule, ports, named), protocols in merged.items():
        for begin in range(0, len(ports), MOST_VALUES):
            part = ports[begin : begin + MOST_VALUES]
            fields = {"port": _ranges(part), "protocol": sorted(protocols)}
            if rule.scope is not None:
                fields["scope"] = [rule.scope]
            fields |= {key: list(map(quote, values)) for key, values in rule.owners}
            if rule.netns is not None:
                fields["netns"] = [quote(rule.netns)]
            if named:
                fields["hosts"] = list(map(quote, named))
            text = ", ".join(f"{key}: {_flow(values)}" for key, values in fields.items())
            remarks = [found for port in part[:_MOST_WORDS] for each in protocols if (found := name(each, port))]
            before = {port for each in protocols for port in was.get((rule, each), ())} if EPHEMERAL in part else ()
            remarks += [f"now {', '.join(map(str, sorted(before)[:_MOST_WORDS]))}"] if before else []
            remarks += [] if rule.owners else ["its owner was not seen"]
            remark = f"  # {_comment(', '.join(dict.fromkeys(remarks)))}" if remarks else ""
            yield _ORDER.index(rule.scope), part[0], f"{{{text}}}{remark}"


def _by_hosts(by_host: dict[str | None, set[int]]) -> dict[tuple[int, ...], list[str | None]]:
    """Return the ports of one rule with the hosts that have them: those with the same hosts together."""
    hosts_of: dict[int, list[str | None]] = {}
    for host, ports in by_host.items():
        for port in ports:
            hosts_of.setdefault(port, []).append(host)
    found: dict[tuple[str | None, ...], list[int]] = {}
    for port in sorted(hosts_of):
        found.setdefault(tuple(hosts_of[port]), []).append(port)
    return {tuple(ports): list(hosts) for hosts, ports in found.items()}


def _ranges(ports: Sequence[int]) -> list[str]:
    """Return ports as text, three and more in a row as a range."""
    found = []
    for _, group in groupby(enumerate(ports), key=lambda pair: pair[1] - pair[0]):
        run = [port for _, port in group]
        if run[-1] == EPHEMERAL:
            run.pop()
        if len(run) > 2:
            found.append(f"{run[0]}-{run[-1]}")
        else:
            found += map(str, run)
    return [*found, "ephemeral"] if EPHEMERAL in ports else found


def _flow(values: Sequence[str]) -> str:
    return values[0] if len(values) == 1 else f"[{', '.join(values)}]"


def _glob(text: str) -> str:
    """Return a pattern that matches this text only, with its '$' written so that it begins no variable.

    A byte that is no UTF-8 (a lone surrogate, PEP 383), which YAML cannot have, becomes '?': any character.
    """
    return _SURROGATE.sub("?", _SPECIAL.sub(r"[\1]", text).replace("$", "$$"))


def quote(text: str) -> str:
    """Return a text as a YAML scalar that every reader takes for this text."""
    if _PLAIN.fullmatch(text) and text.lower() not in _RESERVED:
        return text
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if 0x20 <= code < 0x7F:
        return character
    return f"\\x{code:02x}" if code <= 0xFF else f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def _comment(text: str) -> str:
    return "".join(character if character.isprintable() else "?" for character in text)
