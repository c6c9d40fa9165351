"""/proc/PID/mountinfo: the options of /proc, mounted namespaces, devices. proc(5), fs/proc/root.c, fs/nsfs.c."""

from typing import NamedTuple

_MODES = {"off": 0, "noaccess": 1, "invisible": 2, "ptraceable": 4}
"""Names since Linux 5.8; older kernels print the number."""
NO_ACCESS = 1
INVISIBLE = 2
PTRACEABLE = 4
_DEVICE, _ROOT, _MOUNT_POINT = 2, 3, 4
"""Indexes of the fields before ' - ': ID, parent, device, root, mount point, options …"""
_DIGITS = 20
"""The most digits of a number of 64 bits. int() refuses thousands."""


class HidePid(NamedTuple):
    """The hidepid options of a mounted /proc."""

    mode: int
    """0 hides nothing, NO_ACCESS others' directories, INVISIBLE others' processes, PTRACEABLE what may not be traced."""
    gid: int
    """Members of this group see everything, except with PTRACEABLE."""


def parse_hidepid(mountinfo: str, root: str) -> HidePid | None:
    """Return the options of the topmost proc mounted at `root`, or None where none is mounted there."""
    found = None
    for line in mountinfo.split("\n"):
        mount, _, filesystem = line.partition(" - ")
        fields, kind = mount.split(" "), filesystem.split(" ")
        if len(fields) > _MOUNT_POINT and fields[_MOUNT_POINT] == root and kind[0] == "proc":
            options = dict(option.partition("=")[::2] for option in kind[-1].split(","))
            mode = options.get("hidepid", "0")
            found = HidePid(_MODES.get(mode, _number(mode)), _number(options.get("gid", "0")))
    return found


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else 0


def parse_namespaces(mountinfo: str, kind: str) -> list[tuple[int, str]]:
    """Return (inode, mount point) of each mounted namespace of a kind ('net'): an nsfs with the root 'net:[INODE]'."""
    found = []
    for line in mountinfo.split("\n"):
        mount, _, filesystem = line.partition(" - ")
        if not filesystem.startswith("nsfs "):
            continue
        fields = mount.split(" ")
        inode = fields[_ROOT].removeprefix(f"{kind}:[").removesuffix("]") if len(fields) > _MOUNT_POINT else ""
        if inode.isascii() and inode.isdigit() and len(inode) <= _DIGITS:
            found.append((int(inode), _unescape(fields[_MOUNT_POINT])))
    return found


class Mount(NamedTuple):
    """A mount of a mount namespace."""

    number: int
    """Its id, as in /proc/PID/fdinfo."""
    point: str
    """Where it is mounted, as seen from the process's root directory."""
    kind: str
    """The type of its file system, such as 'ext4'."""
    device: tuple[int, int]
    """Major and minor number."""


def parse_mounts(mountinfo: str) -> list[Mount]:
    """Return the mounts in the order of the file."""
    found = []
    for line in mountinfo.split("\n"):
        mount, _, filesystem = line.partition(" - ")
        fields = mount.split(" ")
        if len(fields) > _MOUNT_POINT:
            major, _, minor = fields[_DEVICE].partition(":")
            kind = filesystem.partition(" ")[0]
            found.append(Mount(_number(fields[0]), _unescape(fields[_MOUNT_POINT]), kind, (_number(major), _number(minor))))
    return found


def _unescape(path: str) -> str:
    r"""Return a mount point without the kernel's escapes: \040 (space), \011 (tab), \012 (newline), \134 (backslash)."""
    for code in ("\\040", "\\011", "\\012", "\\134"):
        path = path.replace(code, chr(int(code[1:], 8)))
    return path
