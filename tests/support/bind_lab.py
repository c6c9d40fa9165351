"""A network namespace to bind in, and sockets of every kind that can hold a port, for tests of the bind verdict."""

import ctypes
import errno
import os
import pickle
import socket
import struct
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

import pytest

from portsock.model import InetEndpoint, Socket

T = TypeVar("T")

needs_root = pytest.mark.skipif(
    not sys.platform.startswith("linux") or os.geteuid() != 0,
    reason="makes a network namespace: needs root on Linux",
)

_CLONE_NEWNET = 0x40000000
_SIOCSIFFLAGS = 0x8914
_IFF_UP_RUNNING = 0x41
_SO_BINDTODEVICE = 25


def in_namespace(work: Callable[[], T]) -> T:
    """Run `work` in a child process, in a new network namespace whose loopback is up, and return its result."""
    reader, writer = os.pipe()
    child = os.fork()
    if child == 0:
        status = 1
        try:
            enter_namespace()
            answer: tuple[bool, object] = (True, work())
            status = 0
        except BaseException:  # noqa: BLE001 - the parent reports it
            answer = (False, traceback.format_exc())
        with os.fdopen(writer, "wb") as pipe:
            pickle.dump(answer, pipe)
        os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.read()
    os.waitpid(child, 0)
    fine, result = pickle.loads(data)  # noqa: S301 - our own child wrote it
    assert fine, result
    return result  # type: ignore[no-any-return]


def enter_namespace() -> None:
    """Move this process into a new network namespace and bring its loopback up."""
    import fcntl

    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(_CLONE_NEWNET) == 0, os.strerror(ctypes.get_errno())
    with socket.socket() as control:
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", _IFF_UP_RUNNING))


class Ports:
    """Ports below the ephemeral range, each returned once."""

    def __init__(self) -> None:
        self._next = 2000

    def fresh(self) -> int:
        self._next += 1
        assert self._next < 32768
        return self._next


class Options(NamedTuple):
    """Socket options of the program that holds the port."""

    reuseaddr: bool = False
    reuseport: bool = False


NONE = Options()


class Bound(NamedTuple):
    """The address that the holder is bound to, and an address at which a client reaches it."""

    address: str
    v6only: bool | None
    client: str


@contextmanager
def as_user(uid: int) -> Iterator[None]:
    """Make sockets whose creator is another user to the kernel."""
    libc = ctypes.CDLL(None)
    libc.setfsuid(uid)
    try:
        yield
    finally:
        libc.setfsuid(os.geteuid())


def new_socket(
    address: str, *, stream: bool = True, options: Options = NONE, v6only: bool | None = None, device: str | None = None
) -> socket.socket:
    """Make an unbound socket with these options."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM)
    if options.reuseaddr:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if options.reuseport:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if v6only is not None and family == socket.AF_INET6:
        made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
    if device:
        made.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, device.encode() + b"\0")
    return made


def listening(bound: Bound, port: int, options: Options) -> list[socket.socket]:
    """Make a TCP listener."""
    made = idle(bound, port, options)
    made[0].listen()
    return made


def idle(bound: Bound, port: int, options: Options) -> list[socket.socket]:
    """Make a TCP socket that is bound and nothing else."""
    made = new_socket(bound.address, options=options, v6only=bound.v6only)
    made.bind((bound.address, port))
    return [made]


def accepted(bound: Bound, port: int, options: Options) -> list[socket.socket]:
    """Make an accepted connection and its client, and close the listener."""
    (listener,) = listening(bound, port, options)
    client = new_socket(bound.client)
    client.connect((bound.client, port))
    server, _ = listener.accept()
    listener.close()
    return [server, client]


def time_wait(bound: Bound, port: int, options: Options) -> list[socket.socket]:
    """Make a connection that the server closes first, which leaves its end in TIME_WAIT."""
    server, client = accepted(bound, port, options)
    server.close()
    assert client.recv(1) == b""
    client.close()
    return []


def udp_bound(bound: Bound, port: int, options: Options) -> list[socket.socket]:
    """Make a bound UDP socket."""
    made = new_socket(bound.address, stream=False, options=options, v6only=bound.v6only)
    made.bind((bound.address, port))
    return [made]


def kernel_says(
    address: str,
    port: int,
    *,
    stream: bool = True,
    options: Options = NONE,
    v6only: bool | None = None,
    device: str | None = None,
) -> str | None:
    """Call bind(2) and then listen(2); return the name of their error, or None where both succeed."""
    with new_socket(address, stream=stream, options=options, v6only=v6only, device=device) as new:
        try:
            new.bind((address, port))
            if stream:
                new.listen()
        except OSError as error:
            return errno.errorcode[error.errno or 0]
    return None


def seen(*protocols: str) -> list[Socket]:
    """Collect the sockets of this namespace with their owners, as a command does."""
    from portsock.normalize.snapshot import normalize
    from portsock.records import Request
    from portsock.sources.linux.collect import collect

    return normalize([collect(Request(frozenset(protocols)))]).sockets


def local_port(found: Socket) -> int:
    assert isinstance(found.local, InetEndpoint)
    return found.local.port or 0
