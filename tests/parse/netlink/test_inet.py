"""Internet sockets from sock_diag: recorded answers, compared with the addresses that the sockets had."""

import struct
import sys

import pytest

from portsock.model import (
    Family,
    InetEndpoint,
    SocketType,
    State,
)
from portsock.records import Request, SocketRecord
from portsock.sources.linux import netlink
from tests.parse.netlink.recorded_answers import SOCKETS, answer, by_name, inet
from tests.support.netlink_replay import FIXTURES, Channel, done, message, recorded

pytestmark = [
    pytest.mark.usefixtures("interfaces"),
    pytest.mark.skipif(sys.byteorder != "little", reason="the answers were recorded on a little-endian machine"),
]


@pytest.mark.parametrize(
    ("protocol", "family", "prefix"),
    [
        ("tcp", Family.IPV4, "tcp4"),
        ("tcp", Family.IPV6, "tcp6"),
        ("udp", Family.IPV4, "udp4"),
        ("udp", Family.IPV6, "udp6"),
        ("udplite", Family.IPV4, "udplite4"),
        ("udplite", Family.IPV6, "udplite6"),
        ("mptcp", Family.IPV4, "mptcp4"),
    ],
)
def test_every_socket_is_found_with_its_endpoints(protocol: str, family: Family, prefix: str) -> None:
    found = by_name(answer(protocol, family))
    expected = {name: known for name, known in SOCKETS.items() if name.startswith(prefix + "-")}
    assert expected.keys() <= found.keys()
    for name, known in expected.items():
        record = found[name]
        assert (record.local, record.remote) == (inet(known["local"]), inet(known["remote"])), name
        assert (record.protocol, record.family) == (protocol, family)


def test_states_of_tcp() -> None:
    found = by_name(answer("tcp", Family.IPV4))
    assert {name: found[name].state for name in found if not name.startswith("mptcp")} == {
        "tcp4-listener": State.LISTEN,
        "tcp4-client": State.ESTABLISHED,
        "tcp4-server": State.ESTABLISHED,
        "tcp4-unaccepted-client": State.ESTABLISHED,
        "tcp4-bound": State.BOUND,
        "tcp4-device": State.LISTEN,
        "tcp4-to-mapped": State.ESTABLISHED,
        "tcp4-half-client": State.FIN_WAIT_2,
        "tcp4-half-server": State.CLOSE_WAIT,
    }


def test_sockets_without_a_file_have_neither_inode_nor_uid() -> None:
    rows = answer("tcp", Family.IPV4)
    port = SOCKETS["tcp4-listener"]["local"][1]
    client = inet(SOCKETS["tcp4-unaccepted-client"]["local"])
    unaccepted = [row for row in rows if row.local == InetEndpoint("127.0.0.1", port) and row.remote == client]
    waiting = [row for row in rows if row.state is State.TIME_WAIT]
    assert len(unaccepted) == len(waiting) == 1
    for row in unaccepted + waiting:
        assert (row.inode, row.uid) == (None, None)
    assert by_name(rows)["tcp4-client"].uid == 0


def test_queues_of_a_listener_are_its_accept_queue_and_limit() -> None:
    found = by_name(answer("tcp", Family.IPV4))
    listener, server = found["tcp4-listener"], found["tcp4-server"]
    assert (listener.accept_queue, listener.accept_limit, listener.recv_q, listener.send_q) == (1, 7, 1, 7)
    assert (server.accept_queue, server.accept_limit, server.recv_q, server.send_q) == (None, None, 1, 0)


def test_v6only_is_reported_only_for_listeners_and_bound_datagram_sockets() -> None:
    streams, datagrams = by_name(answer("tcp", Family.IPV6)), by_name(answer("udp", Family.IPV6))
    reported = {name: streams[name].v6only for name in ("tcp6-dual", "tcp6-only", "tcp6-client")}
    assert reported == {"tcp6-dual": False, "tcp6-only": True, "tcp6-client": None}
    assert (datagrams["udp6-only"].v6only, datagrams["udp6-connected"].v6only) == (True, None)
    assert all(record.v6only is None for record in answer("tcp", Family.IPV4))


def test_a_mapped_address_becomes_ipv4_on_an_ipv6_socket() -> None:
    record = by_name(answer("tcp", Family.IPV6))["tcp6-mapped"]
    assert isinstance(record.local, InetEndpoint)
    assert (record.family, record.local.address) == (Family.IPV6, "127.0.0.1")


def test_a_bound_device_has_its_name_and_a_link_local_address_its_zone() -> None:
    device = by_name(answer("tcp", Family.IPV4))["tcp4-device"]
    link = by_name(answer("tcp", Family.IPV6))["tcp6-link"]
    assert (device.interface, device.local) == ("lo", inet(SOCKETS["tcp4-device"]["local"]))
    assert (link.interface, link.local) == ("d0", InetEndpoint("fe80::1", SOCKETS["tcp6-link"]["local"][1], "d0"))


def test_connected_datagram_sockets_are_established_others_are_not() -> None:
    found = by_name(answer("udp", Family.IPV4))
    assert (found["udp4-bound"].state, found["udp4-connected"].state) == (State.UNCONN, State.ESTABLISHED)
    assert found["udp4-bound"].type is SocketType.DGRAM


@pytest.mark.parametrize(("protocol", "family"), [("tcp", Family.IPV4), ("udp", Family.IPV6), ("unix", Family.UNIX)])
def test_records_have_every_field(protocol: str, family: Family) -> None:
    assert {len(record) for record in answer(protocol, family)} == {len(SocketRecord._fields)}


def test_equal_endpoints_are_one_object() -> None:
    found = by_name(answer("tcp", Family.IPV4))
    assert found["tcp4-client"].remote is found["tcp4-server"].local


def test_details_are_decoded_on_request() -> None:
    found = by_name(answer("tcp", Family.IPV4, detailed=True))
    client, server, listener = found["tcp4-client"], found["tcp4-server"], found["tcp4-listener"]
    assert client.info is not None
    assert server.info is not None
    assert client.info["bytes_sent"] == server.info["bytes_received"] == 1
    assert isinstance(client.info["rtt_ms"], float)
    assert client.info["path_mtu"] == 65535
    assert client.timer is not None
    assert client.timer.kind == "keepalive"
    assert 7_000_000 < (client.timer.expires_ms or 0) <= 7_200_000
    assert server.memory is not None
    assert server.memory.recv_used > 0
    assert server.memory.drops == 0
    assert listener.info is not None
    assert set(listener.info) == {"congestion_control"}


def test_details_are_left_out_without_a_request() -> None:
    assert all((row.info, row.timer, row.memory) == (None, None, None) for row in answer("tcp", Family.IPV4))


def test_an_mptcp_socket_has_no_tcp_details() -> None:
    rows = answer("mptcp", Family.IPV4, detailed=True)
    assert rows
    assert all(row.info is None for row in rows)
    assert all(row.memory for row in rows)


def test_subflows_refer_to_their_mptcp_socket() -> None:
    tcp, mptcp = ((FIXTURES / f"{name}-ipv4.bin").read_bytes() for name in ("tcp", "mptcp"))
    request = Request(frozenset({"tcp", "mptcp"}), frozenset({Family.IPV4}))
    rows = netlink.dump(request, None, Channel([tcp], [mptcp])).sockets
    subflows = {row.inode for row in rows if row.subflow_of}
    assert subflows == {known["inode"] for name, known in SOCKETS.items() if name.startswith("mptcp4")}
    assert all(row.subflow_of == row.inode and row.protocol == "tcp" for row in rows if row.subflow_of)


@pytest.mark.parametrize("protocol", ["raw", "sctp"])
def test_a_family_without_a_module_is_missing(protocol: str) -> None:
    request = Request(frozenset({protocol}), frozenset({Family.IPV4}))
    found = netlink.dump(request, None, recorded(f"{protocol}-ipv4"))
    assert (found.sockets, found.notices) == ([], [])
    assert found.missing == {(protocol, Family.IPV4)}


def test_ping_sockets_are_missing_without_a_request() -> None:
    channel = Channel([])
    request = Request(frozenset({"icmp"}), frozenset({Family.IPV4, Family.IPV6}))
    assert netlink.dump(request, None, channel).missing == {("icmp", Family.IPV4), ("icmp", Family.IPV6)}
    assert channel.requests == []


def raw_row(number: int) -> bytes:
    return struct.pack("=BBBBHH16s16sIQIIIII", 2, 7, 0, 0, number << 8, 0, bytes(16), bytes(16), 0, 9, 0, 0, 0, 0, 77)


def test_a_raw_socket_has_a_protocol_number_in_place_of_a_port() -> None:
    request = Request(frozenset({"raw"}), frozenset({Family.IPV4}))
    (row,) = netlink.dump(request, None, Channel([message(20, raw_row(89)) + done()])).sockets
    assert (row.number, row.local, row.remote, row.state) == (89, InetEndpoint("0.0.0.0", None), None, State.UNCONN)


def tcp_row(code: int, cookie: int) -> bytes:
    return struct.pack("=BBBBHH16s16sIQIIIII", 2, code, 0, 0, 0x5000, 0, bytes(16), bytes(16), 0, cookie, 0, 0, 0, 0, 0)


@pytest.mark.parametrize(("code", "state", "text"), [(12, State.SYN_RECV, None), (13, State.BOUND, None), (99, None, "99")])
def test_an_unknown_state_is_kept_as_its_number(code: int, state: State | None, text: str | None) -> None:
    request = Request(frozenset({"tcp"}), frozenset({Family.IPV4}))
    (row,) = netlink.dump(request, None, Channel([message(20, tcp_row(code, 1)) + done()])).sockets
    assert (row.state, row.state_raw) == (state, text)


def test_a_socket_may_have_no_cookie() -> None:
    request = Request(frozenset({"tcp"}), frozenset({Family.IPV4}))
    (row,) = netlink.dump(request, None, Channel([message(20, tcp_row(1, (1 << 64) - 1)) + done()])).sockets
    assert row.cookie is None
