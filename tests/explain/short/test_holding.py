"""Who holds a port, in the first line."""

import pytest

from portsock.model import Netns, OwnerStatus, Process, SocketMemory, State
from tests.support.explain_factory import NGINX, answer, seen, with_sockets
from tests.support.factory import tcp, udp, unheld_socket

HELPER = Process(702, "helper", "helper", "/opt/helper", ("helper",), "dev", 1000, 1)


def first(target: str, *arguments: object) -> str:
    return answer(target, seen(*arguments)).summary  # type: ignore[arg-type]


def test_workers_of_one_master_are_counted() -> None:
    workers = [NGINX._replace(pid=pid, ppid=500) for pid in (601, 602, 603)]
    text = first("80", [tcp("0.0.0.0:80", inode=1)], {1: (601, 500, 602, 603)}, workers)
    assert text == "80/tcp (http) is held by nginx (pid 500) and 3 workers, listening on all IPv4 addresses."


@pytest.mark.parametrize("other", [HELPER, HELPER._replace(ppid=500), NGINX._replace(pid=702, ppid=1)])
def test_other_programs_and_processes_without_a_common_master_are_named(other: Process) -> None:
    text = first("80", [tcp("0.0.0.0:80", inode=1)], {1: (500, 702)}, [other])
    assert "702" in text
    assert "worker" not in text


def test_a_process_whose_main_thread_has_ended_is_marked() -> None:
    ended = NGINX._replace(state="zombie")
    assert "nginx (pid 500), whose main thread has ended, listening" in first(
        "80", [tcp("0.0.0.0:80", inode=1)], {1: 500}, [ended]
    )


def test_a_hidden_holder_is_told_by_the_user_who_made_the_socket() -> None:
    hidden = unheld_socket(
        local=seen([tcp("0.0.0.0:80")]).sockets[0].local,
        state=State.LISTEN,
        owner_status=OwnerStatus.HIDDEN,
        uid=0,
        user="root",
    )
    text = answer("80", with_sockets(seen([]), hidden)).summary
    assert "held by a process that cannot be seen from here (the socket was made by root), listening on" in text


def test_a_bound_tcp_socket_is_said_not_to_listen_and_a_udp_socket_is_not() -> None:
    assert "bound to 127.0.0.1 and not listening." in first("80", [tcp("127.0.0.1:80", state=State.BOUND, inode=1)], {1: 500})
    assert first("53", [udp("127.0.0.1:53", inode=1)], {1: 500}).endswith("bound to 127.0.0.1.")


def test_a_dual_stack_listener_is_named_where_ipv4_was_asked_for() -> None:
    records = [tcp("[::]:80", inode=1, v6only=False)]
    assert first("0.0.0.0:80", records, {1: 500}).endswith("listening on all addresses ([::]:80 takes IPv4, too).")
    assert first("80", records, {1: 500}).endswith("listening on all addresses.")


def test_handshakes_and_ended_connections_are_no_connections() -> None:
    records = [
        tcp("0.0.0.0:80", inode=1),
        tcp("10.0.0.7:80", "10.0.0.9:40000", inode=2),
        tcp("10.0.0.7:80", "10.0.0.9:40001", state=State.SYN_RECV),
        tcp("10.0.0.7:80", "10.0.0.9:40002", state=State.SYN_RECV),
        tcp("10.0.0.7:80", "10.0.0.9:40003", state=State.TIME_WAIT),
    ]
    text = first("80", records, {1: 500, 2: 500})
    assert text.endswith(", with 1 connection, 2 unfinished handshakes and 1 connection in TIME_WAIT.")


def test_lost_datagrams_are_counted_for_udp_alone() -> None:
    memory = SocketMemory(0, 212992, 0, 212992, 0, 0, 0, 0, 17)
    assert first("53", [udp("127.0.0.1:53", inode=1, memory=memory)], {1: 500}).endswith(", with 17 lost datagrams.")
    assert "lost" not in first("80", [tcp("127.0.0.1:80", inode=1, memory=memory)], {1: 500})


def test_an_mptcp_listener_is_marked_only_where_both_rows_are_of_one_socket() -> None:
    records = [tcp("127.0.0.1:80", inode=1), tcp("127.0.0.1:80", inode=1, protocol="mptcp")]
    assert "listening on 127.0.0.1 (MPTCP)." in first("80", records, {1: 500})
    records[1] = records[1]._replace(netns=Netns(2, None))
    assert "MPTCP" not in answer("tcp/80", seen(records, {1: 500})).summary


def test_an_end_that_no_server_has_names_the_other_end_and_its_state() -> None:
    records = [tcp("10.0.0.7:50000", "192.0.2.1:443", state=State.CLOSE_WAIT, inode=5)]
    assert first("50000", records, {5: 800}) == (
        "Port 50000 is no server's: curl (pid 800) has it as its own end of a connection to 192.0.2.1:443, in CLOSE_WAIT."
    )
    records.append(tcp("10.0.0.7:50000", "192.0.2.2:443", inode=6))
    assert first("50000", records, {5: 800, 6: 700}) == (
        "Port 50000 is no server's: curl (pid 800) and python3 (pid 700) have it as their own end of 2 connections."
    )


def test_connections_that_a_listener_left_behind_are_no_clients() -> None:
    records = [tcp("10.0.0.7:80", "10.0.0.9:40001", inode=2)]
    assert first("80", records, {2: 500}) == (
        "Port 80 (http) is the local end of a connection to 10.0.0.9:40001 of nginx (pid 500); nothing listens on it."
    )
