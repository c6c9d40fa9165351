"""TCPView and CurrPorts, and tables of scripts: CSV, tabs, lists, XML, with and without headers."""

import pytest

from portsock.model import Family, InetEndpoint, State
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY, parse_services
from portsock.records import Holder
from tests.support.factory import FIXTURES, read_fixture, read_with_notices, read_without_notices

BROWSER = "browser.exe"


@pytest.mark.parametrize("name", ["currports.csv", "currports-tabs.txt", "currports.txt", "currports.json", "currports.xml"])
def test_every_export_of_currports(name: str) -> None:
    listener, connected, udp = read_fixture(f"exports/{name}")
    assert (listener.state, listener.local, listener.remote) == (State.LISTEN, InetEndpoint("0.0.0.0", 135), None)
    assert (connected.state, connected.remote) == (State.ESTABLISHED, InetEndpoint("198.51.100.7", 443))
    assert connected.holders is not None
    assert (connected.holders[0].pid, connected.holders[0].name) == (5120, BROWSER)
    if name != "currports-tabs.txt":
        assert connected.holders[0].user == "WIN-EXAMPLE\\dev"
    assert (udp.family, udp.local, udp.state) == (Family.IPV6, InetEndpoint("::", 123), State.UNCONN)


@pytest.mark.parametrize("name", ["tcpview.txt", "tcpview-3.txt", "tcpview-2.txt"])
def test_every_version_of_tcpview(name: str) -> None:
    waiting, listener, connected, udp = read_fixture(f"exports/{name}")
    assert (waiting.state, waiting.holders) == (State.TIME_WAIT, ())
    assert (listener.state, listener.remote, listener.holders) == (State.LISTEN, None, (Holder(1012, None, "svchost.exe"),))
    assert (connected.state, connected.remote) == (State.ESTABLISHED, InetEndpoint("198.51.100.7", 443))
    assert connected.holders == (Holder(5120, None, BROWSER),)
    assert (udp.protocol, udp.remote, udp.state) == ("udp", None, State.UNCONN)


@pytest.mark.parametrize("name", ["tcpview.txt", "tcpview-3.txt", "tcpview-2.txt", "currports-tabs.txt", "currports.txt"])
def test_exports_of_windows_tools_are_of_windows(name: str) -> None:
    capture = Capture(parse_services("epmap 135/tcp\nhttps 443/tcp\n"))
    assert len(list(capture.read((FIXTURES / "exports" / name).read_text().split("\n")))) > 2
    assert (capture.system, len(capture.formats)) == ("Windows", 1)


@pytest.mark.parametrize(
    "row", ["svchost.exe\t1036\tTC\tLISTENING\t0.0.0.0\t135\t0.0.0.0\t0", "x,1036,TC,135,epmap,0.0.0.0,,,"]
)
def test_a_damaged_row_in_front_of_all_others_is_counted(row: str) -> None:
    good = "chrome.exe\t4711\tTCP\tESTABLISHED\t192.0.2.7\t50123\t198.51.100.9\t443\t\t"
    capture = Capture(EMPTY)
    assert len(list(capture.read([row, good, good]))) == 2
    assert [notice.code for notice in capture.notices()] == ["lines_skipped"]


def test_rows_that_are_cut_are_counted() -> None:
    rows = (
        "svchost.exe\t1012\tTCP\tListen\t0.0.0.0\t135\t0.0.0.0\t0\nsvchost.exe\t1012\tTCP\tListen\t0.0\nsvchost.exe\t1012\tTCP"
    )
    found, (notice,) = read_with_notices(rows)
    assert len(found) == 1
    assert (notice.code, notice.amount) == ("lines_skipped", 2)


@pytest.mark.parametrize(
    "text",
    [
        "Proto,Local Address,Foreign Address,State,PID\nTCP,192.0.2.8:443,198.51.100.7:50000,ESTABLISHED,7",
        "protocol;local_ip;local_port;remote_ip;remote_port;status;pid\ntcp;192.0.2.8;443;198.51.100.7;50000;ESTABLISHED;7",
        "pid\tproto\tlocalAddress\tlocalPort\tpeerAddress\tpeerPort\tstate\n7\t6\t192.0.2.8\t443\t198.51.100.7\t50000\tESTAB",
        '[{"protocol":"TCP","localAddress":"192.0.2.8","localPort":"443","peerAddress":"198.51.100.7","peerPort":"50000","state":"ESTABLISHED","pid":7}]',
        '{"connections":[{"proto":"tcp","local":{"ip":"192.0.2.8","port":443},"remote":{"ip":"198.51.100.7","port":50000},"state":"ESTABLISHED","pid":"7"}]}',
    ],
)
def test_tables_and_objects_of_scripts(text: str) -> None:
    (record,) = read_without_notices(text)
    assert (record.protocol, record.state, record.holders) == ("tcp", State.ESTABLISHED, (Holder(7, None),))
    assert (record.local, record.remote) == (InetEndpoint("192.0.2.8", 443), InetEndpoint("198.51.100.7", 50000))


def test_a_remote_endpoint_that_cannot_be_read_is_not_left_out_of_its_socket() -> None:
    found, (notice,) = read_with_notices(
        "proto,local_address,local_port,remote_address,remote_port\ntcp,::1,80,a b,443\ntcp,::1,81,,\n"
    )
    assert [record.remote for record in found] == [None]
    assert (notice.code, notice.amount) == ("lines_skipped", 1)


def test_numbers_of_states_have_no_meaning_without_a_tool() -> None:
    (record,) = read_without_notices('[{"protocol":"tcp","local_ip":"::1","local_port":80,"state":5}]')
    assert (record.state, record.state_raw) == (None, "5")


def test_a_line_of_json_in_front_of_another_listing_hides_none_of_it() -> None:
    (record,) = read_without_notices(
        '{"level":"info"}\nProto Recv-Q Send-Q Local Address Foreign Address State\ntcp 0 0 ::1:80 :::* LISTEN'
    )
    assert record.local == InetEndpoint("::1", 80)


def test_owners_of_portsocks_own_csv() -> None:
    header = "host,protocol,type,state,recv_q,send_q,local,remote,netns,process,peer,subflows\n"
    shown = ',tcp,stream,LISTEN,0,128,[::1]:80,,,"web main[812/6,813/6] db[9]",,\n'
    rows = shown + ",tcp,stream,LISTEN,0,5,127.0.0.1:81,,,? (hidden),,\n"
    shared, hidden = read_without_notices(header + rows)
    assert shared.holders == (Holder(812, 6, "web main"), Holder(813, 6, "web main"), Holder(9, None, "db"))
    assert (shared.local, shared.recv_q, hidden.holders) == (InetEndpoint("::1", 80), 0, ())
