"""Facts from the file system about the path of a unix socket."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from portsock.explain.types import PathFacts
    from portsock.model import Snapshot, Socket
    from portsock.query.target import Target


def path_facts(target: "Target", snapshot: "Snapshot") -> "PathFacts | None":
    """Return the facts of the path that a target names; None for a target that is no path of this file system."""
    from portsock.query.target import UnixTarget

    if not isinstance(target, UnixTarget) or target.abstract or not target.path.startswith(b"/"):
        return None
    import stat

    from portsock.explain.types import PathFacts
    from portsock.model import UnixEndpoint
    from portsock.normalize.roles import is_accepted
    from portsock.sources.paths import has_socket, stat_path

    name = UnixEndpoint(target.path)
    bound = [socket for socket in snapshot.sockets if socket.local == name and socket.remote is None and socket.vfs]
    seen = stat_path(target.path)
    if seen.exists is None:
        return None
    if seen.mode is None:
        facts = PathFacts(seen.exists)
    else:
        owner = _owner(seen.uid, seen.gid)
        facts = PathFacts(True, stat.S_ISSOCK(seen.mode), seen.file, stat.S_IMODE(seen.mode), owner)
    if facts.is_socket and not any(socket.vfs == seen.file and not is_accepted(socket) for socket in snapshot.sockets):
        facts = facts._replace(bound=has_socket(target.path))
    apart = [socket for socket in bound if socket.vfs != seen.file]
    return _seen_by_holders(facts, target.path, apart) if apart else facts


def _seen_by_holders(facts: "PathFacts", path: bytes, apart: "Iterable[Socket]") -> "PathFacts":
    """Add what is known of sockets bound to another file of this name: their holders may see other files."""
    import os

    from portsock.sources.paths import sees_the_same_files, stat_path

    foreign = set()
    for socket in apart:
        pids = [owner.pid for owner in socket.owners if owner.pid is not None]
        if socket.inode is None or not pids or any(sees_the_same_files(pid) for pid in pids):
            continue
        foreign.add(socket.inode)
        pid = next((pid for pid in pids if stat_path(path, pid).file == socket.vfs), None)
        through = facts.through if pid is None else f"/proc/{pid}/root{os.fsdecode(path)}"
        facts = facts._replace(foreign=frozenset(foreign), through=through)
    return facts


def _owner(uid: int | None, gid: int | None) -> str | None:
    """Return 'USER:GROUP' of a file, as in 'root:docker'; numbers where there is no name."""
    if uid is None or gid is None:
        return None
    from portsock.sources.system import groups, users

    return f"{users({uid}).get(uid, uid)}:{groups({gid}).get(gid, gid)}"
