"""Loads of other shapes than the benchmark's: many of one kind, many processes, many descriptors of one socket.

Each is made by one forked process in the network namespace of the caller, and ends with the benchmark, even if that is killed.
"""

import gc
import os
import resource
import signal
import socket
import struct
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

_LIFETIME = 900
"""Seconds after which a load ends in any case."""
_PORTS = 10_000
"""Connections to one address: with more, ports of others that wait would be used again."""
_DESCRIPTORS = 19_990
_DIE_WITH_PARENT = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class Shape(NamedTuple):
    """A load, and the questions that are asked under it."""

    about: str
    make: Callable[[], object]
    """What is returned is kept open."""
    questions: tuple[tuple[str, str], ...]
    """Arguments of portsock, and the command of another tool that answers the same."""


def time_wait(number: int = 30_000) -> object:
    """Connections in TIME_WAIT, which nobody holds."""
    for start in range(0, number, _PORTS):
        server = socket.create_server((f"127.2.0.{start // _PORTS + 1}", 7000), backlog=16)
        for _ in range(min(_PORTS, number - start)):
            client = socket.create_connection(server.getsockname())
            accepted = server.accept()[0]
            client.close()
            accepted.close()
        server.close()
    return None


def unix(processes: int = 4, listeners: int = 250, each: int = 10) -> object:
    """Named unix listeners with connections, both ends in one process."""

    def work(number: int) -> object:
        kept = []
        for index in range(listeners):
            server = socket.socket(socket.AF_UNIX)
            server.bind(f"\0shape-{number}-{index}")
            server.listen(16)
            kept.append(server)
            for _ in range(each):
                client = socket.socket(socket.AF_UNIX)
                client.connect(server.getsockname())
                kept += [client, server.accept()[0]]
        return kept

    return _forked(processes, work)


def udp(number: int = 19_900) -> object:
    """UDP sockets of one process."""
    kept = []
    for index in range(number):
        opened = socket.socket(type=socket.SOCK_DGRAM)
        opened.bind(("127.0.0.1", 20_000 + index))
        kept.append(opened)
    return kept


def processes(number: int = 5_000, connections: int = 4) -> object:
    """Small servers: a listener each, some connections of which they hold both ends, and a file."""

    def work(index: int) -> object:
        kept = [socket.create_server((f"127.3.{index // 250}.{index % 250 + 1}", 7000))]
        for _ in range(connections):
            kept += [socket.create_connection(kept[0].getsockname()), kept[0].accept()[0]]
        return kept, os.open(os.devnull, os.O_RDONLY)

    return _forked(number, work)


def workers(number: int = 500, listeners: int = 1_000, address: str = "127.0.0.1") -> object:
    """Workers that have inherited all listeners of their master."""
    kept = [socket.create_server((address, 20_000 + index)) for index in range(listeners)]
    return kept, _forked(number, lambda _: None)


def pairs(number: int = 129, connections: int = 19_000) -> object:
    """Millions of descriptors: many processes that have inherited many sockets."""
    return workers(number, connections, "127.0.0.2")  # workers of the load before may still be ending


SHAPES = {
    "time-wait": Shape("30,000 TIME_WAIT", time_wait, (
        ("sockets --tcp", "ss -Htan"), ("sockets --tcp --count", "ss -Htan"))),
    "unix": Shape("20,000 unix sockets, 1,000 listeners", unix, (
        ("sockets --unix", "ss -Hxap"), ("sockets --unix --json", "ss -Hxap"))),
    "udp": Shape("19,900 UDP sockets of one process", udp, (
        ("sockets --udp", "ss -Huanp"), ("ports --udp", "ss -Huanp"))),
    "processes": Shape("5,000 processes with 10 descriptors each", processes, (("ports --listening", "ss -Htulnp"),)),
    "workers": Shape("500 workers with 1,000 inherited listeners", workers, (
        ("ports --listening --owners walk", "ss -Htulnp"),)),
    "pairs": Shape("130 processes with 19,000 inherited listeners", pairs, (("ports --listening", "ss -Htulnp"),)),
}  # fmt: skip


@contextmanager
def shaped(shape: Shape) -> Iterator[None]:
    """Make the load while the block lasts."""
    ready, tell_ready = os.pipe()
    wait, hold = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(ready)
        os.close(hold)
        try:
            signal.alarm(_LIFETIME)
            resource.setrlimit(resource.RLIMIT_NOFILE, (_DESCRIPTORS, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
            kept = shape.make()
            os.write(tell_ready, b"x")
            os.read(wait, 1)
            del kept
        except OSError as error:
            sys.stderr.write(f"bench: {shape.about}: {error}\n")
        finally:
            os._exit(1)
    os.close(wait)
    os.close(tell_ready)
    try:
        if not os.read(ready, 1):
            raise RuntimeError(f"{shape.about}: the load could not be made; its error is above")
        yield
    finally:
        os.close(hold)
        os.close(ready)
        os.waitpid(pid, 0)


def _forked(number: int, work: Callable[[int], object]) -> list[int]:
    """Fork processes that do `work` and wait; they end with this one. Returns their pids when all are ready."""
    import ctypes

    libc = ctypes.CDLL(None)
    gc.freeze()  # the children would copy the memory of everything that they count
    found = []
    ready, tell_ready = os.pipe()
    for index in range(number):
        pid = os.fork()
        if pid == 0:
            try:
                libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
                signal.alarm(_LIFETIME)
                kept = work(index)
                os.write(tell_ready, struct.pack("=B", 1))
                while kept is not signal:
                    signal.pause()
            except OSError as error:
                sys.stderr.write(f"bench: process {index} of the load: {error}\n")
            finally:
                os._exit(1)
        found.append(pid)
    os.close(tell_ready)
    seen = 0
    while seen < number:
        chunk = os.read(ready, 1 << 16)
        if not chunk:
            raise OSError("some processes of the load did not start")
        seen += len(chunk)
    os.close(ready)
    return found
