"""What the diag modules of all families share: include/uapi/linux/sock_diag.h."""

import struct

from portsock.model import SocketMemory

_WORD = 4


def socket_memory(words: bytes) -> SocketMemory | None:
    """The words SK_MEMINFO_*; kernels before 4.13 do not tell the last, the drops. None where there are fewer still."""
    if len(words) < 8 * _WORD:
        return None
    told = struct.unpack(f"={min(len(words) // _WORD, 9)}I", words[: 9 * _WORD])
    return SocketMemory._make((*told, None)[:9])
