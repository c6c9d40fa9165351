"""Recorded answers of a kernel, decoded on any system, held against what the sockets said of themselves."""

import contextlib
import json
import struct
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import (
    Family,
    InetEndpoint,
    NetlinkEndpoint,
    PacketEndpoint,
    SocketType,
    State,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.parse.netlink.message import attribute
from portsock.records import Request, SocketRecord
from portsock.sources.linux import netlink
from tests.support.netlink_replay import FIXTURES, Channel, done, message, recorded

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="the answers were recorded on a little-endian machine")

FACTS: dict[str, Any] = json.loads((FIXTURES / "sockets.json").read_text("utf-8"))
SOCKETS: dict[str, Any] = FACTS["sockets"]


@pytest.fixture(autouse=True)
def interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Interfaces as they were numbered where the answers were recorded."""
    names = {number: name for name, number in FACTS["interfaces"].items()}
    monkeypatch.setattr("socket.if_indextoname", names.__getitem__)


def answer(protocol: str, family: Family, detailed: bool = False) -> list[SocketRecord]:
    name = f"{protocol}-{family}" + ("-detailed" if detailed else "")
    request = Request(frozenset({protocol}), frozenset({family}), info=detailed, timers=detailed, memory=detailed)
    return netlink.dump(request, None, recorded(name)).sockets


def by_name(records: list[SocketRecord]) -> dict[str, SocketRecord]:
    inodes = {record.inode: record for record in records if record.inode}
    return {name: inodes[told["inode"]] for name, told in SOCKETS.items() if told["inode"] in inodes}


def inet(address: list[Any] | None) -> InetEndpoint | None:
    """The endpoint of an address as Python's socket module tells it."""
    if address is None:
        return None
    zone = "d0" if len(address) == 4 and address[3] else None
    return InetEndpoint(address[0].removeprefix("::ffff:"), address[1], zone)


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
    expected = {name: told for name, told in SOCKETS.items() if name.startswith(prefix + "-")}
    assert expected.keys() <= found.keys()
    for name, told in expected.items():
        record = found[name]
        assert (record.local, record.remote) == (inet(told["local"]), inet(told["remote"])), name
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


def test_a_listener_tells_its_accept_queue_and_others_their_bytes() -> None:
    found = by_name(answer("tcp", Family.IPV4))
    listener, server = found["tcp4-listener"], found["tcp4-server"]
    assert (listener.accept_queue, listener.accept_limit, listener.recv_q, listener.send_q) == (1, 7, 1, 7)
    assert (server.accept_queue, server.accept_limit, server.recv_q, server.send_q) == (None, None, 1, 0)


def test_v6only_is_told_of_listeners_and_bound_datagram_sockets_alone() -> None:
    streams, datagrams = by_name(answer("tcp", Family.IPV6)), by_name(answer("udp", Family.IPV6))
    told = {name: streams[name].v6only for name in ("tcp6-dual", "tcp6-only", "tcp6-client")}
    assert told == {"tcp6-dual": False, "tcp6-only": True, "tcp6-client": None}
    assert (datagrams["udp6-only"].v6only, datagrams["udp6-connected"].v6only) == (True, None)
    assert all(record.v6only is None for record in answer("tcp", Family.IPV4))


def test_a_mapped_address_is_shown_as_ipv4_on_an_ipv6_socket() -> None:
    record = by_name(answer("tcp", Family.IPV6))["tcp6-mapped"]
    assert isinstance(record.local, InetEndpoint)
    assert (record.family, record.local.address) == (Family.IPV6, "127.0.0.1")


def test_a_bound_device_has_its_name_and_a_link_local_address_its_zone() -> None:
    device = by_name(answer("tcp", Family.IPV4))["tcp4-device"]
    link = by_name(answer("tcp", Family.IPV6))["tcp6-link"]
    assert (device.interface, device.local) == ("lo", inet(SOCKETS["tcp4-device"]["local"]))
    assert (link.interface, link.local) == ("d0", InetEndpoint("fe80::1", SOCKETS["tcp6-link"]["local"][1], "d0"))


def test_connected_datagram_sockets_are_told_from_others() -> None:
    found = by_name(answer("udp", Family.IPV4))
    assert (found["udp4-bound"].state, found["udp4-connected"].state) == (State.UNCONN, State.ESTABLISHED)
    assert found["udp4-bound"].type is SocketType.DGRAM


@pytest.mark.parametrize(("protocol", "family"), [("tcp", Family.IPV4), ("udp", Family.IPV6), ("unix", Family.UNIX)])
def test_records_have_every_field(protocol: str, family: Family) -> None:
    assert {len(record) for record in answer(protocol, family)} == {len(SocketRecord._fields)}


def test_equal_endpoints_are_one_object() -> None:
    found = by_name(answer("tcp", Family.IPV4))
    assert found["tcp4-client"].remote is found["tcp4-server"].local


def test_details_are_decoded_where_they_were_asked_for() -> None:
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


def test_details_are_left_out_where_they_were_not_asked_for() -> None:
    assert all((row.info, row.timer, row.memory) == (None, None, None) for row in answer("tcp", Family.IPV4))


def test_an_mptcp_socket_has_no_tcp_details() -> None:
    rows = answer("mptcp", Family.IPV4, detailed=True)
    assert rows
    assert all(row.info is None for row in rows)
    assert all(row.memory for row in rows)


def test_subflows_name_the_mptcp_socket_they_belong_to() -> None:
    tcp, mptcp = ((FIXTURES / f"{name}-ipv4.bin").read_bytes() for name in ("tcp", "mptcp"))
    request = Request(frozenset({"tcp", "mptcp"}), frozenset({Family.IPV4}))
    rows = netlink.dump(request, None, Channel([tcp], [mptcp])).sockets
    subflows = {row.inode for row in rows if row.subflow_of}
    assert subflows == {told["inode"] for name, told in SOCKETS.items() if name.startswith("mptcp4")}
    assert all(row.subflow_of == row.inode and row.protocol == "tcp" for row in rows if row.subflow_of)


def test_unix_sockets_with_their_names_peers_and_files() -> None:
    found = by_name(answer("unix", Family.UNIX))
    path, abstract = found["unix-path"], found["unix-abstract"]
    assert (path.local, path.state, path.accept_limit, path.type) == (
        UnixEndpoint(b"with space.sock"),
        State.LISTEN,
        3,
        SocketType.STREAM,
    )
    assert path.vfs == tuple(FACTS["device"])
    assert (abstract.local, abstract.type) == (UnixEndpoint(b"portsock\0inside\xff", True), SocketType.SEQPACKET)
    for one, other in (("unix-client", "unix-server"), ("unix-one", "unix-other")):
        assert (found[one].peer_inode, found[other].peer_inode) == (found[other].inode, found[one].inode)
        assert found[one].state is State.ESTABLISHED
    assert found["unix-client"].local == UnixEndpoint(None)
    assert found["unix-server"].local == path.local
    assert abstract.uid == 0


def test_netlink_and_packet_sockets() -> None:
    routing = by_name(answer("netlink", Family.NETLINK))["netlink"]
    assert routing.local == NetlinkEndpoint(0, *SOCKETS["netlink"]["local"])
    assert (routing.type, routing.remote, routing.recv_q) == (SocketType.RAW, None, 0)
    found = by_name(answer("packet", Family.PACKET))
    bound, free = found["packet"], found["packet-unbound"]
    assert (bound.local, bound.interface, bound.type) == (PacketEndpoint(0x0806, 1), "lo", SocketType.RAW)
    assert (free.local, free.interface, free.type) == (PacketEndpoint(0, None), None, SocketType.DGRAM)
    assert (bound.uid, free.uid) == (0, 0)


@pytest.mark.parametrize("protocol", ["raw", "sctp"])
def test_a_family_without_a_module_is_missing(protocol: str) -> None:
    request = Request(frozenset({protocol}), frozenset({Family.IPV4}))
    found = netlink.dump(request, None, recorded(f"{protocol}-ipv4"))
    assert (found.sockets, found.notices) == ([], [])
    assert found.missing == {(protocol, Family.IPV4)}


def test_ping_sockets_are_missing_without_asking() -> None:
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
def test_a_state_nobody_knows_survives_as_its_number(code: int, state: State | None, text: str | None) -> None:
    request = Request(frozenset({"tcp"}), frozenset({Family.IPV4}))
    (row,) = netlink.dump(request, None, Channel([message(20, tcp_row(code, 1)) + done()])).sockets
    assert (row.state, row.state_raw) == (state, text)


def test_no_cookie_is_no_number() -> None:
    request = Request(frozenset({"tcp"}), frozenset({Family.IPV4}))
    (row,) = netlink.dump(request, None, Channel([message(20, tcp_row(1, (1 << 64) - 1)) + done()])).sockets
    assert row.cookie is None


ASKED = [("tcp", Family.IPV4), ("tcp", Family.IPV6), ("sctp", Family.IPV4), ("raw", Family.IPV6)] + [
    (family.value, family) for family in (Family.UNIX, Family.NETLINK, Family.PACKET, Family.VSOCK)
]


@given(st.sampled_from(ASKED), st.binary(max_size=300), st.booleans())
def test_garbage_is_decoded_or_refused_and_nothing_else(asked: tuple[str, Family], data: bytes, details: bool) -> None:
    request = Request(frozenset({asked[0]}), frozenset({asked[1]}), info=details, memory=details, timers=details)
    with contextlib.suppress(netlink.NetlinkRefused):
        netlink.dump(request, None, Channel([message(20, data) + done()]))


@given(st.sampled_from(["tcp-ipv4", "tcp-ipv6", "unix-unix", "packet-packet", "netlink-netlink"]), st.data())
def test_a_truncated_answer_is_refused_or_read_as_far_as_it_goes(name: str, data: st.DataObject) -> None:
    protocol, _, family = name.partition("-")
    whole = (FIXTURES / f"{name}.bin").read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    request = Request(frozenset({protocol}), frozenset({Family(family)}))
    with contextlib.suppress(netlink.NetlinkRefused):
        found = netlink.dump(request, None, Channel([whole[:cut], done()]))
        assert len(found.sockets) <= len(answer(protocol, Family(family)))


def vsock_row(code: int, cid: int, port: int, peer: tuple[int, int]) -> bytes:
    return struct.pack("=BBBBIIIIIQ", 40, 1, code, 0, cid, port, *peer, 77, cid ^ port)


def test_vsock_endpoints_are_a_cid_and_a_port() -> None:
    nowhere = (0xFFFFFFFF, 0xFFFFFFFF)
    rows = [vsock_row(10, 0xFFFFFFFF, 1024, nowhere), vsock_row(1, 3, 1024, (2, 5000)), vsock_row(7, 0xFFFFFFFF, 9, nowhere)]
    request = Request(frozenset({"vsock"}), frozenset({Family.VSOCK}))
    channel = Channel([b"".join(message(20, row) for row in rows) + done()])
    listening, connected, bound = netlink.dump(request, None, channel).sockets
    assert (listening.state, listening.local, listening.remote) == (State.LISTEN, VsockEndpoint(0xFFFFFFFF, 1024), None)
    assert (connected.state, connected.remote) == (State.ESTABLISHED, VsockEndpoint(2, 5000))
    assert (bound.state, bound.type, bound.inode) == (State.BOUND, SocketType.STREAM, 77)


def test_sctp_associations_share_a_cookie_and_are_all_kept() -> None:
    def row(code: int, port: int, peers: bytes) -> bytes:
        address = bytes([127, 0, 0, 1]).ljust(16, b"\0")
        remote = address if peers else bytes(16)
        head = struct.pack("=BBBBHH16s16sIQIIIII", 2, code, 0, 0, 0x5000, port, address, remote, 0, 5, 0, 0, 0, 0, 77)
        return head + (attribute(13, peers) if peers else b"")

    rows = [row(10, 0, b""), row(3, 1, bytes(128)), row(4, 2, bytes(128))]
    request = Request(frozenset({"sctp"}), frozenset({Family.IPV4}))
    found = netlink.dump(request, None, Channel([b"".join(message(20, each) for each in rows) + done()])).sockets
    assert [(record.state, record.remote is None) for record in found] == [
        (State.LISTEN, True),
        (State.ESTABLISHED, False),
        (None, False),
    ]
    assert found[2].state_raw == "SHUTDOWN_PENDING"
