"""The meanings that a target has on this host, each with the command that asks for exactly it."""

from portsock.explain.scene import Scene
from portsock.explain.show import quoted_argument
from portsock.explain.texts import phrases
from portsock.explain.types import Reading
from portsock.normalize.connections import unique_connections
from portsock.query.target import InetTarget, ServiceTarget

_PORTSOCK = "portsock explain"


def readings(scene: Scene) -> tuple[Reading, ...]:
    """Empty where there is one meaning; else the one that is answered first."""
    target = scene.target
    if not isinstance(target, InetTarget | ServiceTarget) or scene.captured:
        return ()
    found = [*_numbers(scene), *_protocols(scene), *_sides(scene), *_namespaces(scene)]
    return tuple(found) if len(found) > 1 else ()


def _numbers(scene: Scene) -> list[Reading]:
    """A bare number is a port, but may have been meant as a process or an inode."""
    text = scene.target.text
    if not text.isascii() or not text.isdigit():
        return []
    number = int(text)
    found = []
    process = scene.snapshot.processes.get((None, number))
    if process is not None:
        found.append(Reading(phrases.READ_PID.format(name=process.name or "pid"), f"{_PORTSOCK} pid:{number}"))
    if any(socket.inode == number for socket in scene.snapshot.sockets):
        found.append(Reading(phrases.READ_INODE, f"{_PORTSOCK} inode:{number}"))
    return [Reading(phrases.READ_PORT, f"{_PORTSOCK} :{number}"), *found] if found else []


def _protocols(scene: Scene) -> list[Reading]:
    """Several protocols whose sockets belong to different programs."""
    target = scene.target
    if not isinstance(target, InetTarget) or target.protocol or target.kind != "port":
        return []
    holders: dict[str, set[str | None]] = {}
    for socket in scene.passive:
        holders.setdefault(socket.protocol, set()).update(owner.name for owner in socket.owners)
    if len(holders) < 2 or len({frozenset(names) for names in holders.values()}) < 2:
        return []
    number = target.text.lstrip("*:")
    return [Reading(phrases.READ_PROTOCOL.format(protocol=name), f"{_PORTSOCK} {name}/{number}") for name in holders]


def _sides(scene: Scene) -> list[Reading]:
    """A port that is used here and, by clients here, on other hosts."""
    elsewhere = unique_connections(scene.elsewhere)
    if not elsewhere or scene.port is None:
        return []
    text = quoted_argument(scene.target.text)
    return [
        Reading(phrases.READ_LOCAL.format(count=len(scene.here)), f"portsock sockets --local {text}"),
        Reading(phrases.READ_REMOTE.format(count=len(elsewhere)), f"portsock sockets --remote {text}"),
    ]


def _namespaces(scene: Scene) -> list[Reading]:
    spaces = {socket.netns: None for socket in scene.passive if socket.netns is not None}
    if len(spaces) < 2:
        return []
    text = quoted_argument(scene.target.text)
    return [
        Reading(phrases.READ_NETNS.format(netns=space.name), f"{_PORTSOCK} --netns {quoted_argument(space.name)} {text}")
        for space in spaces
        if space.name
    ]
