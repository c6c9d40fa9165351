"""The three backends on Linux return the same facts about sockets that all of them list."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from portsock.model import InetEndpoint, UnixEndpoint
from portsock.normalize.snapshot import normalize
from portsock.records import Request
from portsock.sources import live
from portsock.sources.linux import setns
from tests.support.unix_zoo import unshare_net

pytestmark = [
    pytest.mark.linux,
    pytest.mark.skipif(not sys.platform.startswith("linux"), reason="netlink and /proc are Linux's"),
]
REQUEST = Request(frozenset({"tcp", "udp"}))


@pytest.fixture(autouse=True)
def _own_network() -> Iterator[None]:
    """Run the test in its own network namespace where that is allowed: other programs change the host's tables meanwhile."""
    before = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
    try:
        unshare_net()
    except OSError:
        os.close(before)
        yield
        return
    try:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        yield
    finally:
        setns._setns(before)
        os.close(before)


@pytest.fixture
def ports() -> Iterator[set[int]]:
    """Open sockets of every kind that all backends list; return their local ports."""
    with ExitStack() as stack:
        four = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        both = stack.enter_context(socket.create_server(("::", 0), family=socket.AF_INET6, dualstack_ipv6=True))
        pairs = [four, both]
        for address, listener in (("127.0.0.1", four), ("127.0.0.1", both), ("::1", both)):
            try:
                client = stack.enter_context(socket.create_connection((address, listener.getsockname()[1])))
            except OSError:  # no IPv6 loopback
                continue
            pairs += [client, stack.enter_context(listener.accept()[0])]
        pairs[2].shutdown(socket.SHUT_WR)
        _await_acknowledgement(pairs[2])
        bound = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        bound.bind(("127.0.0.1", 0))
        connected = stack.enter_context(socket.socket(type=socket.SOCK_DGRAM))
        connected.connect(bound.getsockname())
        yield {item.getsockname()[1] for item in (*pairs, bound, connected)}


def _await_acknowledgement(closing: socket.socket) -> None:
    """Wait for the state FIN_WAIT_2 (5), which then lasts for a minute."""
    until = time.monotonic() + 5
    while closing.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] != 5 and time.monotonic() < until:
        time.sleep(0.01)


def _held(backend: str, ports: set[int]) -> set[tuple[object, ...]]:
    """Return endpoints, states and holders of the sockets with these local ports, as this backend reports them."""
    snapshot = normalize([live.collect(REQUEST, backend)])
    return {
        (
            item.protocol,
            item.family,
            item.type,
            item.local,
            item.remote,
            item.state,
            frozenset((owner.pid, owner.fd) for owner in item.owners),
        )
        for item in snapshot.sockets
        if isinstance(item.local, InetEndpoint) and item.local.port in ports
    }


@pytest.mark.parametrize("backend", ["procfs", "psutil"])
def test_backends_agree_on_ends_states_and_owners(backend: str, ports: set[int]) -> None:
    by_netlink = _held("netlink", ports)
    assert _held(backend, ports) == by_netlink
    assert len(by_netlink) >= 8
    for held in by_netlink:
        holders = held[-1]
        assert isinstance(holders, frozenset)
        assert {pid for pid, _ in holders} == {os.getpid()}


@pytest.mark.parametrize("backend", ["netlink", "procfs", "psutil"])
def test_every_backend_names_every_holder_of_a_shared_socket(backend: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener, socket.socket(fileno=os.dup(listener.fileno())) as second:
        pid = os.getpid()
        ((*_, holders),) = _held(backend, {listener.getsockname()[1]})
        assert holders == {(pid, listener.fileno()), (pid, second.fileno())}


@pytest.mark.parametrize("backend", ["netlink", "procfs", "psutil"])
def test_every_backend_lists_a_shared_unix_socket_once(backend: str, tmp_path: Path) -> None:
    path = str(tmp_path / "shared")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        with socket.socket(fileno=os.dup(listener.fileno())) as second:
            snapshot = normalize([live.collect(Request(frozenset({"unix"})), backend)])
            (found,) = (item for item in snapshot.sockets if item.local == UnixEndpoint(os.fsencode(path)))
            assert {owner.fd for owner in found.owners} == {listener.fileno(), second.fileno()}
