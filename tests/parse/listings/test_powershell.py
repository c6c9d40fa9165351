"""What programs print: PowerShell objects, psutil, osquery."""

from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint, Netns, SocketType, State, UnixEndpoint
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import Holder, SocketRecord

FIXTURES = Path(__file__).parents[2] / "fixtures"


def read(name: str) -> list[SocketRecord]:
    return parse((FIXTURES / name).read_text("utf-8"))


def parse(text: str) -> list[SocketRecord]:
    capture = Capture(EMPTY)
    records = list(capture.read(text.split("\n")))
    assert capture.notices() == ()
    return records


def test_powershell_table() -> None:
    listener, connected, waiting, bound = read("windows/powershell-table.txt")
    assert (listener.state, listener.local, listener.remote) == (State.LISTEN, InetEndpoint("::", 49668), None)
    assert (connected.remote, connected.holders) == (InetEndpoint("2001:db8::9", 443), (Holder(5120, None),))
    assert (waiting.state, waiting.holders) == (State.TIME_WAIT, ())
    assert (bound.state, bound.protocol) == (State.BOUND, "tcp")


@pytest.mark.parametrize("name", ["powershell-list.txt", "powershell.csv", "powershell.json"])
def test_powershell_objects_in_every_layout(name: str) -> None:
    records = {record.local: record for record in read(f"windows/{name}")}
    connected = records[InetEndpoint("192.0.2.15", 50012)]
    assert (connected.state, connected.remote) == (State.ESTABLISHED, InetEndpoint("198.51.100.7", 443))
    assert connected.holders == (Holder(5120, None),)
    assert sum(record.state is State.LISTEN for record in records.values()) == 1


def test_powershell_json_tells_udp_by_its_class() -> None:
    udp = read("windows/powershell.json")[2]
    assert (udp.protocol, udp.state, udp.holders) == ("udp", State.UNCONN, (Holder(4, None),))


def test_powershell_columns_that_tell_no_protocol() -> None:
    (record,) = parse("LocalAddress LocalPort OwningProcess\n------------ --------- ----\n0.0.0.0           137             4")
    assert (record.protocol, record.holders) == ("unknown", (Holder(4, None),))


def test_powershell_cuts_addresses_with_dots() -> None:
    (record,) = parse("LocalAddress LocalPort RemotePort State\n2001:db8:1...      443      50000 Established")
    assert record.local == InetEndpoint("2001:db8:1", 443, truncated=True)


def test_psutil_arrays() -> None:
    tcp, udp, unix = read("json/psutil-arrays.json")
    assert (tcp.family, tcp.state, tcp.holders) == (Family.IPV4, State.ESTABLISHED, (Holder(2286, 5),))
    assert (udp.local, udp.remote, udp.state, udp.holders) == (InetEndpoint("::1", 53), None, State.UNCONN, ())
    assert (unix.local, unix.type, unix.state) == (UnixEndpoint(b"/run/a.sock"), SocketType.STREAM, None)


def test_psutil_objects_with_names_or_numbers_of_other_systems() -> None:
    listener, udp = read("json/psutil-objects.json")
    assert (listener.family, listener.protocol, listener.state) == (Family.IPV4, "tcp", State.LISTEN)
    assert (udp.family, udp.local) == (Family.IPV6, InetEndpoint("2001:db8::1", 5353))


def test_psutil_repr() -> None:
    tcp, udp = read("json/psutil-repr.txt")
    assert (tcp.remote, tcp.holders) == (InetEndpoint("198.51.100.91", 80), (Holder(1254, 115),))
    assert (udp.family, udp.local, udp.holders) == (Family.IPV6, InetEndpoint("::", 123), ())


def test_psutil_script() -> None:
    tcp, tcp6 = read("json/psutil-script.txt")
    assert (tcp.holders, tcp.family) == ((Holder(13646, None, "browser"),), Family.IPV4)
    assert (tcp6.local, tcp6.remote, tcp6.holders) == (InetEndpoint("::", 80), None, ())


def test_osquery_rows_of_one_socket_become_one() -> None:
    shared, unix = read("json/osquery-process-open-sockets.json")
    assert shared.holders == (Holder(812, 6), Holder(813, 7))
    assert (shared.inode, shared.netns, shared.state) == (77123, Netns(4026531840), State.ESTABLISHED)
    assert unix.local == UnixEndpoint(b"/run/x.sock")


def test_osquery_listening_ports() -> None:
    (record,) = read("json/osquery-listening-ports.json")
    assert (record.family, record.state, record.local) == (Family.IPV6, State.LISTEN, InetEndpoint("::", 8080))


@pytest.mark.parametrize("text", ['[{"fd": 3, "laddr": ', '[{"laddr": 7}]', '{"LocalAddress": "", "LocalPort": ['])
def test_broken_documents_are_refused_with_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^no readable [a-z-]+: .+") as caught:
        parse(text)
    assert "\n" not in str(caught.value)
