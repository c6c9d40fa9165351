"""The hidepid option of a mounted /proc, from /proc/PID/mountinfo: proc(5), fs/proc/root.c."""

from typing import NamedTuple

_MODES = {"off": 0, "noaccess": 1, "invisible": 2, "ptraceable": 4}
"""Since Linux 5.8 by name, before by number."""
NO_ACCESS = 1
INVISIBLE = 2
PTRACEABLE = 4


class HidePid(NamedTuple):
    """How a mounted /proc hides processes."""

    mode: int
    """0: nothing; NO_ACCESS: others' directories; INVISIBLE: others altogether; PTRACEABLE: whatever may not be traced."""
    gid: int
    """Members of this group see everything, but for PTRACEABLE."""


def parse_hidepid(mountinfo: str, root: str) -> HidePid | None:
    """The option of the topmost proc mounted at `root`; None where none is mounted there."""
    found = None
    for line in mountinfo.splitlines():
        mount, _, about = line.partition(" - ")
        fields, kind = mount.split(" "), about.split(" ")
        if len(fields) > 4 and fields[4] == root and kind[0] == "proc":
            options = dict(option.partition("=")[::2] for option in kind[-1].split(","))
            found = HidePid(_mode(options.get("hidepid", "0")), _number(options.get("gid", "0")))
    return found


def _mode(text: str) -> int:
    return _MODES.get(text, _number(text))


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() else 0
