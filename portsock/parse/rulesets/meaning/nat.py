"""Translations of addresses and ports: dnat, snat, masquerade, redirect, tproxy."""

from typing import Any

from portsock.nft_words.dependencies import NETWORKS
from portsock.parse.rulesets.meaning.describe import described
from portsock.parse.rulesets.meaning.expressions import looked, value_of
from portsock.parse.rulesets.meaning.scope import RuleScope, Types
from portsock.parse.rulesets.meaning.values import Unreadable, part
from portsock.rulesets import Constant, Expression, Looked, Nat, Part, Range

_ADDRESSES = {"ip": ("ipv4_addr", 32), "ip6": ("ipv6_addr", 128)}
_PORT = ("inet_service", 16)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def nat(scope: RuleScope, kind: str, value: Any) -> Nat:
    """Return the translation. Raises Unreadable."""
    value = value or {}
    if not isinstance(value, dict):
        raise Unreadable(described({kind: value}))
    address, port = value.get("addr"), value.get("port")
    family = value.get("family") or (scope.table.family if address is not None and scope.table.family in NETWORKS else None)
    if family not in (None, *NETWORKS):
        raise Unreadable(described({kind: value}))
    family = family or _family_of(address)
    prefix = "prefix" in _listed(value.get("type_flags")) or "netmap" in _listed(value.get("flags"))
    low, high, joined = _ends(scope, _ADDRESSES.get(family or ""), address)
    first, last, _ = _ends(scope, _PORT, port)
    if joined and low is not None:
        first, low = Part(low, 1), Part(low, 0)
    return Nat(kind, family, low, high, first, last, prefix)


def _family_of(address: Any) -> str | None:
    if isinstance(address, str):
        return "ip6" if ":" in address else "ip"
    return None


def _ends(scope: RuleScope, type_: tuple[str, int] | None, value: Any) -> tuple[Expression | None, Expression | None, bool]:
    """Return first and last of an address or port, and whether the first is an address joined with a port."""
    if value is None:
        return None, None, False
    if isinstance(value, dict) and isinstance(value.get("map"), dict):
        found, types = looked(scope, value["map"], _map_values(type_, value["map"]))
        return found, None, isinstance(found, Looked) and len(types) == 2
    if type_ is None:
        raise Unreadable(described(value))
    if isinstance(value, str) or (isinstance(value, dict) and value.keys() & {"range", "prefix"}):
        span = part(*type_, value)
        if isinstance(span, Range):
            return Constant(span.low), Constant(span.high) if span.high != span.low else None, False
    return value_of(scope, (type_,), value), None, False


def _map_values(type_: tuple[str, int] | None, value: dict[str, Any]) -> Types:
    """Return the types of the values of an anonymous map: one address or port, or () where they are joined."""
    data = value.get("data")
    items = data.get("set") if isinstance(data, dict) else None
    first = items[0] if isinstance(items, list) and items else None
    joined = isinstance(first, list) and len(first) == 2 and isinstance(first[1], dict) and "concat" in first[1]
    return (type_,) if type_ and not joined else ()
