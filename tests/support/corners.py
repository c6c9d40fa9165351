"""Rare states of ports and connections: `python -m tests.support.corners NAME` makes one, as tests.support.situations does."""

import ctypes
import os
import socket
import struct
import subprocess
import sys
import time

from tests.support.situations import child, make, port_of
from tests.support.unix_zoo import unshare_net
from tests.support.zoo import connect, keep, listener, wait

MPTCP = 262
"""IPPROTO_MPTCP."""


def _bound(port: int, option: int) -> socket.socket:
    opened = keep(socket.socket())
    opened.setsockopt(socket.SOL_SOCKET, option, 1)
    opened.bind(("127.0.0.1", port))
    return opened


def shared_by_bound() -> dict[str, int]:
    """Two bound TCP sockets on one endpoint, with SO_REUSEADDR only; `refused` is 0 where both could listen."""
    return {"port": port_of(_bound(port_of(_bound(8300, socket.SO_REUSEADDR)), socket.SO_REUSEADDR))}


def shared_by_one_listener() -> dict[str, int]:
    """Two such sockets of which one listens; `refused` is the error with which the other one does not."""
    first, second = (_bound(8301, socket.SO_REUSEADDR) for _ in range(2))
    first.listen()
    try:
        second.listen()
    except OSError as error:
        refused = error.errno or 0
    connect(first, "127.0.0.1")
    return {"port": 8301, "refused": refused}


def shared_by_listeners() -> dict[str, int]:
    """Two listeners on one endpoint, and whether that took SO_REUSEPORT."""
    first, second = (_bound(8302, socket.SO_REUSEPORT) for _ in range(2))
    first.listen()
    second.listen()
    return {"port": 8302}


def two_devices() -> dict[str, int]:
    """Listeners of this process on one port, each bound to a device; on the next port one of them is a child's."""
    subprocess.run(["ip", "link", "add", "near", "type", "veth", "peer", "name", "far"], check=True)
    for device in ("near", "far"):
        _of_device(device, 8305)
    _of_device("near", 8306)
    return {"port": 8305, "other": child(lambda: _of_device("far", 8306))}


def _of_device(device: str, port: int) -> None:
    opened = keep(socket.socket())
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, device.encode())
    opened.bind(("0.0.0.0", port))
    opened.listen()


def udp_children() -> dict[str, int]:
    """Servers that answer a client on a socket of its own, connected to it and bound to their own port, as QUIC's do.

    Ports 4433, and 40444 in the ephemeral range; the clients, of a child process, have 5001 and 5002.
    """

    def clients() -> None:
        for port, server in ((5001, 4433), (5002, 40444)):
            _reusing(port, server)

    other = child(clients)  # first, so that it inherits none
    for port, peer in ((4433, 5001), (40444, 5002)):
        _reusing(port)
        _reusing(port, peer)
    return {"port": 4433, "ephemeral": 40444, "other": other}


def _reusing(port: int, peer: int | None = None) -> socket.socket:
    opened = keep(socket.socket(type=socket.SOCK_DGRAM))
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    opened.bind(("127.0.0.1", port))
    if peer is not None:
        opened.connect(("127.0.0.1", peer))
    return opened


def three_subflows() -> dict[str, int]:
    """An MPTCP connection over three subflows: two addresses at each end, which is a network namespace of its own.

    This process has the server on port 7400; `far` is the client's pid, and `client_port` that of the first subflow.
    """
    ours, theirs = socket.socketpair()
    client = os.fork()
    if client == 0:
        _client_of_7400(theirs)
    ours.recv(1)
    far = ["nsenter", f"--net=/proc/{client}/ns/net", "--"]
    for number in (1, 2):
        _run("ip", "link", "add", f"m{number}", "type", "veth", "peer", "name", f"m{number}", "netns", str(client))
        for enter, host in (([], 2), (far, 1)):
            _run(*enter, "ip", "addr", "add", f"10.81.{number}.{host}/24", "dev", f"m{number}")
            _run(*enter, "ip", "link", "set", f"m{number}", "up")
    for enter in ([], far):
        _run(*enter, "ip", "mptcp", "limits", "set", "subflow", "4", "add_addr_accepted", "4")
    _run("ip", "mptcp", "endpoint", "add", "10.81.2.2", "dev", "m2", "signal")
    _run(*far, "ip", "mptcp", "endpoint", "add", "10.81.2.1", "dev", "m2", "subflow")
    server = keep(socket.socket(proto=MPTCP))
    server.bind(("0.0.0.0", 7400))
    server.listen()
    ours.send(b"x")
    accepted = keep(server.accept()[0])
    accepted.recv(1)
    accepted.send(b"x")
    for _ in range(200):
        found = subprocess.run(["ss", "-Htn", "sport", "=", ":7400"], capture_output=True, text=True, check=True)
        if found.stdout.count("ESTAB") == 3:
            break
        time.sleep(0.01)
    return {"port": 7400, "far": client, "client_port": accepted.getpeername()[1]}


def _client_of_7400(end: socket.socket) -> None:
    unshare_net()
    end.send(b"x")
    end.recv(1)
    client = keep(socket.socket(proto=MPTCP))
    client.connect(("10.81.1.2", 7400))
    client.send(b"x")
    client.recv(1)
    wait()


def _run(*words: str) -> None:
    subprocess.run(words, check=True)


def chosen_ports() -> dict[str, int]:
    """Connections to a listener on this host whose clients' ports are the system's choice, outside its range, or reserved."""
    _run("sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=50070")
    server = listener(socket.AF_INET, "127.0.0.1", port=8320)
    ports = {}
    for name, port in (("chosen", 0), ("outside", 7070), ("reserved", 50070)):
        client = keep(socket.create_connection(("127.0.0.1", 8320), source_address=("127.0.0.1", port)))
        keep(server.accept()[0])
        ports[name] = port_of(client)
    return {"port": 8320, **ports}


def disconnected() -> dict[str, int]:
    """Sockets whose connection was refused, reset or taken back by connect(AF_UNSPEC), and which keep their port."""
    refused = _fixed(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", 8310)
    refused.connect_ex(("127.0.0.1", 9))
    refused = _fixed(socket.AF_INET6, socket.SOCK_STREAM, "::", 8311)
    refused.connect_ex(("::1", 9))
    server = listener(socket.AF_INET, "127.0.0.1", port=8300)
    reset = _fixed(socket.AF_INET, socket.SOCK_STREAM, "127.0.0.1", 8312)
    reset.connect(server.getsockname())
    accepted = server.accept()[0]
    accepted.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    accepted.close()
    for family, address, peer, port in (
        (socket.AF_INET, "127.0.0.1", "127.0.0.1", 8313),
        (socket.AF_INET6, "::", "::ffff:127.0.0.1", 8314),
    ):
        left = _fixed(family, socket.SOCK_DGRAM, address, port)
        left.connect((peer, 9))
        ctypes.CDLL(None).connect(left.fileno(), bytes(28), 28)  # AF_UNSPEC, which Python has no address for
    return {"port": 8300}


def _fixed(family: int, kind: int, address: str, port: int) -> socket.socket:
    opened = keep(socket.socket(family, kind))
    opened.bind((address, port))
    return opened


if __name__ == "__main__":
    make(globals()[sys.argv[1]])
