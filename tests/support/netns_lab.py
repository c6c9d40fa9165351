"""Four network namespaces with a listener on the same port in each, and the processes and descriptors that keep them alive.

`a` and `b` are joined by a veth pair and each has a process. No process runs in the other two: `c` has no name, only this
process holds a descriptor of it and a listener in it; `d` has a name below /run/netns, and its listener is held here.
"""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest

PORT = 8742
_LISTEN = f"""
import array, os, socket, sys
listener = socket.create_server(("", {PORT}))
if sys.argv[1] != "stay":
    end = socket.socket(fileno=int(sys.argv[1]))
    socket.send_fds(end, [b"x"], [listener.fileno(), os.open("/proc/self/ns/net", os.O_RDONLY)])
    sys.exit()
near = socket.socket(type=socket.SOCK_DGRAM)
near.bind(("127.0.0.1", {PORT}))
near.connect(("127.0.0.1", {PORT + 1}))
far = socket.socket(type=socket.SOCK_DGRAM)
far.bind(("127.0.0.1", {PORT + 1}))
far.connect(("127.0.0.1", {PORT}))
print("ready", flush=True)
sys.stdin.read()
"""


class Lab(NamedTuple):
    """The namespaces' names, the pid that listens in each, and their inode numbers, by letter."""

    names: dict[str, str | None]
    pids: dict[str, int]
    inodes: dict[str, int]
    descriptor: int
    """This process's descriptor of `c`."""


def _ip(*words: str) -> None:
    done = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"ip {' '.join(words)}: {done.stderr.strip()}")


@contextmanager
def lab() -> Iterator[Lab]:
    """Make the namespaces, and remove them at the end. Skips the test where ip(8) may not."""
    names = {letter: f"portsock-{os.getpid()}-{letter}" for letter in "abd"}
    inodes, pids = {}, {"c": os.getpid(), "d": os.getpid()}
    with ExitStack() as stack:
        for letter, name in names.items():
            _ip("netns", "add", name)
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
            _ip("-n", name, "link", "set", "lo", "up")
            inodes[letter] = os.stat(f"/run/netns/{name}").st_ino
        _ip("-n", names["a"], "link", "add", "toB", "type", "veth", "peer", "name", "toA", "netns", names["b"])
        for letter, device, address in (("a", "toB", "10.71.0.1/24"), ("b", "toA", "10.71.0.2/24")):
            _ip("-n", names[letter], "addr", "add", address, "dev", device)
            _ip("-n", names[letter], "link", "set", device, "up")
            pids[letter] = _stay(stack, names[letter])
        _leave(stack, ["ip", "netns", "exec", names["d"]])
        descriptor = _leave(stack, ["unshare", "-n"])
        inodes["c"] = os.fstat(descriptor).st_ino
        yield Lab({**names, "c": None}, pids, inodes, descriptor)


def _stay(stack: ExitStack, name: str) -> int:
    """Start a process with sockets in a namespace and return its pid."""
    # `ip netns exec` becomes the command, so that the pid is the listener's.
    process = stack.enter_context(
        subprocess.Popen(
            ["ip", "netns", "exec", name, sys.executable, "-c", _LISTEN, "stay"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
    )
    stack.callback(process.kill)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process.pid


def _leave(stack: ExitStack, enter: list[str]) -> int:
    """Have a process make a listener in a namespace, pass it to this process and exit.

    Returns a descriptor of the namespace where it has no name, else -1.
    """
    ours, theirs = socket.socketpair()
    with ours, theirs:
        command = [*enter, sys.executable, "-c", _LISTEN, str(theirs.fileno())]
        subprocess.run(command, check=True, pass_fds=[theirs.fileno()])
        _, (listener, namespace), _, _ = socket.recv_fds(ours, 1, 2)
    stack.callback(os.close, listener)
    if enter[0] == "ip":
        os.close(namespace)
        return -1
    stack.callback(os.close, namespace)
    return namespace
