"""Statements of a rule in nft's words, without the matches that nft leaves out."""

from collections.abc import Callable
from typing import Any

from portsock.nft_words.dependencies import NETWORKS, needs, network_need
from portsock.nft_words.names import DEFAULT_REJECTS, REJECT_CODES, name_of
from portsock.reach.spelling.expressions import Speller
from portsock.reach.spelling.matches import dependency, spell_match
from portsock.reach.spelling.values import spell_part, spell_verdict
from portsock.rulesets import (
    Assign,
    Constant,
    Expression,
    Limit,
    Looked,
    Match,
    Nat,
    Part,
    Range,
    Reject,
    Remark,
    Rule,
    Statement,
    Table,
    Unknown,
    Untracked,
    Verdict,
    VerdictMap,
)

_ADDRESS_TYPES = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}


def spell(rule: Rule, table: Table) -> str:
    """Return a rule in nft's words. A rule of a listing is as it was there."""
    if rule.text is not None:
        return rule.text
    speller, words = Speller(table), list[str]()
    for statement in rule.statements:
        need = dependency(statement) if isinstance(statement, Match) else None
        speller.used = []
        if need is not None and isinstance(statement, Match):
            text = spell_match(speller, statement)
            if speller.used:
                words += _flushed(speller)
            speller.pending.append((need, text))
            continue
        text = _SPELLERS[type(statement)](speller, statement)
        words += [*_flushed(speller), text]
    words += [text for _, text in speller.pending]
    return " ".join(words)


def _flushed(speller: Speller) -> list[str]:
    """Return the matches that must be written: without the last ones where the next words imply them in the same order."""
    waiting = [need for need, _ in speller.pending]
    start = max(len(waiting) - len(speller.used), 0)
    texts = [text for _, text in (speller.pending[:start] if waiting[start:] == speller.used else speller.pending)]
    speller.known |= {*waiting, *speller.used}
    speller.pending = []
    return texts


def _reject(speller: Speller, statement: Reject) -> str:
    family = speller.table.family
    if statement.kind == "tcp reset":
        if family in NETWORKS:
            speller.use(needs("tcp", family))
        return "reject with tcp reset"
    network = {"icmp": "ip", "icmpv6": "ip6"}.get(statement.kind)
    if network and family not in NETWORKS:
        speller.use(network_need(network, family))
    if DEFAULT_REJECTS.get(family) == statement:
        return "reject"
    code = name_of(REJECT_CODES.get(statement.kind, ""), statement.code) or statement.code
    return f"reject with {statement.kind} {code}"


def _nat(speller: Speller, nat: Nat) -> str:
    family = nat.family or (speller.table.family if speller.table.family in NETWORKS else None)
    joined = isinstance(nat.address, Part)
    type_ = _ADDRESS_TYPES.get(family or "", "address")
    types = (type_, "inet_service") if joined else (type_,)
    address = _span(speller, types, nat.address, nat.last_address, nat.prefix)
    port = "" if joined else _span(speller, ("inet_service",), nat.port, nat.last_port, False)
    words = [nat.kind]
    if nat.family and nat.family != speller.table.family and address:
        words.append(nat.family)
    if nat.prefix:
        words.append("prefix")
    if port and ":" in address and not isinstance(nat.address, Looked):
        address = "-".join(f"[{end}]" for end in address.split("-"))
    if address or port:
        words += ["to", f"{address}:{port}" if port else address]
    return " ".join(words)


def _span(speller: Speller, types: tuple[str, ...], first: Expression | None, last: Expression | None, prefix: bool) -> str:
    """Return an address or a port, or the range of them; with `prefix` as a network."""
    if first is None:
        return ""
    if isinstance(first, Constant) and isinstance(last, Constant):
        low, high = first.value, last.value
        if prefix and isinstance(low, int) and isinstance(high, int):
            return spell_part(types[0], Range(low, high))
        return f"{speller.expression(first, types).text}-{speller.expression(last, types).text}"
    return speller.expression(first, types).text


def _assign(speller: Speller, statement: Assign) -> str:
    target = speller.expression(statement.target)
    return f"{target.text} set {speller.expression(statement.value, target.types).text}"


def _verdict_map(speller: Speller, statement: VerdictMap) -> str:
    source = speller.expression(statement.source)
    return f"{source.text} vmap {speller.map_text(statement.map, source.types, ())}"


def _words(_: Speller, statement: Limit | Remark | Unknown) -> str:
    return statement.text


_SPELLERS: dict[type[Statement], Callable[[Speller, Any], str]] = {
    Verdict: lambda _, statement: spell_verdict(statement),
    Match: spell_match,
    VerdictMap: _verdict_map,
    Reject: _reject,
    Nat: _nat,
    Assign: _assign,
    Limit: _words,
    Untracked: lambda _speller, _statement: "notrack",
    Remark: _words,
    Unknown: _words,
}
