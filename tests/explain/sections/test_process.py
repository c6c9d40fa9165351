"""Section PROCESS."""

from typing import Any

import pytest

from portsock.explain.types import Part
from portsock.model import OwnerReason, Process, State
from portsock.normalize.snapshot import normalize
from portsock.records import Holder, Unreadable
from tests.support.explain_factory import CURL, HOST, answer, captured, part, seen, text, web
from tests.support.factory import collection, tcp


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
        (tcp("10.0.0.7:80", "10.0.0.9:5", inode=7), "a descriptor in flight or held by io_uring looks the same"),
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


def test_another_pid_namespace_sends_to_the_host() -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80")], {}, unlisted=OwnerReason.PIDNS, host=HOST)])
    assert "look from the host" in text("80", snapshot)


def test_clients_of_a_remote_port_are_not_called_its_holders() -> None:
    snapshot = seen([tcp("10.0.0.7:40000", "192.0.2.1:3000")], {1: CURL.pid})
    assert "only clients of that port" in part(answer("3000", snapshot), Part.PROCESS)
    assert "only clients" not in text("80", web())


@pytest.mark.parametrize(("kind", "told"), [("netstat-linux", True), ("netstat-windows", False), ("netstat-macos", False)])
def test_only_the_netstat_of_linux_leaves_out_holders(kind: str, told: bool) -> None:
    snapshot = captured([tcp("0.0.0.0:80", inode=None, holders=(Holder(7, None),))], kind=kind)
    assert ("only one holder" in text("80", snapshot)) is told


def test_a_listing_without_owners_says_that_it_does_not_tell() -> None:
    explanation = answer("80", captured([tcp("0.0.0.0:80", inode=None)]))
    assert "a process that the listing does not name" in explanation.summary
    assert "no column for processes" in part(explanation, Part.PROCESS)


def test_netstat_shows_only_one_holder() -> None:
    linux = HOST._replace(assumed=True, sysctls={}, addresses=None)
    record = tcp("0.0.0.0:80", holders=(Holder(500, None, "nginx"),), inode=None, names_one=True)
    snapshot = captured([record], linux, "netstat-linux")
    assert "netstat shows only one holder" in text("80", snapshot)
    assert "some processes could not be read" not in text("80", snapshot)


def test_workers_are_counted_and_their_master_described() -> None:
    said = part(answer("80", web()), Part.PROCESS)
    assert "It is the master of 1 worker, which holds the same socket." in said
    assert "nginx (pid 501" not in said
    assert "It is the master" not in part(answer("pid:501", web()), Part.PROCESS)


@pytest.mark.parametrize(
    ("facts", "words"),
    [
        (
            {"login_uid": 1000, "login_user": "dev", "login_session": 3},
            "It was started from dev's login (session 3) over ssh.",
        ),
        ({"login_uid": 1000}, "It was started from uid 1000's login over ssh."),
        ({"cwd": "/srv/web"}, "Working directory /srv/web."),
        ({"descriptors": 60, "descriptor_limit": 1024}, "60 of its 1024 descriptors are open."),
        ({"state": "zombie"}, "Its main thread has ended; another thread holds the socket."),
        ({"sigterm": "ignored"}, "It ignores SIGTERM."),
    ],
)
def test_what_started_a_process_and_what_hinders_it(facts: dict[str, Any], words: str) -> None:
    left = Process(60, "python3", ppid=50, **facts)
    shell = Process(50, "sshd-session", ppid=1)
    said = part(answer("8080", seen([tcp("127.0.0.1:8080")], {1: 60}, [left, shell])), Part.PROCESS)
    assert words in said
    assert "is stopped" not in said


def test_a_long_command_line_is_whole_or_says_how_long_it_is() -> None:
    def said(length: int) -> str:
        long = Process(60, "java", cmdline=("java", "x" * (length - 5)), ppid=9)
        return part(answer("8080", seen([tcp("127.0.0.1:8080")], {1: 60}, [long])), Part.PROCESS)

    assert "x" * 1995 + "." in said(2000)
    assert "x" * 1995 + "… (2001 characters)." in said(2001)
