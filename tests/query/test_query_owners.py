"""Targets and filters that name processes, users, units, containers and descriptors."""

import pytest

from portsock.model import Owner, Process
from portsock.query.query import Query, selects_by_owner, without_owners
from tests.support.query_factory import asking, found, held, inet, target, unix


def test_inodes_and_descriptors() -> None:
    sockets = [inet("1.1.1.1:1", inode=7), held(unix(b"/x"), Owner(5, 3), Owner(6, 4)), held(inet("1.1.1.1:1"), Owner(5, 4))]
    assert found(asking("inode:7"), *sockets) == [0]
    assert found(asking("fd:6/4"), *sockets) == [1]
    assert found(asking("fd:5/4"), *sockets) == [2]
    assert found(asking("pid:5"), *sockets, side="local") == [2]
    assert found(Query(pids=(6,), all_families=True), *sockets) == [1]


PROCESSES: dict[tuple[str | None, int], Process] = {
    (None, 1): Process(1, "nginx: master", "nginx", "/usr/sbin/nginx-debug", user="root", uid=0, unit="nginx.service"),
    (None, 2): Process(2, "web app", "MainThread", None, user="dev", uid=1000, unit="app.scope", container="web"),
    (None, 3): Process(3, "[odd]", None, r"C:\Tools\odd.exe", container="0123456789ab"),
}


def owned(query: Query) -> list[int]:
    sockets = [held(inet("1.1.1.1:1"), Owner(pid, 3)) for pid in (1, 2, 3)]
    return found(query, *sockets, processes=PROCESSES)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("proc:nginx", [0]),
        ("proc:NGINX", []),
        ("proc:nginx*", [0]),
        ("proc:nginx-debug", [0]),
        ("proc:web app", [1]),
        ("proc:Main*", [1]),
        ("proc:[odd]", [2]),
        ("proc:odd.exe", [2]),
        ("proc:*", [0, 1, 2]),
        ("unit:nginx", [0]),
        ("unit:nginx.service", [0]),
        ("unit:app", []),
        ("unit:app.scope", [1]),
        ("container:web", [1]),
        ("container:we", []),
        ("container:0123", [2]),
        ("container:012", []),
        ("container:0123456789abcdef", [2]),
        ("user:root", [0]),
        ("user:0", [0]),
        ("user:1000", [1]),
    ],
)
def test_owners_by_name(text: str, expected: list[int]) -> None:
    assert owned(asking(text)) == expected
    if text.startswith("proc:"):
        assert owned(Query(processes=(text[5:],))) == expected
    if text.startswith("user:"):
        assert owned(Query(users=(text[5:],))) == expected


def test_names_from_a_listing_match_without_process_facts() -> None:
    socket = held(inet("1.1.1.1:1"), Owner(9, 3, "sshd", "dev"))
    assert found(asking("proc:ssh?"), socket) == [0]
    assert found(asking("user:dev"), socket) == [0]


def test_a_name_of_a_listing_and_the_names_of_the_process_all_match() -> None:
    socket = held(inet("1.1.1.1:1"), Owner(1, 3, "nginx: worker"))
    for text in ("proc:nginx: worker", "proc:nginx: master", "proc:nginx-debug"):
        assert found(asking(text), socket, processes=PROCESSES) == [0]


def test_each_process_is_judged_by_its_own_names() -> None:
    sockets = [held(inet("1.1.1.1:1"), Owner(pid, 3), Owner(None, None, "helper")) for pid in (1, 2, 1)]
    assert found(asking("proc:nginx"), *sockets, processes=PROCESSES) == [0, 2]
    assert found(asking("proc:helper"), *sockets, processes=PROCESSES) == [0, 1, 2]


def test_a_uid_has_up_to_ten_digits() -> None:
    assert found(asking("user:4294967294"), inet("1.1.1.1:1", uid=4294967294)) == [0]


def test_a_containers_port_forwarder_is_found_by_the_containers_name() -> None:
    docker = Process(4, "docker-proxy", forwards_to="172.17.0.2:80 (web)")
    podman = Process(5, "rootlessport", forwards_to="container db")
    unnamed = Process(6, "docker-proxy", forwards_to="172.17.0.3:80")
    processes: dict[tuple[str | None, int], Process] = {(None, each.pid): each for each in (docker, podman, unnamed)}
    sockets = [held(inet("1.1.1.1:1"), Owner(pid, 3)) for pid in (4, 5, 6)]
    assert found(asking("container:web"), *sockets, processes=processes) == [0]
    assert found(asking("container:db"), *sockets, processes=processes) == [1]


def test_processes_of_different_listings_are_kept_apart() -> None:
    sockets = [held(inet("1.1.1.1:1", host=host), Owner(1, 3)) for host in ("web", "db")]
    processes = {("web", 1): Process(1, "nginx"), ("db", 1): Process(1, "postgres")}
    assert found(asking("proc:postgres"), *sockets, processes=processes) == [1]


def test_a_user_is_that_of_an_owner_or_without_owners_that_of_the_socket() -> None:
    sockets = [
        held(inet("1.1.1.1:1", uid=1000, user="dev"), Owner(1, 3, None, "root")),
        inet("1.1.1.1:1", uid=1000, user="dev"),
        inet("1.1.1.1:1", uid=None),
        inet("1.1.1.1:1", uid=0),
    ]
    assert found(Query(users=("dev",)), *sockets) == [1]
    assert found(Query(users=("1000",)), *sockets) == [1]
    assert found(Query(users=("root",)), *sockets) == [0]
    assert found(Query(users=("0",)), *sockets) == [3]
    assert found(Query(users=("root", "1000")), *sockets) == [0, 1]


def test_owner_filters_are_targets_and_options_that_name_processes() -> None:
    for query in (asking("80", "proc:x"), asking("fd:1/2"), Query(users=("0",)), Query(pids=(1,)), Query(processes=("x",))):
        assert selects_by_owner(query)
    for query in (Query(), asking("80", "inode:7", "/x"), Query(exclude=(target("pid:1"),))):
        assert not selects_by_owner(query)


def test_a_query_without_owners_keeps_its_other_conditions() -> None:
    query = asking("80", exclude=(target("proc:x"), target("90")), pids=(1,), processes=("x",), users=("0",), listening=True)
    assert without_owners(query) == asking("80", exclude=(target("90"),), listening=True)
    assert without_owners(asking("80", "proc:x")).targets == ()
