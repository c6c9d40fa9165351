"""Situations that people ask about: `python -m tests.support.situations NAME` makes one in its network namespace.

It prints a line of JSON with its ports and pids and waits for its stdin to close. tests.support.live gives it a namespace of
its own.
"""

import json
import os
import shutil
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import mkdtemp
from time import sleep

from tests.support.zoo import NOBODY, connect, keep, kept, listener, wait

AWAY = "10.99.0.1"
"""An address of the namespace."""
SILENT = "10.99.0.2"
"""A host that never answers: packets to it are routed to the loopback interface and dropped."""


def child(work: Callable[[], object]) -> int:
    """Fork a child that does `work` and then waits as long as its parent; return its pid."""
    ready, tell = os.pipe()
    pid = os.fork()
    if pid == 0:
        work()
        os.write(tell, b"x")
        wait()
    os.read(ready, 1)
    return pid


def drop(opened: socket.socket | None) -> None:
    assert opened is not None
    kept.remove(opened)
    opened.close()


def port_of(opened: socket.socket) -> int:
    return int(opened.getsockname()[1])


def server_with_clients() -> dict[str, int]:
    """A listener of this process; two connections from one child, one from another."""
    server = listener(socket.AF_INET, "127.0.0.1", port=8080)
    first = child(lambda: [keep(socket.create_connection(("127.0.0.1", 8080))) for _ in range(2)])
    ends = [keep(server.accept()[0]) for _ in range(2)]
    second = child(lambda: keep(socket.create_connection(("127.0.0.1", 8080), source_address=("127.0.0.9", 0))))
    ends.append(keep(server.accept()[0]))
    return {"port": 8080, "client": first, "other": second, "client_port": ends[0].getpeername()[1]}


def bound_idle() -> dict[str, int]:
    """A TCP socket that has a port and does nothing with it."""
    bound = keep(socket.socket())
    bound.bind(("127.0.0.1", 0))
    return {"port": port_of(bound)}


def just_restarted() -> dict[str, int]:
    """A server that closed its connection first and then its listener, as a restart does."""
    server = listener(socket.AF_INET, "127.0.0.1")
    port = port_of(server)
    client, accepted = connect(server, "127.0.0.1")
    drop(accepted)
    drop(client)
    drop(server)
    return {"port": port}


def both_protocols() -> dict[str, int]:
    """53 over TCP and over UDP, by two programs."""
    listener(socket.AF_INET, "127.0.0.1", port=5353)

    def work() -> None:
        drop(kept[0])
        keep(socket.socket(type=socket.SOCK_DGRAM)).bind(("127.0.0.1", 5353))

    return {"port": 5353, "other": child(work)}


def reuseport_pair() -> dict[str, int]:
    """Two programs that listen on one endpoint."""
    port = port_of(listener(socket.AF_INET, "127.0.0.1", reuseport=True))

    def work() -> None:
        drop(kept[0])
        listener(socket.AF_INET, "127.0.0.1", port=port, reuseport=True)

    return {"port": port, "other": child(work)}


def wide_and_narrow() -> dict[str, int]:
    """One listener on all IPv4 addresses, one on loopback."""
    return {"wide": port_of(listener(socket.AF_INET, "0.0.0.0")), "narrow": port_of(listener(socket.AF_INET, "127.0.0.1"))}


def dual_stack() -> dict[str, int]:
    """A listener on :: that takes IPv4, with an IPv4 client."""
    server = listener(socket.AF_INET6, "::", v6only=False, port=8081)
    connect(server, "127.0.0.1")
    return {"port": 8081}


def other_user() -> dict[str, int]:
    """A listener of the user nobody."""

    def work() -> None:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        listener(socket.AF_INET, "127.0.0.1", port=8085)

    return {"port": 8085, "holder": child(work)}


def unaccepted() -> dict[str, int]:
    """A connection that its listener has not accepted."""
    server = listener(socket.AF_INET, "127.0.0.1")
    client, _ = connect(server, "127.0.0.1", accept=False)
    return {"port": port_of(server), "client_port": port_of(client)}


def in_flight() -> dict[str, int]:
    """A listener whose only descriptor is in flight in a unix socket."""
    server = listener(socket.AF_INET, "127.0.0.1")
    port = port_of(server)
    near, far = socket.socketpair()
    keep(far)
    socket.send_fds(keep(near), [b"x"], [server.fileno()])
    drop(server)
    return {"port": port}


def close_wait_leak() -> dict[str, int]:
    """A server that never closes what its clients have closed."""
    server = listener(socket.AF_INET, "127.0.0.1", port=8082)
    for _ in range(12):
        client, _ = connect(server, "127.0.0.1")
        drop(client)
    time.sleep(1.1)
    return {"port": 8082}


def many_time_wait() -> dict[str, int]:
    """A client that opened and closed 120 connections."""
    server = listener(socket.AF_INET, "127.0.0.1", port=8083)
    for _ in range(120):
        client, accepted = connect(server, "127.0.0.1")
        drop(client)
        drop(accepted)
    return {"port": 8083}


def unanswered() -> dict[str, int]:
    """Attempts to connect to a host that never answers, and handshakes that are never completed."""
    for command in (f"address add {AWAY}/32 dev lo", f"route add {SILENT}/32 dev lo src {AWAY}"):
        subprocess.run(["ip", *command.split()], check=True)
    for _ in range(4):
        client = keep(socket.socket())
        client.setblocking(False)
        client.connect_ex((SILENT, 443))
    listener(socket.AF_INET, "0.0.0.0", port=8084).listen(64)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    raw.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    for number in range(30):
        raw.sendto(_syn(SILENT, 40000 + number, AWAY, 8084), (AWAY, 0))
    time.sleep(1.3)
    return {"port": 8084}


def forged() -> dict[str, int]:
    """Handshakes of forged senders, as many as the listener's limit, that have only just begun."""
    for command in (f"address add {AWAY}/32 dev lo", f"route add 10.99.0.0/24 dev lo src {AWAY}"):
        subprocess.run(["ip", *command.split()], check=True)
    listener(socket.AF_INET, "0.0.0.0", port=8084).listen(64)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
    raw.setsockopt(socket.IPPROTO_IP, socket.IP_HDRINCL, 1)
    for number in range(40):
        raw.sendto(_syn(f"10.99.0.{number + 2}", 40000, AWAY, 8084), (AWAY, 0))
    return {"port": 8084}


def overflowing_datagrams() -> dict[str, int]:
    """A UDP socket that was not read while too much came, and is read now."""
    deaf, sender = (keep(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(2))
    deaf.bind(("127.0.0.1", 0))
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    for _ in range(50):
        sender.sendto(bytes(500), deaf.getsockname())
    deaf.setblocking(False)
    with suppress(BlockingIOError):
        while True:
            deaf.recv(1000)
    return {"port": port_of(deaf)}


def filtered_datagrams() -> dict[str, int]:
    """A UDP socket whose own filter drops everything (SO_ATTACH_FILTER with one instruction: return 0)."""
    import ctypes

    opened, sender = (keep(socket.socket(type=socket.SOCK_DGRAM)) for _ in range(2))
    opened.bind(("127.0.0.1", 0))
    code = ctypes.create_string_buffer(struct.pack("=HBBI", 0x06, 0, 0, 0))
    opened.setsockopt(socket.SOL_SOCKET, 26, struct.pack("@HP", 1, ctypes.addressof(code)))
    for _ in range(5):
        sender.sendto(b"x", opened.getsockname())
    return {"port": port_of(opened)}


def multicast_pair() -> dict[str, int]:
    """Two programs that receive one multicast group on one port; the counts say what each got of 1 multicast, 1 unicast."""
    group = socket.inet_aton("224.0.0.251")

    def member() -> socket.socket:
        opened = keep(socket.socket(type=socket.SOCK_DGRAM))
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        opened.bind(("0.0.0.0", 5353))
        opened.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group + socket.inet_aton("127.0.0.1"))
        return opened

    mine = member()

    def work() -> None:
        drop(mine)
        member()
        Path("/proc/self/comm").write_text("other")

    other = child(work)
    sender = keep(socket.socket(type=socket.SOCK_DGRAM))
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("127.0.0.1"))
    sender.sendto(b"all", ("224.0.0.251", 5353))
    sender.sendto(b"one", ("127.0.0.1", 5353))
    time.sleep(0.1)
    return {"port": 5353, "other": other}


def mptcp_pair() -> dict[str, int]:
    """An MPTCP connection on this host."""
    server = keep(socket.socket(proto=262))
    server.bind(("127.0.0.1", 8091))
    server.listen(5)
    client = keep(socket.socket(proto=262))
    client.connect(("127.0.0.1", 8091))
    accepted = keep(server.accept()[0])
    client.send(b"x")
    accepted.recv(1)
    return {"port": 8091, "client_port": port_of(client)}


def _syn(source: str, sport: int, destination: str, dport: int) -> bytes:
    """Pack an IPv4 packet with a TCP SYN and a forged sender (RFC 791, RFC 9293 section 3.1)."""
    ends = socket.inet_aton(source) + socket.inet_aton(destination)
    tcp = struct.pack("!HHIIBBHHH", sport, dport, 1, 0, 5 << 4, 0x02, 1024, 0, 0)
    total = sum(struct.unpack("!16H", ends + struct.pack("!HH", socket.IPPROTO_TCP, len(tcp)) + tcp))
    checksum = ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF
    tcp = tcp[:16] + struct.pack("!H", checksum) + tcp[18:]
    return struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(tcp), 0, 0, 64, socket.IPPROTO_TCP, 0) + ends + tcp


def half_closed() -> dict[str, int]:
    """A client that has closed its sending side, and a server that does not close."""
    server = listener(socket.AF_INET, "127.0.0.1", port=8086)
    client, _ = connect(server, "127.0.0.1")
    client.shutdown(socket.SHUT_WR)
    return {"port": 8086, "client_port": port_of(client)}


def full_queue() -> dict[str, int]:
    """A listener that never accepts, with one connection more than its backlog and a client that waits to connect."""
    server = listener(socket.AF_INET, "127.0.0.1", port=8087)
    server.listen(2)
    for _ in range(3):
        connect(server, "127.0.0.1", accept=False)
    late = keep(socket.socket())
    late.setblocking(False)
    late.connect_ex(("127.0.0.1", 8087))
    return {"port": 8087}


def orphaned_child() -> dict[str, int]:
    """A server that has ended, and its child that still holds the listener."""

    def work() -> None:
        server = listener(socket.AF_INET, "127.0.0.1", port=8088)
        server.set_inheritable(True)
        helper = os.fork()
        if helper == 0:
            os.execvp("sleep", ["sleep", "300"])  # noqa: S606 - no shell is meant
        os.write(writer, str(helper).encode())
        os._exit(0)

    reader, writer = os.pipe()
    server = os.fork()
    if server == 0:
        work()
    helper = int(os.read(reader, 20))
    os.waitpid(server, 0)
    while Path(f"/proc/{helper}/comm").read_text() != "sleep\n":
        pass
    return {"port": 8088, "end": helper}


def activated() -> dict[str, int]:
    """A service that got its listener as descriptor 3 from a process called systemd, which keeps it, too."""
    server = listener(socket.AF_INET, "127.0.0.1", port=8089)
    service = os.fork()
    if service == 0:
        os.dup2(server.fileno(), 4)
        os.dup2(4, 3)
        os.environ |= {"LISTEN_FDS": "1", "LISTEN_PID": str(os.getpid())}
        os.execvp("cat", ["cat"])  # noqa: S606
    Path("/proc/self/comm").write_text("systemd")
    while Path(f"/proc/{service}/comm").read_text() != "cat\n":
        pass
    return {"port": 8089, "service": service}


def unix_pair() -> dict[str, int]:
    """A unix socket's server, and a client in another process."""
    server = keep(socket.socket(socket.AF_UNIX))
    server.bind("\0questions")
    server.listen(5)

    def work() -> None:
        drop(server)
        keep(socket.socket(socket.AF_UNIX)).connect("\0questions")

    client = child(work)
    accepted = keep(server.accept()[0])
    return {"client": client, "inode": os.fstat(accepted.fileno()).st_ino, "listener": os.fstat(server.fileno()).st_ino}


def docker_proxy() -> dict[str, int]:
    """A process whose executable and arguments are those of Docker's proxy."""
    server = listener(socket.AF_INET, "0.0.0.0", port=8090)
    directory = mkdtemp()
    program = shutil.copy(os.path.realpath("/bin/sh"), f"{directory}/docker-proxy")
    proxy = os.fork()
    if proxy == 0:
        os.set_inheritable(server.fileno(), True)
        where = ["-host-ip", "0.0.0.0", "-host-port", "8090", "-container-ip", "172.17.0.2", "-container-port", "80"]
        os.execv(program, ["docker-proxy", "-c", f"read line; rm -r {directory}", "-proto", "tcp", *where])  # noqa: S606
    while Path(f"/proc/{proxy}/comm").read_text() != "docker-proxy\n":
        pass
    drop(server)
    return {"port": 8090, "proxy": proxy}


def several_addresses() -> dict[str, int]:
    """Listeners on loopback and on each kind of wildcard, and a socket that is bound to a wildcard and does not listen."""
    listener(socket.AF_INET, "127.0.0.1", port=8000)
    listener(socket.AF_INET, "0.0.0.0", port=8001)
    listener(socket.AF_INET6, "::", v6only=True, port=8002)
    listener(socket.AF_INET6, "::", v6only=False, port=8003)
    keep(socket.socket()).bind(("0.0.0.0", 8004))
    return {"port": 8000}


def few_ports() -> dict[str, int]:
    """Ten ephemeral ports, five of them reserved. All are used toward 8001; toward 8000 they are in TIME_WAIT on loopback."""
    subprocess.run(["ip", "address", "add", f"{AWAY}/32", "dev", "lo"], check=True)
    settings = ("ip_local_port_range=40000 40009", "ip_local_reserved_ports=40005-40009")
    subprocess.run(["sysctl", "-qw", *(f"net.ipv4.{setting}" for setting in settings)], check=True)
    near = listener(socket.AF_INET, "127.0.0.1", port=8000)
    for _ in range(5):
        client, accepted = connect(near, "127.0.0.1")
        drop(client)
        drop(accepted)
    listener(socket.AF_INET, AWAY, port=8001)
    refused = sum(keep(socket.socket()).connect_ex((AWAY, 8001)) != 0 for _ in range(10))
    sleep(1.1)  # tcp_tw_reuse_delay
    return {"port": 8001, "refused": refused}


def nothing() -> dict[str, int]:
    """A host on which nothing runs."""
    return {}


def make(work: Callable[[], dict[str, int]]) -> None:
    """Make a situation, print its facts and wait."""
    sys.stdout.write(json.dumps(work() | {"pid": os.getpid()}) + "\n")
    sys.stdout.flush()
    wait()


if __name__ == "__main__":
    make(globals()[sys.argv[1]])
