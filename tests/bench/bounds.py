"""Time and memory of the densest listings of 3 MB: `python -m tests.bench.bounds [--only WORD] [--command WORD]`.

Each format has its shortest rows, with ports and processes that differ; garbage has characters of each class. Every input is
read by whole commands in processes of their own. Exit status 1 if an answer takes longer than two seconds of CPU time or more
than 150 MB, or is an internal error.
"""

import argparse
import json
import random
import sys
import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import NamedTuple

from portsock.errors import Exit
from tests.bench.fuzz import LARGEST, MEMORY, SECONDS
from tests.bench.measure import once

_COMMANDS = {
    f"{name}{' --json' * json}": (*words, *(["--json"] * json))
    for name, words in {
        "sockets": ("sockets", "--all-families"),
        "ports": ("ports", "--all"),
        "procs": ("procs", "--all-families"),
        "explain": ("explain", "0.0.0.0/0"),
        "explain proc": ("explain", "proc:*"),
    }.items()
    for json in (False, True)
}
_PORTSOCK = (sys.executable, "-c", "from portsock.__main__ import main; main()")


class _Kind(NamedTuple):
    """A listing: what is before, in, between and behind its rows. A row has PORT, PID and INODE, which differ."""

    row: str
    head: str = ""
    between: str = "\n"
    tail: str = "\n"


LISTINGS = {name: _Kind(**kind) for name, kind in json.loads(Path(__file__).with_name("dense.json").read_text()).items()}
"""The shortest rows that each reader takes."""


def listing(kind: _Kind, size: int = LARGEST) -> bytes:
    """Return a listing of this many bytes at most."""
    rows: list[str] = []
    size -= len(kind.head) + len(kind.tail)
    for number in count():
        port = number % 65535 + 1
        row = kind.row.replace("PORT", str(port)).replace("PHEX", f"{port:04X}")
        row = row.replace("PID", str(number + 1)).replace("INODE", str(number + 1))
        size -= len(row) + len(kind.between)
        if size < 0:
            break
        rows.append(row)
    return (kind.head + kind.between.join(rows) + kind.tail).encode()


def garbage() -> Iterator[tuple[str, bytes]]:
    """Yield texts that are no listing: characters of each class in one line and in short lines, and noise."""
    chance = random.Random(15)  # noqa: S311 - the same in every run
    for name in ("a", "9", "[", "{", '"', " ", ":", ".", "*", ">", "|", "`", "=", "&", "<", "\t", "-", "/", "\xe9", "#"):
        yield f"{name!r} lines of 2", f"{name}\n".encode() * (LARGEST // len(f"{name}\n".encode()))
        yield f"{name!r} one line", (name * (LARGEST // len(name.encode()))).encode()
    two = "".join(chr(number % 94 + 33) + "\n" for number in range(LARGEST // 2))
    yield "any lines of 2", two.encode()
    yield "other lines", "".join(f"{number}\n" for number in range(400_000)).encode()
    yield "words", b"".join(b"%x %x\n" % (number, number * 7919) for number in range(200_000))
    yield "blank lines", b"\n" * LARGEST
    yield "carriage returns", b"a\r" * (LARGEST // 2)
    yield "bytes", chance.randbytes(LARGEST).replace(b"\0", b"\n")
    yield "text", bytes(chance.choice(b"abcdefgh0123456789:.*[]-> \t\n\n") for _ in range(LARGEST))
    yield "[ and lines", b"[" + b"1,\n" * (LARGEST // 3)
    yield "objects", b"[" + b"{}," * (LARGEST // 3 - 1) + b"{}]"
    yield "endpoints", b"1.1.1.1:1 2.2.2.2:2\n" * (LARGEST // 20)


def _measured(name: str, path: Path, commands: dict[str, tuple[str, ...]]) -> list[str]:
    """Run the commands on an input, print seconds and MB of each, and return what is wrong."""
    wrong, cells = [], []
    for title, words in commands.items():
        run = once([*_PORTSOCK, *words, "--from", str(path)])
        cells.append(f"{run.cpu:5.2f} {run.peak // 1024:4}")
        if run.cpu > SECONDS or run.peak > MEMORY or run.status == Exit.INTERNAL:
            wrong.append(f"{name}: {title}: {run.cpu:.1f} s, {run.peak // 1024} MB, status {run.status}")
    print(f"{name:22}{'  '.join(cells)}", flush=True)
    return wrong


def main() -> int:
    """Run the trial and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.bounds", description=__doc__)
    parser.add_argument("--only", help="inputs whose name has this word", default="")
    parser.add_argument("--command", help="commands that begin so", default="")
    options = parser.parse_args()
    commands = {title: words for title, words in _COMMANDS.items() if title.startswith(options.command)}
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="portsock-bounds-") as folder:
        path = Path(folder, "listing")
        print(f"{'':22}{'  '.join(f'{title:>10.10}' for title in commands)}")
        for name, kind in LISTINGS.items():
            if options.only in name:
                path.write_bytes(listing(kind))
                wrong += _measured(name, path, commands)
        few = {title: words for title, words in commands.items() if title in ("sockets --json", "explain")}
        for name, text in garbage():
            if options.only in name:
                path.write_bytes(text)
                wrong += _measured(name, path, few)
    print(*wrong, f"{len(wrong)} failures", sep="\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
