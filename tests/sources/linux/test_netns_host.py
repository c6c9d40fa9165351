"""A host of four network namespaces: each socket once, in the right namespace, with its owners."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread

import pytest

from portsock.enums import Need
from portsock.errors import UsageError
from portsock.model import InetEndpoint, Netns, Snapshot, State
from portsock.normalize.snapshot import normalize
from portsock.records import Request
from portsock.sources.linux import collect, netns, setns
from tests.support.netns_lab import PORT, Lab, lab

pytestmark = [
    pytest.mark.linux,
    pytest.mark.root,
    pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="makes network namespaces: needs root"),
]
REQUEST = Request(frozenset({"tcp", "udp"}), netns=("all",))


@pytest.fixture(scope="module")
def host() -> Iterator[Lab]:
    with lab() as built:
        yield built


@pytest.fixture(scope="module")
def seen(host: Lab) -> Snapshot:  # noqa: ARG001 - it must exist
    return normalize([collect.collect(REQUEST)])


def mounted(path: Path | str) -> netns.Place:
    return netns.Place(str(path), "/proc/self")


def test_each_listener_is_listed_once_with_namespace_and_owner(host: Lab, seen: Snapshot) -> None:
    inodes = set(host.inodes.values())
    listeners = [item for item in seen.sockets if item.state is State.LISTEN and item.netns and item.netns.id in inodes]
    found = sorted((item.netns, {owner.pid for owner in item.owners}) for item in listeners if item.netns)
    assert found == sorted((Netns(host.inodes[letter], host.names[letter]), {host.pids[letter]}) for letter in "abcd")
    assert all(isinstance(item.local, InetEndpoint) and item.local.port == PORT for item in listeners)


def test_peers_are_in_the_same_namespace(host: Lab, seen: Snapshot) -> None:
    """The same two endpoints exist in both namespaces."""
    for letter in "ab":
        ends = [item for item in seen.sockets if item.remote and item.netns and item.netns.id == host.inodes[letter]]
        assert len(ends) == 2
        for end in ends:
            assert end.peer is not None
            assert end.peer.netns is None
            assert {owner.pid for owner in end.peer.owners} == {host.pids[letter]}


def test_each_namespace_has_the_same_sockets_as_ss(host: Lab, seen: Snapshot) -> None:
    for letter in "abcd":
        path = f"/proc/{os.getpid()}/fd/{host.descriptor}" if letter == "c" else f"/run/netns/{host.names[letter]}"
        try:
            lines = subprocess.run(
                ["nsenter", f"--net={path}", "ss", "-Htuan"], capture_output=True, text=True, check=True
            ).stdout.split("\n")
        except FileNotFoundError:
            pytest.skip("no nsenter or ss here")
        theirs = sorted(tuple(line.split()[index] for index in (0, 4)) for line in lines if line)
        ours = sorted(
            (item.protocol, f"{item.local.address}:{item.local.port}")
            for item in seen.sockets
            if item.netns and item.netns.id == host.inodes[letter] and isinstance(item.local, InetEndpoint)
        )
        assert ours == theirs


def test_our_namespace_is_first_and_listed_once(host: Lab) -> None:
    namespaces, _ = netns.namespaces(["all", host.names["a"] or "", str(os.getpid())])
    assert [found.own for found in namespaces] == [True] + [False] * (len(namespaces) - 1)
    assert len({found.netns.id for found in namespaces}) == len(namespaces)
    assert set(host.inodes.values()) <= {found.netns.id for found in namespaces}


def test_a_name_or_a_pid_means_one_namespace(host: Lab) -> None:
    for word in (host.names["b"] or "", str(host.pids["b"])):
        namespaces, notices = netns.namespaces([word])
        assert [(found.netns, found.own) for found in namespaces] == [(Netns(host.inodes["b"], host.names["b"]), False)]
        assert notices == []


def test_an_unknown_name_is_refused_with_the_nearest(host: Lab) -> None:
    with pytest.raises(UsageError, match=f"did you mean {host.names['a']}.*ip netns list") as caught:
        netns.namespaces([f"{host.names['a']}x"])
    assert "\n" not in str(caught.value)


def test_the_calling_thread_stays_in_its_namespace(host: Lab) -> None:
    before = os.readlink("/proc/thread-self/ns/net")
    namespaces, _ = netns.namespaces([host.names["a"] or ""])
    (inside,) = setns.visit(namespaces, lambda found: os.readlink("/proc/thread-self/ns/net"))  # noqa: ARG005
    assert inside == f"net:[{host.inodes['a']}]" != before
    assert os.readlink("/proc/thread-self/ns/net") == before


def test_errors_inside_a_namespace_are_raised_in_the_caller(host: Lab) -> None:
    def fail(found: netns.Namespace) -> None:
        raise ValueError(found.netns.name)

    namespaces, _ = netns.namespaces([host.names["a"] or ""])
    with pytest.raises(ValueError, match=host.names["a"] or ""):
        setns.visit(namespaces, fail)


def test_a_namespace_that_has_ended_is_skipped(host: Lab) -> None:
    found = netns.Namespace(Netns(1), False, (mounted(f"/run/netns/{host.names['a']}"), mounted("/nonexistent")), ())
    (outcome,) = setns.visit([found], lambda _: "entered")
    assert isinstance(outcome, FileNotFoundError)


def test_a_fifo_in_place_of_a_namespace_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "trap")
    found = netns.Namespace(Netns(os.stat(tmp_path / "trap").st_ino), False, (mounted(tmp_path / "trap"),), ())
    outcomes: list[object] = []
    trip = Thread(target=lambda: outcomes.extend(setns.visit([found], lambda _: "entered")), daemon=True)
    trip.start()
    trip.join(10)
    assert [type(outcome) for outcome in outcomes] == [FileNotFoundError]


def test_a_file_with_the_same_inode_number_is_no_namespace(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found = netns.Namespace(Netns(os.stat(tmp_path / "file").st_ino), False, (mounted(tmp_path / "file"),), ())
    (outcome,) = setns.visit([found], lambda _: "entered")
    assert isinstance(outcome, FileNotFoundError)


def test_after_a_refused_path_another_is_tried(host: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    really, refusals = setns._setns, [PermissionError(1, "no")]

    def refuse_once(descriptor: int) -> None:
        if refusals:
            raise refusals.pop()
        really(descriptor)

    monkeypatch.setattr(setns, "_setns", refuse_once)
    paths = (mounted(f"/run/netns/{host.names['a']}"), netns.Place(f"/proc/{host.pids['a']}/ns/net"))
    found = netns.Namespace(Netns(host.inodes["a"]), False, paths, ())
    assert setns.visit([found], lambda _: os.readlink("/proc/thread-self/ns/net")) == [f"net:[{host.inodes['a']}]"]


def test_our_namespace_has_its_name(host: Lab) -> None:
    namespaces, _ = netns.namespaces([host.names["b"] or ""])
    assert setns.visit(namespaces, lambda _: collect.own_namespace()) == [Netns(host.inodes["b"], host.names["b"])]


def test_user_nobody_gets_a_notice_about_denied_namespaces(host: Lab) -> None:
    assert "Notice(code='netns_denied'" in _as_nobody(lambda: collect.collect(REQUEST))
    # By name: of 'all' the notice names only three, which may be those of other programs.
    named = REQUEST._replace(netns=(host.names["a"] or "", host.names["b"] or ""))
    text = _as_nobody(lambda: collect.collect(named))
    assert f"2 network namespaces could not be entered: {host.names['a']}, {host.names['b']}; that takes root" in text


def test_a_namespace_that_may_not_be_entered_is_read_through_proc() -> None:
    """A user's process in a namespace that only root of its user namespace may enter is read from /proc/PID/net."""
    script = (
        "import os, subprocess, sys\n"
        "from portsock.records import Request\n"
        "from portsock.sources.linux import collect\n"
        "child = subprocess.Popen(['unshare', '-Urn', sys.executable, '-c', %r],"
        " stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)\n"
        "assert child.stdout.readline() == 'ready\\n'\n"
        "found = collect.collect(Request(frozenset({'tcp'}), netns=(str(child.pid),)))\n"
        "print([(item.local.port, item.state.value) for item in found.sockets], found.source.backend, found.notices)\n"
        "child.communicate('')\n"
    )
    inner = f"import socket,sys; s=socket.create_server(('', {PORT})); print('ready', flush=True); sys.stdin.read()"
    # Two nested user namespaces: the user of the outer one owns the process in the inner one, but may not enter it.
    done = subprocess.run(
        ["unshare", "-U", "--map-user=1000", "--map-group=1000", sys.executable, "-c", script % inner],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    if done.returncode:
        pytest.skip(f"no user namespaces here: {done.stderr[-200:]}")
    assert done.stdout == f"[({PORT}, 'LISTEN')] procfs ()\n"


@pytest.mark.usefixtures("host")
@pytest.mark.parametrize("words", [["all"], ["1"]])
def test_a_user_namespace_gets_a_notice_and_the_rest(words: list[str]) -> None:
    script = (
        "from portsock.records import Request\n"
        "from portsock.sources.linux import collect\n"
        f"found = collect.collect(Request(frozenset({{'tcp'}}), netns=tuple({words!r})))\n"
        "print(len(found.sockets), [notice.code for notice in found.notices])\n"
    )
    done = subprocess.run(
        ["unshare", "-Urn", sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).parents[3],
    )
    if done.stderr.startswith("unshare:"):
        pytest.skip(f"no user namespaces here: {done.stderr}")
    assert done.stderr == ""
    assert done.stdout.startswith("0 ['netns_denied'")


def _as_nobody(function: Callable[[], object]) -> str:
    """Return the function's result as text, from a child process of user nobody.

    It is called here first, so that all modules are imported.
    """
    function()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            text = repr(function())
        except BaseException as error:  # noqa: BLE001 - sent to the parent
            text = f"failed: {error!r}"
        with os.fdopen(writing, "w", errors="replace") as file:
            file.write(text)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as file:
        text = file.read()
    os.waitpid(child, 0)
    assert not text.startswith("failed"), text
    return text


def test_a_record_has_the_interfaces_of_each_namespace_that_was_entered(host: Lab) -> None:
    found = collect.collect(REQUEST._replace(needs=frozenset({Need.MACHINE}), owners="none"))
    assert found.machine is not None
    assert found.machine.interfaces is not None
    assert found.spaces is not None
    spaces = {space.id for space in found.spaces}
    assert {os.stat("/proc/self/ns/net").st_ino, *host.inodes.values()} <= spaces
    assert {each.netns for each in found.machine.interfaces} <= spaces
    for letter in "ab":  # in the others no device is up
        (loopback,) = [each for each in found.machine.interfaces if (each.netns, each.name) == (host.inodes[letter], "lo")]
        assert "127.0.0.1/8" in loopback.addresses
    one = collect.collect(Request(frozenset({"tcp"}), netns=(str(host.pids["a"]),), needs=frozenset({Need.MACHINE})))
    assert one.machine is not None
    assert {each.netns for each in one.machine.interfaces or ()} == {host.inodes["a"]}
    assert [space.id for space in one.spaces or ()] == [host.inodes["a"]]


def test_without_the_need_nothing_is_asked_about_the_machine() -> None:
    found = collect.collect(Request(frozenset({"tcp"}), owners="none"))
    assert (found.machine, [space.id for space in found.spaces or ()]) == (None, [os.stat("/proc/self/ns/net").st_ino])
