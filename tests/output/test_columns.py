"""--columns and --sort, and that the column tables are complete."""

from typing import Any

import pytest

from portsock.enums import Need
from portsock.errors import UsageError
from portsock.model import InetEndpoint
from portsock.normalize.processes import group_processes
from portsock.output.columns import (
    View,
    columns_help,
    default_columns,
    fixed_columns,
    needs_of,
    parse_columns,
    parse_sort,
    sort_rows,
)
from portsock.output.context import Context
from portsock.output.tables.narrow import FORMS, QUEUES
from portsock.output.tables.ports import PORTS
from portsock.output.tables.procs import PROCS
from portsock.output.tables.sockets import SOCKETS
from tests.support.factory import port, socket

VIEWS: list[tuple[View[Any], Any]] = [
    (PORTS, port()),
    (SOCKETS, socket()),
    (PROCS, group_processes([socket()], {})[0]),
]
KNOWN_NEEDS = {"commands", "owners", "connections", "info", "timers", "memory", "processes", "peer", "reach"}


@pytest.mark.parametrize(("view", "row"), VIEWS)
def test_every_column_has_text_a_sort_key_and_help(view: View[Any], row: Any) -> None:
    names = [name for column in view.columns for name in {column.name, column.short or column.name}]
    assert len(names) == len(set(names))
    for column in view.columns:
        assert isinstance(column.text(row, Context()), str)
        assert sort_rows([row, row], parse_sort(view, column.name), Context()) == [row, row]
        assert column.needs <= KNOWN_NEEDS
        assert f" {column.name} " in columns_help(view)
        assert column.help in columns_help(view)


@pytest.mark.parametrize("view", [view for view, _ in VIEWS])
def test_the_losses_of_a_column_have_an_order(view: View[Any]) -> None:
    for column in view.columns:
        ranks = [form.rank for form in FORMS[column.forms]] if column.forms else []
        if column.spare is not None and column.default:
            ranks.append(column.spare)
        assert ranks == sorted(set(ranks))
    queues = {column.spare for column in view.columns if column.name in {"recv_q", "send_q"}}
    assert queues <= {QUEUES}


def test_columns_are_taken_in_the_order_given_by_either_name() -> None:
    picked = parse_columns(SOCKETS, "recv-q, PROTO,local")
    assert [column.name for column in picked] == ["recv_q", "protocol", "local"]
    assert [column.header for column in picked] == ["RECV-Q", "PROTO", "LOCAL"]


def test_an_unknown_column_is_refused_with_near_names() -> None:
    with pytest.raises(UsageError, match="portsock ports has no column 'adresses'; did you mean addresses"):
        parse_columns(PORTS, "port,adresses")
    with pytest.raises(UsageError, match=r"no column 'zzz'; known: .*process"):
        parse_columns(PORTS, "zzz")
    with pytest.raises(UsageError, match=r"--sort: .* 'prot'"):
        parse_sort(PORTS, "-prot")
    with pytest.raises(UsageError, match="names no column"):
        parse_columns(PORTS, ",")


def test_numbers_sort_as_numbers_and_the_unknown_last_either_way() -> None:
    rows = [port(number, connections=count) for number, count in ((80, 9), (443, None), (22, 10))]
    up = sort_rows(rows, parse_sort(PORTS, "conns"), Context())
    down = sort_rows(rows, parse_sort(PORTS, "-connections"), Context())
    assert [row.port for row in up] == [80, 22, 443]
    assert [row.port for row in down] == [22, 80, 443]


def test_addresses_sort_by_value() -> None:
    texts = ["[::1]:5", "10.0.0.9:80", "9.0.0.1:80", "10.0.0.9:9", "10.0.0.10:80"]
    rows = [socket(text) for text in texts] + [socket(local=None)]
    ordered = sort_rows(rows, parse_sort(SOCKETS, "local"), Context())
    locals_ = [row.local for row in ordered]
    assert [f"{end.address} {end.port}" for end in locals_ if isinstance(end, InetEndpoint)] == [
        "9.0.0.1 80", "10.0.0.9 9", "10.0.0.9 80", "10.0.0.10 80", "::1 5",
    ]  # fmt: skip
    assert locals_[-1] is None


def test_exposure_sorts_from_narrow_to_wide() -> None:
    rows = [port(exposure=name) for name in ("all", "loopback", "private")]
    ordered = sort_rows(rows, parse_sort(PORTS, "exposure"), Context())
    assert [row.exposure for row in ordered] == ["loopback", "private", "all"]


def test_default_columns_depend_on_the_rows() -> None:
    names = {column.name for column in default_columns(PORTS, [port(connections=None)])}
    assert not names & {"connections", "host", "netns"}
    assert "host" in {column.name for column in default_columns(PORTS, [port(host="web1")])}


def test_sockets_need_owners_only_where_a_column_shows_them() -> None:
    assert needs_of(SOCKETS, parse_columns(SOCKETS, "proto,local")) == frozenset()
    assert "owners" in needs_of(SOCKETS, None)


def test_rows_that_owners_make_need_them_whatever_their_columns() -> None:
    assert needs_of(PORTS, parse_columns(PORTS, "port")) == {"owners"}
    assert needs_of(PROCS, parse_columns(PROCS, "pid")) == {"owners", "processes"}


def test_details_are_fixed_columns_only_where_they_were_requested() -> None:
    assert "rtt_ms" not in {column.name for column in fixed_columns(SOCKETS, frozenset())}
    assert "rtt_ms" in {column.name for column in fixed_columns(SOCKETS, frozenset({Need.INFO}))}


def test_addresses_of_one_number_sort_by_their_zone() -> None:
    rows = [port(addresses=("fe80::1%eth1",)), port(addresses=("fe80::1%eth0",))]
    ordered = sort_rows(rows, parse_sort(PORTS, "addresses"), Context())
    assert [row.addresses for row in ordered] == [("fe80::1%eth0",), ("fe80::1%eth1",)]
