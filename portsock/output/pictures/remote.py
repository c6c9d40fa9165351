"""Remote ends whose program is not known: by address, or many addresses of one service as one."""

from collections.abc import Iterable
from typing import NamedTuple

from portsock.addresses import number_of, scope
from portsock.enums import Scope
from portsock.output.pictures.graph import Item, Node

PLACE = ("elsewhere",)
_FEW = 4
"""The most addresses of one service that are drawn one by one."""
_LEAST_PREFIX = {4: 16, 6: 32}
"""The shortest network, by version, whose name says more than 'public' or 'private'."""
_WORDS = {Scope.GLOBAL: "public", Scope.LINK: "link-local"}


class Group(NamedTuple):
    """Ends that are drawn as one where they are many: those of one service, in one kind of address."""

    serves: bool | None
    """They are servers, clients, or either."""
    protocol: str
    service: Item
    scope: Scope | None


class RemoteEnd(NamedTuple):
    """The end of a connection that was not found among the sockets."""

    text: str
    address: str | None
    group: Group


def group_of(address: str | None, serves: bool | None, protocol: str, service: Item) -> Group:
    """Return the group that this address belongs to."""
    return Group(serves, protocol, service, scope(address))


def remote_nodes(ends: Iterable[RemoteEnd]) -> dict[RemoteEnd, Node]:
    """Return the node of each end."""
    groups: dict[Group, dict[str, list[RemoteEnd]]] = {}
    for end in ends:
        groups.setdefault(end.group, {}).setdefault(end.text, []).append(end)
    nodes = {}
    for group, members in groups.items():
        many = _many(group, members) if len(members) > _FEW else None
        for text, same in members.items():
            nodes.update(dict.fromkeys(same, many or Node(PLACE, "remote", (text,))))
    return nodes


def _many(group: Group, members: dict[str, list[RemoteEnd]]) -> Node:
    network = common_network({end.address for same in members.values() for end in same})
    if network is not None:
        what = f"{len(members)} addresses in {network}"
    else:
        what = f"{len(members)} {_WORDS.get(group.scope, group.scope.value) if group.scope else 'remote'} addresses"
    served = group.service[1] if group.protocol in group.service[1] else f"{group.protocol}/{group.service[1]}"
    return Node(PLACE, "remote", (what, f"clients of {served}" if group.serves is False else served))


def common_network(addresses: Iterable[str | None]) -> str | None:
    """Return the smallest network that has all these addresses; None where it says little, or one is no address."""
    numbers = {number_of(address) if address else None for address in addresses}
    known = [number for number in numbers if number]
    versions = {version for version, _ in known}
    if len(known) < len(numbers) or len(versions) != 1:
        return None
    from ipaddress import IPv4Network, IPv6Network

    version, bits = (4, 32) if 4 in versions else (6, 128)
    first, last = min(known)[1], max(known)[1]
    different = (first ^ last).bit_length()
    if bits - different < _LEAST_PREFIX[version]:
        return None
    network = first >> different << different, bits - different
    return str(IPv4Network(network) if version == 4 else IPv6Network(network))
