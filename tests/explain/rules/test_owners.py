"""Findings about holders of sockets."""

from typing import Any

import pytest

from portsock.explain.types import PathFacts
from portsock.model import Netns, Owner, OwnerReason, Process, Role, SocketType, Source, State, UnixEndpoint, Viewpoint
from portsock.normalize.snapshot import normalize
from portsock.records import Unreadable
from tests.support.explain_factory import HOST, SYSTEMD, answer, codes, finding, seen, unix, with_sockets
from tests.support.factory import collection, tcp, udp

STALE = PathFacts(True, True, (1, 2), 0o666, bound=False)


def test_a_deleted_executable_that_still_listens() -> None:
    old = Process(910, "appd", "appd", "/opt/appd", exe_deleted=True)
    snapshot = seen([tcp("127.0.0.1:8080")], {1: 910}, [old])
    found = finding("deleted_executable", answer("8080", snapshot))
    assert found is not None
    assert "executable /opt/appd" in found.evidence
    assert codes("8080", seen([tcp("127.0.0.1:8080")], {1: 910}, [old._replace(exe_deleted=False)])) == set()


def test_socket_activation_says_to_stop_the_socket_unit() -> None:
    snapshot = seen([tcp("127.0.0.1:8080")], {1: (SYSTEMD.pid, 500)})
    explanation = answer("8080", snapshot)
    found = finding("socket_activation", explanation)
    assert found is not None
    assert "stop the .socket unit" in found.advice
    assert [command.line for command in explanation.next] == [
        "systemctl stop nginx.socket nginx.service",
        "systemctl list-sockets --all",
    ]
    assert finding("inherited_descriptor", explanation) is None
    assert not any(command.line.startswith("kill") for command in explanation.next)


def test_a_listener_left_to_a_program_that_never_opens_one() -> None:
    child = Process(920, "sleep", "sleep", "/usr/bin/sleep", ("sleep", "600"), ppid=1)
    found = finding("inherited_descriptor", answer("8080", seen([tcp("127.0.0.1:8080")], {1: 920}, [child])))
    assert found is not None
    assert "sleep (pid 920)" in found.title


def test_a_child_with_another_program_that_holds_its_parents_listener() -> None:
    child = Process(921, "convert", "convert", "/usr/bin/convert", ppid=700)
    found = finding("inherited_descriptor", answer("8080", seen([tcp("127.0.0.1:8080")], {1: (700, 921)}, [child])))
    assert found is not None
    assert "convert (pid 921)" in found.title


def test_forked_workers_are_no_unusual_holders() -> None:
    assert codes("8080", seen([tcp("127.0.0.1:8080")], {1: (500, 501)})) == set()


def test_a_forwarder_is_not_to_be_killed() -> None:
    proxy = Process(930, "docker-proxy", "docker-proxy", "/usr/bin/docker-proxy", forwards_to="172.17.0.2:80 (web)",
                    container="web")  # fmt: skip
    explanation = answer("8080", seen([tcp("0.0.0.0:8080")], {1: 930}, [proxy]))
    found = finding("port_forwarder", explanation)
    assert found is not None
    assert "172.17.0.2:80 (web)" in found.title
    assert "Stop the container" in found.advice
    assert explanation.next[0].line == "docker stop web"
    assert not any("kill" in command.line for command in explanation.next)


def test_a_listener_of_another_user_without_root() -> None:
    hidden = [Unreadable(950, 33, OwnerReason.OTHER_USER)]
    snapshot = normalize([collection([tcp("0.0.0.0:80", uid=33)], {}, hidden, host=HOST)])
    explanation = answer("80", snapshot)
    found = finding("listener_without_process", explanation)
    assert found is not None
    assert "mostly another user's" in found.detail
    assert "1 process could not be read" in found.evidence
    assert explanation.next[0].line == 'sudo "$(command -v portsock)" explain 80'


@pytest.mark.parametrize(
    ("record", "target", "words"),
    [
        (udp("0.0.0.0:51820"), "51820", "WireGuard; 'wg show'"),
        (tcp("0.0.0.0:2049"), "2049", "NFS server; 'rpcinfo -p'"),
        (tcp("0.0.0.0:41234"), "41234", "lockd; 'rpcinfo -p'"),
    ],
)
def test_a_socket_that_no_process_holds_gets_the_kernel_as_candidate(record: Any, target: str, words: str) -> None:
    found = finding("listener_without_process", answer(target, seen([record])))
    assert found is not None
    assert words in found.advice
    assert "inferred" in found.detail


def test_a_listing_without_process_column_is_no_finding() -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80")], ownership=None, host=HOST)])
    assert codes("80", snapshot) == set()


def test_a_stale_unix_path() -> None:
    explanation = answer("/run/x.sock", seen([]), path=STALE)
    assert finding("stale_unix_path", explanation) is not None
    assert explanation.found
    assert codes("/run/x.sock", seen([]), path=PathFacts(False)) == set()


@pytest.mark.parametrize(
    ("bound", "backend", "title"),
    [
        (None, "netlink", "No socket here is known to be bound to /run/x.sock; one of another network namespace may be."),
        (True, "netlink", "/run/x.sock leads to a socket of a network namespace that was not looked into."),
        (True, "procfs", "/run/x.sock leads to a socket that has another name or is in another network namespace."),
    ],
)
def test_a_file_whose_socket_may_be_elsewhere_is_not_stale(bound: bool | None, backend: str, title: str) -> None:
    snapshot = seen([])._replace(source=Source("live", backend), viewpoint=Viewpoint(Netns(1), uid=1000))
    explanation = answer("/run/x.sock", snapshot, path=STALE._replace(bound=bound))
    (found,) = explanation.findings
    assert (found.code, found.title, explanation.headline) == ("unseen_unix_server", title, title)
    assert found.advice.startswith("Leave the file where it is, and repeat the question as root: ")
    assert "remove" not in str(explanation)


def test_root_is_sent_to_the_host_only_from_a_container() -> None:
    for pidns, advice in ((None, "Leave the file where it is."), (5, "and repeat the question on the host, outside")):
        snapshot = seen([])._replace(viewpoint=Viewpoint(Netns(1), uid=0, pidns=pidns))
        assert advice in answer("/run/x.sock", snapshot, path=STALE._replace(bound=True)).findings[0].advice


def test_connections_do_not_hide_that_their_server_is_gone_or_elsewhere() -> None:
    accepted = unix(b"/run/x.sock", State.ESTABLISHED, vfs=(1, 2), role=Role.SERVER, remote=UnixEndpoint(None))
    snapshot = with_sockets(seen([]), accepted)
    assert codes("/run/x.sock", snapshot, path=STALE) == {"stale_unix_path"}
    explanation = answer("/run/x.sock", snapshot, path=STALE._replace(bound=True))
    assert [found.code for found in explanation.findings] == ["unseen_unix_server"]
    assert explanation.summary == "/run/x.sock exists as a file, but no socket here is bound to it."


def test_a_datagram_socket_with_a_peer_has_its_own_file() -> None:
    named = UnixEndpoint(b"/run/x.sock")
    for role in (Role.SERVER, Role.UNKNOWN):
        bound = unix(b"/run/x.sock", State.ESTABLISHED, vfs=(1, 2), role=role, remote=named, type=SocketType.DGRAM)
        assert codes("/run/x.sock", with_sockets(seen([]), bound), path=STALE._replace(bound=True)) == set()


def test_a_server_whose_file_is_not_known_may_be_this_files() -> None:
    snapshot = with_sockets(seen([]), unix(b"/run/x.sock", State.LISTEN))
    assert codes("/run/x.sock", snapshot, path=STALE._replace(bound=True)) == set()
    snapshot = with_sockets(seen([]), unix(b"/run/x.sock", State.LISTEN, vfs=(1, 2)))
    assert codes("/run/x.sock", snapshot, path=PathFacts(True)) == set()


def test_a_replaced_unix_path() -> None:
    snapshot = with_sockets(seen([]), unix(b"/run/x.sock", State.LISTEN, vfs=(1, 2)))
    assert codes("/run/x.sock", snapshot, path=PathFacts(True, True, (1, 3), 0o666)) == {"replaced_unix_path"}
    assert codes("/run/x.sock", snapshot, path=PathFacts(False)) == {"replaced_unix_path"}
    assert codes("/run/x.sock", snapshot, path=PathFacts(True, True, (1, 2), 0o666)) == set()


def test_hostile_names_do_not_break_a_rule() -> None:
    evil = Process(940, "x{0}\n\x1b[31m", "{count}", "/tmp/{who}", exe_deleted=True)  # noqa: S108 - a name, never opened
    snapshot = with_sockets(seen([tcp("0.0.0.0:5432")], {1: 940}, [evil]), unix(b"\xff{}", State.LISTEN))
    assert codes("5432", snapshot) == {"deleted_executable"}


def test_a_unix_socket_held_by_a_shell_is_no_inherited_port() -> None:
    shell = Owner(950, 3, "bash", "dev")
    snapshot = with_sockets(seen([]), unix(b"/run/x.sock", State.LISTEN, owners=(shell,)))
    assert codes("/run/x.sock", snapshot) == set()


def test_a_path_that_its_process_sees_elsewhere_is_not_called_replaced() -> None:
    snapshot = with_sockets(seen([]), unix(b"/run/x.sock", State.LISTEN, inode=7, vfs=(1, 2)))
    assert codes("/run/x.sock", snapshot, path=PathFacts(False, foreign=frozenset({7}))) == set()


def test_unreadable_processes_come_before_the_kernel_as_explanation() -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:2049")], {}, [Unreadable(1, 0, OwnerReason.DENIED)], host=HOST)])
    found = finding("listener_without_process", answer("2049", snapshot))
    assert found is not None
    assert "NFS" not in found.advice + found.detail
