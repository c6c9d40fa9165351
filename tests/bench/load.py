"""Load for the benchmark: processes with a listener, loopback connections of which they hold both ends, and plain files.

The load ends with the benchmark, even if that is killed: each process waits for a pipe that only its parent holds, and an
alarm ends it at the latest.
"""

import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

_LIFETIME = 900
"""Seconds after which the load ends in any case."""
_MOST_PROCESSES, _MOST_SOCKETS, _MOST_FILES = 1000, 500_000, 500_000
_SPARE = 64
"""Descriptors that a process needs in addition to its load."""


class Load(NamedTuple):
    """Numbers of processes, and of connections and files in each process."""

    processes: int = 200
    connections: int = 125
    files: int = 100

    @property
    def sockets(self) -> int:
        """The number of TCP sockets of all processes."""
        return self.processes * (2 * self.connections + 1)

    @property
    def descriptors(self) -> int:
        """The number of descriptors of all processes, without the standard ones."""
        return self.sockets + self.processes * self.files

    def check(self) -> None:
        """Raise ValueError where the load is more than this host can hold."""
        if not 0 < self.processes <= _MOST_PROCESSES or self.sockets > _MOST_SOCKETS:
            raise ValueError(f"at most {_MOST_PROCESSES} processes with {_MOST_SOCKETS} sockets in all")
        if self.processes * self.files > _MOST_FILES:
            raise ValueError(f"at most {_MOST_FILES} files in all")
        each = 2 * self.connections + self.files + _SPARE
        if each > resource.getrlimit(resource.RLIMIT_NOFILE)[1]:
            raise ValueError(f"a process may not open {each} descriptors here; see ulimit -Hn")


class Running(NamedTuple):
    """A running load."""

    load: Load
    port: int
    """The port that the first process listens on."""


@contextmanager
def running(load: Load) -> Iterator[Running]:
    """Run the load in the network namespace of the caller while the block lasts."""
    load.check()
    ready, tell_ready = os.pipe()
    wait, hold = os.pipe()
    parent = os.fork()
    if parent == 0:
        os.close(ready)
        os.close(hold)
        try:
            _be_parent(load, wait, tell_ready)
        finally:
            os._exit(1)
    os.close(wait)
    os.close(tell_ready)
    try:
        port = _port_when_ready(ready, load)
        yield Running(load, port)
    finally:
        os.close(hold)
        os.close(ready)
        os.waitpid(parent, 0)


def _port_when_ready(ready: int, load: Load) -> int:
    """Wait until every process has sent its port and return the first one."""
    ports = b""
    while len(ports) < 2 * load.processes:
        chunk = os.read(ready, 65536)
        if not chunk:
            raise RuntimeError("the load could not be made; its error is above")
        ports += chunk
    return int(struct.unpack_from("=H", ports)[0])


def _be_parent(load: Load, wait: int, tell_ready: int) -> None:
    """Fork the processes of the load, wait for the end and end them, too."""
    signal.alarm(_LIFETIME)
    inner_wait, inner_hold = os.pipe()
    children = []
    for number in range(load.processes):
        child = os.fork()
        if child == 0:
            os.close(inner_hold)
            os.close(wait)
            try:
                _be_process(load, number, inner_wait, tell_ready)
            except OSError as error:
                sys.stderr.write(f"bench: process {number} of the load: {error}\n")
            finally:
                os._exit(1)
        children.append(child)
    os.close(tell_ready)
    with suppress(OSError):
        os.read(wait, 1)
    os.close(inner_hold)
    for child in children:
        os.waitpid(child, 0)
    os._exit(0)


def _be_process(load: Load, number: int, wait: int, tell_ready: int) -> None:
    signal.alarm(_LIFETIME)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(2 * load.connections + load.files + _SPARE, most), most))
    # Each listener has its own address: there are too few ephemeral ports for all connections to one address.
    listener = socket.create_server((f"127.1.{number // 250}.{number % 250 + 1}", 0), backlog=16)
    kept = [listener]
    for _ in range(load.connections):
        kept.append(socket.create_connection(listener.getsockname()))
        kept.append(listener.accept()[0])
    for _ in range(load.files):
        os.open(os.devnull, os.O_RDONLY)
    os.write(tell_ready, struct.pack("=H", listener.getsockname()[1]))
    os.close(tell_ready)
    os.read(wait, 1)
    for opened in kept:  # otherwise TIME_WAIT would remain for a minute
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
    os._exit(0)
