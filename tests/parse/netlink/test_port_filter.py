"""Port filters, run by an interpreter of the kernel's bytecode and by the kernel."""

import socket
import struct
import sys
from contextlib import ExitStack

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.model import Family, InetEndpoint
from portsock.parse.netlink.inet import inet_request
from portsock.parse.netlink.port_filter import port_filter
from portsock.records import PortFilter, Request, SocketRecord

PORTS = st.integers(0, 65535)
RANGES = st.lists(st.tuples(PORTS, PORTS).map(lambda pair: (min(pair), max(pair))), min_size=1, max_size=6).map(tuple)


def audit(code: bytes) -> None:
    """Check a filter as the kernel's inet_diag_bc_audit() does.

    Every jump goes forward, by whole operations, and at most 4 bytes past the end.
    """
    starts = set()
    at = 0
    while at < len(code):
        operation, yes, no = struct.unpack_from("=BBH", code, at)
        assert operation in {1, 2, 3, 4, 5}
        starts.add(at)
        least = 4 if operation == 1 else 8
        assert yes >= least
        assert yes <= len(code) - at + 4
        assert no >= least
        assert no <= len(code) - at + 4
        at += yes
    at = 0
    while at < len(code):
        _, yes, no = struct.unpack_from("=BBH", code, at)
        assert at + no >= len(code) or at + no in starts
        at += yes


def accepts(code: bytes, local: int, remote: int) -> bool:
    """Run a filter as the kernel's inet_diag_bc_run() does."""
    at = 0
    while at < len(code):
        operation, yes, no = struct.unpack_from("=BBH", code, at)
        port = struct.unpack_from("=H", code, at + 6)[0] if operation != 1 else 0
        holds = {1: False, 2: local >= port, 3: local <= port, 4: remote >= port, 5: remote <= port}[operation]
        at += yes if holds else no
    return at == len(code)


def wanted(ports: PortFilter, local: int, remote: int) -> bool:
    ends = {"either": (local, remote), "local": (local,), "remote": (remote,)}[ports.side]
    return any(first <= port <= last for port in ends for first, last in ports.ranges)


@given(RANGES, st.sampled_from(["local", "remote", "either"]), PORTS, PORTS)
def test_a_filter_accepts_the_sockets_in_its_ranges_and_no_others(
    ranges: tuple[tuple[int, int], ...], side: str, local: int, remote: int
) -> None:
    ports = PortFilter(ranges, side)
    code = port_filter(ports)
    assert code is not None
    audit(code)
    edges = [port + step for bounds in ranges for port in bounds for step in (-1, 0, 1)]
    for near in {local, *(port for port in edges if 0 <= port <= 65535)}:
        assert accepts(code, near, remote) == wanted(ports, near, remote)
        assert accepts(code, remote, near) == wanted(ports, remote, near)


def test_a_filter_merges_ranges_that_touch_or_overlap() -> None:
    assert port_filter(PortFilter(((5, 9), (1, 4), (7, 20), (8, 8)), "local")) == port_filter(PortFilter(((1, 20),), "local"))


@pytest.mark.parametrize(("side", "most"), [("local", 3276), ("either", 1638)])
def test_no_filter_is_made_of_more_ranges_than_its_jumps_can_pass(side: str, most: int) -> None:
    ranges = tuple((port, port) for port in range(1, 2 * most, 2))
    code = port_filter(PortFilter(ranges, side))
    assert code is not None
    audit(code)
    assert accepts(code, ranges[-1][0], 0)
    assert not accepts(code, 2, 0)
    assert port_filter(PortFilter((*ranges, (60000, 60000)), side)) is None
    assert len(inet_request("tcp", Family.IPV4, Request(frozenset({"tcp"}), ports=PortFilter(ranges[:2] * 2000, side)))) < 200


@pytest.mark.linux
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
@pytest.mark.parametrize("number", [1, 40, 1600, 1638, 1700])
def test_the_kernel_accepts_a_filter_of_many_ranges(number: int) -> None:
    from portsock.sources.linux.netlink import dump

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        ranges = (*((each, each) for each in range(1, 2 * number - 2, 2)), (port, port))
        found = dump(Request(frozenset({"tcp"}), frozenset({Family.IPV4}), ports=PortFilter(ranges, "either")))
        assert found.missing == frozenset()
        assert port in {port_of(record.local) for record in found.sockets}


def port_of(endpoint: object) -> int:
    return (endpoint.port or 0) if isinstance(endpoint, InetEndpoint) else 0


@pytest.mark.linux
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
@pytest.mark.parametrize("side", ["local", "either"])
@pytest.mark.parametrize("protocol", ["tcp", "udp"])
def test_the_kernel_filters_like_a_comparison_in_python(protocol: str, side: str) -> None:
    from portsock.sources.linux.netlink import dump

    with ExitStack() as held:
        ours: list[socket.socket] = []
        for family, address in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET6, "::1")):
            for _ in range(3):
                kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
                bound, client = (held.enter_context(socket.socket(family, kind)) for _ in range(2))
                bound.bind((address, 0))
                if protocol == "tcp":
                    bound.listen()
                client.connect(bound.getsockname())
                ours += [bound, client]
        numbers = sorted(sock.getsockname()[1] for sock in ours)
        ports = PortFilter(((numbers[0], numbers[2]), (numbers[5], numbers[5]), (numbers[7], numbers[8])), side)

        def mine(records: list[SocketRecord]) -> set[tuple[object, ...]]:
            known = {port_of(record.local) for record in records} & set(numbers)
            return {(r.family, r.local, r.remote, r.state) for r in records if port_of(r.local) in known}

        every = dump(Request(frozenset({protocol}))).sockets
        filtered = dump(Request(frozenset({protocol}), ports=ports)).sockets
    expected = [record for record in every if wanted(ports, port_of(record.local), port_of(record.remote))]
    assert len(mine(every)) >= len(numbers)
    assert mine(filtered) == mine(expected)
    assert mine(filtered)


@pytest.mark.linux
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
def test_all_listeners_are_dumped_once_together_with_the_requested_ports() -> None:
    from portsock.sources.linux.netlink import dump

    with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
        port = one.getsockname()[1]
        request = Request(
            frozenset({"tcp"}), frozenset({Family.IPV4}), ports=PortFilter(((port, port),), "either"), listeners=True
        )
        found = [port_of(record.local) for record in dump(request).sockets]
        assert found.count(port) == 1
        assert found.count(other.getsockname()[1]) == 1


@pytest.mark.linux
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="asks the Linux kernel")
def test_a_filter_without_ranges_keeps_every_socket() -> None:
    from portsock.sources.linux.netlink import dump

    with socket.create_server(("127.0.0.1", 0)) as server:
        found = dump(Request(frozenset({"tcp"}), frozenset({Family.IPV4}), ports=PortFilter((), "either")))
        assert found.missing == frozenset()
        assert server.getsockname()[1] in {port_of(record.local) for record in found.sockets}
