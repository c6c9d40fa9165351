"""sockstat of FreeBSD."""

from pathlib import Path

from portsock.model import Family, InetEndpoint, State, UnixEndpoint
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import Holder, SocketRecord

FIXTURES = Path(__file__).parents[2] / "fixtures"


def sockstat() -> list[SocketRecord]:
    capture = Capture(EMPTY)
    records = list(capture.read((FIXTURES / "freebsd/sockstat.txt").read_text("utf-8").split("\n")))
    assert (capture.formats, capture.system, capture.notices()) == (["sockstat"], "FreeBSD", ())
    return records


def test_sockstat_rows() -> None:
    records = sockstat()
    assert records[0].holders == (Holder(812, 6, "nginx", "www"),)
    assert (records[0].state, records[1].v6only) == (State.LISTEN, False)
    assert (records[2].local, records[2].holders) == (InetEndpoint("fe80::1", 123, "lo0"), (Holder(77, 20, "ntpd", "_ntp"),))
    unix = [record for record in records if record.family is Family.UNIX]
    assert [record.local for record in unix] == [
        UnixEndpoint(b"/var/run/log"),
        UnixEndpoint(None),
        UnixEndpoint(b"/var/run/odd name.pipe"),
    ]
    assert (unix[1].remote, unix[1].holders) == (UnixEndpoint(b"/var/run/devd.pipe"), (Holder(501, 9, "two words", "root"),))


def test_sockstat_joins_only_the_rows_of_a_connected_socket() -> None:
    records = sockstat()
    connected = [record for record in records if record.remote and record.protocol == "tcp"]
    assert [record.holders for record in connected] == [
        (Holder(4321, 4, "sshd", "root"), Holder(4323, 4, "sshd", "alice")),
        (),
    ]


def test_two_question_marks_are_no_owner() -> None:
    capture = Capture(EMPTY)
    records = list(capture.read((FIXTURES / "freebsd/sockstat-15.txt").read_text().split("\n")))
    assert (len(records), capture.notices()) == (5, ())
    assert [record.holders for record in records if record.protocol == "udp" or record.remote] == [(), ()]


def test_listeners_of_two_processes_stay_two_rows_for_they_may_be_two_sockets() -> None:
    rows = ["www nginx 1235 6 tcp4 *:80 *:*", "root nginx 1234 6 tcp4 *:80 *:*"]
    assert len(list(Capture(EMPTY).read(rows))) == 2
