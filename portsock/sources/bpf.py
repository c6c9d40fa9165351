"""Holders of sockets from the kernel's own iterator over tasks and files: the fast way in front of the walk over /proc.

What it loads: one BPF program of type tracing, attached to the iterator `task_file` (Linux >= 5.8), of the 23 instructions in
`_program`. The kernel calls it for every open file of every task; where the file's inode is a socket it writes the process,
the descriptor and the inode number, 16 bytes, into the buffer that portsock reads. It changes nothing, keeps nothing and
hooks nothing: it runs only while portsock reads, and is gone when the descriptors are closed, at the latest with portsock.

Why that is safe: the kernel's verifier proves before loading that it ends, and that it reads only through typed kernel
pointers. The offsets come from this kernel's own type description (/sys/kernel/btf/vmlinux), none is guessed.

When: as root (the kernel wants CAP_BPF and CAP_PERFMON), in the initial PID namespace, and only where there are so many
descriptors that it pays (see owners.py). Any failure means that the walk is used instead.

How to forbid it: `--owners walk`, or the environment variable PORTSOCK_NO_BPF set to anything. The kernel's own switches
(lockdown, capabilities) work as well.

It is asked with bpf(2) directly; see include/uapi/linux/bpf.h and kernel/bpf/task_iter.c.
"""

import os
import struct
from collections.abc import Container

from portsock.parse.btf import Btf, BtfError
from portsock.records import Holder

FORBID = "PORTSOCK_NO_BPF"
BTF = "/sys/kernel/btf/vmlinux"
_INITIAL_PID_NAMESPACE = 0xEFFFFFFC  # PROC_PID_INIT_INO in include/linux/proc_ns.h

_SYSCALL = {"x86_64": 321, "aarch64": 280, "riscv64": 280, "loongarch64": 280, "ppc64le": 361, "s390x": 351}
"""The number of bpf(2), by machine."""

_PROG_LOAD, _LINK_CREATE, _ITER_CREATE = 5, 28, 33
_TRACING, _TRACE_ITER = 26, 28
_SEQ_WRITE = 127  # BPF_FUNC_seq_write
_SOCKET_MODE, _FORMAT_MASK = 0xC000, 0xF000  # S_IFSOCK, S_IFMT
_CONTEXT_META, _CONTEXT_TASK, _CONTEXT_FD, _CONTEXT_FILE = 0, 8, 16, 24  # struct bpf_iter__task_file
_RECORD = struct.Struct("=IIQ")
_CHUNK = 1 << 18


class BpfUnavailable(Exception):
    """The iterator cannot be used here; its text says why."""


def holders(inodes: Container[int] | None) -> dict[int, list[Holder]]:
    """Every (process, descriptor) that refers to one of these sockets (None: to any), by inode. Raises BpfUnavailable."""
    found: dict[int, list[Holder]] = {}
    make = tuple.__new__
    for pid, fd, inode in _RECORD.iter_unpack(_records()):
        if inodes is None or inode in inodes:
            holder = make(Holder, (pid, fd, None, None))
            if inode in found:
                found[inode].append(holder)
            else:
                found[inode] = [holder]
    return found


def _records() -> bytes:
    _check()
    try:
        with open(BTF, "rb") as file:
            types = Btf(file.read())
        program = _program(types)
        attach_to = types.function("bpf_iter_task_file")
    except (OSError, BtfError) as error:
        raise BpfUnavailable(f"no type description of this kernel: {error}") from error
    opened: list[int] = []
    try:
        opened.append(_load(program, attach_to))
        opened.append(_call(_LINK_CREATE, struct.pack("=IIII", opened[0], 0, _TRACE_ITER, 0)))
        opened.append(_call(_ITER_CREATE, struct.pack("=II", opened[1], 0)))
        chunks = []
        while chunk := os.read(opened[2], _CHUNK):
            chunks.append(chunk)
        return b"".join(chunks)
    except OSError as error:
        raise BpfUnavailable(f"bpf(2): {error.strerror}") from error
    finally:
        for descriptor in reversed(opened):
            os.close(descriptor)


def _check() -> None:
    if os.environ.get(FORBID):
        raise BpfUnavailable(f"{FORBID} is set")
    if os.geteuid() != 0:
        raise BpfUnavailable("not root")
    try:
        namespace = os.stat("/proc/self/ns/pid").st_ino
    except OSError as error:
        raise BpfUnavailable(f"/proc/self/ns/pid: {error.strerror}") from error
    if os.uname().machine not in _SYSCALL:
        raise BpfUnavailable(f"the number of bpf(2) on {os.uname().machine} is not known")
    if namespace != _INITIAL_PID_NAMESPACE:
        raise BpfUnavailable("not in the initial PID namespace")


class _Assembler:
    """BPF instructions: opcode, registers, jump offset or displacement, immediate (Documentation/bpf/standardization)."""

    def __init__(self) -> None:
        self.code = b""

    def add(self, opcode: int, to: int = 0, source: int = 0, offset: int = 0, immediate: int = 0) -> None:
        registers = source << 4 | to if struct.pack("=H", 1) == b"\1\0" else to << 4 | source
        self.code += struct.pack("=BBhi", opcode, registers, offset, immediate)

    def load(self, size: int, to: int, source: int, offset: int) -> None:
        """to = *(source + offset), of 2, 4 or 8 bytes."""
        self.add({2: 0x69, 4: 0x61, 8: 0x79}[size], to, source, offset)

    def store(self, size: int, offset: int, source: int) -> None:
        """*(frame + offset) = source."""
        self.add({4: 0x63, 8: 0x7B}[size], 10, source, offset)


def _program(types: Btf) -> bytes:
    """The program, for the kernel whose types these are."""
    (inode_at,) = types.offsets("file", ["f_inode"])
    mode_at, number_at = types.offsets("inode", ["i_mode", "i_ino"])
    (tgid_at,) = types.offsets("task_struct", ["tgid"])
    body = _Assembler()
    body.load(8, 9, 8, inode_at)  # inode = file->f_inode
    body.load(2, 1, 9, mode_at)
    body.add(0x57, 1, immediate=_FORMAT_MASK)
    body.add(0x55, 1, offset=12, immediate=_SOCKET_MODE)  # not a socket: to the end
    body.load(4, 1, 7, tgid_at)
    body.store(4, -16, 1)
    body.load(4, 1, 6, _CONTEXT_FD)
    body.store(4, -12, 1)
    body.load(8, 1, 9, number_at)
    body.store(8, -8, 1)
    body.load(8, 1, 6, _CONTEXT_META)
    body.load(8, 1, 1, 0)  # meta->seq
    body.add(0xBF, 2, 10)
    body.add(0x07, 2, immediate=-_RECORD.size)
    body.add(0xB7, 3, immediate=_RECORD.size)
    body.add(0x85, immediate=_SEQ_WRITE)
    steps = len(body.code) // 8
    whole = _Assembler()
    whole.add(0xBF, 6, 1)  # the context
    whole.load(8, 7, 6, _CONTEXT_TASK)
    whole.add(0x15, 7, offset=steps + 2)  # no task: the iterator's last call
    whole.load(8, 8, 6, _CONTEXT_FILE)
    whole.add(0x15, 8, offset=steps)
    whole.code += body.code
    whole.add(0xB7, 0, immediate=0)
    whole.add(0x95)
    return whole.code


def _call(command: int, attributes: bytes) -> int:
    """bpf(2) with these attributes; returns the new descriptor. Raises OSError."""
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    buffer = ctypes.create_string_buffer(attributes, len(attributes))
    number = libc.syscall(ctypes.c_long(_SYSCALL[os.uname().machine]), command, buffer, len(attributes))
    if number < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return int(number)


def _load(program: bytes, attach_to: int) -> int:
    """Load the program. The helper that writes is for GPL-compatible programs only, so this one is under both licences."""
    import ctypes

    code, licence = ctypes.create_string_buffer(program), ctypes.create_string_buffer(b"Dual MIT/GPL")
    head = struct.pack("=IIQQ", _TRACING, len(program) // 8, ctypes.addressof(code), ctypes.addressof(licence))
    middle = struct.pack("=IIQII16sII", 0, 0, 0, 0, 0, b"portsock", 0, _TRACE_ITER)
    tail = struct.pack("=IIQIIQII", 0, 0, 0, 0, 0, 0, 0, attach_to)
    return _call(_PROG_LOAD, head + middle + tail)
