"""What the attackers share: processes that end with the laboratory, their listeners, names and declared command lines.

An attacker is run as `python -m tests.support.attacks.NAME ARGUMENT…`. It prints a line of JSON about itself and ends when its
stdin closes, at the latest after its lifetime. All its processes end with it.
"""

import ctypes
import json
import os
import select
import signal
import socket
import struct
import sys
import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.support.fuse import LIFETIME, end_with_parent

NOBODY = 65534
PROT_READ_WRITE = 3
MAP_SHARED, MAP_PRIVATE, MAP_FIXED, MAP_ANONYMOUS, MAP_NORESERVE = 1, 2, 0x10, 0x20, 0x4000
_PR_SET_NAME, _PR_SET_MM, _PR_SET_MM_MAP = 15, 35, 14
_CLONE_NEWNS = 0x20000

libc = ctypes.CDLL(None, use_errno=True)
libc.mmap.restype = ctypes.c_void_p
libc.mmap.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_long]
libc.syscall.restype = ctypes.c_long


def check(result: int | None) -> int:
    """Raise OSError for a failed call of the C library."""
    if result is None or result in (-1, ctypes.c_size_t(-1).value):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def mount(source: str, target: Path, kind: str, flags: int = 0, options: str = "") -> None:
    check(libc.mount(source.encode(), os.fsencode(target), kind.encode(), ctypes.c_ulong(flags), options.encode()))


@contextmanager
def private_directory() -> Iterator[Path]:
    """Make a directory in a tmpfs that only this mount namespace sees; the laboratory has one of its own."""
    import tempfile  # here for the rate of forks: each one seeds the module random again

    path = Path(tempfile.mkdtemp(prefix="portsock-lab-"))
    mount("none", path, "tmpfs", options="mode=755")
    try:
        yield path
    finally:
        libc.umount2(os.fsencode(path), 2)
        path.rmdir()


def spawn(work: Callable[[], Any], comm: str | None = None, uid: int = 0, then: Callable[[], object] = int) -> tuple[int, Any]:
    """Fork a process that does `work`, then `then`, and waits; return its pid and the result of `work`, passed as JSON."""
    reader, writer = os.pipe()
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            become(uid)
            end_with_parent(parent)
            if comm is not None:
                set_comm(comm)
            os.write(writer, json.dumps(work()).encode() + b"\n")
            os.close(writer)
            then()
            while True:
                signal.pause()
        except BaseException:  # noqa: BLE001 - the process must not run on in the code of its parent
            traceback.print_exc()
        finally:
            os._exit(1)
    os.close(writer)
    with os.fdopen(reader, "rb") as pipe:
        data = pipe.readline()  # its own children keep the pipe open
    if not data:
        raise RuntimeError("an attacker failed; its traceback is above")
    return pid, json.loads(data)


def become(uid: int) -> None:
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def set_comm(comm: str) -> None:
    """Set the process's name: the kernel keeps 15 bytes."""
    libc.prctl(_PR_SET_NAME, comm.encode(), 0, 0, 0)


def listen() -> tuple[socket.socket, int]:
    """Return a listener on loopback, and its port."""
    listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
    return listener, int(listener.getsockname()[1])


def healthy(count: int, comm: str = "healthy") -> list[dict[str, int]]:
    """Start processes with a listener each; return their pids and ports."""
    return [listening_process(lambda: None, comm) for _ in range(count)]


def listening_process(work: Callable[[], object], comm: str, uid: int = 0, then: Callable[[], object] = int) -> dict[str, int]:
    """Start a process with a listener that does `work` and `then`; return its pid and port."""
    kept = []

    def listen_first() -> int:
        listener, port = listen()
        kept.append(listener)
        work()
        return port

    pid, port = spawn(listen_first, comm, uid, then)
    return {"pid": pid, "port": port}


def declare_command_line(start: int, length: int) -> None:
    """Have the kernel show these bytes of our memory in /proc/PID/cmdline. Needs no privilege."""
    # UTF-8: the user nobody may not be able to import another codec.
    stat = Path("/proc/self/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    field = {number: int(text) for number, text in enumerate(stat, 3) if text.lstrip("-").isdigit()}
    order = (field[26], field[27], field[45], field[46], field[47], libc_break(), field[28])
    layout = struct.pack("<11Q", *order, start, start + length, field[50], field[51]) + struct.pack("<QIi", 0, 0, -1)
    check(libc.prctl(_PR_SET_MM, ctypes.c_ulong(_PR_SET_MM_MAP), layout, ctypes.c_ulong(len(layout)), ctypes.c_ulong(0)))


def libc_break() -> int:
    """Return the end of the heap."""
    libc.sbrk.restype = ctypes.c_void_p
    return check(libc.sbrk(ctypes.c_long(0)))


def await_state(pids: list[int], state: str) -> None:
    """Wait until each process is in this state of /proc/PID/stat."""
    until = time.monotonic() + 10
    for pid in pids:
        while Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[0] != state:
            if time.monotonic() > until:
                raise RuntimeError(f"process {pid} did not reach state {state}")
            time.sleep(0.002)


def own_mounts() -> None:
    """Move this process into a mount namespace of its own."""
    check(libc.unshare(_CLONE_NEWNS))


def serve(facts: dict[str, Any], lifetime: int = LIFETIME) -> None:
    """Print the facts, with the inode of the PID namespace, and wait for stdin to close, or for the end of the lifetime."""
    facts["namespace"] = os.stat("/proc/self/ns/pid").st_ino
    print(json.dumps(facts), flush=True)
    select.select([sys.stdin], [], [], lifetime)


def limit(lifetime: int = LIFETIME) -> None:
    """End this process after its lifetime, whatever it does then."""
    signal.alarm(lifetime + 1)
