"""What was not read of one listing: counts and line numbers, as notices."""

from collections.abc import Sequence

from portsock.model import Notice

_MOST_LINE_NUMBERS = 5
"""Skipped lines whose numbers are reported."""


class Losses:
    """Lines that no reader has understood, and sections that were left out."""

    def __init__(self, too_long: Sequence[int]) -> None:
        """`too_long`: the numbers of lines that the decoder leaves out, which grow while the listing is read."""
        self.skipped = 0
        self._lines: list[int] = []
        self._too_long = too_long
        self._left_out: dict[str, None] = {}

    def skip(self, number: int) -> None:
        """Count the line of this number."""
        self.skipped += 1
        if len(self._lines) < _MOST_LINE_NUMBERS:
            self._lines.append(number)

    def leave_out(self, name: str) -> None:
        """Note a listing of sockets without a reader."""
        self._left_out[name] = None

    @property
    def first(self) -> int | None:
        """The number of the first lost line; None where none was lost."""
        return min([*self._lines, *self._too_long], default=None)

    def notices(self) -> tuple[Notice, ...]:
        """Return a notice about each kind of loss."""
        found = []
        if self.skipped:
            text = f"{_amount(self.skipped)} not understood and skipped: line {_numbers(self._lines, self.skipped)}"
            found.append(Notice("lines_skipped", self.skipped, text))
        if self._too_long:
            number = len(self._too_long)
            text = f"{_amount(number)} longer than any row and skipped: line {_numbers(self._too_long, number)}"
            found.append(Notice("lines_too_long", number, text))
        found += [Notice("listing_skipped", 1, f"{name} was left out: there is no reader for it") for name in self._left_out]
        return tuple(found)


def _amount(lines: int) -> str:
    return "1 line was" if lines == 1 else f"{lines} lines were"


def _numbers(numbers: Sequence[int], amount: int) -> str:
    """Write the first numbers of lines, of which there are `amount`."""
    most = numbers[:_MOST_LINE_NUMBERS]
    return ", ".join(map(str, most)) + (" …" if amount > len(most) else "")
