"""Connections over loopback that use the same 4-tuples again and again, and a log of which socket is joined with which.

    python -m tests.support.reuse SECONDS DIRECTORY [NAMESPACE NAMESPACE]

runs in a network namespace of its own, or with the server in one namespace of tests.support.crossing_lab and the clients in
the other (see tests.trust.test_reuse). Clients connect from 3,200 ports to one server. Most
close with a reset and connect from the same port at once; the server closes others, so that TIME_WAIT is taken over, too.
Each client sends the cookie and the inode of its socket over the connection, and the server logs them with its own.
Meanwhile this process reads the sockets as `portsock sockets --tcp` does. At the end it prints what it counted as JSON.
"""

import json
import os
import random
import socket
import struct
import sys
import time
from collections import Counter
from functools import partial
from pathlib import Path

from portsock.model import InetEndpoint, Snapshot
from portsock.normalize.snapshot import normalize
from portsock.records import Request
from portsock.sources.live import collect
from tests.support.crossing_lab import CLIENT, SERVER, inside

PORT = 20000
SERVERS = {InetEndpoint(address, PORT) for address in ("127.0.0.1", SERVER)}
FIRST, PORTS = 30000, 3200
CLIENTS = 2
HELD = 400
"""Connections that each client holds."""
_SO_COOKIE = 57
_RESET = struct.pack("ii", 1, 0)
"""SO_LINGER that makes close(2) send a reset, after which the port is free."""
_ENTRY = struct.Struct("=QQQQ")
"""Cookie and inode of the client's socket, then of the server's."""


def _identity(end: socket.socket) -> bytes:
    return end.getsockopt(socket.SOL_SOCKET, _SO_COOKIE, 8) + struct.pack("=Q", os.fstat(end.fileno()).st_ino)


def serve(until: float, listener: socket.socket, log: Path) -> None:
    """Accept and log connections; close some of them before their clients do."""
    chance = random.Random(1)  # noqa: S311
    held: dict[int, socket.socket] = {}
    listener.settimeout(0.2)
    with log.open("wb") as file:
        while time.monotonic() < until:
            try:
                end, (_, port) = listener.accept()
            except TimeoutError:
                continue
            held[port] = end  # the last one from this port is closed here, if its client has not reset it
            end.setblocking(False)
            for _ in range(100):
                try:
                    file.write(end.recv(16) + _identity(end))
                    break
                except BlockingIOError:  # the client is between connect(2) and send(2)
                    time.sleep(0.0001)
                except OSError:  # reset before anything was sent
                    break
            if chance.random() < 0.2 and (closed := held.pop(FIRST + chance.randrange(PORTS), None)):
                if chance.random() < 0.3:
                    closed.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                closed.close()


def connect(until: float, first: int, number: int, rate: Path, near: str, far: str) -> None:
    """Connect from these ports of an address to another one, each again as soon as it is free."""
    chance = random.Random(first)  # noqa: S311
    free = list(range(first, first + number))
    chance.shuffle(free)
    held: list[tuple[int, socket.socket]] = []
    made = 0
    while time.monotonic() < until:
        if len(held) >= HELD:
            which = chance.randrange(HELD)
            held[which], (port, end) = held[-1], held[which]
            held.pop()
            end.close()
            free.insert(0 if made % 8 == 0 else len(free), port)
        port = free.pop()
        end = socket.socket()
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        try:
            end.bind((near, port))
            end.connect((far, PORT))
            end.send(_identity(end))
        except OSError:  # the port is still in use, or the server has reset the connection
            end.close()
            free.insert(0, port)
            continue
        made += 1
        held.append((port, end))
    rate.write_text(str(made), encoding="ascii")


class Seen:
    """What the answers said of connections, by the cookies of both ends."""

    def __init__(self) -> None:
        self.reads = 0
        self.joined: Counter[tuple[int, int]] = Counter()
        self.apart: Counter[tuple[int, int]] = Counter()

    def add(self, snapshot: Snapshot) -> None:
        """Count the sockets with a peer, and those whose 4-tuple another socket has reversed, though it is not their peer."""
        self.reads += 1
        ends = {(row.local, row.remote): row for row in snapshot.sockets}
        for row in snapshot.sockets:
            other = ends.get((row.remote, row.local))
            if row.local not in SERVERS or other is None:
                continue
            assert (row.peer is None) == (other.peer is None)
            assert row.peer is None or row.peer.inode == other.inode
            assert row.peer is None or (row.peer.netns or row.netns) == other.netns
            (self.apart if row.peer is None else self.joined)[other.cookie or 0, row.cookie or 0] += 1


def report(seen: Seen, log: Path, rates: list[Path], seconds: float) -> dict[str, object]:
    """Compare the pairs with the log. A socket that was never accepted is in no log: its pairs are not known."""
    data = log.read_bytes()
    entries = list(_ENTRY.iter_unpack(data[: len(data) // _ENTRY.size * _ENTRY.size]))
    server_of = {client: server for client, _, server, _ in entries}
    client_of = {server: client for client, _, server, _ in entries}

    def count(pairs: Counter[tuple[int, int]]) -> tuple[int, int, int]:
        right = wrong = unknown = 0
        for (client, server), times in pairs.items():
            if server_of.get(client) == server:
                right += times
            elif client in server_of or server in client_of:
                wrong += times
            else:
                unknown += times
        return right, wrong, unknown

    made = sum(int(path.read_text(encoding="ascii")) for path in rates)
    (right, wrong, unknown), (apart, foreign, unclear) = count(seen.joined), count(seen.apart)
    return {
        "seconds": seconds, "rate": round(made / seconds), "logged": len(entries), "reads": seen.reads,
        "joined": right, "wrong": wrong, "joined_unknown": unknown,
        "unjoined": apart, "unjoined_of_two": foreign, "unjoined_unknown": unclear,
    }  # fmt: skip


def _listen(address: str) -> socket.socket:
    return socket.create_server((address, PORT), backlog=4096)


def main(seconds: float, directory: Path, names: tuple[str, ...]) -> None:
    """Run the server, the clients and the reader."""
    log = directory / "log"
    rates = [directory / f"rate{number}" for number in range(CLIENTS)]
    near, far = (CLIENT, SERVER) if names else ("127.0.0.1", "127.0.0.1")
    with inside(names[0], lambda: _listen(far)) if names else _listen(far) as listener:
        until = time.monotonic() + seconds
        children = []
        for role in range(CLIENTS + 1):
            child = os.fork()
            if not child:
                if role == CLIENTS:
                    serve(until + 0.5, listener, log)
                else:
                    ports = FIRST + role * PORTS // CLIENTS, PORTS // CLIENTS
                    run = partial(connect, until, *ports, rates[role], near, far)
                    _ = inside(names[1], run) if names else run()
                os._exit(0)
            children.append(child)
    seen = Seen()
    while time.monotonic() < until:
        seen.add(normalize([collect(Request(frozenset({"tcp"}), owners="none", netns=names))]))
    failed = [child for child in children if os.waitpid(child, 0)[1]]
    assert not failed, failed
    print(json.dumps(report(seen, log, rates, seconds)))


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), tuple(sys.argv[3:]))
