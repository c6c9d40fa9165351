"""Situations in which /proc does not show the processes of this PID namespace: commands that run another command in each."""

from collections.abc import Callable
from typing import Any

from tests.support.live import tool


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
    """/proc is a tmpfs that has a process and 'self'."""
    copy = "mkdir /proc/$$ /proc/$$/fd && ln -s $$ /proc/self && ln -s 'socket:[1]' /proc/$$/fd/3"
    return _after("mount -t tmpfs none /proc &&", copy, "&& printf '%s (forged) S 1 1 1 0 -1 0' $$ > /proc/$$/stat")


def container_proc(facts: dict[str, Any]) -> list[str]:
    """The mount namespace is a container's and the PID namespace is not, as `nsenter -m` makes it."""
    return [tool("nsenter"), f"--mount=/proc/{facts['init']}/ns/mnt", "--"]


def parent_proc(_facts: dict[str, Any]) -> list[str]:
    """The PID namespace is new and /proc that of its parent, as `unshare -p -f` makes it."""
    return [tool("unshare"), "--pid", "--fork", "--kill-child", "--"]


POINTS_OF_VIEW: dict[str, Callable[[dict[str, Any]], list[str]]] = {
    "no_proc": no_proc,
    "outer_proc": outer_proc,
    "empty_proc": empty_proc,
    "forged_proc": forged_proc,
    "container_proc": container_proc,
    "parent_proc": parent_proc,
}
"""By name: what returns the command for the facts of tests.support.attacks.container."""
