"""Calls inside other network namespaces: setns(2).

Entering a namespace requires CAP_SYS_ADMIN over it. Without, its tables can be read through /proc/PID/net.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from portsock.errors import ReadError
from portsock.sources.failures import note
from portsock.sources.linux.local_files import NotLocalError, open_path
from portsock.sources.linux.namespaces.descriptors import READ, opened
from portsock.sources.linux.netns import Namespace, Place

_CLONE_NEWNET = 0x40000000
_PATH_ONLY = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)
"""Locates a file without opening it: opening a fifo would wait, opening a device could have an effect."""

_Result = TypeVar("_Result")


def visit(namespaces: Sequence[Namespace], function: Callable[[Namespace], _Result]) -> list[_Result | OSError]:
    """Return the function's result in each namespace, or the error raised on entering the namespace.

    In our own namespace the function is called directly. All other namespaces are entered by a second thread, so that the
    calling thread stays in its own. Errors of the function are raised here.
    """
    from threading import Thread

    outcomes: list[_Result | OSError] = []
    failed: list[BaseException] = []

    def visit_others() -> None:
        try:
            outcomes.extend(_call_inside(namespace, function) for namespace in others)
        except BaseException as error:  # noqa: BLE001 - raised in the calling thread
            failed.append(error)

    own = [function(namespace) for namespace in namespaces if namespace.own]
    others = [namespace for namespace in namespaces if not namespace.own]
    if others:
        thread = Thread(target=visit_others, name="netns")
        try:
            thread.start()
        except RuntimeError as error:
            raise ReadError(f"--netns: {error}, which is needed to enter another network namespace") from None
        thread.join()
    if failed:
        raise failed[0]
    from_own, from_others = iter(own), iter(outcomes)
    return [next(from_own) if namespace.own else next(from_others) for namespace in namespaces]


def _call_inside(namespace: Namespace, function: Callable[[Namespace], _Result]) -> _Result | OSError:
    try:
        _enter(namespace)
    except OSError as error:
        return error
    return function(namespace)


def _enter(namespace: Namespace) -> None:
    """Move the calling thread into a namespace. Raises OSError: PermissionError, or FileNotFoundError where it has ended.

    Some of the paths are in directories of other users, where another file may be by now.
    """
    failure: OSError = FileNotFoundError(2, "the namespace is gone")
    for place in namespace.paths:
        try:
            with _located(place, namespace.netns.id) as located:
                if located is None:  # the pid or the name has been reused
                    continue
                with opened(f"/proc/self/fd/{located}", READ) as descriptor:
                    _setns(descriptor)
            return
        except (FileNotFoundError, ProcessLookupError):
            continue
        except NotLocalError as error:
            note("network namespace mounted at", place.path, error)
            failure = error
        except OSError as error:  # another path may work
            failure = error
    raise failure


@contextmanager
def _located(place: Place, inode: int) -> Iterator[int | None]:
    """Yield a descriptor (O_PATH) of the file if it is this network namespace, else None. Raises OSError.

    stat(2) is used only on file systems that answer: what a link in /proc leads to can be replaced at any time.
    """
    if place.via is not None:
        from portsock.sources.linux.namespaces.by_socket import opened_namespace

        with opened_namespace(place.via) as namespace:
            yield namespace if os.readlink(f"/proc/self/fd/{namespace}") == f"net:[{inode}]" else None
        return
    if place.home is None:
        with opened(place.path, _PATH_ONLY) as located:
            yield located if os.readlink(f"/proc/self/fd/{located}") == f"net:[{inode}]" else None
        return
    with open_path(os.fsencode(place.path), place.home) as found:
        status = os.fstat(found.descriptor)
        wanted = (os.stat("/proc/self/ns/net").st_dev, inode)
        yield found.descriptor if (status.st_dev, status.st_ino) == wanted else None


def _setns(descriptor: int) -> None:
    if sys.version_info >= (3, 12):
        os.setns(descriptor, _CLONE_NEWNET)
        return
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
