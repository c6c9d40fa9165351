"""The tables of a made-up and of the real /proc."""

import os
import socket
import sys
from pathlib import Path

import pytest

from portsock.enums import Need
from portsock.errors import ReadError
from portsock.model import Family, InetEndpoint, Netns, State, UnixEndpoint
from portsock.records import Request
from portsock.sources.linux.procfs import dump

linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc")
HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode\n"
ROW = "   0: 0100007F:1F90 00000000:0000 0A 00000000:00000003 00:00000000 00000000  1000        0 71 1 0 100 0 0 10 0\n"


def tree(root: Path, **tables: str) -> str:
    net = root / "self" / "net"
    net.mkdir(parents=True)
    for name, text in tables.items():
        (net / name).write_bytes(text.encode("latin-1"))
    return str(root)


def test_only_requested_tables_are_read(tmp_path: Path) -> None:
    root = tree(tmp_path, tcp=HEADER + ROW, udp=HEADER + ROW)
    found = dump(Request(frozenset({"tcp"}), frozenset({Family.IPV4})), root)
    assert [record.protocol for record in found.sockets] == ["tcp"]
    assert found.missing == frozenset()


def test_tables_missing_in_the_kernel_are_reported(tmp_path: Path) -> None:
    found = dump(Request(frozenset({"tcp"})), tree(tmp_path, tcp=HEADER))
    assert found.missing == {("tcp", Family.IPV6)}
    assert found.notices == ()


def test_only_limits_the_tables(tmp_path: Path) -> None:
    root = tree(tmp_path, tcp=HEADER + ROW, udp=HEADER + ROW)
    found = dump(Request(frozenset({"tcp", "udp"})), root, only=frozenset({("udp", Family.IPV4)}))
    assert [record.protocol for record in found.sockets] == ["udp"]


def test_records_have_the_namespace_and_timers_on_request(tmp_path: Path) -> None:
    root = tree(tmp_path, tcp=HEADER + ROW.replace("00:00000000", "01:00000014"))
    (record,) = dump(Request(frozenset({"tcp"}), needs=frozenset({Need.TIMERS})), root, netns=Netns(5)).sockets
    assert record.netns == Netns(5)
    assert record.timer is not None
    assert record.timer.expires_ms == 200


def test_a_socket_in_two_rows_is_listed_once(tmp_path: Path) -> None:
    assert len(dump(Request(frozenset({"tcp"})), tree(tmp_path, tcp=HEADER + ROW + ROW)).sockets) == 1


def test_closed_connections_of_one_port_are_sockets_of_their_own(tmp_path: Path) -> None:
    """TIME_WAIT (06) has no inode: only the remote end tells them apart."""
    row = "   0: 0100007F:1F90 0100007F:{:04X} 06 00000000:00000000 03:00000014 00000000     0        0 0 3 0\n"
    found = dump(Request(frozenset({"tcp"})), tree(tmp_path, tcp=HEADER + row.format(40000) + row.format(40001))).sockets
    assert len(found) == 2


def test_unix_rows_without_inode_are_all_kept(tmp_path: Path) -> None:
    waiting = "000000005561ff14: 00000003 00000000 00000000 0001 02     0 @listen\n"
    assert len(dump(Request(frozenset({"unix"})), tree(tmp_path, unix="Num RefCount\n" + waiting * 3)).sockets) == 3


def test_malformed_rows_are_counted_in_a_notice(tmp_path: Path) -> None:
    (notice,) = dump(Request(frozenset({"tcp"})), tree(tmp_path, tcp=HEADER + "garbage\xff\n" + ROW)).notices
    assert (notice.code, notice.amount, notice.incomplete) == ("rows_skipped", 1, True)
    assert notice.message.endswith("1 line not understood")


def test_an_unreadable_table_has_a_notice(tmp_path: Path) -> None:
    root = tree(tmp_path)
    (tmp_path / "self" / "net" / "tcp").mkdir()
    (notice,) = dump(Request(frozenset({"tcp"})), root).notices
    assert notice.code == "table_unreadable"


def test_a_table_that_every_kernel_has_is_missed(tmp_path: Path) -> None:
    root = tree(tmp_path, udp="header\n", tcp6="header\n")
    found = dump(Request(frozenset({"tcp", "udp"})), root)
    assert [notice.code for notice in found.notices] == ["table_unreadable"]
    assert "/net/tcp could not be read" in found.notices[0].message


def test_a_missing_proc_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="is /proc mounted"):
        dump(Request(frozenset({"tcp"})), str(tmp_path))


@linux
@pytest.mark.linux
def test_real_sockets_are_found() -> None:
    everything = Request(frozenset({"tcp", "udp", "unix"}))
    name = f"\0portsock {os.getpid()}\nx"
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as client,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagram,
        socket.socket(socket.AF_UNIX) as local,
    ):
        datagram.bind(("127.0.0.1", 0))
        local.bind(name)
        local.listen()
        records = {record.inode: record for record in dump(everything).sockets}
        found = [records[os.fstat(each.fileno()).st_ino] for each in (listener, client, datagram, local)]
        assert [record.state for record in found] == [State.LISTEN, State.ESTABLISHED, State.UNCONN, State.LISTEN]
        assert found[0].accept_queue == 1
        assert found[1].remote == InetEndpoint("127.0.0.1", listener.getsockname()[1])
        assert found[2].local == InetEndpoint("127.0.0.1", datagram.getsockname()[1])
        assert found[3].local == UnixEndpoint(name[1:].encode(), True)
