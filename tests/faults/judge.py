"""The invariant: what a run of portsock may do when one of its system calls has failed.

A run is right if it ends in one of these ways:

* same: it gives the same answer, with or without further notices;
* noticed: it gives another answer, says so on standard error, and in JSON also by a notice and `complete` false;
* refused: it gives no answer, exits with 3 (2 where the listing given with --from cannot be read) and says why;
* gone: the call asked for a process or one of its descriptors and failed with ENOENT or ESRCH, which means that it has
  ended. The answer may lack what only that process or its holdings would add, without a notice;
* absent: the call asked for a file that a system may well lack (see _OPTIONAL) and failed with ENOENT. The answer is that of
  such a system;
* import: the call belongs to an import. The run ends with 4 and one line;
* closed: standard output is a pipe that its reader has closed (EPIPE). The run ends with 0 and says nothing.

The others are violations: exit status 4 or any other, a traceback, a hang, the end by a signal, a difference without a notice
(silent; unheld where a socket that has an owner is said to have none), a notice without `complete` false.
"""

import json
import re
from collections.abc import Iterator
from difflib import unified_diff
from typing import Any, NamedTuple

from tests.faults.calls import Call
from tests.faults.inside import LISTING
from tests.faults.lab import Outcome

RIGHT = frozenset({"same", "noticed", "refused", "gone", "absent", "import", "closed"})
_OPTIONAL = re.compile(
    r"/(etc|run|var|usr|nonexistent|root|home)/"
    r"|/run$"
    r"|/proc/sys/"
    r"|/proc/(self/|thread-self/)?net/(\w+6|udplite|raw|icmp|sctp|mptcp|netlink|packet|vsock|snmp|netstat)"
    r"|/sys/"
)
_PROCESS = re.compile(r"/proc/(\d+)(/|$)")
_UNHELD = re.compile(
    r"\((kernel\?|other PID namespace)\)|probably the kernel|none holds it|no process of this PID|: \"(unheld|elsewhere)\"",
    re.I,
)
"""A socket that no process of the laboratory holds, in a table, in prose and in JSON."""
_ELSEWHERE = re.compile(r"(portsock: )?no process of this PID namespace holds [^;]*; look from the host's PID namespace(; )?")
"""The notice about such a socket, which does not say that anything could not be read."""
_TIME = re.compile(r"\d{4}-\d\d-\d\dT[\d:]+Z")
_AGE = re.compile(r"\b\d+ (?:s|min|h|seconds?|minutes?|hours?)\b(?: \d+ (?:s|min)\b)?")
_TABLE = re.compile(r"[A-Z-]+  ")
_VOLATILE = {"taken_at", "started_at", "machine"}
"""Keys that differ between runs; `machine` says by null what of the host could not be read."""


class Verdict(NamedTuple):
    """The way in which a run ended, and how its answer differs."""

    kind: str
    difference: list[str]

    @property
    def right(self) -> bool:
        return self.kind in RIGHT


def judge(reference: Outcome, run: Outcome) -> Verdict:
    """Compare a run with the run without a fault."""
    broken = _broken(run)
    if broken == "status 4" and run.hit and all(call.imports for call in run.hit) and len(run.err.splitlines()) == 1:
        return Verdict("import", [])
    if broken:
        return Verdict(broken, run.err.splitlines()[-4:])
    if run.status == 3 or (run.status == 2 and _is_input(run)):
        return Verdict("refused" if run.err else "no message", [])
    usual, answer = _Answer(reference), _Answer(run)
    if _is_closed(reference, run):
        return Verdict("closed", [])
    difference = usual.difference(answer)
    if answer.status == usual.status and not difference:
        return Verdict("same", [])
    if _is_gone(run, usual, answer):
        return Verdict("gone", [])
    if _is_absent(run) and answer.status == usual.status:
        return Verdict("absent", [])
    said = {line for line in answer.says - usual.says if _ELSEWHERE.sub("", line)}
    difference += [f"said: {line}" for line in sorted(said)]
    if answer.status != usual.status:
        return Verdict(f"status {answer.status}", difference)
    if not said:
        lost = any(_UNHELD.search(line) for line in difference if line[0] == "+")
        return Verdict("unheld" if lost else "silent", difference)
    if answer.complete:
        return Verdict("complete true", difference)
    return Verdict("noticed", difference)


def _broken(run: Outcome) -> str | None:
    """Return how a run ended that is wrong whatever it printed; None for any other."""
    if run.status is None:
        return "hang"
    if "Traceback" in run.err or "Exception ignored" in run.err:
        return "traceback"
    if run.status == 4:
        return "status 4"
    if run.status < 0 or run.status >= 128:
        return f"signal {run.status}"
    if any(not line.startswith("portsock: ") for line in run.err.splitlines()):
        return "stderr"
    return None


def _is_input(run: Outcome) -> bool:
    """Tell whether the call was about the listing given with --from, for which the exit status is 2."""
    return bool(run.hit) and all(call.path == LISTING for call in run.hit)


def _is_closed(reference: Outcome, run: Outcome) -> bool:
    """Tell whether the run ended quietly at a write to standard output whose reader has gone."""
    at_write = any(call.error == "EPIPE" and call.text.startswith("1<") for call in run.hit)
    written, whole = _TIME.sub("TIME", run.out), _TIME.sub("TIME", reference.out)
    return at_write and run.status == 0 and whole.startswith(written)


def _is_absent(run: Outcome) -> bool:
    return bool(run.hit) and all(call.error == "ENOENT" and _OPTIONAL.match(call.path or "") for call in run.hit)


def _is_gone(run: Outcome, usual: "_Answer", answer: "_Answer") -> bool:
    pids = set()
    for call in run.hit:
        found = _PROCESS.match(call.path or "")
        if found is None or call.error not in {"ENOENT", "ESRCH"}:
            return False
        pids.add(int(found[1]))
    return bool(pids) and usual.equals_without(answer, pids)


class _Answer:
    """The answer of a run in a form that can be compared."""

    def __init__(self, run: Outcome) -> None:
        self.status = run.status
        self.says = {_AGE.sub("AGE", line) for line in run.err.splitlines()}
        self.complete: bool | None = None
        self.document: Any = None
        self.lines: list[str] = []
        self.is_prose = _TABLE.match(run.out) is None
        try:
            self.document = json.loads(run.out)
        except ValueError:
            self.lines = _text_lines(run.out)
            return
        self.complete = self.document.pop("complete", None)
        self.says = {notice["message"] for notice in self.document.pop("notices", [])}
        self.document = _comparable(self.document)

    def difference(self, other: "_Answer") -> list[str]:
        """Return the lines in which they differ, each with '-' or '+'."""
        found = unified_diff(list(self._shown()), list(other._shown()), lineterm="", n=0)
        return [line for line in found if line[:1] in "+-" and line[:3] not in {"+++", "---"}]

    def equals_without(self, other: "_Answer", pids: set[int]) -> bool:
        """Tell whether they differ only in what the other does not say of these processes.

        Prose is not compared: what it says of one process is all over the place. JSON of the same answer is.
        """
        if self.status != other.status:
            return False
        if self.document is not None and other.document is not None:
            return bool(_comparable(_forget(self.document, pids)) == _comparable(_forget(other.document, pids)))
        named = re.compile(r"\b(" + "|".join(map(str, pids)) + r")\b")
        difference = self.difference(other)
        lost = [line for line in difference if line[0] == "-" and not named.search(line)]
        more = len(other.lines) > len(self.lines)
        unheld = any(line[0] == "+" and _UNHELD.search(line) for line in difference)
        return not unheld and (self.is_prose or not (lost or more))

    def _shown(self) -> Iterator[str]:
        yield from self.lines
        if self.document is not None:
            yield from json.dumps(self.document, indent=1).splitlines()


def _text_lines(text: str) -> list[str]:
    """Return rows of a table without their alignment, or the sentences of a prose answer without their line breaks."""
    if _TABLE.match(text):
        return [" ".join(line.split()) for line in text.splitlines()]
    return re.split(r"(?<=[.:;,]) ", _AGE.sub("AGE", " ".join(text.split())))


def _comparable(value: Any) -> Any:
    """Return JSON without times, its lists of objects in an order of their content."""
    if isinstance(value, dict):
        return {
            key: None if child is None else "TIME" if key in _VOLATILE else _comparable(child) for key, child in value.items()
        }
    if isinstance(value, list):
        items = [_comparable(item) for item in value]
        return sorted(items, key=json.dumps) if items and isinstance(items[0], dict) else items
    return _AGE.sub("AGE", value) if isinstance(value, str) else value


def _forget(value: Any, pids: set[int]) -> Any:
    """Return JSON without these processes, without the owner status of an object whose last owner goes, without sentences.

    A socket that lost its owner may be anything but held by nobody: portsock must look again before it says so.
    """
    if isinstance(value, list):
        return [_forget(item, pids) for item in value if not (isinstance(item, dict) and item.get("pid") in pids)]
    if isinstance(value, str) and value.count(" ") > 2:
        return "SENTENCE"
    if not isinstance(value, dict):
        return value
    kept = {key: _forget(child, pids) for key, child in value.items()}
    if kept.get("owner_status") == "partial":  # it may be the one that could not be read
        kept |= {"owner_status": "known", "owner_reason": None}
    if kept.get("owners") == [] and kept.get("owner_status") not in ("unheld", "elsewhere"):
        kept |= {key: None for key in ("owner_status", "owner_reason", "role") if key in kept}
    return kept


def describe(call: Call) -> str:
    """Return a call as strace printed it, shortened."""
    return f"{call.name}({call.text}"[:200]
