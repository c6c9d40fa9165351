"""psutil's connections: arrays, objects, reprs, the table of its script."""

from portsock.model import Family, InetEndpoint, SocketType, State, UnixEndpoint
from portsock.records import Holder
from tests.support.factory import FIXTURES, read_fixture, read_with_notices


def test_psutil_arrays() -> None:
    tcp, udp, unix = read_fixture("json/psutil-arrays.json")
    assert (tcp.family, tcp.state, tcp.holders) == (Family.IPV4, State.ESTABLISHED, (Holder(2286, 5),))
    assert (udp.local, udp.remote, udp.state, udp.holders) == (InetEndpoint("::1", 53), None, State.UNCONN, ())
    assert (unix.local, unix.type, unix.state) == (UnixEndpoint(b"/run/a.sock"), SocketType.STREAM, None)


def test_psutil_objects_may_have_names_or_numbers_of_other_systems() -> None:
    listener, udp = read_fixture("json/psutil-objects.json")
    assert (listener.family, listener.protocol, listener.state) == (Family.IPV4, "tcp", State.LISTEN)
    assert (udp.family, udp.local) == (Family.IPV6, InetEndpoint("2001:db8::1", 5353))


def test_psutil_repr() -> None:
    tcp, udp = read_fixture("json/psutil-repr.txt")
    assert (tcp.remote, tcp.holders) == (InetEndpoint("198.51.100.91", 80), (Holder(1254, 115),))
    assert (udp.family, udp.local, udp.holders) == (Family.IPV6, InetEndpoint("::", 123), ())


def test_psutil_script() -> None:
    tcp, tcp6 = read_fixture("json/psutil-script.txt")
    assert (tcp.holders, tcp.family) == ((Holder(13646, None, "browser"),), Family.IPV4)
    assert (tcp6.local, tcp6.remote, tcp6.holders) == (InetEndpoint("::", 80), None, ())


def test_items_that_are_no_connections_are_counted() -> None:
    text = (FIXTURES / "json/psutil-arrays.json").read_text().strip()
    found, (notice,) = read_with_notices(f'{text[:-1]}, {{"laddr": 7}}, "x"]')
    assert len(found) == 3
    assert (notice.code, notice.amount, notice.incomplete) == ("sockets_skipped", 2, True)
