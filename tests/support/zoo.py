"""Processes with internet sockets of every kind, for live tests: `python -m tests.support.zoo`.

The program prints a line of JSON with its pids and ports and waits for its stdin to close. A forked twin shares all of its
sockets; as root, a child of another user shares the first listener.
"""

import json
import os
import socket
import sys
from contextlib import suppress

NOBODY = 65534
kept: list[socket.socket] = []


def keep(opened: socket.socket) -> socket.socket:
    """Keep the socket open until the process ends."""
    kept.append(opened)
    return opened


def listener(family: int, address: str, v6only: bool | None = None, port: int = 0, reuseport: bool = False) -> socket.socket:
    opened = keep(socket.socket(family, socket.SOCK_STREAM))
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if reuseport:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    if v6only is not None:
        opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
    opened.bind((address, port))
    opened.listen(5)
    return opened


def connect(server: socket.socket, address: str, accept: bool = True) -> tuple[socket.socket, socket.socket | None]:
    client = keep(socket.socket(server.family if ":" in address else socket.AF_INET, socket.SOCK_STREAM))
    client.connect((address, server.getsockname()[1]))
    return client, keep(server.accept()[0]) if accept else None


def datagram(family: int, address: str, peer: tuple[str, int] | None = None) -> socket.socket:
    opened = keep(socket.socket(family, socket.SOCK_DGRAM))
    opened.bind((address, 0))
    if peer:
        opened.connect(peer)
    return opened


def open_all() -> dict[str, int]:
    """Open one socket of each kind and return their port numbers by name."""
    v4 = listener(socket.AF_INET, "127.0.0.1")
    v6 = listener(socket.AF_INET6, "::1")
    dual = listener(socket.AF_INET6, "::", v6only=False)
    v6only = listener(socket.AF_INET6, "::", v6only=True)
    pair = listener(socket.AF_INET, "127.0.0.1", reuseport=True)
    listener(socket.AF_INET, "127.0.0.1", port=pair.getsockname()[1], reuseport=True)
    connect(v4, "127.0.0.1")
    connect(v6, "::1")
    connect(dual, "127.0.0.1")
    connect(v4, "127.0.0.1")[0].shutdown(socket.SHUT_WR)  # FIN_WAIT_2 here, CLOSE_WAIT at the accepted end
    connect(v4, "127.0.0.1")[0].send(b"unread")
    for end in connect(v4, "127.0.0.1"):  # closed in this order: TIME_WAIT at the client's end
        assert end is not None
        kept.remove(end)
        end.close()
    connect(v4, "127.0.0.1", accept=False)
    udp = datagram(socket.AF_INET, "127.0.0.1")
    datagram(socket.AF_INET, "127.0.0.1", udp.getsockname()).send(b"hello")
    bound = keep(socket.socket())
    bound.bind(("127.0.0.1", 0))
    named = {"v4": v4, "v6": v6, "dual": dual, "v6only": v6only, "pair": pair, "udp": udp, "bound": bound}
    return {name: opened.getsockname()[1] for name, opened in named.items()}


def wait() -> None:
    """Wait for stdin to close, then end the process."""
    with suppress(OSError):
        os.read(0, 1)
    os._exit(0)


def main() -> None:
    ports = open_all()
    twin = os.fork()
    if twin == 0:
        wait()
    other = None
    if os.geteuid() == 0:
        other = os.fork()
        if other == 0:
            for opened in kept[1:]:
                opened.close()
            os.setgroups([])
            os.setresgid(NOBODY, NOBODY, NOBODY)
            os.setresuid(NOBODY, NOBODY, NOBODY)
            # Only after an exec may others of the same user read a process that changed its user.
            os.set_inheritable(kept[0].fileno(), True)
            os.execv("/bin/cat", ["cat"])  # noqa: S606 - no shell is meant
    sys.stdout.write(json.dumps({"pid": os.getpid(), "twin": twin, "other": other, "ports": ports}) + "\n")
    sys.stdout.flush()
    wait()


if __name__ == "__main__":
    main()
