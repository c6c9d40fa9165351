"""Facts of a process that only explain needs, read relative to its open directory. None of these reads can block."""

import os
from collections.abc import Callable
from typing import NamedTuple

from portsock.parse.proc.process import MOST_CMDLINE, parse_descriptor_limit, parse_login, parse_sigterm
from portsock.sources.failures import note


class Context(NamedTuple):
    """Facts of Need.CONTEXT."""

    descriptors: int | None = None
    descriptor_limit: int | None = None
    cwd: bytes | None = None
    login_uid: int | None = None
    login_session: int | None = None
    sigterm: str | None = None


NOTHING = Context()
Noting = Callable[[str, OSError], None]
"""Notes what could not be read, and why."""


def read_context(pid: int, home: int, may_be_denied: bool) -> Context:
    """Return the facts of Need.CONTEXT. `may_be_denied`: these may be facts of another user, whose absence is no failure."""

    def note_failure(what: str, error: OSError) -> None:
        if not (may_be_denied and isinstance(error, PermissionError)):
            note(what, pid, error)

    limit = parse_descriptor_limit(_read_fact(note_failure, home, "limits"))
    sigterm = parse_sigterm(_read_fact(note_failure, home, "status"))
    login_uid = parse_login(_read_fact(note_failure, home, "loginuid"))
    session = parse_login(_read_fact(note_failure, home, "sessionid")) if login_uid is not None else None
    return Context(
        _count_descriptors(note_failure, home), limit, _working_directory(note_failure, home), login_uid, session, sigterm
    )


def _read_fact(note_failure: Noting, home: int, name: str) -> bytes:
    """Return a file of the process; empty where it may not be read, or the kernel has no such file."""
    try:
        return read_file(home, name)
    except OSError as error:
        note_failure(f"{name} of process", error)
        return b""


def _count_descriptors(note_failure: Noting, home: int) -> int | None:
    """Return the size of the directory, which no descriptor need be listed for; None before Linux 6.2, where it is 0."""
    try:
        return os.stat("fd", dir_fd=home).st_size or None
    except OSError as error:
        note_failure("number of descriptors of process", error)
        return None


def _working_directory(note_failure: Noting, home: int) -> bytes | None:
    """Return the path as the kernel has it: it is not followed, since its file system may never answer."""
    try:
        return os.readlink(b"cwd", dir_fd=home)
    except OSError as error:
        note_failure("working directory of process", error)
        return None


def read_file(home: int, name: str) -> bytes:
    """Return the bytes of a file of the process, little more than MOST_CMDLINE of them. Raises OSError."""
    file = os.open(name, os.O_RDONLY | os.O_CLOEXEC, dir_fd=home)
    try:
        data = b""
        while len(data) <= MOST_CMDLINE and (part := os.read(file, 65536)):
            data += part
        return data
    finally:
        os.close(file)
