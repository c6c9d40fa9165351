"""osquery's tables of sockets."""

from portsock.model import Family, InetEndpoint, Netns, State, UnixEndpoint
from portsock.records import Holder
from tests.support.factory import read_fixture


def test_osquery_rows_of_one_socket_are_joined() -> None:
    shared, unix = read_fixture("json/osquery-process-open-sockets.json")
    assert shared.holders == (Holder(812, 6), Holder(813, 7))
    assert (shared.inode, shared.netns, shared.state) == (77123, Netns(4026531840), State.ESTABLISHED)
    assert unix.local == UnixEndpoint(b"/run/x.sock")


def test_osquery_listening_ports() -> None:
    (record,) = read_fixture("json/osquery-listening-ports.json")
    assert (record.family, record.state, record.local) == (Family.IPV6, State.LISTEN, InetEndpoint("::", 8080))
