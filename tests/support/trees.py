"""Process trees that hold a listener: `python -m tests.support.trees NAME [DIRECTORY]` makes one on a port of loopback.

It prints a line of JSON with its port and pids. The tree ends with what the test does to it; what is left ends by itself after
LIFE seconds.
"""

import ctypes
import json
import os
import resource
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

LIFE = 60
_TRACEME = 0


def serve(listener: socket.socket) -> None:
    """Accept for ever. An alarm ends the process, whatever else does not."""
    signal.alarm(LIFE)
    while True:
        listener.accept()


def fork(listener: socket.socket) -> int:
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        serve(listener)
    return pid


def call_itself(name: str) -> None:
    Path("/proc/self/comm").write_text(name, encoding="ascii")


def become(program: str, *arguments: str) -> None:
    os.execv(program, arguments)  # noqa: S606 - no shell is meant


def wait_for(pid: int, name: str) -> None:
    while Path(f"/proc/{pid}/comm").read_text(encoding="ascii") != f"{name}\n":
        time.sleep(0.01)


def copy_of_shell(directory: str, name: str) -> str:
    """Return a program of another file, which waits as long as its stdin is open."""
    return shutil.copy(os.path.realpath("/bin/sh"), f"{directory}/{name}")


def single(_listener: socket.socket, _: str) -> dict[str, int]:
    """One server."""
    return {}


def deaf(_listener: socket.socket, _: str) -> dict[str, int]:
    """A server that ignores SIGTERM."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return {}


def prefork(listener: socket.socket, _: str) -> dict[str, int]:
    """A master that ends its workers when it is told to end, as nginx and gunicorn do."""
    call_itself("nginx")
    workers = [fork(listener) for _ in range(6)]

    def end(*_: object) -> None:
        for worker in workers:
            os.kill(worker, signal.SIGTERM)
        os._exit(0)

    signal.signal(signal.SIGTERM, end)
    return {"worker": workers[0]}


def naive(listener: socket.socket, _: str) -> dict[str, int]:
    """A master that SIGTERM ends, but not its workers."""
    workers = [fork(listener) for _ in range(6)]
    return {"worker": workers[0]}


def handed_over(listener: socket.socket, directory: str) -> dict[str, int]:
    """A master, and a worker with another program that has the listener as descriptor 9, as Postfix's have it as 6."""
    child = os.fork()
    if child == 0:
        os.dup2(listener.fileno(), 9)
        become(copy_of_shell(directory, "smtpd"), "smtpd", "-c", "read line")
    wait_for(child, "smtpd")
    return {"worker": child}


def inherited(listener: socket.socket, directory: str) -> dict[str, int]:
    """A server, and a child with another program that has inherited its listener under the same number."""
    child = os.fork()
    if child == 0:
        listener.set_inheritable(True)
        become(copy_of_shell(directory, "convert"), "convert", "-c", "read line")
    wait_for(child, "convert")
    return {"child": child}


def supervised(listener: socket.socket, directory: str, name: str = "supervisord") -> dict[str, int]:
    """A supervisor without a listener, and the server that it started."""
    server = fork(listener)
    listener.close()
    os.chdir(directory)
    call_itself(name)
    return {"server": server}


def runsv(listener: socket.socket, directory: str) -> dict[str, int]:
    return supervised(listener, directory, "runsv")


def cron(listener: socket.socket, directory: str) -> dict[str, int]:
    return supervised(listener, directory, "cron")


def full(_listener: socket.socket, _: str) -> dict[str, int]:
    """A server with as many descriptors as it may have."""
    resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64))
    try:
        while True:
            os.dup(0)
    except OSError:
        return {}


def traced(listener: socket.socket, _: str) -> dict[str, int]:
    """A server that its parent debugs, and has stopped."""
    server = os.fork()
    if server == 0:
        signal.alarm(LIFE)
        ctypes.CDLL(None).ptrace(_TRACEME, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        os._exit(0)
    listener.close()
    os.waitpid(server, os.WUNTRACED)
    return {"server": server}


def main() -> None:
    signal.alarm(LIFE)
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    facts: dict[str, int] = globals()[sys.argv[1]](listener, sys.argv[2])
    sys.stdout.write(json.dumps({"port": port, "pid": os.getpid()} | facts) + "\n")
    sys.stdout.flush()
    if listener.fileno() == -1 or sys.argv[1] == "full":
        while True:
            signal.pause()
    serve(listener)


if __name__ == "__main__":
    main()
