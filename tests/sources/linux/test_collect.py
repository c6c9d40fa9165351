"""Sockets that the kernel does not list: families without a table, and TCP sockets that are only bound."""

import os
import socket
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from portsock.model import State
from portsock.records import Request
from portsock.sources.linux import collect, netlink, owners, procfs, unlisted
from portsock.sources.system import bound_sockets_listed

pytestmark = [pytest.mark.linux, pytest.mark.skipif(not sys.platform.startswith("linux"), reason="Linux's tables")]


def _registered(name: str) -> bool:
    return any(line.split(" ")[0] == name for line in Path("/proc/net/protocols").read_text(encoding="ascii").splitlines())


@pytest.mark.parametrize("backend", ["netlink", "procfs", None])
def test_a_notice_names_missing_families_that_the_kernel_has(backend: str | None) -> None:
    missing = {protocol for protocol, _ in netlink.dump(Request(frozenset({"vsock", "sctp"}))).missing}
    if backend == "procfs":
        missing = {"vsock", "sctp"}
    names = {"vsock": "AF_VSOCK", "sctp": "SCTP"}
    expected = sorted(protocol for protocol in missing if _registered(names[protocol]))
    found = collect.collect(Request(frozenset({"tcp", "vsock", "sctp"}), owners="none"), backend)
    messages = [notice.message for notice in found.notices if notice.code == "families_missing"]
    assert len(messages) == bool(expected)
    assert all(", ".join(expected) in message for message in messages)
    assert collect.collect(Request(frozenset({"tcp"}), owners="none"), backend).notices == ()


def test_proc_tables_replace_missing_diag_modules() -> None:
    """No kernel has a diag module for ping sockets; not every kernel has one for raw sockets."""
    filled = collect.collect(Request(frozenset({"tcp", "icmp", "raw"}), owners="none"))
    assert filled.source.backend == "netlink"
    assert filled.notices == ()
    alone = collect.collect(Request(frozenset({"tcp", "icmp", "raw"}), owners="none"), "netlink")
    assert [notice.code for notice in alone.notices] == ["families_missing"]
    assert "icmp" in alone.notices[0].message


def test_a_bound_socket_is_listed_by_netlink_and_counted_with_procfs() -> None:
    request = Request(frozenset({"tcp"}), owners="walk")
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        inode = os.fstat(bound.fileno()).st_ino
        if bound_sockets_listed("netlink"):
            listed = {record.inode: record for record in collect.collect(request).sockets}
            assert listed[inode].state is State.BOUND
        counted = collect.collect(request, "procfs")
        assert inode not in {record.inode for record in counted.sockets}
        (notice,) = [notice for notice in counted.notices if notice.code == "sockets_unlisted"]
        assert notice.amount
        assert notice.amount >= 1
        assert counted.ownership is not None
        assert inode not in counted.ownership.holders
        only = collect.collect(request._replace(states=frozenset({State.LISTEN})), "procfs")
        assert [notice for notice in only.notices if notice.code == "sockets_unlisted"] == []


@pytest.mark.parametrize(
    ("opened", "counts"),
    [
        (lambda: socket.socket(socket.AF_INET), True),
        (lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM), False),
        (lambda: socket.socket(socket.AF_UNIX), False),
    ],
)
def test_only_tcp_sockets_count_as_unlisted(opened: Callable[[], socket.socket], counts: bool) -> None:
    with opened() as item:
        inode = os.fstat(item.fileno()).st_ino
        holders = owners.find({inode}, method="walk").holders
        assert [notice.amount for notice in unlisted.unlisted_notices(holders, set())] == ([1] if counts else [])
        assert unlisted.unlisted_notices(holders, {inode}) == []


def test_a_socket_listed_after_the_dump_is_not_counted_as_unlisted() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        inode = os.fstat(listener.fileno()).st_ino
        holders = owners.find({inode}, method="walk").holders
        assert inode in {record.inode for record in procfs.dump(Request(frozenset({"tcp"}))).sockets}
        assert unlisted.unlisted_notices(holders, set()) == []


@pytest.mark.parametrize(
    ("release", "backend", "lists"),
    [
        ("6.8.0-40-generic", "netlink", True),
        ("6.18.44", "netlink", True),
        ("7.0-rc1", "netlink", True),
        ("6.7.12", "netlink", False),
        ("5.15.0", "netlink", False),
        ("6.8.0", "procfs", False),
    ],
)
def test_bound_sockets_are_listed_by_netlink_since_6_8(
    release: str, backend: str, lists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "uname", lambda: os.uname_result(("Linux", "box", release, "", "")))
    assert bound_sockets_listed(backend) is lists
