"""Elements of sets and maps: '10.0.0.0/8, 192.0.2.7 timeout 1h comment "x"', '22 : accept', '10.0.0.1 . 80-90 : jump web'."""

from typing import Any

from portsock.parse.rulesets.text.tokens import joined, unquoted, words

_ABOUT = frozenset({"timeout", "expires", "comment", "counter", "limit", "quota", "last", "ct"})
"""First words of the attributes that may follow the key of an element."""
_TARGETED = ("jump", "goto")
_VERDICTS = frozenset({"accept", "drop", "continue", "return", "queue"})


def read_elements(tokens: list[str]) -> list[Any]:
    """Return the elements that are written in these words."""
    found, start, flags = [], 0, False
    for at, word in enumerate(tokens):
        if word == ",":
            found.append(_element(tokens[start:at]))
            start = at + 1
        elif word == "|":
            flags = True
    if start < len(tokens):
        found.append(_element(tokens[start:]))
    return found if not flags else [_with_flags(item) for item in found]


def _with_flags(item: Any) -> Any:
    return {"|": item.split("|")} if isinstance(item, str) and "|" in item else item


def split_elements(text: str) -> list[Any]:
    """Return the elements of a named set; most are one word, and sets are long."""
    if '"' in text:
        return read_elements(words(text))
    found: list[Any] = []
    for item in text.split(","):
        word = item.strip()
        if " " in word:
            found.append(_element(words(word)))
        elif word:
            found.append(word)
    return found


def _element(tokens: list[str]) -> Any:
    if len(tokens) == 1:
        return unquoted(tokens[0])
    if ":" in tokens:
        at = tokens.index(":")
        return [_parts(_bare(tokens[:at])), _value(tokens[at + 1 :])]
    return _parts(_bare(tokens))


def _bare(tokens: list[str]) -> list[str]:
    """Return the key alone, without a timeout, a comment or a counter."""
    for at, word in enumerate(tokens):
        if word in _ABOUT and at:
            return tokens[:at]
    return tokens


def _value(tokens: list[str]) -> Any:
    if tokens and tokens[0] in _VERDICTS:
        return {tokens[0]: None}
    if len(tokens) > 1 and tokens[0] in _TARGETED:
        return {tokens[0]: {"target": unquoted(tokens[1])}}
    return _parts(_bare(tokens))


def _parts(tokens: list[str]) -> Any:
    """Return one value, or the parts of a concatenation."""
    if "." not in tokens:
        return unquoted(tokens[0]) if len(tokens) == 1 else "".join(tokens) if "|" in tokens else joined(tokens)
    parts: list[list[str]] = [[]]
    for word in tokens:
        if word == ".":
            parts.append([])
        else:
            parts[-1].append(word)
    return {"concat": [unquoted(joined(part)) for part in parts]}
