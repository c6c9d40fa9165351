"""CSV, tabulate's layouts, and colors."""

import csv
import io
import subprocess
import sys

import pytest

from portsock.errors import UsageError
from portsock.model import Family, Owner, State, UnixEndpoint
from portsock.output.columns import default_columns, parse_columns
from portsock.output.context import Context, Options
from portsock.output.tables.ports import PORTS
from portsock.output.tables.sockets import SOCKETS
from portsock.output.text.color import MEANINGS, paint, use_color
from portsock.output.text.escape import escape
from portsock.output.text.formats import format_names
from portsock.output.text.renderers import renderer
from portsock.output.text.table import table
from tests.support.factory import port, socket

EVIL = Owner(7, 3, 'a|b,"c"\n<img src=x>', "dev")


def test_csv_can_be_read_back_and_has_numbers_only_where_numbers_belong() -> None:
    rows = [port(80, service="http", owners=(EVIL,)), port(8080, exposure=None)]
    columns = parse_columns(PORTS, "proto,port,exposure,process")
    text = "".join(renderer("csv")(rows, columns, Context(), Options()))
    assert text.endswith("\n")
    assert "\r" not in text
    assert list(csv.reader(io.StringIO(text))) == [
        ["protocol", "port", "exposure", "process"],
        ["tcp", "80", "loopback", r'a|b,"c"\x0a<img src=x>[7]'],
        ["tcp", "8080", "", "python3[18085]"],
    ]


@pytest.mark.parametrize(
    ("name", "cell"),
    [
        ("=cmd|' /C calc'!A0", "'=cmd|' /C calc'!A0"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(1)", "'@SUM(1)"),
        ("＝1", "'＝1"),
        ("'=1", "''=1"),
        ("'", "''"),
        ("\t=1", r"\x09=1"),
        ("\r=1", r"\x0d=1"),
        ("\n=1", r"\x0a=1"),
        ("\0=1", r"\x00=1"),
        ('"=1"', '"=1"'),
        ("a=1", "a=1"),
    ],
)
def test_no_text_of_csv_is_a_formula_and_one_leading_apostrophe_removed_gives_it_back(name: str, cell: str) -> None:
    columns = parse_columns(SOCKETS, "user,recv_q")
    text = "".join(renderer("csv")([socket(owners=(Owner(7, 3, "web", name),))], columns, Context(), Options()))
    assert list(csv.reader(io.StringIO(text)))[1] == [cell, "0"]
    assert cell.removeprefix("'") == escape(name)


def test_an_abstract_name_is_no_formula_in_csv() -> None:
    row = socket(UnixEndpoint(b"bus", True), family=Family.UNIX, protocol="unix")
    text = "".join(renderer("csv")([row], parse_columns(SOCKETS, "local,remote"), Context(), Options(header=False)))
    assert text == "'@bus,\n"


def test_csv_without_header_or_rows_is_empty() -> None:
    columns = parse_columns(PORTS, "port")
    assert "".join(renderer("csv")([], columns, Context(), Options(header=False))) == ""
    assert "".join(renderer("csv")([], columns, Context(), Options())) == "port\n"


def test_a_bar_or_a_tag_in_a_name_does_not_break_a_github_table() -> None:
    columns = parse_columns(SOCKETS, "state,process")
    text = "".join(renderer("github")([socket(owners=(EVIL,))], columns, Context(), Options()))
    assert r"a\|b" in text
    assert "<img" not in text
    assert len(text.splitlines()) == 3


LINKS = Owner(7, 3, "![x](http://h/y.png) [[a]] {{b}} *c* _d_ `e` {color:red}", "dev")


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("github", r"\!\[x\](http://h/y.png) \[\[a\]\] {{b}} \*c\* \_d\_ \`e\` {color:red}\[7/3\]"),
        ("pipe", r"\!\[x\](http://h/y.png) \[\[a\]\] {{b}} \*c\* \_d\_ \`e\` {color:red}\[7/3\]"),
        ("jira", r"\!\[x\](http://h/y.png) \[\[a\]\] \{\{b\}\} *c* _d_ `e` \{color:red\}\[7/3\]"),
        ("mediawiki", "&#91;&#91;a&#93;&#93; &#123;&#123;b&#125;&#125;"),
        ("moinmoin", "&#91;&#91;a&#93;&#93; &#123;&#123;b&#125;&#125;"),
        ("asciidoc", "&#91;&#91;a]] &#123;&#123;b}}"),
        ("orgtbl", r"\lbrack{}\lbrack{}a]]"),
        ("textile", "&#33;[x](http"),
    ],
)
def test_a_name_makes_no_link_and_no_image(name: str, shown: str) -> None:
    text = "".join(renderer(name)([socket(owners=(LINKS,))], parse_columns(SOCKETS, "process"), Context(), Options()))
    assert shown in text


def test_a_backslash_shows_in_a_github_table_as_in_any_other() -> None:
    columns = parse_columns(SOCKETS, "process")
    text = "".join(renderer("github")([socket(owners=(Owner(7, 3, "a\nb\\", "dev"),))], columns, Context(), Options()))
    assert r"a\\x0ab\\\\" in text  # which its readers show as a\x0ab\\


def test_html_is_escaped() -> None:
    columns = parse_columns(SOCKETS, "process")
    assert "<img" not in "".join(renderer("html")([socket(owners=(EVIL,))], columns, Context(), Options()))


@pytest.mark.parametrize("name", [name for name in format_names() if name not in ("csv", "table")])
@pytest.mark.parametrize("number", [0, 2])
def test_every_layout_takes_rows_and_no_rows(name: str, number: int) -> None:
    rows = [port(8080 + index) for index in range(number)]
    text = "".join(renderer(name)(rows, default_columns(PORTS, rows), Context(), Options()))
    assert ("8081" in text) == (number == 2)


def test_plain_is_the_default_table() -> None:
    rows = [port(80, service="http"), port(8080, addresses=("*",))]
    columns = default_columns(PORTS, rows)
    plain = renderer("plain")(rows, columns, Context(), Options())
    assert "".join(plain) == "".join(table(rows, columns, Context(), Options()))


def test_an_unknown_layout_is_refused_with_the_nearest() -> None:
    with pytest.raises(UsageError, match="'gihub'; did you mean github"):
        renderer("gihub")
    with pytest.raises(UsageError, match="'unsafehtml'; did you mean"):
        renderer("unsafehtml")


@pytest.mark.parametrize(
    ("when", "terminal", "environ", "colored"),
    [
        ("auto", True, {}, True),
        ("auto", False, {}, False),
        ("auto", True, {"NO_COLOR": "1"}, False),
        ("auto", True, {"NO_COLOR": ""}, True),
        ("auto", True, {"TERM": "dumb"}, False),
        ("always", False, {"NO_COLOR": "1"}, True),
        ("never", True, {}, False),
    ],
)
def test_when_to_color(when: str, terminal: bool, environ: dict[str, str], colored: bool) -> None:
    assert use_color(when, terminal, environ) is colored


def test_an_unknown_color_choice_is_refused() -> None:
    with pytest.raises(UsageError, match="'sometimes' is none of auto, always, never"):
        use_color("sometimes", True, {})


def test_colors_are_readable_on_light_and_dark() -> None:
    assert not set(MEANINGS.values()) & {"2", "30", "33", "37", "90", "97"}
    assert paint("all", "all") != "all"
    assert paint("x", None) == paint("x", "nothing known") == "x"


def test_csv_is_ascii_for_terminals_that_support_no_more() -> None:
    rows = [socket(owners=(Owner(7, 3, "café", "dev"),))]
    columns = parse_columns(SOCKETS, "process")
    assert "".join(renderer("csv")(rows, columns, Context(), Options(ascii_only=True))) == "process\ncaf\\xe9[7/3]\n"


def test_what_needs_attention_is_red() -> None:
    assert {meaning for meaning, color in MEANINGS.items() if color == "31"} == {State.CLOSE_WAIT, "warning", "-"}


@pytest.mark.parametrize(
    ("name", "imported"), [("table", []), ("csv", ["portsock.output.text.csv"]), ("github", ["portsock.output.text.formats"])]
)
def test_a_renderer_is_imported_only_when_it_is_chosen(name: str, imported: list[str]) -> None:
    code = (
        "import sys; from portsock.output.text.renderers import renderer; renderer(sys.argv[1]);"
        "print(*(name for name in ('portsock.output.text.csv', 'portsock.output.text.formats') if name in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code, name], capture_output=True, text=True, check=True)
    assert done.stdout.split() == imported
