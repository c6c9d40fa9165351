"""Who can reach what, and what is claimed of a port that nothing has: compared with what this kernel does."""

import errno
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portsock.cli.main import run as run_portsock
from portsock.enums import Need
from portsock.model import OwnerReason
from portsock.records import Request
from portsock.sources.linux import owners, trial
from portsock.sources.linux.collect import collect
from tests.support import netns_lab
from tests.support.live import Place, as_root, on_linux, portsock, run, situation, takes_long
from tests.support.zoo import NOBODY

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root, takes_long]


@pytest.fixture(scope="module")
def lab() -> Iterator[netns_lab.Lab]:
    with netns_lab.lab() as made:
        yield made


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Listeners on 127.0.0.1:8000, 0.0.0.0:8001, [::]:8002 (v6only) and [::]:8003 (dual), a bound socket on 0.0.0.0:8004."""
    with situation("several_addresses") as made:
        yield made


def connects(place: Place, *addresses: str, port: int) -> list[bool]:
    """Try from the situation's namespace which addresses accept a connection."""
    code = (
        "import json, socket, sys\n"
        "def can(a, p):\n"
        "    with socket.socket(socket.AF_INET6 if ':' in a else socket.AF_INET) as s:\n"
        "        return s.connect_ex((a, p)) == 0\n"
        "print(json.dumps([can(a, int(sys.argv[1])) for a in sys.argv[2:]]))"
    )
    return list(json.loads(run([sys.executable, "-c", code, str(port), *addresses], pid=place.facts["pid"]).stdout))


@pytest.mark.parametrize(
    ("port", "reached", "words"),
    [
        (8001, [True, False], "Whoever can reach any IPv4 address that this host has now"),
        (8002, [False, True], "Whoever can reach any IPv6 address that this host has now"),
        (8003, [True, True], "Whoever can reach any address that this host has now"),
        (8004, [False, False], "Nobody can reach it: a TCP socket that is bound and does not listen"),
    ],
)
def test_a_wildcard_is_reached_by_the_families_that_are_said(place: Place, port: int, reached: list[bool], words: str) -> None:
    assert connects(place, "127.0.0.1", "::1", port=port) == reached
    assert words in place.explain(port)


def test_a_wildcard_with_loopback_held_is_answered_by_what_is_in_its_way(place: Place) -> None:
    explanation = place.ask("tcp/0.0.0.0:8000")
    assert explanation["summary"].startswith(
        f"tcp/0.0.0.0:8000 cannot be bound (EADDRINUSE): python (pid {place.facts['pid']}) listens on 127.0.0.1:8000"
    )
    assert [each["local"]["address"] for each in explanation["sockets"]] == ["127.0.0.1"]
    assert "with no option: EADDRINUSE; the verdict was EADDRINUSE." in place.explain("tcp/0.0.0.0:8000", "--try", "plain")


def test_a_listener_at_another_address_is_named_where_nothing_listens(place: Place) -> None:
    text = place.explain("[::1]:8000", status=1)
    assert f"Nothing on this host uses [::1]:8000; python (pid {place.facts['pid']}) listens on 127.0.0.1:8000." in text
    assert "127.0.0.1:8000 LISTEN" in text


def test_as_a_destination_the_wildcard_means_loopback(place: Place) -> None:
    assert connects(place, "0.0.0.0", port=8000) == [True]
    assert "As a destination 0.0.0.0 means 127.0.0.1 to connect(2)" in place.explain("0.0.0.0:7999", status=1)


def test_a_redirect_answers_at_a_port_that_no_socket_has(place: Place) -> None:
    rules = "table ip t { chain c { type nat hook output priority -100; tcp dport 7998 redirect to :8000; }; }"
    if run(["nft", rules], pid=place.facts["pid"]).returncode:
        pytest.skip("nft may not redirect here")
    text = place.explain("127.0.0.1:7998", status=1)
    assert connects(place, "127.0.0.1", port=7998) == [True]
    assert "unless a rule for packets redirects it to another socket" in text
    assert "refused at once" not in text


def test_what_only_another_namespace_has_is_found_and_named(lab: netns_lab.Lab) -> None:
    with situation("nothing") as here:
        text = here.explain(netns_lab.PORT)
        found = here.ask(f"tcp/10.71.0.1:{netns_lab.PORT}")
    assert text.startswith("In network namespaces ")
    assert f"not in this one: {netns_lab.PORT}/tcp is held by python" in text
    assert all(name in text for name in (lab.names["a"], lab.names["b"], lab.names["d"]) if name)
    assert {each["netns"]["id"] for each in found["sockets"]} == {lab.inodes["a"]}


@pytest.mark.usefixtures("lab")
def test_an_ordinary_user_is_told_what_was_not_looked_into() -> None:
    done = portsock("explain", "--long", str(netns_lab.PORT), uid=NOBODY)
    first = " ".join(done.stdout.split("\n\n")[0].split())
    assert first.startswith("Nothing in ")
    assert f" uses port {netns_lab.PORT}; not looked into: " in first
    assert first.endswith("(that takes root).")
    assert done.returncode == 1


def test_namespaces_for_which_no_time_is_left_are_not_claimed_to_be_read(lab: netns_lab.Lab) -> None:
    request = Request(frozenset({"tcp"}), owners="none", netns=("all",), needs=frozenset({Need.HOST}))
    point = collect(request._replace(seconds=0.0)).viewpoint
    assert point is not None
    assert point.others == ()
    assert {lab.names["a"], lab.names["b"]} <= set(point.unseen)
    whole = collect(request).viewpoint
    assert whole is not None
    assert {lab.inodes["a"], lab.inodes["c"]} <= {each.id for each in whole.others}
    assert "10.71.0.1" in whole.addresses[lab.inodes["a"]]
    assert "10.71.0.1" not in whole.addresses[lab.inodes["b"]]


def test_a_trial_is_made_once_though_the_question_is_answered_twice(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[object] = []
    bind_once = trial.bind_once

    def counted(*words: Any, **ways: Any) -> trial.Trial:
        made.append(words)
        return bind_once(*words, **ways)

    monkeypatch.setattr(trial, "bind_once", counted)
    assert run_portsock(["explain", "tcp/127.0.0.1:7997", "--try", "plain"]) == 1
    assert len(made) == 1


def test_nothing_on_this_host_is_said_after_every_namespace_was_read() -> None:
    with situation("nothing") as here:
        assert here.explain(7, status=1).startswith("Nothing on this host uses port 7")


def test_a_connection_between_two_namespaces_is_one(lab: netns_lab.Lab) -> None:
    code = (
        "import socket, sys\n"
        f"end = socket.create_connection(('10.71.0.2', {netns_lab.PORT}))\n"
        "print(end.getsockname()[1], flush=True)\n"
        "sys.stdin.read()"
    )
    command = ["ip", "netns", "exec", str(lab.names["a"]), sys.executable, "-c", code]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as client:
        assert client.stdout is not None
        port = int(client.stdout.readline())
        done = portsock("explain", "--long", f"10.71.0.2:{netns_lab.PORT}", "--netns", "all")
        one = portsock("explain", "--long", f"10.71.0.1:{port},10.71.0.2:{netns_lab.PORT}", "--netns", "all").stdout
        client.communicate("")
    text = " ".join(done.stdout.split())
    assert "1 connection" in text
    assert "2 connections" not in text
    assert f"On the far side it is in network namespace {lab.names['a']}" in " ".join(one.split())


def test_without_an_ipv6_address_connect_gives_eaddrnotavail() -> None:
    with situation("nothing") as here:
        pid = here.facts["pid"]
        run(["sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=1"], pid=pid)
        code = "import socket; print(socket.socket(socket.AF_INET6).connect_ex(('::1', 9)))"
        assert int(run([sys.executable, "-c", code], pid=pid).stdout) == errno.EADDRNOTAVAIL
    assert "it has no address of that family" in " ".join(portsock("explain", "--long", "EADDRNOTAVAIL").stdout.split())


def test_reserved_ports_and_reusable_time_wait_are_counted_as_the_kernel_does() -> None:
    with situation("few_ports") as here:
        assert here.facts["refused"] == 5
        (found,) = [each for each in here.ask("10.99.0.1:8001")["findings"] if each["code"] == "ephemeral_exhaustion"]
        assert found["title"].startswith("All 5 ephemeral ports toward 10.99.0.1:8001")
        codes = {each["code"] for each in here.ask("127.0.0.1:8000")["findings"]}
        assert "ephemeral_exhaustion" not in codes


LANDLOCKED = """
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
handled = (ctypes.c_uint64 * 2)(0, 1)  # LANDLOCK_ACCESS_NET_BIND_TCP, with no rule that allows a port
ruleset = libc.syscall(444, handled, 16, 0)
if ruleset < 0:
    sys.exit(77)
libc.prctl(38, 1, 0, 0, 0)
if libc.syscall(446, ruleset, 0):
    sys.exit(77)
os.execv(sys.executable, [sys.executable, "-m", "portsock", *sys.argv[1:]])
"""


def test_eacces_at_a_port_that_is_not_privileged_is_a_policys() -> None:
    with situation("nothing") as here:
        command = [sys.executable, "-c", LANDLOCKED, "explain", "tcp/127.0.0.1:8006", "--try", "plain"]
        done = run(command, pid=here.facts["pid"])
    if done.returncode == 77:
        pytest.skip("this kernel has no Landlock for bind(2)")
    text = " ".join(done.stdout.split())
    assert "EACCES; the verdict was free" in text
    assert "a policy refused it (SELinux's name_bind, Landlock" in text
    assert "or a security policy" in " ".join(portsock("explain", "--long", "EACCES").stdout.split())


def as_nobody(work: Callable[[], Any]) -> tuple[int, Any]:
    """Do something in a child that has become another user; return its pid and what it returned. It waits for its end."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        os.write(writer, json.dumps(work()).encode())
        os.close(writer)
        time.sleep(30)
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        return pid, json.loads(os.read(pipe.fileno(), 4096))


def test_a_process_of_our_own_that_is_not_dumpable_is_no_other_users() -> None:
    kept = []

    def listen() -> int:
        kept.append(socket.create_server(("127.0.0.1", 0)))
        return os.fstat(kept[0].fileno()).st_ino

    # A process that has changed its user is not dumpable until execve(2): see PR_SET_DUMPABLE in prctl(2).
    holder, inode = as_nobody(listen)
    seeker, seen = as_nobody(lambda: [(each.pid, each.uid, each.reason) for each in owners.find({inode}).unreadable])
    for pid in (holder, seeker):
        os.kill(pid, 9)
        os.waitpid(pid, 0)
    assert [holder, NOBODY, OwnerReason.NOT_DUMPABLE] in seen
    assert [1, 0, OwnerReason.OTHER_USER] in seen
