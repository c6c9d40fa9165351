"""Processes whose sockets never change, as PID 1 of namespaces of their own: `python -m tests.faults.inside`.

It must be started by `unshare --net --pid --mount --mount-proc --fork`. It prints a line of JSON with the pids and waits for
its stdin to close. All other processes are cat(1), which holds the sockets that it inherits.
"""

import json
import os
import re
import socket
import subprocess
import sys
from typing import NoReturn

STATE = "/run/lab"
PORT = 8080
LISTING = f"{STATE}/listing.txt"
_LISTED = """\
State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
LISTEN 0      128    0.0.0.0:22         0.0.0.0:*         users:(("sshd",pid=700,fd=3))
ESTAB  0      0      10.0.0.5:22        10.0.0.9:50022    users:(("sshd",pid=812,fd=4))
"""
"""What `ss -tanp` prints, for --from."""
kept: list[socket.socket] = []
"""The sockets that no process but a cat may hold are closed here, the others stay until the end."""


def own_mounts() -> None:
    """Unmount the namespaces of other tests, and give this mount namespace a /run of its own."""
    with open("/proc/self/mountinfo") as file:
        mounted = [line.split(" ")[4] for line in file if " - nsfs " in line]
    for path in mounted:
        subprocess.run(["umount", "-l", re.sub(r"\\(\d{3})", lambda octal: chr(int(octal[1], 8)), path)], check=False)
    subprocess.run(["mount", "-t", "tmpfs", "none", "/run"], check=True)
    os.makedirs(STATE)
    with open(LISTING, "w") as file:
        file.write(_LISTED)


def cat(held: list[socket.socket], uid: int = 0, network: bool = False) -> int:
    """Start a cat that holds these sockets, as a user, in a network namespace of its own; return its pid."""
    pid = os.fork()
    if pid == 0:
        become_cat(held, uid, network)
    return pid


def become_cat(held: list[socket.socket], uid: int, network: bool) -> NoReturn:
    if network:
        held = elsewhere()
    for each in kept:
        if each not in held:
            each.close()
    for each in held:
        each.set_inheritable(True)
    if uid:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    os.dup2(2, 1)
    os.execv("/bin/cat", ["cat"])  # noqa: S606 - no shell is meant


def elsewhere() -> list[socket.socket]:
    """Enter a new network namespace with a name, and return a listener in it."""
    from tests.support.unix_zoo import unshare_net

    unshare_net()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    os.makedirs("/run/netns")
    with open("/run/netns/far", "w"):
        pass
    subprocess.run(["mount", "--bind", "/proc/self/ns/net", "/run/netns/far"], check=True)
    return [socket.create_server(("127.0.0.1", PORT))]


def opened(kind: int, name: str | tuple[str, int]) -> socket.socket:
    """Open a socket that is bound to a name and, unless it is for datagrams, listens."""
    made = socket.socket(socket.AF_UNIX if isinstance(name, str) else socket.AF_INET, kind)
    made.bind(name)
    if kind == socket.SOCK_STREAM:
        made.listen(5)
    kept.append(made)
    return made


def joined(listener: socket.socket) -> tuple[socket.socket, socket.socket]:
    """Connect to a listener and return both ends."""
    client = socket.socket(listener.family, listener.type)
    client.connect(listener.getsockname())
    server, _ = listener.accept()
    kept.extend((client, server))
    return client, server


def open_all() -> list[int]:
    """Open the sockets and start the processes; return their pids."""
    web, files = opened(socket.SOCK_STREAM, ("127.0.0.1", PORT)), opened(socket.SOCK_STREAM, f"{STATE}/web.sock")
    dual = socket.create_server(("::", 9090), family=socket.AF_INET6, dualstack_ipv6=True)
    kept.append(dual)
    client, server = joined(web)
    caller, called = joined(files)
    dns, logs = opened(socket.SOCK_DGRAM, ("127.0.0.1", 5353)), opened(socket.SOCK_DGRAM, f"{STATE}/log")
    query = opened(socket.SOCK_DGRAM, ("127.0.0.1", 40053))
    query.connect(dns.getsockname())
    abstract = opened(socket.SOCK_STREAM, "\0lab")
    pids = [
        cat([web, files, dual, server, called], uid=65534),
        cat([client, caller, query]),
        cat([dns, logs, web], uid=1),
        cat([], network=True),
    ]
    for each in kept:
        if each is not abstract:
            each.close()
    return pids


def main() -> None:
    own_mounts()
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    pids = open_all()
    while any(os.readlink(f"/proc/{pid}/exe") == os.readlink("/proc/self/exe") for pid in pids):
        os.sched_yield()
    sys.stdout.write(json.dumps(pids) + "\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
