"""Read a policy: its text into rules, or into all its mistakes."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from portsock.policy.mistakes import Mistakes, TooMany, quoted
from portsock.policy.nodes import Items, Node, Pairs, Scalar, read_nodes
from portsock.policy.rules import Environment, RuleReader, scalars_of
from portsock.policy.types import Group, Mistake, Rule
from portsock.policy.values import PROTOCOLS, unknown_key

KEYS = ("version", "default", "protocols", "variables", "groups", "listeners", "ignore")
DEFAULTS = ("deny", "allow")
MOST_RULES = 10_000
_MOST_READINGS = 100_000
"""Rules with variables, times groups: each is read with the values of each."""
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,99}", re.ASCII)


class Entry(NamedTuple):
    """A rule as all hosts without own variables have it, and its text where it has variables."""

    rule: Rule
    node: Pairs | None
    ignore: bool


class Policy(NamedTuple):
    """A policy without mistakes."""

    default: str
    protocols: frozenset[str]
    """Those that must have been read: TCP and UDP unless it says otherwise, and those of rules that must be met."""
    limited: bool
    """Sockets of other protocols are not judged: `protocols` is written."""
    groups: tuple[Group, ...]
    variables: Environment
    entries: tuple[Entry, ...]

    @property
    def uses_reach(self) -> bool:
        """Tell whether a rule asks the packet filter."""
        return any("reach" in entry.rule.selectors for entry in self.entries)


def read_policy(data: bytes) -> Policy | list[Mistake]:
    """Return the policy, or all its mistakes, by line."""
    mistakes = Mistakes()
    try:
        root = read_nodes(data, mistakes)
        policy = _Reader(mistakes).read(root) if root is not None or not mistakes.found else None
    except TooMany:
        policy = None
    return mistakes.sorted() if mistakes.found or policy is None else policy


class _Reader:
    def __init__(self, mistakes: Mistakes) -> None:
        self.mistakes = mistakes
        self.variables: Environment = {}
        self.groups: list[Group] = []
        self.rules = RuleReader(mistakes)
        self._seen: dict[object, int] = {}

    def read(self, root: Node | None) -> Policy | None:
        if not isinstance(root, Pairs):
            what = "the text is empty" if root is None or (isinstance(root, Scalar) and not root.text) else "no mapping"
            self.mistakes.add(1, f"{what}: a policy begins with version: 1, and listeners: follows")
            return None
        sections = {key.text: (key, node) for key, node in root.pairs}
        for name, (key, _) in sections.items():
            if name not in KEYS:
                self.mistakes.add(key.line, unknown_key(name, KEYS, "a policy"))
        self._version(sections, root.line)
        default = self._word(sections, "default", DEFAULTS)
        limited = self._protocols(sections)
        if "variables" in sections:
            self.variables = self._variables(sections["variables"][1], "variables")
        if "groups" in sections:
            self._groups(sections["groups"][1])
        self.rules.variables, self.rules.groups = self.variables, frozenset(group.name for group in self.groups)
        entries = [entry for name in ("listeners", "ignore") for entry in self._section(sections, name)]
        if "listeners" not in sections and not self.mistakes.damaged:
            self.mistakes.add(root.line, "listeners is missing: list what may listen; an empty list, [], allows nothing")
        self._read_for_groups(entries)
        wanted = set(limited or ("tcp", "udp"))
        for entry in entries:
            if entry.rule.must and not limited:
                wanted |= {name for names, _ in entry.rule.selectors.get("protocol", ()) for name in sorted(names)[-1:]}
        return Policy(default or "deny", frozenset(wanted), bool(limited), tuple(self.groups), self.variables, tuple(entries))

    def _version(self, sections: Mapping[str, tuple[Scalar, Node]], line: int) -> None:
        if "version" not in sections:
            if not self.mistakes.damaged:
                self.mistakes.add(line, "version is missing: begin with version: 1")
            return
        node = sections["version"][1]
        if not isinstance(node, Scalar) or (node.text != "1" and node.line):
            text = quoted(node.text) if isinstance(node, Scalar) else "a list or mapping"
            self.mistakes.add(node.line, f"version: {text}: this portsock reads version 1; write version: 1")

    def _word(self, sections: Mapping[str, tuple[Scalar, Node]], name: str, words: Sequence[str]) -> str | None:
        if name not in sections:
            return None
        node = sections[name][1]
        if isinstance(node, Scalar) and (node.text in words or not node.line):
            return node.text
        text = quoted(node.text) if isinstance(node, Scalar) else "a list or mapping"
        self.mistakes.add(node.line, f"{name}: {text}: write {' or '.join(words)}")
        return None

    def _protocols(self, sections: Mapping[str, tuple[Scalar, Node]]) -> list[str]:
        if "protocols" not in sections:
            return []
        known = [name for name in PROTOCOLS if name[-1] not in "46"]
        found = []
        for each in scalars_of(sections["protocols"][1], "protocols", self.mistakes):
            if each.text in known:
                found.append(each.text)
            else:
                self.mistakes.add(each.line, f"protocols: {quoted(each.text)}: no protocol; there are {', '.join(known)}")
        return found

    def _variables(self, node: Node, where: str, known: Mapping[str, object] | None = None) -> Environment:
        if not isinstance(node, Pairs):
            if node.line:
                self.mistakes.add(node.line, f"{where}: a mapping is needed: name: value, indented, one a line")
            return {}
        found: Environment = {}
        for key, value in node.pairs:
            if not _NAME.fullmatch(key.text):
                self.mistakes.add(key.line, f"{where}: {quoted(key.text)}: a name has letters, digits, '_', '-' and '.'")
            elif known is not None and key.text not in known:
                text = f"{where}: {quoted(key.text)}: not in the variables of all hosts; define it there first"
                self.mistakes.add(key.line, text)
            else:
                found[key.text] = tuple(scalars_of(value, f"{where}: {key.text}", self.mistakes))
        return found

    def _groups(self, node: Node) -> None:
        if not isinstance(node, Pairs):
            if node.line:
                self.mistakes.add(node.line, "groups: a mapping is needed: the name of each group, and its hosts under it")
            return
        for key, body in node.pairs:
            if not isinstance(body, Pairs):
                self.mistakes.add(key.line, f"groups: {quoted(key.text)}: write hosts: [GLOB, ...] under it")
                continue
            parts = {name.text: value for name, value in body.pairs}
            for name, _ in body.pairs:
                if name.text not in ("hosts", "variables"):
                    self.mistakes.add(name.line, unknown_key(name.text, ("hosts", "variables"), "a group"))
            hosts: Sequence[Scalar] = ()
            if "hosts" in parts:
                hosts = scalars_of(parts["hosts"], "hosts", self.mistakes)
            elif not self.mistakes.damaged:
                self.mistakes.add(key.line, f"groups: {quoted(key.text)}: hosts is missing: write hosts: [GLOB, ...]")
            own: Environment = {}
            if "variables" in parts:
                own = self._variables(parts["variables"], f"variables of group {key.text}", self.variables)
            self.groups.append(Group(key.text, tuple(host.text for host in hosts), own, key.line))

    def _section(self, sections: Mapping[str, tuple[Scalar, Node]], name: str) -> Iterator[Entry]:
        """Yield the rules of a section that have no mistakes."""
        if name not in sections:
            return
        key, node = sections[name]
        if not isinstance(node, Items):
            left_out = isinstance(node, Scalar) and not node.text and self.mistakes.damaged
            if node.line and not left_out:
                self.mistakes.add(key.line, f"{name}: a list is needed: each rule begins with '- ', as in - port: 22")
            return
        if len(node.items) > MOST_RULES:
            self.mistakes.add(node.items[MOST_RULES].line or key.line, f"{name}: more than {MOST_RULES:,} rules: use ranges")
            return
        for item in node.items:
            if not isinstance(item, Pairs):
                if item.line:
                    self.mistakes.add(item.line, f"{name}: a rule is a mapping, as in - port: 22, not a plain value or list")
                continue
            rule = self.rules.read(item, ignore=name == "ignore")
            if rule is None:
                continue
            same = (name, frozenset((key, frozenset(values)) for key, values in rule.selectors.items()))
            first = self._seen.setdefault(same, rule.line)
            if first != rule.line:
                self.mistakes.add(rule.line, f"it selects the same as line {first}: remove one of the two rules")
            yield Entry(rule, item if self.rules.used_variables else None, name == "ignore")

    def _read_for_groups(self, entries: Sequence[Entry]) -> None:
        """Find the mistakes that rules have with the variables of a group."""
        templates = [entry for entry in entries if entry.node is not None]
        groups = [group for group in self.groups if group.variables]
        if len(templates) * len(groups) > _MOST_READINGS:
            text = f"more than {_MOST_READINGS:,} rules with variables, times groups: use fewer groups with variables"
            self.mistakes.add(groups[0].line, text)
            return
        for group in groups:
            own = Mistakes()
            reader = RuleReader(own, {**self.variables, **group.variables}, self.rules.groups)
            for entry in templates:
                assert entry.node is not None
                reader.read(entry.node, ignore=entry.ignore)
            for line, text in own.sorted():
                self.mistakes.add(line, f"{text} (with the variables of group {group.name})")
