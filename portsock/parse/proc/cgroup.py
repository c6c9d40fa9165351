"""/proc/PID/cgroup: the systemd unit, container and pod of a process. cgroups(7), systemd.resource-control(5)."""

from collections.abc import Iterator
from typing import NamedTuple

_UNITS = (".service", ".scope", ".socket", ".mount", ".swap")
_RUNTIMES = (
    ("docker-", "docker"), ("libpod-payload-", "podman"), ("libpod-", "podman"), ("cri-containerd-", "containerd"),
    ("containerd-", "containerd"), ("nerdctl-", "containerd"), ("crio-", "cri-o"),
)  # fmt: skip
"""Prefixes of each runtime's scopes. 'libpod-conmon-ID' and 'crio-conmon-ID' hold the monitor, not the container."""
_PARENTS = {"docker": "docker", "libpod_parent": "podman"}
"""The cgroup above a bare id, where the runtime uses no systemd scopes."""
_ROOTLESS = frozenset({"docker", "podman", "containerd"})
"""Runtimes that users can run without root, below their own manager."""
_HEXADECIMAL = frozenset("0123456789abcdef")
_ID_LENGTH = 64


class Placement(NamedTuple):
    """A process's unit, container and user as its cgroups name them."""

    unit: str | None = None
    """The unit of this host's systemd, else the innermost slice. A unit of a user's manager is prefixed with that manager:
    'user@1000.service/web.service' is no system unit, whatever its name."""
    container_id: str | None = None
    """64 hexadecimal digits. Of nested containers the outermost, which is the one that this host runs."""
    runtime: str | None = None
    """docker, podman, containerd or cri-o."""
    pod: str | None = None
    """The UID of a Kubernetes pod."""
    user: int | None = None
    """The UID of user-UID.slice: the owner of the session or user manager."""
    manager: int | None = None
    """The UID of user@UID.service. That user chooses the names of all cgroups below it."""
    within: str | None = None
    """The path of the cgroup of the system's unit that the container's cgroup is in, other than the container's own scope.
    The user of a unit with Delegate= chooses the names of all cgroups below it."""


def parse_cgroup(text: str) -> Placement:
    """Parse the file of cgroup version 1 (a line for each hierarchy), version 2 (one line) or both."""
    found = Placement()
    for path in _paths(text):
        parts = [part for part in path.split("/") if part not in {"", ".."}]
        at, container, runtime = _container(parts)
        host_parts = parts if at is None else parts[: at + 1]
        manager = _manager(host_parts)
        if manager is not None and runtime not in _ROOTLESS:
            container = runtime = None
        found = Placement(
            found.unit or _unit(host_parts),
            found.container_id or container,
            found.runtime or runtime,
            found.pod or (_pod(host_parts) if manager is None else None),
            found.user if found.user is not None else _user(host_parts),
            found.manager if found.manager is not None else manager,
            found.within or (_within(parts, at) if at is not None and container and manager is None else None),
        )
    return found


def _paths(text: str) -> Iterator[str]:
    """Yield the paths: version 2 first, then version 1's 'name=systemd', then the controllers."""
    rows = [row for row in (line.split(":", 2) for line in text.split("\n")) if len(row) == 3]
    for wanted in ("", "name=systemd"):
        yield from (path for _, controllers, path in rows if controllers == wanted)
    yield from (path for _, controllers, path in rows if controllers not in {"", "name=systemd"})


def _container(parts: list[str]) -> tuple[int | None, str | None, str | None]:
    """Return (position, id, runtime) of the first part that names a container."""
    for at, part in enumerate(parts):
        name = part.removesuffix(".scope")
        *_, prefix, last = ("", "", *name.split(":"))  # 'kubepods-….slice:cri-containerd:ID'
        if prefix and is_id(last):
            return at, last, dict(_RUNTIMES).get(prefix + "-")
        if is_id(name):
            return at, name, _PARENTS.get(parts[at - 1]) if at else None
        for start, runtime in _RUNTIMES:
            if name.startswith(start) and is_id(name[len(start) :]):
                return at, name[len(start) :], runtime
    return None, None, None


def is_id(text: str) -> bool:
    """Tell whether the text is a container's id: 64 hexadecimal digits in lower case."""
    return len(text) == _ID_LENGTH and _HEXADECIMAL.issuperset(text)


def _unit(parts: list[str]) -> str | None:
    """Return the outermost unit. Names below it are chosen by whoever it was delegated to."""
    at = _first_unit(parts)
    if at is None:
        return next((part.removeprefix("_") for part in reversed(parts) if part.endswith(".slice")), None)
    unit = parts[at].removeprefix("_")  # systemd's escape of names that clash with a controller's
    if _manager(parts) is None:
        return unit
    # 'user@0.service' below a user's manager is only a name that this user chose, and has no units.
    below = parts[at + 1 :]
    inner = _first_unit(below)
    slice_name = next((part for part in reversed(below) if part.endswith(".slice")), None)
    name = below[inner] if inner is not None else slice_name
    return f"{unit}/{name.removeprefix('_')}" if name else unit


def _within(parts: list[str], container: int) -> str | None:
    at = _first_unit(parts[:container])
    return "/" + "/".join(parts[: at + 1]) if at is not None else None


def _first_unit(parts: list[str]) -> int | None:
    return next((at for at, part in enumerate(parts) if part.endswith(_UNITS)), None)


def _manager(parts: list[str]) -> int | None:
    """Return the UID of user@UID.service where that is the outermost unit."""
    at = _first_unit(parts)
    return _number(parts[at], "user@", ".service") if at is not None else None


def _pod(parts: list[str]) -> str | None:
    """Return the UID of 'podUID' below kubepods, or of 'kubepods-burstable-podUID.slice', which has '_' for '-'."""
    for above, part in zip(["", *parts], parts, strict=False):
        slice_name = part.partition(":")[0]
        if slice_name.startswith("kubepods") and slice_name.endswith(".slice") and "-pod" in slice_name:
            return slice_name.rpartition("-pod")[2].removesuffix(".slice").replace("_", "-")
        if part.startswith("pod") and above in {"kubepods", "besteffort", "burstable", "guaranteed"}:
            return part.removeprefix("pod")
    return None


def _user(parts: list[str]) -> int | None:
    return next((uid for part in parts if (uid := _number(part, "user-", ".slice")) is not None), None)


def _number(part: str, start: str, end: str) -> int | None:
    """Return the uid between the prefix and the suffix."""
    number = part.removeprefix(start).removesuffix(end)
    usable = part == start + number + end and number.isascii() and number.isdigit() and len(number) <= 10
    return int(number) if usable else None
