"""The options of a rule: '-p tcp -m tcp ! --dport 80 -j DNAT --to-destination 10.0.0.2:80'."""

import re
from typing import NamedTuple

_WORD = re.compile(r'"((?:[^"\\]|\\.)*)"?|([^\s"]+)')
_ESCAPED = re.compile(r"\\(.)")
_LOADS = ("-m", "--match", "-j", "--jump", "-g", "--goto")


class Option(NamedTuple):
    """An option with its values; `owner` is the match or target to which it belongs, '' for the rule's own."""

    owner: str
    name: str
    values: tuple[str, ...]
    negated: bool = False

    @property
    def value(self) -> str:
        return self.values[0] if self.values else ""

    @property
    def text(self) -> str:
        return " ".join((*(["!"] if self.negated else []), self.name, *self.values))


def split_words(line: str) -> list[str]:
    """Return the words of a line. In quotes a backslash escapes the next character."""
    return [bare or _ESCAPED.sub(r"\1", quoted) for quoted, bare in _WORD.findall(line)]


def read_options(words: list[str]) -> list[Option]:
    """Return the options of a rule, in their order."""
    found: list[Option] = []
    owner, negated, at = "", False, 0
    while at < len(words):
        word = words[at]
        at += 1
        if word == "!":
            negated = True
            continue
        start = at
        while at < len(words) and words[at] != "!" and not _is_option(words[at]):
            at += 1
        values = tuple(words[start:at])
        if word in _LOADS:
            owner = values[0] if values else ""
        found.append(Option(owner, word, values, negated))
        negated = False
    return found


def _is_option(word: str) -> bool:
    return len(word) > 1 and word[0] == "-" and not word[1].isdigit() and (word[1] == "-" or len(word) == 2)
