"""A small FUSE file system in a process of its own, which can stop answering: `with mounted(directory) as mount`.

It speaks the kernel's protocol (include/uapi/linux/fuse.h) over /dev/fuse; nothing has to be installed. Names and attributes
are valid for no time at all, so that each path lookup and each stat(2) asks the daemon. The daemon ends with the process that
mounted it, at the latest after `LIFETIME` seconds; its end aborts the connection, which ends every wait for it.
"""

import ctypes
import errno
import os
import select
import signal
import stat
import struct
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

LIFETIME = 60
"""Seconds after which a watchdog ends the daemon, even if the test has died."""
_DEVICE = "/dev/fuse"
_IN, _OUT = struct.Struct("<IIQQIIIHH"), struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<6Q10I")
_LOOKUP, _FORGET, _GETATTR, _SETATTR, _MKNOD, _MKDIR, _UNLINK = 1, 2, 3, 4, 8, 9, 10
_OPEN, _READ, _WRITE, _RELEASE, _FSYNC, _FLUSH, _INIT = 14, 15, 16, 18, 20, 25, 26
_OPENDIR, _READDIR, _RELEASEDIR, _ACCESS, _INTERRUPT, _DESTROY, _BATCH_FORGET = 27, 28, 29, 34, 36, 38, 42
_NO_ANSWER = (_FORGET, _INTERRUPT, _BATCH_FORGET)
_ROOT = 1
_LARGEST_WRITE = 1 << 17
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1


class Mount(NamedTuple):
    """A mounted file system and its daemon."""

    path: Path
    daemon: int
    """The daemon's pid."""
    watchdog: int
    """The pid of the process that kills the daemon after `LIFETIME`."""
    connection: int
    """The name of its directory below /sys/fs/fuse/connections."""
    log: Path
    """A line for each request that was read but not answered: opcode and pid of the process that waits."""

    def stop(self) -> None:
        """Stop the daemon: it reads no more requests. A wait for it ends with SIGKILL, but with no other signal."""
        os.kill(self.daemon, signal.SIGSTOP)

    def mute(self) -> None:
        """Have the daemon read requests and never answer: not even SIGKILL ends a wait for it."""
        os.kill(self.daemon, signal.SIGUSR1)
        _wait_for(self.log.exists)

    def touched(self) -> list[tuple[int, int]]:
        """Return opcode and pid of each request since `mute`."""
        lines = self.log.read_text(encoding="ascii").splitlines()
        return [(int(opcode), int(pid)) for opcode, pid in map(str.split, lines)]

    def end(self) -> None:
        """Kill the daemon, which ends all waits for it with ENOTCONN, and remove the mount."""
        with suppress(ProcessLookupError):
            os.kill(self.daemon, signal.SIGKILL)
            for pid in (self.daemon, self.watchdog):
                os.waitpid(pid, 0)
        ctypes.CDLL(None).umount2(os.fsencode(self.path), _MNT_DETACH)


def require_fuse() -> None:
    """Skip the test where this process cannot mount a FUSE file system."""
    import pytest  # here: attackers import this module, and fork faster when they are small

    if os.geteuid() != 0:
        pytest.skip("needs root: mounts a FUSE file system")
    try:
        os.close(os.open(_DEVICE, os.O_RDWR))
    except OSError as error:
        pytest.skip(f"{_DEVICE}: {error.strerror}")


@contextmanager
def mounted(path: Path, files: Mapping[str, bytes], log: Path | None = None) -> Iterator[Mount]:
    """Mount a file system with these files, and directories where a name ends in '/', at an existing directory.

    `log` must be outside of `path`; by default it is beside it.
    """
    mount = start(path, files, log or path.with_name(path.name + ".log"))
    try:
        yield mount
    finally:
        mount.end()


def start(path: Path, files: Mapping[str, bytes], log: Path) -> Mount:
    """Mount a file system as `mounted` does. The caller must call `end`."""
    log.unlink(missing_ok=True)
    device = os.open(_DEVICE, os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other".encode()
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"portsock-test", os.fsencode(path), b"fuse", 0, options):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    parent = os.getpid()
    daemon = os.fork()
    if daemon == 0:
        end_with_parent(parent)
        with suppress(BaseException):
            _Daemon(device, files, log).serve()
        os._exit(0)
    os.close(device)
    return Mount(path, daemon, _watch(daemon), os.stat(path).st_dev & 0xFF, log)


def _watch(pid: int) -> int:
    """Start a process that kills a child of the caller after `LIFETIME`, and ends with either; return its pid."""
    parent = os.getpid()
    handle = os.pidfd_open(pid)
    watchdog = os.fork()
    if watchdog == 0:
        end_with_parent(parent)
        if not select.select([handle], [], [], LIFETIME)[0]:
            os.kill(pid, signal.SIGKILL)
        os._exit(0)
    os.close(handle)
    return watchdog


def end_with_parent(parent: int) -> None:
    """Have the kernel kill this process when its parent ends. A stopped process too ends then."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() not in (parent, 0):  # 0 where the parent is in another PID namespace
        os._exit(1)


def _wait_for(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until, "the FUSE daemon does not react"
        time.sleep(0.001)


class _Node(NamedTuple):
    mode: int
    content: bytearray


class _Daemon:
    def __init__(self, device: int, files: Mapping[str, bytes], log: Path) -> None:
        self._device = device
        self._log = log
        self._answers = True
        self._nodes = {_ROOT: _Node(stat.S_IFDIR | 0o777, bytearray())}
        self._names: dict[bytes, int] = {}
        for name, content in files.items():
            mode = stat.S_IFDIR | 0o777 if name.endswith("/") else stat.S_IFREG | 0o777
            self._add(name.rstrip("/").encode(), mode, content)

    def serve(self) -> None:
        signal.signal(signal.SIGUSR1, self._mute)
        while True:
            try:
                data = os.read(self._device, _LARGEST_WRITE + 4096)
            except OSError as error:
                if error.errno in (errno.ENOENT, errno.EINTR, errno.EAGAIN):  # the request was taken back
                    continue
                return  # unmounted, or aborted
            length, opcode, unique, node, _, _, pid, _, _ = _IN.unpack_from(data)
            if opcode in _NO_ANSWER:
                continue
            if not self._answers:
                with self._log.open("a", encoding="ascii") as log:
                    log.write(f"{opcode} {pid}\n")
                continue
            code, answer = self._answer(opcode, node, data[_IN.size : length])
            with suppress(FileNotFoundError):  # the process that asked has been killed
                os.write(self._device, _OUT.pack(_OUT.size + len(answer), -code, unique) + answer)

    def _mute(self, *_: object) -> None:
        self._answers = False
        self._log.touch()

    def _add(self, name: bytes, mode: int, content: bytes = b"") -> int:
        number = max(self._nodes) + 1
        self._nodes[number] = _Node(mode, bytearray(content))
        self._names[name] = number
        return number

    def _answer(self, opcode: int, node: int, data: bytes) -> tuple[int, bytes]:
        """Return the error number and the answer."""
        if opcode == _INIT:
            return 0, struct.pack("<IIIIHHIIHHII24x", 7, 31, 1 << 17, 0, 64, 48, _LARGEST_WRITE, 1, 0, 0, 0, 0)
        if opcode == _LOOKUP:
            return self._entry(data.rstrip(b"\0"))
        if opcode in (_GETATTR, _SETATTR):
            return 0, bytes(16) + self._attributes(node)
        if opcode in (_MKNOD, _MKDIR):
            (mode,) = struct.unpack_from("<I", data)
            name = data[16 if opcode == _MKNOD else 8 :].rstrip(b"\0")
            self._add(name, mode | (stat.S_IFDIR if opcode == _MKDIR else 0))
            return self._entry(name)
        if opcode == _UNLINK:
            return (0, b"") if self._names.pop(data.rstrip(b"\0"), None) else (errno.ENOENT, b"")
        if opcode in (_READ, _WRITE):
            return self._transfer(opcode, node, data)
        if opcode in (_OPEN, _OPENDIR):
            return 0, bytes(16)
        # No list of names is needed.
        known = opcode in (_READDIR, _RELEASE, _RELEASEDIR, _FSYNC, _FLUSH, _ACCESS, _DESTROY)
        return (0, b"") if known else (errno.ENOSYS, b"")

    def _transfer(self, opcode: int, node: int, data: bytes) -> tuple[int, bytes]:
        _, offset, size = struct.unpack_from("<QQI", data)
        content = self._nodes[node].content
        if opcode == _READ:
            return 0, bytes(content[offset : offset + size])
        content[offset : offset + size] = data[40 : 40 + size]
        return 0, struct.pack("<II", size, 0)

    def _entry(self, name: bytes) -> tuple[int, bytes]:
        number = self._names.get(name)
        if number is None:
            return errno.ENOENT, b""
        return 0, struct.pack("<QQ24x", number, 0) + self._attributes(number)

    def _attributes(self, number: int) -> bytes:
        mode, content = self._nodes[number]
        size = len(content)
        return _ATTRIBUTES.pack(number, size, size // 512 + 1, 0, 0, 0, 0, 0, 0, mode, 1, 0, 0, 0, 4096, 0)
