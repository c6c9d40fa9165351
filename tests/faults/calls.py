"""System calls as strace(1) prints them."""

import posixpath
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

_TAKES_PATH = "open|openat|openat2|newfstatat|statx|lstat|stat|statfs|readlink|readlinkat|access|faccessat|faccessat2|getxattr"
_WITH_PATH = frozenset([*_TAKES_PATH.split("|"), "execve", "chdir"])
_LINE = re.compile(r"(\d+) +(\w+)\((.*)\n")
_BASE = re.compile(r"(?:AT_FDCWD|\d+)<([^>]*)>")
_MAPPED = re.compile(r", \d+<([^>]*)>, ")
_NAME = re.compile(r'"((?:[^"\\]|\\.)*)"')
_FAILED = re.compile(r"\) += -1 (E\w+) ")

_LIBRARY = (
    *sorted({sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]), *filter(None, sys.path)}),
    "/lib",
    "/usr/lib",
    "/usr/local/lib",
    "/etc/ld.so",
)
"""Where modules and shared libraries are."""


class Call(NamedTuple):
    """A system call."""

    thread: int
    """0 for the first."""
    name: str
    ordinal: int
    """Counted from 1 among the calls of this name in this thread."""
    text: str
    """Its arguments and its result."""
    path: str | None
    """The file that it is about."""

    @property
    def error(self) -> str | None:
        """The name of the error that it returned."""
        found = _FAILED.search(self.text)
        return found[1] if found else None

    @property
    def imports(self) -> bool:
        """Tell whether it belongs to an import: it is about a file of the interpreter or of a package."""
        return self.path is not None and self.path.startswith(_LIBRARY)


def parse_trace(lines: Iterable[str]) -> Iterator[Call]:
    """Yield the calls in the output of `strace -f -y`."""
    threads: dict[str, int] = {}
    counts: Counter[tuple[int, str]] = Counter()
    for line in lines:
        found = _LINE.match(line)
        if found is None:  # the second half of a call, an exit
            continue
        thread = threads.setdefault(found[1], len(threads))
        name, text = found[2], found[3]
        counts[thread, name] += 1
        yield Call(thread, name, counts[thread, name], text, _path(name, text))


def _path(name: str, text: str) -> str | None:
    base = _MAPPED.search(text) if name == "mmap" else _BASE.match(text)
    named = _NAME.search(text) if name in _WITH_PATH else None
    if named and named[1]:
        return posixpath.join(base[1], named[1]) if base else named[1]
    return base[1] if base else None


def after_start(calls: Iterable[Call]) -> list[Call]:
    """Return the calls made after the interpreter has read portsock/__main__.py, in order."""
    made = list(calls)
    last = max(
        place
        for place, call in enumerate(made)
        if call.name == "close" and call.path and "/portsock/" in call.path and "__main__." in call.path
    )
    return made[last + 1 :]
