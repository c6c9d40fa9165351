"""Holders of sockets from the kernel's iterator over tasks and files: a faster alternative to the walk over /proc.

What it loads: one BPF program of type tracing, attached to the iterator `task_file` (Linux >= 5.8). `_program` lists its
instructions, about thirty. The kernel calls it for every open file of every task. If the file is a socket, the program writes
the process, the descriptor and the inode number, 16 bytes, into the buffer that portsock reads. It changes nothing, keeps
nothing and hooks nothing: it runs only while portsock reads, and is unloaded when the descriptors are closed, at the latest
when portsock exits.

Why that is safe: before loading it, the kernel's verifier proves that the program ends and reads only through typed kernel
pointers. The offsets come from this kernel's own type description (/sys/kernel/btf/vmlinux); none is guessed.

When it is used: as root (the kernel requires CAP_BPF and CAP_PERFMON), in the initial PID namespace, and only with so many
descriptors that it is faster (see owners.py). After any failure the walk is used instead.

How to forbid it: `--owners walk`; the environment variable PORTSOCK_NO_BPF set to anything, which sudo does not pass on; the
word no-bpf in /etc/portsock/policy. The kernel's own switches (lockdown, capabilities) work as well.

It is called with bpf(2) directly; see include/uapi/linux/bpf.h and kernel/bpf/task_iter.c.
"""

import os
import struct
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from portsock.parse.btf import Btf, BtfError
from portsock.parse.task_files import PID, RECORD, holders_by_inode, processes_by_inode
from portsock.records import Holder
from portsock.sources.linux.visibility import INITIAL_PID_NAMESPACE
from portsock.sources.linux.walk import GONE, Walk, stat_of
from portsock.sources.policy import why_forbidden
from portsock.sources.system import effective_capabilities

if TYPE_CHECKING:
    import mmap

FORBID = "PORTSOCK_NO_BPF"
BTF = "/sys/kernel/btf/vmlinux"
_CAPABILITIES = (1 << 38 | 1 << 39, 1 << 21)
"""CAP_PERFMON and CAP_BPF, or CAP_SYS_ADMIN, which has both; include/uapi/linux/capability.h"""

_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280, "ppc64le": 361, "s390x": 351}
"""The number of bpf(2), by machine."""

_PROG_LOAD, _LINK_CREATE, _ITER_CREATE = 5, 28, 33
_TRACING, _TRACE_ITER = 26, 28
_SEQ_WRITE = 127  # BPF_FUNC_seq_write
_SOCKET_MODE, _FORMAT_MASK = 0xC000, 0xF000  # S_IFSOCK, S_IFMT
_CONTEXT_META, _CONTEXT_TASK, _CONTEXT_FD, _CONTEXT_FILE = 0, 8, 16, 24  # struct bpf_iter__task_file
_CHUNK = 1 << 15
"""Bytes of one read(2): the kernel's own buffer is of that size."""


class BpfUnavailable(Exception):
    """The iterator cannot be used here; the text says why."""


class Scan(NamedTuple):
    """The result of one run of the iterator."""

    records: bytes
    """One RECORD for each descriptor of a socket."""
    started: dict[int, int | None]
    """Start times of holders in clock ticks since boot, None for those that have ended; without those that may not be read."""
    denied: list[int]
    """Pids of processes that may not be read and that the iterator did not report either: they may hold sockets."""


def scan(pids: Iterable[int]) -> Scan:
    """Run the iterator, and check whether these processes may be read. Raises BpfUnavailable."""
    records = read_records()
    reported = set(memoryview(records).cast("I")[PID].tolist())
    return Scan(records, _started(reported), [pid for pid in pids if _is_denied(pid) and pid not in reported])


def holders_of(found: Scan, inodes: Container[int] | None, numbers: bool = True) -> Walk:
    """Return every (process, descriptor) that refers to one of these sockets, or to any socket where `inodes` is None.

    Without `numbers` a process that has several descriptors of a socket is named once.
    """
    holders, pids = (holders_by_inode if numbers else processes_by_inode)(memoryview(found.records).cast("I"), inodes)
    started = {pid: ticks for pid, ticks in found.started.items() if pid in pids and ticks is not None}
    ended = {pid for pid in pids if found.started.get(pid, 0) is None}
    return Walk(_without(ended, holders) if ended else holders, found.denied, {}, started)


def _started(pids: Iterable[int]) -> dict[int, int | None]:
    """Return start times in clock ticks since boot, None for ended processes; without processes that may not be read."""
    found: dict[int, int | None] = {}
    for pid in pids:
        try:
            found[pid] = stat_of(f"/proc/{pid}/stat").started
        except GONE:
            found[pid] = None
        except OSError:
            continue
    return found


def _without(ended: Container[int | None], holders: Mapping[int, Sequence[Holder]]) -> dict[int, Sequence[Holder]]:
    left = {inode: tuple(holder for holder in held if holder.pid not in ended) for inode, held in holders.items()}
    return {inode: held for inode, held in left.items() if held}


def _is_denied(pid: int) -> bool:
    """Tell whether reading the descriptors of the process would be denied.

    The kernel makes the same check for every link of a process. Kernel threads have the link `cwd`, too.
    """
    try:
        os.readlink(f"/proc/{pid}/cwd")
    except GONE:
        return False
    except OSError:
        return True
    return False


def read_records() -> bytes:
    """Load and run the program; return what it writes, as records (parse/task_files.py). Raises BpfUnavailable."""
    check()
    try:
        types = Btf(_type_description())
        program = _program(types)
        attach_to = types.function("bpf_iter_task_file")
    except (OSError, BtfError) as error:
        raise BpfUnavailable(f"no type description of this kernel: {error}") from error
    opened: list[int] = []
    try:
        opened.append(_load(program, attach_to))
        opened.append(_call(_LINK_CREATE, struct.pack("=IIII", opened[0], 0, _TRACE_ITER, 0)))
        opened.append(_call(_ITER_CREATE, struct.pack("=II", opened[1], 0)))
        return b"".join(_chunks(opened[2]))
    except OSError as error:
        raise BpfUnavailable(f"bpf(2): {error.strerror}") from error
    finally:
        for descriptor in reversed(opened):
            with suppress(OSError):
                os.close(descriptor)


def _chunks(iterator: int) -> Iterator[bytes]:
    while True:
        try:
            chunk = os.read(iterator, _CHUNK)
        except BlockingIOError:  # the kernel returns after a million files without a socket
            continue
        if not chunk:
            return
        yield chunk


def _type_description() -> "bytes | mmap.mmap":
    """Return the kernel's BTF, mapped where possible (Linux >= 6.16): reading its 5 MB page by page takes 5 ms."""
    import mmap

    with open(BTF, "rb") as file:
        try:
            return mmap.mmap(file.fileno(), 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ)
        except OSError:
            return file.read()


def check() -> None:
    """Check the conditions that are known without loading anything. Raises BpfUnavailable."""
    if os.environ.get(FORBID):
        raise BpfUnavailable(f"{FORBID} is set")
    forbidden = why_forbidden("bpf")
    if forbidden is not None:
        raise BpfUnavailable(forbidden)
    if os.uname().machine not in _SYSCALL:
        raise BpfUnavailable(f"the number of bpf(2) on {os.uname().machine} is not known")
    try:
        effective = effective_capabilities() or 0
        if not any(effective & wanted == wanted for wanted in _CAPABILITIES):
            raise BpfUnavailable("not root")
        if os.stat("/proc/self/ns/pid").st_ino != INITIAL_PID_NAMESPACE:
            raise BpfUnavailable("not in the initial PID namespace")
    except OSError as error:
        raise BpfUnavailable(f"/proc/self: {error.strerror}") from error


class _Assembler:
    """BPF instructions: opcode, registers, jump offset or displacement, immediate (Documentation/bpf/standardization)."""

    def __init__(self) -> None:
        self._code: list[tuple[int, int, int, int | None, int]] = []

    def add(self, opcode: int, to: int = 0, source: int = 0, offset: int | None = 0, immediate: int = 0) -> None:
        """Append an instruction; a jump with the offset None goes to the end."""
        self._code.append((opcode, to, source, offset, immediate))

    def load(self, size: int, to: int, source: int, offset: int) -> None:
        """Append to = *(source + offset), of 2, 4 or 8 bytes."""
        self.add({2: 0x69, 4: 0x61, 8: 0x79}[size], to, source, offset)

    def store(self, size: int, offset: int, source: int) -> None:
        """Append *(frame + offset) = source, of 4 or 8 bytes."""
        self.add({4: 0x63, 8: 0x7B}[size], 10, source, offset)

    def finished(self) -> bytes:
        """Return the instructions, followed by an end that returns 0."""
        end = len(self._code)
        self.add(0xB7, 0, immediate=0)
        self.add(0x95)
        low_first = struct.pack("=H", 1) == b"\1\0"
        code = b""
        for index, (opcode, to, source, offset, immediate) in enumerate(self._code):
            registers = source << 4 | to if low_first else to << 4 | source
            code += struct.pack("=BBhi", opcode, registers, end - index - 1 if offset is None else offset, immediate)
        return code


def _program(types: Btf) -> bytes:
    """Return the program for the kernel that has these types."""
    (inode_at,) = types.offsets("file", ["f_inode"])
    mode_at, number_at = types.offsets("inode", ["i_mode", "i_ino"])
    tgid_at, leader_at, files_at = types.offsets("task_struct", ["tgid", "group_leader", "files"])
    code = _Assembler()
    code.add(0xBF, 6, 1)  # the context
    code.load(8, 7, 6, _CONTEXT_TASK)
    code.add(0x15, 7, offset=None)  # no task: the iterator's last call
    code.load(8, 8, 6, _CONTEXT_FILE)
    code.add(0x15, 8, offset=None)
    # Other threads count only after the main thread has exited, as in the walk.
    code.load(8, 1, 7, leader_at)  # leader = task->group_leader
    code.add(0x1D, 1, 7, offset=2)  # leader == task: on
    code.load(8, 1, 1, files_at)
    code.add(0x55, 1, offset=None)  # leader->files != NULL: to the end
    code.load(8, 9, 8, inode_at)  # inode = file->f_inode
    code.load(2, 1, 9, mode_at)
    code.add(0x57, 1, immediate=_FORMAT_MASK)
    code.add(0x55, 1, offset=None, immediate=_SOCKET_MODE)  # not a socket: to the end
    code.load(4, 1, 7, tgid_at)
    code.store(4, -16, 1)
    code.load(4, 1, 6, _CONTEXT_FD)
    code.store(4, -12, 1)
    code.load(8, 1, 9, number_at)
    code.store(8, -8, 1)
    code.load(8, 1, 6, _CONTEXT_META)
    code.load(8, 1, 1, 0)  # meta->seq
    code.add(0xBF, 2, 10)
    code.add(0x07, 2, immediate=-RECORD.size)
    code.add(0xB7, 3, immediate=RECORD.size)
    code.add(0x85, immediate=_SEQ_WRITE)
    return code.finished()


def _call(command: int, attributes: bytes) -> int:
    """Call bpf(2) with these attributes and return the new descriptor. Raises OSError."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    number = libc.syscall(ctypes.c_long(_SYSCALL[os.uname().machine]), command, buffer, len(attributes))
    if number < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(number)


def _load(program: bytes, attach_to: int) -> int:
    """Load the program. It uses a helper that is for GPL-compatible programs only, and so is under both licences."""
    import ctypes

    code, licence = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"Dual MIT/GPL")
    head = struct.pack("=IIQQ", _TRACING, len(program) // 8, ctypes.addressof(code), ctypes.addressof(licence))
    middle = struct.pack("=IIQII16sII", 0, 0, 0, 0, 0, b"portsock", 0, _TRACE_ITER)
    tail = struct.pack("=IIQIIQII", 0, 0, 0, 0, 0, 0, 0, attach_to)
    return _call(_PROG_LOAD, head + middle + tail)
