"""Situations in which /proc does not show the processes of this PID namespace: commands that run another command in each."""

from collections.abc import Callable
from typing import Any

from tests.support.live import tool

_NEXT = 9000
"""A pid that is free in the laboratory; the ones after it are given to the next processes."""
_LAST_PID = "/proc/sys/kernel/ns_last_pid"


def _after(*preparation: str) -> list[str]:
    """Return the command that runs another one in a mount namespace of its own, after a shell command there."""
    return [tool("unshare"), "--mount", "--", "sh", "-c", f'{" ".join(preparation)} && exec "$@"', "sh"]


def no_proc(_facts: dict[str, Any]) -> list[str]:
    """Nothing is mounted at /proc."""
    return _after("while umount -l /proc 2> /dev/null; do :; done")


def outer_proc(_facts: dict[str, Any]) -> list[str]:
    """The /proc of the laboratory is unmounted, so that the host's shows."""
    return _after("umount -l /proc")


def empty_proc(_facts: dict[str, Any]) -> list[str]:
    """/proc is another file system."""
    return _after("mount -t tmpfs none /proc")


def forged_proc(_facts: dict[str, Any]) -> list[str]:
    """/proc is a tmpfs in which 'self' is our pid."""
    pid = _NEXT + 5  # after mount, mkdir and ln twice
    forge = f"mkdir -p /proc/{pid}/fd && ln -s {pid} /proc/self && ln -s 'socket:[1]' /proc/{pid}/fd/3"
    stat = f"&& echo '{pid} (forged) S 1 1 1 0 -1 0' > /proc/{pid}/stat"
    return _after(f"echo {_NEXT} > {_LAST_PID} && mount -t tmpfs none /proc &&", forge, stat)


def container_proc(facts: dict[str, Any]) -> list[str]:
    """The mount namespace is a container's and the PID namespace is not, as `nsenter -m` makes it."""
    return [tool("nsenter"), f"--mount=/proc/{facts['init']}/ns/mnt", "--"]


def parent_proc(_facts: dict[str, Any]) -> list[str]:
    """The PID namespace is new and /proc that of its parent, as `unshare -p -f` makes it."""
    return [tool("unshare"), "--pid", "--fork", "--kill-child", "--"]


def parent_proc_same_pid(_facts: dict[str, Any]) -> list[str]:
    """/proc is that of the parent PID namespace, and our pid happens to be the same in both."""
    inside = f'echo {_NEXT + 1} > {_LAST_PID} && exec "$@"'  # unshare(1) has the one before outside
    apart = f"exec unshare --pid --fork --kill-child -- sh -c '{inside}' sh \"$@\""
    return [tool("sh"), "-c", f"echo {_NEXT} > {_LAST_PID} && {apart}", "sh"]


POINTS_OF_VIEW: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "no_proc": no_proc,
    "outer_proc": outer_proc,
    "empty_proc": empty_proc,
    "forged_proc": forged_proc,
    "container_proc": container_proc,
    "parent_proc": parent_proc,
    "parent_proc_same_pid": parent_proc_same_pid,
}
"""By name: what returns the command for the facts of tests.support.attacks.container."""
