"""TCP sockets that processes hold and no table lists: bound without listening, or not bound yet.

/proc/net/tcp never lists them; sock_diag does since Linux 6.8. Otherwise their number is known, but not their addresses.
"""

import os
from collections.abc import Iterable, Mapping, Sequence

from portsock.model import Notice
from portsock.records import Holder, Request
from portsock.sources.failures import note
from portsock.sources.linux.namespaces.descriptors import opened

_NAMES = {b"TCP", b"TCPv6"}


def unlisted_notices(holders: Mapping[int, Sequence[Holder]], listed: Iterable[int]) -> list[Notice]:
    """Return the notice about TCP sockets of this network namespace that are held (by inode), but not listed."""
    candidates = [inode for inode in holders.keys() - set(listed) if _is_tcp_in_our_namespace(inode, holders[inode])]
    if candidates:
        from portsock.sources.linux import procfs

        listed_now = {record.inode for record in procfs.dump(Request(frozenset({"tcp"}))).sockets}
        candidates = [inode for inode in candidates if inode not in listed_now]  # connections made since the table was read
    if not candidates:
        return []
    number = len(candidates)
    what = "1 TCP socket is" if number == 1 else f"{number} TCP sockets are"
    text = f"{what} held that /proc/net does not list: bound without listening, or not bound; netlink tells since Linux 6.8"
    return [Notice("sockets_unlisted", number, text)]


def _is_tcp_in_our_namespace(inode: int, holders: Sequence[Holder]) -> bool:
    for holder in holders:
        home = f"/proc/{holder.pid}"
        try:
            if os.stat(f"{home}/ns/net").st_ino == os.stat("/proc/self/ns/net").st_ino:
                # The descriptor may be another file by now, on a file system that never answers: hold it before asking it.
                with opened(f"{home}/fd/{holder.fd}", os.O_PATH | os.O_CLOEXEC) as held:
                    own = f"/proc/self/fd/{held}"
                    if os.readlink(own) == f"socket:[{inode}]":
                        return os.getxattr(own, "system.sockprotoname").rstrip(b"\0") in _NAMES
        except OSError as error:
            if not isinstance(error, PermissionError):
                note("descriptors of process", holder.pid, error)
    return False
