"""Fields of ss -e, -o and -m, behind the addresses and holders. The TCP details of -i are in `info`."""

import re
from typing import Any

from portsock.model import SocketMemory, Timer

_SPAN = re.compile(r"(?:(\d{1,9})min)?(?:(\d{1,9})sec|(\d{1,9})\.(\d{3})ms|(\d{1,9})ms)?")
"""Times as ss.c print_ms_timer() prints them: '200ms', '1.500ms' (1 s 500 ms), '11sec', '1min58sec', '119min'."""
_TIMER = re.compile(r"timer:\(([^,()]{1,40}),([^,()]{0,40}),(\d{1,9})\)")
_FIELD = re.compile(r"(?:^|\s)(uid|ino|sk|v6only):([0-9a-f]{1,20})(?=\s|$)")
_ARROW = re.compile(r"(?:^|\s)([<-])-([>-])(?=\s|$)")
_GROUPS = re.compile(r"(?:^|\s)groups=0x([0-9a-f]{1,8})(?=\s|$)")
_OLD_COOKIE = 1 << 40
"""From here on it is a kernel address, which ss printed as 'sk' before about Linux 4.12."""
_READ_SHUT, _WRITE_SHUT = 1, 2
"""RCV_SHUTDOWN and SEND_SHUTDOWN, include/net/sock.h. ss prints '<->', and '-' in place of an arrow of a shut direction."""
_MEMORY = re.compile(r"skmem:\(([a-z0-9,]{1,200})\)")


def milliseconds(text: str) -> int | None:
    """Return a time that ss printed in milliseconds, or None for other text."""
    match = _SPAN.fullmatch(text)
    if match is None or not text:
        return None
    minutes, whole, seconds, rest, millis = (int(part) if part else 0 for part in match.groups())
    return minutes * 60000 + (whole + seconds) * 1000 + rest + millis


def read_extras(text: str) -> dict[str, Any]:
    """Return the fields of a SocketRecord in the text: uid, inode, cookie, v6only, shutdown, timer, memory.

    For netlink sockets also 'groups' of the endpoint. ss leaves out 'uid:' where it is 0. An inode of 0 means that the kernel
    keeps neither inode nor uid.
    """
    found: dict[str, Any] = {}
    fields = dict(_FIELD.findall(text))
    inode = _number(fields.get("ino"), 10)
    if inode is not None:
        found["inode"] = inode or None
        found["uid"] = _number(fields.get("uid", "0"), 10) if inode else None
    cookie = _number(fields.get("sk"), 16)
    if cookie and cookie < _OLD_COOKIE:
        found["cookie"] = cookie
    if "v6only" in fields:
        found["v6only"] = fields["v6only"] != "0"
    if arrow := _ARROW.search(text):
        found["shutdown"] = _READ_SHUT * (arrow[1] == "-") + _WRITE_SHUT * (arrow[2] == "-")
    if timer := _TIMER.search(text):
        found["timer"] = Timer(timer[1], milliseconds(timer[2]), int(timer[3]))
    if groups := _GROUPS.search(text):
        found["groups"] = int(groups[1], 16)
    if (memory := _MEMORY.search(text)) and (sizes := _sizes(memory[1])):
        found["memory"] = sizes
    return found


def _number(text: str | None, base: int) -> int | None:
    if text is None:
        return None
    try:
        return int(text, base)
    except ValueError:
        return None


def _sizes(text: str) -> SocketMemory | None:
    """Parse 'r0,rb131072,t0,tb16384,f0,w0,o0,bl0,d0'. An old ss has no 'd' (drops)."""
    sizes = {}
    for part in text.split(","):
        name = part.rstrip("0123456789")
        if part == name or len(part) > 20:
            return None
        sizes[name] = int(part[len(name) :])
    names = ("r", "rb", "t", "tb", "f", "w", "o", "bl")
    return SocketMemory._make([*map(sizes.get, names), sizes.get("d")]) if sizes.keys() >= set(names) else None
