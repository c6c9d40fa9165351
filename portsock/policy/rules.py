"""Read one rule, with the variables of a host put in."""

import re
from collections.abc import Mapping, Sequence

from portsock.policy.mistakes import Mistakes, quoted
from portsock.policy.nodes import Items, Node, Pairs, Scalar
from portsock.policy.types import Rule
from portsock.policy.values import SELECTORS, SINGLE, Wrong, unknown_key, wrong_value

Environment = dict[str, tuple[Scalar, ...]]
"""Variable → its values."""
OF_RULES = ("must", "forbid", "comment")
MOST_VALUES = 1000
"""Values of one key."""
_PLACE = re.compile(r"\$\$|\$\{([^}]*)\}")
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_NEARLY = {"yes": "true", "on": "true", "y": "true", "1": "true", "no": "false", "off": "false", "n": "false", "0": "false"}


def scalars_of(node: Node, key: str, mistakes: Mistakes) -> list[Scalar]:
    """Return the values of a key: one, or those of a list."""
    nodes = node.items if isinstance(node, Items) else [node]
    found = []
    if isinstance(node, Items) and not node.items:
        mistakes.add(node.line, f"{key}: an empty list matches nothing; write a value, or leave the key out")
    if len(nodes) > MOST_VALUES:
        mistakes.add(node.line, f"{key}: more than {MOST_VALUES:,} values; use ranges, networks or globs")
        return []
    for each in nodes:
        if not isinstance(each, Scalar):
            mistakes.add(each.line, f"{key}: a value or a flat list is needed, not a mapping or a list in a list")
        elif not each.line:
            continue
        elif each.plain and each.text in _NULL:
            mistakes.add(each.line, f"{key} has no value: write one, or leave the key out")
        else:
            found.append(each)
    return found


class RuleReader:
    """Read rules with the same variables."""

    def __init__(self, mistakes: Mistakes, variables: Environment | None = None, groups: frozenset[str] = frozenset()) -> None:
        self.mistakes = mistakes
        self.variables = variables or {}
        self.groups = groups
        self.used_variables = False
        """The last rule had variables."""

    def read(self, node: Pairs, *, ignore: bool) -> Rule | None:
        """Return a rule of `listeners` or `ignore`; None where it has mistakes, which are added."""
        self.used_variables = False
        before = len(self.mistakes.found)
        known = (*SELECTORS, *(("reason",) if ignore else OF_RULES))
        fields: dict[str, Node] = {}
        for key, value in node.pairs:
            if key.text in known:
                fields[key.text] = value
            else:
                self.mistakes.add(key.line, unknown_key(key.text, known, "ignore" if ignore else "a rule"))
        selectors, texts = {}, {}
        for key_text, parse in SELECTORS.items():
            if key_text in fields:
                values = self._expanded(fields[key_text], key_text)
                selectors[key_text] = tuple(self._parsed(key_text, parse, values))
                texts[key_text] = ", ".join(value.text for value in values)
        rule = Rule(
            node.line,
            selectors,
            texts,
            self._flag(fields, "must"),
            self._flag(fields, "forbid"),
            self._text(fields, "comment"),
            self._text(fields, "reason"),
        )
        self._check(node, rule, fields, ignore)
        return rule if len(self.mistakes.found) == before else None

    def _check(self, node: Pairs, rule: Rule, fields: Mapping[str, Node], ignore: bool) -> None:
        damaged = self.mistakes.damaged_at(node.line, max((value.line for _, value in node.pairs), default=node.line))
        if not set(fields) & set(SELECTORS) and not damaged and len(fields) == len(node.pairs):
            what = "ignore every socket" if ignore else "match every socket"
            self.mistakes.add(node.line, f"a rule that names nothing would {what}: give port, program, scope or the like")
        if ignore and "reason" not in fields and not damaged:
            self.mistakes.add(node.line, "reason is missing: say in reason: why this is not judged")
        if rule.must and rule.forbid:
            self.mistakes.add(node.line, "must and forbid contradict each other: keep one of them")
        for name in rule.selectors.get("groups", ()):
            if name not in self.groups:
                hint = f"there are {', '.join(sorted(self.groups)[:10])}" if self.groups else "groups: defines none"
                line = fields["groups"].line
                self.mistakes.add(line, f"groups: {quoted(name)}: no such group; {hint}; globs of hosts stand under hosts")

    def _parsed(self, key: str, parse: object, values: Sequence[Scalar]) -> list[object]:
        assert callable(parse)
        if key in SINGLE and len(values) > 1:
            self.mistakes.add(values[0].line, f"{key}: one value is needed, the widest that is allowed, not {len(values)}")
            return []
        found = []
        for value in values:
            try:
                found.append(parse(value.text))
            except Wrong as wrong:
                self.mistakes.add(value.line, wrong_value(key, value.text, wrong))
        return found

    def _expanded(self, node: Node, key: str) -> list[Scalar]:
        """Return the values of a key with variables put in; `${name}` alone stands for all values of the variable."""
        found: list[Scalar] = []
        for value in scalars_of(node, key, self.mistakes):
            if "$" not in value.text:
                found.append(value)
                continue
            whole = _PLACE.fullmatch(value.text)
            if whole and whole[1] is not None:
                found += [Scalar(each.text, value.line, False) for each in self._variable(whole[1], value, key)]
            else:
                found.append(Scalar(self._filled(value, key), value.line, False))
        return found

    def _filled(self, value: Scalar, key: str) -> str:
        def put(place: re.Match[str]) -> str:
            if place[1] is None:
                return "$"
            values = self._variable(place[1], value, key)
            if len(values) > 1:
                text = f"{key}: {quoted(value.text)}: {place[1]} has {len(values)} values; inside a text it needs one"
                self.mistakes.add(value.line, text)
            return values[0].text if values else ""

        return _PLACE.sub(put, value.text)

    def _variable(self, name: str, value: Scalar, key: str) -> tuple[Scalar, ...]:
        self.used_variables = True
        if name not in self.variables:
            text = f"{key}: {quoted(value.text)}: no such variable; define {quoted(name)} under variables, or write $$ for $"
            self.mistakes.add(value.line, text)
        return self.variables.get(name, ())

    def _flag(self, fields: Mapping[str, Node], key: str) -> bool:
        node = fields.get(key)
        if node is None:
            return False
        if isinstance(node, Scalar) and (node.text in ("true", "false") or not node.line):
            return node.text == "true"
        if not isinstance(node, Scalar):
            self.mistakes.add(node.line, f"{key}: write true or false, not a list or mapping")
            return False
        meant = _NEARLY.get(node.text.lower()) or (node.text.lower() if node.text.lower() in ("true", "false") else None)
        hint = f"; write {meant}" if meant else "; write true or false"
        why = ": some YAML readers take it for a boolean, others for text" if meant else " is neither true nor false"
        self.mistakes.add(node.line, f"{key}: {quoted(node.text)}{why}{hint}")
        return False

    def _text(self, fields: Mapping[str, Node], key: str) -> str | None:
        node = fields.get(key)
        if node is None:
            return None
        if isinstance(node, Scalar):
            if node.line and (node.text.strip() == "" or (node.plain and node.text in _NULL)):
                self.mistakes.add(node.line, f"{key} has no text: say why, in words, or leave the key out")
            return node.text
        self.mistakes.add(node.line, f"{key}: one text is needed, not a list or mapping")
        return None
