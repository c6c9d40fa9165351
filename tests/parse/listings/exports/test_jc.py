"""jc's JSON of netstat, ss, lsof and /proc/net/tcp."""

import json

import pytest

from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint, NetlinkEndpoint, SocketType, State, UnixEndpoint
from portsock.port_numbers import EMPTY
from portsock.records import Holder
from tests.support.factory import FIXTURES, read, read_fixture, read_with_notices, read_without_notices


def test_netstat() -> None:
    listener, connected, raw, unix = read_fixture("exports/jc-netstat.json")
    assert (listener.state, listener.inode, listener.uid) == (State.LISTEN, 7001, 0)
    assert listener.holders == (Holder(812, None, "web: main"),)
    assert (connected.local, connected.holders, connected.user) == (InetEndpoint("2001:db8::8", None, label="ssh"), (), "dev")
    assert (raw.number, raw.state, raw.local) == (58, State.UNCONN, InetEndpoint("::", None))
    assert (unix.local, unix.type, unix.state) == (UnixEndpoint(b"/run/a b.sock"), SocketType.STREAM, State.LISTEN)


def test_ss() -> None:
    netlink, packet, unix, udp, listener = read_fixture("exports/jc-ss.json")
    assert netlink.local == NetlinkEndpoint(0, 1220)
    assert (packet.family, packet.interface) == (Family.PACKET, "eth0")
    assert (unix.inode, unix.peer_inode, unix.holders) == (123, 124, (Holder(1, 9, "init"),))
    assert udp.interface == "lo"
    assert (listener.accept_queue, listener.accept_limit, listener.inode, listener.uid) == (1, 128, 2222, 0)
    assert listener.holders == (Holder(812, 3, "sshd"),)


def test_lsof_has_lost_the_protocol_of_sockets_without_a_state() -> None:
    path = FIXTURES / "exports/jc-lsof.json"
    (listener, ntp, unix), (notice,) = read_with_notices(path.read_text())
    assert (listener.protocol, listener.state) == ("tcp", State.LISTEN)
    assert listener.holders == (Holder(812, 6, "web", "www"), Holder(813, 6, "web", "www"))
    assert (ntp.protocol, ntp.state) == ("unknown", None)
    assert (unix.inode, unix.local) == (13771, UnixEndpoint(b"/run/x.sock"))
    assert (notice.code, notice.amount) == ("protocol_unknown", 1)


def test_lsof_without_sockets_is_refused() -> None:
    file = {
        "command": "x",
        "pid": 1,
        "user": "u",
        "fd": "cwd",
        "type": "DIR",
        "device": "8,1",
        "size_off": 1,
        "node": 2,
        "name": "/",
    }
    with pytest.raises(UsageError, match="none of its 1 files is a socket"):
        list(read([json.dumps([file])], EMPTY))


def test_kernel_table() -> None:
    row = {"entry": "0", "local_address": "127.0.0.1", "local_port": 53, "remote_address": "0.0.0.0", "remote_port": 0,
           "state": "0A", "tx_queue": "00000000", "rx_queue": "00000000", "uid": 101, "inode": 34000}  # fmt: skip
    (record,) = read_without_notices(json.dumps([row]))
    assert (record.protocol, record.state, record.uid, record.inode) == ("tcp", State.LISTEN, 101, 34000)


def test_a_port_that_macos_cut_is_no_port() -> None:
    row = {"socket": "7fb0", "proto": "tcp4", "local_address": "192.0.2.221", "local_port": "54861", "state": "ESTABLISHED",
           "foreign_address": "198.51.100.182", "foreign_port": "443", "kind": "network"}  # fmt: skip
    (record,) = read_without_notices(json.dumps([row]))
    (other,) = read_without_notices(json.dumps([row | {"local_address": "198.51.100.221", "local_port": "548"}]))
    assert record.local == InetEndpoint("192.0.2.221", 54861)
    assert other.local == InetEndpoint("198.51.100.221", None, label="548…")
    assert record.remote == InetEndpoint("198.51.100.182", None, label="443…")


def test_sockets_that_jc_misread_are_counted() -> None:
    row = {"netid": "tcp", "state": "ESTAB 0", "recv_q": 0, "local_address": "198.51.100.7", "local_port": "50111",
           "peer_address": "users", "peer_port": '(("sshd",pid=912,fd=4))'}  # fmt: skip
    good = row | {"state": "ESTAB", "peer_address": "192.0.2.1", "peer_port": "22"}
    found, (notice,) = read_with_notices(json.dumps([row, good]))
    assert len(found) == 1
    assert (notice.code, notice.amount) == ("sockets_skipped", 1)
