"""Pictures as text: no name of others is syntax of Mermaid or Graphviz, or reaches a terminal raw."""

import html
import re
import shutil
import subprocess
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.output.pictures.graph import Edge, Item, Node, Picture
from portsock.output.pictures.languages import LANGUAGES, quoted_dot, quoted_mermaid, text_of
from portsock.output.text.escape import escape

SIGNS = ['"', "'", "`", "[", "]", "{", "}", "(", ")", "<", ">", "|", "#", ";", "&", "%%", "%%{init: {}}%%", "-->", "---", "\\"]
SIGNS += [
    "\\n",
    "\\N",
    "\n",
    "\r",
    "\x1b[2J",
    "\0",
    "\x7f",
    "\u202e",
    "\u200b",
    "\udcff",
    "口",
    "é",
    "ﬂ°°34¶ß",
    "style x:y#z;",
]
SIGNS += [
    "classDef",
    "end",
    "subgraph",
    "click n1 href",
    "<b>",
    "&lt;",
    "&#34;",
    "#quot;",
    "1. a",
    "- a",
    "* a",
    "# a",
    "//",
    "*/",
]
SIGNS += ["fa:fa-ban", "é" * 80, "x" * 300, " ", "=", "@{", "$$x$$", ":::a", "~~~"]
NAMES = st.lists(st.sampled_from(SIGNS) | st.text(max_size=3), min_size=1, max_size=6).map("".join)
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\ud800-\udfff]")
MERMAID_LINE = re.compile(
    r"""\ \ %%\ [^{}\n]*|flowchart\ LR|\ *end|
    \ +(?:subgraph\ b\d+\[|n\d+(?:\[|\(\[|{{)|n\d+\ (?:-->|-\.->|---|-\.-)\|)
    "(?P<label>(?:[^"\#;`<>{}\[\]|%&$]|\#\d+;|<br/>)*)"
    (?:\]|\]\)|}}|\|\ n\d+)""",
    re.VERBOSE,
)


def node(*lines: str, place: Sequence[str] = ("this host",), kind: str = "program") -> Node:
    return Node(tuple(place), kind, lines)


def hostile(names: Sequence[str]) -> Picture:
    """Make a picture with these names in every place where there can be one."""
    nodes: dict[Node, list[Item]] = {}
    for name in names:
        place = ("this host", f"container {name}")
        nodes |= {
            node(name): [(-1, name)],
            node(name, name, place=place, kind="unseen"): [(80, "tcp/80")],
            node(name, place=("elsewhere",), kind="remote"): [],
        }
    order = sorted(nodes)
    edges = [Edge(order[0], each, index % 2 == 0, index % 3 == 0, [((-1, names[0]), 2)]) for index, each in enumerate(order)]
    return Picture({each: nodes[each] for each in order}, edges, tuple(names))


def written(name: str, picture: Picture, ascii_only: bool = False, notices: Sequence[str] = ()) -> str:
    return "".join(text_of(name, picture, notices, ascii_only))


def plain(label: str) -> str:
    """Return what Mermaid shows for a label."""
    return re.sub(r"#(\d+);", lambda match: chr(int(match[1])), label.replace("<br/>", "\n"))


@given(st.lists(NAMES, min_size=1, max_size=4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_every_line_of_mermaid_is_one_of_a_few_whatever_the_names(names: list[str], ascii_only: bool) -> None:
    text = written("mermaid", hostile(names), ascii_only, names)
    for line in text.splitlines():
        match = MERMAID_LINE.fullmatch(line)
        assert match, line
        assert not re.search("style|classDef", match["label"] or "")
    assert not RAW.search(text)
    assert text.isascii() or not ascii_only


@given(NAMES)
@settings(max_examples=60, deadline=None)
def test_mermaid_shows_the_name_as_a_table_does(name: str) -> None:
    shown = escape(name)
    assert plain(quoted_mermaid(shown)).removeprefix("'") == shown.removeprefix("'")


@pytest.mark.parametrize("name", ["1. a", "- a", "* a", "# a", "  - a", "+ a", "> a", "2) a"])
def test_no_label_begins_as_a_list_which_mermaid_refuses(name: str) -> None:
    assert plain(quoted_mermaid(name)) == f"'{name}"
    assert quoted_mermaid("nginx-1.2 - a") == "nginx-1.2 - a"


@given(st.lists(NAMES, min_size=1, max_size=4), st.booleans())
@settings(max_examples=60, deadline=None)
def test_no_name_ends_a_string_of_graphviz(names: list[str], ascii_only: bool) -> None:
    text = written("dot", hostile(names), ascii_only, names)
    assert not RAW.search(text)
    assert text.isascii() or not ascii_only
    for line in text.splitlines():
        without = re.sub(r'"(?:[^"\\]|\\.)*"', "S", line)
        assert re.fullmatch(r"\s*(//.*|[\w ={}\[\],;>-]*)", without), line


@pytest.mark.skipif(shutil.which("dot") is None, reason="needs Graphviz")
@given(st.lists(NAMES, min_size=8, max_size=25, unique=True))
@settings(max_examples=8, deadline=None)
def test_graphviz_draws_every_name_as_a_table_shows_it(names: list[str]) -> None:
    text = written("dot", hostile(names[:3]))
    subprocess.run(["dot", "-Tsvg"], input=text.encode(), capture_output=True, check=True, timeout=60)
    lone = "digraph {" + "".join(f'n{n} [label="{quoted_dot(escape(name))}"]\n' for n, name in enumerate(names)) + "}"
    done = subprocess.run(["dot", "-Tsvg"], input=lone.encode(), capture_output=True, check=True, timeout=60)
    assert done.stderr == b""
    shown = [html.unescape(label) for label in re.findall(r"<text [^>]*>(.*?)</text>", done.stdout.decode())]
    assert [label.replace("\xa0", " ") for label in shown] == [escape(name).replace("\xa0", " ") for name in names if name]


SMALL = Picture(
    {
        node("app"): [],
        node("nginx", "nginx.service"): [(80, "tcp/80"), (443, "tcp/443")],
        node("? (other user)", kind="unseen"): [(22, "tcp/22")],
        node("192.0.2.1", place=("elsewhere",), kind="remote"): [],
    },
    [
        Edge(node("app"), node("nginx", "nginx.service"), True, True, [((80, "80 (http)"), 3)]),
        Edge(node("192.0.2.1", place=("elsewhere",), kind="remote"), node("app"), False, False, [((9, "9"), 1)]),
    ],
    ("1 socket is not drawn",),
)


def test_a_picture_of_mermaid() -> None:
    assert written("mermaid", SMALL, notices=["not all was seen {x}"]).splitlines()[2:] == [
        "  %% 1 socket is not drawn",
        "  %% not all was seen (x)",
        '  subgraph b1["this host"]',
        '    n1["app"]',
        '    n2["nginx<br/>nginx.service<br/>tcp/80, tcp/443"]',
        '    n3{{"? (other user)<br/>tcp/22"}}',
        "  end",
        '  subgraph b2["elsewhere"]',
        '    n4(["192.0.2.1"])',
        "  end",
        '  n1 -->|"80 (http) ×3"| n2',
        '  n4 -.-|"9"| n1',
    ]


def test_a_picture_of_graphviz() -> None:
    assert written("dot", SMALL, ascii_only=True).splitlines()[5:] == [
        "  subgraph cluster_b1 {",
        '    label="this host"',
        '    n1 [label="app"]',
        r'    n2 [label="nginx\nnginx.service\ntcp/80, tcp/443"]',
        r'    n3 [label="? (other user)\ntcp/22", style=dashed]',
        "  }",
        "  subgraph cluster_b2 {",
        '    label="elsewhere"',
        '    n4 [label="192.0.2.1", shape=oval]',
        "  }",
        '  n1 -> n2 [label="80 (http) x3"]',
        '  n4 -> n1 [label="9", dir=none, style=dashed]',
        "}",
    ]


def test_long_names_and_many_ports_are_cut_visibly() -> None:
    items = [(number, f"tcp/{number}") for number in range(1, 31)]
    services = [((number, str(number)), 2) for number in range(1, 10)]
    long = node("x" * 1_000_000)
    text = written("mermaid", Picture({long: items}, [Edge(long, long, True, True, services)], ()))
    assert len(text) < 1_000
    assert "xxx…xxx" in text
    assert "tcp/5, tcp/6, tcp/7, tcp/8<br/>+22 more" in text
    assert "4 ×2<br/>+5 more ×10" in text


@pytest.mark.parametrize("name", LANGUAGES)
def test_an_empty_picture_is_a_picture_that_says_so(name: str) -> None:
    text = written(name, Picture({}, [], ()))
    assert "Nothing to draw" in text
    assert "arrow" not in text
