"""The thirty questions that people ask most about ports and sockets, each asked of portsock in a situation made for real, or
of a listing where it takes another system. What is asserted are the points that an answer must have."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.live import Place, as_root, on_linux, portsock, run, situation, takes_long
from tests.support.zoo import NOBODY

live = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


def says(text: str, *points: str) -> None:
    """The text makes all of these points."""
    missing = [point for point in points if point not in text]
    assert not missing, f"{missing} missing in: {text}"


def of_listing(path: Path, listing: str, *arguments: str, status: int = 0) -> str:
    """What explain says of a listing, on one line."""
    path.write_text(listing, encoding="utf-8")
    done = portsock("explain", "--long", *arguments, "--from", str(path))
    assert done.returncode == status, done.stderr
    return " ".join(done.stdout.split())


@pytest.fixture(scope="module")
def server() -> Iterator[Place]:
    """A server on 8080 with three connections from two client processes."""
    with situation("server_with_clients") as place:
        yield place


BOTH = ("SO_REUSEADDR", "SO_REUSEPORT")


@takes_long
class TestLive:
    """Asked of this kernel."""

    pytestmark = live

    def test_q01_port_and_socket_are_distinguished_with_a_row_of_this_host(self, server: Place) -> None:
        says(
            server.explain("socket"),
            "The word has two senses. To RFC 9293 a socket is an address and a port",
            "what socket(2) or accept(2) makes",
            "Seen here, for example: 127.0.0.1:8080 LISTEN tcp",
        )
        text = server.explain("port")
        says(text, "It is a label and not an object", "→ 127.0.0.1:8080 ESTABLISHED python[")
        assert any(f"python[{server.facts[who]}]" in text for who in ("client", "other"))  # the lower port comes first

    def test_q02_what_uses_a_port_names_holders_users_start_and_all_sockets(self, server: Place) -> None:
        text, found = server.explain("8080"), server.json("8080")
        pid = server.facts["pid"]
        says(text, f"8080/tcp (http-alt) is held by python (pid {pid}) and 2 workers", "user root, started ", " UTC,")
        states = sorted(socket["state"] for socket in found["explanations"][0]["sockets"] if socket["local"]["port"] == 8080)
        assert states == ["ESTABLISHED"] * 3 + ["LISTEN"]
        process = next(each for each in found["processes"] if each["pid"] == pid)
        assert process["started_at"]
        assert {"unit", "container"} <= process.keys()

    def test_q05_what_to_kill_is_the_listeners_holder_and_not_a_mere_client(self, server: Place) -> None:
        facts = server.facts
        # Its clients are forks of it that hold the listener, too, and SIGTERM ends only the one that gets it.
        says(server.explain("8080"), f"pkill -P {facts['pid']} end its 2 children", f"kill {facts['pid']} then end it")
        with situation("unanswered") as away:
            text = away.explain("10.99.0.2:443")
        says(text, "These are only clients of that port: ending one frees nothing")
        assert "kill" not in text

    def test_q06_address_in_use_though_netstat_shows_it_free(self) -> None:
        with situation("bound_idle") as place, situation("nothing") as elsewhere:
            says(
                place.explain(place.port),
                "bound to 127.0.0.1",
                "Most listings cannot show such sockets at all, and still each of them keeps its port in use",
                f"in the way: 127.0.0.1:{place.port} BOUND python[{place.facts['pid']}]",
                "EADDRINUSE",
            )
            says(
                elsewhere.explain(place.port),
                "In network namespace net:[",
                f"not in this one: {place.port}/tcp is held by python (pid {place.facts['pid']})",
                "could bind it now, in every way",
            )
        says(
            elsewhere_free := " ".join(portsock("explain", "--long", "EADDRINUSE").stdout.split()),
            "same protocol, port and network namespace",
        )
        says(elsewhere_free, "bound and idle", "excluded range (netsh int ipv4 show excludedportrange tcp)")

    def test_q07_a_server_that_cannot_restart_for_a_minute(self) -> None:
        with situation("just_restarted") as place:
            text = place.explain(place.port)
            says(text, "TIME_WAIT", "Linux fixes this at 60 s", "This one ends in ", "nothing to kill")
            says(
                text,
                f"A server on {place.port}/tcp may fail to start for another ",
                "unless the new program sets SO_REUSEADDR",
            )
            says(text, "EADDRINUSE depends depends", "had set the option, too")
            attempts = place.ask(f"tcp/127.0.0.1:{place.port}")["sections"]["binding"]["attempts"]
            assert [(each["options"], each["ok"]) for each in attempts][:2] == [([], False), (["SO_REUSEADDR"], None)]
            says(
                place.explain(f"tcp/127.0.0.1:{place.port}", "--try", "reuseaddr"),
                "free; the verdict was depends",
            )
            assert place.port

    def test_q08_reuseaddr_and_reuseport_differ_and_so_do_systems(self) -> None:
        with situation("reuseport_pair") as place:
            attempts = place.ask(f"tcp/127.0.0.1:{place.port}")["sections"]["binding"]["attempts"]
            outcome = {tuple(each["options"]): (each["ok"], each["errno"]) for each in attempts}
            refused = (False, "EADDRINUSE")
            free = (True, None)
            assert outcome == {(): refused, ("SO_REUSEADDR",): refused, ("SO_REUSEPORT",): free, BOTH: free}
            says(place.explain(place.port), "beside a listener SO_REUSEADDR does not help on Linux")
            says(
                place.explain("EADDRINUSE"),
                "on Linux the old program must have set as well",
                "on macOS and the BSDs",
                "on Windows",
            )

    def test_q09_accept_opens_no_new_port(self, server: Place) -> None:
        says(server.explain("8080"), "(3 connections) have the same local port: accept(2) opens no new one")
        found = server.ask("8080")["sockets"]
        assert {socket["local"]["port"] for socket in found if socket["role"] in ("listener", "server")} == {8080}

    def test_q10_many_clients_share_a_port_as_different_pairs_of_endpoints(self, server: Place) -> None:
        says(
            server.explain("8080"),
            "Peers: 127.0.0.1 (2) and 127.0.0.9 (1)",
            "Only the pair of endpoints with the protocol tells them apart: the local end is the same in all.",
        )

    def test_q11_65535_is_no_limit_of_a_server(self, server: Place) -> None:
        says(
            server.explain("port"),
            "does not limit a server to 65535 connections",
            "for each pair of addresses",
            "descriptors and memory run out first",
        )
        says(
            server.explain("connection"),
            "one for each 5-tuple",
            "A client toward one destination has only the ephemeral ports",
        )

    def test_q12_tcp_and_udp_ports_of_one_number_are_two_ports(self) -> None:
        with situation("both_protocols") as place:
            text = place.explain(5353)
            says(text, f"held by python (pid {place.facts['pid']})", f"held by python (pid {place.facts['other']})")
            says(text, "TCP and UDP number their ports separately", "two ports with one number")

    def test_q13_two_programs_listen_on_one_port_only_with_reuseport(self) -> None:
        with situation("reuseport_pair") as place:
            says(
                place.explain(place.port),
                "(2 times)",
                f"2 sockets are bound to 127.0.0.1:{place.port} at the same time. On Linux that takes SO_REUSEPORT on each",
            )
        says(
            " ".join(portsock("explain", "--long", "port").stdout.split()),
            "two listeners need SO_REUSEPORT on both (and on Linux one user id)",
        )

    def test_q14_all_addresses_or_loopback_only(self) -> None:
        with situation("wide_and_narrow") as place:
            wide, narrow = place.facts["wide"], place.facts["narrow"]
            says(
                place.explain(wide),
                "every IPv4 address",
                "Whoever can reach any IPv4 address that this host has now or gets later",
            )
            text = place.explain(narrow)
            says(text, "Only programs on this machine and in this network namespace", "(a container has its own)")
            says(text, "Binding is only the first gate")
            scopes = {place.ask(port)["sockets"][0]["local"]["scope"] for port in (wide, narrow)}
            assert scopes == {"unspecified", "loopback"}

    def test_q15_triple_colon_is_an_address_and_a_port(self) -> None:
        with situation("dual_stack") as place:
            says(
                place.explain(":::8081"),
                "':::8081' is netstat's way to print the address '::' followed by ':8081'",
                "every IPv6 and every IPv4 address",
                "also takes IPv4",
            )

    def test_q16_the_local_address_is_where_the_socket_is_bound(self) -> None:
        with situation("dual_stack") as place:
            text = place.explain(8081)
            says(
                text,
                "listening on all addresses",
                "[::]:8081 LISTEN",
                "→ 127.0.0.1:8081 ESTABLISHED",
                ":: without IPV6_V6ONLY",
            )
            says(place.explain("endpoint"), "each socket it accepts carries the concrete one that the client used")

    def test_q17_tcp6_for_ipv4_traffic_means_mapped_addresses(self) -> None:
        with situation("dual_stack") as place:
            says(place.explain(8081), "an IPv6 one that speaks IPv4 (mapped addresses): hence tcp6", "(::ffff:a.b.c.d)")
            families = {(each["family"], each["local"]["address"]) for each in place.ask(8081)["sockets"]}
            assert ("ipv6", "127.0.0.1") in families

    def test_q18_a_missing_pid_is_diagnosed_by_its_signature(self) -> None:
        with situation("unaccepted") as place:
            pair = f"127.0.0.1:{place.port},127.0.0.1:{place.facts['client_port']}"
            says(place.explain(pair), "has not called accept(2): look at the process of the listener")
        with situation("other_user") as place:
            says(place.explain(8085), f"held by python (pid {place.facts['holder']})", "user nobody")
        with situation("in_flight") as place:
            found = place.ask(place.port)
            text = place.explain(place.port)
            (socket,) = found["sockets"]
            assert (socket["owner_status"], socket["owners"]) in (("hidden", []), ("unheld", []))
            says(text, "No process is known for the listening socket")
            says(text, "could not be read" if socket["owner_status"] == "hidden" else "io_uring", "EADDRINUSE")

    def test_q18_another_users_process_is_hidden_from_an_ordinary_user(self) -> None:
        stranger = 12345
        if run([sys.executable, "-c", ""], uid=stranger).returncode:
            pytest.skip("other users cannot run this interpreter")
        with situation("other_user") as place:
            text = place.explain(8085, uid=stranger)
        says(
            text,
            "a process that cannot be seen from here",
            f"created by uid {NOBODY} (nobody)",
            'sudo "$(command -v portsock)" explain 8085',
        )

    def test_q19_many_close_wait_are_a_leak_of_a_program_that_is_named(self) -> None:
        with situation("close_wait_leak") as place:
            says(
                place.explain(8082),
                f"python (pid {place.facts['pid']}) does not close: 12 connections to 8082/tcp wait in CLOSE_WAIT.",
                "only the program can end these, by close(2) or by ending",
                "if the number does not fall, restart the program",
                "No sysctl helps",
                "12 of 12: not even the end of the stream was read",
            )
            (finding,) = place.ask(8082)["findings"]
            assert (finding["code"], finding["severity"]) == ("close_wait_pile_up", "warning")

    def test_q20_many_time_wait_are_normal(self) -> None:
        with situation("many_time_wait") as place:
            says(
                place.explain(8083),
                "120 connections are in TIME_WAIT, which is normal",
                "no descriptor",
                "a client that runs out of local ports toward one destination, and a server without SO_REUSEADDR",
            )
            assert [each["severity"] for each in place.ask(8083)["findings"]] == ["info"]

    def test_q21_unanswered_attempts_and_unfinished_handshakes(self) -> None:
        with situation("unanswered") as place:
            says(
                place.explain("10.99.0.2:443"),
                f"4 attempts of python (pid {place.facts['pid']}) to reach 10.99.0.2:443 have no answer",
                "the target is down, unreachable, filtered or overloaded",
            )
            says(
                place.explain(8084),
                "10.99.0.1:8084 has 30 unfinished handshakes: 30 have had no reply to the answer for more than a second.",
                "All are from 10.99.0.2",
                "tcp_syncookies = 1",
            )

    def test_q22_fin_wait_2_waits_for_the_peers_close(self) -> None:
        with situation("half_closed") as place:
            pair = f"127.0.0.1:{place.facts['client_port']},127.0.0.1:8086"
            found = place.ask(pair)
            assert {socket["state"] for socket in found["sockets"]} == {"FIN_WAIT_2", "CLOSE_WAIT"}
            says(place.explain(pair), "CLOSE_WAIT", "FIN_WAIT_2")
            says(
                place.explain("FIN_WAIT2"),
                "still has to close its own side",
                "look there for CLOSE_WAIT",
                "Once no process holds it, it is dropped after 60 s (tcp_fin_timeout = 60, live)",
                "while a program still holds it half-closed there is no limit",
            )

    def test_q23_the_queues_of_a_listener_are_connections_and_a_limit(self) -> None:
        with situation("full_queue") as place:
            says(
                place.explain(8087),
                "In its queue 3 connections wait for accept(2); the limit is 2",
                "does not keep up: the accept queue of 127.0.0.1:8087 is full, 3 wait, the limit is 2.",
                "1 SYN_SENT",
            )
            listener = next(each for each in place.ask(8087)["sockets"] if each["state"] == "LISTEN")
            assert (listener["accept_queue"], listener["accept_limit"]) == (3, 2)
            says(
                place.explain("backlog"),
                "Recv-Q is the number waiting, Send-Q the limit",
                "netstat prints the same Recv-Q but 0",
            )

    def test_q24_a_low_port_without_root_takes_a_capability_or_a_setting(self) -> None:
        with situation("nothing") as place:
            found = place.ask("127.0.0.1:80", "--as", "nobody")["sections"]["binding"]["attempts"]
            assert {(each["ok"], each["errno"]) for each in found} == {(False, "EACCES")}
            says(place.explain(80, "--as", "nobody", status=1), "Ports below 1024 need CAP_NET_BIND_SERVICE, which uid 65534")
            says(place.explain(80, status=1), "run as root (with CAP_NET_BIND_SERVICE) could bind it now, in every way")
            says(place.explain("EACCES"), "setcap cap_net_bind_service", "AmbientCapabilities", "ip_unprivileged_port_start")

    def test_q25_refused_means_nobody_listens_and_a_timeout_that_packets_are_dropped(self) -> None:
        with situation("nothing") as place:
            text = place.explain("127.0.0.1:9", status=1)
            says(text, "The kernel refuses a TCP connection to it (RST), unless a rule for packets redirects it")
            says(text, "or drops it, so that it times out; rules were not looked at")

    def test_q26_the_high_random_port_is_the_clients(self, server: Place) -> None:
        port = server.facts["client_port"]
        text = server.explain(f"127.0.0.1:{port},127.0.0.1:8080")
        says(text, f"The local {port} was probably chosen by the system", "32768-60999, live")
        says(text, f"127.0.0.1:{port} is the client's end and 127.0.0.1:8080 the server's (inferred")

    def test_q27_webcache_is_a_label_only(self, server: Place) -> None:
        says(server.explain("webcache"), "8080 (http-alt)", "only a label", "any program may use the number")

    def test_q29_the_other_end_of_a_unix_socket_is_a_process(self) -> None:
        with situation("unix_pair") as place:
            client = place.facts["client"]
            says(place.explain("@questions"), f"At the other end: python[{client}]")
            peer = place.ask(f"inode:{place.facts['inode']}")["sockets"][0]["peer"]
            assert [owner["pid"] for owner in peer["owners"]] == [client]

    def test_q30_a_docker_port_is_a_forwarder_or_packet_filter_rules_alone(self) -> None:
        with situation("docker_proxy") as place:
            proxy = place.facts["proxy"]
            says(
                place.explain(8090),
                f"8090/tcp is published by a container: docker-proxy (pid {proxy}) forwards it to 172.17.0.2:80",
                "Stop the container, do not kill the proxy",
            )
            assert f"kill {proxy}" not in place.explain(8090)
            text = place.explain(8091, status=1)
            says(text, "published by packet filter rules alone has no listener on the host and is still reachable")
            says(text, "nft list ruleset")


NETSTAT_ANO = """
Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:80             0.0.0.0:0              LISTENING       4
  TCP    0.0.0.0:3000           0.0.0.0:0              LISTENING       9120
  TCP    192.0.2.7:63240        198.51.100.36:80       SYN_SENT        7004
  TCP    192.0.2.7:63241        198.51.100.36:80       SYN_SENT        7004
  TCP    192.0.2.7:63242        203.0.113.62:80        SYN_SENT        7004
"""
LSOF_MAC = """\
COMMAND     PID USER   FD   TYPE             DEVICE SIZE/OFF NODE NAME
ControlCe   612 dev     9u  IPv4 0xa3f1c2d4e5f60718      0t0  TCP *:5000 (LISTEN)
ControlCe   612 dev    10u  IPv6 0xa3f1c2d4e5f60719      0t0  TCP *:5000 (LISTEN)
node       2217 dev    23u  IPv6 0xa3f1c2d4e5f6071a      0t0  TCP *:3000 (LISTEN)
"""
LSOF_WEBCACHE = """\
COMMAND  PID USER   FD   TYPE   DEVICE SIZE/OFF NODE NAME
python3 1808 dev    3u  IPv4 11260544      0t0  TCP *:webcache (LISTEN)
python3 1808 dev    4u  IPv4 11251437      0t0  TCP localhost:webcache->localhost:48976 (ESTABLISHED)
"""


def test_q03_on_windows_the_pid_is_in_the_listing_and_4_is_the_kernel(tmp_path: Path) -> None:
    says(of_listing(tmp_path / "n", NETSTAT_ANO, "80"), "pid 4", "http.sys", "netsh http show servicestate")
    says(of_listing(tmp_path / "n", NETSTAT_ANO, "3000"), "3000/tcp is held by pid 9120, listening on all IPv4 addresses")


def test_q04_on_macos_lsof_names_the_listener(tmp_path: Path) -> None:
    says(of_listing(tmp_path / "l", LSOF_MAC, "3000"), "3000/tcp", "is held by node (pid 2217), listening on all")


def test_q28_port_5000_on_a_mac_is_airplay(tmp_path: Path) -> None:
    says(
        of_listing(tmp_path / "l", LSOF_MAC, "5000"),
        "ControlCe (pid 612)",
        "ControlCenter for AirPlay Receiver",
        "System Settings",
    )


def test_two_attempts_to_one_remote_endpoint_differ_only_in_the_pair(tmp_path: Path) -> None:
    text = of_listing(tmp_path / "n", NETSTAT_ANO, "192.0.2.7:63240")
    says(
        text,
        "SYN_SENT",
        "192.0.2.7:63240 → 198.51.100.36:80",
        "198.51.100.36:80 takes part in 2 connections seen here",
        "192.0.2.7:63241",
        "only the pair of endpoints with the protocol does",
        "had no answer yet",
    )


def test_a_listener_and_what_it_accepted_share_the_local_port_in_a_listing(tmp_path: Path) -> None:
    text = of_listing(tmp_path / "l", LSOF_WEBCACHE, "8080")
    says(
        text,
        "8080/tcp (http-alt) is held by python3 (pid 1808)",
        "(1 connection) have the same local port: accept(2) opens no new one",
        "localhost:48976 → localhost:8080",
        "The client's own port 48976 was probably chosen by its system (inferred)",
        "only a label in the local services table",
    )


def test_the_words_port_and_socket_answer_the_three_questions() -> None:
    """Does accept() open a new port? Can two programs share one? What identifies a connection?"""
    text = " ".join((portsock("explain", "--long", "port").stdout + portsock("explain", "--long", "socket").stdout).split())
    says(
        text,
        "accept(2) opens no new port",
        "Two programs can share one port on different addresses, over different protocols or in different network namespaces",
        "two listeners need SO_REUSEPORT on both",
        "A connection is identified by its protocol and both endpoints together (the 5-tuple)",
    )


def lines_beside_process(screen: str) -> int:
    """The number of lines without the section Process, whose chain of parents depends on who runs the tests."""
    lines = screen.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Process"))
    after = next(number for number, line in enumerate(lines) if number > start and not line.startswith(" "))
    return len(lines) - (after - start)


@pytest.mark.linux
@on_linux
@as_root
@pytest.mark.root
@pytest.mark.parametrize(
    ("name", "most"),
    [("server_with_clients", 40), ("other_user", 28), ("docker_proxy", 35), ("orphaned_child", 38), ("activated", 36)],
)
def test_a_typical_answer_fits_one_screen_of_80_columns(name: str, most: int) -> None:
    """Two lines more than measured: numbers of processes and names of services differ in length."""
    with situation(name) as place:
        screen = place.screen(place.port)
    assert lines_beside_process(screen) <= most, screen
    assert max(map(len, screen.splitlines())) <= 80


def test_listings_are_data_too(tmp_path: Path) -> None:
    path = tmp_path / "l"
    path.write_text(LSOF_WEBCACHE, encoding="utf-8")
    made = json.loads(portsock("explain", "8080", "--from", str(path), "--json").stdout)
    (explanation,) = made["explanations"]
    assert explanation["sections"].get("binding") is None
    assert {socket["local"]["port"] for socket in explanation["sockets"]} == {8080}
