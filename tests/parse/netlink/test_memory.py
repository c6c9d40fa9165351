"""SK_MEMINFO, which every diag family gives alike."""

import struct

from portsock.model import SocketMemory
from portsock.parse.netlink.memory import socket_memory


def test_all_nine_words_are_told() -> None:
    assert socket_memory(struct.pack("=10I", *range(10))) == SocketMemory(0, 1, 2, 3, 4, 5, 6, 7, 8)


def test_a_kernel_that_does_not_count_drops_tells_none_and_not_zero() -> None:
    memory = socket_memory(struct.pack("=8I", *range(8)))
    assert memory is not None
    assert (memory.backlog, memory.drops) == (7, None)


def test_too_few_words_are_nothing() -> None:
    assert socket_memory(bytes(28)) is None
