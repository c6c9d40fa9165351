"""Running something inside other network namespaces: setns(2).

Entering one takes CAP_SYS_ADMIN over it; what it holds can be read without through /proc/PID/net.
"""

import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TypeVar

from portsock.sources.linux.netns import Found

_CLONE_NEWNET = 0x40000000
_LOOK = getattr(os, "O_PATH", 0) | getattr(os, "O_CLOEXEC", 0)
"""Takes a file without opening what it is: of a fifo or a device that would wait, or have an effect."""
_READ = os.O_RDONLY | getattr(os, "O_CLOEXEC", 0)

_Result = TypeVar("_Result")


def visit(founds: Sequence[Found], function: Callable[[Found], _Result]) -> list[_Result | OSError]:
    """What the function says in each namespace, or the error that kept it from being entered.

    The own namespace is asked where we are. All others are entered by one thread, which ends in the last of them: a namespace
    is a thread's, so that the caller stays in its own. What the function raises is raised here.
    """
    from threading import Thread

    outcomes: list[_Result | OSError] = []
    failed: list[BaseException] = []

    def tour() -> None:
        try:
            outcomes.extend(_visited(found, function) for found in abroad)
        except BaseException as error:  # noqa: BLE001 - handed to the caller's thread
            failed.append(error)

    home = [function(found) for found in founds if found.own]
    abroad = [found for found in founds if not found.own]
    if abroad:
        thread = Thread(target=tour, name="netns")
        thread.start()
        thread.join()
    if failed:
        raise failed[0]
    there, here = iter(outcomes), iter(home)
    return [next(here) if found.own else next(there) for found in founds]


def _visited(found: Found, function: Callable[[Found], _Result]) -> _Result | OSError:
    try:
        _enter(found)
    except OSError as error:
        return error
    return function(found)


def _enter(found: Found) -> None:
    """Take the calling thread into a namespace. Raises OSError: PermissionError, or FileNotFoundError where it is gone.

    Some of the paths lead through what other users mounted, where anything may lie by now.
    """
    failure: OSError = FileNotFoundError(2, "the namespace is gone")
    wanted = (os.stat("/proc/self/ns/net").st_dev, found.netns.id)
    for path in found.paths:
        try:
            with _opened(path, _LOOK) as place:
                status = os.fstat(place)
                if (status.st_dev, status.st_ino) != wanted:  # the pid or the name is another's by now
                    continue
                with _opened(f"/proc/self/fd/{place}", _READ) as namespace:
                    _setns(namespace)
            return
        except (FileNotFoundError, ProcessLookupError):
            continue
        except OSError as error:  # another path may still lead there
            failure = error
    raise failure


@contextmanager
def _opened(path: str, flags: int) -> Iterator[int]:
    descriptor = os.open(path, flags)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _setns(descriptor: int) -> None:
    if sys.version_info >= (3, 12):
        os.setns(descriptor, _CLONE_NEWNET)
        return
    import ctypes

    if ctypes.CDLL(None, use_errno=True).setns(descriptor, _CLONE_NEWNET):
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
