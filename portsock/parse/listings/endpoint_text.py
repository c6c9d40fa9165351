"""Endpoints as tools print them: 'host:port' (ss, netstat, lsof, Windows) and 'host.port' (BSD), names and cuts included.

Nothing is looked up beyond the service table: a host name stays a name, 'localhost' too.
"""

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from portsock.addresses import WILDCARDS, unmap
from portsock.model import Family, InetEndpoint
from portsock.port_numbers import Services, naming_protocol

_NAME_EXTRAS = str.maketrans("", "", "-_.+/")


@lru_cache(maxsize=65536)
def address_of(host: str) -> tuple[str, str | None] | None:
    """(address as inet_ntop prints it, zone or None) of '10.0.0.1', '::1', '[fe80::1%eth0]', '[fe80::1]%eth0', '*';
    None for what is no whole address. An IPv4-mapped address gives the IPv4 one."""
    plain, _, zone = host.partition("%")
    if plain[:1] == "[":
        if zone[-1:] == "]":
            zone = zone[:-1]
        elif plain[-1:] != "]":
            return None
        plain = plain.strip("[]")
    if plain == "*":
        return "*", zone or None
    family = AF_INET6 if ":" in plain else AF_INET
    try:
        return unmap(inet_ntop(family, inet_pton(family, plain))), zone or None
    except (OSError, ValueError):  # ValueError: NULs, or characters that cannot be encoded
        return None


def port_of(text: str, protocol: str, services: Services) -> tuple[int | None, str | None, bool] | None:
    """(port, label, guessed) of '80', '*' or 'webcache'; None for what can be no port. `protocol`: 'tcp', 'udp6' …

    A name of the same protocol's table entry is preferred; a name in no entry leaves the port unknown and keeps the label.
    """
    if text.isdecimal() and text.isascii():
        number = int(text) if len(text) <= 5 else 65536
        return (number, None, False) if number <= 65535 else None
    if text == "*":
        return None, None, False
    if not text.isascii() or not text[:1].isalnum() or not text.translate(_NAME_EXTRAS).isalnum():
        return None
    transport = naming_protocol(protocol.lower().rstrip("46"))
    found = services.ports(text)
    ports = {port for known, port in found if known == transport} or {port for _, port in found}
    return (min(ports), text, True) if ports else (None, text, False)


def inet_endpoint(host: str, port: str, protocol: str, services: Services, cut: bool = False) -> InetEndpoint | None:
    """The endpoint of a printed host and port, or None where they can be neither address nor name.

    `cut`: the tool may have cut the host to fit its column; what then is no whole address is kept as the prefix that it is.
    An IPv6 host or a name is then marked as truncated even where it happens to be well-formed, since nobody can tell.
    """
    numbered = port_of(port, protocol, services)
    if numbered is None or not host:
        return None
    number, label, guessed = numbered
    found = address_of(host)
    if found is not None:
        return InetEndpoint(found[0], number, found[1], None, label, cut and ":" in host, guessed)
    if _is_name(host):
        return InetEndpoint(None, number, None, host, label, cut, guessed)
    if cut and set(host) <= _ADDRESS_CHARACTERS:
        return InetEndpoint(host, number, None, None, label, True, guessed)
    return None


_ADDRESS_CHARACTERS = frozenset("0123456789abcdefABCDEF:.%[]")


def _is_name(host: str) -> bool:
    """Whether it may be a host name: letters, digits, hyphens, dots, underscores, and not digits and dots alone."""
    bare = host.translate(_NAME_EXTRAS)
    return bare.isalnum() and not bare.isdecimal() and "/" not in host and "+" not in host and host[0] not in "-."


def colon_endpoint(text: str, protocol: str, services: Services, cut: bool = False) -> InetEndpoint | None:
    """'10.0.0.1:80', '[::1]:631', ':::80' ([::]:80), '::1:631', '*:http', 'fe80::1%eth0:546', 'web.example:https'."""
    host, colon, port = text.rpartition(":")
    return inet_endpoint(host, port, protocol, services, cut) if colon else None


def dotted_endpoint(text: str, protocol: str, services: Services, cut: bool = False) -> InetEndpoint | None:
    """'10.0.0.6.49871', '*.80', '::1.631', 'fe80::1%lo0.123', 'localhost.ipp', '*.*': BSD's way."""
    host, dot, port = text.rpartition(".")
    return inet_endpoint(host, port, protocol, services, cut) if dot else None


def is_nobody(endpoint: InetEndpoint) -> bool:
    """Whether it is what tools print as the peer of a socket that has none: '0.0.0.0:*', '[::]:0', '*.*'."""
    return endpoint.address in WILDCARDS and not endpoint.port and endpoint.label is None


def family_of(endpoint: InetEndpoint, protocol: str = "") -> Family:
    """The family by the printed protocol ('tcp6', 'udp46', 'tcp4'), else by the address; INET where neither tells.

    'tcp' alone says nothing: some tools print it for both families.
    """
    if protocol[-1:] == "6":
        return Family.IPV6
    if protocol[-1:] == "4":
        return Family.IPV4
    if endpoint.address is None or endpoint.address == "*":
        return Family.INET
    return Family.IPV6 if ":" in endpoint.address else Family.IPV4
