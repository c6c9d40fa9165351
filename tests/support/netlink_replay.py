"""Netlink channels for tests: recorded answers, and answers made up by a script."""

import struct
from collections.abc import Iterable
from pathlib import Path

from portsock.parse.netlink.message import HEADER, NLM_F_DUMP_INTR, NLMSG_DONE, NLMSG_ERROR

FIXTURES = Path(__file__).parents[1] / "fixtures" / "sock_diag"


def message(kind: int, body: bytes, flags: int = 0) -> bytes:
    """One message, padded; its sequence number is filled in when it is sent."""
    return HEADER.pack(HEADER.size + len(body), kind, flags, 0, 0) + body + bytes(-len(body) % 4)


def done(error: int = 0, flags: int = 0) -> bytes:
    """The end of a dump, with an error number where it failed."""
    return message(NLMSG_DONE, struct.pack("=i", -error), flags)


def failed(error: int) -> bytes:
    """A request's refusal."""
    return message(NLMSG_ERROR, struct.pack("=i", -error) + bytes(16))


INTERRUPTED = NLM_F_DUMP_INTR


def numbered(data: bytes, sequence: int) -> bytes:
    """The same messages with this sequence number."""
    changed = bytearray(data)
    at = 0
    while at + HEADER.size <= len(changed):
        struct.pack_into("=I", changed, at + 8, sequence)
        at += max(struct.unpack_from("=I", changed, at)[0] + 3 & ~3, HEADER.size)
    return bytes(changed)


class Channel:
    """Answers the n-th request with the n-th of its scripts; a script's items are batches to receive or errors to raise.

    The last script answers all further requests.
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
        """Nothing is held."""


def recorded(name: str) -> Channel:
    """A channel that gives one recorded answer."""
    return Channel([(FIXTURES / f"{name}.bin").read_bytes()])
