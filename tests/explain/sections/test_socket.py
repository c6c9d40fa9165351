"""Section SOCKET."""

from portsock.explain.types import Part, PathFacts
from portsock.model import Family, Owner, OwnerStatus, Peer, State
from tests.support.explain_factory import answer, part, seen, text, unix, web, with_sockets
from tests.support.factory import tcp, udp


def test_two_senses_of_socket_are_named_for_one_socket() -> None:
    said = part(answer("inode:5", web()), Part.SOCKET)
    assert "In the operating system's sense this is one socket (TCP over IPv4, inode 5, descriptor 3)" in said
    assert "RFC 9293 calls each of its endpoints a socket" in said


def test_accepting_opens_no_new_port() -> None:
    said = part(answer("80", web()), Part.SOCKET)
    assert "The listener and what came to it (3 connections) have the same local port" in said
    assert "accept(2) opens no new one" in said


def test_several_sockets_on_one_endpoint_are_counted() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2), tcp("127.0.0.1:80", inode=3)]
    said = part(answer("80", seen(records, {1: 500, 2: 501, 3: 700})), Part.SOCKET)
    assert "3 separate sockets have this port: tcp 0.0.0.0:80 (2 times) and tcp 127.0.0.1:80." in said


def test_the_queue_of_a_listener_is_shown_with_its_limit() -> None:
    assert "Its queue is empty; the limit is 511." in part(answer("80", web()), Part.SOCKET)
    snapshot = seen([tcp("127.0.0.1:8080", accept_queue=3, accept_limit=2)], {1: 700})
    assert "In its queue 3 connections wait for accept(2); the limit is 2." in part(answer("8080", snapshot), Part.SOCKET)


def test_udp_has_no_listeners() -> None:
    explanation = answer("53/udp", seen([udp("0.0.0.0:53")], {1: 700}))
    assert "bound to all IPv4 addresses" in explanation.summary
    assert "UDP has no listeners" in part(explanation, Part.SOCKET)


def test_ipv4_on_an_ipv6_socket_explains_tcp6() -> None:
    records = [tcp(":::80", inode=1, v6only=False), tcp("10.0.0.7:80", "10.0.0.9:4000", inode=2, family=Family.IPV6)]
    assert "hence tcp6" in part(answer("80", seen(records, {1: 500, 2: 501})), Part.SOCKET)


def test_a_unix_path_names_server_and_clients() -> None:
    peer = Peer(12, None, None, OwnerStatus.KNOWN, (Owner(800, 4, "curl", "dev"),))
    snapshot = with_sockets(
        seen([]),
        unix(b"/run/x.sock", State.ESTABLISHED, inode=11, peer=peer),
        unix(b"/run/x.sock", State.LISTEN, inode=10, accept_queue=0, accept_limit=64),
    )
    explanation = answer("/run/x.sock", snapshot, path=PathFacts(True, True, None, 0o660))
    assert explanation.summary == "/run/x.sock is a unix stream socket on which python3 (pid 700) listens, with 1 connection."
    said = part(explanation, Part.SOCKET)
    assert "mode 0660" in said
    assert "At the other end: curl[800]." in said
    assert explanation.picture[0].startswith("/run/x.sock  LISTEN")


def test_an_abstract_name_has_no_file() -> None:
    from portsock.model import UnixEndpoint

    snapshot = with_sockets(seen([]), unix(b"demo", State.LISTEN, local=UnixEndpoint(b"demo", True)))
    assert "there is no file and no permission" in part(answer("@demo", snapshot), Part.SOCKET)


def test_a_missing_path_means_enoent() -> None:
    assert "ENOENT" in text("/run/x.sock", seen([]), path=PathFacts(False))
    assert "not a socket" in text("/run/x.sock", seen([]), path=PathFacts(True, False))
