"""The answer of `diff` as text: its first line, a row for each change, and what could not be compared."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from portsock.change.types import Blind, Change, Comparison, Kind
from portsock.change.words import names_of, parts, place_text
from portsock.model import Notice
from portsock.output.text.color import paint
from portsock.output.text.escape import escape
from portsock.output.timestamps import iso
from portsock.port_numbers import Services

_SIGNS = {Kind.OPENED: "+", Kind.CONNECTED: "+", Kind.CLOSED: "-", Kind.DISCONNECTED: "-"}
_MOST_NAMED = 3
"""Hosts that are named where a cause concerns several."""


class Answer(NamedTuple):
    """The comparisons of all hosts, and what concerns no single one."""

    comparisons: Sequence[Comparison]
    blind: Sequence[Blind]
    notices: Sequence[Notice]
    names: Services | None
    """The table of service names; None for numbers only."""

    @property
    def changes(self) -> list[Change]:
        """Return the changes of all hosts."""
        return [change for comparison in self.comparisons for change in comparison.changes]

    @property
    def all_blind(self) -> list[Blind]:
        """Return what could not be compared, of all hosts."""
        return [*self.blind, *(each for comparison in self.comparisons for each in comparison.blind)]


def render(answer: Answer, ascii_only: bool, color: bool) -> str:
    """Return the whole answer."""
    lines = [escape(_first_line(answer), ascii_only)]
    lines += _rows(answer, ascii_only, color)
    lines += [escape(line, ascii_only) for line in _blind_lines(answer)]
    return "\n".join(lines) + "\n"


def _first_line(answer: Answer) -> str:
    changes = answer.changes
    where = _where(answer)
    if not changes:
        if not answer.all_blind:
            return f"nothing changed{where}"
        return f"no change was seen{where}, but not everything could be compared"
    kinds = Counter(change.kind for change in changes)
    counts = ", ".join(f"{kinds[kind]} {kind}" for kind in Kind if kinds[kind])
    return f"{len(changes)} change{'s' * (len(changes) > 1)}{where}: {counts}"


def _where(answer: Answer) -> str:
    """Return since when, on which hosts, and of which protocols."""
    if len(answer.comparisons) != 1:
        changed = sum(bool(comparison.changes) for comparison in answer.comparisons)
        return f" on {changed} of {len(answer.comparisons)} hosts" if changed else f" on {len(answer.comparisons)} hosts"
    (found,) = answer.comparisons
    before, after = _time(found.old.taken_at), _time(found.new.taken_at)
    text = ""
    if before and (found.new.source.kind == "live" or not after):
        text = f" since {before} UTC"
    elif before:
        text = f" between {before} and {after} UTC"
    if found.host:
        text += f" on {found.host}"
    if found.protocols and not {"tcp", "udp"} <= found.protocols:
        text += f" ({', '.join(sorted(each.upper() for each in found.protocols if each != 'udplite'))} only)"
    return text


def _time(seconds: float | None) -> str | None:
    text = iso(seconds)
    return text and text[:16].replace("T", " ")


def _rows(answer: Answer, ascii_only: bool, color: bool) -> list[str]:
    changes = answer.changes
    several = len(answer.comparisons) > 1
    apart = any(change.place.space != "own" for change in changes)
    rows = []
    for change in changes:
        cells = [
            *([change.host or "?"] if several else []),
            *([_netns(change)] if apart else []),
            *_cells(change, answer.names),
        ]
        rows.append([escape(cell, ascii_only) for cell in [change.kind, *cells]])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for change, row in zip(changes, rows, strict=True):
        sign = _SIGNS.get(change.kind, "~")
        text = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        lines.append(f"{paint(sign, sign)} {text}" if color else f"{sign} {text}")
    return lines


def _netns(change: Change) -> str:
    if change.place.space == "own":
        return "-"
    if change.netns is None:
        return "?"
    return change.netns.name or f"net:[{change.netns.id}]"


def _cells(change: Change, names: Services | None) -> list[str]:
    before, after = parts(change)
    place = change.place
    service = names.name(place.protocol, place.port) if names else None
    what = f"{before} → {after}" if change.before and change.after else after or before
    if place.direction is not None:
        what = f"{'from' if place.direction == 'in' else 'to'} {place.network}  {what}"
    return [place_text(place), service or "", what, names_of(change.programs)]


def _blind_lines(answer: Answer) -> list[str]:
    """Return a line for each cause, with the hosts that it concerns."""
    several = len(answer.comparisons) + len(answer.blind) > 1
    causes: dict[tuple[str, str | None], list[str]] = {}
    for each in answer.all_blind:
        causes.setdefault((each.message, each.advice), []).append(each.host or "?")
    lines = []
    for (text, advice), hosts in causes.items():
        rest = f" and {len(hosts) - _MOST_NAMED} more" if len(hosts) > _MOST_NAMED else ""
        named = several and hosts != ["?"] and not any(f"host {host} " in text for host in hosts)
        where = f" ({', '.join(hosts[:_MOST_NAMED])}{rest})" if named else ""
        lines.append(f"not compared: {text}{where}" + (f"; {advice}" if advice else ""))
    return lines
