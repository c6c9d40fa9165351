"""The words of a rule."""

import re

from portsock.parse.rulesets.meaning.values import Unreadable

_TOKEN = re.compile(
    r'"[^"]*"?|@(?:nh|th|ll|ih),[0-9]+,[0-9]+|[!<>=]=|<<|>>|[{}()|,;=!<>]|[^\s{}()|,;="!<>]+',
)

END = ""
"""What stands after the last word."""


def words(line: str) -> list[str]:
    """Return the words of a line. A string keeps its quotes."""
    return _TOKEN.findall(line)


class Cursor:
    """The words of a rule, and how far they have been read."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = [*tokens, END, END, END]
        self.at = 0

    def peek(self, ahead: int = 0) -> str:
        return self.tokens[self.at + ahead]

    def next(self) -> str:
        """Return the next word and go past it. Raises Unreadable at the end."""
        token = self.tokens[self.at]
        if token == END:
            raise Unreadable("unfinished")
        self.at += 1
        return token

    def take(self, word: str) -> bool:
        """Go past the next word where it is this one."""
        if self.tokens[self.at] == word:
            self.at += 1
            return True
        return False

    def expect(self, word: str) -> None:
        if not self.take(word):
            raise Unreadable(f"{self.peek()} instead of {word}")

    @property
    def done(self) -> bool:
        return self.tokens[self.at] == END

    def since(self, start: int) -> str:
        """Return the words from a place up to here as text."""
        return joined(self.tokens[start : self.at])

    def skip_braces(self) -> None:
        """Go past a pair of braces with all that is in it."""
        depth = 0
        while not self.done:
            depth += {"{": 1, "}": -1}.get(self.next(), 0)
            if depth <= 0:
                return


def joined(tokens: list[str]) -> str:
    return " ".join(filter(None, tokens)).replace(" ,", ",")


def unquoted(token: str) -> str:
    """Return a name without its quotes."""
    return token.strip('"') if token.startswith('"') else token
