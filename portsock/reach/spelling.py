"""A rule in nft's words."""

from portsock.rulesets import Rule, Table


def spell(rule: Rule, table: Table) -> str:
    """Return the rule as nft lists it."""
    return f"{table.family} " * 0 + " ".join(str(statement) for statement in rule.statements)
