"""Prefixes of pasted lines, of any tool: logs, containers, hosts, line numbers, comments, quotes, bullets.

No prefix is known by name. The shape of a prefix is learnt from lines that may be headers or rows: each place behind which the
listing may begin gives a shape. The shapes that most lines have are tried, and the one with which most is read is kept.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

_MARGIN = 3
"""Columns of the narrowest margin: rows of Windows begin with two spaces."""
_HINT = re.compile(
    r"Recv-Q|Local ?Address|local_address|COMMAND +PID|RefCnt|\b(?:tcp|udp|raw|unix|u_\w{3}|LISTEN\w*|ESTAB\w*)\b",
    re.IGNORECASE,
)
"""Words of headers and rows, one of which a line must have."""
_CUT = re.compile(r"(?<=[:\])}|>#*.\-/;,`$%\d])[ \t]|(?<=[0-9][0-9]Z)[ \t]|(?<= [FP])[ \t]|(?<=[:\])|>#*\-/])(?=[\w\"])|\t")
"""Places behind which a listing may begin: white space behind a sign or a number, or a sign before a word."""
_PART = re.compile(r"[:\]|)>]|[^:\]|)>]+")
_RUN = r"[^\s:\]|)>]+"
_NUMBER = re.compile("[0-9]+")
_TIME = re.compile(r"[\d:.,TZ+\-/]*\d:\d\d[\d:.,TZ+\-/]*|\d{9,11}\.\d{1,9}|[FP]")
"""A last word that needs no sign behind it: a time, the marks of containers' logs."""
_CLOCK = re.compile(r"[\d:.,TZ+\-/<>()\[\]]+")
_DATE = re.compile(r"Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|Sat|Sun|stdout|stderr|[AP]M|UTC")
_OWN_NUMBER = re.compile(r"\[\d+\]|(?<=:)\d+:$|^\d+:$")
"""A PID or the number of a line: it says nothing about the host."""
_SAMPLES = 6
_FARTHEST = 200
"""Characters of the longest prefix."""
_MOST_WORDS = 14
_MOST_SHAPES = 12


class Prefix:
    """The shape of a prefix: its words with any letters and digits in place of its own."""

    def __init__(self, pattern: str, numbers_only: bool) -> None:
        self.pattern = pattern
        self._match = re.compile(pattern).match
        self._numbers_only = numbers_only
        """Bare numbers are those of lines, and no column, only where they grow from line to line."""

    def lines(self, lines: Iterable[str]) -> Iterator[str]:
        """Yield the lines without the prefix. A line that lacks it stays as it is."""
        last = -1
        for line in lines:
            found = self._match(line)
            if found is None:
                yield line
            elif not self._numbers_only:
                yield line[found.end() :]
            elif (number := int(found[0][:_FARTHEST])) > last:
                last = number
                yield line[found.end() :]
            else:
                yield line

    def name(self, line: str) -> str | None:
        """Return the names in the line's prefix, of a host or a file, without times and PIDs. None without prefix."""
        found = self._match(line)
        if found is None:
            return None
        words = (word for word in found[0].split() if not _CLOCK.fullmatch(word) and not _DATE.fullmatch(word))
        return " ".join(_OWN_NUMBER.sub("", word).strip("[]:|") for word in words).strip()

    def fits(self, lines: Sequence[str]) -> int:
        """Return how many of the lines have the prefix; none where its numbers do not grow."""
        found = [match[0] for line in lines if (match := self._match(line)) is not None]
        if self._numbers_only and any(int(one) >= int(other) for one, other in pairwise(found)):
            return 0
        return len(found)


def shapes(head: Sequence[str]) -> list[Prefix]:
    """Return the prefixes that the lines may have, most frequent first, the shortest first of several."""
    found: dict[str, Prefix] = {}
    margin = min((len(line) - len(line.lstrip()) for line in head if line.strip()), default=0)
    if margin >= _MARGIN or all(line[:1] == "\t" for line in head if line.strip()):
        found[""] = Prefix(rf"[ \t]{{{margin}}}", False)
    hints = [line for line in head if _HINT.search(line[:2000])]
    for line in [*hints[: _SAMPLES // 2], *hints[-_SAMPLES // 2 :]]:
        for cut in _CUT.finditer(line[:_FARTHEST]):
            shape = _shape(line, cut.end())
            if shape is not None:
                found.setdefault(shape.pattern, shape)
    fits = Counter({pattern: shape.fits(head) for pattern, shape in found.items()})
    return [found[pattern] for pattern, amount in fits.most_common(_MOST_SHAPES) if amount]


def _shape(line: str, end: int) -> Prefix | None:
    prefix = line[:end]
    words = prefix.split()
    if not words or len(words) > _MOST_WORDS:
        return None
    if not set(prefix) - set("> \t"):
        return Prefix(r"(?:[ \t]{0,8}>){1,40} ?", False)  # mail of any depth
    numbers_only = all(_NUMBER.fullmatch(word) for word in words)
    if numbers_only and (len(words) > 1 or len(words[0]) > 9):
        return None
    if words[-1][-1].isalnum() and not numbers_only and not _TIME.fullmatch(words[-1]):
        return None  # a column
    if not prefix[-1].isspace() and prefix[-1] not in ":]|)>" and any(map(str.isalnum, prefix)):
        return None  # half a word
    if prefix[-1] in " \t":
        wide = numbers_only and line[end - 1 : end + 1] == "  "  # a tab that a terminal has turned into spaces
        last = r"(?:\t|\Z)" if prefix[-1] == "\t" else "(?: {2}|\\Z)" if wide else r"(?: |\Z)"
    else:
        last = ""
    return Prefix(r"[ \t]*" + r"[ \t]+".join(map(_word, words)) + last, numbers_only)


def _word(word: str) -> str:
    """Return the pattern of a word: its signs as they are, any text between them."""
    if not any(letter.isalnum() for letter in word):
        return re.escape(word)
    if _NUMBER.match(word) and not word.rstrip(".)").strip("0123456789"):
        return "[0-9]{1,9}" + "".join(map(re.escape, word.lstrip("0123456789")))
    pattern = "".join(re.escape(part) if part in ":]|)>" else _RUN for part in _PART.findall(word))
    return pattern + re.escape(word[-1]) if pattern.endswith(_RUN) and not word[-1].isalnum() else pattern
