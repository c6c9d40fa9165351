"""The rule about ephemeral ports that run out."""

import pytest

from portsock.explain.types import Finding, Severity
from portsock.model import Host, State, Timer
from portsock.records import SocketRecord
from tests.support.explain_factory import HOST, answer, codes, finding, seen
from tests.support.factory import tcp

TEN = HOST._replace(ephemeral=(40000, 40009))


@pytest.mark.parametrize(("used", "severity"), [(8, Severity.WARNING), (5, Severity.NOTICE), (4, None)])
def test_ephemeral_exhaustion_is_counted_per_destination(used: int, severity: Severity | None) -> None:
    host = HOST._replace(ephemeral=(40000, 40009))
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", State.TIME_WAIT, inode=None) for i in range(used)]
    records += [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.2:443", inode=50 + i) for i in range(4)]
    found = finding("ephemeral_exhaustion", answer("192.0.2.1:443", seen(records, host=host)))
    assert (found.severity if found else None) is severity
    if found:
        assert f"{used} of 10 ephemeral ports toward 192.0.2.1:443" in found.title


def test_clients_of_a_server_do_not_use_up_its_ephemeral_ports() -> None:
    host = HOST._replace(ephemeral=(40000, 40001))
    records = [tcp("10.0.0.7:40001", inode=1), *[tcp("10.0.0.7:40001", "10.0.0.9:40000", inode=2)]]
    assert "ephemeral_exhaustion" not in codes("40001", seen(records, {1: 700, 2: 700}, host=host))


@pytest.mark.parametrize(("used", "percent"), [(5, 50), (8, 80), (10, 100)])
def test_the_percentage_of_the_ephemeral_range_counts_both_its_ends(used: int, percent: int) -> None:
    host = HOST._replace(ephemeral=(40000, 40009))
    records = [tcp(f"10.0.0.7:{40009 - i}", "192.0.2.1:443", inode=10 + i) for i in range(used)]
    found = finding("ephemeral_exhaustion", answer("192.0.2.1:443", seen(records, host=host)))
    assert found is not None
    count, effect = (f"{used} of 10", f" ({percent} %)") if used < 10 else ("All 10", ": connect(2) fails with EADDRNOTAVAIL")
    assert found.title == f"{count} ephemeral ports toward 192.0.2.1:443 are in use{effect}."


def test_ports_outside_the_ephemeral_range_do_not_use_it_up() -> None:
    host = HOST._replace(ephemeral=(40000, 40003))
    records = [tcp(f"10.0.0.7:{port}", "192.0.2.1:443", inode=port) for port in (39999, 40000, 40003, 40004)]
    found = finding("ephemeral_exhaustion", answer("192.0.2.1:443", seen(records, host=host)))
    assert found is not None
    assert found.title.startswith("2 of 4 ephemeral ports")


def waiting(count: int, local: str, remote: str, expires_ms: int | None = 50_000) -> list[SocketRecord]:
    timer = Timer("timewait", expires_ms, 0)
    return [tcp(f"{local}:{40000 + i}", remote, State.TIME_WAIT, inode=None, timer=timer) for i in range(count)]


def exhaustion(target: str, records: list[SocketRecord], host: Host = TEN, **changes: str) -> Finding | None:
    host = host._replace(sysctls={**host.sysctls, **{f"net.ipv4.{name}": value for name, value in changes.items()}})
    return finding("ephemeral_exhaustion", answer(target, seen(records, host=host)))


@pytest.mark.parametrize(
    ("local", "remote", "changes", "found"),
    [
        ("127.0.0.1", "127.0.0.1:443", {}, False),
        ("10.0.0.7", "127.0.0.1:443", {}, False),
        ("::1", "::1:443", {}, False),
        ("127.0.0.1", "127.0.0.1:443", {"tcp_tw_reuse": "2"}, False),
        ("127.0.0.1", "127.0.0.1:443", {"tcp_tw_reuse": "0"}, True),
        ("127.0.0.1", "127.0.0.1:443", {"tcp_timestamps": "0"}, True),
        ("10.0.0.7", "10.0.0.7:443", {}, True),
        ("10.0.0.7", "192.0.2.1:443", {"tcp_tw_reuse": "2"}, True),
        ("10.0.0.7", "192.0.2.1:443", {"tcp_tw_reuse": "1"}, False),
    ],
)
def test_time_wait_counts_only_where_its_port_cannot_be_reused(
    local: str, remote: str, changes: dict[str, str], found: bool
) -> None:
    target = remote if remote[0] != ":" else "[::1]:443"
    assert (exhaustion(target, waiting(10, local, remote), TEN, **changes) is not None) is found


@pytest.mark.parametrize(("expires_ms", "found"), [(59_001, True), (59_000, False), (None, False)])
def test_on_loopback_the_time_wait_of_the_last_second_counts(expires_ms: int | None, found: bool) -> None:
    records = waiting(10, "127.0.0.1", "127.0.0.1:443", expires_ms)
    assert (exhaustion("127.0.0.1:443", records) is not None) is found


def test_on_another_system_time_wait_counts_everywhere() -> None:
    darwin = TEN._replace(system="Darwin")
    assert exhaustion("127.0.0.1:443", waiting(10, "127.0.0.1", "127.0.0.1:443"), darwin) is not None


def test_reserved_ports_are_no_ephemeral_ports() -> None:
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", inode=10 + i) for i in range(5)]
    found = exhaustion("192.0.2.1:443", records, ip_local_reserved_ports="40005-40009,50000")
    assert found is not None
    assert found.title == "All 5 ephemeral ports toward 192.0.2.1:443 are in use: connect(2) fails with EADDRNOTAVAIL."
    assert "5 ports of that range are reserved (net.ipv4.ip_local_reserved_ports)" in found.evidence
    assert exhaustion("192.0.2.1:443", records, ip_local_reserved_ports="40000-40004") is None


def test_a_range_that_is_reserved_as_a_whole_is_no_error() -> None:
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", inode=10 + i) for i in range(5)]
    assert exhaustion("192.0.2.1:443", records, ip_local_reserved_ports="40000-40009") is None


def test_what_can_be_reused_is_evidence() -> None:
    records = [tcp(f"127.0.0.1:{40009 - i}", "127.0.0.1:443", inode=10 + i) for i in range(6)]
    found = exhaustion("127.0.0.1:443", [*records, *waiting(4, "127.0.0.1", "127.0.0.1:443")])
    assert found is not None
    assert found.title.startswith("6 of 10 ephemeral ports")
    assert "4 more are in TIME_WAIT and can be reused (net.ipv4.tcp_tw_reuse = 2)" in found.evidence
