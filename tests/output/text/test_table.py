"""The default table: its layout, its widths, what it is escaped from."""

from typing import TypeVar

import tabulate
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import Owner
from portsock.output.columns import View, default_columns
from portsock.output.context import Context, Options
from portsock.output.tables.ports import PORTS
from portsock.output.tables.sockets import SOCKETS
from portsock.output.text.table import layout, table, width_of
from portsock.port_numbers import parse_services
from tests.support.factory import port, socket

ASCII = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)
WIDE = st.text(st.sampled_from("ab日本語é한가ﬁ−"), min_size=1, max_size=8)
HEADINGS = ["LEFT", "RIGHT", "日本", "LAST"]
PIPE, NOTHING = Options(), Context()
Row = TypeVar("Row")
RIGHT = [False, True, False, False]


def plain_by_tabulate(rows: list[tuple[str, ...]], headings: list[str] | None, right: list[bool]) -> str:
    tabulate.MIN_PADDING = 0
    return tabulate.tabulate(
        rows,
        headers=headings or (),
        tablefmt="plain",
        colalign=["right" if flag else "left" for flag in right],
        disable_numparse=True,
    )


@given(st.lists(st.tuples(*[ASCII | WIDE] * 4), min_size=1, max_size=8), st.booleans())
def test_layout_equals_tabulates_plain(rows: list[tuple[str, ...]], headed: bool) -> None:
    headings = HEADINGS if headed else None
    cells = [list(column) for column in zip(*rows, strict=True)]
    assert "".join(layout(cells, RIGHT, headings)) == plain_by_tabulate(rows, headings, RIGHT) + "\n"


def test_thousands_of_rows_come_in_several_chunks_with_nothing_lost() -> None:
    numbers = [str(number) for number in range(2500)]
    chunks = list(layout([numbers], [True], None))
    assert len(chunks) > 1
    assert "".join(chunks).split() == numbers


def test_combining_characters_take_no_column() -> None:
    assert width_of("e\u0301a") == 2
    lines = "".join(layout([["e\u0301", "ab"], ["x", "y"]], [False, False], None)).splitlines()
    assert lines == ["e\u0301   x", "ab  y"]


def test_colors_change_no_column() -> None:
    cells = [["all", "loopback"], ["12", "3"]]
    plain = "".join(layout(cells, [False, True], ["A", "B"]))
    colored = "".join(layout(cells, [False, True], ["A", "B"], [["all", "loopback"], [None, None]]))
    assert "\x1b[35mall\x1b[0m" in colored
    for code in ("\x1b[1m", "\x1b[35m", "\x1b[32m", "\x1b[0m"):
        colored = colored.replace(code, "")
    assert colored == plain


def text_of(rows: list[Row], view: View[Row], options: Options = PIPE, context: Context = NOTHING) -> str:
    return "".join(table(rows, default_columns(view, rows), context, options))


def test_ports_read_as_a_person_expects() -> None:
    rows = [
        port(80, service="http", addresses=("*",), exposure="all", connections=3,
             owners=(Owner(812, 6, "nginx", "root"), Owner(813, 6, "nginx", "www-data"))),
        port(8080, addresses=("127.0.0.1", "::1")),
    ]  # fmt: skip
    assert text_of(rows, PORTS).splitlines() == [
        "PROTO  PORT       ADDRESSES        EXPOSURE  STATE   CONNS  USER           PROCESS",
        "tcp    80 (http)  *                all       LISTEN      3  root,www-data  nginx[812,813]",
        "tcp    8080       127.0.0.1,[::1]  loopback  LISTEN      0  dev            python3[18085]",
    ]


def test_numeric_ports_have_no_names() -> None:
    assert "http" not in text_of([port(80, service="http")], PORTS, context=Context(numeric=True))


def test_an_empty_table_is_its_header() -> None:
    assert text_of([], PORTS).split()[:2] == ["PROTO", "PORT"]
    assert text_of([], PORTS, Options(header=False)) == ""


def test_a_hostile_process_name_stays_on_its_line() -> None:
    rows = [socket(owners=(Owner(7, 3, "evil\n\x1b[2Jtcp LISTEN", "dev"),))]
    lines = text_of(rows, SOCKETS).splitlines()
    assert len(lines) == 2
    assert r"evil\x0a\x1b[2Jtcp LISTEN[7/3]" in lines[1]


def test_services_do_not_hide_numbers_of_sockets() -> None:
    services = parse_services("http-alt 8080/tcp webcache")
    assert "127.0.0.1:8080" in text_of([socket()], SOCKETS, context=Context(services))
