"""Tables, sets and chains of nft's text."""

import re
from collections.abc import Iterator

from portsock.nft_words.names import BRIDGE_PRIORITIES, PRIORITIES
from portsock.parse.rulesets.failures import InputError
from portsock.parse.rulesets.meaning.expressions import keep_named, types_of
from portsock.parse.rulesets.meaning.scope import RuleScope, TableScope
from portsock.parse.rulesets.meaning.statements import statements
from portsock.parse.rulesets.meaning.values import Unreadable
from portsock.parse.rulesets.text.elements import split_elements
from portsock.parse.rulesets.text.expressions import left_side
from portsock.parse.rulesets.text.statements import read_statements
from portsock.parse.rulesets.text.tokens import Cursor, unquoted, words
from portsock.rulesets import Chain, Hook, Rule, Ruleset, Table

_HANDLE = re.compile(r"# handle ([0-9]{1,18})$")
_COMMENT = re.compile(r' comment "[^"]*"$')
_TABLE_FAMILIES = frozenset({"ip", "ip6", "inet", "netdev", "bridge", "arp"})
_OBJECTS = frozenset({"counter", "quota", "limit", "ct", "synproxy", "secmark", "flowtable"})
"""Blocks that decide nothing alone."""
_MOST_NOT_READ = 20


class Lines:
    """The lines of a listing, without blanks around them, and how far they have been read."""

    def __init__(self, text: str) -> None:
        self._lines: Iterator[str] = iter(text.replace("\r", "\n").split("\n"))
        self.not_read: dict[str, None] = {}

    def statements(self) -> Iterator[tuple[str, int | None]]:
        """Yield each line with its handle, up to the brace that closes the block. A pair of braces is one line."""
        for raw in self._lines:
            line, handle = _without_handle(raw.strip())
            if line == "}":
                return
            if line and not line.startswith("#"):
                yield line, handle

    def whole(self, line: str) -> str:
        """Return a line with those that follow, until its braces are closed."""
        if line.count("{") <= line.count("}"):
            return line
        found, depth = [line], _depth(line)
        for raw in self._lines if depth > 0 else ():
            more = raw.strip()
            found.append(more)
            depth += _depth(more) if "{" in more or "}" in more else 0
            if depth <= 0:
                break
        return _without_handle(" ".join(found))[0]

    def skip(self, line: str) -> None:
        """Go past the block that a line opens."""
        self.whole(line)

    def leave_out(self, line: str) -> None:
        """Note what is not read, and go past it."""
        if len(self.not_read) < _MOST_NOT_READ:
            self.not_read[line[:80]] = None
        self.skip(line)


def _depth(line: str) -> int:
    tokens = words(line) if '"' in line else line
    return tokens.count("{") - tokens.count("}")


def _without_handle(line: str) -> tuple[str, int | None]:
    at = line.rfind("#")
    if at >= 0 and (match := _HANDLE.match(line, at)):
        return line[:at].rstrip(), int(match[1])
    return line, None


def read_text(text: str) -> Ruleset:
    """Return the rules of the text of 'nft list ruleset'. Raises InputError where it has none."""
    lines, tables = Lines(text), dict[tuple[str, str], Table]()
    strange = 0
    for line, _ in lines.statements():
        tokens = words(line)
        if tokens[0] == "table" and tokens[-1] in "{}" and len(tokens) in (3, 4, 5):
            family = tokens[1] if tokens[1] in _TABLE_FAMILIES else "ip"
            name = unquoted(tokens[2] if tokens[2] not in "{}" else tokens[1])
            found = _table(lines, family, name) if tokens[-1] == "{" else Table(family, name, {}, {})
            tables[family, name] = found
        else:
            strange += 1
            lines.leave_out(line)
    if strange and not tables:
        raise InputError(f"no table in the rules: {_quoted(text)}; give the whole output of: nft list ruleset")
    return Ruleset(tuple(tables.values()), tuple(lines.not_read))


def _quoted(text: str) -> str:
    first = text.strip().partition("\n")[0][:60]
    return "".join(letter if letter.isprintable() else "?" for letter in first)


def _table(lines: Lines, family: str, name: str) -> Table:
    scope = TableScope(family, name)
    chains: dict[str, Chain] = {}
    dormant = False
    for line, _ in lines.statements():
        tokens = words(line)
        kind, opens = tokens[0], tokens[-1] == "{"
        if kind in ("set", "map", "meter") and len(tokens) == 3 and opens:
            _set(lines, scope, unquoted(tokens[1]))
        elif kind == "chain" and len(tokens) in (3, 4) and tokens[2] == "{":
            chain = unquoted(tokens[1])
            chains[chain] = _chain(lines, scope, chain) if opens else Chain(chain, ())
        elif kind == "flags":
            dormant = "dormant" in tokens
        elif kind in _OBJECTS:
            lines.skip(line)
        elif kind not in ("comment", "}"):
            lines.leave_out(line)
    return Table(family, name, chains, scope.sets, dormant)


def _set(lines: Lines, scope: TableScope, name: str) -> None:
    keys: tuple[str, ...] = ()
    values: tuple[str, ...] = ()
    items = []
    for raw, _ in lines.statements():
        line = raw.rstrip(";")
        if line.startswith(("type ", "typeof ")):
            keys, values = _types(scope, line)
        elif line.startswith("elements = {"):
            whole = lines.whole(line)
            items = split_elements(whole[len("elements = {") :].rstrip().removesuffix("}"))
        elif "{" in line:
            lines.leave_out(line)
    keep_named(scope, name, keys, values, items)


def _types(scope: TableScope, line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    kind, _, rest = line.partition(" ")
    key, _, value = rest.partition(" : ")
    value = value.removeprefix("interval ")
    if kind == "type":
        return types_of(scope, key.strip()), types_of(scope, value.strip()) if value else ()
    found = []
    for text in (key, value):
        try:
            expression = left_side(Cursor(words(text))) if text and text != "verdict" else text
        except Unreadable:
            expression = None
        found.append(types_of(scope, expression) if expression else ())
    return found[0], found[1]


def _chain(lines: Lines, scope: TableScope, name: str) -> Chain:
    hook, rules = None, list[Rule]()
    for line, handle in lines.statements():
        if line.startswith("type ") and " hook " in line:
            hook = _hook(line, scope.family) or hook
            if hook is None:
                lines.leave_out(line)
        elif hook is not None and line.startswith("policy "):
            hook = hook._replace(policy=line[7:].rstrip("; "))
        elif not line.startswith("comment ") and not (line.startswith("devices ") and line.endswith(";")):
            rules += _rules(scope, lines.whole(line), handle)
    return Chain(name, tuple(rules), hook)


def _rules(scope: TableScope, line: str, handle: int | None) -> Iterator[Rule]:
    """Yield the rule of a line. A file written by hand may have several, with semicolons."""
    tokens = words(line)
    if ";" in tokens:
        for part in _split(tokens):
            yield _rule(scope, part, " ".join(part), None)
    else:
        yield _rule(scope, tokens, line, handle)


def _split(tokens: list[str]) -> list[list[str]]:
    parts: list[list[str]] = [[]]
    for word in tokens:
        if word == ";":
            parts.append([])
        else:
            parts[-1].append(word)
    return [part for part in parts if part]


def _rule(scope: TableScope, tokens: list[str], line: str, handle: int | None) -> Rule:
    found = read_statements(tokens)
    text = _COMMENT.sub("", line) if found.comment is not None else line
    return Rule(statements(RuleScope(scope), found.found, found.quote), handle, found.comment, text)


def _hook(line: str, family: str) -> Hook | None:
    """Return the hook of 'type filter hook input priority filter + 10; policy drop;'."""
    tokens = [word for word in words(line) if word not in (";", ",", "{", "}", "=")]
    at = {word: place for place, word in enumerate(tokens)}
    if not {"type", "hook", "priority"} <= at.keys() or max(at["type"], at["hook"], at["priority"]) + 1 >= len(tokens):
        return None
    end = min(at.get("policy", len(tokens)), len(tokens))
    devices: tuple[str, ...] = ()
    for name in ("device", "devices"):
        if name in at:
            devices = tuple(unquoted(word) for word in tokens[at[name] + 1 : at["priority"]])
    priority = _priority(tokens[at["priority"] + 1 : end], family)
    if priority is None:
        return None
    policy = tokens[at["policy"] + 1] if at.get("policy", len(tokens)) + 1 < len(tokens) else "accept"
    return Hook(tokens[at["hook"] + 1], tokens[at["type"] + 1], priority, policy, devices)


def _priority(tokens: list[str], family: str) -> int | None:
    total, sign = 0, 1
    names = BRIDGE_PRIORITIES if family == "bridge" else PRIORITIES
    for word in tokens:
        if word in "+-":
            sign = 1 if word == "+" else -1
            continue
        digits = word.lstrip("+-")
        number = names.get(
            word, (-1 if word.startswith("-") else 1) * int(digits) if digits.isdigit() and len(digits) < 11 else None
        )
        if number is None:
            return None
        total, sign = total + sign * number, 1
    return total if tokens else None
