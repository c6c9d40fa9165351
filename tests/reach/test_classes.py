"""Ports that no rule tells apart share a verdict."""

from collections.abc import Sequence

from portsock.reach.classes import classes_of
from portsock.rulesets import (
    Assign,
    Chain,
    Constant,
    Element,
    Expression,
    Joined,
    Looked,
    Masked,
    Match,
    Meta,
    Nat,
    Payload,
    Range,
    Rule,
    Ruleset,
    Set,
    Statement,
    Table,
)

DPORT = Payload("transport", 16, 16)
SADDR = Payload("network", 96, 32)


def ruleset(*statements: Statement, sets: Sequence[Set] = ()) -> Ruleset:
    chain = Chain("input", (Rule(statements),))
    return Ruleset((Table("inet", "filter", {"input": chain}, {each.name: each for each in sets}),))


def compared(expression: Expression, *keys: tuple[Range, ...]) -> Match:
    return Match(expression, keys)


def test_ports_that_no_rule_names_are_alike() -> None:
    found = classes_of(ruleset(compared(DPORT, (Range(80, 80),), (Range(8000, 8100),))))
    assert found.of(22) == found.of(79)
    assert found.of(8000) == found.of(8100)
    assert len({found.of(port) for port in (79, 80, 81, 8000, 8101)}) == 3
    assert found.of(79) == found.of(81) == found.of(8101)


def test_elements_of_sets_are_bounds_also_in_concatenations() -> None:
    element = Element((Range(1, 1), Range(443, 443)))
    found = classes_of(ruleset(Match(Joined((SADDR, DPORT)), "s"), sets=[Set("s", (element,))]))
    assert found.of(442) != found.of(443) != found.of(444)


def test_a_map_by_port_in_a_translation_is_a_bound() -> None:
    mapped = Set("m", (Element((Range(80, 80),), (Range(8080, 8080),)),))
    found = classes_of(ruleset(Nat("redirect", port=Looked(DPORT, "m")), sets=[mapped]))
    assert found.ranges == (Range(80, 80),)


def test_a_rule_that_computes_with_the_port_leaves_no_two_ports_alike() -> None:
    both = Payload("transport", 0, 32)
    for statement in (
        compared(Masked(DPORT, 1), (Range(1, 1),)),
        compared(both, (Range(5, 5),)),
        Assign(Meta("mark"), DPORT),
        compared(Joined((SADDR, Masked(DPORT, 3))), (Range(1, 1), Range(1, 1))),
    ):
        found = classes_of(ruleset(statement))
        assert found.of(80) != found.of(81)


def test_other_statements_tell_no_ports_apart() -> None:
    found = classes_of(ruleset(compared(SADDR, (Range(1, 9),)), Nat("dnat", "ip", Constant(1), port=Constant(80))))
    assert found.ranges == ()
