"""The interfaces of the calling thread's network namespace and their addresses, by rtnetlink(7). Every user may read them."""

from collections import defaultdict

from portsock.model import Interface
from portsock.network import Device
from portsock.parse.netlink.route import devices
from portsock.sources.linux.netlink import NetlinkRefused, open_channel
from portsock.sources.linux.routes.rtnetlink import NETLINK_ROUTE, dump

_WITHIN = frozenset({"veth", "tun", "dummy", "ifb"})
"""Kinds of devices of a bridge behind which there are containers, virtual machines or nothing."""


def interfaces(netns: int | None) -> tuple[Interface, ...]:
    """Return those that have addresses, as of the namespace with this number; none where rtnetlink is refused."""
    try:
        with open_channel(NETLINK_ROUTE) as channel:
            links = dump(channel, devices.GET_LINK, devices.link_request(), devices.decode_links) or []
            found = dump(channel, devices.GET_ADDRESS, devices.address_request(), devices.decode_addresses) or []
    except NetlinkRefused:
        return ()
    return with_addresses(links, found, netns)


def with_addresses(links: list[Device], addresses: list[devices.Address], netns: int | None) -> tuple[Interface, ...]:
    """Return the devices that have addresses."""
    by_device: dict[int, list[str]] = defaultdict(list)
    for index, text in addresses:
        by_device[index].append(text)
    ways_out = {link.master for link in links if link.kind not in _WITHIN}
    return tuple(
        Interface(link.name, tuple(by_device[link.ifindex]), netns, link.kind == "bridge" and link.ifindex not in ways_out)
        for link in links
        if link.ifindex in by_device
    )
