"""The psutil source, with a fake psutil that behaves as on other systems, and with the real one."""

import os
import socket
import sys
from collections import namedtuple
from collections.abc import Iterator
from contextlib import nullcontext
from enum import IntEnum
from types import ModuleType
from typing import Any

import pytest

from portsock.enums import Need
from portsock.errors import ReadError
from portsock.model import Family, InetEndpoint, OwnerReason, SocketType, State, UnixEndpoint
from portsock.records import Collection, Holder, Request, SocketRecord
from portsock.sources import psutil_source


class AddressFamily(IntEnum):
    AF_UNIX = 1
    AF_INET = 2
    AF_INET6 = 30


class SocketKind(IntEnum):
    SOCK_STREAM = 1
    SOCK_DGRAM = 2


Uids = namedtuple("Uids", "real effective saved")
Row = namedtuple("Row", "fd family type laddr raddr status pid")
V4, V6, UNIX = AddressFamily.AF_INET, AddressFamily.AF_INET6, AddressFamily.AF_UNIX
STREAM, DGRAM = SocketKind.SOCK_STREAM, SocketKind.SOCK_DGRAM
LISTENER = Row(3, V4, STREAM, ("127.0.0.1", 80), (), "LISTEN", 10)


class FakePsutil(ModuleType):
    """The part of psutil that is used. `rows` by process; pids below 10 belong to other users."""

    class Error(Exception):
        pass

    class AccessDenied(Error):
        pass

    class NoSuchProcess(Error):
        pass

    def __init__(self, rows: list[Any], whole: bool = True, processes: tuple[int, ...] = (5, 10, 11)) -> None:
        super().__init__("psutil")
        self.rows, self.whole, self.pids = rows, whole, processes

    def net_connections(self, kind: str) -> list[Any]:
        self.kind = kind
        if not self.whole:
            raise self.AccessDenied
        return self.rows

    def process_iter(self) -> Iterator["FakeProcess"]:
        return (FakeProcess(self, pid) for pid in self.pids)

    def Process(self, pid: int = 10) -> "FakeProcess":
        if pid not in self.pids:
            raise self.NoSuchProcess
        return FakeProcess(self, pid)


class FakeProcess:
    def __init__(self, module: FakePsutil, pid: int) -> None:
        self.module, self.pid = module, pid

    def _readable(self) -> None:
        if self.pid < 10:
            raise self.module.AccessDenied

    def net_connections(self, kind: str) -> list[Any]:
        self.module.kind = kind
        self._readable()
        return [row for row in self.module.rows if row.pid == self.pid]

    def oneshot(self) -> Any:
        return nullcontext()

    def uids(self) -> Uids:
        return Uids(0, 0, 0) if self.pid < 10 else Uids(501, 501, 501)

    def name(self) -> str:
        return "web"

    def exe(self) -> str:
        raise self.module.AccessDenied

    def cmdline(self) -> list[str]:
        return ["web", "\udcff", ""]

    def username(self) -> str:
        return "dev"

    def ppid(self) -> int:
        return 11 if self.pid == 10 else 0

    def create_time(self) -> float:
        return 1.5


@pytest.fixture(autouse=True)
def elsewhere(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Run as on a system other than Linux, except in tests of the real psutil."""
    if "real" not in request.node.name:
        monkeypatch.setattr(psutil_source, "_LINUX", False)


def collect(rows: list[Any], whole: bool = True, **fields: Any) -> Collection:
    protocols = fields.pop("protocols", frozenset({"tcp", "udp", "unix"}))
    return psutil_source.collect(Request(protocols, **fields), FakePsutil(rows, whole))


def only(rows: list[Any]) -> SocketRecord:
    (record,) = collect(rows).sockets
    return record


def test_a_listener_has_its_endpoint_state_and_holder() -> None:
    record = only([LISTENER])
    assert (record.family, record.type, record.protocol) == (Family.IPV4, SocketType.STREAM, "tcp")
    assert (record.state, record.local, record.remote) == (State.LISTEN, InetEndpoint("127.0.0.1", 80), None)
    assert record.holders == (Holder(10, 3),)
    assert (record.recv_q, record.send_q, record.inode, record.uid) == (None, None, None, None)


def test_udp_sockets_have_a_state_though_psutil_reports_none() -> None:
    bound = Row(4, V6, DGRAM, ("fe80::1%en0", 53), (), "NONE", 10)
    assert only([bound]).state is State.UNCONN
    assert only([bound]).local == InetEndpoint("fe80::1", 53, "en0")
    assert only([bound._replace(raddr=("fe80::2", 9))]).state is State.ESTABLISHED


def test_states_of_every_system_are_known_and_others_kept() -> None:
    assert only([LISTENER._replace(status="DELETE_TCB")]).state is State.DELETE_TCB
    assert only([LISTENER._replace(status="ODD")]).state_raw == "ODD"
    nothing = only([LISTENER._replace(status="NONE")])
    assert (nothing.state, nothing.state_raw) == (None, None)


def test_a_socket_without_a_process_has_no_holder() -> None:
    assert only([LISTENER._replace(pid=None, fd=-1)]).holders == ()
    assert only([LISTENER._replace(pid=0, fd=-1, status="TIME_WAIT")]).holders == ()
    assert only([LISTENER._replace(fd=-1)]).holders == (Holder(10, None),)


def test_unix_names_are_paths_or_abstract() -> None:
    row = Row(4, UNIX, STREAM, "/run/\udcff.sock", "", "NONE", 10)
    assert only([row]).local == UnixEndpoint(b"/run/\xff.sock")
    assert only([row._replace(laddr="@name")]).local == UnixEndpoint(b"name", True)
    assert only([row._replace(laddr="")]).local == UnixEndpoint(None)


def test_a_connection_held_by_two_processes_is_one_socket() -> None:
    row = LISTENER._replace(raddr=("127.0.0.1", 5), status="ESTABLISHED")
    assert only([row, row._replace(pid=11, fd=8)]).holders == (Holder(10, 3), Holder(11, 8))


def test_processes_are_read_one_by_one_where_psutil_refuses_all() -> None:
    found = collect([LISTENER, LISTENER._replace(pid=11, laddr=("127.0.0.1", 81))], whole=False)
    assert [record.holders for record in found.sockets] == [(Holder(10, 3),), (Holder(11, 3),)]
    assert found.ownership is not None
    assert [(each.pid, each.uid, each.reason) for each in found.ownership.unreadable] == [(5, 0, OwnerReason.OTHER_USER)]
    assert found.ownership.holders == {}
    assert [(notice.code, notice.amount) for notice in found.notices] == [("sockets_unread", 1)]


def test_only_requested_protocols_and_families_are_returned() -> None:
    rows = [LISTENER, LISTENER._replace(family=V6, laddr=("::1", 80)), LISTENER._replace(type=DGRAM)]
    found = collect(rows, protocols=frozenset({"tcp"}), families=frozenset({Family.IPV6}))
    assert [record.local for record in found.sockets] == [InetEndpoint("::1", 80)]


@pytest.mark.parametrize(
    ("protocols", "kind"),
    [({"tcp"}, "tcp"), ({"udp", "tcp", "udplite"}, "inet"), ({"unix"}, "unix"), ({"tcp", "unix"}, "all")],
)
def test_psutil_is_called_with_the_narrowest_kind(protocols: set[str], kind: str) -> None:
    fake = FakePsutil([])
    psutil_source.collect(Request(frozenset(protocols)), fake)
    assert fake.kind == kind


def test_a_notice_names_protocols_that_psutil_does_not_support() -> None:
    assert [n.message for n in collect([], protocols=frozenset({"tcp", "raw", "udplite"})).notices] == [
        "psutil does not tell of raw sockets"
    ]


def test_without_owners_no_holders_are_returned() -> None:
    found = collect([LISTENER], owners="none")
    assert (found.ownership, found.sockets[0].holders, found.processes) == (None, None, {})


def test_refused_facts_of_holders_and_parents_are_left_out() -> None:
    found = collect([LISTENER]).processes
    assert set(found) == {10}
    assert (found[10].name, found[10].exe, found[10].user, found[10].uid) == ("web", None, "dev", 501)
    assert found[10].cmdline == ("web", "\udcff", "")
    assert set(collect([LISTENER], needs=frozenset({Need.PROCESSES, Need.PARENTS})).processes) == {10, 11}
    assert collect([LISTENER._replace(pid=99)]).processes[99].name is None


def test_a_failure_of_psutil_is_one_line() -> None:
    fake = FakePsutil([])

    def fail(kind: str) -> list[Any]:
        raise OSError(5, f"broken {kind}")

    fake.net_connections = fail  # type: ignore[method-assign]
    with pytest.raises(ReadError, match="psutil cannot list the sockets"):
        psutil_source.collect(Request(frozenset({"tcp"})), fake)


@pytest.mark.linux
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the other systems' psutil may need root")
def test_real_sockets_are_found_with_their_holder() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
        found = psutil_source.collect(Request(frozenset({"tcp"})))
        (record,) = [each for each in found.sockets if each.local == InetEndpoint("127.0.0.1", port) and each.remote is None]
        assert record.state is State.LISTEN
        assert record.holders == (Holder(os.getpid(), listener.fileno()),)
        assert found.processes[os.getpid()].uid == os.geteuid()
