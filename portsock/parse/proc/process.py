"""/proc/PID/{stat,cmdline} and what to call a process: proc(5), fs/proc/array.c."""

from typing import NamedTuple

_PF_KTHREAD = 0x00200000
"""include/linux/sched.h"""
_COMM_LENGTH = 15
"""TASK_COMM_LEN without its NUL: a name of this length may be cut."""
_THREAD_NAMES = frozenset({b"MainThread", b"node-MainThread", b"GeckoMain"})
"""What programs call their main thread, which says nothing of the program."""


class Stat(NamedTuple):
    """The fields of /proc/PID/stat that are used."""

    comm: bytes
    state: str
    ppid: int
    kernel_thread: bool
    threads: int
    started: int
    """Clock ticks since boot."""


def parse_stat(data: bytes) -> Stat | None:
    """None where it is no complete line. The name may hold anything, spaces and parentheses too: the last ')' ends it."""
    opening, closing = data.find(b"("), data.rfind(b")")
    fields = data[closing + 1 :].split()
    if opening < 0 or closing < opening or len(fields) < 20:
        return None
    try:
        ppid, flags, threads, started = (int(fields[at]) for at in (1, 6, 17, 19))
    except ValueError:
        return None
    return Stat(
        data[opening + 1 : closing], fields[0].decode("ascii", "replace"), ppid, bool(flags & _PF_KTHREAD), threads, started
    )


def parse_cmdline(data: bytes) -> tuple[bytes, ...]:
    """The arguments. A program that overwrote them with a title ('nginx: worker process') has that as its only one."""
    arguments = data.removesuffix(b"\0").split(b"\0") if data else []
    if len(arguments) > 1 and not any(arguments[1:]):
        arguments = arguments[:1] if b" " in arguments[0] else arguments  # a title, padded with NULs to the old length
    return tuple(arguments)


def shown_name(comm: bytes, arguments: tuple[bytes, ...], exe: bytes | None) -> bytes:
    """What a person would call it: the kernel's name, unless that is cut or names a thread.

    A cut name is completed from the executable or the arguments (a script's interpreter comes first there).
    """
    executable = exe.rpartition(b"/")[2] if exe else b""
    candidates = [executable, *(_base(argument) for argument in arguments[:3])]
    if len(comm) >= _COMM_LENGTH:
        return next((name for name in candidates if name.startswith(comm)), comm)
    if comm and comm not in _THREAD_NAMES:
        return comm
    return next((name for name in candidates if name), comm)


def _base(argument: bytes) -> bytes:
    """The program's name in an argument: of '/usr/bin/x', '-bash' or a title such as 'x: worker process'."""
    program = argument.partition(b": ")[0].rpartition(b"/")[2]
    return program.removeprefix(b"-").rstrip(b":")


def text(data: bytes) -> str:
    """Bytes that are hoped to be UTF-8 as text; those that are not are kept as lone surrogates (PEP 383), to be escaped once,
    where they are printed."""
    return data.decode("utf-8", "surrogateescape")
