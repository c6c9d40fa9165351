"""The report of the fault matrix: counts by command and way of ending, and each violation."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence

from tests.faults.judge import RIGHT, describe
from tests.faults.lab import masked
from tests.faults.matrix import Matrix, Result

_MOST_LINES = 12


def as_json(result: Result) -> str:
    """Return a result as a line of JSON."""
    fault, outcome, verdict = result
    return json.dumps(
        {
            **fault._asdict(),
            "verdict": verdict.kind,
            "right": verdict.right,
            "status": outcome.status,
            "hit": [describe(call) for call in outcome.hit],
            "stderr": outcome.err[:1000],
            "difference": [] if verdict.right else verdict.difference[:40],
        }
    )


def counts(results: Iterable[Result]) -> Iterator[str]:
    """Yield a table of commands by verdicts."""
    table: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for result in results:
        table[result.fault.command][result.verdict.kind if result.reached else "not reached"] += 1
    total = Counter[str]()
    for row in table.values():
        total.update(row)
    kinds = sorted(total, key=lambda kind: (kind not in RIGHT, kind))
    head = ["command", "faults", *kinds]
    rows = [
        [name, str(row.total() - row["not reached"]), *(str(row[kind] or "·") for kind in kinds)]
        for name, row in [*table.items(), ("all", total)]
    ]
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    for line in [head, *rows]:
        first, *rest = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        yield "  ".join([first.strip().ljust(widths[0]), *rest])


def violations(results: Iterable[Result]) -> Iterator[str]:
    """Yield the violations by cause, the most frequent first: verdict and call, errors and commands, an example."""
    groups: defaultdict[tuple[str, str], list[Result]] = defaultdict(list)
    for result in results:
        if result.reached and not result.verdict.right:
            call = result.outcome.hit[0]
            where = masked(f"{call.name} {call.path or call.text.partition(')')[0]}")
            groups[result.verdict.kind, where].append(result)
    for (kind, where), group in sorted(groups.items(), key=lambda item: -len(item[1])):
        yield f"{len(group):4} {kind}: {where}"
        yield "     errors: " + _listed(result.fault.errno for result in group)
        yield "     commands: " + _listed(result.fault.command for result in group)
        shown = group[0]
        yield f"     example: {shown.fault.command} {shown.fault.name}:{shown.fault.errno}:when={shown.fault.ordinal}"
        yield from (f"       {describe(call)}" for call in shown.outcome.hit)
        yield f"       status {shown.outcome.status}, stderr {shown.outcome.err[-300:]!r}"
        yield from (f"       {line[:160]}" for line in shown.verdict.difference[:_MOST_LINES])


def _listed(words: Iterable[str]) -> str:
    return ", ".join(f"{word} {number}" if number > 1 else word for word, number in sorted(Counter(words).items()))


def gaps(matrix: Matrix) -> Iterator[str]:
    """Yield what the matrix does not cover."""
    yield from (f"{command} cannot be run here: {why}" for command, why in matrix.skipped.items())
    unlisted: set[str] = set().union(*(plan.unlisted for plan in matrix.plans.values()))
    if unlisted:
        yield "no errors are listed for: " + ", ".join(sorted(unlisted))
    for command, plan in matrix.plans.items():
        if plan.unreachable:
            yield f"{command}: {plan.unreachable} calls of a second thread cannot be singled out"


def text(results: Sequence[Result], matrix: Matrix) -> str:
    """Return the whole report."""
    return "\n".join([*counts(results), "", *gaps(matrix), "", *violations(results)]) + "\n"
