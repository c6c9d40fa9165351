"""A ruleset as text in parts, so that a part can be left out."""

from collections.abc import Iterator
from typing import NamedTuple


class ChainText(NamedTuple):
    """A chain: `head` is the line of a base chain, with its type, hook, priority and policy."""

    name: str
    head: str | None
    rules: tuple[str, ...]


class TableText(NamedTuple):
    family: str
    name: str
    sets: tuple[str, ...]
    chains: tuple[ChainText, ...]
    dormant: bool = False


Text = tuple[TableText, ...]


def render(ruleset: Text) -> str:
    """Return what `nft -f` reads: the whole ruleset, in place of what is there."""
    lines = ["flush ruleset"]
    for table in ruleset:
        lines.append(f"table {table.family} {table.name} {{")
        if table.dormant:
            lines.append("flags dormant")
        lines += table.sets
        for chain in table.chains:
            lines.append(f"chain {chain.name} {{")
            if chain.head:
                lines.append(chain.head)
            lines += chain.rules
            lines.append("}")
        lines.append("}")
    return "\n".join(lines) + "\n"


def smaller(ruleset: Text) -> Iterator[Text]:
    """Yield the ruleset with one part left out: a table, a chain, a set, a rule, and each word-sized condition of a rule."""
    for at, table in enumerate(ruleset):
        yield ruleset[:at] + ruleset[at + 1 :]
        for place, chain in enumerate(table.chains):
            yield _with(ruleset, at, table._replace(chains=table.chains[:place] + table.chains[place + 1 :]))
            for number in range(len(chain.rules)):
                rest = chain._replace(rules=chain.rules[:number] + chain.rules[number + 1 :])
                yield _with(ruleset, at, table._replace(chains=_swap(table.chains, place, rest)))
        for place in range(len(table.sets)):
            yield _with(ruleset, at, table._replace(sets=table.sets[:place] + table.sets[place + 1 :]))


def _with(ruleset: Text, at: int, table: TableText) -> Text:
    return (*ruleset[:at], table, *ruleset[at + 1 :])


def _swap(chains: tuple[ChainText, ...], at: int, chain: ChainText) -> tuple[ChainText, ...]:
    return (*chains[:at], chain, *chains[at + 1 :])
