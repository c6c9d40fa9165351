"""Commands that end what holds a port: a container, a service or processes. A wrong one would end what another user runs."""

from collections.abc import Sequence

from portsock.explain.types import Command
from portsock.explain.wording import commands, operand
from portsock.model import Process
from portsock.query.matching.owners import forwards_into

MOST_PIDS = 8
"""Processes named in one kill."""
_MOST_UNIT = 255
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_UNIT = _LETTERS | frozenset(":-_.\\@")
_USER = _LETTERS | frozenset("_.-")


def stop_container(forwarder: Process, caller: int | None) -> list[Command]:
    """Return the command that stops the container behind a port forwarder, or lists that engine's containers.

    It is for the forwarder's own user: another user's container may have the same name. `caller` is the uid that portsock
    runs as, None where that is not known.
    """
    target = forwarder.forwards_to or ""
    engine = "podman" if target.startswith(("container ", "a rootless podman")) else "docker"
    name = forwards_into(forwarder)
    purpose = "stop the container" if name else "find the container to stop"
    before, whose = _as_user(forwarder, engine, caller)
    return commands(purpose + whose, *before, engine, *(("stop", *operand(name)) if name else ("ps",)))


def _as_user(process: Process, engine: str, caller: int | None) -> tuple[tuple[str, ...], str]:
    """Return the words before a command that is to run as the process's user, and those for its purpose."""
    uid = process.uid
    if uid is None or uid == (caller or 0):
        return (), ""
    if uid == 0:
        return ("sudo",), ""
    named = process.user is not None and _is_user_name(process.user)
    user = process.user if named and process.user else f"#{uid}"
    runtime = f"/run/user/{uid}"
    place = f"XDG_RUNTIME_DIR={runtime}" if engine == "podman" else f"DOCKER_HOST=unix://{runtime}/docker.sock"
    # podman ends where its user may not enter the current directory.
    return ("sudo", "-u", user, "env", "-C", "/", place), f", as user {user.removeprefix('#')}"


def _is_user_name(text: str) -> bool:
    """Tell whether sudo takes the text for a user's name as it stands."""
    return bool(text) and text[0] not in "-." and not text.isdigit() and _USER.issuperset(text)


def stop_service(unit: str | None) -> list[Command]:
    """Return the command that stops a service; empty where this is none, or has a name that systemd would not load.

    Such a name may be a pattern, which systemctl applies to all units.
    """
    manager, slash, name = (unit or "").rpartition("/")
    uid = manager.removeprefix("user@").removesuffix(".service")
    if slash and (manager != f"user@{uid}.service" or not uid.isascii() or not uid.isdigit()):
        return []
    if (
        not name.removesuffix(".service")
        or not name.endswith(".service")
        or not _UNIT.issuperset(name)
        or len(name) > _MOST_UNIT
    ):
        return []
    whose = ("--user", "-M", f"{uid}@") if slash else ()
    return commands("stop the service and free the port", "systemctl", *whose, "stop", *operand(name))


def end_processes(processes: Sequence[Process]) -> list[Command]:
    """Return the command that ends the processes."""
    pids = [str(process.pid) for process in processes[:MOST_PIDS]]
    return commands("end it, and with it its connections", "kill", *pids)
