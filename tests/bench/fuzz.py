"""Damaged listings through whole commands: `python -m tests.bench.fuzz [--number N] [--format NAME] [--seed S] [--jobs J]`.

For each format its listings of tests/fixtures are damaged N times, and read by a command whose answer is held against the JSON
Schema. Failures are internal errors, answers that do not fit, reads that take longer than two seconds, and more memory than
150 MB; an input has at most 3 MB. Exit status 1 if there is a failure.
"""

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from copy import deepcopy
from multiprocessing import Pool
from pathlib import Path
from typing import Any, NamedTuple

from portsock.errors import Exit, UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.decoding import TooLong, text_lines
from portsock.parse.listings.registry import formats
from portsock.port_numbers import EMPTY
from tests.support.contract import JSON_COMMANDS, LINE_COMMANDS, LISTINGS, TEXT_COMMANDS, Answer, ask, faults_of

SECONDS = 2.0
MEMORY = 150_000
"""KiB."""
LARGEST = 3_000_000
_LARGE = 400
"""One input in so many is repeated up to LARGEST."""
_LARGE_FROM = LARGEST // 3
"""Bytes from which an input counts as large."""
_LISTING_COMMANDS = (*JSON_COMMANDS[:3], *LINE_COMMANDS)
_OWN = 24
"""Answers of portsock that are listings, too."""
_MOST_SHOWN = 20
_PIECES = (
    b'users:(("', b'",pid=', b"[::1]:", b"0.0.0.0:*", b"timer:(", b"(LISTEN)", b"->", b"\0", b"\t", b"{", b"}", b"[", b"]",
    b'"', b"-", b"/", b"*", b"?", b"\xff", b"\xef\xbb\xbf", b"\r", b"\n", b"\n\n", b"\x1b[31m", b"9" * 5000, b"f" * 400,
    b"-1", b"65536", b"1e999", b"null", b"true", b"tcp", b"udp6", b"LISTEN", b"``" b"`", b"&quot;", b"\xe2\x80\x9c", b",",
    b";", b"a" * 70_000, b"  ", b"18446744073709551616", b"%eth0", b"::ffff:1.2.3.4", b"\xe2\x80\xae",
)  # fmt: skip
_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**30, 65536, "", "x", "\x1b[31m", "\udcff", "LISTEN", "::", "10.0.0.1", "*", "9" * 5000, [], {},
    [None], {"a": 1}, ["x", 1], "tcp", "a\nb",
)  # fmt: skip


def damaged(text: bytes, others: Sequence[bytes], chance: random.Random) -> bytes:
    """Return the listing with one to six changes, of which some are small and some move lines or words.

    Of JSON mostly values are changed, since a document with a mistake is refused as a whole.
    """
    documents = _documents(text) if text[:1] in (b"{", b"[") and chance.randrange(4) else None
    if documents:
        return _damaged_json(documents, chance)
    for _ in range(chance.randint(1, 6)):
        at = chance.randrange(len(text) + 1)
        text = chance.choice(_DAMAGES)(text, at, others, chance)
    if chance.randrange(_LARGE) == 0 and text:
        text = (text + b"\n") * (LARGEST // (len(text) + 1))
    return text[:LARGEST]


def _documents(text: bytes) -> list[Any] | None:
    """Return the document, or that of each line of JSON Lines; None for other text."""
    for parts in ([text], text.splitlines()):
        try:
            return [json.loads(part) for part in parts]
        except ValueError:
            continue
    return None


def _damaged_json(documents: list[Any], chance: random.Random) -> bytes:
    """Return the documents with up to three other values, or without some."""
    for _ in range(chance.randint(1, 3)):
        part: Any = chance.choice(documents)
        while True:
            keys = list(part) if isinstance(part, dict) else range(len(part))
            key = chance.choice(keys) if keys else None
            if key is None or not isinstance(part[key], dict | list) or not part[key] or not chance.randrange(6):
                break
            part = part[key]
        if key is not None and chance.randrange(5):
            part[key] = deepcopy(chance.choice(_VALUES))
        elif key is not None:
            del part[key]
    return b"\n".join(json.dumps(document).encode() for document in documents)


def _swap_lines(text: bytes, _: int, __: Sequence[bytes], chance: random.Random) -> bytes:
    return _swapped(text, b"\n", chance)


def _swap_words(text: bytes, at: int, _: Sequence[bytes], chance: random.Random) -> bytes:
    begin, end = text.rfind(b"\n", 0, at) + 1, text.find(b"\n", at)
    end = len(text) if end < 0 else end
    return text[:begin] + _swapped(text[begin:end], b" ", chance) + text[end:]


def _swapped(text: bytes, between: bytes, chance: random.Random) -> bytes:
    parts = text.split(between)
    one, other = chance.randrange(len(parts)), chance.randrange(len(parts))
    parts[one], parts[other] = parts[other], parts[one]
    return between.join(parts)


_DAMAGES: tuple[Callable[[bytes, int, Sequence[bytes], random.Random], bytes], ...] = (
    lambda text, at, _, chance: text[:at] + chance.choice(_PIECES) + text[at:],
    lambda text, at, _, chance: text[:at] + chance.choice(_PIECES) + text[at + 3 :],
    lambda text, at, _, chance: text[:at] + text[at + chance.randint(1, 40) :],
    lambda text, at, _, chance: text[:at] + bytes([chance.randrange(256)]) + text[at + 1 :],
    lambda text, at, _, chance: text[:at] if chance.randrange(2) else text[at:],
    lambda text, at, _, chance: text[:at] + text[max(0, at - chance.randint(1, 200)) :],
    lambda text, _, others, chance: text + b"\n" + chance.choice(others),
    _swap_lines,
    _swap_words,
)  # fmt: skip


def formats_of(path: Path) -> list[str]:
    """Return the formats that a listing has."""
    capture = Capture(EMPTY)
    try:
        for _ in capture.read(text_lines([path.read_bytes()], 10**6)):
            pass
    except (UsageError, TooLong):
        return []
    return capture.formats


class Run(NamedTuple):
    """What a command answered, its CPU seconds, and the most memory that it had, in KiB."""

    answer: Answer
    seconds: float
    memory: int


def alone(command: Sequence[str], path: Path) -> Run:
    """Run a command as a program of its own: here the memory of the trial itself would count as its."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile("w+") as err:
        words = [
            sys.executable,
            "-c",
            "from portsock.__main__ import main; main()",
            *command,
            "--from",
            str(path),
            "--no-config",
        ]
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        err.seek(0)
        return Run(Answer(child.returncode, b"", err.read()), used.ru_utime + used.ru_stime, used.ru_maxrss)


def together(command: Sequence[str], path: Path) -> Run:
    """Run a command in this process, which takes a tenth of the time."""
    begun = time.process_time()
    answer = ask(*command, "--from", str(path))
    return Run(answer, time.process_time() - begun, 0)


def trial(task: tuple[str, int, int, list[bytes]]) -> tuple[Counter[int], list[str], float, int]:
    """Read damaged listings of one format. Return statuses, failures, the longest time in seconds and the memory in KiB."""
    name, number, seed, texts = task
    chance = random.Random(f"{name} {seed}")  # noqa: S311 - trials that can be repeated
    statuses: Counter[int] = Counter()
    failures: list[str] = []
    slowest, most = 0.0, 0
    with tempfile.TemporaryDirectory(prefix="portsock-fuzz-") as directory:
        path = Path(directory, "listing")
        for index in range(number):
            data = damaged(chance.choice(texts), texts, chance)
            path.write_bytes(data)
            command = chance.choice((*JSON_COMMANDS, *LINE_COMMANDS, *TEXT_COMMANDS))
            # The answer to a large one takes minutes to hold against the schema; it is only run.
            answer, took, memory = (alone if len(data) > _LARGE_FROM else together)(command, path)
            slowest, most = max(slowest, took), max(most, memory)
            statuses[answer.status] += 1
            wrong = faults_of(command, answer)
            wrong += [f"{took:.1f} s"] if took > SECONDS else []
            wrong += [f"{memory // 1024} MB"] if memory > MEMORY else []
            if wrong:
                kept = Path(tempfile.gettempdir(), f"portsock-fuzz-{name}-{seed}-{index}")
                kept.write_bytes(data)
                failures.append(f"{name}: {' '.join(command)} --from {kept}: {wrong[0][:300]}")
    return statuses, failures, slowest, most


def listings() -> dict[str, list[bytes]]:
    """Return the listings to damage, by format; portsock's own JSON is made from them."""
    found: dict[str, list[bytes]] = {name: [] for name, _ in formats()}
    for path in LISTINGS:
        for name in formats_of(path):
            found[name].append(path.read_bytes())
            if len(found["portsock"]) < _OWN:
                command = _LISTING_COMMANDS[len(found["portsock"]) % len(_LISTING_COMMANDS)]
                found["portsock"].append(ask(*command, "--from", str(path)).out)
    return found


def main() -> int:
    """Run the trials, print a table by format, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.fuzz", description=__doc__)
    parser.add_argument("--number", type=int, default=200, help="damaged listings of each format")
    parser.add_argument("--format", help="only this one")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    chosen = {name: texts for name, texts in listings().items() if options.format in (None, name)}
    tasks = [(name, options.number, options.seed, texts) for name, texts in chosen.items() if texts]
    wrong: list[str] = []
    print(f"{'format':20} {'answered':>9} {'refused':>9} {'others':>9} {'slowest':>9} {'MB':>5}")
    with Pool(options.jobs, maxtasksperchild=1) as pool:
        for (name, *_), (statuses, failures, slowest, memory) in zip(tasks, pool.imap(trial, tasks, 1), strict=True):
            answered, refused = statuses[Exit.OK], statuses[Exit.USAGE]
            others = sum(statuses.values()) - answered - refused
            print(f"{name:20} {answered:9} {refused:9} {others:9} {slowest:8.2f}s {memory // 1024:5}", flush=True)
            wrong += failures
    print(f"{len(tasks) * options.number} listings, {len(wrong)} failures")
    wrong += [f"no fixture has the format {name}" for name, texts in chosen.items() if not texts]
    for line in wrong[:_MOST_SHOWN]:
        print(line)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
