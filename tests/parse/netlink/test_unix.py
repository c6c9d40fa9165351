"""Unix sockets from sock_diag."""

import sys

import pytest

from portsock.model import Family, SocketType, State, UnixEndpoint
from tests.parse.netlink.recorded_answers import FACTS, answer, by_name

pytestmark = [
    pytest.mark.usefixtures("interfaces"),
    pytest.mark.skipif(sys.byteorder != "little", reason="the answers were recorded on a little-endian machine"),
]


def test_unix_sockets_have_names_peers_and_files() -> None:
    found = by_name(answer("unix", Family.UNIX))
    path, abstract = found["unix-path"], found["unix-abstract"]
    assert (path.local, path.state, path.accept_limit, path.type) == (
        UnixEndpoint(b"with space.sock"),
        State.LISTEN,
        3,
        SocketType.STREAM,
    )
    assert path.vfs == tuple(FACTS["device"])
    assert (abstract.local, abstract.type) == (UnixEndpoint(b"portsock\0inside\xff", True), SocketType.SEQPACKET)
    for one, other in (("unix-client", "unix-server"), ("unix-one", "unix-other")):
        assert (found[one].peer_inode, found[other].peer_inode) == (found[other].inode, found[one].inode)
        assert found[one].state is State.ESTABLISHED
    assert found["unix-client"].local == UnixEndpoint(None)
    assert found["unix-server"].local == path.local
    assert abstract.uid == 0
