"""Endpoints as tools print them: 'host:port' (ss, netstat, lsof, Windows), 'host.port' (BSD), paths. Any part may be cut.

Only the service table is looked up. Host names stay names, even 'localhost'.
"""

from functools import lru_cache
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

from portsock.addresses import WILDCARDS, unmap
from portsock.model import Family, InetEndpoint, UnixEndpoint
from portsock.parse.listings.ip_protocols import ip_protocol
from portsock.parse.listings.numbers import MOST_PORT
from portsock.port_numbers import Services, naming_protocol

_NAME_SIGNS = str.maketrans("", "", "-_.+/")
"""Signs in host and service names, deleted to see whether the rest is alphanumeric."""
_ADDRESS_CHARACTERS = frozenset("0123456789abcdefABCDEF:.%[]")
_PORT_DIGITS = 5


@lru_cache(maxsize=65536)
def parse_address(host: str) -> tuple[str, str | None] | None:
    """Return (address, zone) of '10.0.0.1', '::1', '[fe80::1%eth0]', '[fe80::1]%eth0', '*', or None for no whole address.

    The address is spelled as inet_ntop does, an IPv4-mapped one as plain IPv4.
    """
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


def parse_port(text: str, protocol: str, services: Services) -> tuple[int | None, str | None, bool] | None:
    """Return (port, label, guessed) of '80', '*' or 'webcache', or None for no port. `protocol`: 'tcp', 'udp6' …

    Entries of the same protocol are preferred. The port of an unknown name is None, its label the name.
    """
    if text.isdecimal() and text.isascii():
        port = int(text) if len(text) <= _PORT_DIGITS else MOST_PORT + 1
        return (port, None, False) if port <= MOST_PORT else None
    if text == "*":
        return None, None, False
    if not text.isascii() or not text[:1].isalnum() or not text.translate(_NAME_SIGNS).isalnum():
        return None
    transport = naming_protocol(protocol.lower().rstrip("46"))
    found = services.ports(text)
    ports = {port for known, port in found if known == transport} or {port for _, port in found}
    return (min(ports), text, True) if ports else (None, text, False)


def inet_endpoint(host: str, port: str, protocol: str, services: Services, cut: bool = False) -> InetEndpoint | None:
    """Return the endpoint of a printed host and port, or None where they are neither address nor name.

    `cut`: the tool may have cut the host to fit its column. A cut address is kept as a prefix. An IPv6 host or a name is then
    marked as truncated even where it is well-formed, since a cut cannot be ruled out.
    """
    parsed = parse_port(port, protocol, services)
    if parsed is None or not host:
        return None
    port_number, label, guessed = parsed
    found = parse_address(host)
    if found is not None:
        return InetEndpoint(found[0], port_number, found[1], None, label, cut and ":" in host, guessed)
    if is_host_name(host, label is not None):
        return InetEndpoint(None, port_number, None, host, label, cut, guessed)
    if cut and set(host) <= _ADDRESS_CHARACTERS:
        return InetEndpoint(host, port_number, None, None, label, True, guessed)
    return None


def is_host_name(host: str, named_port: bool = False) -> bool:
    """Tell whether it may be a host name: letters, digits, hyphens, dots, underscores, and not only digits and dots.

    `named_port`: the port is a name, as tools print it that look up hosts, too. Then a number may be a name that was cut.
    """
    bare = host.translate(_NAME_SIGNS)
    if not bare.isalnum() or "/" in host or "+" in host or host[0] in "-.":
        return False
    return not bare.isdecimal() or "-" in host or "_" in host or (named_port and "." not in host)


def colon_endpoint(text: str, protocol: str, services: Services, cut: bool = False) -> InetEndpoint | None:
    """Parse '10.0.0.1:80', '[::1]:631', ':::80' ([::]:80), '::1:631', '*:http', 'fe80::1%eth0:546', 'web.example:https'."""
    host, colon, port = text.rpartition(":")
    return inet_endpoint(host, port, protocol, services, cut) if colon else None


def dotted_endpoint(text: str, protocol: str, services: Services, cut: bool = False) -> InetEndpoint | None:
    """Parse BSD's '10.0.0.6.49871', '*.80', '::1.631', 'fe80::1%lo0.123', 'localhost.ipp', '*.*'."""
    host, dot, port = text.rpartition(".")
    return inet_endpoint(host, port, protocol, services, cut) if dot else None


def unix_endpoint(text: str, truncated: bool = False) -> UnixEndpoint:
    """Return the endpoint of a printed path, '@abstract' name or empty text. Linux tools write every NUL of a name as '@'."""
    name = text.encode("utf-8", "surrogateescape")
    if not name:
        return UnixEndpoint(None)
    return UnixEndpoint(name[1:], True, truncated) if name[:1] == b"@" else UnixEndpoint(name, False, truncated)


def split_identifier(local: InetEndpoint, protocol: str, port_text: str) -> tuple[InetEndpoint, int | None]:
    """Return (endpoint, IP protocol number) of a raw or ping socket of Linux; other endpoints are returned as they are.

    Where others have a port, a raw socket has its protocol number, a ping socket ('icmp') the identifier of its echo requests.
    """
    if protocol == "raw":
        return local._replace(port=None, label=None, guessed=False), ip_protocol(port_text)
    if protocol == "icmp":
        return local._replace(port=None, label=str(local.port) if local.port else None, guessed=False), None
    return local, None


def is_no_peer(endpoint: InetEndpoint) -> bool:
    """Tell whether tools print this where a socket has no peer: '0.0.0.0:*', '[::]:0', '*.*'."""
    return endpoint.address in WILDCARDS and not endpoint.port and endpoint.label is None


def infer_family(endpoint: InetEndpoint, protocol: str = "") -> Family:
    """Return the family by the printed protocol ('tcp6', 'udp46', 'tcp4'), else by the address, else INET (unknown).

    A protocol without a digit decides nothing: some tools print 'tcp' for both families.
    """
    if protocol[-1:] == "6":
        return Family.IPV6
    if protocol[-1:] == "4":
        return Family.IPV4
    if endpoint.address is None or endpoint.address == "*":
        return Family.INET
    return Family.IPV6 if ":" in endpoint.address else Family.IPV4
