"""The devices, addresses and routes of the calling thread's network namespace, by rtnetlink(7). Every user may read them."""

from collections import defaultdict

from portsock.network import Device, Network
from portsock.parse.netlink.route import devices, routes
from portsock.sources.linux.netlink import Channel, open_channel
from portsock.sources.linux.routes.rtnetlink import NETLINK_ROUTE, dump
from portsock.sources.system import read_text


def load(root: str = "/proc", channel: Channel | None = None) -> Network:
    """Return them. `root` is where proc(5) is mounted; its sysctls are those of the thread's namespace. Raises NetlinkRefused.

    Where the tables change while they are read, they may lack what was changed.
    """
    if channel is None:
        with open_channel(NETLINK_ROUTE) as opened:
            return load(root, opened)
    links = dump(channel, devices.GET_LINK, devices.link_request(), devices.decode_links) or []
    addresses = dump(channel, devices.GET_ADDRESS, devices.address_request(), devices.decode_addresses) or []
    found = dump(channel, routes.GET_ROUTE, routes.route_request(), routes.decode_routes) or routes.Routes([], False)
    further = dump(channel, routes.GET_RULE, routes.rule_request(), routes.has_further_rules)
    by_device: dict[int, list[str]] = defaultdict(list)
    for device, text in addresses:
        by_device[device].append(text)
    every = _setting(root, "ipv4/conf/all/rp_filter")
    return Network(
        tuple(_completed(link, by_device[link.ifindex], every, root) for link in links),
        tuple(found.routes),
        bool(further) or found.selective,
        bool(_setting(root, "ipv4/ip_forward")),
        bool(_setting(root, "ipv6/conf/all/forwarding")),
    )


def _completed(link: Device, addresses: list[str], every: int, root: str) -> Device:
    own = 0 if "/" in link.name else _setting(root, f"ipv4/conf/{link.name}/rp_filter")
    return link._replace(addresses=tuple(addresses), rp_filter=max(every, own))


def _setting(root: str, path: str) -> int:
    """Return a number below /proc/sys/net, 0 where there is none."""
    text = (read_text(f"{root}/sys/net/{path}") or "").strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 9 else 0
