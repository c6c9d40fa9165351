"""The grammar of TARGET: what a person writes to name a port, an endpoint, a socket or a process.

Parsing looks up services only, and host names only with `resolve`.
"""

from typing import NamedTuple

from portsock.errors import UsageError
from portsock.port_numbers import Services
from portsock.query.values import Network, Resolve, parse_networks, parse_number, parse_ports, take_apart

PORT_PROTOCOLS = ("tcp", "udp", "udplite", "sctp", "dccp", "mptcp")
PORTLESS_PROTOCOLS = ("raw", "icmp")
_PROTOCOLS = PORT_PROTOCOLS + PORTLESS_PROTOCOLS

_LARGEST_PID = 2**32 - 1  # Windows has 32-bit process numbers, Linux at most 22 bits
_LARGEST_INODE = 2**64 - 1
_LARGEST_FD = 2**31 - 1


class InetTarget(NamedTuple):
    """A port, an address, an endpoint or a network."""

    text: str
    kind: str
    """'port', 'address', 'endpoint' or 'network'."""
    protocol: str | None
    ports: tuple[int, int] | None
    """First and last; None is any."""
    networks: tuple[Network, ...]
    """Empty is any address; host names may have several."""
    zone: str | None
    """An IPv6 address's zone; after an IPv4 address or '*' the device that the socket is bound to."""
    name: str | None = None
    """The host name that was typed, in lower case."""


class ServiceTarget(NamedTuple):
    """A service: its ports in the system's table."""

    text: str
    name: str
    pairs: frozenset[tuple[str, int]]
    kind: str = "service"


class ConnectionTarget(NamedTuple):
    """Two endpoints, either way round; each has addresses and one port."""

    text: str
    protocol: str | None
    ends: tuple[InetTarget, InetTarget]
    kind: str = "connection"


class NumberTarget(NamedTuple):
    """A process by number, a descriptor of it, or a socket by inode."""

    text: str
    kind: str
    """'pid', 'fd' or 'inode'."""
    number: int
    fd: int | None = None


class NameTarget(NamedTuple):
    """Processes by name, user, systemd unit or container."""

    text: str
    kind: str
    """'proc' (the name is a glob), 'user' (or a uid), 'unit' or 'container'."""
    name: str


class UnixTarget(NamedTuple):
    """A unix socket by its path or abstract name."""

    text: str
    path: bytes
    """The bytes of the path, or of the abstract name without its leading NUL."""
    abstract: bool
    kind: str = "unix"


SocketEnd = InetTarget | ServiceTarget | UnixTarget
"""The targets that can be one end of a socket."""

Target = SocketEnd | ConnectionTarget | NumberTarget | NameTarget

_NAME_KINDS = ("proc", "user", "unit", "container")
_NUMBER_KINDS = {"pid": _LARGEST_PID, "inode": _LARGEST_INODE}
_KINDS = (*_NAME_KINDS, *_NUMBER_KINDS, "fd", "service", "unix")


def parse_target(text: str, services: Services, *, resolve: Resolve | None = None) -> Target:
    """Parse a TARGET. Raises UsageError: one line with the value and the nearest form that would parse."""
    if not text:
        raise UsageError("a target is empty; write a port such as 8080, or leave it out")
    if text.startswith("/"):
        return UnixTarget(text, _bytes(text), abstract=False)
    if text.startswith("@"):
        return UnixTarget(text, _bytes(text[1:]), abstract=True)
    kind, colon, rest = text.partition(":")
    if colon and kind.lower() in _KINDS:
        return _prefixed(text, kind.lower(), rest, services)
    if text.startswith("socket:[") and text.endswith("]"):
        return _number(text, "inode", text[8:-1])
    if "://" in text:
        from portsock.query.refusals import url_refused

        raise url_refused(text)
    if text.endswith("-"):
        from portsock.query.refusals import shown

        raise UsageError(
            f"{shown(text)} ends in '-': an unquoted '>' is the shell's redirection; quote a connection, 'A->B', or write A,B"
        )
    arrow = next((mark for mark in ("->", "→", ",") if mark in text), None)
    if arrow is not None:
        return _connection(text, arrow, resolve)
    return _inet_or_service(text, services, resolve)


def parse_socket_end(text: str, services: Services, *, resolve: Resolve | None = None) -> SocketEnd:
    """Parse a target that can be one end of a socket, as --local and --remote take it. Raises UsageError."""
    target = parse_target(text, services, resolve=resolve)
    if isinstance(target, InetTarget | ServiceTarget | UnixTarget):
        return target
    from portsock.query.refusals import shown

    raise UsageError(f"{shown(text)} is no end of a socket; write a port, an address, an endpoint, a network or a unix path")


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")


def _prefixed(text: str, kind: str, rest: str, services: Services) -> Target:
    """Parse a form that begins with a word and a colon."""
    if not rest:
        raise UsageError(f"'{text}' names nothing after the ':'; write {kind}:{_EXAMPLES[kind]}, say")
    if kind == "unix":
        abstract = rest.startswith("@")
        return UnixTarget(text, _bytes(rest[1:] if abstract else rest), abstract)
    if kind == "service":
        return _service(text, rest, services)
    if kind == "fd":
        pid, slash, descriptor = rest.partition("/")
        number, fd = parse_number(pid, _LARGEST_PID), parse_number(descriptor, _LARGEST_FD)
        if not slash or number is None or fd is None:
            from portsock.query.refusals import shown

            raise UsageError(f"{shown(text)} is no descriptor; write its process and its number, as in fd:1234/7")
        return NumberTarget(text, "fd", number, fd)
    if kind in _NUMBER_KINDS:
        return _number(text, kind, rest)
    return NameTarget(text, kind, rest)


_EXAMPLES = {
    "proc": "nginx",
    "user": "www-data",
    "unit": "nginx.service",
    "container": "web",
    "pid": "1234",
    "inode": "11251437",
    "fd": "1234/7",
    "service": "http",
    "unix": "/run/x.sock",
}


def _number(text: str, kind: str, digits: str) -> NumberTarget:
    number = parse_number(digits, _NUMBER_KINDS[kind])
    if number is None:
        from portsock.query.refusals import shown

        also = f"; a process by name is proc:{digits}" if kind == "pid" and digits.isidentifier() else ""
        raise UsageError(f"{shown(text)} has no number; write it in the digits 0 to 9, as in {kind}:{_EXAMPLES[kind]}{also}")
    return NumberTarget(text, kind, number)


def _service(text: str, name: str, services: Services) -> ServiceTarget:
    """Parse 'service:http' or 'http/tcp'."""
    protocol, body = _take_protocol(name, text)
    pairs = services.ports(body)
    wanted = frozenset(pair for pair in pairs if protocol is None or pair[0] == protocol)
    if wanted:
        return ServiceTarget(text, body, wanted)
    from portsock.query.refusals import near, shown

    if pairs:
        known = ", ".join(sorted(f"{body}/{pair[0]}" for pair in pairs))
        raise UsageError(f"{shown(text)} is in no table of services; it has {known}")
    close = near(body.lower(), services.names())
    hint = f"; did you mean {' or '.join('service:' + item for item in close)}?" if close else "; write its port instead"
    raise UsageError(f"{shown(text)} is in no table of services{hint}")


def _take_protocol(text: str, whole: str) -> tuple[str | None, str]:
    """Split 'tcp/8080', 'tcp:8080' and '8080/udp' into protocol and the rest. A numeric suffix is a prefix length."""
    for mark in ("/", ":"):
        word, found, body = text.partition(mark)
        if found and word.lower() in _PROTOCOLS:
            return word.lower(), body
    body, slash, word = text.rpartition("/")
    if slash and word.lower() in _PROTOCOLS:
        return word.lower(), body
    if slash and word[:1].isalpha():
        from portsock.query.refusals import protocol_refused

        raise protocol_refused(word, body, whole, _PROTOCOLS)
    return None, text


def _inet_or_service(text: str, services: Services, resolve: Resolve | None) -> InetTarget | ServiceTarget:
    protocol, body = _take_protocol(text, text)
    name = body.removeprefix("*").removeprefix(":") if body.startswith((":", "*:")) else body
    if services.ports(name):
        return _service(text, name if protocol is None else f"{name}/{protocol}", services)
    target = _inet(text, protocol, body, resolve)
    if target is not None:
        return target
    from portsock.query.refusals import name_refused

    raise name_refused(take_apart(body).host, text, services.names(), _PROTOCOLS, _KINDS)


def _inet(text: str, protocol: str | None, body: str, resolve: Resolve | None) -> InetTarget | None:
    """Parse an internet target; None where its host is a name that may not, or cannot, be looked up."""
    if not body.strip("0123456789-") and body:
        return _checked(InetTarget(text, "port", protocol, parse_ports(body, text), (), None))
    pieces = take_apart(body)
    networks = parse_networks(pieces, text, resolve)
    if networks is None:
        return None
    ports = None if pieces.port in (None, "*") else parse_ports(pieces.port or "", text)
    if not networks:
        kind = "port"
    elif not all(network.single for network in networks):
        kind = "network"
    else:
        kind = "address" if ports is None else "endpoint"
    name = None if not networks or ":" in pieces.host or pieces.host[0].isdigit() else pieces.host.lower()
    return _checked(InetTarget(text, kind, protocol, ports, networks, pieces.zone, name))


def _checked(target: InetTarget) -> InetTarget:
    """Return the target; raise UsageError where its parts exclude each other."""
    wrong = None
    if target.zone is not None and (not target.zone or "\0" in target.zone):
        wrong = "a zone is an interface's name behind an address, as in fe80::1%eth0"
    elif not target.networks and target.ports is None:
        wrong = "that names every socket; leave it out, or write a port such as *:8080"
    elif target.ports is not None and target.protocol in PORTLESS_PROTOCOLS:
        wrong = f"{target.protocol} sockets have no ports; write {target.protocol}/ADDRESS, or --raw"
    if wrong is None:
        return target
    from portsock.query.refusals import shown

    raise UsageError(f"{shown(target.text)}: {wrong}")


def _connection(text: str, arrow: str, resolve: Resolve | None) -> ConnectionTarget:
    """Parse 'A,B', 'A->B' or 'A→B', with a protocol before or after the whole or at either end."""
    from portsock.query.refusals import list_refused

    parts = [part.strip() for part in text.split(arrow)]
    if len(parts) != 2 or not all(parts):
        raise list_refused(text)
    ends: list[InetTarget] = []
    for part in parts:
        protocol, body = _take_protocol(part, text)
        end = _inet(part, protocol, body, resolve) if body else None
        if end is None or not end.networks or end.kind != "endpoint" or end.ports is None or end.ports[0] != end.ports[1]:
            raise list_refused(text)
        ends.append(end)
    protocols = {end.protocol for end in ends} - {None}
    if len(protocols) > 1:
        raise list_refused(text)
    return ConnectionTarget(text, next(iter(protocols), None), (ends[0], ends[1]))
