"""Names of containers from the state files of docker and podman, without a request to a daemon."""

import os
import stat
from functools import cached_property

from portsock.parse.proc.cgroup import Placement
from portsock.parse.proc.forwarders import is_rootlessport, parse_conmon, parse_docker_proxy
from portsock.parse.proc.process import MOST_CMDLINE, parse_cmdline, text

_DOCKER = "/docker/containers"
_PODMAN = "/containers/storage"
_OF_USER = "/.local/share"
"""A user's directory for what the system's runtime keeps in /var/lib."""
_PODMAN_INDEX = "/overlay-containers/containers.json"
_FLAGS = os.O_RDONLY | sum(getattr(os, name, 0) for name in ("O_NONBLOCK", "O_NOCTTY", "O_NOFOLLOW", "O_CLOEXEC"))
_LARGEST = 4 << 20
"""Bytes; a container takes about one KiB in such a file."""


class Containers:
    """Reads the containers below a root directory; '' is this host's own."""

    def __init__(self, root: str = "", proc: str = "/proc") -> None:
        self._root = root
        self._proc = proc
        self._system = 0 if not root else os.stat(root).st_uid
        self._podman: dict[int | None, dict[str, str]] = {}

    def name(self, placement: Placement) -> str | None:
        """Return the container's name, or 12 digits of its id if the name cannot be read; None outside containers."""
        identity = placement.container_id
        if identity is None:
            return None
        found = None
        for user in self._stores(placement):
            if found is None and placement.runtime in {"docker", None}:
                found = self._docker_name(identity, user)
            if found is None and placement.runtime in {"podman", None}:
                found = self._podman_names(user).get(identity)
        return found or identity[:12]

    def forwards_to(self, pid: int, arguments: tuple[str, ...]) -> str | None:
        """Return the destination of a port forwarder, None for any other process.

        It is 'address:port (container)', or 'container NAME' for podman's, whose arguments do not contain the port.
        """
        forward = parse_docker_proxy(arguments)
        if forward:
            name = self._docker_addresses.get(forward.address)
            return forward.target() + (f" ({name})" if name else "")
        if is_rootlessport(arguments):
            name = self._watched(pid)
            return f"container {name}" if name else "a rootless podman container"
        return None

    @staticmethod
    def _stores(placement: Placement) -> list[int | None]:
        """Return the users whose runtimes can have started it; None is the system.

        A user's service manager starts no container of the system, whatever the cgroups below it are called.
        """
        if placement.manager is not None:
            return [placement.manager]
        return [None] if placement.user is None else [placement.user, None]

    def _state(self, user: int | None, directory: str, file: str) -> object:
        """Read a state file of the runtime of the system (None) or of a user. `directory` is relative to /var/lib."""
        if user is None:
            return read_json(f"{self._root}/var/lib{directory}{file}", self._system)
        from portsock.sources.system import home

        return read_json(f"{self._root}{home(user)}{_OF_USER}{directory}{file}", user)

    def _docker_name(self, identity: str, user: int | None = None) -> str | None:
        config = self._state(user, _DOCKER, f"/{identity}/config.v2.json")
        name = config.get("Name") if isinstance(config, dict) else None
        return name.removeprefix("/") if isinstance(name, str) else None

    @cached_property
    def _docker_addresses(self) -> dict[str, str]:
        """Container names by each of their addresses."""
        found: dict[str, str] = {}
        try:
            identities = os.listdir(f"{self._root}/var/lib{_DOCKER}")
        except OSError:
            return found
        for identity in identities:
            config = self._state(None, _DOCKER, f"/{identity}/config.v2.json")
            name = self._docker_name(identity)
            settings = config.get("NetworkSettings") if isinstance(config, dict) else None
            networks = settings.get("Networks") if isinstance(settings, dict) else None
            for network in networks.values() if isinstance(networks, dict) else ():
                for key in ("IPAddress", "GlobalIPv6Address"):
                    address = network.get(key) if isinstance(network, dict) else None
                    if name and isinstance(address, str) and address:
                        found[address] = name
        return found

    def _podman_names(self, user: int | None) -> dict[str, str]:
        if user not in self._podman:
            index = self._state(user, _PODMAN, _PODMAN_INDEX)
            names = {}
            for entry in index if isinstance(index, list) else ():
                identity, aliases = (entry.get("id"), entry.get("names")) if isinstance(entry, dict) else (None, None)
                if isinstance(identity, str) and isinstance(aliases, list) and aliases and isinstance(aliases[0], str):
                    names[identity] = aliases[0]
            self._podman[user] = names
        return self._podman[user]

    def _watched(self, pid: int) -> str | None:
        """Return the container whose monitor holds the other end of the forwarder's pipe on descriptor 3.

        The forwarder ends when the monitor does (podman, libpod networking).
        """
        try:
            pipe = os.readlink(f"{self._proc}/{pid}/fd/3")
            others = [name for name in os.listdir(self._proc) if name.isascii() and name.isdigit()]
        except OSError:
            return None
        for other in others:
            try:
                with open(f"{self._proc}/{other}/cmdline", "rb") as file:
                    monitor = parse_conmon([text(part) for part in parse_cmdline(file.read(MOST_CMDLINE))])
                if monitor is None or not pipe.startswith("pipe:"):
                    continue
                held = f"{self._proc}/{other}/fd"
                if any(os.readlink(f"{held}/{fd}") == pipe for fd in os.listdir(held)):
                    identity, name = monitor
                    return name or (identity[:12] if identity else None)
            except OSError:
                continue
        return None


def read_json(path: str, owner: int) -> object:
    """Return the JSON document of a regular file of this uid; None for any other file, or one that is too large or no JSON.

    A file in another user's directory may be anything that this user put there.
    """
    import json

    try:
        return json.loads(_read(path, owner))
    except (OSError, ValueError, RecursionError):
        return None


def _read(path: str, owner: int) -> bytes:
    """Return the bytes of the file. Raises OSError, or ValueError for a file that is not trusted."""
    descriptor = os.open(path, _FLAGS)
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
            raise ValueError(path)
        data = file.read(_LARGEST + 1)
    if len(data) > _LARGEST:
        raise ValueError(path)
    return data
