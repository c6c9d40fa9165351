"""YAML text into scalars, lists and mappings with line numbers. Nothing is constructed: every scalar stays text.

The text is read as events, so that aliases, tags and merge keys are refused where they stand and never followed. Size, depth
and number of nodes are bounded before anything grows. After a mistake in the syntax its line is left out and the rest is read.
"""

import re
from typing import Any, NamedTuple

from portsock.policy.mistakes import Mistakes, quoted
from portsock.policy.types import Mistake

LONGEST = 1 << 20
"""Bytes of a policy."""
DEEPEST = 8
MOST_NODES = 200_000
_MOST_TRIES = 50
"""Mistakes in the syntax after which the rest is still read."""
_MOST_WORK = 1 << 22
"""Bytes that are read again for that."""

_UNPRINTABLE = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_INDENTATION = re.compile(r"[ \t]*")


class Scalar(NamedTuple):
    """A text."""

    text: str
    line: int
    """0 where it was refused, so that nothing more is said of it."""
    plain: bool = True
    """It stands without quotes."""


class Items(NamedTuple):
    """A list."""

    items: "list[Node]"
    line: int


class Pairs(NamedTuple):
    """A mapping."""

    pairs: "list[tuple[Scalar, Node]]"
    line: int


Node = Scalar | Items | Pairs


class _Refused(Exception):
    """The text cannot be read on: a line and the words."""


def read_nodes(data: bytes, mistakes: Mistakes) -> Node | None:
    """Return the one document of a text; None where there is none. Raises TooMany."""
    if len(data) > LONGEST:
        mistakes.add(1, f"more than {LONGEST:,} bytes: split the policy by hosts, and check each part")
        return None
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        mistakes.add(data.count(b"\n", 0, error.start) + 1, "not UTF-8 text: save the file as UTF-8")
        return None
    lines = _cleaned(text.replace("\r\n", "\n").split("\n"), mistakes)
    work = 0
    while True:
        tree = _Tree()
        try:
            found = tree.read("\n".join(lines))
        except _Refused as refused:
            line, words = refused.args
            if 1 <= line <= len(lines) and "${" in lines[line - 1]:
                words += '; inside { } and [ ] write "${name}" in quotes'
            mistakes.damaged.append(line)
            mistakes.add(line, words)
            work += len(text)
            again = work < _MOST_WORK and len(mistakes.found) < _MOST_TRIES and tree.can_go_on
            if not again or not 1 <= line <= len(lines) or not lines[line - 1].strip():
                mistakes.extend(tree.mistakes)
                return None
            lines[line - 1] = ""
            continue
        mistakes.extend(tree.mistakes)
        return found


def _cleaned(lines: list[str], mistakes: Mistakes) -> list[str]:
    """Return the lines with spaces for tabs, each of which is a mistake in indentation and in quotes."""
    for number, line in enumerate(lines, 1):
        if _UNPRINTABLE.search(line):
            mistakes.add(number, "a control character: write it in double quotes as \\x1b, or remove it")
            line = _UNPRINTABLE.sub("_", line)
        if "\t" in line:
            blank = _INDENTATION.match(line)
            before = line[: line.rindex("\t")]
            if blank and "\t" in blank[0] and line.strip() and not line.lstrip().startswith("#"):
                mistakes.add(number, "a tab in the indentation: YAML takes spaces only, so write spaces")
            elif "'" in before or '"' in before:
                mistakes.add(number, "a tab: write a space, or \\t in double quotes")
            line = line.replace("\t", "  ")
        lines[number - 1] = line
    return lines


class _Tree:
    """One reading of a text."""

    def __init__(self) -> None:
        self.mistakes: list[Mistake] = []
        self.can_go_on = True
        self._root: Node | None = None
        self._open: list[Any] = []
        """Lists and mappings that are not yet closed: [node, key or None, keys so far]."""
        self._nodes = 0
        self._documents = 0

    def read(self, text: str) -> Node | None:
        """Return the document. Raises _Refused."""
        import yaml

        loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
        try:
            for event in yaml.parse(text, loader):
                self._take(event, yaml)
        except yaml.MarkedYAMLError as error:
            raise _Refused(*_syntax(error)) from None
        except yaml.YAMLError as error:
            raise _Refused(1, f"no YAML: {' '.join(str(error).split())[:100]}") from None
        return self._root

    def _take(self, event: Any, yaml: Any) -> None:
        kind = type(event)
        line = event.start_mark.line + 1
        if kind is yaml.ScalarEvent:
            self._check(event, line)
            self._add(Scalar(event.value, 0 if event.tag is not None else line, not event.style), line)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            self._check(event, line)
            node = Pairs([], line) if kind is yaml.MappingStartEvent else Items([], line)
            self._add(node, line)
            self._open.append([node, None, {}])
            if len(self._open) > DEEPEST:
                self._stop(line, f"nested deeper than {DEEPEST} levels: a policy needs no more")
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            self._open.pop()
        elif kind is yaml.AliasEvent:
            self._wrong(line, f"*{event.anchor}: aliases are not read; write the value itself, or use variables and ${{name}}")
            self._add(Scalar("", 0), line)
        elif kind is yaml.DocumentStartEvent:
            self._documents += 1
            if self._documents > 1:
                self._stop(line, "a second document (---): a file holds one policy")

    def _check(self, event: Any, line: int) -> None:
        if event.anchor is not None:
            self._wrong(line, f"&{event.anchor}: anchors are not read; write the value itself, or use variables and ${{name}}")
        if event.tag is not None:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self._wrong(line, f"{tag[:60]}: tags are not read, and nothing is constructed; write the plain value")

    def _wrong(self, line: int, text: str) -> None:
        if len(self.mistakes) < _MOST_TRIES * 10:
            self.mistakes.append(Mistake(line, text))

    def _stop(self, line: int, text: str) -> None:
        self.can_go_on = False
        raise _Refused(line, text)

    def _add(self, node: Node, line: int) -> None:
        self._nodes += 1
        if self._nodes > MOST_NODES:
            self._stop(line, f"more than {MOST_NODES:,} values: split the policy by hosts, and check each part")
        if not self._open:
            self._root = node
            return
        top = self._open[-1]
        if isinstance(top[0], Items):
            top[0].items.append(node)
        elif top[1] is None:
            top[1] = self._key(node, line, top[2])
        else:
            if top[1].text or not top[1].plain:
                top[0].pairs.append((top[1], node))
            top[1] = None

    def _key(self, node: Node, line: int, keys: dict[str, int]) -> Scalar:
        """Return the key, or an empty one whose value is not read."""
        if not isinstance(node, Scalar):
            self._wrong(line, "a list or mapping as a key: a key is a word")
            return Scalar("", line)
        if node.text == "<<" and node.plain:
            self._wrong(line, "<<: merge keys are not read; write the keys themselves")
            return Scalar("", line)
        if node.text in keys:
            self._wrong(line, f"{quoted(node.text)} stands here and in line {keys[node.text]}: remove one of them")
            return Scalar("", line)
        keys[node.text] = line
        return node


def _syntax(error: Any) -> tuple[int, str]:
    """Return the line of a mistake in the syntax, and the words."""
    problem = " ".join((error.problem or error.context or "it ends too soon").split())[:100]
    mark = error.problem_mark or error.context_mark
    if error.context_mark is not None and ("flow" in (error.context or "") or "end of stream" in problem):
        mark = error.context_mark  # what is not closed is found lines later, or at the end of the text
        problem = f"a bracket or quote that opens here is not closed, or holds what it cannot: {problem}"
    return (mark.line + 1 if mark else 1), f"no YAML here: {problem}"
