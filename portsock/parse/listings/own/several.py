"""An answer about several hosts, as portsock prints it of several captures, taken apart into one of each host."""

from portsock.model import Notice, Process, Snapshot


def parted(shot: Snapshot) -> list[Snapshot]:
    """Return the part of each host; the snapshot itself where it is of one host. Notices of no host are in the first part."""
    labels = [each.host for each in shot.source.inputs]
    if len(labels) < 2 or None in labels:
        return [shot]
    names = [label for label in dict.fromkeys(labels) if label is not None]
    known = frozenset(names)
    if not all(socket.host in known for socket in shot.sockets) or not all(host in known for host, _ in shot.processes):
        return [shot]
    parts = {name: shot._replace(host=shot.host._replace(name=name), sockets=[], processes={}, notices=()) for name in names}
    processes: dict[str, dict[tuple[str | None, int], Process]] = {name: {} for name in names}
    for socket in shot.sockets:
        parts[socket.host or ""].sockets.append(socket._replace(host=None))
    for (host, pid), process in shot.processes.items():
        processes[host or ""][None, pid] = process._replace(host=None)
    notices: dict[str, list[Notice]] = {name: [] for name in names}
    for notice in shot.notices:
        host, colon, text = notice.message.partition(": ")
        if colon and host in known:
            notices[host].append(notice._replace(message=text))
        else:
            notices[names[0]].append(notice)
    return [
        part._replace(
            processes=processes[name],
            notices=tuple(notices[name]),
            complete=not any(notice.incomplete for notice in notices[name]),
        )
        for name, part in parts.items()
    ]
