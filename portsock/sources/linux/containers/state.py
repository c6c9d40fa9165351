"""State files of docker and podman: read within a budget, and only where they belong to the user of the containers."""

import os
import stat
from functools import cache
from itertools import islice
from typing import NamedTuple

from portsock.parse.proc.cgroup import is_id
from portsock.parse.proc.forwarders import is_container_name
from portsock.sources.failures import note
from portsock.sources.linux.local_files import open_path

_DOCKER = "/docker/containers"
_PODMAN = "/containers/storage"
_OF_USER = "/.local/share"
"""A user's directory for what the system's runtime keeps in /var/lib."""
_PODMAN_INDEX = "/overlay-containers/containers.json"
_LARGEST = 4 << 20
"""Bytes; a container takes about one KiB in such a file."""
_LARGEST_OF_USER = 1 << 20
"""Parsed, a file can take 25 times its size: a user chooses what is in it."""
_MOST = 64 << 20
"""Bytes of all files of the system's runtimes."""
_MOST_OF_USER = 4 << 20
_LEAST = 1024
"""Bytes that an attempt to read costs of the budget: it also limits the number of files."""
_MOST_CONTAINERS = 4096


class _Docker(NamedTuple):
    """A container of docker."""

    name: str | None = None
    addresses: tuple[str, ...] = ()


class ContainerState:
    """Names of containers below a root directory. The user of all methods is a uid, or None for the system's runtimes."""

    def __init__(self, root: str = "") -> None:
        self._root = root
        self.system = 0 if not root else os.stat(root).st_uid
        """The uid that the system's runtimes run as."""
        self._left: dict[int | None, int] = {}
        # Caches of this instance: each file is read once.
        self.docker = cache(self._docker)
        self.docker_addresses = cache(self._docker_addresses)
        self.podman_names = cache(self._podman_names)

    def _docker(self, identity: str, user: int | None) -> _Docker:
        """Return the container with this id."""
        config = self._read(user, _DOCKER, f"/{identity}/config.v2.json")
        if not isinstance(config, dict):
            return _Docker()
        name, settings = config.get("Name"), config.get("NetworkSettings")
        networks = settings.get("Networks") if isinstance(settings, dict) else None
        found = [
            network.get(key)
            for network in (networks.values() if isinstance(networks, dict) else ())
            if isinstance(network, dict)
            for key in ("IPAddress", "GlobalIPv6Address")
        ]
        addresses = tuple(address for address in found if isinstance(address, str) and address)
        return _Docker(_checked(name.removeprefix("/") if isinstance(name, str) else None), addresses)

    def _docker_addresses(self, user: int | None) -> dict[str, str]:
        """Return container names by address, without addresses that several containers claim."""
        found: dict[str, str | None] = {}
        try:
            with os.scandir(self._directory(user) + _DOCKER) as entries:
                identities = [entry.name for entry in islice(entries, _MOST_CONTAINERS)]
        except OSError:
            return {}
        for identity in filter(is_id, identities):
            name, addresses = self.docker(identity, user)
            for address in addresses if name else ():
                found[address] = name if found.get(address, name) == name else None
        return {address: name for address, name in found.items() if name}

    def _podman_names(self, user: int | None) -> dict[str, str]:
        """Return container names by id."""
        index = self._read(user, _PODMAN, _PODMAN_INDEX)
        names = {}
        for entry in index if isinstance(index, list) else ():
            identity, aliases = (entry.get("id"), entry.get("names")) if isinstance(entry, dict) else (None, None)
            name = _checked(aliases[0]) if isinstance(aliases, list) and aliases else None
            if name and isinstance(identity, str):
                names[identity] = name
        return names

    def _directory(self, user: int | None) -> str:
        if user is None:
            return f"{self._root}/var/lib"
        from portsock.sources.system import home

        return f"{self._root}{home(user)}{_OF_USER}"

    def _read(self, user: int | None, directory: str, file: str) -> object:
        """Return a state file of the system's or a user's runtime; None also where the budget is spent."""
        left = self._left.setdefault(user, _MOST if user is None else _MOST_OF_USER)
        if left < _LEAST:
            return None
        largest = min(left, _LARGEST if user is None else _LARGEST_OF_USER)
        owner = self.system if user is None else user
        document, size = parse_file(f"{self._directory(user)}{directory}{file}", owner, largest)
        self._left[user] = left - max(size, _LEAST)
        return document


def _checked(name: object) -> str | None:
    """Return the name where an engine would accept it: it ends up in commands to type."""
    return name if isinstance(name, str) and is_container_name(name) else None


def parse_file(path: str, owner: int, largest: int) -> tuple[object, int]:
    """Return the JSON document of a regular file of this uid, and how many bytes were read for it.

    The document is None for any other file, or one that is too large or no JSON: in another user's directory a file may be
    anything that this user put there.
    """
    import json

    try:
        data = _contents(path, owner, largest)
    except PermissionError:  # the name is replaced by the id
        return None, 0
    except OSError as error:
        note("file", path, error)
        return None, 0
    except ValueError:
        return None, 0
    try:
        return json.loads(data) if len(data) <= largest else None, len(data)
    except (ValueError, RecursionError):
        return None, len(data)


def _contents(path: str, owner: int, largest: int) -> bytes:
    """Return the bytes of the file, at most one more than `largest`. Raises OSError, or ValueError for a file not trusted."""
    with open_path(os.fsencode(path), follow=False) as found:
        status = os.fstat(found.descriptor)
        if not stat.S_ISREG(status.st_mode) or status.st_uid != owner:
            raise ValueError(path)
        with open(f"/proc/self/fd/{found.descriptor}", "rb") as file:
            return file.read(largest + 1)
