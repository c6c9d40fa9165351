"""What differs from a text by a slip of the finger."""

from collections.abc import Iterable

_LONGEST = 40
"""Letters that are compared."""


def nearest(text: str, choices: Iterable[str]) -> str | None:
    """Return the choice that is spelt nearly like the text: one letter of a short word may differ, two of a longer one.

    Leading dashes do not count. None where nothing is near.
    """
    length = len(text.lstrip("-"))
    if not 3 <= length <= _LONGEST:
        return None
    most = 1 if length < 6 else 2
    alike = (choice for choice in choices if abs(len(choice) - len(text)) <= most)
    distance, choice = min(((_distance(text, choice), choice) for choice in alike), default=(most + 1, ""))
    return choice if distance <= most else None


def _distance(one: str, other: str) -> int:
    """Return how many letters have to be inserted, left out, replaced, or exchanged with the next one."""
    rows = [list(range(len(other) + 1))]
    for at, letter in enumerate(one, 1):
        row = [at]
        for to, wanted in enumerate(other, 1):
            cost = min(rows[-1][to] + 1, row[-1] + 1, rows[-1][to - 1] + (letter != wanted))
            if at > 1 and to > 1 and letter == other[to - 2] and one[at - 2] == wanted:
                cost = min(cost, rows[-2][to - 2] + 1)
            row.append(cost)
        rows.append(row)
    return rows[-1][-1]
