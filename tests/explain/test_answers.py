"""Answers to targets: the sentence, the picture, the parts, the readings and the commands."""

from typing import Any

import pytest

from portsock.explain.bind.types import Attempt, Blocker
from portsock.explain.types import Part, PathFacts
from portsock.model import (
    Exposure,
    Family,
    Host,
    InetEndpoint,
    Input,
    Netns,
    Owner,
    OwnerReason,
    OwnerStatus,
    Peer,
    Process,
    Role,
    Snapshot,
    Source,
    State,
)
from portsock.normalize.snapshot import normalize
from portsock.records import Holder, Identity, Unreadable
from tests.support.explain_factory import CURL, HOST, answer, codes, seen, text, unix, with_sockets
from tests.support.records import collection, tcp, udp

WINDOWS = Host("Windows", (49152, 65535), True)


def web(**more: Any) -> Snapshot:
    """nginx on 80 with two clients of one address, and curl here."""
    return seen(
        [
            tcp("0.0.0.0:80", inode=1, accept_queue=0, accept_limit=511),
            tcp("10.0.0.7:80", "10.0.0.9:40000", inode=2),
            tcp("10.0.0.7:80", "10.0.0.9:40001", inode=3),
            tcp("127.0.0.1:80", "127.0.0.1:50000", inode=4),
            tcp("127.0.0.1:50000", "127.0.0.1:80", inode=5),
        ],
        {1: (500, 501), 2: 501, 3: 501, 4: 501, 5: CURL.pid},
        **more,
    )


def listing(records: list[Any], host: Host = WINDOWS, kind: str = "netstat-windows", **more: Any) -> Snapshot:
    source = Source("capture", None, (Input("netstat.txt", None, kind),))
    return normalize([collection(records, source=source, host=host, ownership=None, taken_at=None, **more)])


def part(explanation: Any, name: Part) -> str:
    return " ".join(explanation.sections[name].paragraphs) if name in explanation.sections else ""


# The sentence that answers.


def test_a_port_is_answered_with_holder_address_and_number_of_connections() -> None:
    assert answer("80", web()).summary == (
        "80/tcp (conventionally http) is held by nginx (pids 500 and 501), "
        "listening on all IPv4 addresses, with 3 connections."
    )


def test_the_name_is_given_as_convention_after_the_number() -> None:
    explanation = answer("8080", seen([tcp("127.0.0.1:8080")], {1: 700}))
    assert explanation.summary.startswith("8080/tcp (conventionally http-alt) is held by python3 (pid 700)")
    assert "any program may use the number" in part(explanation, Part.PORT)


def test_tcp_and_udp_of_one_number_are_two_ports() -> None:
    explanation = answer("53", seen([tcp("127.0.0.1:53", inode=1), udp("127.0.0.1:53", inode=2)], {1: 700, 2: 500}))
    assert "53/tcp (conventionally domain) is held by python3" in explanation.summary
    assert "53/udp (conventionally domain) is held by nginx" in explanation.summary
    assert "two ports with one number" in part(explanation, Part.PORT)
    assert [reading.command for reading in explanation.readings] == [
        "portsock explain tcp/53",
        "portsock explain udp/53",
    ]


def test_a_port_that_only_clients_use() -> None:
    explanation = answer("50000", web())
    assert explanation.summary == ("Port 50000 is the local end of 1 connection of curl (pid 800); nothing listens on it.")
    assert "inside the ephemeral range 32768-60999 (live value of this host)" in part(explanation, Part.PORT)


def test_a_remote_port() -> None:
    snapshot = seen([tcp("10.0.0.7:40000", "192.0.2.1:443")], {1: CURL.pid})
    assert answer("443", snapshot).summary == (
        "Nothing on this host holds port 443 itself; it is the far end of 1 connection of curl (pid 800)."
    )


def test_a_port_that_nothing_uses_is_still_explained() -> None:
    explanation = answer("8080", seen([]))
    assert explanation.summary == "Nothing on this host uses port 8080 (conventionally http-alt)."
    assert not explanation.found
    said = part(explanation, Part.PORT)
    assert "user (registered) port" in said
    assert "refused at once (RST)" in said
    assert "published by packet filter rules" in said
    assert "bound but neither listens nor is connected" in said
    assert [command.line for command in explanation.next] == [
        "portsock ports --all --netns all 8080",
        "nft list ruleset",
    ]


@pytest.mark.parametrize(
    "target", ["8080", "tcp/8080", "0.0.0.0:81", "[::]:81", "127.0.0.1:81", "10.0.0.7:81", "localhost:81"]
)
def test_a_client_of_a_port_of_this_host_is_refused(target: str) -> None:
    assert "refused at once (RST)" in part(answer(target, seen([])), Part.PORT)


@pytest.mark.parametrize(
    "target",
    ["203.0.113.5:80", "5555/udp", "sctp/80", "0", "127.0.0.1:0", "239.1.1.1:80", "[ff02::1]:80", "[fe80::1%nosuch]:80"],
)
def test_no_refusal_is_promised_where_another_host_or_no_tcp_would_answer(target: str) -> None:
    assert "refused at once" not in text(target, seen([]))


def test_a_datagram_to_nobody_is_answered_by_icmp_or_by_silence() -> None:
    said = part(answer("5555/udp", seen([])), Part.PORT)
    assert "ICMP port unreachable" in said
    assert "neither listens nor is connected" not in said


def test_of_an_address_of_another_host_nothing_is_promised() -> None:
    said = part(answer("203.0.113.5:80", seen([])), Part.PORT)
    assert "203.0.113.5 is no address of this host, and nothing here can say what answers there" in said
    assert "packet filter" not in said


@pytest.mark.parametrize("target", ["pid:4242", "inode:99", "fd:4242/3", "@nothing", "10.1.2.3:80", "10.0.0.7:5,10.0.0.9:6"])
def test_any_target_that_is_nowhere_gets_an_answer(target: str) -> None:
    explanation = answer(target, web())
    assert not explanation.found
    assert explanation.summary.startswith("Nothing on this host")
    assert target in explanation.summary


def test_a_connection_names_both_ends_client_first() -> None:
    explanation = answer("127.0.0.1:80,127.0.0.1:50000", web())
    assert explanation.summary == (
        "curl (pid 800) and nginx (pid 501) are the two ends of the connection 127.0.0.1:50000 → 127.0.0.1:80 (ESTABLISHED)."
    )
    assert explanation.picture == ("127.0.0.1:50000 → 127.0.0.1:80  ESTABLISHED  curl[800] → nginx[501]",)
    assert "127.0.0.1:50000 is the client's end" in part(explanation, Part.CONNECTION)
    assert "inferred" in part(explanation, Part.CONNECTION)


def test_a_process_is_answered_with_its_ports_and_connections() -> None:
    explanation = answer("pid:501", web())
    assert explanation.summary == "nginx (pid 501, user www) listens on 80/tcp and has 3 connections."
    assert "Started by: systemd → nginx → nginx." in part(explanation, Part.PROCESS)
    assert "500" not in part(explanation, Part.PROCESS)


def test_a_process_name_may_be_several_processes() -> None:
    explanation = answer("proc:ngi*", web())
    assert explanation.summary.startswith(
        "2 processes (nginx (pid 500, user root) and nginx (pid 501, user www)) listen on 80/tcp"
    )


def test_an_inode_and_a_descriptor_name_one_socket() -> None:
    assert answer("inode:1", web()).summary == (
        "inode:1 is a TCP socket listening on 0.0.0.0:80, held by nginx (pids 500 and 501)."
    )
    assert answer("fd:800/3", web()).summary.startswith(
        "Descriptor 3 of curl (pid 800, user dev) is a TCP socket, 127.0.0.1:50000 → 127.0.0.1:80 in ESTABLISHED"
    )


def test_two_senses_of_socket_are_named_for_one_socket() -> None:
    said = part(answer("inode:5", web()), Part.SOCKET)
    assert "In the operating system's sense this is one socket (TCP over IPv4, inode 5, descriptor 3)" in said
    assert "RFC 9293 calls each of its endpoints a socket" in said


# The picture.


def test_the_listener_and_what_came_to_it_are_drawn_together() -> None:
    picture = answer("80", web()).picture
    assert picture[0] == "0.0.0.0:80  LISTEN  tcp  nginx[500], nginx[501]"
    assert picture[1] == "  10.0.0.9:40000 → 10.0.0.7:80  ESTABLISHED  ? → nginx[501]"
    assert len([line for line in picture if "→ 127.0.0.1:80 " in line]) == 1


def test_many_connections_are_capped_and_counted() -> None:
    records = [tcp("0.0.0.0:80", inode=1)] + [tcp("10.0.0.7:80", f"10.0.0.9:{5000 + n}", inode=n + 2) for n in range(50)]
    picture = answer("80", seen(records, {1: 500})).picture
    assert picture[-1] == "  … and 47 more that came to it"
    assert len(picture) == 5


def test_an_unknown_direction_is_drawn_without_one() -> None:
    picture = answer("10.0.0.7:7000", seen([tcp("10.0.0.7:7000", "10.0.0.9:7000")], {1: 700})).picture
    assert picture == ("10.0.0.7:7000 ↔ 10.0.0.9:7000  ESTABLISHED  python3[700] ↔ ?",)


# Port, socket, connection.


def test_accepting_opens_no_new_port() -> None:
    said = part(answer("80", web()), Part.SOCKET)
    assert "The listener and what came to it (3 connections) have the same local port" in said
    assert "accept(2) opens no new one" in said


def test_connections_are_counted_by_state_and_peer() -> None:
    said = part(answer("80", web()), Part.CONNECTION)
    assert "3 connections: 3 ESTABLISHED." in said
    assert "10.0.0.9 (2)" in said
    assert "the pair of endpoints with the protocol" in said


def test_a_shared_remote_endpoint_identifies_no_connection() -> None:
    records = [tcp(f"10.0.0.7:{40000 + n}", "192.0.2.1:443", inode=n + 1) for n in range(3)]
    snapshot = seen(records, {n + 1: CURL.pid for n in range(3)})
    assert "3 connections" in answer("192.0.2.1:443", snapshot).summary
    assert "the remote end is the same in all" in part(answer("192.0.2.1:443", snapshot), Part.CONNECTION)
    said = part(answer("10.0.0.7:40000,192.0.2.1:443", snapshot), Part.CONNECTION)
    assert "192.0.2.1:443 takes part in 3 connections seen here (also with 10.0.0.7:4000" in said


def test_several_sockets_on_one_endpoint_are_counted() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2), tcp("127.0.0.1:80", inode=3)]
    said = part(answer("80", seen(records, {1: 500, 2: 501, 3: 700})), Part.SOCKET)
    assert "3 separate sockets have this port: tcp 0.0.0.0:80 (2 times) and tcp 127.0.0.1:80." in said


def test_the_queue_of_a_listener_is_told_with_its_limit() -> None:
    assert "Its queue is empty; the limit is 511." in part(answer("80", web()), Part.SOCKET)
    snapshot = seen([tcp("127.0.0.1:8080", accept_queue=3, accept_limit=2)], {1: 700})
    assert "In its queue 3 connections wait for accept(2); the limit is 2." in part(answer("8080", snapshot), Part.SOCKET)


def test_udp_established_is_only_a_default_peer() -> None:
    snapshot = seen([udp("10.0.0.7:40000", "192.0.2.1:53")], {1: CURL.pid})
    said = part(answer("10.0.0.7:40000,192.0.2.1:53", snapshot), Part.CONNECTION)
    assert "named a default peer" in said
    assert "open in both directions" not in said


def test_udp_has_no_listeners() -> None:
    explanation = answer("53/udp", seen([udp("0.0.0.0:53")], {1: 700}))
    assert "bound to all IPv4 addresses" in explanation.summary
    assert "UDP has no listeners" in part(explanation, Part.SOCKET)


def test_ipv4_on_an_ipv6_socket_explains_tcp6() -> None:
    records = [tcp(":::80", inode=1, v6only=False), tcp("10.0.0.7:80", "10.0.0.9:4000", inode=2, family=Family.IPV6)]
    assert "hence tcp6" in part(answer("80", seen(records, {1: 500, 2: 501})), Part.SOCKET)


@pytest.mark.parametrize(
    ("state", "words"),
    [
        (State.CLOSE_WAIT, "the peer has closed, and the local program has not"),
        (State.FIN_WAIT_2, "dropped after 30 s (tcp_fin_timeout = 30, live)"),
        (State.TIME_WAIT, "Linux fixes this at 60 s"),
        (State.SYN_SENT, "given up after about 127 s (tcp_syn_retries = 6, live)"),
        (State.LAST_ACK, "assumed default"),
    ],
)
def test_the_state_of_a_single_connection_is_explained(state: State, words: str) -> None:
    snapshot = seen([tcp("10.0.0.7:40000", "192.0.2.1:443", state)])
    assert words in part(answer("10.0.0.7:40000,192.0.2.1:443", snapshot), Part.CONNECTION)


def test_the_other_ends_state_is_told_where_it_differs() -> None:
    records = [
        tcp("127.0.0.1:80", inode=1),
        tcp("127.0.0.1:80", "127.0.0.1:40000", State.CLOSE_WAIT, inode=2),
        tcp("127.0.0.1:40000", "127.0.0.1:80", State.FIN_WAIT_2, inode=3),
    ]
    said = part(answer("127.0.0.1:80,127.0.0.1:40000", seen(records, {1: 700, 2: 700})), Part.CONNECTION)
    assert "as a socket of its own in FIN_WAIT_2" in said


def test_an_unknown_state_is_named_as_such() -> None:
    record = tcp("10.0.0.7:40000", "192.0.2.1:443")._replace(state=None, state_raw="WEIRD")
    assert "'WEIRD', which portsock does not know" in text("10.0.0.7:40000", seen([record]))


def test_netstats_triple_colon_is_explained() -> None:
    assert "netstat's way to print the address '::' followed by ':80'" in text(":::80", seen([tcp(":::80")], {1: 500}))


def test_port_zero_is_explained() -> None:
    assert "choose one for me" in text("0", seen([]))


def test_a_low_port_says_what_binding_it_takes() -> None:
    assert "Ports below 1024 (live value) need CAP_NET_BIND_SERVICE" in text("80", web())
    assert "CAP_NET_BIND_SERVICE" not in text("8080", seen([tcp("127.0.0.1:8080")], {1: 700}))


@pytest.mark.parametrize("port", [5000, 7000])
def test_macos_own_ports_are_known(port: int) -> None:
    mac = Host("Darwin", (49152, 65535), True)
    assert "AirPlay" in text(str(port), seen([tcp(f"0.0.0.0:{port}")], host=mac))
    assert "AirPlay" not in text(str(port), web())


# Process.


def test_the_chain_that_started_a_process_is_one_line() -> None:
    assert "Started by: systemd → nginx." in part(answer("80", web()), Part.PROCESS)
    assert "systemd unit nginx.service" in part(answer("80", web()), Part.PROCESS)


def test_a_holder_adopted_by_pid_1_may_be_what_a_dead_server_left() -> None:
    left = Process(60, "python3", ppid=1, unit="session-3.scope")
    said = part(answer("8080", seen([tcp("127.0.0.1:8080")], {1: 60}, [left])), Part.PROCESS)
    assert "the program that started it has ended and left it what it holds" in said
    assert "left it" not in part(answer("80", web()), Part.PROCESS)


def test_a_circle_of_parents_ends() -> None:
    odd = [Process(20, "a", ppid=21), Process(21, "b", ppid=20)]
    assert "b → a" in part(answer("8080", seen([tcp("127.0.0.1:8080")], {1: 20}, odd)), Part.PROCESS)


def test_several_holders_of_one_socket_do_not_free_it_one_by_one() -> None:
    assert "ending one of them does not free the port" in part(answer("80", web()), Part.PROCESS)


@pytest.mark.parametrize(
    ("record", "words"),
    [
        (tcp("10.0.0.7:80", "10.0.0.9:5", State.TIME_WAIT, inode=None, uid=None), "there is nothing to kill, it goes away"),
        (tcp("10.0.0.7:80", "10.0.0.9:5", State.SYN_RECV, inode=None, uid=None), "belongs to the listener's queue"),
        (tcp("10.0.0.7:80", "10.0.0.9:5", inode=None, uid=None), "has not called accept(2)"),
        (tcp("10.0.0.7:80", "10.0.0.9:5", State.FIN_WAIT_2, inode=None, uid=None), "finishes the conversation alone"),
        (tcp("10.0.0.7:80", "10.0.0.9:5", inode=7), "closed, or handed on, while"),
        (tcp("10.0.0.7:80", inode=7), "Probably the kernel itself holds it (inferred)"),
    ],
)
def test_a_missing_process_is_explained_by_its_signature(record: Any, words: str) -> None:
    assert text("10.0.0.7:80", seen([record])).count(words) == 1


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (OwnerReason.OTHER_USER, "created by uid 33"),
        (OwnerReason.HIDEPID, "hidepid"),
        (OwnerReason.DENIED, "even to this user"),
    ],
)
def test_a_hidden_process_names_the_reason(reason: OwnerReason, words: str) -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80", uid=33)], {}, [Unreadable(9, 33, reason)], host=HOST)])
    explanation = answer("80", snapshot)
    assert text("80", snapshot).count(words) == 1
    assert "a process that cannot be seen from here" in explanation.summary


@pytest.mark.parametrize("reason", [OwnerReason.OTHER_USER, OwnerReason.HIDEPID, OwnerReason.DENIED])
def test_root_is_advised_where_root_would_help(reason: OwnerReason) -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80", uid=33)], {}, [Unreadable(9, 33, reason)], host=HOST)])
    helps = reason is not OwnerReason.DENIED
    assert ("sudo portsock explain 80" in {command.line for command in answer("80", snapshot).next}) == helps
    assert ("as root." in text("80", snapshot)) == helps


def test_another_pid_namespace_sends_to_the_host() -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80")], {}, unlisted=OwnerReason.PIDNS, host=HOST)])
    assert "look from the host" in text("80", snapshot)


def test_the_port_of_a_service_is_freed_by_stopping_its_unit() -> None:
    assert [command.line for command in answer("80", web()).next] == ["portsock procs pid:500", "systemctl stop nginx.service"]


def test_only_holders_of_listeners_are_offered_to_kill() -> None:
    assert [c.line for c in answer("8080", seen([tcp("127.0.0.1:8080")], {1: 700})).next] == [
        "portsock procs pid:700",
        "kill 700",
    ]
    assert not any(command.line.startswith("kill") for command in answer("50000", web()).next)


def test_clients_of_a_remote_port_are_told_from_its_holder() -> None:
    snapshot = seen([tcp("10.0.0.7:40000", "192.0.2.1:3000")], {1: CURL.pid})
    assert "only clients of that port" in part(answer("3000", snapshot), Part.PROCESS)
    assert "only clients" not in text("80", web())


# Exposure.


def test_a_wildcard_bound_to_a_device_is_reached_through_that_only() -> None:
    snapshot = seen([tcp("0.0.0.0:80", interface="v0", inode=1)], {1: 500})
    exposure = part(answer("80", snapshot), Part.EXPOSURE)
    assert "through v0 can reach it" in exposure
    assert "Whoever can reach any address that this host has" not in exposure
    assert "all IPv4 addresses of the device v0" in answer("80", snapshot).summary


def test_both_a_wildcard_and_one_bound_to_a_device_are_told_of() -> None:
    records = [tcp("0.0.0.0:80", interface="v0", inode=1), tcp("0.0.0.0:80", inode=2)]
    exposure = part(answer("80", seen(records, {1: 500, 2: 500})), Part.EXPOSURE)
    assert "through v0 can reach it" in exposure
    assert "Whoever can reach any address that this host has" in exposure


@pytest.mark.parametrize(
    ("local", "words"),
    [
        ("127.0.0.1:80", "Only programs on this machine and in this network namespace"),
        ("0.0.0.0:80", "0.0.0.0 stands for every IPv4 address"),
        ("169.254.1.1:80", "Hosts on the same link"),
        ("10.0.0.7:80", "only where a NAT forwards"),
        ("100.64.0.1:80", "100.64.0.0/10"),
        ("8.8.8.8:80", "The address is public"),
        ("fe80::1:80", "Hosts on the same link"),
        ("fd00::1:80", "Hosts of the same private network"),
    ],
)
def test_who_can_reach_a_bound_address(local: str, words: str) -> None:
    said = part(answer("80", seen([tcp(local)], {1: 500})), Part.EXPOSURE)
    assert words in said
    assert said.endswith("decide the rest, in both directions.")


@pytest.mark.parametrize(
    ("v6only", "words"),
    [(True, "every IPv6 address only"), (False, "every IPv6 and every IPv4"), (None, "probably for every IPv4")],
)
def test_a_v6_wildcard_is_told_by_its_v6only(v6only: bool | None, words: str) -> None:
    assert words in part(answer("80", seen([tcp(":::80", v6only=v6only)], {1: 500})), Part.EXPOSURE)


def test_tcp_on_multicast_is_useless() -> None:
    assert "nobody will ever connect" in part(answer("80", seen([tcp("224.0.0.9:80")], {1: 500})), Part.EXPOSURE)


def test_the_peers_address_of_a_connection_is_classed() -> None:
    said = part(answer("10.0.0.7:80,10.0.0.9:40000", web()), Part.EXPOSURE)
    assert "The peer's address 10.0.0.9 is private" in said


def test_no_answer_promises_anything_about_firewalls() -> None:
    for exposure in Exposure:
        assert exposure  # the texts of all are checked in test_explain_texts
    said = text("0.0.0.0:80", web()).lower()
    assert "open to the internet" not in said
    assert "safe" not in said


# Readings.


def test_a_number_that_is_also_a_pid_lists_its_readings_and_answers_the_port() -> None:
    explanation = answer("800", web())
    assert [(item.meaning, item.command) for item in explanation.readings] == [
        ("the port", "portsock explain :800"),
        ("the process with this number, curl", "portsock explain pid:800"),
    ]
    assert explanation.target_kind == "port"


def test_a_port_used_here_and_elsewhere_lists_both() -> None:
    snapshot = seen([tcp("0.0.0.0:80", inode=1), tcp("10.0.0.7:40000", "192.0.2.1:80", inode=2)], {1: 500, 2: CURL.pid})
    explanation = answer("80", snapshot)
    assert [item.command for item in explanation.readings] == ["portsock sockets --local 80", "portsock sockets --remote 80"]
    assert not any("192.0.2.1" in line for line in explanation.picture)


def test_an_unambiguous_target_has_no_readings() -> None:
    assert answer("80", web()).readings == ()
    assert answer("tcp/53", seen([tcp("127.0.0.1:53", inode=1), udp("127.0.0.1:53", inode=2)], {1: 1, 2: 500})).readings == ()


# Unix sockets.


def test_a_unix_path_names_server_and_clients() -> None:
    peer = Peer(12, None, None, OwnerStatus.KNOWN, (Owner(800, 4, "curl", "dev"),))
    snapshot = with_sockets(
        seen([]),
        unix(b"/run/x.sock", State.ESTABLISHED, inode=11, peer=peer),
        unix(b"/run/x.sock", State.LISTEN, inode=10, accept_queue=0, accept_limit=64),
    )
    explanation = answer("/run/x.sock", snapshot, path=PathFacts(True, True, None, 0o660))
    assert explanation.summary == "/run/x.sock is a unix stream socket on which python3 (pid 700) listens, with 1 connection."
    said = part(explanation, Part.SOCKET)
    assert "mode 0660" in said
    assert "At the other end: curl[800]." in said
    assert explanation.picture[0].startswith("/run/x.sock  LISTEN")


def test_an_abstract_name_has_no_file() -> None:
    from portsock.model import UnixEndpoint

    snapshot = with_sockets(seen([]), unix(b"demo", State.LISTEN, local=UnixEndpoint(b"demo", True)))
    assert "there is no file and no permission" in part(answer("@demo", snapshot), Part.SOCKET)


def test_a_missing_path_gives_enoent() -> None:
    assert "ENOENT" in text("/run/x.sock", seen([]), path=PathFacts(False))
    assert "not a socket" in text("/run/x.sock", seen([]), path=PathFacts(True, False))


def test_an_address_that_no_network_uses_is_not_called_public() -> None:
    said = part(answer("80", seen([tcp("198.18.0.1:80")], {1: 700})), Part.EXPOSURE)
    assert "198.18.0.1: The address is reserved: not in ordinary use, so that nothing can be said" in said
    assert "public" not in said


# Listings.


def test_a_listing_names_its_assumptions_and_no_commands_for_this_host() -> None:
    snapshot = listing([tcp("0.0.0.0:50000", holders=(Holder(4, None),), inode=None)])
    explanation = answer("50000", snapshot)
    said = text("50000", snapshot)
    assert "49152-65535 (assumed, the default of Windows)" in said
    assert "PID 4 on Windows is the kernel" in said
    assert [command.line for command in explanation.next] == ["portsock sockets --from netstat.txt 50000"]


def test_absence_from_a_listing_is_no_proof() -> None:
    snapshot = listing([tcp("0.0.0.0:80", inode=None)])
    assert answer("8080", snapshot).summary.startswith("Nothing in this listing uses port 8080")
    assert "may have been left out" in text("8080", snapshot)
    assert "refused at once" not in text("8080", snapshot)


def test_a_listing_from_stdin_is_read_from_there_again() -> None:
    source = Source("capture", None, (Input("stdin", None, "ss"),))
    snapshot = normalize([collection([tcp("0.0.0.0:80")], source=source, host=HOST, ownership=None)])
    assert [command.line for command in answer("80", snapshot).next] == ["portsock sockets --from - 80"]


def test_that_a_listing_has_no_listener_does_not_mean_that_there_is_none() -> None:
    snapshot = listing([tcp("10.0.0.5:52110", "198.51.100.34:443", inode=None)])
    said = text("52110", snapshot)
    assert "nothing listens on it" not in said
    assert said.count("no listener on it is in this listing") == 2


def test_a_label_is_told_as_printed_and_the_high_port_is_the_clients() -> None:
    labelled = InetEndpoint("127.0.0.1", 8080, label="webcache", guessed=True)
    held = (Holder(18085, 4),)
    snapshot = listing(
        [
            tcp("127.0.0.1:8080", inode=None, holders=held)._replace(local=labelled),
            tcp("127.0.0.1:8080", "127.0.0.1:48976", inode=None, holders=held)._replace(local=labelled),
        ],
        HOST._replace(assumed=True),
        "lsof",
    )
    said = text("8080", snapshot)
    assert "8080, printed as webcache: a name by convention" in said
    assert "The client's own port 48976 was probably chosen by its system" in said
    assert "a client's own port" not in part(answer("8080", snapshot), Part.PORT)
    client = answer("48976", snapshot)
    assert "Here it is a client's own port" in part(client, Part.PORT)
    assert "printed as" not in part(client, Part.PORT)
    assert "only clients" not in part(client, Part.PROCESS)


@pytest.mark.parametrize(("kind", "told"), [("netstat-linux", True), ("netstat-windows", False), ("netstat-macos", False)])
def test_only_the_netstat_of_linux_leaves_out_holders(kind: str, told: bool) -> None:
    snapshot = listing([tcp("0.0.0.0:80", inode=None, holders=(Holder(7, None),))], kind=kind)
    assert ("only one holder" in text("80", snapshot)) is told


def test_a_listing_without_owners_says_that_it_does_not_tell() -> None:
    explanation = answer("80", listing([tcp("0.0.0.0:80", inode=None)]))
    assert "a process that the listing does not name" in explanation.summary
    assert "no column for processes" in part(explanation, Part.PROCESS)


def test_linux_durations_are_not_told_of_other_systems() -> None:
    snapshot = listing([tcp("10.0.0.7:50000", "192.0.2.1:443", State.TIME_WAIT, inode=None)])
    said = text("10.0.0.7:50000,192.0.2.1:443", snapshot)
    assert "TcpTimedWaitDelay" in said
    assert "60 s" not in said


def test_netstat_shows_only_one_holder() -> None:
    linux = HOST._replace(assumed=True, sysctls={}, addresses=None)
    record = tcp("0.0.0.0:80", holders=(Holder(500, None, "nginx"),), inode=None, names_one=True)
    snapshot = listing([record], linux, "netstat-linux")
    assert "netstat shows only one holder" in text("80", snapshot)
    assert "some processes could not be read" not in text("80", snapshot)


def test_what_a_listing_always_leaves_unknown_is_said() -> None:
    assert "only what it prints is known" in text("80", listing([tcp("0.0.0.0:80", inode=None)]))


# Namespaces, hosts, odd shapes.


def test_one_number_in_two_namespaces_is_two_ports() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2, netns=Netns(7, "blue"))]
    snapshot = seen(records, {1: 500, 2: 700})
    assert "Ports are separate in each network namespace" in text("80", snapshot)
    assert "specific_and_wildcard" not in codes("80", snapshot)


def test_an_endpoint_finds_the_wildcard_socket_that_covers_it() -> None:
    assert "listening on all IPv4 addresses" in answer("127.0.0.1:80", web()).summary
    assert not answer("192.0.2.55:80", web()).found


def test_sockets_without_addresses_do_not_break_an_answer() -> None:
    snapshot = seen([tcp("0.0.0.0:80", inode=1)], {1: 500})
    bare = snapshot.sockets[0]._replace(local=None, remote=None, state=None, role=Role.UNKNOWN, inode=9)
    named = bare._replace(local=InetEndpoint(None, None, hostname="web", label="http"), inode=10)
    for target in ("pid:500", "inode:9", "inode:10", "80"):
        assert answer(target, with_sockets(snapshot, bare, named)).found


# Binding.


def attempt(**changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "protocol": "tcp", "address": "0.0.0.0", "port": 80, "options": (), "v6only": None,
        "identity": Identity(1000, False, "dev"), "ok": False, "errno": "EADDRINUSE",
        "blockers": (Blocker(1, InetEndpoint("0.0.0.0", 80), State.LISTEN, (Owner(500, 3, "nginx"),)),),
        "reason": "A listener holds it.",
    }  # fmt: skip
    return Attempt(**values | changes)


def test_the_binding_part_says_for_whom_who_is_in_the_way_and_why() -> None:
    free = attempt(address="::1", ok=True, errno=None, blockers=(), reason=None, v6only=False)
    explanation = answer("80", web(), attempts=[attempt(), attempt(options=("SO_REUSEADDR",)), free])
    said = part(explanation, Part.BINDING)
    assert "a program run as dev" in said
    assert "(in the way: 0.0.0.0:80 LISTEN nginx[500]):" in said
    assert said.count("A listener holds it.") == 1
    assert len(explanation.sections[Part.BINDING].attempts) == 3
    assert list(explanation.sections)[-1] is Part.BINDING


def test_without_attempts_there_is_no_binding_part() -> None:
    assert Part.BINDING not in answer("80", web()).sections


def test_binding_that_always_fails_is_said_in_one_sentence() -> None:
    said = part(answer("80", web(), attempts=[attempt(), attempt(options=("SO_REUSEADDR",))]), Part.BINDING)
    assert "could not bind it now in any way: EADDRINUSE (in the way: 0.0.0.0:80 LISTEN nginx[500]). A listener" in said


def test_a_trial_stands_beside_the_verdict() -> None:
    tried = attempt(ok=True, errno=None, blockers=(), reason=None, tried=True)
    said = part(answer("80", web(), attempts=[attempt(), tried]), Part.BINDING)
    assert "tcp 0.0.0.0:80 with no option: the kernel says yes, the verdict was no EADDRINUSE." in said
    assert "takes the port for an instant" in said


def test_binding_that_always_succeeds_is_said_in_one_sentence() -> None:
    free = attempt(ok=True, errno=None, blockers=(), reason=None)
    assert "could bind it now, in every way." in part(answer("8080", seen([]), attempts=[free]), Part.BINDING)
