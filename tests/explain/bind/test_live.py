"""The bind verdict against the kernel where users, privileges, devices and namespaces matter, and its sources."""

import os
import socket
import subprocess
from collections.abc import Iterable
from itertools import product

import pytest

from portsock.errors import ReadError, UsageError
from portsock.explain.bind.existing import inodes_in_the_way, sockets_on_port
from portsock.explain.bind.judge import judge
from portsock.explain.types import Attempt, Way
from portsock.model import Host, Owner, Role, Socket
from portsock.records import Identity, LocalAddress, SocketOptions
from portsock.sources.identity import identity
from portsock.sources.linux import trial
from portsock.sources.linux.sockopts import options_of
from portsock.sources.linux.trial import bind_once, local_address
from portsock.sources.system import bound_sockets_listed
from tests.support import bind_lab, bind_worlds
from tests.support.bind_lab import Bound, Options, Ports, as_user, kernel_says, new_socket

HOST = Host("Linux", (32768, 60999), False, addresses=frozenset({"127.0.0.1", "::1"}))
LOOPBACK = Bound("127.0.0.1", None, "127.0.0.1")
OTHER = 65534
REUSEPORT = Options(reuseport=True)

pytestmark = [bind_lab.needs_root, pytest.mark.root, pytest.mark.linux]


def verdict(
    address: str, port: int, way: Way, *, protocol: str = "tcp", uid: int = 0, sockets: Iterable[Socket] | None = None
) -> Attempt:
    near = list(bind_lab.seen(protocol) if sockets is None else sockets)
    inodes = inodes_in_the_way(near, (protocol,), (address,), port)
    held = sockets_on_port(near, protocol, port, options_of(near, inodes), None)
    return judge(held, protocol, address, port, way, Identity(uid, uid == 0), HOST)


def kernel(address: str, port: int, way: Way, *, stream: bool = True, uid: int = 0) -> str | None:
    options = Options(way.reuseaddr, way.reuseport)
    with as_user(uid):
        return kernel_says(address, port, stream=stream, options=options, v6only=way.v6only, device=way.device)


def agrees(found: Attempt, said: str | None) -> bool:
    return found.ok is None or (found.ok, found.errno) == (said is None, said)


def listener_of(uid: int, port: int, options: Options = REUSEPORT) -> socket.socket:
    with as_user(uid):
        made = new_socket("127.0.0.1", options=options)
    made.bind(("127.0.0.1", port))
    made.listen()
    return made


def test_sockets_of_another_user_are_not_joined_by_reuseport() -> None:
    def work() -> list[tuple[Attempt, str | None]]:
        ports, found = Ports(), []
        for holder, comer in product((0, OTHER), repeat=2):
            port = ports.fresh()
            with listener_of(holder, port):
                way = Way(reuseport=True)
                found.append((verdict("127.0.0.1", port, way, uid=comer), kernel("127.0.0.1", port, way, uid=comer)))
        return found

    found = bind_lab.in_namespace(work)
    assert [one.ok for one, _ in found] == [True, False, False, True]
    assert all(agrees(*pair) for pair in found)


def test_leftovers_of_every_kind_agree_with_the_kernel() -> None:
    """With the listener still there or gone: waiting to be accepted, accepted (by another user, too), orphaned, TIME_WAIT."""

    def leave(kind: str, port: int, options: Options, accepter: int) -> list[socket.socket]:
        listener = listener_of(0, port, options)
        client = new_socket("127.0.0.1")
        client.connect(("127.0.0.1", port))
        if kind == "unaccepted":
            return [listener, client]
        with as_user(accepter):
            server, _ = listener.accept()
        if kind == "serving":
            return [listener, server, client]
        if kind == "orphan":
            server.close()
            return [listener, client]
        listener.close()
        if kind == "accepted":
            return [server, client]
        server.close()
        return [client]

    def work() -> list[tuple[str, Attempt, str | None]]:
        ports, found = Ports(), []
        kinds = ("unaccepted", "serving", "orphan", "accepted", "gone")
        options = (Options(), Options(True), REUSEPORT, Options(True, True))
        tries = (Way(), Way(reuseaddr=True), Way(reuseport=True))
        cases = [(*case, ports.fresh()) for case in product(kinds, options, (0, OTHER), tries, ("127.0.0.1", "0.0.0.0"))]
        kept = [leave(kind, port, option, accepter) for kind, option, accepter, _, _, port in cases]
        sockets = bind_lab.seen("tcp")
        for kind, _, _, way, address, port in cases:
            near = [one for one in sockets if bind_lab.local_port(one) == port]
            found.append((kind, verdict(address, port, way, sockets=near), kernel(address, port, way)))
        assert kept
        return found

    found = bind_lab.in_namespace(work)
    assert [one for one in found if not agrees(*one[1:])] == []
    assert sum(one.ok is None for kind, one, _ in found if kind in {"unaccepted", "serving", "orphan"}) <= 0.15 * len(found)


def test_the_port_that_a_client_was_given_is_taken_too() -> None:
    def work() -> list[tuple[Attempt, str | None]]:
        found = []
        with new_socket("::1") as listener:
            listener.bind(("::1", 2000))
            listener.listen()
            for address in ("::1", "::", "0.0.0.0", "127.0.0.1"):
                with new_socket("::1") as client:
                    client.connect(("::1", 2000))
                    port = client.getsockname()[1]
                    way = Way(v6only=False if ":" in address else None)
                    found.append((verdict(address, port, way), kernel(address, port, way)))
        return found

    found = bind_lab.in_namespace(work)
    assert [said for _, said in found] == ["EADDRINUSE", "EADDRINUSE", "EADDRINUSE", None]
    assert [one.ok for one, _ in found] == [False, False, False, True]


def test_low_ports_as_an_unprivileged_user() -> None:
    def work() -> list[str | None]:
        cases = [("127.0.0.1", 80), ("198.51.100.1", 80), ("2001:db8::1", 80), ("::1", 80), ("127.0.0.1", 8080)]
        tried = [bind_once("tcp", address, port, uid=OTHER).errno for address, port in cases]
        judged = [verdict(address, port, Way(), uid=OTHER, sockets=()).errno for address, port in cases]
        assert judged == tried
        return tried

    assert bind_lab.in_namespace(work) == ["EACCES", "EADDRNOTAVAIL", "EACCES", "EACCES", None]


def test_sockets_bound_to_different_devices_live_side_by_side() -> None:
    def work() -> list[tuple[Attempt, str | None]]:
        ports, found = Ports(), []
        for protocol, held, device in product(("tcp", "udp"), (None, "lo"), (None, "lo", "veth-a")):
            port, stream = ports.fresh(), protocol == "tcp"
            with new_socket("0.0.0.0", stream=stream, device=held) as made:
                made.bind(("0.0.0.0", port))
                way = Way(device=device)
                found.append((verdict("0.0.0.0", port, way, protocol=protocol), kernel("0.0.0.0", port, way, stream=stream)))
        return found

    def with_veth() -> list[tuple[Attempt, str | None]] | None:
        command = ["ip", "link", "add", "veth-a", "type", "veth", "peer", "name", "veth-b"]
        if subprocess.run(command, check=False, capture_output=True).returncode != 0:
            return None
        return work()

    found = bind_lab.in_namespace(with_veth)
    if found is None:
        pytest.skip("this kernel has no veth devices")
    assert [one.ok for one, _ in found] == [False, False, False, False, False, True] * 2
    assert all(agrees(*pair) for pair in found)


def test_a_socket_of_another_namespace_is_not_in_the_way() -> None:
    def work() -> tuple[Attempt, str | None]:
        with listener_of(0, 2001):
            elsewhere = bind_lab.seen("tcp")
            bind_lab.enter_namespace()
            here = os.stat("/proc/self/ns/net").st_ino
            found = judge(
                sockets_on_port(elsewhere, "tcp", 2001, {}, here), "tcp", "127.0.0.1", 2001, Way(), Identity(0, True), HOST
            )
            return found, kernel("127.0.0.1", 2001, Way())

    found, said = bind_lab.in_namespace(work)
    assert (found.ok, said) == (True, None)


def test_the_options_of_a_socket_are_read_through_its_descriptor() -> None:
    def work() -> list[SocketOptions]:
        with (
            new_socket("0.0.0.0", options=Options(reuseaddr=True), device="lo") as one,
            new_socket("::", options=REUSEPORT, v6only=True) as two,
        ):
            one.bind(("0.0.0.0", 2001))
            two.bind(("::", 2001))
            sockets = bind_lab.seen("tcp")
            found = options_of(sockets, {item.inode for item in sockets if item.inode})
            return [found[os.fstat(each.fileno()).st_ino] for each in (one, two)]

    assert bind_lab.in_namespace(work) == [SocketOptions(True, False, None, "lo"), SocketOptions(False, True, True, None)]


def test_a_socket_that_cannot_be_read_is_left_out_and_another_s_options_are_never_taken() -> None:
    def work() -> tuple[int, ...]:
        with new_socket("127.0.0.1") as made:
            made.bind(("127.0.0.1", 2001))
            (item,) = bind_lab.seen("tcp")
            inode = item.inode or 0
            wrong_inode = item._replace(inode=inode + 1)
            gone = item._replace(owners=(Owner(2**22 - 1, 3), Owner(None, None)))
            read = [len(options_of([one], {inode, inode + 1})) for one in (item, wrong_inode, gone)]
            os.setresuid(OTHER, OTHER, OTHER)
            return (*read, len(options_of([item._replace(owners=(Owner(1, 3),))], {inode})))

    assert bind_lab.in_namespace(work) == (1, 0, 0, 0)


def test_a_trial_leaves_the_port_free_and_listens_only_with_reuseaddr_alone() -> None:
    def work() -> list[tuple[str | None, bool]]:
        ways = ((), ("reuseaddr",), ("reuseport",), ("reuseaddr", "reuseport"))
        found = []
        for number, way in enumerate(ways):
            answer = bind_once("tcp", "127.0.0.1", 2001 + number, reuseaddr="reuseaddr" in way, reuseport="reuseport" in way)
            found.append((answer.errno, answer.listened))
            assert kernel("127.0.0.1", 2001 + number, Way()) is None
        return found

    assert bind_lab.in_namespace(work) == [(None, False), (None, True), (None, False), (None, False)]


def test_nothing_reaches_a_socket_that_listens_for_a_trial() -> None:
    def work() -> str:
        with new_socket("127.0.0.1") as listener, new_socket("127.0.0.1") as client:
            listener.bind(("127.0.0.1", 2001))
            assert trial._drop_packets(listener)
            listener.listen()
            client.settimeout(0.2)
            try:
                client.connect(("127.0.0.1", 2001))
            except TimeoutError:
                return "unanswered"
            return "connected"

    assert bind_lab.in_namespace(work) == "unanswered"


def test_a_trial_says_why_it_cannot_be_made() -> None:
    with pytest.raises(ReadError, match="sctp cannot be tried"):
        bind_once("sctp", "127.0.0.1", 2001)

    def work() -> str:
        os.setresuid(OTHER, OTHER, OTHER)
        with pytest.raises(ReadError, match="only root can try for another user") as caught:
            bind_once("tcp", "127.0.0.1", 2001, uid=0)
        return str(caught.value)

    assert "uid 0" in bind_lab.in_namespace(work)


def test_the_kernel_tells_which_addresses_are_local() -> None:
    addresses = (
        "127.0.0.1",
        "127.77.0.1",
        "::1",
        "198.51.100.1",
        "2001:db8::1",
        "fe80::1",
        "::1%lo",
        "127.0.0.1%none",
        "fe80::1%99",
    )
    found = bind_lab.in_namespace(lambda: [local_address(address) for address in addresses])
    assert [one.errno for one in found] == [
        None,
        None,
        None,
        "EADDRNOTAVAIL",
        "EADDRNOTAVAIL",
        "EINVAL",
        None,
        "ENODEV",
        "ENODEV",
    ]
    assert all(one.known for one in found)


def test_an_error_that_is_not_about_the_address_leaves_it_open(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError(1, "by a policy")

    monkeypatch.setattr(trial, "bind_to_device", refuse)
    assert local_address("127.0.0.1%lo") == LocalAddress(False, device="lo")


def test_a_refused_address_is_explained_by_the_devices_that_have_it() -> None:
    def work() -> list[LocalAddress]:
        bind_worlds.make_devices()
        asked = (
            "fe80::2%va",
            f"fe80::1%{socket.if_nametoindex('vb')}",
            "fe80::4%xa",
            "fe80::77%va",
            "2001:db8:4::1",
            "2001:db8:2::1%va",
            "2001:db8:9::9",
        )
        return [local_address(address) for address in asked]

    none = "EADDRNOTAVAIL"
    assert bind_lab.in_namespace(work) == [
        LocalAddress(True, none, "va", ("wa",)),
        LocalAddress(True, none, "vb", ("va", "wa")),
        LocalAddress(True, none, "xa", (), "xa"),
        LocalAddress(True, none, "va", ("vb",), "va", duplicate=True),
        LocalAddress(True, none, None, (), "xa"),
        LocalAddress(True, None, "va"),
        LocalAddress(True, none),
    ]


def test_a_device_behind_an_address_that_needs_no_zone_is_bound_to() -> None:
    """ss prints such sockets so; the kernel ignores a zone there, and getaddrinfo refuses it."""

    def work() -> list[str | None]:
        bind_worlds.make_devices()
        with new_socket("2001:db8:1::1", device="va") as made, new_socket("127.0.0.1", device="va") as other:
            made.bind(("2001:db8:1::1", 2001))
            other.bind(("127.0.0.1", 2001))
            numbered = f"127.0.0.1%{socket.if_nametoindex('va')}"
            asked = ("2001:db8:1::1%va", "2001:db8:1::1%wa", "2001:db8:1::1", "127.0.0.1%va", numbered, "127.0.0.1%lo")
            return [bind_once("tcp", address, 2001).errno for address in asked]

    assert bind_lab.in_namespace(work) == ["EADDRINUSE", None, "EADDRINUSE", "EADDRINUSE", "EADDRINUSE", None]


def test_the_identity_is_the_user_the_sudo_caller_or_the_named_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SUDO_UID", raising=False)
    assert identity()[:2] == (0, True)
    assert identity(str(OTHER))[:2] == (OTHER, False)
    assert identity("root") == Identity(0, True, "root")
    monkeypatch.setenv("SUDO_UID", str(OTHER))
    assert identity()[:2] == (OTHER, False)
    with pytest.raises(UsageError, match="--as nobody-of-this-name: no such user"):
        identity("nobody-of-this-name")
    monkeypatch.setenv("SUDO_UID", "1" * 5000)
    assert identity()[:2] == (0, True)
    with pytest.raises(UsageError, match=r"--as 1{60}: no such user"):
        identity("1" * 5000)


def test_an_unprivileged_process_has_no_right_to_low_ports() -> None:
    def work() -> Identity:
        os.environ["SUDO_UID"] = "1"
        os.setresuid(OTHER, OTHER, OTHER)
        return identity()

    assert bind_lab.in_namespace(work)[:2] == (OTHER, False)


def test_bound_sockets_that_do_not_listen_are_listed_where_the_source_says_so() -> None:
    def work() -> bool:
        with new_socket("127.0.0.1") as made:
            made.bind(("127.0.0.1", 2001))
            return [item.role for item in bind_lab.seen("tcp")] == [Role.BOUND]

    assert bind_lab.in_namespace(work) == bound_sockets_listed("netlink")
    assert not bound_sockets_listed("procfs")
