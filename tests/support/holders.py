"""Ports and who holds them: `python -m tests.support.holders NAME` makes one situation, as tests.support.situations does."""

import ctypes
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from tempfile import mkdtemp

from tests.support import transfers, trees
from tests.support.situations import AWAY, child, drop, make, port_of
from tests.support.unix_zoo import unshare_net
from tests.support.zoo import NOBODY, keep, kept, listener, wait

PR_SET_PDEATHSIG, SYS_EXIT = 1, 60


def beside() -> dict[str, int]:
    """A listener on 127.0.0.1 and another program's on 0.0.0.0, on one port."""
    listener(socket.AF_INET, "127.0.0.1", port=8101, reuseport=True)

    def work() -> None:
        drop(kept[0])
        listener(socket.AF_INET, "0.0.0.0", port=8101, reuseport=True)

    return {"port": 8101, "other": child(work)}


def loopback_only() -> dict[str, int]:
    """A listener on loopback, on a host with another address."""
    subprocess.run(["ip", "address", "add", f"{AWAY}/32", "dev", "lo"], check=True)
    return {"port": port_of(listener(socket.AF_INET, "127.0.0.1", port=8000))}


def elsewhere() -> dict[str, int]:
    """A listener in another network namespace."""

    def work() -> None:
        unshare_net()
        subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
        listener(socket.AF_INET, "0.0.0.0", port=8102)

    return {"port": 8102, "server": child(work)}


def shared_by_nobody() -> dict[str, int]:
    """A listener of the user nobody that may be shared."""

    def work() -> None:
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)
        listener(socket.AF_INET, "0.0.0.0", port=8085, reuseport=True)

    return {"port": 8085, "holder": child(work)}


def other_uid() -> dict[str, int]:
    """A listener of root."""
    return {"port": port_of(listener(socket.AF_INET, "0.0.0.0", port=8085))}


def leader_gone() -> dict[str, int]:
    """A server whose main thread has ended while another one goes on."""
    ready, tell = os.pipe()
    server = os.fork()
    if server == 0:
        libc = ctypes.CDLL(None)
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        listener(socket.AF_INET, "0.0.0.0", port=8103)
        threading.Thread(target=wait).start()
        os.write(tell, b"x")
        libc.syscall(SYS_EXIT, 0)
    os.read(ready, 1)
    time.sleep(0.1)
    return {"port": 8103, "server": server}


def prefork() -> dict[str, int]:
    """A master and six workers that it has forked, all with the listener."""
    listener(socket.AF_INET, "0.0.0.0", port=8104)
    trees.call_itself("nginx")
    for _ in range(6):
        child(lambda: None)
    return {"port": 8104}


def inherited() -> dict[str, int]:
    """A server, and a child with another program that has inherited its listener."""
    server = listener(socket.AF_INET, "0.0.0.0", port=8105)
    return {"port": 8105, **trees.inherited(server, mkdtemp())}


def full() -> dict[str, int]:
    """A server with as many descriptors as it may have."""
    server = listener(socket.AF_INET, "0.0.0.0", port=8106)
    return {"port": 8106, **trees.full(server, "")}


def stopped() -> dict[str, int]:
    """A stopped server, and one connection more than its queue takes."""

    def work() -> None:
        listener(socket.AF_INET, "127.0.0.1", port=8107).listen(3)

    server = child(work)
    os.kill(server, signal.SIGSTOP)
    for _ in range(5):
        client = keep(socket.socket())
        client.setblocking(False)
        client.connect_ex(("127.0.0.1", 8107))
    time.sleep(0.1)
    return {"port": 8107, "end": server}


def client_of_50070() -> dict[str, int]:
    """A client whose own port is one that a server is known for."""
    transfers.far_host("reads")
    keep(socket.create_connection((transfers.FAR, transfers.PORT), source_address=("", 50070)))
    return {"port": 50070}


def self_connected() -> dict[str, int]:
    """A socket that has connected to itself (simultaneous open, RFC 9293 section 3.5)."""
    end = keep(socket.socket())
    end.bind(("127.0.0.1", 0))
    end.connect(end.getsockname())
    return {"port": port_of(end)}


def away() -> dict[str, int]:
    """A host that lacks the address that is asked for."""
    return {}


def low_ports_allowed() -> dict[str, int]:
    """A network namespace in which every user may bind every port."""
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_unprivileged_port_start=0"], check=True)
    return {}


def exhausted() -> dict[str, int]:
    """Ten ephemeral ports, all used toward one endpoint of another host."""
    transfers.far_host("reads")
    subprocess.run(["sysctl", "-qw", "net.ipv4.ip_local_port_range=40000 40009"], check=True)
    ends = [keep(socket.socket()) for _ in range(12)]
    return {"refused": sum(end.connect_ex((transfers.FAR, transfers.PORT)) != 0 for end in ends)}


def stale_path() -> dict[str, int | str]:
    """The file of a unix socket that is closed."""
    path = f"{mkdtemp()}/stale.sock"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen(1)
    return {"path": path}


if __name__ == "__main__":
    make(globals()[sys.argv[1]])
