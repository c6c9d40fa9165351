"""Words for sentences: endpoints, owners, lists, numbers. Hostile names pass through unchanged: rendering escapes them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from portsock.endpoints import endpoint_text
from portsock.explain.types import Command
from portsock.model import Endpoint, InetEndpoint, Owner, Socket
from portsock.port_numbers import Services

if TYPE_CHECKING:
    from portsock.reachability import RuleReference


def end_text(endpoint: Endpoint | None) -> str:
    """Return an endpoint as tables write it, but the address even if it has a name; '*' where there is no endpoint.

    A host name that the listing cut ends in '…', as a cut address does.
    """
    if isinstance(endpoint, InetEndpoint) and endpoint.hostname:
        name = None if endpoint.address else endpoint.hostname + ("…" if endpoint.truncated else "")
        endpoint = endpoint._replace(hostname=name)
    return endpoint_text(endpoint) or "*"


def local_text(socket: Socket) -> str:
    """Return the local end with the device that the socket is bound to, as tables write it: '0.0.0.0%eth0:80'."""
    local = socket.local
    if isinstance(local, InetEndpoint) and socket.interface and not local.zone:
        local = local._replace(zone=socket.interface)
    return end_text(local)


def port_name(port: int, protocol: str | None, services: Services) -> str:
    """Return '8080 (http-alt)', or the number alone where the table has no name."""
    protocols = (protocol,) if protocol else ("tcp", "udp")
    name = next((found for found in (services.name(item, port) for item in protocols) if found), None)
    return f"{port} ({name})" if name else str(port)


def owner_text(owner: Owner) -> str:
    """Return 'python3 (pid 18085)'."""
    if owner.pid is None:
        return owner.name or "a process without a number"
    return f"{owner.name} (pid {owner.pid})" if owner.name else f"pid {owner.pid}"


def short_owner_text(owner: Owner) -> str:
    """Return 'python3[18085]', for pictures and evidence."""
    return f"{owner.name or '?'}[{owner.pid}]" if owner.pid is not None else owner.name or "?"


def holders(sockets: Iterable[Socket]) -> list[Owner]:
    """Return each holding process once, in order of first appearance."""
    seen: dict[object, Owner] = {}
    for socket in sockets:
        for owner in socket.owners:
            seen.setdefault((socket.host, owner.pid if owner.pid is not None else owner.name), owner)
    return list(seen.values())


def holders_text(sockets: Iterable[Socket], most: int = 3) -> str | None:
    """Return 'nginx (pid 5)', 'nginx (pids 5, 6 and 7)' or 'a (pid 1) and b (pid 2)'; None where no holder is known."""
    owners = holders(sockets)
    return owners_text(owners, most) if owners else None


def owners_text(owners: Sequence[Owner], most: int = 3) -> str:
    """Return owners as holders_text() does; each is to be a process of its own."""
    names = {owner.name for owner in owners}
    if len(owners) > 1 and len(names) == 1 and all(owner.pid is not None for owner in owners):
        return f"{owners[0].name or 'processes'} (pids {joined([str(owner.pid) for owner in owners], most)})"
    return joined([owner_text(owner) for owner in owners], most)


def joined(items: Sequence[str], most: int = 6) -> str:
    """Return 'a, b and c', or 'a, b and 7 more'."""
    if len(items) > most:
        return f"{', '.join(items[:most])} and {len(items) - most} more"
    return " and ".join(filter(None, (", ".join(items[:-1]), items[-1]))) if items else ""


def plural(number: int, noun: str) -> str:
    """Return '1 connection', '2 connections', 'no connections'."""
    return f"{number or 'no'} {noun}{'' if number == 1 else 's'}"


def quoted_argument(text: str) -> str:
    """Return the text as one word for a POSIX shell."""
    # zsh replaces a leading '=' and the name of a command by its path.
    if text and text[0] != "=" and all(letter.isascii() and (letter.isalnum() or letter in "-_./:,@%+=") for letter in text):
        return text
    return "'" + text.replace("'", "'\\''") + "'"


def command_line(*words: str) -> str | None:
    """Return the words as a line for a POSIX shell; None where one of them cannot be printed as it would have to be typed."""
    return " ".join(map(quoted_argument, words)) if all(word.isprintable() for word in words) else None


def commands(purpose: str, *words: str) -> list[Command]:
    """Return the command of these words, or an empty list where it cannot be typed."""
    line = command_line(*words)
    return [Command(line, purpose)] if line is not None else []


def file_argument(name: str) -> str:
    """Return the name of a listing as --from takes it: '-' is standard input."""
    if name == "stdin":
        return "-"
    return f"./{name}" if name.startswith("-") and name != "-" else name


def operand(text: str) -> tuple[str, ...]:
    """Return the words for an operand. Behind '--' portsock, systemctl, docker and podman take nothing for an option."""
    return ("--", text) if text.startswith("-") else (text,)


def place_text(rule: "RuleReference") -> str:
    """Return the place of a rule of the packet filter: 'inet filter output, handle 12'."""
    handle = f", handle {rule.handle}" if rule.handle is not None else ""
    return f"{rule.family} {rule.table} {rule.chain}{handle}"


def rule_text(rule: "RuleReference") -> str:
    """Return a rule with its place: 'inet filter output, handle 12: tcp dport 443 drop'."""
    comment = f" ({rule.comment})" if rule.comment and rule.comment not in rule.text else ""
    return f"{place_text(rule)}: {rule.text}{comment}"
