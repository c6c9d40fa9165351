"""A process whose sockets are in other network namespaces: `python -m tests.support.afar NAME` makes one of these.

It prints a line of JSON, with its pid, and ends when its stdin is closed.
"""

import ctypes
import json
import os
import socket
import sys
import threading
from collections.abc import Callable

_CLONE_NEWNET, _CLONE_FILES = 0x40000000, 0x400
PORT, OTHER_PORT = 8761, 8762
_kept: list[socket.socket] = []
_LIBC = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments: int) -> None:
    if getattr(_LIBC, name)(*arguments):
        raise OSError(ctypes.get_errno(), name)


def _listen(port: int) -> dict[str, int]:
    listener = socket.create_server(("0.0.0.0", port))
    _kept.append(listener)
    return {"fd": listener.fileno(), "inode": os.fstat(listener.fileno()).st_ino}


def _space() -> int:
    return os.stat("/proc/thread-self/ns/net").st_ino


def inside() -> dict[str, int]:
    """A process in a namespace of its own, with a listener, beside a child in there with another one."""
    _call("unshare", _CLONE_NEWNET)
    reader, writer = os.pipe()
    if os.fork() == 0:
        _listen(OTHER_PORT)
        os.write(writer, b"x")
        os.close(writer)
        sys.stdin.read()
        os._exit(0)
    os.read(reader, 1)
    return {"netns": _space(), **_listen(PORT)}


def both() -> dict[str, int]:
    """A process in a namespace of its own, with a listener there and one in the namespace that it came from."""
    first = _listen(0)
    came_from = _space()
    _call("unshare", _CLONE_NEWNET)
    return {"netns": _space(), "came_from": came_from, "first": first["inode"], **_listen(PORT)}


def left(make: Callable[[], dict[str, int]] = lambda: _listen(PORT)) -> dict[str, int]:
    """A process with a socket in a namespace that it has left: only the socket leads to that."""
    own = os.open("/proc/self/ns/net", os.O_RDONLY)
    _call("unshare", _CLONE_NEWNET)
    facts = {"netns": _space(), **make()}
    _call("setns", own, _CLONE_NEWNET)
    os.close(own)
    return facts


def left_unix() -> dict[str, int]:
    """The same with a unix socket."""

    def make() -> dict[str, int]:
        _kept.append(socket.socket(socket.AF_UNIX))
        _kept[-1].bind("\0portsock-afar")
        _kept[-1].listen()
        return {"fd": _kept[-1].fileno()}

    return left(make)


def thread_and_child() -> dict[str, int]:
    """The same, and a child of that thread holds the listener, too."""
    return thread(os.fork)


def thread(fork: Callable[[], int] = lambda: 1) -> dict[str, int]:
    """A process whose second thread has a table of descriptors of its own, with a listener that the first one lacks."""
    facts: dict[str, int] = {}
    ready = threading.Event()

    def work() -> None:
        try:
            _call("unshare", _CLONE_FILES)
            facts.update(_listen(0), port=_kept[-1].getsockname()[1], tid=threading.get_native_id())
            if (child := fork()) == 0:
                sys.stdin.read()
                os._exit(0)
            facts["child"] = child
        finally:
            ready.set()
        threading.Event().wait()

    threading.Thread(target=work, daemon=True).start()
    ready.wait()
    return facts


if __name__ == "__main__":
    print(json.dumps({"pid": os.getpid(), **globals()[sys.argv[1]]()}), flush=True)
    sys.stdin.read()
    os._exit(0)
