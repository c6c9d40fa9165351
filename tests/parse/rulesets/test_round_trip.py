"""A rule that is spelt and read again is the same rule: this tests reading and spelling at once."""

from hypothesis import given, settings

from portsock.parse.rulesets import read
from portsock.reach.spelling import spell
from portsock.rulesets import Table
from tests.support.live import takes_long
from tests.support.rules import tables


def assert_same_again(table: Table) -> None:
    lines = [spell(rule, table) for rule in table.chains["input"].rules]
    (found,) = read("\n".join((f"table {table.family} t {{", "chain input {", *lines, "}", "}"))).tables
    for rule, line, again in zip(table.chains["input"].rules, lines, found.chains["input"].rules, strict=True):
        assert again.statements == rule.statements, line
    assert found.sets == table.sets


@settings(max_examples=60, deadline=None)
@given(tables())
def test_rule_spelt_and_read_again_is_the_same(table: Table) -> None:
    assert_same_again(table)


@takes_long
@settings(max_examples=3000, deadline=None)
@given(tables())
def test_many_rules_spelt_and_read_again_are_the_same(table: Table) -> None:
    assert_same_again(table)
