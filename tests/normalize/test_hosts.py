"""Sockets of several captured hosts are joined by what only one of them has, whatever they share."""

from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.model import Input, Interface, Machine, Netns, Peer, Socket, Source
from portsock.normalize.snapshot import normalize
from portsock.records import Collection, SocketRecord
from tests.support.factory import LINUX, collection, snapshot, tcp

BRIDGE = Interface("docker0", ("172.17.0.1/16",), 1, True)


def capture(
    label: str,
    *records: SocketRecord,
    interfaces: tuple[Interface, ...] | None = None,
    machine_id: str | None = None,
    name: str | None = None,
) -> Collection:
    """Make what was read of a file of portsock's JSON. Its header says `interfaces`, `machine_id` and `name`."""
    (own,) = [normalize([collection(records)]).sockets]
    machine = Machine(machine_id, None, "Linux", None, 1, interfaces, None)
    shot = snapshot([each._replace(peer=None) for each in own], host=LINUX._replace(name=name or label))
    shot = shot._replace(machine=machine)
    source = Source("capture", None, (Input(label, label, "portsock"),))
    return collection([], source=source, ownership=None, host=LINUX._replace(name=label), snapshot=shot)


def eth(address: str) -> Interface:
    return Interface("eth0", (f"{address}/24",), 1, False)


def peers(*collections: Collection) -> list[str | None]:
    """Return the host of each socket's other end, '' for one on the same host."""
    found = [socket.peer for socket in normalize(collections).sockets]
    return [peer and (peer.host or "") for peer in found]


def ends(near: str, far: str) -> tuple[SocketRecord, SocketRecord]:
    """Make the two sockets of a connection."""
    return tcp(near, far, netns=Netns(1)), tcp(far, near, netns=Netns(1))


def test_hosts_with_addresses_of_their_own_are_joined() -> None:
    one, other = ends("10.0.0.1:4000", "10.0.0.2:80")
    assert peers(capture("a", one), capture("b", other)) == ["b", "a"]
    a = capture("a", one, interfaces=(eth("10.0.0.1"), BRIDGE))
    b = capture("b", other, interfaces=(eth("10.0.0.2"), BRIDGE))
    assert peers(a, b) == ["b", "a"]


def test_an_address_that_both_hosts_have_joins_nothing() -> None:
    one, other = ends("172.17.0.1:4000", "172.17.0.2:80")
    a, b = capture("a", one, interfaces=(BRIDGE,)), capture("b", other, interfaces=(BRIDGE,))
    assert peers(a, b) == [None, None]


def test_an_address_behind_bridges_of_both_hosts_joins_nothing() -> None:
    one, other = ends("172.17.0.5:4000", "172.17.0.6:80")
    a, b = capture("a", one, interfaces=(BRIDGE,)), capture("b", other, interfaces=(BRIDGE,))
    assert peers(a, b) == [None, None]
    nested = Interface("br0", ("172.17.4.1/17",), 1, True)
    assert peers(a, capture("b", other, interfaces=(nested,))) == [None, None]


def test_a_virtual_machine_is_joined_with_the_host_of_its_bridge() -> None:
    one, other = ends("192.168.122.1:4000", "192.168.122.10:22")
    hypervisor = capture("a", one, interfaces=(Interface("virbr0", ("192.168.122.1/24",), 1, True),))
    assert peers(hypervisor, capture("b", other, interfaces=(eth("192.168.122.10"),))) == ["b", "a"]


def test_hosts_whose_bridges_lead_to_one_network_are_joined() -> None:
    one, other = ends("10.0.0.1:4000", "10.0.0.2:80")
    a, b = (
        capture(label, row, interfaces=(Interface("vmbr0", (f"{address}/24",), 1, False),))
        for label, row, address in (("a", one, "10.0.0.1"), ("b", other, "10.0.0.2"))
    )
    assert peers(a, b) == ["b", "a"]


def test_without_interfaces_an_address_that_both_hosts_use_joins_nothing() -> None:
    one, other = ends("172.17.0.1:4000", "172.17.0.2:80")
    listener = tcp("172.17.0.1:53", netns=Netns(1))
    assert peers(capture("a", one), capture("b", other, listener)) == [None, None, None]


def test_a_socket_whose_other_end_is_on_its_host_has_none_elsewhere() -> None:
    one, other = ends("10.0.0.1:4000", "10.0.0.2:80")
    other = other._replace(netns=Netns(2))
    stray = tcp("10.0.0.2:80", "10.0.0.1:4000", netns=Netns(1))
    assert peers(capture("a", one, other), capture("b", stray)) == ["", "", None]


def test_containers_with_the_same_addresses_are_joined_on_their_own_host() -> None:
    def host(label: str) -> Collection:
        one, other = ends("172.17.0.1:4000", "172.17.0.2:80")
        return capture(label, one, other._replace(netns=Netns(2)), interfaces=(BRIDGE,))

    assert peers(host("a"), host("b")) == ["", "", "", ""]


@pytest.mark.parametrize(("machine_id", "name"), [("1", None), (None, "web")])
def test_captures_of_one_host_are_not_joined(machine_id: str | None, name: str | None) -> None:
    one, other = ends("10.0.0.1:4000", "10.0.0.9:80")
    early, late = (capture(label, row, machine_id=machine_id, name=name) for label, row in (("x", one), ("y", other)))
    assert peers(early, late) == [None, None]


def test_captures_of_one_host_do_not_make_its_addresses_those_of_several() -> None:
    one, other = ends("10.0.0.1:4000", "10.0.0.2:80")
    early, late = (capture(label, one, machine_id="1", name="web") for label in ("x", "y"))
    unnamed = capture("z", one, name="web")
    assert peers(early, late, unnamed, capture("db", other, machine_id="2")) == ["db", "db", "db", None]


class World(NamedTuple):
    """Connections, each with the hosts of its two ends, and what the hosts are."""

    collections: list[Collection]
    truth: dict[tuple[str, int], tuple[str, int]]
    """Host and inode of a socket → those of its other end."""
    sure: set[tuple[str, int]]
    """Sockets between addresses that only one host has: they must be joined where both are listed."""


SHARED = ["172.17.0.1", "172.17.0.2", "172.17.0.3", "192.168.122.1", "127.0.0.1", "fd00::1"]
HOSTS = ("a", "b", "c")


@st.composite
def worlds(draw: st.DrawFn, with_interfaces: bool) -> World:
    """Draw hosts that share bridges, loopback and numbers of namespaces, with connections within and between them."""
    rows: dict[str, list[SocketRecord]] = {host: [] for host in HOSTS}
    truth: dict[tuple[str, int], tuple[str, int]] = {}
    sure: set[tuple[str, int]] = set()
    inode = 0
    taken: set[object] = set()
    for _ in range(draw(st.integers(1, 8))):
        near, far = draw(st.sampled_from(HOSTS)), draw(st.sampled_from(HOSTS))
        ports = draw(st.integers(1, 2)), draw(st.integers(80, 81))
        if near == far:
            addresses = draw(st.lists(st.sampled_from(SHARED), min_size=2, max_size=2))
        else:
            addresses = [f"10.0.0.{HOSTS.index(near)}", f"10.0.0.{HOSTS.index(far)}"]
        spaces = draw(st.integers(1, 2)), draw(st.integers(1, 2))
        if "127.0.0.1" in addresses:
            addresses, spaces = ["127.0.0.1"] * 2, (spaces[0], spaces[0])
        local, remote = (f"[{at}]:{port}" if ":" in at else f"{at}:{port}" for at, port in zip(addresses, ports, strict=True))
        keys = {(near, local, remote), (far, remote, local)}
        if keys & taken or local == remote:
            continue
        taken |= keys
        inode += 2
        truth |= {(near, inode): (far, inode + 1), (far, inode + 1): (near, inode)}
        listed = draw(st.sampled_from([(True, True), (True, False), (False, True)]))
        if near != far and all(listed):
            sure |= {(near, inode), (far, inode + 1)}
        for host, ends_, number, space, is_listed in (
            (near, (local, remote), inode, spaces[0], listed[0]),
            (far, (remote, local), inode + 1, spaces[1], listed[1]),
        ):
            if is_listed:
                rows[host].append(tcp(*ends_, inode=number, netns=Netns(space)))
    bridges = (BRIDGE, Interface("virbr0", ("192.168.122.1/24",), 1, True), Interface("br1", ("fd00::1/64",), 2, True))
    collections = []
    for index, host in enumerate(HOSTS):
        ordered = sorted(rows[host], key=lambda row: row.netns or Netns(0))
        own = (Interface("eth0", (f"10.0.0.{index}/24",), 1, False), *bridges) if with_interfaces else None
        collections.append(capture(host, *ordered, interfaces=own, machine_id=draw(st.sampled_from([host, None]))))
    return World(collections, truth, sure)


def wrong(sockets: list[Socket], world: World) -> list[tuple[Socket, Peer]]:
    """Return the sockets whose other end is said to be on a host where it is not."""
    return [
        (socket, socket.peer)
        for socket in sockets
        if socket.peer is not None
        and socket.peer.host is not None
        and world.truth[socket.host or "", socket.inode or 0] != (socket.peer.host, socket.peer.inode)
    ]


@settings(deadline=None, max_examples=300)
@given(worlds(with_interfaces=True))
def test_with_interfaces_no_peer_is_on_a_wrong_host_and_every_sure_one_is_found(world: World) -> None:
    sockets = normalize(world.collections).sockets
    assert wrong(sockets, world) == []
    joined = {(socket.host or "", socket.inode or 0) for socket in sockets if socket.peer and socket.peer.host}
    assert world.sure == joined


@settings(deadline=None, max_examples=200)
@given(worlds(with_interfaces=False))
def test_without_interfaces_no_peer_has_an_address_that_several_hosts_use(world: World) -> None:
    sockets = normalize(world.collections).sockets
    used: dict[str, set[str]] = {}
    for socket in sockets:
        used.setdefault(getattr(socket.local, "address", ""), set()).add(socket.host or "")
    for socket, _ in wrong(sockets, world):
        assert all(len(used.get(getattr(end, "address", ""), ())) < 2 for end in (socket.local, socket.remote))
    assert world.sure == {
        (socket.host or "", socket.inode or 0)
        for socket in sockets
        if socket.peer and socket.peer.host and "10.0.0." in getattr(socket.local, "address", "")
    }


def test_a_printed_peer_on_the_same_host_is_kept_though_it_is_not_listed() -> None:
    one, other = ends("10.0.0.1:4000", "10.0.0.2:80")
    a, b = capture("a", one), capture("b", other)
    assert a.snapshot is not None
    (printed,) = a.snapshot.sockets
    own = Peer(9, None, None, printed.owner_status, ())
    a = a._replace(snapshot=a.snapshot._replace(sockets=[printed._replace(peer=own)]))
    assert peers(a, b) == ["", None]
