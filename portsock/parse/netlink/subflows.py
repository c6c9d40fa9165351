"""Which TCP sockets of a dump are subflows of which MPTCP socket."""

from portsock.model import State, Subflow
from portsock.records import SocketRecord


def with_subflows_marked(records: list[SocketRecord]) -> list[SocketRecord]:
    """Mark TCP subflows with their MPTCP socket, and that with its subflows: all of a connection have one inode.

    Descriptors refer to the MPTCP socket.
    """
    whole = {record.inode: record.state is State.LISTEN for record in records if record.protocol == "mptcp" and record.inode}
    if not whole:
        return records
    subflows: dict[int | None, tuple[Subflow, ...]] = {}
    marked = []
    for record in records:
        if record.protocol == "tcp" and record.inode in whole:
            if not whole[record.inode]:
                parts = subflows.get(record.inode, ())
                subflows[record.inode] = (*parts, Subflow(record.state, record.local, record.remote))
            marked.append(record._replace(subflow_of=record.inode))
        else:
            marked.append(record)
    return [
        record._replace(subflows=subflows[record.inode]) if record.protocol == "mptcp" and record.inode in subflows else record
        for record in marked
    ]
