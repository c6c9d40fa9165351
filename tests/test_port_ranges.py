"""Ranges of port numbers."""

import pytest

from portsock.parse.listings.portsock_json import read_snapshot
from portsock.port_numbers import BOUNDS, EMPTY, Range, default_ephemeral, range_of
from portsock.sources.capture import collect


def test_the_ranges_are_those_of_rfc_6335() -> None:
    assert [range_of(port) for port in (0, 1023, 1024, 49151, 49152, 65535)] == [
        Range.SYSTEM,
        Range.SYSTEM,
        Range.USER,
        Range.USER,
        Range.DYNAMIC,
        Range.DYNAMIC,
    ]
    for name, (first, last) in BOUNDS.items():
        assert range_of(first) is range_of(last) is name


@pytest.mark.parametrize(
    ("system", "expected"),
    [
        ("Linux", (32768, 60999)),
        ("Darwin", (49152, 65535)),
        ("FreeBSD", (10000, 65535)),
        ("OpenBSD", (1024, 49151)),
        ("NetBSD", (49152, 65535)),
        ("SunOS", (32768, 65535)),
        ("unknown", (32768, 65535)),
    ],
)
def test_each_system_picks_local_ports_from_its_own_range(system: str, expected: tuple[int, int]) -> None:
    assert default_ephemeral(system) == expected


def test_a_listing_has_the_default_range_of_its_system(tmp_path: object) -> None:
    path = f"{tmp_path}/ss.txt"
    with open(path, "w", encoding="ascii") as file:
        file.write("State  Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0      5      127.0.0.1:80 0.0.0.0:*\n")
    assert collect([path], None, EMPTY)[0].host.ephemeral == default_ephemeral("Linux")
    assert read_snapshot('{"schema": "portsock/1"}').host.ephemeral == default_ephemeral("unknown")
