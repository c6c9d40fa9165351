"""A picture as text for Mermaid or Graphviz.

Names are those of others. Each is first escaped as in a table, so that a terminal is safe, and then quoted for the language.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import NamedTuple

from portsock.output.cells.shorten import cut_middle
from portsock.output.pictures.graph import Edge, Item, Node, Picture, Place
from portsock.output.text.escape import escape

_ROOM = 60
"""Columns of one line of a label."""
_ITEMS = 8
"""The most ports that a node names."""
_IN_LINE = 4
"""The most that stand in one line of it."""
_SERVICES = 4
"""The most services that an edge names."""
_LEGEND = (
    "An arrow leads from the client to the server. A line without a head: which of them is the server is not known. "
    "A dotted or dashed line: being opened or closed."
)

_MERMAID = re.compile(r"style|classDef|[^\w .,:/()+@=?'×…-]", re.ASCII)
"""What Mermaid may take for syntax, also inside of quotes; its words for styles; and the signs that its entities become."""
_MARKDOWN = re.compile(r"\s*([-+*>#]|\d+[.)])\s")
"""A beginning that Mermaid takes for a list or a heading, and then refuses."""


class Language(NamedTuple):
    """One language of pictures."""

    head: str
    comment: str
    quoted: Callable[[str], str]
    """Return one line of a label."""
    line_break: str
    box: str
    box_end: str
    shapes: Mapping[str, str]
    """By kind of node."""
    edges: Mapping[tuple[bool, bool], str]
    """By whether the server is known, and whether it is established."""
    end: str


def quoted_mermaid(text: str) -> str:
    """Return the text for a label in quotation marks. Letters and digits of every language stay."""
    marked = f"'{text}" if _MARKDOWN.match(text) else text
    return _MERMAID.sub(_entity, marked)


def _entity(match: re.Match[str]) -> str:
    first, rest = match[0][0], match[0][1:]
    plain = not first.isascii() and first.isalpha() and first not in "ﬂß"
    return first if plain else f"#{ord(first)};{rest}"


def quoted_dot(text: str) -> str:
    """Return the text for a string in quotation marks, in which Graphviz also reads entities of HTML."""
    return text.replace("&", "&amp;").replace("\\", "\\\\").replace('"', '\\"')


LANGUAGES = {
    "mermaid": Language(
        "flowchart LR", "%% ", quoted_mermaid, "<br/>", '{pad}subgraph b{number}["{label}"]', "{pad}end",
        {"program": '{pad}{node}["{label}"]', "unseen": '{pad}{node}{{{{"{label}"}}}}', "remote": '{pad}{node}(["{label}"])'},
        {
            (True, True): '  {client} -->|"{label}"| {server}', (True, False): '  {client} -.->|"{label}"| {server}',
            (False, True): '  {client} ---|"{label}"| {server}', (False, False): '  {client} -.-|"{label}"| {server}',
        },
        "",
    ),
    "dot": Language(
        'digraph portsock {\n  rankdir=LR\n  node [shape=box]', "// ", quoted_dot, "\\n",
        '{pad}subgraph cluster_b{number} {{\n{pad}  label="{label}"', "{pad}}}",
        {
            "program": '{pad}{node} [label="{label}"]', "unseen": '{pad}{node} [label="{label}", style=dashed]',
            "remote": '{pad}{node} [label="{label}", shape=oval]',
        },
        {
            (True, True): '  {client} -> {server} [label="{label}"]',
            (True, False): '  {client} -> {server} [label="{label}", style=dashed]',
            (False, True): '  {client} -> {server} [label="{label}", dir=none]',
            (False, False): '  {client} -> {server} [label="{label}", dir=none, style=dashed]',
        },
        "}",
    ),
}  # fmt: skip


def text_of(name: str, drawn: Picture, notices: Sequence[str], ascii_only: bool) -> Iterator[str]:
    """Yield the lines of a picture. `notices`: what was not seen, as comments in it."""
    language = LANGUAGES[name]
    label = partial(_label, language, ascii_only)
    yield f"{language.head}\n"
    nothing = () if drawn.nodes else ("Nothing to draw.",)
    for remark in (*nothing, *([_LEGEND] if drawn.edges else ()), *drawn.remarks, *notices):
        yield f"  {language.comment}{escape(remark, ascii_only).translate(_NO_DIRECTIVE)}\n"
    names = {node: f"n{number}" for number, node in enumerate(drawn.nodes, 1)}
    yield from _boxes(language, drawn, names, label)
    for edge in drawn.edges:
        line = language.edges[edge.directed, edge.established]
        lines = _services(edge, "x" if ascii_only else "×")
        yield line.format(client=names[edge.client], server=names[edge.server], label=label(lines)) + "\n"
    yield f"{language.end}\n" if language.end else ""


_NO_DIRECTIVE = str.maketrans("{}", "()")
"""Mermaid reads settings from comments: '%%{init: ...}%%'."""


def _boxes(
    language: Language, drawn: Picture, names: Mapping[Node, str], label: Callable[[Sequence[str]], str]
) -> Iterator[str]:
    """Yield the boxes with their nodes. The nodes are sorted, so that those of one box stand together."""
    opened: Place = ()
    number = 0
    for node in [*drawn.nodes, None]:
        place = node.place if node else ()
        while place[: len(opened)] != opened:
            opened = opened[:-1]
            yield language.box_end.format(pad="  " * (len(opened) + 1)) + "\n"
        while len(opened) < len(place):
            number += 1
            title = label([place[len(opened)]])
            yield language.box.format(pad="  " * (len(opened) + 1), number=number, label=title) + "\n"
            opened = place[: len(opened) + 1]
        if node is not None:
            shape = language.shapes[node.kind]
            lines = [*node.lines, *(_items(drawn.nodes[node]) or [node.service[1]] * bool(node.service[1]))]
            yield shape.format(pad="  " * (len(place) + 1), node=names[node], label=label(lines)) + "\n"


def _label(language: Language, ascii_only: bool, lines: Sequence[str]) -> str:
    short = (line if len(line) <= 4 * _ROOM else f"{line[: 2 * _ROOM]}…{line[-2 * _ROOM :]}" for line in lines)
    return language.line_break.join(language.quoted(cut_middle(escape(line, ascii_only), _ROOM, ascii_only)) for line in short)


def _items(items: Sequence[Item]) -> list[str]:
    """Return the lines that name what a node listens on."""
    shown = items if len(items) <= _ITEMS + 1 else items[:_ITEMS]
    ports = [text for number, text in shown if number >= 0]
    lines = [", ".join(ports[begin : begin + _IN_LINE]) for begin in range(0, len(ports), _IN_LINE)]
    names = [text for number, text in shown if number < 0]
    return [*lines, *names, *([f"+{len(items) - len(shown)} more"] if len(shown) < len(items) else [])]


def _services(edge: Edge, times: str) -> list[str]:
    """Return the lines that name the services of an edge, each with its number of connections where that is not 1."""
    shown = edge.services if len(edge.services) <= _SERVICES + 1 else edge.services[:_SERVICES]
    lines = [text if number == 1 else f"{text} {times}{number}" for (_, text), number in shown]
    rest = edge.services[len(shown) :]
    return [*lines, f"+{len(rest)} more {times}{sum(number for _, number in rest)}"] if rest else lines
