"""Modules that a command imports, and their cost."""

import os
import subprocess
from collections import defaultdict
from collections.abc import Sequence

from tests.bench.measure import ENVIRONMENT


def imports(python: Sequence[str]) -> dict[str, tuple[float, int]]:
    """Return milliseconds and number of modules by package, the most expensive first. `python` is a Python command line."""
    command = [python[0], "-X", "importtime", *python[1:]]
    done = subprocess.run(command, env=ENVIRONMENT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=True)
    spent: dict[str, float] = defaultdict(float)
    count: dict[str, int] = defaultdict(int)
    for line in done.stderr.splitlines():
        if not line.startswith("import time:"):
            continue
        own, _, name = line.removeprefix("import time:").split("|")
        if own.strip().isdigit():
            package = name.strip().partition(".")[0]
            spent[package] += int(own) / 1000
            count[package] += 1
    return {name: (spent[name], count[name]) for name in sorted(spent, key=lambda name: -spent[name])}


def system() -> str:
    """Describe the system of the measurement."""
    uname = os.uname()
    return f"{uname.sysname} {uname.release} {uname.machine}, {os.cpu_count()} processors, load {os.getloadavg()[0]:.1f}"
