"""Mistakes in a policy's text, collected up to a bound: each is one line that says what, which value and what to do."""

from collections.abc import Iterable

from portsock.policy.types import Mistake

MOST = 100
"""Mistakes that are named."""
_LONGEST = 60


class TooMany(Exception):
    """There are so many mistakes that no more are looked for."""


class Mistakes:
    """The mistakes of one text."""

    def __init__(self) -> None:
        self.found: dict[Mistake, None] = {}
        self.damaged: list[int] = []
        """Lines that were left out to read the rest: what is missing may stand there."""

    def add(self, line: int, text: str) -> None:
        """Add a mistake. Raises TooMany."""
        self.found[Mistake(line, text)] = None
        if len(self.found) >= MOST:
            raise TooMany

    def damaged_at(self, first: int, last: int) -> bool:
        """Tell whether a line was left out from the first of these to shortly after the last."""
        return any(first <= line <= last + 2 for line in self.damaged)

    def extend(self, mistakes: Iterable[Mistake]) -> None:
        """Add mistakes."""
        for each in mistakes:
            self.add(*each)

    def sorted(self) -> list[Mistake]:
        """Return the mistakes in the order of their lines."""
        return sorted(self.found, key=lambda mistake: mistake.line)


def quoted(text: str) -> str:
    """Return a text of the policy for a message, cut where it is long."""
    return f"'{text}'" if len(text) <= _LONGEST else f"'{text[:_LONGEST]}…'"
