"""Output that two processes make is what one makes, byte by byte, whatever names are in it."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portsock.cli import halves
from portsock.cli.halves import alternately
from portsock.model import Socket
from portsock.output.context import Context
from portsock.output.json import document
from portsock.output.tables.sockets import SOCKETS as VIEW
from portsock.output.text import csv, table
from portsock.output.text.options import Options
from tests.output.test_schema_answers import SERVICES, SOCKETS
from tests.support.factory import snapshot, socket
from tests.support.live import on_linux

pytestmark = [on_linux, pytest.mark.linux]
HERE, TWO = Options(), Options(each=alternately)
ROWS = st.lists(SOCKETS, min_size=3, max_size=9)


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(halves, "_TURN", 1)
    for module in (csv, document, table):
        monkeypatch.setattr(module, "_CHUNK", 2)


once_set_up = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture]
)


@once_set_up
@given(ROWS, st.booleans())
def test_json_is_the_same_with_the_processes_that_only_the_other_process_saw(rows: list[Socket], lines: bool) -> None:
    here = "".join(document.answer("sockets", snapshot(), rows, SERVICES, lines))
    assert "".join(document.answer("sockets", snapshot(), rows, SERVICES, lines, each=alternately)) == here


@once_set_up
@given(ROWS, st.booleans())
def test_tables_and_csv_are_the_same(rows: list[Socket], ascii_only: bool) -> None:
    for render in (table.table, csv.csv):
        here = "".join(render(rows, VIEW.columns, Context(), HERE._replace(ascii_only=ascii_only)))
        assert "".join(render(rows, VIEW.columns, Context(), TWO._replace(ascii_only=ascii_only))) == here


def test_cells_with_line_ends_stay_one_cell() -> None:
    rows = [socket(interface=f"a\nb{number}\r\x0b\x1c\x85\u2028") for number in range(5)]
    text = "".join(table.table(rows, [column for column in VIEW.columns if column.name == "interface"], Context(), TWO))
    assert len(text.splitlines()) == len(rows) + 1
