"""Commands that end what holds a port: a container, a service or processes. A wrong one would end what another user runs."""

from collections.abc import Sequence

from portsock.explain.ancestry import MOST_TOGETHER, heirs_last, is_called, starter_of
from portsock.explain.subject import Subject
from portsock.explain.types import Command
from portsock.explain.wording import commands, joined, operand, plural
from portsock.model import Process
from portsock.query.matching.owners import forwards_into

_MOST_UNIT = 255
_LETTERS = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")
_UNIT = _LETTERS | frozenset(":-_.\\@")
_USER = _LETTERS | frozenset("_.-")
_LAUNCHERS = frozenset(
    ("cron", "crond", "atd", "anacron", "ssh", "sshd", "sshd-session", "getty", "serial-getty", "login", "tmux", "screen",
     "tmux: server")
)  # fmt: skip
"""Programs and units that start what is no part of their service: stopping them ends too much, and often not the program."""
_SUPERVISORS = ("supervisord", "runsv", "s6-supervise", "supervise", "circusd")
_PM2 = "PM2 v"
"""The beginning of its title: 'PM2 v5.3.0: God Daemon'."""
_INETD = ("inetd", "xinetd")


def stop_container(forwarder: Process, caller: int | None) -> list[Command]:
    """Return the command that stops the container behind a port forwarder, or lists that engine's containers.

    It is for the forwarder's own user: another user's container may have the same name. `caller` is the uid that portsock
    runs as, None where that is not known.
    """
    target = forwarder.forwards_to or ""
    engine = "podman" if target.startswith(("container ", "a rootless podman")) else "docker"
    name = forwards_into(forwarder)
    purpose = "stop the container" if name else "find the container to stop"
    before, whose = _as_user(forwarder.uid, forwarder.user, engine, caller)
    return commands(purpose + whose, *before, engine, *(("stop", *operand(name)) if name else ("ps",)))


def stop_in_container(process: Process, caller: int | None) -> list[Command]:
    """Return the command that stops the container that the process runs in; empty for an engine whose word is not known.

    A container of containerd or CRI-O belongs to an orchestrator, which would start it again.
    """
    engine = process.container_runtime
    if engine not in ("docker", "podman") or process.container is None:
        return []
    uid = _manager_of(process.unit)
    before, whose = _as_user(0 if uid is None else uid, None, engine, caller)
    return commands("stop the container" + whose, *before, engine, "stop", *operand(process.container))


def _manager_of(unit: str | None) -> int | None:
    """Return the uid of the user whose service manager has the unit; None for the system's."""
    uid = (unit or "").partition("/")[0].removeprefix("user@").removesuffix(".service")
    return int(uid) if (unit or "").startswith("user@") and uid.isascii() and uid.isdigit() and len(uid) <= 10 else None


def _as_user(uid: int | None, name: str | None, engine: str, caller: int | None) -> tuple[tuple[str, ...], str]:
    """Return the words before a command that is to run as this user, and those for its purpose."""
    if uid is None or uid == (caller or 0):
        return (), ""
    if uid == 0:
        return ("sudo",), ""
    user = name if name is not None and _is_user_name(name) else f"#{uid}"
    runtime = f"/run/user/{uid}"
    place = f"XDG_RUNTIME_DIR={runtime}" if engine == "podman" else f"DOCKER_HOST=unix://{runtime}/docker.sock"
    # podman ends where its user may not enter the current directory.
    return ("sudo", "-u", user, "env", "-C", "/", place), f", as user {user.removeprefix('#')}"


def _is_user_name(text: str) -> bool:
    """Tell whether sudo takes the text for a user's name as it stands."""
    return bool(text) and text[0] not in "-." and not text.isdigit() and _USER.issuperset(text)


def stop_service(unit: str | None, main: Process | None = None) -> list[Command]:
    """Return the command that stops a service; empty where this is none, or has a name that systemd would not load.

    `main` is the service's main process where that runs another program than the holder.
    """
    words = _service_words(unit)
    if words is None:
        return []
    whose, name = words
    purpose = "stop the service and free the port"
    if main is not None:
        purpose = f"stop the whole service, whose main program is {main.name or main.comm} (pid {main.pid})"
    return commands(purpose, "systemctl", *whose, "stop", *operand(name))


def _service_words(unit: str | None) -> tuple[tuple[str, ...], str] | None:
    """Return systemctl's words for the manager, and the name of the service.

    None where it has no name that systemd would load: it may be a pattern, which systemctl applies to all units. user@UID is a
    service, and all that the user runs.
    """
    manager, slash, name = (unit or "").rpartition("/")
    uid = manager.removeprefix("user@").removesuffix(".service")
    if slash and (manager != f"user@{uid}.service" or not uid.isascii() or not uid.isdigit()):
        return None
    if (
        not name.removesuffix(".service")
        or not name.endswith(".service")
        or name.startswith("user@")
        or not _UNIT.issuperset(name)
        or len(name) > _MOST_UNIT
    ):
        return None
    return ("--user", "-M", f"{uid}@") if slash else (), name


def stop_activated(manager: Process, services: Sequence[str]) -> list[Command]:
    """Return the commands for a listener that systemd holds, and would start the service for again."""
    uid = _manager_of(manager.unit)
    whose: tuple[str, ...] = () if uid is None else ("--user", "-M", f"{uid}@")
    find = commands("find the .socket unit, and stop that", "systemctl", *whose, "list-sockets", "--all")
    words = _service_words(services[0]) if len(services) == 1 else None
    if words is None or "@" in words[1]:  # an instance's socket has another name
        return find
    whose, name = words
    both = (*operand(name.removesuffix(".service") + ".socket"), name)
    purpose = "with its socket unit, else systemd starts it again"
    return [*commands(purpose, "systemctl", *whose, "stop", *both), *find]


def is_launched(process: Process, main: Process) -> bool:
    """Tell whether the process only runs in the unit of what launched it (cron, sshd); `main` is that unit's topmost."""
    if main.pid != process.pid:
        return is_called(main, _LAUNCHERS)
    stem = (main.unit or "").rpartition("/")[2].removesuffix(".service").partition("@")[0]
    return stem in _LAUNCHERS and not is_called(process, _LAUNCHERS)


def stop_supervised(process: Process, subject: Subject) -> list[Command] | None:
    """Return the commands for a process whose supervisor would start it again; None where it has none."""
    keeper = starter_of(process, subject)
    if keeper is None:
        return None
    name = next((each for each in _SUPERVISORS if is_called(keeper, (each,))), None)
    if name is None and (keeper.name or "").startswith(_PM2):
        name = "pm2"
    who = f"{keeper.name or keeper.comm} (pid {keeper.pid}) would start it again"
    if name in ("runsv", "s6-supervise", "supervise"):
        words = {"runsv": ("sv", "stop"), "s6-supervise": ("s6-svc", "-d"), "supervise": ("svc", "-d")}[name]
        # It works in the service's directory, which is its argument, too.
        return commands(f"{who}: have it leave the service down", *words, keeper.cwd) if keeper.cwd else []
    if name is not None:
        words = {"supervisord": ("supervisorctl", "status"), "circusd": ("circusctl", "status"), "pm2": ("pm2", "list")}[name]
        return commands(f"{who}: find its name there, then '{words[0]} stop NAME'", *words)
    return [] if is_called(keeper, _INETD) else None


def end_process(process: Process, workers: Sequence[Process]) -> list[Command]:
    """Return the commands that end a process, the master of these workers."""
    pid = str(process.pid)
    if is_called(process, ("postgres", "postmaster")):
        return commands("fast shutdown: TERM waits until every client has left", "kill", "-INT", pid)
    if process.sigterm == "ignored":
        return commands("end it, and with it its connections: it ignores TERM", "kill", "-KILL", pid)
    if workers and process.sigterm == "default":
        if any(each.ppid != process.pid for each in workers):
            return []
        children = "1 child" if len(workers) == 1 else f"{len(workers)} children"
        purpose = f"end its {children}, which would keep the port"
        return [*commands(purpose, "pkill", "-P", pid), *commands("then end it", "kill", pid)]
    if workers:
        return commands(f"end the master, and by it its {plural(len(workers), 'worker')}", "kill", pid)
    if process.sigterm in ("caught", "blocked"):
        return commands("it handles TERM itself, and may finish its connections first", "kill", pid)
    return commands("end it, and with it its connections", "kill", pid)


def end_several(processes: Sequence[Process]) -> list[Command]:
    """Return the command that ends processes which hold the port without a master."""
    names = joined(list(dict.fromkeys(each.name or each.comm or "a process" for each in processes)))
    return commands(f"end all of them ({names}): each keeps the port", "kill", *(str(each.pid) for each in processes))


def continue_stopped(processes: Sequence[Process]) -> list[Command]:
    """Return the command that lets stopped processes run again; of what a debugger holds, the one that names the debugger."""
    traced = next((each for each in processes if each.state == "tracing stop"), None)
    if traced is not None:
        return commands("the debugger that holds it", "grep", "TracerPid", f"/proc/{traced.pid}/status")
    pids = [str(each.pid) for each in processes]
    if len(pids) <= MOST_TOGETHER:
        return commands("let it continue" if len(pids) == 1 else "let all of them continue", "kill", "-CONT", *pids)
    family = heirs_last(processes)
    if not family:
        return []
    master = str(family[0].pid)
    workers = commands("and its workers", "pkill", "-CONT", "-P", master)
    return [*commands("let the master continue", "kill", "-CONT", master), *workers]


def kill_stopped(processes: Sequence[Process]) -> list[Command]:
    """Return the command that ends a stopped process; empty for several, of which some would be left."""
    if len(processes) != 1 or is_called(processes[0], ("postgres", "postmaster")):
        return []
    return commands("or end it as it is: TERM waits until it continues", "kill", "-KILL", str(processes[0].pid))
