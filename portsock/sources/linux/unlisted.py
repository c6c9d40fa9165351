"""TCP sockets that processes hold and no table lists: bound without listening, or not bound yet.

/proc/net/tcp has never listed them, and sock_diag does since Linux 6.8. What they are bound to cannot be had then, only that
they are there.
"""

import os
from collections.abc import Iterable, Mapping, Sequence

from portsock.model import Notice
from portsock.records import Holder, Request

_NAMES = {b"TCP", b"TCPv6"}


def unlisted(holders: Mapping[int, Sequence[Holder]], listed: Iterable[int], proc: str = "/proc") -> list[Notice]:
    """The notice about TCP sockets of this network namespace among those held (by inode), which are not among those listed."""
    candidates = [inode for inode in holders.keys() - set(listed) if _is_tcp_here(holders[inode], proc)]
    if candidates:
        from portsock.sources.linux import procfs

        now = {record.inode for record in procfs.dump(Request(frozenset({"tcp"})), proc).sockets}
        candidates = [inode for inode in candidates if inode not in now]  # connections made since the table was read
    if not candidates:
        return []
    number = len(candidates)
    what = "1 TCP socket is" if number == 1 else f"{number} TCP sockets are"
    text = f"{what} held that /proc/net does not list: bound without listening, or not bound; netlink tells since Linux 6.8"
    return [Notice("sockets_unlisted", number, text)]


def _is_tcp_here(holders: Sequence[Holder], proc: str) -> bool:
    for holder in holders:
        home = f"{proc}/{holder.pid}"
        try:
            if os.stat(f"{home}/ns/net").st_ino == os.stat(f"{proc}/self/ns/net").st_ino:
                return os.getxattr(f"{home}/fd/{holder.fd}", "system.sockprotoname").rstrip(b"\0") in _NAMES
        except OSError:
            continue
    return False
