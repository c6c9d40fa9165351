"""Processes with unix sockets of every kind, for live tests: `python -m tests.support.unix_zoo DIRECTORY`.

The program prints a line of JSON with its pids and inodes and waits for its stdin to close. Its paths lie below DIRECTORY.
One of its clients is a child in another network namespace.
"""

import json
import os
import socket
import sys

from tests.support.zoo import keep, kept, wait

NAMES = {
    "plain": b"plain",
    "space": b"a b  c",
    "newline": b"two\nlines",
    "broken": b"broken-\xff\xfe",
    "unicode": "grün".encode(),
}
"""Paths of the stream listeners below DIRECTORY, by label."""


def server(kind: int, name: bytes, backlog: int = 5) -> socket.socket:
    opened = keep(socket.socket(socket.AF_UNIX, kind))
    opened.bind(name)
    if kind != socket.SOCK_DGRAM:
        opened.listen(backlog)
    return opened


def client(kind: int, name: bytes, bound: bytes | None = None) -> socket.socket:
    opened = keep(socket.socket(socket.AF_UNIX, kind))
    if bound is not None:
        opened.bind(bound)
    opened.connect(name)
    return opened


def inode(opened: socket.socket) -> int:
    return os.fstat(opened.fileno()).st_ino


def open_all(at: bytes) -> dict[str, int]:
    """Open one socket of each kind and return their inodes by name."""
    found: dict[str, int] = {}

    def note(name: str, opened: socket.socket) -> socket.socket:
        found[name] = inode(opened)
        return opened

    for label, name in NAMES.items():
        listener = note(label, server(socket.SOCK_STREAM, at + name))
        note(f"{label}-client", client(socket.SOCK_STREAM, at + name))
        note(f"{label}-server", keep(listener.accept()[0]))
    full = note("waiting", server(socket.SOCK_STREAM, at + b"waiting"))
    note("waiting-client", client(socket.SOCK_STREAM, at + b"waiting"))
    abstract = b"\0portsock test %d" % os.getpid()
    for label, kind in (("abstract", socket.SOCK_STREAM), ("packets", socket.SOCK_SEQPACKET)):
        listener = note(label, server(kind, abstract + label.encode()))
        named = abstract + b"client" if label == "packets" else None
        note(f"{label}-client", client(kind, abstract + label.encode(), named))
        note(f"{label}-server", keep(listener.accept()[0]))
    note("nul", server(socket.SOCK_STREAM, abstract + b"\0nul"))
    note("datagrams", server(socket.SOCK_DGRAM, at + b"datagrams"))
    sender = note("sender", client(socket.SOCK_DGRAM, at + b"datagrams"))
    sender.send(b"x" * 100)
    for label, kind in (("pair", socket.SOCK_STREAM), ("pair-of-datagrams", socket.SOCK_DGRAM)):
        left, right = socket.socketpair(socket.AF_UNIX, kind)
        note(f"{label}-left", keep(left))
        note(f"{label}-right", keep(right))
        if label == "pair":
            left.send(b"unread")
            left.shutdown(socket.SHUT_WR)
    passed, rest = socket.socketpair()
    note("in-flight", passed)
    note("in-flight-peer", keep(rest))
    carrier, other = socket.socketpair()
    socket.send_fds(keep(carrier), [b"x"], [passed.fileno()])
    keep(other)
    passed.close()
    assert full in kept
    return found


def receiver() -> tuple[int, socket.socket]:
    """Fork a child that receives descriptors over a socketpair, and return its pid and our end."""
    mine, theirs = socket.socketpair()
    pid = os.fork()
    if pid == 0:
        mine.close()
        for opened in kept:
            opened.close()
        _, descriptors, _, _ = socket.recv_fds(theirs, 1, 4)
        theirs.send(json.dumps(descriptors).encode())
        wait()
    theirs.close()
    return pid, mine


def abroad(at: bytes) -> tuple[int, list[int]]:
    """Fork a client of a listener and of a datagram socket in a new network namespace; return its pid and its inodes."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        for opened in kept:
            opened.close()
        unshare_net()
        ends = [client(socket.SOCK_STREAM, at + b"plain"), client(socket.SOCK_DGRAM, at + b"datagrams")]
        os.write(writer, json.dumps([inode(end) for end in ends]).encode())
        os.close(writer)
        wait()
    os.close(writer)
    with os.fdopen(reader) as inodes:
        return pid, json.load(inodes)


def unshare_net() -> None:
    if sys.version_info >= (3, 12):
        os.unshare(os.CLONE_NEWNET)
        return
    import ctypes

    if ctypes.CDLL(None, use_errno=True).unshare(0x40000000):
        raise OSError(ctypes.get_errno(), "unshare")


def main() -> None:
    at = os.fsencode(sys.argv[1]) + b"/"
    child, channel = receiver()
    found = open_all(at)
    plain = next(opened for opened in kept if inode(opened) == found["plain"])
    socket.send_fds(channel, [b"x"], [plain.fileno()])
    (descriptor,) = json.loads(channel.recv(100))
    channel.close()
    foreigner, (found["abroad-client"], found["abroad-sender"]) = abroad(at)
    found["abroad-server"] = inode(keep(plain.accept()[0]))
    facts = {"pid": os.getpid(), "child": child, "child_fd": descriptor, "abroad": foreigner, "inodes": found}
    sys.stdout.write(json.dumps(facts) + "\n")
    sys.stdout.flush()
    wait()


if __name__ == "__main__":
    main()
