"""Pairs of network namespaces that are joined by veth and all have the same two addresses, with sockets of this process."""

import os
import socket
import subprocess
from collections.abc import Callable
from contextlib import ExitStack
from typing import NamedTuple, TypeVar

import pytest

from portsock.sources.linux.netns import namespaces
from portsock.sources.linux.setns import visit

SERVER, CLIENT = "10.72.0.1", "10.72.0.2"
PORT, CLIENT_PORT = 8743, 40743
_Result = TypeVar("_Result")


class Pair(NamedTuple):
    """The namespaces of a server and of a client, by name."""

    server: str
    client: str

    def connect(self, stack: ExitStack, port: int = CLIENT_PORT) -> tuple[int, int]:
        """Connect from the client's port to the server's. Returns the inodes of the server's and of the client's socket."""
        listener = inside(self.server, lambda: socket.create_server((SERVER, PORT), reuse_port=True))
        with listener:
            client = inside(self.client, lambda: socket.create_connection((SERVER, PORT), 5, (CLIENT, port)))
            server, _ = listener.accept()
        stack.enter_context(client)
        stack.enter_context(server)
        return os.fstat(server.fileno()).st_ino, os.fstat(client.fileno()).st_ino


def inside(name: str, function: Callable[[], _Result]) -> _Result:
    """Call a function in a namespace."""
    found, _ = namespaces([name])
    (outcome,) = visit(found, lambda _: function())
    assert not isinstance(outcome, OSError), outcome
    return outcome


def ip(*words: str) -> None:
    """Run ip(8). Skips the test where it may not."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"ip {' '.join(words)}: {done.stderr.strip()}")


def pair(stack: ExitStack, letters: str) -> Pair:
    """Make two namespaces, named after these two letters, which the stack removes."""
    server, client = (f"portsock-{os.getpid()}-{letter}" for letter in letters)
    for name in (server, client):
        ip("netns", "add", name)
        stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
        ip("-n", name, "link", "set", "lo", "up")
    ip("-n", server, "link", "add", "out", "type", "veth", "peer", "name", "out", "netns", client)
    for name, address in ((server, SERVER), (client, CLIENT)):
        ip("-n", name, "addr", "add", f"{address}/24", "dev", "out")
        ip("-n", name, "link", "set", "out", "up")
    return Pair(server, client)
