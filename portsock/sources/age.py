"""The time that this process has been running, for completion: a person waits behind TAB."""

import os
import time

BUDGET = 0.15
"""Seconds from the start of the process to its end: what a person takes for at once."""
SWITCH = "PORTSOCK_TAB_MS"
"""The environment variable that sets another budget, in milliseconds: on a slow machine the start alone takes as long."""
_END = 0.02
"""Seconds for the answer itself and for the end of the process, which gives back the memory of many sockets."""
_STARTED = 19
"""Index of the field behind the name, proc(5). parse/proc/process.py has a parser, but its import takes half a millisecond."""


def time_left() -> float:
    """Return the seconds that remain for looking at the system; zero or less if none do."""
    text = os.environ.get(SWITCH, "")
    budget = int(text) / 1000 if text.isascii() and text.isdigit() and len(text) <= 6 else BUDGET
    return budget - _END - process_age()


def process_age() -> float:
    """Return the seconds since this process began; where the system does not report it, the processor time used so far."""
    try:
        with open("/proc/self/stat", "rb", 0) as file:
            started = int(file.read(4096).rpartition(b")")[2].split()[_STARTED])
        return time.clock_gettime(time.CLOCK_BOOTTIME) - started / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError, AttributeError):  # no /proc, no such clock
        return time.process_time()
