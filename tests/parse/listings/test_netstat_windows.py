"""netstat of Windows."""

from pathlib import Path

import pytest

from portsock.model import InetEndpoint, State
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import Holder, SocketRecord
from tests.support.factory import read

FIXTURES = Path(__file__).parents[2] / "fixtures"


def windows(name: str) -> list[SocketRecord]:
    capture = Capture(EMPTY)
    records = list(capture.read((FIXTURES / "windows" / name).read_text("utf-8").split("\n")))
    assert (capture.formats, capture.system, capture.notices()) == (["netstat-windows"], "Windows", ())
    return records


def lines(*rows: str) -> list[SocketRecord]:
    return list(Capture(EMPTY).read(rows))


def test_windows_rows() -> None:
    records = windows("netstat-ano.txt")
    assert [(record.local, record.remote) for record in records[3:6]] == [
        (InetEndpoint("::", 445), None),
        (InetEndpoint("fe80::1", 50000, "12"), InetEndpoint("fe80::2", 445, "12")),
        (InetEndpoint("0.0.0.0", 123), None),
    ]
    assert [record.state for record in records[:3]] == [State.LISTEN, State.SYN_SENT, State.TIME_WAIT]
    assert [record.holders for record in records[:4]] == [(Holder(1712, None),), (Holder(4120, None),), (), (Holder(4, None),)]


def test_windows_executables_belong_to_the_row_above() -> None:
    records = windows("netstat-anob.txt")
    assert [record.holders for record in records] == [
        (Holder(1712, None, "svchost.exe"),),
        (Holder(4, None),),
        (),
        (Holder(3120, None, "web browser.exe"),),
    ]


def test_windows_executables_may_lack_pids() -> None:
    records = lines(
        "  TCP    0.0.0.0:135   0.0.0.0:0   LISTENING", "  RpcSs", " [svchost.exe]", "  UDP    0.0.0.0:53   *:*", " Unbekannt"
    )
    assert [record.holders for record in records] == [(Holder(None, None, "svchost.exe"),), ()]


def test_windows_states_may_be_in_another_language() -> None:
    listener, connected, udp = windows("netstat-ano-german.txt")
    assert (listener.state, listener.state_raw, listener.remote) == (State.LISTEN, None, None)
    assert (connected.state, connected.state_raw) == (State.ESTABLISHED, None)
    assert udp.holders == (Holder(1200, None),)


def test_windows_rows_may_lack_header_and_owners() -> None:
    (record,) = lines("  TCP    192.0.2.3:63240        198.51.100.236:80       SYN_SENT")
    assert (record.state, record.holders) == (State.SYN_SENT, None)


def test_windows_offload_column_is_not_a_state() -> None:
    first, second = lines(
        "  TCP  0.0.0.0:1  0.0.0.0:0  LISTENING  InHost", "  TCP  192.0.2.3:2  192.0.2.9:80  CONNEXION ÉTABLIE  77  InHost"
    )
    assert (first.state, first.holders) == (State.LISTEN, None)
    assert (second.state_raw, second.holders) == ("CONNEXION ÉTABLIE", (Holder(77, None),))


GERMAN = """
Aktive Verbindungen

  Proto  Lokale Adresse         Remoteadresse          Status           PID
  TCP    192.0.2.3:50100        198.51.100.9:443       SCHLIESSEN_WARTEN 2412
  TCP    192.0.2.3:50101        198.51.100.9:443       ABHÖREN         2412
"""


@pytest.mark.parametrize(
    ("written", "read_in"),
    [("cp850", "cp1252"), ("cp850", "latin-1"), ("cp1252", "cp850"), ("utf-8", "cp1252"), ("utf-8", "cp437")],
)
def test_states_in_a_wrong_code_page_are_known(written: str, read_in: str) -> None:
    garbled = GERMAN.encode(written).decode(read_in)
    assert garbled != GERMAN
    assert [record.state for record in read(garbled.split("\n"), EMPTY)] == [State.CLOSE_WAIT, State.LISTEN]


@pytest.mark.parametrize("between", ["```", "~~~ text", "And the other one, from the second machine:"])
def test_names_behind_a_code_fence_or_text_belong_to_another_listing(between: str) -> None:
    lines = ["  TCP    0.0.0.0:80    0.0.0.0:0    LISTENING    712", between, " [nginx.exe]"]
    (record,) = read(lines, EMPTY)
    assert record.holders == (Holder(712, None),)


def test_an_indented_row_of_another_tool_is_no_component() -> None:
    capture = Capture(EMPTY)
    lines = ["  TCP    0.0.0.0:80    0.0.0.0:0    LISTENING    712", "   tcp LISTEN 0 128 127.0.0.1:22 0.0.0.0:*"]
    assert [record.local.port for record in capture.read(lines) if isinstance(record.local, InetEndpoint)] == [80, 22]
