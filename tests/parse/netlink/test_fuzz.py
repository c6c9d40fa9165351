"""Netlink answers that are garbage or cut short."""

import contextlib

from hypothesis import given
from hypothesis import strategies as st

from portsock.enums import DETAILS
from portsock.model import Family
from portsock.records import Request
from portsock.sources.linux import netlink
from tests.parse.netlink.recorded_answers import answer
from tests.support.netlink_replay import FIXTURES, Channel, done, message

TABLES = [("tcp", Family.IPV4), ("tcp", Family.IPV6), ("sctp", Family.IPV4), ("raw", Family.IPV6)] + [
    (family.value, family) for family in (Family.UNIX, Family.NETLINK, Family.PACKET, Family.VSOCK)
]


@given(st.sampled_from(TABLES), st.binary(max_size=300), st.booleans())
def test_garbage_is_decoded_or_refused(table: tuple[str, Family], data: bytes, details: bool) -> None:
    request = Request(frozenset({table[0]}), frozenset({table[1]}), needs=DETAILS if details else frozenset())
    with contextlib.suppress(netlink.NetlinkRefused):
        netlink.dump(request, None, Channel([message(20, data) + done()]))


@given(st.sampled_from(["tcp-ipv4", "tcp-ipv6", "unix-unix", "packet-packet", "netlink-netlink"]), st.data())
def test_a_truncated_answer_is_refused_or_read_as_far_as_it_goes(name: str, data: st.DataObject) -> None:
    protocol, _, family = name.partition("-")
    whole = (FIXTURES / f"{name}.bin").read_bytes()
    cut = data.draw(st.integers(0, len(whole) - 1))
    request = Request(frozenset({protocol}), frozenset({Family(family)}))
    with contextlib.suppress(netlink.NetlinkRefused):
        found = netlink.dump(request, None, Channel([whole[:cut], done()]))
        assert len(found.sockets) <= len(answer(protocol, Family(family)))
