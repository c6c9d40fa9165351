"""osquery's tables of sockets."""

from pathlib import Path

from portsock.model import Family, InetEndpoint, Netns, State, UnixEndpoint
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


def test_osquery_rows_of_one_socket_are_joined() -> None:
    shared, unix = read("json/osquery-process-open-sockets.json")
    assert shared.holders == (Holder(812, 6), Holder(813, 7))
    assert (shared.inode, shared.netns, shared.state) == (77123, Netns(4026531840), State.ESTABLISHED)
    assert unix.local == UnixEndpoint(b"/run/x.sock")


def test_osquery_listening_ports() -> None:
    (record,) = read("json/osquery-listening-ports.json")
    assert (record.family, record.state, record.local) == (Family.IPV6, State.LISTEN, InetEndpoint("::", 8080))
