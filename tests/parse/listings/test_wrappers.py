"""What is found out about wrappers: the shape of a prefix, hosts, rows on one line, and what is no wrapper."""

import json
import time
from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.wrappers.hosts import SeveralHosts
from portsock.port_numbers import EMPTY
from portsock.records import SocketRecord

FIXTURES = Path(__file__).parents[2] / "fixtures"
HEADER = "Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process"
ROWS = [
    f'tcp   LISTEN 0      128    192.0.2.1:{port}     0.0.0.0:*    users:(("web",pid=5,fd={port}))' for port in (80, 81, 82)
]


def read(lines: list[str]) -> tuple[list[SocketRecord], list[str]]:
    capture = Capture(EMPTY)
    return list(capture.read(lines)), [f"{notice.code} {notice.amount}" for notice in capture.notices()]


def ports(lines: list[str]) -> tuple[list[object], list[str]]:
    records, notices = read(lines)
    return [getattr(record.local, "port", None) for record in records], notices


def hosts(lines: list[str]) -> list[tuple[str, list[object]]]:
    with pytest.raises(SeveralHosts) as several:
        list(Capture(EMPTY).read(lines))
    return [(host, ports(list(own))[0]) for host, own in several.value.parts]


def test_prefixes_with_names_of_several_hosts_are_several_listings() -> None:
    mixed = [f"web-{n}  | {line}" for line in (HEADER, *ROWS) for n in (1, 2)]
    assert hosts(mixed) == [("web-1", [80, 81, 82]), ("web-2", [80, 81, 82])]
    files = [f"{name}.txt:{row}" for name in ("a", "b") for row in ROWS]
    assert hosts(files) == [("a.txt", [80, 81, 82]), ("b.txt", [80, 81, 82])]


def test_times_and_process_ids_in_a_prefix_are_no_hosts() -> None:
    lines = [f"Nov  {n} 10:00:0{n} web ss[{n}17]: {line}" for n, line in enumerate((HEADER, *ROWS), 1)]
    assert ports(lines) == ([80, 81, 82], [])


def test_a_message_of_another_program_between_the_rows_is_counted() -> None:
    lines = [f"Nov 21 10:00:00 web ss[17]: {line}" for line in (HEADER, *ROWS)]
    lines.insert(2, "Nov 21 10:00:00 web kernel: eth0 link 2 up")
    assert ports(lines) == ([80, 81, 82], ["lines_skipped 1"])


def test_counts_of_uniq_are_no_numbers_of_lines() -> None:
    counted = [f"      {amount} {row}" for amount, row in zip((3, 1, 1), ROWS, strict=True)]
    with pytest.raises(UsageError):
        read(counted)


def test_a_column_is_no_prefix() -> None:
    with pytest.raises(UsageError):
        read([f"web{n}  {row}" for n, row in enumerate(ROWS)])


def test_rows_in_front_of_a_header_that_nobody_reads_are_counted() -> None:
    assert ports(["foo 192.0.2.1:5 192.0.2.9:6 ESTABLISHED", HEADER, *ROWS]) == ([80, 81, 82], ["lines_skipped 1"])


def test_rows_behind_a_foreign_section_that_nobody_reads_are_counted() -> None:
    routes = ["Kernel IP routing table", "Destination Gateway Genmask", "0.0.0.0 192.0.2.254 0.0.0.0"]
    assert ports([HEADER, *ROWS, *routes, "foo 192.0.2.1:5 192.0.2.9:6"]) == ([80, 81, 82], ["lines_skipped 1"])


def test_prose_behind_a_blank_line_is_not_counted_and_prose_among_rows_is() -> None:
    assert ports([HEADER, *ROWS, "", "Any idea?", "Alice"]) == ([80, 81, 82], [])
    assert ports([HEADER, *ROWS, "Any idea?"]) == ([80, 81, 82], ["lines_skipped 1"])


def test_a_whole_listing_on_one_line_is_parted() -> None:
    assert ports([" ".join([HEADER, *ROWS])]) == ([80, 81, 82], [])
    windows = "TCP 192.0.2.1:80 0.0.0.0:0 LISTENING 4 TCP 192.0.2.1:81 0.0.0.0:0 LISTENING 5 UDP 192.0.2.1:82 *:* 6"
    assert ports([windows]) == ([80, 81, 82], [])


def test_rows_on_one_line_that_cannot_be_parted_are_told_or_refused() -> None:
    names = "LocalAddress LocalPort RemoteAddress RemotePort State OwningProcess"
    line = f"{names} ------------ --------- 192.0.2.1 80 0.0.0.0 0 Listen 4 192.0.2.1 81 0.0.0.0 0 Listen 5"
    with pytest.raises(UsageError, match="paste the listing with its line ends"):
        read([line])


def test_a_row_that_a_mail_broke_has_its_owner() -> None:
    rows = [part for row in ROWS for part in (row[: row.index("users")].rstrip(), row[row.index("users") :])]
    for mark in ("", "> "):
        records, notices = read(
            [mark + line for line in ("Netid State Recv-Q Send-Q Local Address:Port", "Peer Address:Port Process", *rows)]
        )
        assert ([record.holders and record.holders[0].name for record in records], notices) == (["web"] * 3, []), mark


def test_a_broken_row_of_netstat_has_its_state() -> None:
    lines = ["Proto Recv-Q Send-Q Local Address           Foreign Address", "State       PID/Program name"]
    for port in (80, 81):
        lines += [f"tcp        0      0 192.0.2.1:{port}            0.0.0.0:*", "LISTEN      5/web"]
    records, notices = read(lines)
    assert [(record.state, record.holders and record.holders[0].name) for record in records] == [("LISTEN", "web")] * 2
    assert notices == []


def ansible(results: dict[str, object]) -> list[str]:
    return json.dumps({"plays": [{"play": {"name": "x"}, "tasks": [{"hosts": results}]}]}, indent=1).split("\n")


def test_each_host_of_ansible_is_a_listing() -> None:
    output = {"stdout": "\n".join([HEADER, *ROWS]), "rc": 0}
    expected = [("a", [80, 81, 82]), ("b", [80])]
    assert hosts(ansible({"a": output, "b": {"stdout_lines": [HEADER, ROWS[0]]}, "c": {"unreachable": True}})) == expected
    raw = ["a | CHANGED | rc=0 >>", HEADER, *ROWS, "b | CHANGED | rc=0 >>", HEADER, ROWS[0]]
    assert hosts(raw) == expected
    adhoc = [
        f"{host} | SUCCESS => {json.dumps({'stdout_lines': [HEADER, *rows]})}" for host, rows in (("a", ROWS), ("b", ROWS[:1]))
    ]
    assert hosts(adhoc) == expected
    debug = [
        f"ok: [{host}] => {json.dumps({'ports.stdout_lines': [HEADER, *rows]})}"
        for host, rows in (("a", ROWS), ("b", ROWS[:1]))
    ]
    assert hosts(debug) == expected
    oneline = [
        f"{host} | CHANGED | rc=0 | (stdout) {chr(92) + 'n'}".replace("\\n", "\\n".join([HEADER, *rows]))
        for host, rows in (("a", ROWS), ("b", ROWS[:1]))
    ]
    assert hosts(oneline) == expected


def test_a_host_of_ansible_without_output_is_counted() -> None:
    found = ports(ansible({"a": {"stdout": "\n".join([HEADER, *ROWS])}, "b": {"unreachable": True, "msg": "no route"}}))
    assert found == ([80, 81, 82], ["hosts_without_listing 1"])


def test_broken_output_of_ansible_is_refused_in_one_line() -> None:
    for lines in (
        ['web | SUCCESS => {"stdout": "x', '"'],
        ansible({"a": {"stdout": "x"}})[:-3],
        ['{"stdout": ' + "[" * 200_000],
    ):
        with pytest.raises(UsageError) as refusal:
            read(lines)
        assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    "unit",
    ["a", "1", " ", ".", ":", "| ", "> ", "0:", "a ", "1 ", "tcp ", "[", "\\", '"', "<td>", "&#1;", "::", "*:", "TCP 1:1 "],
)
def test_a_long_line_of_anything_takes_no_long_time(unit: str) -> None:
    line = (unit * 50_000)[:50_000]
    said: list[str] = []
    start = time.process_time()
    for lines in ([line], [HEADER, *ROWS, line], [f"x: {HEADER}", line, line]):
        try:
            read(lines)
        except UsageError as refusal:
            said.append(str(refusal))
    assert "\n" not in "".join(said)
    assert time.process_time() - start < 1


def test_a_time_in_front_of_rows_of_windows_is_no_process_of_tcpview() -> None:
    rows = ["  TCP    0.0.0.0:445    0.0.0.0:0    LISTENING", "  TCP    192.0.2.1:139    0.0.0.0:0    LISTENING"]
    records, notices = read([f"Nov 21 10:00:0{n} {row}" for n, row in enumerate(rows)])
    assert [record.holders for record in records] == [None, None]
    assert notices == []


def test_rows_of_netstat_b_on_one_line_keep_the_program_without_exe() -> None:
    rows = [
        "  TCP    0.0.0.0:445    0.0.0.0:0    LISTENING    4",
        "[System]",
        "  TCP    [::]:135    [::]:0    LISTENING    912",
    ]
    header = "Proto  Local Address          Foreign Address        State           PID"
    records, _ = read([" ".join([header, *rows, "[svchost.exe]"])])
    assert [record.holders and record.holders[0].name for record in records] == ["System", "svchost.exe"]
