"""/proc/PID/stat, status, cmdline and limits, and the name to show for a process: proc(5), fs/proc/array.c."""

from typing import NamedTuple

_PF_KTHREAD = 0x00200000
"""include/linux/sched.h"""
_COMM_LENGTH = 15
"""TASK_COMM_LEN without the NUL: a name of this length may be cut."""
_THREAD_NAMES = frozenset({b"MainThread", b"node-MainThread", b"GeckoMain"})
"""Names that runtimes give to a program's main thread."""
_PPID, _FLAGS, _THREADS, _STARTED = 1, 6, 17, 19
"""Indexes of the fields behind the name, the state being 0."""
MOST_CMDLINE, MOST_ARGUMENTS = 128 * 1024, 4096
"""Bytes and arguments of a command line that are read: a process can declare gigabytes (PR_SET_MM_MAP, prctl(2))."""
STATES = {
    "R": "running", "S": "sleeping", "D": "disk sleep", "T": "stopped", "t": "tracing stop", "X": "dead", "Z": "zombie",
    "P": "parked", "I": "idle",
}  # fmt: skip
"""Letter of /proc/PID/stat → word of /proc/PID/status: task_state_array in fs/proc/array.c."""
STOPPED, TRACED = STATES["T"], STATES["t"]
_SIGTERM = 1 << (15 - 1)
_UNSET = 2**32 - 1
"""The loginuid and sessionid of what no login started."""
CUT = "…".encode()
"""Marks a command line that was cut."""


class Stat(NamedTuple):
    """Fields of /proc/PID/stat."""

    comm: bytes
    state: str
    ppid: int
    kernel_thread: bool
    threads: int
    started: int
    """Clock ticks since boot."""


def parse_stat(data: bytes) -> Stat | None:
    """Return None for an incomplete line. The name may contain spaces and parentheses: the last ')' ends it."""
    opening, closing = data.find(b"("), data.rfind(b")")
    fields = data[closing + 1 :].split()
    if opening < 0 or closing < opening or len(fields) <= _STARTED:
        return None
    try:
        ppid, flags, threads, started = (int(fields[at]) for at in (_PPID, _FLAGS, _THREADS, _STARTED))
    except ValueError:
        return None
    return Stat(
        data[opening + 1 : closing], fields[0].decode("ascii", "replace"), ppid, bool(flags & _PF_KTHREAD), threads, started
    )


def parse_descriptor_limit(data: bytes) -> int | None:
    """Return the soft limit on descriptors from /proc/PID/limits; None where there is none, or it is unlimited."""
    row = next((line for line in data.split(b"\n") if line.startswith(b"Max open files ")), b"")
    return _number((row.removeprefix(b"Max open files ").split() or [b""])[0])


def parse_login(data: bytes) -> int | None:
    """Return the number in /proc/PID/loginuid or sessionid; None where it is not set."""
    number = _number(data.strip())
    return None if number == _UNSET else number


def parse_sigterm(data: bytes) -> str | None:
    """Return what SIGTERM does, from the masks in /proc/PID/status; None where a mask is missing."""
    masks = {name: value for name, _, value in (line.partition(b":\t") for line in data.split(b"\n"))}
    found = None
    for name, action in ((b"SigCgt", "caught"), (b"SigIgn", "ignored"), (b"SigBlk", "blocked")):
        try:
            mask = int(masks[name], 16)
        except (KeyError, ValueError):
            return None
        found = action if found is None and mask & _SIGTERM else found
    return found or "default"


def _number(word: bytes) -> int | None:
    return int(word) if word.isdigit() and len(word) <= 20 else None


def parse_cmdline(data: bytes) -> tuple[bytes, ...]:
    """Return the arguments, or the title ('nginx: worker process') that the program wrote over them, as the only one.

    The rest is cut after MOST_CMDLINE bytes or MOST_ARGUMENTS arguments; CUT then stands at the end.
    """
    arguments = data[:MOST_CMDLINE].removesuffix(b"\0").split(b"\0") if data else []
    if len(arguments) > 1 and b" " in arguments[0] and not any(arguments[1:]):
        return (arguments[0],)  # a title, padded with NULs to the old length
    if len(data) > MOST_CMDLINE or len(arguments) > MOST_ARGUMENTS:
        return (*arguments[:MOST_ARGUMENTS], CUT)
    return tuple(arguments)


def shown_name(comm: bytes, arguments: tuple[bytes, ...], exe: bytes | None) -> bytes:
    """Return the name to show: the kernel's name (comm), unless that is cut or the name of a thread.

    A cut name is completed from the executable or the first three arguments (a script comes behind its interpreter).
    """
    executable = exe.rpartition(b"/")[2] if exe else b""
    candidates = [executable, *(_base(argument) for argument in arguments[:3])]
    if len(comm) >= _COMM_LENGTH:
        return next((name for name in candidates if name.startswith(comm)), comm)
    if comm and comm not in _THREAD_NAMES:
        return comm
    return next((name for name in candidates if name), comm)


def needs_arguments(comm: bytes, exe: bytes | None) -> bool:
    """Tell whether shown_name() depends on the arguments, given the executable's path."""
    executable = exe.rpartition(b"/")[2] if exe else b""
    if len(comm) >= _COMM_LENGTH:
        return not executable.startswith(comm)
    return not executable and (not comm or comm in _THREAD_NAMES)


def _base(argument: bytes) -> bytes:
    """Return the program's name in an argument: '/usr/bin/x', '-bash' or a title such as 'x: worker process'."""
    program = argument.partition(b": ")[0].rpartition(b"/")[2]
    return program.removeprefix(b"-").rstrip(b":")


def text(data: bytes) -> str:
    """Decode UTF-8. Other bytes become lone surrogates (PEP 383), which are escaped when they are printed."""
    return data.decode("utf-8", "surrogateescape")
