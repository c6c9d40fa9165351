"""Whole dumps from a scripted kernel: errors, interruptions, losses and duplicates."""

import errno
import struct
from collections.abc import Callable

import pytest

from portsock.model import Family, Netns
from portsock.records import Request
from portsock.sources.linux import netlink
from tests.support.netlink_replay import INTERRUPTED, Channel, done, failed, message

TCP = Request(frozenset({"tcp"}), frozenset({Family.IPV4}))


def row(port: int, cookie: int) -> bytes:
    network_order = struct.unpack("=H", struct.pack("!H", port))[0]
    body = struct.pack("=BBBBHH16s16sIQIIIII", 2, 10, 0, 0, network_order, 0, bytes(16), bytes(16), 0, cookie, 0, 0, 5, 0, 7)
    return message(20, body)


def cookies(found: netlink.Dump) -> list[int | None]:
    return [record.cookie for record in found.sockets]


def test_every_record_has_the_given_namespace() -> None:
    netns = Netns(4026531840, "blue")
    found = netlink.dump(TCP, netns, Channel([row(80, 1) + done()]))
    assert [record.netns for record in found.sockets] == [netns]


def test_a_dump_in_several_batches_is_read_completely() -> None:
    found = netlink.dump(TCP, None, Channel([row(80, 1), row(81, 2), done()]))
    assert (cookies(found), found.notices) == ([1, 2], [])


def test_an_interrupted_dump_is_repeated() -> None:
    channel = Channel([row(80, 1) + done(flags=INTERRUPTED)], [row(80, 1) + row(81, 2) + done()])
    found = netlink.dump(TCP, None, channel)
    assert (cookies(found), found.notices, len(channel.requests)) == ([1, 2], [], 2)


def test_a_dump_that_is_always_interrupted_has_a_notice() -> None:
    channel = Channel([row(80, 1) + done(flags=INTERRUPTED)])
    found = netlink.dump(TCP, None, channel)
    (notice,) = found.notices
    assert cookies(found) == [1]
    assert (notice.code, notice.incomplete) == ("dump_interrupted", True)
    assert "tcp" in notice.message
    assert 1 < len(channel.requests) < 10


def test_a_dump_that_lost_messages_is_repeated() -> None:
    lost = OSError(errno.ENOBUFS, "no buffer space")
    channel = Channel([row(80, 1), lost, done()], [row(80, 1) + row(81, 2) + done()])
    found = netlink.dump(TCP, None, channel)
    assert (cookies(found), found.notices, len(channel.requests)) == ([1, 2], [], 2)


def test_endless_losses_are_refused() -> None:
    with pytest.raises(netlink.NetlinkRefused, match="no buffer space"):
        netlink.dump(TCP, None, Channel([OSError(errno.ENOBUFS, "no buffer space")] * 1000))


def test_a_kernel_that_does_not_answer_is_refused() -> None:
    with pytest.raises(netlink.NetlinkRefused, match="timed out"):
        netlink.dump(TCP, None, Channel([TimeoutError("timed out")]))


def test_a_socket_that_is_dumped_twice_is_listed_once() -> None:
    found = netlink.dump(TCP, None, Channel([row(80, 1) + row(81, 2) + row(80, 1) + done()]))
    assert cookies(found) == [1, 2]


def test_sockets_without_a_cookie_differ_by_their_endpoints() -> None:
    none = (1 << 64) - 1
    found = netlink.dump(TCP, None, Channel([row(80, none) + row(81, none) + row(80, none) + done()]))
    assert len(found.sockets) == 2


@pytest.mark.parametrize("number", [errno.ENOENT, errno.EPROTONOSUPPORT, errno.EAFNOSUPPORT])
@pytest.mark.parametrize("ending", [done, failed])
def test_every_error_for_a_missing_module_is_recognised(number: int, ending: Callable[[int], bytes]) -> None:
    found = netlink.dump(TCP, None, Channel([ending(number)]))
    assert not found.sockets
    assert found.missing == {("tcp", Family.IPV4)}


@pytest.mark.parametrize("number", [errno.EPERM, errno.EACCES])
def test_a_permission_error_is_refused(number: int) -> None:
    with pytest.raises(netlink.NetlinkRefused):
        netlink.dump(TCP, None, Channel([failed(number)]))


@pytest.mark.parametrize("length", [0, 4, 71])
def test_a_message_that_is_too_short_is_refused(length: int) -> None:
    with pytest.raises(netlink.NetlinkRefused, match=f"message of {length} bytes"):
        netlink.dump(TCP, None, Channel([row(80, 1), message(20, bytes(length)), done()]))


def test_records_are_sorted_by_local_port() -> None:
    found = netlink.dump(TCP, None, Channel([row(8080, 1) + row(22, 2), row(80, 3) + row(22, 4), done()]))
    assert cookies(found) == [2, 4, 3, 1]


def test_garbled_answers_are_refused() -> None:
    with pytest.raises(netlink.NetlinkRefused, match="4 bytes"):
        netlink.dump(TCP, None, Channel([message(20, b"oops") + done()]))


def test_a_netlink_socket_that_cannot_be_opened_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def denied(*_: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("socket.socket", denied)
    monkeypatch.setattr("socket.AF_NETLINK", 16, raising=False)
    monkeypatch.setattr("socket.SOCK_CLOEXEC", 0x80000, raising=False)
    with pytest.raises(netlink.NetlinkRefused, match="Permission denied"):
        netlink.dump(TCP)


def test_only_requested_tables_are_dumped() -> None:
    channel = Channel([done()])
    netlink.dump(Request(frozenset({"tcp", "udp"}), frozenset({Family.IPV6})), None, channel)
    assert [struct.unpack_from("=BB", sent, 16) for sent in channel.requests] == [(10, 6), (10, 17)]
