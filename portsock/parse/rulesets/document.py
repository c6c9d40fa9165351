"""The JSON of 'nft -j list ruleset': libnftables-json(5)."""

from collections.abc import Iterator
from json import JSONDecodeError, loads
from typing import Any

from portsock.parse.rulesets.failures import InputError
from portsock.parse.rulesets.meaning.expressions import keep_named, types_of
from portsock.parse.rulesets.meaning.scope import RuleScope, TableScope
from portsock.parse.rulesets.meaning.statements import statements
from portsock.rulesets import Chain, Hook, Rule, Ruleset, Table, Unknown

_REMEDY = "give the whole output of: nft -j list ruleset"

_QUIET = frozenset({
    "metainfo", "counter", "quota", "limit", "ct helper", "ct timeout", "ct expectation", "synproxy", "secmark", "flowtable",
})  # fmt: skip
"""Objects that rules name, and that decide nothing alone."""


class _Draft:
    """A table while its objects arrive."""

    def __init__(self, family: str, name: str, dormant: bool) -> None:
        self.scope = TableScope(family, name)
        self.dormant = dormant
        self.hooks: dict[str, Hook | None] = {}
        self.rules: dict[str, list[Rule]] = {}

    def table(self) -> Table:
        chains = {name: Chain(name, tuple(self.rules.get(name, ())), hook) for name, hook in self.hooks.items()}
        return Table(self.scope.family, self.scope.name, chains, self.scope.sets, self.dormant)


def _objects(text: str) -> list[Any]:
    try:
        document = loads(text)
    except JSONDecodeError as error:
        raise InputError(f"the rules are no whole JSON (line {error.lineno}: {error.msg}): {_REMEDY}") from None
    except (RecursionError, ValueError):
        raise InputError(f"the JSON of the rules is nested too deeply, or has too long numbers: {_REMEDY}") from None
    found = document.get("nftables") if isinstance(document, dict) else None
    if not isinstance(found, list):
        raise InputError(f"this JSON has no rules ('nftables'): {_REMEDY}")
    return found


def _pairs(objects: list[Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for item in objects:
        if isinstance(item, dict) and isinstance(item.get("add"), dict):
            item = item["add"]
        if isinstance(item, dict):
            for kind, value in item.items():
                yield str(kind), value if isinstance(value, dict) else {}


def read_document(text: str) -> Ruleset:
    """Return the rules of a JSON document. Raises InputError where it is cut, or no ruleset."""
    pairs = list(_pairs(_objects(text)))
    drafts: dict[tuple[str, str], _Draft] = {}
    unknown: dict[str, None] = {}
    for wanted in (("table",), ("set", "map", "chain"), ("element",), ("rule",)):
        for kind, value in pairs:
            if kind in wanted:
                _add(drafts, kind, value, unknown)
    for kind, _ in pairs:
        if kind not in _QUIET and kind not in ("table", "set", "map", "chain", "element", "rule"):
            unknown[f"{kind[:40]} of the JSON"] = None
    return Ruleset(tuple(draft.table() for draft in drafts.values()), tuple(unknown))


def _add(drafts: dict[tuple[str, str], _Draft], kind: str, value: dict[str, Any], unknown: dict[str, None]) -> None:
    family, name = value.get("family"), value.get("name" if kind == "table" else "table")
    if not isinstance(family, str) or not isinstance(name, str):
        unknown[f"a {kind} without family or name"] = None
        return
    draft = drafts.get((family, name))
    if draft is None:
        flags = value.get("flags")
        draft = drafts[family, name] = _Draft(family, name, kind == "table" and "dormant" in str(flags))
    if kind == "chain":
        draft.hooks[str(value.get("name"))] = _hook(value)
    elif kind in ("set", "map"):
        _add_set(draft.scope, value)
    elif kind == "element":
        unknown[f"elements of {str(value.get('name'))[:40]} that stand alone"] = None
    elif kind == "rule":
        chain = str(value.get("chain"))
        draft.hooks.setdefault(chain, None)
        draft.rules.setdefault(chain, []).append(_rule(draft.scope, value))


def _hook(value: dict[str, Any]) -> Hook | None:
    if not isinstance(value.get("hook"), str):
        return None
    priority, devices = value.get("prio"), value.get("dev")
    names = tuple(map(str, devices)) if isinstance(devices, list) else () if devices is None else (str(devices),)
    type_, policy = value.get("type"), value.get("policy")
    return Hook(
        value["hook"],
        type_ if isinstance(type_, str) else "filter",
        priority if isinstance(priority, int) else 0,
        policy if isinstance(policy, str) else "accept",
        names,
    )


def _add_set(scope: TableScope, value: dict[str, Any]) -> None:
    items = value.get("elem")
    data = value.get("map")
    values = types_of(scope, data) if data is not None else ()
    elements = [] if items is None else items if isinstance(items, list) else [items]
    keep_named(scope, str(value.get("name")), types_of(scope, value.get("type")), values, elements)


def _rule(scope: TableScope, value: dict[str, Any]) -> Rule:
    expressions, handle, comment = value.get("expr"), value.get("handle"), value.get("comment")
    found = (
        statements(RuleScope(scope), expressions)
        if isinstance(expressions, list)
        else (Unknown("a rule without expressions", "action"),)
    )
    return Rule(found, handle if isinstance(handle, int) else None, comment if isinstance(comment, str) else None)
