"""Netlink channels for tests that replay recorded or made-up answers."""

import struct
from collections.abc import Iterable
from pathlib import Path

from portsock.parse.netlink.message import HEADER, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sock_diag"


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    """Pack one padded message; its sequence number is filled in when it is sent."""
    return HEADER.pack(HEADER.size + len(body), kind, flags, 0, 0) + body + bytes(-len(body) % 4)


def done(error: int = 0, flags: int = 0) -> bytes:
    """Pack the end of a dump, with an error number where the dump failed."""
    return message(NLMSG_DONE, struct.pack("=i", -error), flags)


def failed(error: int) -> bytes:
    """Pack the refusal of a request."""
    return message(NLMSG_ERROR, struct.pack("=i", -error) + bytes(16))


INTERRUPTED = NLM_F_DUMP_INTR


def numbered(data: bytes, sequence: int) -> bytes:
    """Return the messages with this sequence number."""
    changed = bytearray(data)
    at = 0
    while at + HEADER.size <= len(changed):
        struct.pack_into("=I", changed, at + 8, sequence)
        at += max(struct.unpack_from("=I", changed, at)[0] + 3 & ~3, HEADER.size)
    return bytes(changed)


class Channel:
    """Answer the n-th request with the n-th script, and all further requests with the last one.

    A script's items are batches to receive or errors to raise.
    """

    def __init__(self, *scripts: Iterable[bytes | OSError]) -> None:
        self._scripts = [list(script) for script in scripts]
        self._current: list[bytes | OSError] = []
        self.requests: list[bytes] = []

    def send(self, data: bytes, /) -> int:
        self._current = list(self._scripts[min(len(self.requests), len(self._scripts) - 1)])
        self.requests.append(data)
        return len(data)

    def recv_into(self, buffer: memoryview, /) -> int:
        item = self._current.pop(0)
        if isinstance(item, OSError):
            raise item
        sequence = struct.unpack_from("=I", self.requests[-1], 8)[0]
        data = numbered(item, sequence)
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        """Do nothing: there is no descriptor to close."""


def recorded(name: str) -> Channel:
    """Return a channel that replays one recorded answer."""
    return Channel([(FIXTURES / f"{name}.bin").read_bytes()])
