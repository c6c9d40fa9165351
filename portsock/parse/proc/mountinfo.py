"""What /proc/PID/mountinfo tells of /proc and of namespaces: proc(5), fs/proc/root.c, fs/nsfs.c."""

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
    for line in mountinfo.split("\n"):
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


def parse_namespaces(mountinfo: str, kind: str) -> list[tuple[int, str]]:
    """Inode number and mount point of each mounted namespace of a kind ('net'): those of nsfs, with the root 'net:[INODE]'."""
    found = []
    for line in mountinfo.split("\n"):
        mount, _, about = line.partition(" - ")
        if not about.startswith("nsfs "):
            continue
        fields = mount.split(" ")
        inode = fields[3].removeprefix(f"{kind}:[").removesuffix("]") if len(fields) > 4 else ""
        if inode.isascii() and inode.isdigit():
            found.append((int(inode), _unescaped(fields[4])))
    return found


def device_of(mountinfo: str, mount: int) -> tuple[int, int] | None:
    """Major and minor number of the file system of the mount with this id; None where there is no such mount."""
    for line in mountinfo.split("\n"):
        number, _, device, *_ = (*line.split(" ", 3), "", "", "")
        if number == str(mount):
            major, _, minor = device.partition(":")
            return (_number(major), _number(minor))
    return None


def _unescaped(path: str) -> str:
    r"""A mount point with what the kernel escapes (space, tab, newline, backslash as \040 and so on) put back."""
    for code in ("\\040", "\\011", "\\012", "\\134"):
        path = path.replace(code, chr(int(code[1:], 8)))
    return path
