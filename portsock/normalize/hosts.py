"""Which addresses of several captured hosts are one host's alone: only those tell that two sockets have one connection."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from portsock.addresses import number_of, unmap
from portsock.model import InetEndpoint, Machine, Socket
from portsock.records import Collection, SocketRecord

_Row = SocketRecord | Socket
_Network = tuple[int, int, int]
"""IP version, the network as a number without the bits of hosts, and how many those are."""
_BITS = {4: 32, 6: 128}


class Hosts:
    """The hosts of several captures. Two captures of one machine are one host."""

    def __init__(
        self,
        identities: Mapping[str | None, object],
        addresses: Mapping[object, Iterable[str]],
        internal: Mapping[object, Iterable[_Network]],
    ) -> None:
        """`identities`: what a host is, by its label. `internal`: networks of bridges that no other host can reach."""
        self._identities = identities
        self._having = Counter(address for own in addresses.values() for address in own)
        self._behind: dict[_Network, set[object]] = {}
        for host, networks in internal.items():
            for network in networks:
                self._behind.setdefault(network, set()).add(host)
        self._lengths = {(version, bits) for version, _, bits in self._behind}
        self._shared: dict[str, bool] = {}

    def are_one(self, label: str | None, other: str | None) -> bool:
        """Tell whether two labels are of one host."""
        return self._identities[label] == self._identities[other]

    def is_shared(self, address: str) -> bool:
        """Tell whether several hosts have this address, or could have it behind a bridge of their own."""
        known = self._shared.get(address)
        if known is None:
            self._shared[address] = known = self._having[address] > 1 or len(self._hosts_behind(address)) > 1
        return known

    def _hosts_behind(self, address: str) -> set[object]:
        """Return the hosts that have a bridge with this address in its network."""
        version, value = number_of(address) or (0, 0)
        networks = [(version, value >> bits, bits) for each, bits in self._lengths if each == version]
        return set().union(*(self._behind.get(network, ()) for network in networks))


def hosts_of(collections: Sequence[Collection], rows: Iterable[tuple[str | None, _Row]]) -> Hosts:
    """Return the hosts of these captures, whose rows are given with the labels of their hosts."""
    identities: dict[str | None, object] = {}
    addresses: dict[object, set[str]] = {}
    internal: dict[object, set[_Network]] = {}
    by_label: dict[str | None, set[str]] = {}
    ids: dict[str | None, set[str]] = {}
    for collection in collections:
        if collection.snapshot and collection.snapshot.machine and collection.snapshot.machine.id:
            ids.setdefault(collection.snapshot.host.name, set()).add(collection.snapshot.machine.id)
    for collection in collections:
        label, machine = collection.host.name, collection.snapshot.machine if collection.snapshot else None
        identity = identities.setdefault(label, _identity(collection, ids))
        own, networks = _of_interfaces(machine)
        addresses.setdefault(identity, set()).update(own)
        internal.setdefault(identity, set()).update(networks)
        by_label[label] = addresses[identity]
    for label, row in rows:
        if isinstance(row.local, InetEndpoint) and row.local.address:
            by_label[label].add(row.local.address)
    return Hosts(identities, addresses, internal)


def _identity(collection: Collection, ids: Mapping[str | None, set[str]]) -> object:
    """Return what tells a host from others: its machine id, else the name that its listing has for it, else its label.

    `ids`: the machine ids that captures of a name have. A capture without one is of the only host with its name.
    """
    machine = collection.snapshot.machine if collection.snapshot else None
    named = collection.snapshot.host.name if collection.snapshot else None
    if machine is not None and machine.id is not None:
        return "id", machine.id
    if named is None:
        return "label", collection.host.name
    alike = ids.get(named, set())
    return ("id", *alike) if len(alike) == 1 else ("name", named)


def _of_interfaces(machine: Machine | None) -> tuple[set[str], set[_Network]]:
    """Return the addresses of a host, and the networks that are its own."""
    addresses: set[str] = set()
    networks: set[_Network] = set()
    for interface in (machine and machine.interfaces) or ():
        for text in interface.addresses:
            address, _, length = text.partition("/")
            number = number_of(address)
            if number is None:
                continue
            addresses.add(unmap(address))
            bits = _BITS[number[0]] - int(length) if length.isascii() and length.isdigit() and len(length) < 4 else -1
            if interface.internal and bits >= 0:
                networks.add((number[0], number[1] >> bits, bits))
    return addresses, networks
