"""Details that were asked for and that the source cannot tell: said, and not dropped in silence."""

from portsock.model import Notice, Snapshot

_OPTIONS = {"info": "--info", "timers": "--timers", "memory": "--memory"}
_FIELDS = {"info": "info", "timers": "timer", "memory": "memory"}
_TOLD = {"netlink": frozenset(_FIELDS), "procfs": frozenset({"timers"})}
"""By backend, what it tells; the others tell none of it."""


def with_untold(snapshot: Snapshot, needs: frozenset[str]) -> Snapshot:
    """The snapshot with a notice about the details among `needs` that its source does not tell, if there are any."""
    wanted = needs & _FIELDS.keys()
    source = snapshot.source
    if source.kind == "live":
        missing = wanted - _TOLD.get(source.backend or "", frozenset())
        where = {"procfs": "/proc does", "psutil": "psutil does"}.get(source.backend or "", "this source does")
    else:
        found = {name for name in wanted if any(getattr(socket, _FIELDS[name]) is not None for socket in snapshot.sockets)}
        missing = wanted - found
        where = "this listing does" if len(source.inputs) == 1 else "these listings do"
    if not missing:
        return snapshot
    options = [option for name, option in _OPTIONS.items() if name in missing]
    named = f"{' and '.join(options)} ask{'s' if len(options) == 1 else ''}"
    notice = Notice("details_missing", None, f"{where} not tell what {named} for", incomplete=False)
    return snapshot._replace(notices=(*snapshot.notices, notice))
