"""The live system as a source. Only this module chooses the backend."""

import sys

from portsock.errors import UsageError
from portsock.records import Collection, Request

BACKENDS = ("netlink", "procfs", "psutil")


def collect(request: Request, backend: str | None = None) -> Collection:
    """Collect from this system: with netlink or /proc on Linux, with psutil elsewhere. `backend` forces one of BACKENDS.

    Raises UsageError for a backend that is unknown or not available here, ReadError where the system cannot be read.
    """
    if backend is not None and backend not in BACKENDS:
        from difflib import get_close_matches

        near = get_close_matches(backend, BACKENDS, 1, 0.5)
        hint = f"did you mean {near[0]}?" if near else "there are " + ", ".join(BACKENDS)
        raise UsageError(f"--backend {backend}: no such backend; {hint}")
    linux = sys.platform.startswith("linux")
    if backend in {"netlink", "procfs"} and not linux:
        raise UsageError(f"--backend {backend}: only Linux has it; leave the option out")
    if backend == "psutil" or not linux:
        from portsock.sources.psutil_source import collect as from_psutil

        return from_psutil(request)
    from portsock.sources.linux.collect import collect as from_linux

    return from_linux(request, backend)
