"""The cells of ports, sockets and procs."""

import pytest

from portsock.model import (
    Exposure,
    Family,
    InetEndpoint,
    NetlinkEndpoint,
    Netns,
    Owner,
    OwnerReason,
    OwnerStatus,
    PacketEndpoint,
    Peer,
    Port,
    Process,
    Processes,
    Role,
    Socket,
    State,
    Timer,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.normalize.processes import ProcessRow, group_processes, tree
from portsock.output.cells.owners import absence
from portsock.output.columns import Column, View, default_columns
from portsock.output.context import Context
from portsock.output.tables.ports import PORTS, summarize
from portsock.output.tables.procs import PROCS
from portsock.output.tables.sockets import SOCKETS, sort_by_default
from portsock.output.timestamps import iso
from portsock.port_numbers import parse_services
from tests.support.factory import port, socket


def cell(view: View, name: str, row: Port | Socket | ProcessRow, context: Context | None = None) -> str:  # type: ignore[type-arg]
    column: Column[Port | Socket | ProcessRow] = next(column for column in view.columns if column.name == name)
    return column.text(row, context or Context())


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        (socket("127.0.0.1:80"), "127.0.0.1:80"),
        (socket("[::1]:80"), "[::1]:80"),
        (socket("[::]:80", v6only=False), "*:80"),
        (socket("[::]:80", v6only=True), "[::]:80"),
        (socket("[::]:80", v6only=None), "[::]:80"),
        (socket("0.0.0.0:80"), "0.0.0.0:80"),
        (socket("127.0.0.53:53", interface="lo"), "127.0.0.53%lo:53"),
        (socket(InetEndpoint("fe80::1", 546, "eth0")), "[fe80::1]%eth0:546"),
        (socket(InetEndpoint("fe80::1", 546, "eth0"), interface="eth0"), "[fe80::1]%eth0:546"),
        (socket("10.0.0.1:*"), "10.0.0.1:*"),
        (socket(InetEndpoint("10.0.0.1", None, label="7"), protocol="icmp"), "10.0.0.1:7"),
        (socket(InetEndpoint(None, None, hostname="db.example", label="postgres")), "db.example:postgres"),
        (socket(InetEndpoint("2001:db8:1234", 80, truncated=True)), "[2001:db8:1234…]:80"),
        (socket(UnixEndpoint(b"/run/x.sock")), "/run/x.sock"),
        (socket(UnixEndpoint(b"name", abstract=True)), "@name"),
        (socket(UnixEndpoint(None)), "(unnamed)"),
        (socket(NetlinkEndpoint(0, 0)), "route:kernel"),
        (socket(NetlinkEndpoint(15, 812)), "uevent:812"),
        (socket(PacketEndpoint(0x0800, 2)), "ip:if2"),
        (socket(PacketEndpoint(None, None)), "*:*"),
        (socket(VsockEndpoint(4294967295, 22)), "*:22"),
        (socket(None), ""),
    ],
)
def test_local_endpoints(row: Socket, shown: str) -> None:
    assert cell(SOCKETS, "local", row) == shown


def test_a_resolved_name_stands_for_its_address() -> None:
    context = Context(hostnames={"10.0.0.5": "db.example"})
    assert cell(SOCKETS, "remote", socket("10.0.0.1:4", "10.0.0.5:5432"), context) == "db.example:5432"


@pytest.mark.parametrize(
    ("addresses", "shown"),
    [
        (("*",), "*"),
        (("0.0.0.0",), "0.0.0.0"),
        (("::",), "[::]"),
        (("127.0.0.1", "::1"), "127.0.0.1,[::1]"),
        (("127.0.0.53%lo", "fe80::1%eth0"), "127.0.0.53%lo,[fe80::1]%eth0"),
    ],
)
def test_addresses_of_a_port(addresses: tuple[str, ...], shown: str) -> None:
    assert cell(PORTS, "addresses", port(addresses=addresses)) == shown


def test_every_owner_is_shown() -> None:
    owners = (Owner(1, 40, "systemd"), Owner(812, 6, "nginx"), Owner(812, 7, "nginx"), Owner(813, 6, "nginx"))
    assert cell(SOCKETS, "process", socket(owners=owners)) == "systemd[1/40] nginx[812/6,812/7,813/6]"
    assert cell(PORTS, "process", port(owners=owners)) == "systemd[1] nginx[812,813]"


def test_owners_that_a_listing_names_only_in_part() -> None:
    assert cell(SOCKETS, "process", socket(owners=(Owner(None, None, "nginx"),))) == "nginx"
    assert cell(SOCKETS, "process", socket(owners=(Owner(4, None, None),))) == "[4]"
    assert cell(SOCKETS, "process", socket(owners=(Owner(4, None, "System"),))) == "System[4]"


def test_there_may_be_more_owners() -> None:
    assert cell(SOCKETS, "process", socket(owner_status=OwnerStatus.PARTIAL)) == "python3[18085/4] +?"
    assert cell(PORTS, "process", port(owner_status=OwnerStatus.PARTIAL)) == "python3[18085] +?"


def test_a_missing_owner_differs_from_an_unseen_one() -> None:
    for status in OwnerStatus:
        for reason in (*OwnerReason, None):
            text = absence(status, reason, None)
            if status is OwnerStatus.HIDDEN:
                assert text
            if reason not in (None, OwnerReason.NO_COLUMN) and status is not OwnerStatus.UNREPORTED:
                assert text.startswith(("? (", "- ("))
    assert absence(OwnerStatus.UNREPORTED, OwnerReason.NO_COLUMN, "root") == ""
    row = port(owners=(), owner_status=OwnerStatus.HIDDEN, owner_reason=OwnerReason.OTHER_USER, sockets=(socket(user="root"),))
    assert cell(PORTS, "process", row) == "? (other user: root)"
    assert cell(PORTS, "user", row) == "root"


def test_a_port_forwarder_shows_its_destination() -> None:
    processes: Processes = {(None, 18085): Process(18085, "docker-proxy", forwards_to="172.17.0.2:80 (web)", container="web")}
    row = port(owners=(Owner(18085, 4, "docker-proxy"),))
    assert cell(PORTS, "process", row, Context(processes=processes)) == "docker-proxy[18085] -> 172.17.0.2:80 (web)"
    assert cell(PORTS, "container", row, Context(processes=processes)) == "web"


def test_the_other_end() -> None:
    peer = Peer(5, Netns(7, "blue"), None, OwnerStatus.KNOWN, (Owner(9, 3, "psql", "pg"),))
    assert cell(SOCKETS, "peer", socket(remote="127.0.0.1:5", peer=peer)) == "psql[9/3] in netns blue"
    elsewhere = peer._replace(netns=None, host="db1")
    assert cell(SOCKETS, "peer", socket(remote="127.0.0.1:5", peer=elsewhere)) == "psql[9/3] on db1"
    hidden = Peer(5, None, None, OwnerStatus.HIDDEN, ())
    assert cell(SOCKETS, "peer", socket(remote="127.0.0.1:5", peer=hidden)) == "? (hidden)"


def test_the_service_is_that_of_the_serving_end() -> None:
    context = Context(parse_services("http-alt 8080/tcp\npostgresql 5432/tcp\n"))
    client = socket("127.0.0.1:8080", "127.0.0.1:5432")
    assert cell(SOCKETS, "service", client, context) == "postgresql"
    assert cell(SOCKETS, "service", client._replace(role=Role.SERVER), context) == "http-alt"


def test_protocol_and_state_of_odd_sockets() -> None:
    assert cell(SOCKETS, "protocol", socket(protocol="raw", number=89)) == "raw/89"
    assert cell(SOCKETS, "state", socket(state=None, state_raw="OUÇA")) == "OUÇA"
    assert cell(SOCKETS, "timer", socket(timer=Timer("on", 1500, 2))) == "on 1.5s retransmits 2"


def test_details_are_columns_only_where_they_were_requested() -> None:
    plain, asked = socket(remote="10.0.0.1:5"), socket(remote="10.0.0.1:5", info={"rtt_ms": 0.04, "congestion_window": 10})
    assert {column.header for column in default_columns(SOCKETS, [asked])} - {
        column.header for column in default_columns(SOCKETS, [plain])
    } == {"RTT-MS", "CWND", "RETRANS", "BYTES-ACKED", "BYTES-RECEIVED", "LAST-RECV", "CC"}
    assert cell(SOCKETS, "rtt_ms", asked) == "0.04"
    assert cell(SOCKETS, "rtt_ms", plain) == ""
    assert cell(SOCKETS, "info", asked) == "rtt_ms 0.04 congestion_window 10"


def test_process_rows_hold_each_socket_once() -> None:
    shared = socket(owners=(Owner(812, 6, "nginx"), Owner(812, 7, "nginx"), Owner(813, 6, "nginx"), Owner(None, None, "x")))
    rows = group_processes([shared, socket(owners=())], {(None, 813): Process(813, "worker")})
    assert [(row.process.pid, row.process.name, row.sockets) for row in rows] == [
        (812, "nginx", (shared,)),
        (813, "worker", (shared,)),
    ]


def test_what_a_process_listens_on_and_talks_to() -> None:
    sockets = [
        socket("0.0.0.0:443"),
        socket("[::]:443"),
        socket("0.0.0.0:53", protocol="udp", role=Role.BOUND, state=State.UNCONN),
        socket(UnixEndpoint(b"/run/x"), family=Family.UNIX),
        *[socket(f"10.0.0.1:{number}", "10.0.0.5:5432") for number in (1, 2, 3)],
        *[socket("10.0.0.1:443", f"10.0.0.7:{number}", role=Role.SERVER) for number in (1, 2)],
        *[socket("10.0.0.1:9", f"[::1]:{number}") for number in (1, 2, 3)],
    ]
    (row,) = group_processes([each._replace(inode=number) for number, each in enumerate(sockets)], {})
    assert cell(PROCS, "listening", row) == "udp/53,tcp/443,/run/x"
    assert cell(PROCS, "connections", row) == "10.0.0.5:5432 x3, :443 from 10.0.0.7 x2, [::1]:1, +2"
    assert cell(PROCS, "sockets", row) == "12"


def test_many_ports_and_ends_of_a_process_are_shortened_for_people_only() -> None:
    sockets = tuple(socket(f"127.0.0.1:{number}") for number in range(8001, 8031))
    row = ProcessRow(Process(7, "web"), sockets)
    assert cell(PROCS, "listening", row) == ",".join(f"tcp/{number}" for number in range(8001, 8009)) + ",+22"
    assert cell(PROCS, "listening", row, Context(whole=True)).count("tcp/") == 30
    assert cell(PROCS, "listening", row._replace(sockets=sockets[:9])).endswith("tcp/8009")
    clients = row._replace(sockets=tuple(socket("10.0.0.1:4000", f"10.0.0.2:{number}", inode=number) for number in range(5)))
    assert cell(PROCS, "connections", clients).endswith("+2")
    assert cell(PROCS, "connections", clients, Context(whole=True)).count("10.0.0.2") == 5


def test_a_tree_is_drawn_for_people_only() -> None:
    row = ProcessRow(Process(7, "web"), (), depth=2)
    assert cell(PROCS, "name", row) == "  └ web"
    assert cell(PROCS, "name", row, Context(whole=True)) == "web"


def test_the_tree_shows_parents_above_their_children() -> None:
    processes: Processes = {(None, pid): Process(pid, name, ppid=ppid) for pid, name, ppid in (
        (1, "systemd", 0), (50, "nginx", 1), (60, "nginx", 50), (51, "sshd", 1), (9, "alone", 8), (99, "unrelated", 1),
    )}  # fmt: skip
    held = [socket(owners=(Owner(pid, 3),)) for pid in (60, 50, 51, 9)]
    rows = tree(group_processes(held, processes), processes)
    assert [(row.process.pid, row.depth, len(row.sockets)) for row in rows] == [
        (1, 0, 0), (50, 1, 1), (60, 2, 1), (51, 1, 1), (9, 0, 1),
    ]  # fmt: skip
    assert [cell(PROCS, "name", row) for row in rows] == ["systemd", "└ nginx", "  └ nginx", "└ sshd", "alone"]


def test_processes_that_are_each_others_parents_are_not_lost() -> None:
    processes: Processes = {(None, 5): Process(5, ppid=6), (None, 6): Process(6, ppid=5), (None, 7): Process(7, ppid=7)}
    rows = group_processes([socket(owners=(Owner(pid, 3),)) for pid in (5, 6, 7)], processes)
    assert sorted(row.process.pid for row in tree(rows, processes)) == [5, 6, 7]


def test_the_summary_counts() -> None:
    rows = [
        port(80, exposure=Exposure.ALL),
        port(8080),
        port(53, protocol="udp", state=State.UNCONN, owner_status=OwnerStatus.HIDDEN, owners=()),
    ]
    assert summarize(rows) == ("3 ports (2 tcp, 1 udp), 2 listening: 1 on all addresses, 2 loopback only; owners of 1 hidden")
    assert summarize([]) == "0 ports"
    assert summarize([port(exposure=None)]) == "1 port (1 tcp), 1 listening"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0, "1970-01-01T00:00:00Z"), (1795284000.9, "2026-11-21T18:00:00Z"), (None, None), (1e30, None), (float("nan"), None)],
)
def test_timestamps(seconds: float | None, text: str | None) -> None:
    assert iso(seconds) == text


def test_sockets_are_ordered_by_place_port_and_the_listener_first() -> None:
    ordered = [
        socket(UnixEndpoint(b"/b"), protocol="tcp", inode=3),
        socket(UnixEndpoint(b"/a"), protocol="tcp", inode=4),
        socket("10.0.0.1:0", state=State.BOUND),
        socket("127.0.0.1:80"),
        socket("10.0.0.1:80", "10.0.0.2:5"),
        socket("10.0.0.1:80", "10.0.0.2:40"),
        socket("127.0.0.1:80", "10.0.0.2:4"),
        socket("10.0.0.1:443"),
        socket("10.0.0.1:1", protocol="udp"),
        socket("10.0.0.1:1", netns=Netns(2)),
        socket("10.0.0.1:1", host="web"),
    ]
    assert sort_by_default(reversed(ordered)) == ordered


def test_a_socket_bound_without_a_port_has_port_zero_and_not_a_wildcard() -> None:
    bound = socket("10.0.0.1:0", state=State.BOUND, role=Role.UNKNOWN)
    assert (cell(SOCKETS, "local", bound), cell(SOCKETS, "state", bound)) == ("10.0.0.1:0", "BOUND")
    assert cell(SOCKETS, "local", bound._replace(interface="eth0")) == "10.0.0.1%eth0:0"
    assert cell(PORTS, "port", port(0, state=State.BOUND)) == "0"


def test_a_zone_goes_before_the_device() -> None:
    assert cell(SOCKETS, "local", socket(InetEndpoint("::", 80, "eth0"), family=Family.IPV6, v6only=False)) == "*%eth0:80"


def test_a_client_that_waits_to_be_accepted_differs_from_one_whose_server_is_unknown() -> None:
    nobody = Peer(None, None, None, OwnerStatus.NONE, ())
    client = socket(UnixEndpoint(None), UnixEndpoint(b"/x"), family=Family.UNIX, protocol="unix", peer=nobody)
    assert cell(SOCKETS, "peer", client) == "- (not accepted yet)"
    assert cell(SOCKETS, "peer", client._replace(peer=nobody._replace(inode=5))) == "- (no process)"


def test_pids_and_users_stand_once() -> None:
    owners = (Owner(812, 6, "nginx", "www"), Owner(812, 7, "nginx", "www"), Owner(813, 6, "nginx", "www"))
    assert cell(SOCKETS, "pid", socket(owners=owners)) == "812,813"
    assert cell(SOCKETS, "user", socket(owners=owners)) == "www"
