"""Listings of Linux netstat and busybox."""

from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint, SocketType, State, Timer, UnixEndpoint
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import Holder, SocketRecord
from tests.support.factory import read

LINUX = Path(__file__).parents[2] / "fixtures" / "linux"
TITLE = "Active Internet connections (servers and established)"
PLAIN = "Proto Recv-Q Send-Q Local Address           Foreign Address         State      "
OWNED = "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name    "
UNIX = "Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Path"
FULL = (
    "Proto Recv-Q Send-Q Local Address           Foreign Address         State       "
    "User       Inode      PID/Program name     Timer"
)


def listing(name: str) -> list[SocketRecord]:
    return list(read((LINUX / name).read_text().split("\n"), EMPTY))


def rows(header: str, *lines: str) -> list[SocketRecord]:
    return list(read([TITLE, header, *lines], EMPTY))


def test_a_listener_has_no_true_send_queue() -> None:
    (record,) = rows(PLAIN, "tcp        2      0 127.0.0.1:18081         0.0.0.0:*               LISTEN     ")
    assert (record.recv_q, record.send_q, record.accept_queue, record.accept_limit) == (2, None, 2, None)
    assert (record.state, record.remote, record.holders) == (State.LISTEN, None, None)


def test_a_dash_is_an_empty_owner_column() -> None:
    (record,) = rows(OWNED, "tcp        0      0 127.0.0.1:18090         127.0.0.1:39068         TIME_WAIT   -     ")
    assert record.holders == ()


ENGLISH = (
    "(Not all processes could be identified, non-owned process info",
    " will not be shown, you would have to be root to see it all.)",
)
FRENCH = (
    "(Tous les processus n'ont pu être identifiés, les infos sur les processus",
    "non possédés ne seront pas affichées, vous devez être root pour les voir toutes.)",
)
GERMAN = (
    "(Es konnten nicht alle Prozesse identifiziert werden; Informationen über",
    "nicht-eigene Processe werden nicht angezeigt; Root kann sie anzeigen.)",
)
CHINESE = ("\uff08并非所有进程都能被检测到\uff0c所有非本用户的进程信息将不会显示\uff0c则必须切换到 root 用户\uff09",)
OLD = ('(No info could be read for "-p": geteuid()=1000 but you should be root.)',)
BUSYBOX = ("netstat: showing only processes with your user ID",)


@pytest.mark.parametrize("remark", [ENGLISH, FRENCH, GERMAN, CHINESE, OLD, BUSYBOX])
@pytest.mark.parametrize("place", ["before", "behind the title", "after"])
def test_the_remark_of_an_unprivileged_netstat_is_understood(remark: tuple[str, ...], place: str) -> None:
    row = "tcp        0      0 127.0.0.1:18090         0.0.0.0:*               LISTEN      -     "
    before = [*remark, TITLE, OWNED, row]
    lines = {"before": before, "behind the title": [TITLE, *remark, OWNED, row], "after": [TITLE, OWNED, row, *remark]}[place]
    capture = Capture(EMPTY)
    (record,) = capture.read(lines)
    assert (capture.unprivileged, capture.notices()) == (True, ())
    assert (record.holders, record.names_one) == ((), True)


def test_titles_are_no_such_remark() -> None:
    for title in (TITLE, "Aktive Internetverbindungen (Server und stehende Verbindungen)", "Sockets (root)"):
        capture = Capture(EMPTY)
        list(capture.read([title, OWNED, "tcp 0 0 127.0.0.1:18090 0.0.0.0:* LISTEN 7/root)"]))
        assert not capture.unprivileged


@pytest.mark.parametrize("name", ["nginx: worker", "sshd: root@pt", "-bash", "(sd-pam)", "a/b:c d"])
def test_program_names_with_spaces_and_slashes(name: str) -> None:
    start = "udp        0      0 127.0.0.1:18104         0.0.0.0:*                           "
    (record,) = rows(OWNED, start + f"22542/{name}".ljust(20))
    assert (record.holders, record.state) == ((Holder(22542, None, name),), State.UNCONN)


def test_all_columns_together() -> None:
    start = "tcp        0      0 127.0.0.1:18101         127.0.0.1:5             ESTABLISHED 1000       346702     "
    (record,) = rows(FULL, start + "22539/nginx: worker  keepalive (6176.47/1/0)")
    assert (record.uid, record.inode, record.holders) == (1000, 346702, (Holder(22539, None, "nginx: worker"),))
    assert record.timer == Timer("keepalive", 6176470, 1)


def test_ping_socket_has_an_identifier_and_no_port() -> None:
    (record,) = rows(PLAIN, "icmp       0      0 127.0.0.1:7             0.0.0.0:*               7          ")
    assert record.local == InetEndpoint("127.0.0.1", None, label="7")


def test_user_names_stay_names() -> None:
    (record,) = rows(FULL, "udp        0      0 0.0.0.0:68              0.0.0.0:*                  root       20830      -")
    assert (record.user, record.uid, record.inode, record.timer) == ("root", None, 20830, None)


def test_no_inode_means_no_user() -> None:
    (record,) = rows(FULL, "tcp        0      0 10.0.0.1:80 10.0.0.2:3 TIME_WAIT   0      0    -    timewait (58.94/0/0)")
    assert (record.uid, record.inode, record.holders, record.timer) == (None, None, (), Timer("timewait", 58940, 0))


def test_other_languages_are_read_by_structure() -> None:
    german = [
        "Aktive Internetverbindungen (Server und stehende Verbindungen)",
        "Proto Recv-Q Send-Q Local Address     Foreign Address         State     Benutzer   Inode  PID/Program name Timer",
        "tcp        0      0 10.0.0.1:80   10.0.0.2:9   VERBUNDEN   0    346702   7/x                  aus (0.00/0/0)",
        "Aktive Sockets in der UNIX-Domäne (Server und stehende Verbindungen)",
        "Proto RefCnt Flags       Type       State         I-Node   PID/Program name     Pfad",
        "unix  2      [ ACC ]     STREAM     HÖRT          344653   22142/python3        /run/x",
        "unix  3      [ ]         STREAM     VERBUNDEN     1586     -                    ",
    ]
    tcp, listener, connected = read(german, EMPTY)
    assert (tcp.state, tcp.state_raw, tcp.inode, tcp.timer) == (State.ESTABLISHED, None, 346702, None)
    assert tcp.holders == (Holder(7, None, "x"),)
    assert (listener.state, listener.holders) == (State.LISTEN, (Holder(22142, None, "python3"),))
    assert (connected.state, connected.holders, connected.local) == (State.ESTABLISHED, (), UnixEndpoint(None))


def test_a_state_may_have_two_words() -> None:
    (record,) = rows(PLAIN, "tcp        0      0 10.0.0.1:80             10.0.0.2:9              POSLEDNÍ ACK")
    assert (record.state, record.state_raw) == (State.LAST_ACK, None)


def test_a_listing_in_portuguese_has_states_and_timers() -> None:
    listener, connected, closing, udp, unix = listing("netstat-pt_BR.out")
    assert [r.state for r in (listener, connected, closing)] == [State.LISTEN, State.ESTABLISHED, State.CLOSE_WAIT]
    assert (connected.timer, closing.timer) == (Timer("on", 220, 0), None)
    assert (udp.state, unix.state, unix.holders) == (State.UNCONN, State.ESTABLISHED, (Holder(910, None, "dbus-daemon"),))


def test_timers_may_have_two_words() -> None:
    (record,) = rows(FULL, "tcp 0 0 10.0.0.1:80 10.0.0.2:9 TEMPS 0 0 - temps d'espera (58.94/0/0)")
    assert (record.state, record.timer) == (State.TIME_WAIT, Timer("timewait", 58940, 0))


@pytest.mark.parametrize(
    "tail",
    [
        'ESTABLISHED users:(("sshd",pid=7,fd=3))',
        "ESTABLISHED   2099101  newreno  hostd-IO",  # esxcli
        "ESTABLISHED 1234",  # an inode without a user, or a PID without a name
        "open",
        "77",
    ],
)
def test_words_behind_the_addresses_that_are_no_state_make_it_no_row_of_netstat(tail: str) -> None:
    row = "tcp        0      0 10.0.0.1:80             10.0.0.2:9              "
    capture = Capture(EMPTY)
    (record,) = capture.read([TITLE, PLAIN, row + "ESTABLISHED", row + tail])
    assert record.state is State.ESTABLISHED
    assert [notice.code for notice in capture.notices()] == ["lines_skipped"]


def test_one_word_in_capitals_is_a_state_that_nobody_knows() -> None:
    (record,) = rows(PLAIN, "tcp        0      0 10.0.0.1:80             10.0.0.2:9              VOLLKOMMEN_NEU")
    assert (record.state, record.state_raw) == (None, "VOLLKOMMEN_NEU")


@pytest.mark.parametrize("host", ["186-230-50-76", "10_0_0_4", "82"])
def test_a_host_name_may_have_no_letter(host: str) -> None:
    (record,) = rows(PLAIN, f"tcp        0      0 10.0.0.1:80             {host}:https     ESTABLISHED")
    assert record.remote == InetEndpoint(None, None, None, host, "https")


def test_a_host_name_of_digits_and_hyphens_may_have_a_numeric_port() -> None:
    row = "tcp        0      0 10.0.0.1:80             186-230-50-76:443     ESTABLISHED"
    capture = Capture(EMPTY)
    (record,) = capture.read([PLAIN, row, row.replace("186-230-50-76", "82"), row.replace("186-230-50-76", "82.1")])
    assert record.remote == InetEndpoint(None, 443, None, "186-230-50-76")
    assert [notice.amount for notice in capture.notices()] == [2]


def test_rows_of_esxcli_are_not_taken_for_netstat() -> None:
    lines = [
        "Proto  Recv Q  Send Q  Local Address   Foreign Address  State        World ID  CC Algo  World Name",
        "-----  ------  ------  --------------  ---------------  -----------  --------  -------  ----------",
        "tcp         0       0  127.0.0.1:8307  127.0.0.1:44340  ESTABLISHED   2099101  newreno  hostd-IO",
        "udp         0       0  0.0.0.0:123     0.0.0.0:0                      2098352           ntpd",
    ]
    with pytest.raises(UsageError):
        list(Capture(EMPTY).read(lines))


def test_a_path_behind_a_name_without_padding_keeps_its_words() -> None:
    (record,) = read([UNIX, "unix  2      [ ACC ]     STREAM     LISTENING     8  99/x /run/my dir/soc k"], EMPTY)
    assert (record.holders, record.local) == ((Holder(99, None, "x"),), UnixEndpoint(b"/run/my dir/soc k"))


def test_cut_addresses_are_marked_as_truncated_wide_ones_are_not() -> None:
    (cut,) = [r for r in listing("netstat-anp.out") if isinstance(r.local, InetEndpoint) and r.local.port == 5353]
    assert cut.local == InetEndpoint("2001:db8:85a3:8d3:", 5353, truncated=True)
    (wide,) = [r for r in listing("netstat-anpW.out") if isinstance(r.local, InetEndpoint) and r.local.port == 5353]
    assert wide.local == InetEndpoint("2001:db8:85a3:8d3:1319:8a2e:370:7348", 5353)
    (name,) = rows(PLAIN, "tcp        0      0 localhost.localdoma:22  10.0.0.2:58727          ESTABLISHED")
    assert name.local == InetEndpoint(None, 22, None, "localhost.localdoma")
    (name,) = rows(PLAIN, "tcp        0      0 localhost.localdom:6022 10.0.0.2:58727          ESTABLISHED")
    assert name.local == InetEndpoint(None, 6022, None, "localhost.localdom", truncated=True)


def test_an_ipv6_address_that_busybox_cut_has_no_port() -> None:
    (record,) = rows(PLAIN, "tcp        0      0 2001:db8:85a3:8d3:1319: :::*                    LISTEN      ")
    assert record.local == InetEndpoint("2001:db8:85a3:8d3:1319:", None, truncated=True)


def test_busybox_writes_tcp_for_both_families_and_whole_paths() -> None:
    records = listing("busybox-netstat-an.out")
    families = {r.local.port: r.family for r in records if isinstance(r.local, InetEndpoint)}
    assert (families[18001], families[18003]) == (Family.IPV4, Family.IPV6)
    assert b"/run/odd/a b.sock" in {r.local.path for r in records if isinstance(r.local, UnixEndpoint)}


def test_the_protocol_word_decides_the_family() -> None:
    mapped, lite, raw = rows(
        PLAIN,
        "tcp6       0      0 ::ffff:127.0.0.1:7403   :::*                    LISTEN     ",
        "udpl       0      0 127.0.0.1:5000          0.0.0.0:*                          ",
        "raw6       0      0 :::58                   :::*                    7          ",
    )
    assert (mapped.family, mapped.local) == (Family.IPV6, InetEndpoint("127.0.0.1", 7403))
    assert (lite.protocol, lite.type) == ("udplite", SocketType.DGRAM)
    assert (raw.number, raw.state, raw.local) == (58, State.UNCONN, InetEndpoint("::", None))


def test_unix_sockets_keep_inode_owner_and_path() -> None:
    found = {r.local.path: r for r in listing("netstat-anp.out") if isinstance(r.local, UnixEndpoint) and r.local.path}
    assert set(found) == {b"/run/odd/0.0.0.0:80", b"/run/odd/a", b"/run/odd/plain", b"abs"}  # net-tools cuts at a space
    assert found[b"abs"].local == UnixEndpoint(b"abs", True)
    assert all(record.inode and record.holders for record in found.values())


def test_a_row_without_padding_keeps_its_path() -> None:
    nobody, known = read(
        [
            "Proto RefCnt Flags Type State I-Node PID/Program name Path",
            "unix 2 [ ACC ] STREAM LISTENING 7 - /run/a/b",
            "unix 2 [ ACC ] STREAM LISTENING 8 99/x /run/a/c",
        ],
        EMPTY,
    )
    assert (nobody.holders, nobody.local) == ((), UnixEndpoint(b"/run/a/b"))
    assert (known.holders, known.local) == ((Holder(99, None, "x"),), UnixEndpoint(b"/run/a/c"))


def test_sctp_endpoints_and_associations_with_several_addresses() -> None:
    capture = Capture(EMPTY)
    found = {record.inode: record for record in capture.read((LINUX / "netstat-sctp.out").read_text().split("\n"))}
    endpoint, single, connected, waiting = (found[inode] for inode in (51231, 51232, 51233, 51234))
    assert (endpoint.state, endpoint.local, endpoint.remote) == (State.LISTEN, InetEndpoint("192.0.2.10", 3868), None)
    assert (endpoint.uid, endpoint.holders, endpoint.send_q) == (0, (Holder(901, None, "diameterd"),), None)
    assert single.holders == (Holder(88, None, "python3"),)
    assert (connected.remote, connected.send_q) == (InetEndpoint("203.0.113.5", 40001), 4)
    assert (waiting.state, waiting.state_raw) == (None, "COOKIE_WAIT")
    assert (found[12345].protocol, [notice.code for notice in capture.notices()]) == ("tcp", ["addresses_left_out"])


def test_indented_text_behind_an_sctp_row_is_no_address() -> None:
    capture = Capture(EMPTY)
    assert len(list(capture.read([PLAIN, "sctp 127.0.0.1:5000 LISTEN", " " * 20 + "and more text"]))) == 1
    assert [notice.code for notice in capture.notices()] == ["lines_skipped"]
