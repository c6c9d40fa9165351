"""Dumps of nf_tables: captured in a network namespace of their own, and replayed.

`python -m tests.support.nf_tables` captures the fixtures again, as root, with nft(8) and iptables-nft(8).
"""

import ctypes
import lzma
import os
import shlex
import struct
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread
from typing import TypeVar

from portsock.parse.netlink.message import HEADER
from portsock.rulesets import Ruleset
from portsock.sources.linux.firewall import rules
from portsock.sources.linux.netlink import open_channel
from tests.support.netlink_replay import done, numbered

FIXTURES = Path(__file__).parents[1] / "fixtures" / "nf_tables"
NO_PROC = "/nonexistent"
_RECORD = struct.Struct("=II")
"""Bytes of a request without its header's sequence, and of its answer."""
_CLONE_NEWNET = 0x40000000
_Result = TypeVar("_Result")


class Recorder:
    """A netlink channel that keeps what it sends and receives."""

    def __init__(self) -> None:
        self._opened = open_channel(rules.NETLINK_NETFILTER)
        self.exchanges: list[tuple[bytes, bytearray]] = []

    def send(self, data: bytes, /) -> int:
        self.exchanges.append((_without_sequence(data), bytearray()))
        return self._opened.send(data)

    def recv_into(self, buffer: memoryview, /) -> int:
        length = self._opened.recv_into(buffer)
        self.exchanges[-1][1].extend(buffer[:length])
        return length


class Replay:
    """A netlink channel that answers as a recorded one did; to a request that was not recorded it has an empty dump."""

    def __init__(self, answers: dict[bytes, bytes]) -> None:
        self.answers = answers
        self.requests: list[bytes] = []

    def send(self, data: bytes, /) -> int:
        self.requests.append(data)
        return len(data)

    def recv_into(self, buffer: memoryview, /) -> int:
        last = self.requests[-1]
        answer = numbered(self.answers.get(_without_sequence(last), done()), struct.unpack_from("=I", last, 8)[0])
        buffer[: len(answer)] = answer
        return len(answer)


def _without_sequence(request: bytes) -> bytes:
    return request[:8] + bytes(HEADER.size - 8) + request[HEADER.size :]


def recorded(name: str) -> dict[bytes, bytes]:
    """Return the answers of a fixture by request."""
    data, at, found = lzma.decompress((FIXTURES / f"{name}.xz").read_bytes()), 0, {}
    while at < len(data):
        asked, answered = _RECORD.unpack_from(data, at)
        at += _RECORD.size
        found[data[at : at + asked]] = data[at + asked : at + asked + answered]
        at += asked + answered
    return found


def replayed(name: str) -> Ruleset:
    return rules.load(NO_PROC, Replay(recorded(name)))


@contextmanager
def namespace() -> Iterator[str]:
    """Make a network namespace for a while."""
    name = f"portsock-nft-{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        yield name
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False)


def inside(name: str, command: str, text: str | None = None) -> None:
    """Run a command in a network namespace. Raises CalledProcessError."""
    words = ["ip", "netns", "exec", name, *shlex.split(command)]
    subprocess.run(words, input=text, text=True, check=True, capture_output=True)


def visit(name: str, function: Callable[[], _Result]) -> _Result:
    """Call a function in a thread that entered a network namespace."""
    found: list[_Result] = []

    def enter() -> None:
        with open(f"/run/netns/{name}") as file:
            ctypes.CDLL(None).setns(file.fileno(), _CLONE_NEWNET)  # os.setns() is of Python 3.12
        found.append(function())

    thread = Thread(target=enter)
    thread.start()
    thread.join()
    return found[0]


def load_nft(name: str) -> None:
    from tests.parse.netlink.nftables.constructs import ruleset

    inside(name, "ip link set lo up")
    inside(name, "nft -f -", ruleset())


def load_iptables(name: str) -> None:
    from tests.parse.netlink.nftables.commands import BEFORE, COMMANDS

    for command in (*BEFORE, *(command for command, _ in COMMANDS)):
        inside(name, command)


def _capture(fixture: str, prepare: Callable[[str], None]) -> None:
    with namespace() as name:
        prepare(name)
        recorder = visit(name, _recorded)
    data = b"".join(_RECORD.pack(len(asked), len(answer)) + asked + answer for asked, answer in recorder.exchanges)
    FIXTURES.mkdir(exist_ok=True)
    (FIXTURES / f"{fixture}.xz").write_bytes(lzma.compress(data, preset=9))


def _recorded() -> Recorder:
    recorder = Recorder()
    rules.load(NO_PROC, recorder)
    return recorder


if __name__ == "__main__":
    _capture("nft", load_nft)
    _capture("iptables", load_iptables)
