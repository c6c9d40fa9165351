"""The sockets and processes that a target names."""

from portsock.model import (
    InetEndpoint,
    Role,
)
from tests.support.explain_factory import answer, seen, with_sockets
from tests.support.records import tcp


def test_sockets_without_addresses_do_not_break_an_answer() -> None:
    snapshot = seen([tcp("0.0.0.0:80", inode=1)], {1: 500})
    bare = snapshot.sockets[0]._replace(local=None, remote=None, state=None, role=Role.UNKNOWN, inode=9)
    named = bare._replace(local=InetEndpoint(None, None, hostname="web", label="http"), inode=10)
    for target in ("pid:500", "inode:9", "inode:10", "80"):
        assert answer(target, with_sockets(snapshot, bare, named)).found
