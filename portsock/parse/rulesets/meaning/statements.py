"""Statements of libnftables-json(5) into those of rulesets.py."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

from portsock.nft_words.dependencies import needs, network_need
from portsock.nft_words.fields import BITMASKS
from portsock.nft_words.names import DEFAULT_REJECTS, REJECT_CODES
from portsock.parse.rulesets.meaning.counted import counter_text, limit_of, log_text, quota_of
from portsock.parse.rulesets.meaning.describe import MOST_TEXT, Verbatim, described
from portsock.parse.rulesets.meaning.expressions import expression, map_name, value_of
from portsock.parse.rulesets.meaning.maps import verdict
from portsock.parse.rulesets.meaning.nat import nat
from portsock.parse.rulesets.meaning.scope import RuleScope, Types
from portsock.parse.rulesets.meaning.values import Unreadable, key, scalar, unwrapped
from portsock.parse.rulesets.meaning.xtables import is_quiet
from portsock.rulesets import (
    Assign,
    Expression,
    Fib,
    Key,
    Limit,
    Masked,
    Match,
    Other,
    Range,
    Reject,
    Remark,
    Statement,
    Unknown,
    Untracked,
    VerdictMap,
)

_ZERO: Key = (Range(0, 0),)


def _match(scope: RuleScope, value: Any) -> Statement:
    left, types = expression(scope, value.get("left"))
    operator, right = value.get("op"), value.get("right")
    if isinstance(left, Fib) and (isinstance(right, bool) or right in ("exists", "missing")):
        left, types = left._replace(result="present"), (("boolean", 8),)
    found = _compared(left, types, operator, right)
    scope.learn(found)
    return found


def _compared(left: Expression, types: Types, operator: Any, right: Any) -> Match:
    negated = operator == "!="
    if isinstance(right, str) and right.startswith("@") and len(right) > 1:
        return Match(left, right[1:], negated)
    if isinstance(right, dict) and isinstance(right.get("set"), list):
        return Match(left, tuple(key(types, unwrapped(item)) for item in right["set"]), negated)
    if isinstance(left, Other) and right in ("exists", "missing"):
        right = right == "exists"
    any_bit = operator == "!" or (operator in ("in", None) and types[0][0] in BITMASKS and not isinstance(left, Masked))
    if any_bit:
        return Match(Masked(left, scalar(types[0][0], _listed_bits(right))), (_ZERO,), negated=operator != "!")
    if operator in ("<", "<=", ">", ">="):
        return Match(left, _ordered(types, operator, right))
    if operator not in ("==", "!=", "in", None):
        raise Unreadable(described(operator))
    return Match(left, (key(types, right),), negated)


def _listed_bits(right: Any) -> Any:
    return right.split(",") if isinstance(right, str) and "," in right else right


def _ordered(types: Types, operator: str, right: Any) -> tuple[Key, ...]:
    """Return the range of what is less or greater."""
    if len(types) != 1:
        raise Unreadable(operator)
    number = scalar(types[0][0], right)
    full = (1 << types[0][1]) - 1
    low, high = (0, number) if operator[0] == "<" else (number, full)
    if operator == "<":
        high -= 1
    elif operator == ">":
        low += 1
    return ((Range(low, high),),) if low <= high else ()


def _vmap(scope: RuleScope, value: Any) -> Statement:
    source, keys = expression(scope, value.get("key"))
    return VerdictMap(source, map_name(scope, keys, (), value.get("data"))[0])


def _mangle(scope: RuleScope, value: Any) -> Statement:
    where = value.get("key")
    try:
        target, types = expression(scope, where)
    except Unreadable as error:
        target, types = Other(str(error)), ()
    try:
        return Assign(target, value_of(scope, types, value.get("value")))
    except Unreadable as error:
        return Assign(target, Other(str(error)))


def _reject(scope: RuleScope, value: Any) -> Statement:
    value = value or {}
    kind, code = value.get("type"), value.get("expr")
    if kind is None:
        default = DEFAULT_REJECTS.get(scope.table.family)
        if default is None:
            raise Unreadable("reject")
        return Reject(*default)
    if kind == "tcp reset":
        scope.need(needs("tcp", scope.table.family))
        return Reject(kind)
    if not isinstance(kind, str) or kind not in REJECT_CODES:
        raise Unreadable(described({"reject": value}))
    number = scalar(REJECT_CODES[kind], code if code is not None else "port-unreachable")
    if kind != "icmpx":
        scope.need(network_need("ip" if kind == "icmp" else "ip6", scope.table.family))
    return Reject(kind, number)


def _set(scope: RuleScope, value: Any) -> Statement:
    """Return the limit that an update of a set may contain: 'update @s { ip saddr limit rate 1/second }'."""
    learnt = unwrapped(value.get("elem"))
    with suppress(Unreadable):
        expression(scope, learnt)  # for the matches that it depends on
    words = " ".join((described(value.get("op")), described(value.get("set")), "{", described(learnt), "}"))
    for inner in value.get("stmt") if isinstance(value.get("stmt"), list) else ():
        if isinstance(inner, dict) and inner.keys() & {"limit", "ct count", "quota"}:
            ((kind, details),) = list(inner.items())[:1]
            limit = _LIMITS[kind](details) if kind in _LIMITS and isinstance(details, dict) else None
            if limit:
                return Limit(f"{words[:-1]}{limit.text} }}", limit.over)
    return Remark(words)


def _count(value: Any) -> Limit:
    over = bool(value.get("inv"))
    return Limit(f"ct count {'over ' if over else ''}{described(value.get('val'))}", over)


_LIMITS: dict[str, Callable[[Any], Limit]] = {"limit": limit_of, "quota": quota_of, "ct count": _count}
_REMARKS: dict[str, Callable[[Any], str]] = {"counter": counter_text, "log": log_text}
_QUIET = frozenset({
    "dup", "flow", "ct helper", "ct timeout", "ct expectation", "last", "secmark", "reset", "tcp option reset",
})  # fmt: skip
"""Statements that change no verdict."""
_NATS = frozenset({"dnat", "snat", "masquerade", "redirect", "tproxy"})
_OTHERS: dict[str, Callable[[RuleScope, Any], Statement]] = {
    "match": _match, "vmap": _vmap, "mangle": _mangle, "set": _set, "reject": _reject,
}  # fmt: skip
_ACTIONS = frozenset({"xt target", "synproxy", "fwd", "queue", "dup", "mangle", "reject", *_NATS})
"""Statements that may end the packet's way, or change it: what is not understood of them is an Unknown action."""


def _meant(scope: RuleScope, kind: str, value: Any, whole: Any) -> Statement:
    if answer := verdict({kind: value}):
        return answer
    if kind in _NATS:
        return nat(scope, kind, value)
    if kind in _LIMITS:
        if isinstance(value, str):
            return Limit(f'{kind} name "{value}"')
        return _LIMITS[kind](value if isinstance(value, dict) else {})
    if kind in _REMARKS:
        return Remark(_REMARKS[kind](value))
    if kind == "notrack":
        return Untracked()
    if kind in _QUIET:
        return Remark(described(whole if isinstance(whole, Verbatim) else {kind: value}))
    if kind in _OTHERS and (isinstance(value, dict) or (kind == "reject" and value is None)):
        return _OTHERS[kind](scope, value)
    raise Unreadable(described({kind: value}))


def _add(scope: RuleScope, value: Any, last: bool, quote: Callable[[], str] | None) -> None:
    """Add the statement that a JSON object stands for, after the matches that it depends on."""
    if isinstance(value, Statement):
        scope.statements.append(value)
        return
    if not isinstance(value, dict) or len(value) != 1:
        scope.statements.append(Unknown(described(value) or "?", "action"))
        return
    ((kind, inner),) = value.items()
    if kind == "xt" and isinstance(inner, dict):
        type_, name = str(inner.get("type")), str(inner.get("name"))
        kind = "last" if is_quiet(type_, name) else f"xt {type_}"
        value = Verbatim(kind, f"xt {type_} {name}"[:MOST_TEXT])
    try:
        if isinstance(value, Verbatim) and kind not in _QUIET:
            raise Unreadable(value.text)
        scope.statements.append(_meant(scope, kind, inner, value))
    except Unreadable:
        words = quote() if quote else _quoted(kind, value)
        action = kind in _ACTIONS or (last and kind != "match")
        scope.statements.append(Unknown(words[:MOST_TEXT], "action" if action else "match"))


def _quoted(kind: str, value: dict[str, Any]) -> str:
    inner = value.get(kind)
    if kind == "match" and isinstance(inner, dict):
        operator = inner.get("op")
        words = (inner.get("left"), None if operator in ("==", "in") else operator, inner.get("right"))
        return " ".join(filter(None, map(described, words))) or kind
    return described(value) or kind


def statements(scope: RuleScope, values: list[Any], quote: Callable[[int], str] | None = None) -> tuple[Statement, ...]:
    """Return the statements of a rule. Those that are not understood are Unknown, with the listing's words by `quote`."""
    for place, value in enumerate(values):
        _add(scope, value, place == len(values) - 1, partial(quote, place) if quote else None)
    return tuple(scope.statements)
