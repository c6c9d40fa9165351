"""Processes made at thousands a second: loops of system calls in machine code (x86-64), called through ctypes.

A fork(2) of Python takes 0.5 ms and more, because it copies page tables. These loops call clone(2) with CLONE_VM: the child
shares the memory, and uses registers only, so that it needs no stack of its own. Each is a process with a PID and a table of
descriptors. `Shared` is at the address in r13.
"""

import ctypes
import mmap
import os
import platform
import socket
import struct

STOP, COUNT, PAUSE, LINGER, PID = 0, 8, 16, 32, 40
"""Offsets in the shared memory: a byte that ends the loops, the number of clones, a timespec, a linger, a pid."""
_CLONE_VM_SIGCHLD = 0x100 | 17
_WRITE, _CLOSE, _NANOSLEEP, _GETPID, _SOCKET, _CONNECT, _ACCEPT, _SETSOCKOPT, _CLONE, _EXIT = (
    1,
    3,
    35,
    39,
    41,
    42,
    43,
    54,
    56,
    60,
)
_SAVE = bytes.fromhex("53 55 4154 4155 4156 4989fc 4989f5 4989d6")  # push rbx rbp r12-r14; r12, r13, r14 = arguments
_RESTORE = bytes.fromhex("415e 415d 415c 5d 5b c3")
_NO_RSI, _NO_RDX, _NO_R10, _NO_R8 = (bytes.fromhex(text) for text in ("31f6", "31d2", "4531d2", "4531c0"))
_NO_ARGUMENTS = _NO_RSI + _NO_RDX + _NO_R10 + _NO_R8


def available() -> bool:
    return platform.machine() == "x86_64"


def _call(number: int) -> bytes:
    """mov eax, number; syscall"""
    return b"\xb8" + struct.pack("<I", number) + b"\x0f\x05"


def _edi(value: int) -> bytes:
    return b"\xbf" + struct.pack("<I", value)


def _esi(value: int) -> bytes:
    return b"\xbe" + struct.pack("<I", value)


def _edx(value: int) -> bytes:
    return b"\xba" + struct.pack("<I", value)


def _jump(opcode: str, distance: int) -> bytes:
    """A near jump: 0f85 jne, 0f84 je, e9 jmp."""
    return bytes.fromhex(opcode) + struct.pack("<i", distance)


_PAUSE = b"\x49\x8d\x7d" + bytes([PAUSE]) + _NO_RSI + _call(_NANOSLEEP)  # lea rdi, [r13 + PAUSE]
_TEST_EAX = bytes.fromhex("85c0")
_STOPPED = bytes.fromhex("41807d0000")  # cmp byte [r13], 0
_COUNT = bytes.fromhex("f049ff45") + bytes([COUNT])  # lock inc qword [r13 + COUNT]
_NEW_PROCESS = _edi(_CLONE_VM_SIGCHLD) + _NO_ARGUMENTS + _call(_CLONE) + _TEST_EAX
_END = _edi(0) + _call(_EXIT)


def forks() -> bytes:
    """Code of f(address, shared, listener): clone children that connect to the listener, accept, pause, and exit."""
    child = (
        _edi(socket.AF_INET) + _esi(socket.SOCK_STREAM) + _NO_RDX + _call(_SOCKET)
        + bytes.fromhex("89c3 89df 4c89e6") + _edx(16) + _call(_CONNECT)  # ebx = eax; edi = ebx; rsi = r12
        + bytes.fromhex("89df") + _esi(socket.SOL_SOCKET) + _edx(socket.SO_LINGER)
        + b"\x4d\x8d\x55" + bytes([LINGER]) + b"\x41\xb8" + struct.pack("<I", 8) + _call(_SETSOCKOPT)  # lea r10, …
        + bytes.fromhex("4489f7") + _NO_RSI + _NO_RDX + _call(_ACCEPT)  # edi = r14d
        + _PAUSE
        + bytes.fromhex("89df") + _call(_CLOSE)
        + _END
    )  # fmt: skip
    parent = _COUNT + _PAUSE
    body = _NEW_PROCESS + _jump("0f84", len(parent) + 5) + parent
    start = _STOPPED + _jump("0f85", len(body) + 5 + len(child))
    loop = start + body
    return _SAVE + loop + _jump("e9", -len(loop) - 5) + child + _RESTORE


def chain() -> bytes:
    """Code of f(unused, shared, log): write the own pid to the log, pause, clone the next process, which goes on, and exit."""
    note = _call(_GETPID) + b"\x41\x89\x45" + bytes([PID])  # mov [r13 + PID], eax
    note += bytes.fromhex("4489f7") + b"\x49\x8d\x75" + bytes([PID]) + _edx(4) + _call(_WRITE)  # lea rsi, …
    body = note + _COUNT + _PAUSE + _NEW_PROCESS
    start = _STOPPED + _jump("0f85", len(body) + 6)
    loop = start + body
    return _SAVE + loop + _jump("0f84", -len(loop) - 6) + _END


class Shared:
    """Memory that a loop and its processes share."""

    def __init__(self, pause: float) -> None:
        """Have each process, and the loop of `forks`, pause for this time in seconds."""
        self._memory = mmap.mmap(-1, mmap.PAGESIZE)
        self.address = ctypes.addressof(ctypes.c_char.from_buffer(self._memory))
        struct.pack_into("<qq", self._memory, PAUSE, 0, round(pause * 1e9))
        struct.pack_into("<ii", self._memory, LINGER, 1, 0)

    def stop(self) -> None:
        self._memory[STOP] = 1

    def add(self) -> None:
        """Count an event of a process that runs Python."""
        struct.pack_into("<Q", self._memory, COUNT, self.count + 1)

    @property
    def count(self) -> int:
        return int(struct.unpack_from("<Q", self._memory, COUNT)[0])


def run(code: bytes, first: bytes, shared: Shared, descriptor: int) -> None:
    """Run the code in this process until `stop`. `first` is what its first argument points to."""
    memory = mmap.mmap(-1, len(code), prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    memory.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(memory))
    function = ctypes.CFUNCTYPE(None, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_int)(address)
    function(first, shared.address, descriptor)
    os._exit(0)


def socket_address(port: int) -> bytes:
    """Return a struct sockaddr_in of loopback."""
    return struct.pack("=H", socket.AF_INET) + struct.pack("!H", port) + socket.inet_aton("127.0.0.1") + bytes(8)
