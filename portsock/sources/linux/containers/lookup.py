"""Names of containers, and the destinations of port forwarders, without a request to a daemon.

A forwarder can say of itself what it likes. It is believed by its executable and its uid, which the kernel reports, and only
about containers of that uid. A user can give any program any name, and so can lie about that user's containers, no others.
"""

import os
import stat
from contextlib import suppress
from functools import cached_property
from itertools import islice

from portsock.parse.proc.cgroup import Placement
from portsock.parse.proc.forwarders import is_conmon, is_docker_proxy, is_rootlessport, parse_conmon, parse_docker_proxy
from portsock.parse.proc.process import MOST_CMDLINE, parse_cmdline, text
from portsock.sources.linux.blocking import patience
from portsock.sources.linux.containers.state import ContainerState

_DELETED = " (deleted)"
_DIRECTORY = os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0)
_MOST_DESCRIPTORS = 256
"""Of one monitor; a conmon has about 20."""


class Containers:
    """Reads the containers below a root directory; '' is this host's own."""

    def __init__(self, root: str = "", proc: str = "/proc") -> None:
        self._root = root
        self._proc = proc
        self._state = ContainerState(root)

    def name(self, placement: Placement) -> str | None:
        """Return the container's name, or 12 digits of its id if the name cannot be read; None outside containers."""
        identity = placement.container_id
        if identity is None:
            return None
        found = None
        for user in self._stores(placement):
            if found is None and placement.runtime in {"docker", None}:
                found = self._state.docker(identity, user).name
            if found is None and placement.runtime in {"podman", None}:
                found = self._state.podman_names(user).get(identity)
        return found or identity[:12]

    def forwards_to(self, pid: int, exe: str | None, uid: int, arguments: tuple[str, ...]) -> str | None:
        """Return the destination of a port forwarder, None for any other process.

        It is 'address:port (container)', or 'container NAME' for podman's, whose arguments do not contain the port.
        `exe` is the path of the executable, also of one that an upgrade has deleted; `uid` the owner of /proc/PID.
        """
        if uid == self._state.system and not self._is_of_host(pid):
            return None
        if is_docker_proxy(exe):
            forward = parse_docker_proxy(arguments)
            if forward is None:
                return None
            name = self._state.docker_addresses(self._store(uid)).get(forward.address)
            return forward.target() + (f" ({name})" if name else "")
        if is_rootlessport(exe, arguments):
            name = self._watched(pid, uid)
            return f"container {name}" if name else "a rootless podman container"
        return None

    def _stores(self, placement: Placement) -> list[int | None]:
        """Return the users whose runtimes can have started it; None is the system.

        A user's service manager starts no container of the system, whatever the cgroups below it are called. Nor does the
        user that systemd gave a unit's cgroup to.
        """
        if placement.manager is not None:
            return [placement.manager]
        if placement.within is not None:
            owner = self._cgroup_owner(placement.within)
            return [] if owner is None else [self._store(owner)]
        return [None] if placement.user is None else [placement.user, None]

    def _cgroup_owner(self, path: str) -> int | None:
        """Return the uid that owns a cgroup, in version 2 or in the hierarchy of systemd in version 1."""
        for hierarchy in ("", "/systemd", "/unified"):
            with suppress(OSError):
                return os.stat(f"{self._root}/sys/fs/cgroup{hierarchy}{path}").st_uid
        return None

    def _store(self, uid: int) -> int | None:
        return None if uid == self._state.system else uid

    def _is_of_host(self, pid: int) -> bool:
        """Tell whether a process with the system's uid was started as one, in this PID namespace.

        A hard link gives a set-user-ID program any name, and its user chooses the arguments. Root of another PID namespace is
        root in a container.
        """
        home = f"{self._proc}/{pid}"
        try:
            own = os.readlink(f"{self._proc}/self/ns/pid")
            return os.readlink(f"{home}/ns/pid") == own and not os.stat(f"{home}/exe").st_mode & stat.S_ISUID
        except OSError:
            return False

    def _watched(self, pid: int, uid: int) -> str | None:
        """Return the container whose monitor holds the other end of the forwarder's pipe on descriptor 3.

        The forwarder ends when the monitor does (podman, libpod networking).
        """
        try:
            pipe = os.readlink(f"{self._proc}/{pid}/fd/3")
        except OSError:
            return None
        monitor = self._monitors.get((uid, pipe))
        if monitor is None:
            return None
        identity, name = monitor
        known = self._state.podman_names(self._store(uid)).get(identity) if identity else None
        return known or name or (identity[:12] if identity else None)

    @cached_property
    def _monitors(self) -> dict[tuple[int, str], tuple[str | None, str | None]]:
        """Id and name of the container of each monitor, by uid and pipe. All processes are searched, once."""
        found: dict[tuple[int, str], tuple[str | None, str | None]] = {}
        try:
            others = [name for name in os.listdir(self._proc) if name.isascii() and name.isdigit()]
        except OSError:
            return found
        homes = [f"{self._proc}/{other}" for other in others]
        for home, arguments in patience().call_each(_arguments, list(filter(_is_monitor, homes))).results.items():
            with suppress(OSError):
                found.update({(os.stat(home).st_uid, pipe): parse_conmon(arguments) for pipe in _pipes(home)})
        return found


def _is_monitor(home: str) -> bool:
    try:
        return is_conmon(os.readlink(f"{home}/exe").removesuffix(_DELETED))
    except OSError:
        return False


def _arguments(home: str) -> list[str]:
    """Return the arguments of a process; none where they cannot be read."""
    try:
        with open(f"{home}/cmdline", "rb") as file:
            return [text(part) for part in parse_cmdline(file.read(MOST_CMDLINE))]
    except OSError:
        return []


def _pipes(home: str) -> list[str]:
    """Return the pipes that a process holds, as 'pipe:[INODE]'. Raises OSError."""
    descriptors = os.open(f"{home}/fd", _DIRECTORY)
    try:
        with os.scandir(descriptors) as entries:
            links = [os.readlink(entry.name, dir_fd=descriptors) for entry in islice(entries, _MOST_DESCRIPTORS)]
        return [link for link in links if link.startswith("pipe:")]
    finally:
        os.close(descriptors)
