"""How things are put into running text. Hostile names pass through unchanged: rendering escapes them."""

from collections.abc import Iterable, Sequence

from portsock.model import Endpoint, InetEndpoint, NetlinkEndpoint, Owner, PacketEndpoint, Socket, UnixEndpoint, VsockEndpoint
from portsock.port_numbers import Services

_ANY = 4294967295


def endpoint_text(endpoint: Endpoint | None) -> str:
    """'10.0.0.5:80', '[fe80::1]%eth0:631', '*:80', a path, '@abstract', '(unnamed)', or '*' where there is none."""
    if endpoint is None:
        return "*"
    if isinstance(endpoint, InetEndpoint):
        host = (endpoint.address or endpoint.hostname or "?") + ("…" if endpoint.truncated else "")
        if ":" in host:
            host = f"[{host}]"
        if endpoint.zone:
            host += f"%{endpoint.zone}"
        return f"{host}:{endpoint.label or '*' if endpoint.port is None else endpoint.port}"
    if isinstance(endpoint, UnixEndpoint):
        if endpoint.path is None:
            return "(unnamed)"
        return ("@" if endpoint.abstract else "") + endpoint.path.decode("utf-8", "surrogateescape")
    if isinstance(endpoint, VsockEndpoint):
        cid, port = ("*" if part == _ANY else str(part) for part in endpoint)
        return f"{cid}:{port}"
    if isinstance(endpoint, NetlinkEndpoint):
        return f"netlink {endpoint.protocol}:{endpoint.portid}"
    assert isinstance(endpoint, PacketEndpoint)
    return f"ethertype {endpoint.ethertype if endpoint.ethertype is not None else '*'}"


def port_of(endpoint: Endpoint | None) -> int | None:
    return endpoint.port if isinstance(endpoint, InetEndpoint) else None


def address_of(endpoint: Endpoint | None) -> str | None:
    return endpoint.address if isinstance(endpoint, InetEndpoint) else None


def port_name(port: int, protocol: str | None, services: Services) -> str:
    """'8080 (conventionally http-alt)', or the number alone where the table has no name."""
    protocols = (protocol,) if protocol else ("tcp", "udp")
    name = next((found for found in (services.name(item, port) for item in protocols) if found), None)
    return f"{port} (conventionally {name})" if name else str(port)


def owner_text(owner: Owner) -> str:
    """'python3 (pid 18085)'."""
    if owner.pid is None:
        return owner.name or "a process without a number"
    return f"{owner.name} (pid {owner.pid})" if owner.name else f"pid {owner.pid}"


def short_owner(owner: Owner) -> str:
    """'python3[18085]', for the picture."""
    return f"{owner.name or '?'}[{owner.pid}]" if owner.pid is not None else owner.name or "?"


def holders(sockets: Iterable[Socket]) -> list[Owner]:
    """Each holding process once, in order of first appearance."""
    seen: dict[object, Owner] = {}
    for socket in sockets:
        for owner in socket.owners:
            seen.setdefault((socket.host, owner.pid if owner.pid is not None else owner.name), owner)
    return list(seen.values())


def who(sockets: Iterable[Socket], most: int = 3) -> str | None:
    """'nginx (pid 5)', 'nginx (pids 5, 6 and 7)' or 'a (pid 1) and b (pid 2)'; None where no holder is known."""
    owners = holders(sockets)
    return named(owners, most) if owners else None


def named(owners: Sequence[Owner], most: int = 3) -> str:
    """As who(), of one process or more, each once."""
    names = {owner.name for owner in owners}
    if len(owners) > 1 and len(names) == 1 and all(owner.pid is not None for owner in owners):
        return f"{owners[0].name or 'processes'} (pids {listed([str(owner.pid) for owner in owners], most)})"
    return listed([owner_text(owner) for owner in owners], most)


def listed(items: Sequence[str], most: int = 6) -> str:
    """'a, b and c', or 'a, b and 7 more'."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def plural(number: int, noun: str) -> str:
    """'1 connection', '2 connections', 'no connections'."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def quoted_argument(text: str) -> str:
    """The text as one word for a POSIX shell."""
    if text and all(letter.isascii() and (letter.isalnum() or letter in "-_./:,@%+=") for letter in text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"
