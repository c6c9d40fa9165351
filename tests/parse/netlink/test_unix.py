"""Unix sockets from sock_diag."""

import struct
import sys

import pytest

from portsock.model import Family, SocketType, State, UnixEndpoint
from portsock.parse.netlink.message import attribute
from portsock.parse.netlink.unix import decode
from portsock.records import SocketRecord
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


SHUTDOWN, VFS = 6, 1


def decode_row(*attributes: bytes) -> SocketRecord:
    body = struct.pack("=BBBBIQ", 1, 1, 1, 0, 77, 5) + b"".join(attributes)
    (record,) = decode(body, [(0, len(body))], None, False)
    return record


@pytest.mark.parametrize("bits", [0, 1, 2, 3])
def test_shutdown_is_the_kernels_mask(bits: int) -> None:
    assert decode_row(attribute(SHUTDOWN, bytes([bits]))).shutdown == bits


def test_a_row_without_attributes_has_no_details() -> None:
    record = decode_row()
    assert (record.shutdown, record.vfs, record.local) == (None, None, UnixEndpoint(None))


def test_the_device_of_a_path_is_encoded_as_stat_does() -> None:
    device = 8 << 20 | 0x12345  # major 8, minor 0x12345
    assert decode_row(attribute(VFS, struct.pack("=II", 99, device))).vfs == (0x12300845, 99)
