"""What the file system says of a unix socket's path."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from portsock.explain.types import PathFacts
    from portsock.query.target import Target


def path_facts(target: "Target") -> "PathFacts | None":
    """Facts of the path that a target names; None for a target that is no path of this file system."""
    from portsock.query.target import UnixTarget

    if not isinstance(target, UnixTarget) or target.abstract or not target.path.startswith(b"/"):
        return None
    import stat

    from portsock.explain.types import PathFacts
    from portsock.sources.paths import look

    seen = look(target.path)
    if seen.mode is None:
        return PathFacts(seen.exists)
    return PathFacts(True, stat.S_ISSOCK(seen.mode), seen.file, stat.S_IMODE(seen.mode))
