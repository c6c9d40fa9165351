"""SK_MEMINFO, which is the same in every diag family."""

import struct

from portsock.model import SocketMemory
from portsock.parse.netlink.message import socket_memory


def test_all_nine_words_are_decoded() -> None:
    assert socket_memory(struct.pack("=10I", *range(10))) == SocketMemory(0, 1, 2, 3, 4, 5, 6, 7, 8)


def test_drops_are_none_where_the_kernel_does_not_count_them() -> None:
    memory = socket_memory(struct.pack("=8I", *range(8)))
    assert memory is not None
    assert (memory.backlog, memory.drops) == (7, None)


def test_too_few_words_are_none() -> None:
    assert socket_memory(bytes(28)) is None
