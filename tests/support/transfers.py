"""Connections to another host that wait for something: `python -m tests.support.transfers NAME` makes them.

The program runs in a network namespace of its own (tests.support.live.situation) and starts the other host, a process in a
second namespace that a veth pair joins to it. It prints a line of JSON with its ports and pids and waits for its stdin to
close.
"""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress

from tests.support.situations import child, make
from tests.support.zoo import keep, kept, listener

NEAR, FAR, PORT = "10.66.0.1", "10.66.0.2", 9092
_FILLING = 0.3
"""Seconds after which both buffers of a connection over veth are full."""
_far: list[subprocess.Popen[str]] = []


def far_host(mode: str) -> None:
    """Start the other host, whose server treats its connections as `mode` says: see far()."""
    started = subprocess.Popen(  # it ends when this process closes its stdin, by ending
        ["unshare", "--net", "--", sys.executable, "-m", "tests.support.transfers", "far", mode],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    _far.append(started)
    assert started.stdout
    assert started.stdout.readline() == "started\n"
    inside = ["nsenter", f"--net=/proc/{started.pid}/ns/net", "--", "ip"]
    for line in (
        f"ip link add name near type veth peer name far netns {started.pid}",
        f"ip address add {NEAR}/24 dev near",
        "ip link set near up",
    ):
        subprocess.run(line.split(), check=True)
    for line in (f"address add {FAR}/24 dev far", "link set far up", "link set lo up"):
        subprocess.run([*inside, *line.split()], check=True)
    tell("listen")


def tell(word: str) -> None:
    """Send the other host a line and wait for its answer."""
    (started,) = _far
    assert started.stdin
    assert started.stdout
    started.stdin.write(f"{word}\n")
    started.stdin.flush()
    assert started.stdout.readline() == "done\n"


def far(mode: str) -> None:
    """Serve as the other host: 'reads', 'deaf' (never reads), 'slow' (reads a little at a time) or 'talks' (sends).

    'shut N' on stdin makes it shut the sending side of its first N connections.
    """
    print("started", flush=True)
    sys.stdin.readline()
    server = socket.create_server((FAR, PORT), backlog=200)
    if mode == "deaf":
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
    accepted: list[socket.socket] = []
    threading.Thread(target=_serve, args=(server, mode, accepted), daemon=True).start()
    print("done", flush=True)
    for line in sys.stdin:
        if line.startswith("shut "):
            number = int(line.split()[1])
            while len(accepted) < number:
                time.sleep(0.01)
            for each in accepted[:number]:
                each.shutdown(socket.SHUT_WR)
        print("done", flush=True)


def _serve(server: socket.socket, mode: str, accepted: list[socket.socket]) -> None:
    while True:
        end = server.accept()[0]
        accepted.append(end)
        if mode != "deaf":
            threading.Thread(target=_treat, args=(end, mode), daemon=True).start()


def _treat(end: socket.socket, mode: str) -> None:
    with suppress(OSError):
        if mode == "talks":
            end.sendall(bytes(8 << 20))
        while end.recv(1 << 16 if mode != "slow" else 1 << 12) and mode != "talks":
            if mode == "slow":
                time.sleep(0.01)


def connected(count: int = 1) -> list[socket.socket]:
    """Return connections to the other host's server."""
    made = []
    for _ in range(count):
        end = keep(socket.create_connection((FAR, PORT), timeout=5))
        end.setblocking(False)
        made.append(end)
    return made


def fill(end: socket.socket) -> None:
    """Send until both buffers are full."""
    until = time.monotonic() + _FILLING
    while time.monotonic() < until:
        with suppress(BlockingIOError):
            end.send(bytes(1 << 16))
            until = time.monotonic() + _FILLING


def pour(end: socket.socket) -> None:
    """Send all the time, in a thread."""
    end.setblocking(True)

    def send() -> None:
        with suppress(OSError):
            while True:
                end.send(bytes(1 << 14))

    threading.Thread(target=send, daemon=True).start()


def nft(rule: str, here: bool = False) -> None:
    """Add a rule to what the other host takes in, or `here` to what this one sends."""
    before = [] if here else ["nsenter", f"--net=/proc/{_far[0].pid}/ns/net", "--"]
    hook = "output" if here else "input"
    for line in ("add table ip t", f"add chain ip t c {{ type filter hook {hook} priority 0 ; }}", f"add rule ip t c {rule}"):
        subprocess.run([*before, "nft", *line.split()], check=True)


def facts(end: socket.socket) -> dict[str, int]:
    return {"port": end.getsockname()[1]}


def black_hole() -> dict[str, int]:
    """A path that drops everything, with 5000 bytes on it for a second and a half."""
    far_host("reads")
    (end,) = connected()
    end.send(b"x")
    time.sleep(0.1)
    nft(f"ip daddr {FAR} drop")
    end.send(bytes(5000))
    time.sleep(1.8)
    return facts(end)


def refused_here() -> dict[str, int]:
    """A rule of this host's own packet filter that drops what it sends."""
    far_host("reads")
    (end,) = connected()
    nft(f"ip daddr {FAR} drop", here=True)
    with suppress(PermissionError):
        end.send(bytes(5000))
    time.sleep(1.8)
    return facts(end)


def deaf_peer() -> dict[str, int]:
    """A program at the other end that does not read."""
    far_host("deaf")
    (end,) = connected()
    fill(end)
    time.sleep(1.2)
    return facts(end)


def deaf_and_gone() -> dict[str, int]:
    """A program at the other end that did not read, and a path that then began to drop everything."""
    far_host("deaf")
    (end,) = connected()
    fill(end)
    nft(f"ip daddr {FAR} drop")
    time.sleep(3.5)
    return facts(end)


def deaf_self() -> dict[str, int]:
    """A program that does not read what the other end sends."""
    far_host("talks")
    (end,) = connected()
    time.sleep(1.5)
    return facts(end)


def slow_peer() -> dict[str, int]:
    """A program at the other end that reads less than is sent."""
    far_host("slow")
    (end,) = connected()
    pour(end)
    time.sleep(2.5)
    return facts(end)


def lossy_path() -> dict[str, int]:
    """A path that loses every fifth packet."""
    far_host("reads")
    (end,) = connected()
    nft(f"ip daddr {FAR} numgen random mod 5 == 0 drop")
    pour(end)
    time.sleep(2)
    return facts(end)


def narrow_path() -> dict[str, int]:
    """A path of 4 Mbit/s that loses nothing."""
    far_host("reads")
    shape = "tc qdisc replace dev near root tbf rate 4mbit burst 20kb latency 4s"
    subprocess.run(shape.split(), check=True)
    (end,) = connected()
    end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 200_000)
    pour(end)
    time.sleep(1.5)
    return facts(end)


def idle() -> dict[str, int]:
    """Two connections without traffic, one of them with keepalive."""
    far_host("reads")
    plain, kept_alive = connected(2)
    kept_alive.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    return {**facts(plain), "kept_alive": kept_alive.getsockname()[1]}


def half_closed_peers() -> dict[str, int]:
    """Two connections whose peers have closed: the end of one was read, that of the other not."""
    far_host("reads")
    read, unread = connected(2)
    tell("shut 2")
    time.sleep(0.1)
    assert read.recv(10) == b""
    return {**facts(read), "unread": unread.getsockname()[1]}


def last_ack_held() -> dict[str, int]:
    """A connection in LAST_ACK that its program still holds, and one in FIN_WAIT_1; the path drops everything."""
    far_host("reads")
    closed, open_ = connected(2)
    tell("shut 2")
    third, fourth = connected(2)
    time.sleep(0.1)
    nft(f"ip daddr {FAR} drop")
    closed.shutdown(socket.SHUT_WR)
    orphan = facts(open_)["port"]
    kept.remove(open_)
    open_.close()
    third.shutdown(socket.SHUT_WR)
    del fourth
    return {**facts(closed), "orphan": orphan, "fin_wait": third.getsockname()[1]}


def both_here() -> dict[str, int]:
    """A client and a server of this host; the server is stopped (SIGSTOP)."""

    def serve() -> None:
        server = listener(socket.AF_INET, "127.0.0.1", port=8100)
        server.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        threading.Thread(target=lambda: keep(server.accept()[0]), daemon=True).start()

    server = child(serve)
    client = keep(socket.create_connection(("127.0.0.1", 8100)))
    time.sleep(0.1)
    os.kill(server, signal.SIGSTOP)
    client.setblocking(False)
    fill(client)
    time.sleep(1.2)
    return {"port": 8100, "client_port": client.getsockname()[1], "end": server}


if __name__ == "__main__":
    if sys.argv[1] == "far":
        far(sys.argv[2])
    else:
        make(globals()[sys.argv[1]])
