"""Real attempts to connect, on loopback."""

import errno
import socket
import struct
from typing import Any

import pytest

from portsock.records import Contact
from portsock.sources import connect
from portsock.sources.connect import connect_once
from portsock.sources.linux.trial import new_socket
from tests.support.live import on_linux

pytestmark = on_linux
BOTH = pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
PATIENCE = 0.05


def family(address: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


@BOTH
def test_an_accepted_connection_is_closed_at_once(address: str) -> None:
    with socket.create_server((address, 0), family=family(address)) as listener:
        found = connect_once("tcp", address, listener.getsockname()[1], 5)
        accepted, _ = listener.accept()
        with accepted:
            accepted.settimeout(5)
            assert accepted.recv(1) == b""
    assert (found.result, found.errno, found.source, found.protocol) == ("accepted", None, address, "tcp")
    assert 0 < found.seconds < 5


@BOTH
def test_a_reset_is_no_icmp_error(address: str) -> None:
    with socket.socket(family(address)) as bound:
        bound.bind((address, 0))
        found = connect_once("tcp", address, bound.getsockname()[1], 5)
    assert (found.result, found.errno, found.reporter, found.icmp) == ("reset", "ECONNREFUSED", None, None)


@BOTH
def test_an_icmp_error_has_its_sender_type_and_code(address: str) -> None:
    with socket.socket(family(address), socket.SOCK_DGRAM) as bound:
        bound.bind((address, 0))
        port = bound.getsockname()[1]
    found = connect_once("udp", address, port, 5)
    assert (found.result, found.errno, found.reporter) == ("icmp", "ECONNREFUSED", address)
    assert found.icmp == ((1, 4) if ":" in address else (3, 3))


@BOTH
def test_one_empty_datagram_is_sent_and_silence_is_none(address: str) -> None:
    with socket.socket(family(address), socket.SOCK_DGRAM) as bound:
        bound.bind((address, 0))
        bound.settimeout(5)
        found = connect_once("udp", address, bound.getsockname()[1], PATIENCE)
        assert bound.recv(10) == b""
    assert (found.result, found.errno, found.seconds) == ("silence", None, PATIENCE)


def test_a_datagram_that_comes_back_is_an_answer() -> None:
    from threading import Thread

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(5)

        def reply() -> None:
            bound.sendto(b"hello", bound.recvfrom(10)[1])

        thread = Thread(target=reply)
        thread.start()
        found = connect_once("udp", "127.0.0.1", bound.getsockname()[1], 5)
        thread.join()
    assert found.result == "answered"


def test_what_this_host_refuses_never_leaves_it() -> None:
    found = connect_once("tcp", "127.0.0.1%no-such-device", 1, 5)
    assert found._replace(seconds=0) == Contact("tcp", "local", 0, "ENODEV")
    found = connect_once("udp", "255.255.255.255", 9, 5)  # without SO_BROADCAST
    assert (found.result, found.errno, found.call) == ("local", "EACCES", "connect")


def test_a_packet_that_was_too_large_is_no_refusal() -> None:
    def error(number: int, kind: int, code: int) -> list[tuple[int, int, bytes]]:
        address = struct.pack("=HH4s8x", socket.AF_INET, 0, socket.inet_aton("192.0.2.1"))
        return [(0, 11, struct.pack("=IBBBBII", number, 2, kind, code, 0, 1400, 0) + address)]

    queued = [error(errno.EMSGSIZE, 3, 4), [(0, 11, b"short")], error(errno.EHOSTUNREACH, 3, 1)]

    class Queue:
        family = socket.AF_INET

        def recvmsg(self, *_: int) -> tuple[bytes, list[tuple[int, int, bytes]], int, None]:
            if not queued:
                raise BlockingIOError
            return b"", queued.pop(0), 0, None

    queue: Any = Queue()
    assert connect._reported(queue) == (errno.EHOSTUNREACH, (3, 1), "192.0.2.1")
    assert connect._reported(queue) is None


def test_a_connection_to_itself_is_no_server(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as spare:
        spare.bind(("127.0.0.1", 0))
        port = spare.getsockname()[1]

    def bound(protocol: str, address: str) -> socket.socket:
        made = new_socket(protocol, address)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        made.bind((address, port))
        return made

    monkeypatch.setattr("portsock.sources.connect.new_socket", bound)
    assert connect_once("tcp", "127.0.0.1", port, 5).result == "reset"
