"""osquery's tables of sockets."""

import json
from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint, Netns, State, UnixEndpoint
from portsock.port_numbers import EMPTY
from portsock.records import Holder
from tests.support.factory import read, read_fixture, read_with_notices, read_without_notices

FIXTURES = Path(__file__).parents[3] / "fixtures" / "exports"


def test_osquery_rows_of_one_socket_are_joined() -> None:
    shared, unix = read_fixture("json/osquery-process-open-sockets.json")
    assert shared.holders == (Holder(812, 6), Holder(813, 7))
    assert (shared.inode, shared.netns, shared.state) == (77123, Netns(4026531840), State.ESTABLISHED)
    assert unix.local == UnixEndpoint(b"/run/x.sock")


def test_osquery_listening_ports() -> None:
    (record,) = read_fixture("json/osquery-listening-ports.json")
    assert (record.family, record.state, record.local) == (Family.IPV6, State.LISTEN, InetEndpoint("::", 8080))


WEB = (Holder(812, 6, "web main"), Holder(813, 6, "web main"))


@pytest.mark.parametrize("name", ["osquery-table.txt", "osquery.csv", "osquery-line.txt"])
def test_every_layout_of_osqueryi(name: str) -> None:
    listener, connected = read_fixture(f"exports/{name}")
    assert (listener.state, listener.inode, listener.holders) == (State.LISTEN, 7001, WEB)
    assert (connected.remote, connected.holders) == (InetEndpoint("2001:db8::9", 443), (Holder(900, 5, "curl"),))


def test_a_row_that_the_log_removes_is_not_listed() -> None:
    (record,), notices = read_with_notices((FIXTURES / "osquery-log.jsonl").read_text())
    assert (record.local, record.state) == (InetEndpoint("0.0.0.0", 8080), State.LISTEN)
    assert [(notice.code, notice.amount, notice.incomplete) for notice in notices] == [
        ("rows_removed", 1, False),
        ("objects_skipped", 1, False),
    ]


def test_a_row_that_is_added_again_is_listed() -> None:
    lines = (FIXTURES / "osquery-log.jsonl").read_text().splitlines()
    found, notices = read_with_notices("\n".join([*lines, lines[1]]))
    assert [record.inode for record in found] == [7001, 7002]
    assert notices[0].amount == 1


def test_a_row_that_was_never_added_shows_that_the_log_lacks_its_beginning() -> None:
    lines = (FIXTURES / "osquery-log.jsonl").read_text().splitlines()
    found, notices = read_with_notices("\n".join([lines[0], lines[3]]))
    assert len(found) == 1
    assert (notices[0].code, notices[0].amount, notices[0].incomplete) == ("rows_removed", 1, True)


def test_only_the_last_snapshot_of_a_query_is_listed() -> None:
    found, (notice,) = read_with_notices((FIXTURES / "osquery-snapshots.jsonl").read_text())
    assert [record.inode for record in found] == [901, 902]
    assert (notice.code, notice.amount, notice.incomplete) == ("rows_replaced", 1, False)


def test_snapshots_may_have_a_line_for_each_row() -> None:
    def line(time: int, inode: int) -> str:
        columns = {"address": "::", "port": "80", "protocol": "6", "family": "10", "pid": "7", "socket": str(inode)}
        result = {"name": "q", "hostIdentifier": "h", "unixTime": time, "action": "snapshot", "columns": columns}
        return json.dumps(result)

    found, (notice,) = read_with_notices("\n".join([line(1, 5), line(2, 6), line(2, 7)]))
    assert [record.inode for record in found] == [6, 7]
    assert notice.amount == 1


def test_results_may_be_batched() -> None:
    row = {"address": "::", "port": "80", "protocol": "6", "family": "10", "pid": "7", "socket": "5"}
    changes = {"added": [row, row | {"socket": "6"}], "removed": [row]}
    (record,), _ = read_with_notices(json.dumps({"diffResults": changes, "name": "q", "hostIdentifier": "h"}))
    assert record.inode == 6


def test_sockets_of_several_hosts_are_not_joined() -> None:
    lines = (FIXTURES / "osquery-log.jsonl").read_text().splitlines()
    found, notices = read_with_notices("\n".join([lines[0], lines[0].replace("web1", "web2")]))
    assert len(found) == 2
    assert [(notice.code, notice.amount) for notice in notices] == [("several_hosts", 2)]


@pytest.mark.parametrize(
    ("change", "table"),
    [({}, "socket_events"), ({"syscall": "connect", "tid": "4"}, "bpf_socket_events")],
)
@pytest.mark.parametrize("wrapped", [False, True])
def test_tables_of_events_are_refused_by_name(change: dict[str, str], table: str, wrapped: bool) -> None:
    (row,) = json.loads((FIXTURES / "osquery-socket-events.json").read_text())
    document = {"name": "q", "hostIdentifier": "h", "columns": row | change, "action": "added"} if wrapped else [row | change]
    with pytest.raises(UsageError, match=rf"rows of {table} are events, .* process_open_sockets instead$"):
        list(read([json.dumps(document)], EMPTY))


def test_events_among_sockets_are_left_out_and_counted() -> None:
    event = (FIXTURES / "osquery-socket-events.json").read_text()
    sockets = (FIXTURES.parent / "json/osquery-listening-ports.json").read_text()
    found, (notice,) = read_with_notices(json.dumps(json.loads(sockets) + json.loads(event)))
    assert len(found) == 1
    assert (notice.code, notice.amount) == ("events_skipped", 1)


@pytest.mark.parametrize(
    "row", ['{"pid":"1","port":"80","protocol":"6"}', '{"pid":"1","address":"x!","port":"80","protocol":"6"}']
)
def test_rows_without_an_address_are_counted(row: str) -> None:
    sockets = (FIXTURES.parent / "json/osquery-listening-ports.json").read_text().strip()
    found, (notice,) = read_with_notices(f"{sockets[:-1]},{row}]")
    assert len(found) == 1
    assert (notice.code, notice.amount, notice.incomplete) == ("sockets_skipped", 1, True)


def test_without_a_family_the_address_decides() -> None:
    (record,) = read_without_notices('[{"pid":"1","address":"::1","port":"80","protocol":"6"}]')
    assert (record.family, record.local) == (Family.IPV6, InetEndpoint("::1", 80))


def test_rows_of_a_table_that_are_no_rows_are_counted() -> None:
    table = (FIXTURES / "osquery-table.txt").read_text()
    found, (notice,) = read_with_notices(f"{table}| curl | 901 |\n+-- | curl | 901 |\n")
    assert len(found) == 2
    assert (notice.code, notice.amount) == ("lines_skipped", 2)


@pytest.mark.parametrize("mark", [" | ", ",", "|"])
def test_tables_of_events_are_no_tables_of_sockets(mark: str) -> None:
    row = {
        "action": "bind",
        "eid": "1",
        "pid": "7",
        "protocol": "6",
        "local_address": "::1",
        "local_port": "80",
        "family": "10",
    }
    lines = [mark.join(row), mark.join(row.values())]
    with pytest.raises(UsageError, match="osquery's socket_events"):
        read_with_notices("\n".join([f"| {line} |" if mark == " | " else line for line in lines]))
