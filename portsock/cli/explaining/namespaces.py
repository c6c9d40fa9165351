"""The second look of `explain`, where nothing was found: into the other network namespaces of this host."""

from portsock.cli.collection import collect_snapshot
from portsock.cli.console import Console
from portsock.cli.options import Collecting
from portsock.errors import ReadError
from portsock.model import Snapshot
from portsock.port_numbers import Services
from portsock.query.query import Question

BY_FILES = "namespaces that only open files lead to"
SECONDS = 1.5
"""The time after which no further namespace is entered. One takes about 2 ms, and a node of Kubernetes may have 500."""


def is_possible(snapshot: Snapshot, collect: Collecting) -> bool:
    """Tell whether there may be other network namespaces to look into: on live Linux, if none was asked for."""
    if collect.captures or collect.netns or collect.backend == "psutil" or snapshot.viewpoint is None:
        return False
    return snapshot.viewpoint.netns is not None


def look_further(
    question: Question, snapshot: Snapshot, collect: Collecting, services: Services, console: Console
) -> Snapshot:
    """Return a snapshot with the sockets of all network namespaces that may be read, or the given one where there are none.

    Its viewpoint tells which could not be read. It has no notice about them, since nobody asked for other namespaces.
    """
    from portsock.sources.linux.namespaces import by_socket
    from portsock.sources.linux.netns import find
    from portsock.sources.linux.visibility import lists_whole_host

    assert snapshot.viewpoint is not None
    try:
        found = find(("all",), seconds=SECONDS / 2)
        known = {each.netns.id for each in found.namespaces}
        read = {socket.inode for socket in snapshot.sockets}
        unread = {inode: place for inode, place in found.sockets.items() if inode not in read}
        hidden, late = by_socket.search(unread, (), known)
        wide = snapshot
        if hidden or len(known) > 1:
            everywhere = question._replace(query=question.query._replace(netns=("all",)))
            wide = collect_snapshot(everywhere, collect, services, console, SECONDS).snapshot
    except ReadError:
        return snapshot
    assert wide.viewpoint is not None
    viewpoint = wide.viewpoint._replace(
        counted=True,
        # Only root can see a namespace that no process is in and that another user's process keeps open.
        whole=wide.viewpoint.uid == 0 and lists_whole_host() and not late and not found.cut,
        unseen=(*wide.viewpoint.unseen, *((BY_FILES,) if found.cut else ())),
        unnamed=sum(notice.amount or 0 for notice in found.notices),
    )
    kept = tuple(notice for notice in wide.notices if notice.code not in {"netns_denied", "netns_late"})
    complete = not any(notice.incomplete for notice in kept)
    return wide._replace(viewpoint=viewpoint, notices=kept, complete=complete)
