"""The tables of a namespace, and the way to one address, from recorded answers and refusals."""

import errno
from pathlib import Path as File

import pytest

from portsock.network import Neighbour, Path
from portsock.parse.netlink.message import HEADER, NLM_F_ACK, NLM_F_DUMP, NLM_F_REQUEST
from portsock.sources.linux.netlink import NetlinkRefused
from portsock.sources.linux.routes import network, route
from tests.parse.netlink.test_route import FIXTURES, route_message
from tests.support.live import on_linux
from tests.support.netlink_replay import Channel, done, failed, message

pytestmark = on_linux


def recorded(*names: str) -> Channel:
    return Channel(*([(FIXTURES / f"{name}.bin").read_bytes()] for name in names))


def settings(root: File, **values: str) -> str:
    """Write settings below sys/net; '__' stands for '/'."""
    for name, text in values.items():
        path = root / "sys/net" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text + "\n")
    return str(root)


def test_devices_have_their_addresses_and_the_greater_filter(tmp_path: File) -> None:
    root = settings(
        tmp_path,
        ipv4__conf__all__rp_filter="1", ipv4__conf__v0__rp_filter="2", ipv4__conf__v1__rp_filter="0", ipv4__ip_forward="1",
        ipv6__conf__all__forwarding="garbage",
    )  # fmt: skip
    found = network.load(root, recorded("links", "addresses", "routes", "rules"))
    devices = {each.name: each for each in found.devices}
    assert [devices[name].rp_filter for name in ("v0", "v1", "lo")] == [2, 1, 1]
    assert "192.0.2.1/24" in devices["v0"].addresses
    assert "127.0.0.1/8" in devices["lo"].addresses
    assert (found.ruled, found.forwarding4, found.forwarding6, found.known) == (False, True, False, True)
    assert len(found.routes) > 10


def test_further_rules_are_reported(tmp_path: File) -> None:
    assert network.load(str(tmp_path), recorded("links", "addresses", "routes", "further-rules")).ruled


def test_routes_that_look_at_more_than_the_destination_count_as_further_rules(tmp_path: File) -> None:
    channel = Channel(
        [(FIXTURES / "links.bin").read_bytes()],
        [(FIXTURES / "addresses.bin").read_bytes()],
        [message(24, route_message(tos=8)) + done()],
        [(FIXTURES / "rules.bin").read_bytes()],
    )
    assert network.load(str(tmp_path), channel).ruled


def test_a_kernel_without_rules_has_none(tmp_path: File) -> None:
    channel = recorded("links", "addresses", "routes")
    channel._scripts.append([failed(errno.EOPNOTSUPP)])
    assert network.load(str(tmp_path), channel).ruled is False


def test_garbage_is_refused(tmp_path: File) -> None:
    with pytest.raises(NetlinkRefused):
        network.load(str(tmp_path), Channel([message(16, b"\0") + done()]))


def test_one_way_is_asked_for_and_not_all() -> None:
    channel = recorded("path")
    found = route.ask("198.51.100.9", channel=channel)
    assert (found.kind, found.gateway, found.source, found.errno) == ("unicast", "192.0.2.254", "192.0.2.1", None)
    flags = HEADER.unpack_from(channel.requests[0])[2]
    assert flags & NLM_F_DUMP != NLM_F_DUMP
    assert flags & (NLM_F_REQUEST | NLM_F_ACK) == NLM_F_REQUEST | NLM_F_ACK


@pytest.mark.parametrize("number", [errno.ENETUNREACH, errno.EHOSTUNREACH, errno.EACCES, errno.EINVAL])
def test_an_error_of_the_lookup_is_an_answer(number: int) -> None:
    assert route.ask("192.0.2.9", channel=Channel([failed(number)])) == Path("192.0.2.9", errno=errno.errorcode[number])


def test_another_error_is_a_refusal() -> None:
    with pytest.raises(NetlinkRefused):
        route.ask("192.0.2.9", channel=Channel([failed(errno.EOPNOTSUPP)]))
    with pytest.raises(NetlinkRefused):
        route.ask("192.0.2.9", channel=Channel([done()]))


def test_a_neighbour_is_looked_for_on_its_device(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.if_nametoindex", lambda name: {"v0": 4, "v1": 3}[name])
    assert route.neighbour("2001:db8:0::fe", "v0", recorded("neighbours")) == Neighbour("2001:db8::fe", 4, "STALE")
    assert route.neighbour("192.0.2.254", "v1", recorded("neighbours")) is None
    assert route.neighbour("192.0.2.99", "v0", recorded("neighbours")) is None
