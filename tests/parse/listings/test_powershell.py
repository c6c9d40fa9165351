"""PowerShell's objects as table, list, CSV and JSON."""

import pytest

from portsock.model import InetEndpoint, State
from portsock.records import Holder
from tests.support.factory import read_fixture, read_without_notices


def test_powershell_table() -> None:
    listener, connected, waiting, bound = read_fixture("windows/powershell-table.txt")
    assert (listener.state, listener.local, listener.remote) == (State.LISTEN, InetEndpoint("::", 49668), None)
    assert (connected.remote, connected.holders) == (InetEndpoint("2001:db8::9", 443), (Holder(5120, None),))
    assert (waiting.state, waiting.holders) == (State.TIME_WAIT, ())
    assert (bound.state, bound.protocol) == (State.BOUND, "tcp")


@pytest.mark.parametrize("name", ["powershell-list.txt", "powershell.csv", "powershell.json"])
def test_powershell_objects_in_every_layout(name: str) -> None:
    records = {record.local: record for record in read_fixture(f"windows/{name}")}
    connected = records[InetEndpoint("192.0.2.15", 50012)]
    assert (connected.state, connected.remote) == (State.ESTABLISHED, InetEndpoint("198.51.100.7", 443))
    assert connected.holders == (Holder(5120, None),)
    assert sum(record.state is State.LISTEN for record in records.values()) == 1


def test_powershell_json_has_udp_as_its_class() -> None:
    udp = read_fixture("windows/powershell.json")[2]
    assert (udp.protocol, udp.state, udp.holders) == ("udp", State.UNCONN, (Holder(4, None),))


def test_powershell_columns_may_leave_the_protocol_unknown() -> None:
    (record,) = read_without_notices(
        "LocalAddress LocalPort OwningProcess\n------------ --------- ----\n0.0.0.0           137             4"
    )
    assert (record.protocol, record.holders) == ("unknown", (Holder(4, None),))


def test_powershell_cuts_addresses_with_dots() -> None:
    (record,) = read_without_notices("LocalAddress LocalPort RemotePort State\n2001:db8:1...      443      50000 Established")
    assert record.local == InetEndpoint("2001:db8:1", 443, truncated=True)
