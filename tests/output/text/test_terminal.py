"""Tables on a terminal: no line is wider than it, no pid is lost, and what is left out is named."""

import re
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.model import (
    Endpoint,
    Family,
    InetEndpoint,
    Netns,
    Owner,
    OwnerReason,
    OwnerStatus,
    Peer,
    Process,
    Role,
    Socket,
    State,
    Timer,
    UnixEndpoint,
)
from portsock.normalize.ports import group_ports
from portsock.normalize.processes import group_processes
from portsock.output.columns import View, default_columns, parse_columns
from portsock.output.context import Context, Options
from portsock.output.tables.ports import PORTS
from portsock.output.tables.procs import PROCS
from portsock.output.tables.sockets import SOCKETS
from portsock.output.text.table import table, width_of
from portsock.output.text.terminal import fitted
from portsock.port_numbers import parse_services
from tests.support.factory import port, socket

SERVICES = parse_services("http 80/tcp\npostgresql 5432/tcp\nhttp-alt 8080/tcp\ndomain 53/udp\n")
CONTEXT = Context(SERVICES)
CODES = re.compile(r"\x1b\[\d*m")


def lines_of(rows: Sequence[Any], view: View[Any], width: int, context: Context = CONTEXT, **options: Any) -> list[str]:
    """Return the lines of the default table on a terminal."""
    chosen = Options(width=width, chosen=True)._replace(**options)
    return "".join(fitted(rows, default_columns(view, rows), context, chosen)).splitlines()


def whole_of(rows: Sequence[Any], view: View[Any], context: Context = CONTEXT) -> list[str]:
    return "".join(table(rows, default_columns(view, rows), context, Options())).splitlines()


NAMES = st.sampled_from(
    ["nginx", "redis-server", "a-rather-long-name-of-a-program", "服务器", "e\u0301", "evil\n\x1b[2J", "a b", "x"]
)
LONG = "2001:db8:1234:5678:9abc:def0:1234:5678"
ADDRESSES = st.sampled_from(
    ["127.0.0.1", "127.0.0.53", "::1", "0.0.0.0", "::", "*", "10.0.0.1", "192.168.100.100", "fe80::1", "8.8.8.8", LONG]
)
INET = st.builds(
    InetEndpoint, ADDRESSES, st.sampled_from([0, 53, 80, 5432, 8080, 65535]), st.sampled_from([None, None, "wlp0s20f3"]),
    st.sampled_from([None, None, None, "a-host-name.of-a-remote.example.org"]),
)  # fmt: skip
UNIX = st.builds(UnixEndpoint, st.none() | st.binary(min_size=1, max_size=108), st.booleans())
THREADS = st.sampled_from([None, None, None, 812])
OWNERS = st.lists(
    st.builds(
        Owner, st.integers(4000000, 4194304), st.integers(0, 999), NAMES, st.sampled_from(["root", "www-data", None]), THREADS
    ),
    max_size=12,
    unique_by=lambda owner: owner.pid,
).map(tuple)
PEERS = st.none() | st.builds(
    Peer, st.none(), st.sampled_from([None, Netns(7, "a-namespace-of-a-container")]), st.sampled_from([None, "db1"]),
    st.sampled_from([OwnerStatus.KNOWN, OwnerStatus.PARTIAL]), OWNERS,
)  # fmt: skip


@st.composite
def random_sockets(draw: st.DrawFn) -> list[Socket]:
    """Return sockets as a host or a listing has them, with wide and hostile names."""
    details = draw(st.booleans())
    peers = draw(st.booleans())
    rows = []
    for _ in range(draw(st.integers(1, 8))):
        ends: st.SearchStrategy[Endpoint] = UNIX if draw(st.integers(0, 5)) == 0 else INET
        local, remote, owners = draw(ends), draw(st.none() | ends), draw(OWNERS)
        rows.append(socket(
            local, remote, owners=owners, recv_q=draw(st.integers(0, 999_999)),
            family=Family.UNIX if isinstance(local, UnixEndpoint) else Family.IPV4,
            protocol=draw(st.sampled_from(["tcp", "udp", "udplite", "unix"])),
            state=draw(st.sampled_from(State)), role=draw(st.sampled_from(Role)),
            owner_status=draw(st.sampled_from([OwnerStatus.KNOWN, OwnerStatus.PARTIAL])) if owners else OwnerStatus.HIDDEN,
            owner_reason=None if owners else OwnerReason.OTHER_USER, peer=draw(PEERS) if peers else None,
            netns=draw(st.sampled_from([Netns(4026531840), Netns(4026532999, "web")])),
            host=draw(st.sampled_from([None, "a-host-of-a-listing-with-a-long-name", "db1"])),
            timer=Timer("keepalive", 7199000, 3) if details else None,
            info={"rtt_ms": 0.041, "bytes_acked": 10**9} if details else None,
        ))  # fmt: skip
    return rows


def rows_of(view: View[Any], sockets: list[Socket]) -> Sequence[Any]:
    if view is PORTS:
        return group_ports(sockets, SERVICES, True)
    return group_processes(sockets, {}) if view is PROCS else sockets


VIEWS = st.sampled_from([PORTS, SOCKETS, PROCS])


@settings(max_examples=80)
@given(VIEWS, random_sockets(), st.integers(60, 200), st.booleans(), st.booleans(), st.booleans())
def test_no_line_is_wider_than_the_terminal(
    view: View[Any], sockets: list[Socket], width: int, ascii_only: bool, header: bool, color: bool
) -> None:
    rows = rows_of(view, sockets)
    lines = lines_of(rows, view, width, ascii_only=ascii_only, header=header, color=color)
    shown = [CODES.sub("", line) for line in lines]
    assert max(map(width_of, shown), default=0) <= width
    assert len(rows) + header <= len(shown) <= len(rows) + header + 1
    assert not ascii_only or "".join(shown).isascii()
    if color:
        assert shown == lines_of(rows, view, width, ascii_only=ascii_only, header=header)


@settings(max_examples=80)
@given(VIEWS, random_sockets(), st.integers(60, 200))
def test_every_pid_is_shown_or_counted(view: View[Any], sockets: list[Socket], width: int) -> None:
    rows = rows_of(view, [one._replace(peer=None) for one in sockets])
    lines = lines_of(rows, view, width)
    for whole, line in zip(whole_of(rows, view)[1:], lines[1:], strict=False):
        pids, shown = (set(re.findall(r"\b4[01]\d{5}\b", text)) for text in (whole, line))
        more = re.search(r"\] \+(\d+)", line)
        assert shown <= pids
        assert bool(shown) == bool(pids)
        assert len(shown) + (int(more[1]) if more else 0) == len(pids)


@settings(max_examples=80)
@given(VIEWS, random_sockets(), st.integers(60, 200))
def test_nothing_is_lost_silently(view: View[Any], sockets: list[Socket], width: int) -> None:
    rows = rows_of(view, sockets)
    columns = default_columns(view, rows)
    lines = lines_of(rows, view, width)
    note = lines[-1] if lines[-1].startswith("Left out: ") else ""
    items = re.sub(r"Left out: |; (--wide|see --wide).*", "", note).split(", ")
    named = len(items) - 1 + int(items[-1][1:]) if re.fullmatch(r"\+\d+", items[-1]) else len([item for item in items if item])
    missing = [column.header for column in columns if column.header not in lines[0].split()]
    assert named >= len(missing)
    assert set(missing) <= set(items) or "+" in items[-1]
    kept = [column for column in columns if column.header not in missing]
    for row, whole, line in zip(rows, whole_of(rows, view)[1:], lines[1:], strict=False):
        if named > len(missing) or "…" in line or re.search(r"\+\d", line):
            continue
        texts = [column.text(row, CONTEXT) for column in kept]
        cells = [text if text.isprintable() and text.isascii() and "\\" not in text else "" for text in texts]
        for cell in (cell for cell in cells if cell not in ("ESTABLISHED", "")):
            assert cell in whole
            assert cell in line


def owned(*pids: int, name: str = "gunicorn") -> tuple[Owner, ...]:
    return tuple(Owner(pid, 6, name, "dev") for pid in pids)


def test_addresses_collapse_before_a_column_is_left_out() -> None:
    rows = [port(6379, addresses=("127.0.0.1", "::1"), owners=owned(812)), port(80, addresses=("*",), owners=owned(813))]
    full = max(map(len, whole_of(rows, PORTS)))
    lines = lines_of(rows, PORTS, full - 6)
    assert lines[0].split() == whole_of(rows, PORTS)[0].split()
    assert " lo " in lines[1]
    assert lines[-1] == "Left out: addresses of lo; --wide shows all, --columns chooses"


def test_of_many_addresses_the_widest_reach_stays_and_the_others_are_counted() -> None:
    rows = [
        port(
            53, addresses=("10.66.0.1", "127.0.0.1", "192.168.100.100", "8.8.8.8", "::1"), exposure="public", owners=owned(812)
        )
    ]
    assert " 8.8.8.8,+4 " in lines_of(rows, PORTS, 60)[1]


def test_queues_go_before_a_pid() -> None:
    rows = [
        socket("10.0.0.1:80", owners=owned(1000, 1001, 1002, 1003)),
        socket("10.0.0.1:80", "10.0.0.2:4000", owners=owned(1001)),
    ]
    seen = set()
    for width in range(60, 120):
        lines = lines_of(rows, SOCKETS, width)
        every = all(str(pid) in lines[1] for pid in range(1000, 1004))
        seen.add(every)
        if not every:
            assert "RECV-Q" not in lines[0]
            assert "SEND-Q" not in lines[0]
            assert re.search(r"\[1000.*\] \+\d$", lines[1])
    assert seen == {True, False}


def test_names_are_cut_before_pids() -> None:
    rows = [socket("10.0.0.1:80", "10.0.0.2:4000", owners=owned(1000, 1001, name="a-rather-long-name-of-a-program"))]
    lines = lines_of(rows, SOCKETS, 76)
    assert re.search(r"a-rather-[\w-]*…\[1000,1001\]$", lines[1])


def test_no_other_column_goes_for_a_row_whose_pids_do_not_fit_anyway() -> None:
    peer = Peer(1, None, None, OwnerStatus.KNOWN, owned(998))
    rows = [socket("127.0.0.1:80", owners=owned(*range(1000, 1060))), socket("127.0.0.1:80", "127.0.0.1:4", peer=peer)]
    lines = lines_of(rows, SOCKETS, 100)
    assert lines[0].split() == ["PROTO", "STATE", "LOCAL", "REMOTE", "PROCESS", "PEER"]
    assert re.search(r"gunicorn\[1000,1001.*\] \+\d\d ", lines[1])
    assert lines[2].endswith("gunicorn[998/6]")


def test_a_row_is_not_shortened_because_of_one_that_does_not_fit_anyway() -> None:
    rows = [port(8000, owners=owned(*range(10000, 10060))), port(80, owners=owned(*range(10000, 10005)))]
    lines = lines_of(rows, PORTS, 72)
    assert "EXPOSURE" not in lines[0]
    assert lines[2].endswith("gunicorn[10000,10001,10002,10003,10004]")


def test_workers_beyond_the_sixth_give_way_to_the_exposure_of_a_port() -> None:
    rows = [port(8000, owners=owned(*range(10000, 10010)))]
    lines = lines_of(rows, PORTS, 105)
    assert "EXPOSURE" in lines[0]
    assert lines[1].endswith("gunicorn[10000,10001,10002,10003,10004,10005] +4")


def test_a_mark_of_unseen_owners_is_never_cut() -> None:
    rows = [socket("10.0.0.1:80", "10.0.0.2:4000", owners=owned(*range(4000000, 4000060)), owner_status=OwnerStatus.PARTIAL)]
    for width in range(60, 100):
        assert re.search(r"\] \+\d\d \+\?$", lines_of(rows, SOCKETS, width)[1])


def test_a_forwarders_destination_is_cut_after_columns_were_left_out() -> None:
    process = Process(20017, "docker-proxy", forwards_to="172.17.0.2:80")
    context = Context(SERVICES, processes={(None, 20017): process})
    row = port(8080, service="http-alt", owners=(Owner(20017, 4, "docker-proxy", "root"),))
    assert lines_of([row], PORTS, 72, context)[1].endswith("…[20017] -> 172.17.0.2:80")
    assert lines_of([row], PORTS, 60, context)[1].endswith("docker-proxy[20017] …")


def test_an_ipv6_address_loses_its_middle_and_keeps_its_port() -> None:
    end = InetEndpoint(LONG, 8080)
    (line,) = lines_of([socket(end, InetEndpoint("192.168.100.100", 65535))], SOCKETS, 75, header=False)[:1]
    assert re.search(r"\[2001:[\w:]*…[\w:]*5678\]:8080", line)
    assert ":65535" in line
    assert "python3[18085" in line


def test_the_port_of_a_row_stays_without_its_service_name() -> None:
    rows = [port(5432, service="postgresql", owners=owned(812, 813, 814, 815))]
    lines = lines_of(rows, PORTS, 70)
    assert lines[1].split()[1] == "5432"
    assert "service names" in lines[-1]


def test_processes_keep_their_pid_and_what_they_serve() -> None:
    sockets = [socket(f"10.0.0.1:{number}", owners=owned(812)) for number in range(8001, 8006)]
    sockets += [socket("10.0.0.1:4000", f"10.0.0.{number}:5432", owners=owned(812)) for number in range(3)]
    rows = group_processes(
        sockets, {(None, 812): Process(812, "gunicorn", cmdline=("/usr/bin/gunicorn", "-w", "9"), user="dev")}
    )
    lines = lines_of(rows, PROCS, 60)
    assert lines[0].split()[:2] == ["PID", "NAME"]
    assert re.match(r"812  gunicorn  .*tcp/8001.*,\+\d  10\.0\.0\.\d:5432", lines[1].strip())


def test_a_branch_of_a_tree_loses_its_indentation_first() -> None:
    row = group_processes([socket(owners=owned(812, name="web"))], {})[0]._replace(depth=30)
    lines = lines_of([row], PROCS, 60)
    assert "└ " in lines[1]
    assert "gunicorn" not in lines[1]
    assert width_of(lines[1]) <= 60


def test_columns_that_were_named_are_shortened_and_never_left_out() -> None:
    rows = [socket("127.0.0.1:80", "127.0.0.1:4000", owners=owned(812, name="a-rather-long-name-of-a-program"))]
    named = parse_columns(SOCKETS, "recv_q,send_q,local,remote,inode,process")
    shown = "".join(fitted(rows, named, CONTEXT, Options(width=66))).splitlines()
    assert shown[0].split() == ["RECV-Q", "SEND-Q", "LOCAL", "REMOTE", "INODE", "PROCESS"]
    assert width_of(shown[1]) <= 66
    whole = "".join(table(rows, named, CONTEXT, Options()))
    assert "".join(fitted(rows, named, CONTEXT, Options(width=40))) == whole


def test_a_table_that_fits_is_the_one_of_a_pipe() -> None:
    rows = [port(80), port(443)]
    full = max(map(len, whole_of(rows, PORTS)))
    assert lines_of(rows, PORTS, full) == whole_of(rows, PORTS)
    assert lines_of(rows, PORTS, full - 1) != whole_of(rows, PORTS)
    assert lines_of([], PORTS, 60) == whole_of([], PORTS)


def test_what_was_left_out_is_one_faint_line() -> None:
    rows = [port(5432, service="postgresql", owners=owned(*range(1000, 1008)))]
    lines = lines_of(rows, PORTS, 60, color=True)
    assert lines[-1].startswith("\x1b[2mLeft out: ")
    assert lines[-1].endswith("\x1b[0m")


@pytest.mark.parametrize("width", [60, 80])
def test_a_long_list_of_what_was_left_out_ends_in_a_number(width: int) -> None:
    info = {"rtt_ms": 1.0, "congestion_window": 10, "total_retransmits": 3, "bytes_acked": 10**12, "bytes_received": 10**12}
    end = f"[{LONG}]:65535"
    rows = [socket(end, end, info=info, timer=Timer("on", 200, 1), owners=owned(*range(1000, 1008)))]
    lines = lines_of(rows, SOCKETS, width)
    assert re.search(r", \+\d; (--wide shows all|see --wide)", lines[-1])
    assert len(lines[-1]) <= width
