"""The sockets and processes that a target names."""

from typing import Any

import pytest

from portsock.explain.subject import find_subject, serves
from portsock.model import InetEndpoint, Role
from portsock.query.target import parse_target
from tests.support.explain_factory import HOST, SERVICES, answer, seen, with_sockets
from tests.support.factory import tcp


def test_sockets_without_addresses_do_not_break_an_answer() -> None:
    snapshot = seen([tcp("0.0.0.0:80", inode=1)], {1: 500})
    bare = snapshot.sockets[0]._replace(local=None, remote=None, state=None, role=Role.UNKNOWN, inode=9)
    named = bare._replace(local=InetEndpoint(None, None, hostname="web", label="http"), inode=10)
    for target in ("pid:500", "inode:9", "inode:10", "80"):
        assert answer(target, with_sockets(snapshot, bare, named)).found


def test_a_client_of_a_loopback_address_is_the_other_end_of_this_hosts_port() -> None:
    host = HOST._replace(addresses=frozenset())
    records = [tcp("0.0.0.0:80", inode=1), tcp("10.0.0.7:40000", "127.0.0.5:80", inode=2)]
    subject = find_subject(parse_target("80", SERVICES), seen(records, host=host), SERVICES)
    assert [socket.inode for socket in subject.remote_sockets] == [2]
    assert subject.outbound_sockets == []


def test_connections_to_the_same_port_of_other_hosts_are_no_part_of_the_answer() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("10.0.0.7:40000", "192.0.2.1:80", inode=2)]
    subject = find_subject(parse_target("80", SERVICES), seen(records), SERVICES)
    assert [socket.inode for socket in subject.sockets] == [1]
    assert [socket.inode for socket in subject.outbound_sockets] == [2]


@pytest.mark.parametrize(
    ("local", "more", "versions"),
    [
        ("0.0.0.0:80", {}, {4}),
        (":::80", {"v6only": True}, {6}),
        (":::80", {"v6only": False}, {4, 6}),
        (":::80", {"v6only": None}, {4, 6}),
    ],
)
def test_a_wildcard_takes_the_ip_versions_that_it_stands_for(local: str, more: dict[str, Any], versions: set[int]) -> None:
    (listener,) = seen([tcp(local, **more)]).sockets
    assert {version for version in (4, 6) if serves(listener, version)} == versions
