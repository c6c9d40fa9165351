"""Owners in less room: names are cut before descriptors go, and descriptors go before pids. No pid is lost silently: '+3'."""

from collections.abc import Iterable, Mapping, Sequence

from portsock.output.cells.shorten import cut, ellipsis
from portsock.output.text.escape import escape
from portsock.output.text.table import width_of

Groups = Sequence[tuple[str, Sequence[str]]]
"""Names of processes, escaped, each with its pids, or pids with descriptors; no numbers where none is known."""


def groups_of(grouped: Mapping[str | None, Iterable[str]], descriptors: bool, ascii_only: bool) -> Groups:
    """Return the groups of a cell; without `descriptors` each pid stands once in its group."""
    groups = []
    for name, numbers in grouped.items():
        known = [number for number in numbers if number]
        if not descriptors:
            known = list(dict.fromkeys(number.partition("/")[0] for number in known))
        groups.append((escape(name or "", ascii_only) if known else escape(name or "?", ascii_only), known))
    return groups


def all_holders(groups: Groups, tail: str, room: int, least: int, ascii_only: bool) -> str:
    """Return every number, with names cut to the room, but to no less than `least` columns: 'redi…[812,813]'."""
    avail = room - width_of(_joined([("", numbers) for _, numbers in groups], tail))
    widths = [width_of(name) for name, _ in groups]
    limit = max(widths, default=0)
    while limit > least and sum(min(width, limit) for width in widths) > avail:
        limit -= 1
    return _joined([(cut(name, limit, ascii_only), numbers) for name, numbers in groups], tail)


def some_holders(groups: Groups, kept: int, mark: str, tail: str, room: int, least: int, ascii_only: bool) -> str:
    """Return as many numbers as fit, at least the first `kept`, and how many more there are: 'gunicorn[1000,1001] +58'.

    `mark` is kept; `tail` is cut to what is left.
    """
    units = sum(len(numbers) or 1 for _, numbers in groups)
    end = cut(tail, len(ellipsis(ascii_only)) + 1, ascii_only)
    left = room - width_of(end)

    def text(shown: int) -> str:
        rest = f" +{units - shown}" if shown < units else ""
        return all_holders(_first(groups, shown), rest + mark, left, least, ascii_only)

    best = text(units)
    if width_of(best) > left:
        best = text(min(kept, units))
        for shown in range(kept + 1, units):
            if width_of(longer := text(shown)) > left:
                break
            best = longer
    return best + cut(tail, max(room - width_of(best), width_of(end)), ascii_only)


def _first(groups: Groups, count: int) -> Groups:
    """Return the groups with their first `count` numbers; a name without numbers counts as one."""
    kept = []
    for name, numbers in groups:
        if count <= 0:
            break
        kept.append((name, numbers[:count]))
        count -= len(numbers) or 1
    return kept


def _joined(groups: Groups, tail: str) -> str:
    return " ".join(f"{name}[{','.join(numbers)}]" if numbers else name for name, numbers in groups) + tail
