"""Real first packets, and what came of them.

Each packet is the SYN or the datagram of an ordinary socket that is bound to its source. Raw sockets in all namespaces see
what the kernel delivers after its last hook, whether anything listens there or not, and the resets and ICMP messages that come
back. The source port tells the packets apart: every one has its own.
"""

import errno
import os
import socket
import struct
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from ipaddress import IPv6Address
from typing import NamedTuple

from tests.support.firewall.worlds import HOST, PLACES, WAN, World

_ICMP, _TCP, _UDP, _ICMP6 = 1, 6, 17, 58
_SYN, _RST, _ACK = 2, 4, 16
_BUFFER = 16 << 20
_SO_RCVBUFFORCE = 33
_ROUNDS = 8
"""Packets cross at most this many devices, there and back."""
_FIRST_PORT, _LAST_PORT = 2048, 65000


class Packet(NamedTuple):
    """The first packet of a connection: from which namespace, from and to where."""

    protocol: str
    place: str
    source: str
    destination: str
    port: int
    uid: int = 0


class Fate(NamedTuple):
    """What came of a packet."""

    place: str | None = None
    """The namespace in which it arrived; None where it did not."""
    to: tuple[str, int] | None = None
    """Address and port at which it arrived."""
    answer: str | None = None
    """What came back instead: 'tcp reset', 'icmp 3/13', 'icmpv6 1/4'."""
    error: int = 0
    """errno of connect(2) or sendto(2)."""
    source_port: int = 0


class Ears:
    """The raw sockets of a world."""

    def __init__(self, world: World, stack: ExitStack) -> None:
        self._world = world
        self._port = _FIRST_PORT + int.from_bytes(os.urandom(2)) % 40000
        self._raw: list[tuple[str, bool, int, socket.socket]] = []
        for place in PLACES:
            with world.inside(place):
                for six, protocol in (
                    (False, _TCP),
                    (False, _UDP),
                    (False, _ICMP),
                    (True, _TCP),
                    (True, _UDP),
                    (True, _ICMP6),
                ):
                    ear = socket.socket(socket.AF_INET6 if six else socket.AF_INET, socket.SOCK_RAW, protocol)
                    stack.callback(ear.close)
                    ear.setblocking(False)
                    ear.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, _BUFFER)
                    if six:
                        ear.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
                    self._raw.append((place, six, protocol, ear))
        with world.inside(WAN):
            self._echo = stack.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
            self._echo.bind(("127.0.0.1", 0))
            self._echo.settimeout(5)

    def send(self, packets: Sequence[Packet], patience: float = 0) -> list[Fate]:
        """Send packets and return what came of each. `patience`: seconds to wait for what is late."""
        self._drain()
        fates: dict[int, Fate] = {}
        ports = []
        with ExitStack() as stack, _one_processor():
            for _ in packets:
                self._port = self._port + 1 if self._port < _LAST_PORT else _FIRST_PORT
                ports.append(self._port)
            by_place: dict[str, list[tuple[int, Packet]]] = {}
            for port, packet in zip(ports, packets, strict=True):
                by_place.setdefault(packet.place, []).append((port, packet))
            for place, sent in by_place.items():
                with self._world.inside(place):
                    for port, packet in sent:
                        fates[port] = Fate(error=_send(packet, port, stack), source_port=port)
            self._wait(patience)
            self._hear(fates)
        return [fates[port] for port in ports]

    def _wait(self, patience: float) -> None:
        """Wait until all that was sent has been processed.

        Packets between namespaces stand in one queue for each processor. A datagram over the loopback device stands in it
        behind them; after as many as there are devices on the way nothing is left of them.
        """
        for _ in range(_ROUNDS):
            self._echo.sendto(b"x", self._echo.getsockname())
            self._echo.recv(1)
        time.sleep(patience)

    def _drain(self) -> None:
        for _, _, _, ear in self._raw:
            with suppress(BlockingIOError):
                while ear.recv(1):
                    pass

    def _hear(self, fates: dict[int, Fate]) -> None:
        """Note what the raw sockets have received."""
        for place, six, protocol, ear in self._raw:
            for destination, data in _received(ear, six):
                if protocol in {_ICMP, _ICMP6}:
                    kind, code, embedded = data[0], data[1], data[8:]
                    if kind == (1 if six else 3):
                        inner = embedded[40:] if six else embedded[(embedded[0] & 15) * 4 :]
                        _note(fates, int.from_bytes(inner[:2]), answer=f"{'icmpv6' if six else 'icmp'} {kind}/{code}")
                    continue
                near, far = struct.unpack("!HH", data[:4])
                flags = data[13] if protocol == _TCP else _SYN
                if flags & _RST:
                    _note(fates, far, answer="tcp reset")
                elif flags & (_SYN | _ACK) == _SYN and near in fates and fates[near].place is None:
                    fates[near] = fates[near]._replace(place=place, to=(destination, far))


def _note(fates: dict[int, Fate], port: int, answer: str) -> None:
    if port in fates and fates[port].answer is None:
        fates[port] = fates[port]._replace(answer=answer)


def _received(ear: socket.socket, six: bool) -> Iterator[tuple[str, bytes]]:
    """Yield the destination and what follows the IP header of each packet that a raw socket has."""
    with suppress(BlockingIOError):
        while True:
            data, ancillary, _, _ = ear.recvmsg(2048, 64)
            if six:
                where = next(value for level, kind, value in ancillary if kind == socket.IPV6_PKTINFO)
                yield str(IPv6Address(where[:16])), data
            else:
                yield socket.inet_ntoa(data[16:20]), data[(data[0] & 15) * 4 :]


def _send(packet: Packet, port: int, stack: ExitStack) -> int:
    """Send a packet from this thread's namespace and return errno."""
    family = socket.AF_INET6 if ":" in packet.source else socket.AF_INET
    kind = socket.SOCK_STREAM if packet.protocol == "tcp" else socket.SOCK_DGRAM
    with _as_user(packet.uid):
        sender = stack.enter_context(socket.socket(family, kind))
    sender.setblocking(False)
    sender.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
    sender.bind((packet.source, port))
    try:
        if packet.protocol == "tcp":
            done = sender.connect_ex((packet.destination, packet.port))
            return 0 if done == errno.EINPROGRESS else done
        sender.sendto(b"first", (packet.destination, packet.port))
    except OSError as error:
        return error.errno or 0
    return 0


@contextmanager
def _as_user(uid: int) -> Iterator[None]:
    """Make what is opened a user's."""
    if uid:
        os.seteuid(uid)
    try:
        yield
    finally:
        if uid:
            os.seteuid(0)


@contextmanager
def _one_processor() -> Iterator[None]:
    """Keep this thread on the processor that it is on, so that its packets stand in one queue."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def ears(world: World) -> Iterator[Ears]:
    """Open the raw sockets of a world."""
    with ExitStack() as stack:
        yield Ears(world, stack)


__all__ = ["HOST", "Ears", "Fate", "Packet", "ears"]
