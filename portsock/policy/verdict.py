"""The answer as a whole: results counted, and those that could not be judged by cause."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from portsock.policy.types import Result, Status


class Verdict(NamedTuple):
    """What a policy says of all hosts."""

    name: str
    """Of the policy's file."""
    hosts: tuple[str | None, ...]
    results: tuple[Result, ...]
    status: Status
    """A violation that is certain outranks what could not be judged."""
    counts: Counter[Status]


def verdict(name: str, hosts: Sequence[str | None], results: Sequence[Result]) -> Verdict:
    """Return the answer."""
    counts = Counter(result.status for result in results)
    status = Status.FAIL if counts[Status.FAIL] else Status.UNKNOWN if counts[Status.UNKNOWN] else Status.PASS
    return Verdict(name, tuple(hosts), tuple(results), status, counts)


def causes(found: Verdict) -> dict[tuple[str | None, str], list[Result]]:
    """Return what could not be judged, by host and cause."""
    by_cause: dict[tuple[str | None, str], list[Result]] = {}
    for result in found.results:
        if result.status is Status.UNKNOWN:
            by_cause.setdefault((result.host, result.cause or result.message), []).append(result)
    return by_cause


def headline(found: Verdict) -> str:
    """Return the first line: whether it holds, and numbers."""
    passed, failed, unknown = (found.counts[status] for status in (Status.PASS, Status.FAIL, Status.UNKNOWN))
    where = f" on {len(found.hosts)} hosts" if len(found.hosts) > 1 else ""
    rest = f"{passed} pass" if passed else "nothing passes"
    if found.status is Status.FAIL:
        violations = "1 violation" if failed == 1 else f"{failed} violations"
        doubt = f", {unknown} could not be judged" if unknown else ""
        return f"{violations}{doubt}, {rest}: {found.name} does not hold{where}"
    if found.status is Status.UNKNOWN:
        return f"{unknown} could not be judged, {rest}: nobody can say whether {found.name} holds{where}"
    return f"no violation, {passed} pass: {found.name} holds{where}"
