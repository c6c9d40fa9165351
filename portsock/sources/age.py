"""The time that this process has been running, for completion: a person waits behind TAB."""

import os
import time

BUDGET = 0.15
"""Seconds from the start of the process to its end: what a person takes for at once."""
SWITCH = "PORTSOCK_TAB_MS"
"""The environment variable that sets another budget, in milliseconds: on a slow machine the start alone takes as long."""
_END = 0.02
"""Seconds for the answer itself and for the end of the process, which gives back the memory of many sockets."""


def time_left() -> float:
    """Return the seconds that remain for looking at the system; zero or less if none do."""
    text = os.environ.get(SWITCH, "")
    budget = int(text) / 1000 if text.isascii() and text.isdigit() and len(text) <= 6 else BUDGET
    return budget - _END - process_age()


def process_age() -> float:
    """Return the seconds since this process began; where the system does not report it, the processor time used so far."""
    from portsock.parse.proc.process import parse_stat

    try:
        with open("/proc/self/stat", "rb") as file:
            stat = parse_stat(file.read(4096))
        if stat is not None:
            return time.clock_gettime(time.CLOCK_BOOTTIME) - stat.started / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, AttributeError):  # no /proc, no such clock
        pass
    return time.process_time()
