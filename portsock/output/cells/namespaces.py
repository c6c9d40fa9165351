"""Network namespaces as the text of a cell."""

from collections.abc import Sequence
from operator import attrgetter

from portsock.model import Port, Socket
from portsock.output.context import Context


def netns_text(row: Port | Socket, context: Context) -> str:  # noqa: ARG001 - the interface of a column
    """Its name, or its number where it has none."""
    return "" if row.netns is None else row.netns.name or str(row.netns.id)


def several_namespaces(rows: Sequence[Port | Socket]) -> bool:
    """Whether rows of more than one namespace are shown."""
    return len({netns.id for netns in set(map(attrgetter("netns"), rows)) if netns}) > 1
