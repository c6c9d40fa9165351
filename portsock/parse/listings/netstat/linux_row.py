"""Rows of Linux netstat: net-tools netstat.c tcp_do_one(), unix_do_one(), finish_this_one(); busybox networking/netstat.c."""

import re

from portsock.enums import parse_state
from portsock.model import Family, InetEndpoint, SocketType, State, Timer, UnixEndpoint
from portsock.parse.ip_protocols import ip_protocol
from portsock.parse.listings.endpoint_text import colon_endpoint, family_of, is_nobody
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_PROTOCOLS = {
    "tcp": ("tcp", SocketType.STREAM),
    "udp": ("udp", SocketType.DGRAM),
    "udpl": ("udplite", SocketType.DGRAM),
    "udplite": ("udplite", SocketType.DGRAM),
    "raw": ("raw", SocketType.RAW),
    "icmp": ("icmp", SocketType.DGRAM),
    "sctp": ("sctp", None),
    "dccp": ("dccp", SocketType.DCCP),
}
_WIDTH = 23
"""Of an address column without -W: net-tools cuts the host so that host, colon and port fill it, busybox cuts the end."""
_PROGRAM_WIDTH = 20
"""Bytes of 'PID/Program name', net-tools PROGNAME_WIDTH; the name is cut to fit."""
_PROGRAM = re.compile(r"(?:^|\s)(?=(?:-|\d{1,10}/[^\n]*)(?:\s|$))")
_TIMER = re.compile(r"\((\d{1,9})\.(\d{2})/(\d{1,9})/(-?\d{1,9})(?:/-?\d{1,9})?\)\s*$")
_KINDS = frozenset({"on", "off", "keepalive", "timewait", "probe", "persist"})
_UNIX = re.compile(r"unix\s{1,8}(\d{1,10})\s{1,16}\[([A-Z ]{0,12})\]\s{1,16}(\S{1,40})\s")
_TYPES = {"STREAM": SocketType.STREAM, "DGRAM": SocketType.DGRAM, "SEQPACKET": SocketType.SEQPACKET}
_TYPES |= {"RAW": SocketType.RAW, "RDM": SocketType.RDM}
_UNIX_STATES = {
    "LISTENING": State.LISTEN,
    "LISTEN": State.LISTEN,
    "CONNECTED": State.ESTABLISHED,
    "CONNECTING": State.CONNECTING,
    "DISCONNECTING": State.CLOSED,
    "": State.UNCONN,
}
_NUMBERED = {"7": State.UNCONN, "07": State.UNCONN, "1": State.ESTABLISHED, "01": State.ESTABLISHED}
"""States of raw and ping sockets, which netstat prints as numbers."""


class InternetRows:
    """Reads internet rows; the header, if there is one, tells which columns to expect."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._program: bool | None = None
        self._wide = False

    def header(self, line: str) -> None:
        """Note a column header. 'PID/Program name' is left untranslated in every language."""
        self._program = "PID/" in line

    def read(self, line: str) -> SocketRecord | None:
        """The socket of 'tcp 0 0 LOCAL FOREIGN [STATE] [USER INODE] [PID/NAME] [TIMER]', or None."""
        words = line.split(None, 5)
        if len(words) < 5 or not (words[1].isdecimal() and words[2].isdecimal()) or len(words[1]) + len(words[2]) > 38:
            return None
        printed = words[0]
        known = _PROTOCOLS.get(printed.rstrip("6"))
        if known is None:
            return None
        protocol, socket_type = known
        if words[4].isdecimal() and (parted := line.split(None, 7))[6:]:  # ports in columns of their own
            words = [*parted[:3], f"{parted[3]}:{parted[4]}", f"{parted[5]}:{parted[6]}", *parted[7:]]
        local = self._endpoint(words[3], printed)
        remote = self._endpoint(words[4], printed)
        if local is None or remote is None:
            return None
        number = None
        if protocol == "raw":
            number = ip_protocol(words[3].rpartition(":")[2])
            local = local._replace(port=None, label=None, guessed=False)
        elif protocol == "icmp":  # no port, but the identifier of its echo requests
            local = local._replace(port=None, label=str(local.port) if local.port else None, guessed=False)
        rest = self._rest(words[5].rstrip() if len(words) > 5 else "", protocol)
        state, state_raw, user, inode, holders, timer = rest
        if state is State.CLOSED and protocol == "tcp" and local.port:
            state = State.BOUND
        recv_q, send_q = int(words[1]), int(words[2])
        listening = state is State.LISTEN
        family = family_of(local, "6" if printed[-1] == "6" or words[3].count(":") > 1 else "")
        uid = int(user) if user is not None and user.isdecimal() and len(user) <= 10 else None
        return SocketRecord(
            family if family is not Family.INET else family_of(remote),
            socket_type,
            protocol,
            number,
            state,
            state_raw,
            local,
            None if is_nobody(remote) else remote,
            recv_q,
            None if listening else send_q,
            recv_q if listening else None,
            uid=uid if inode else None,
            inode=inode or None,
            holders=holders,
            user=user if uid is None and inode else None,
            timer=timer,
            names_one=holders is not None,
        )

    def _endpoint(self, text: str, printed: str) -> InetEndpoint | None:
        if len(text) > _WIDTH:
            self._wide = True
        cut = len(text) == _WIDTH and not self._wide
        if cut and printed[-1] != "6" and text.count(":") > 2:  # only busybox writes IPv6 under 'tcp', and it cuts the port
            return InetEndpoint(text, None, truncated=True)
        return colon_endpoint(text, printed, self._services, cut)

    def _rest(self, text: str, protocol: str) -> "_Rest":
        """What follows the addresses, taken apart from both ends."""
        text, timer = _split_timer(text, self._program is not False)
        holders: tuple[Holder, ...] | None = () if self._program else None
        if self._program is not False and (match := _PROGRAM.search(text)) is not None:
            holders = _holders(text[match.end() :])
            text = text[: match.start()]
        words = text.split()
        user, inode = None, None
        if self._program and holders == () and len(words) >= 4 and words[-2].isdecimal() and words[-3].isdecimal():
            owner = words.pop()  # a pid or a name alone
            holders = (Holder(int(owner), None) if owner.isdecimal() else Holder(None, None, owner),)
        if len(words) >= 2 and words[-1].isdecimal() and len(words[-1]) <= 20:
            user, inode = words[-2], int(words[-1])
            words = words[:-2]
        state, raw = _state(" ".join(words), protocol)
        return state, raw, user, inode, holders, timer


_Rest = tuple[State | None, str | None, str | None, int | None, tuple[Holder, ...] | None, Timer | None]


def _state(text: str, protocol: str) -> tuple[State | None, str | None]:
    if protocol in ("tcp", "sctp", "dccp"):
        state = parse_state(text) if text else None
    else:
        state = State.UNCONN if not text else _NUMBERED.get(text) or parse_state(text)
    return state, None if state is not None or not text else text


def _split_timer(text: str, program: bool) -> tuple[str, Timer | None]:
    """(text without the timer at its end, the timer or None). 'keepalive (6176.47/0/0)'; the kind may be translated."""
    match = _TIMER.search(text[-80:])
    if match is None:
        return text, None
    head = text[: len(text) - len(match[0])].rstrip()
    found = _PROGRAM.search(head) if program else None
    if found is not None and len(head) - found.end() > _PROGRAM_WIDTH:
        at = found.end() + len(_cut(head[found.end() :], _PROGRAM_WIDTH))
        kind, head = head[at:].strip(), head[:at]
    else:
        head, _, kind = head.rpartition(" ")
    if kind == "off" or (kind not in _KINDS and not int(match[1]) and not int(match[2])):
        return head.rstrip(), None
    expires = int(match[1]) * 1000 + int(match[2]) * 10
    return head.rstrip(), Timer({"probe": "persist"}.get(kind, kind), expires, int(match[3]))


def _cut(text: str, width: int) -> str:
    """The first bytes of a text, as the C library counts a column."""
    return text.encode("utf-8", "surrogateescape")[:width].decode("utf-8", "ignore")


def _holders(text: str) -> tuple[Holder, ...]:
    """'-' is nobody known, '22539/nginx: worker' a process."""
    pid, slash, name = text.strip().partition("/")
    return (Holder(int(pid), None, name),) if slash and pid.isdecimal() else ()


def unix_row(line: str, program: bool | None) -> SocketRecord | None:
    """The socket of 'unix 2 [ ACC ] STREAM LISTENING 344653 [PID/NAME] PATH', or None.

    `program`: whether there is a PID column; None where no header told.
    """
    match = _UNIX.match(line)
    if match is None:
        return None
    rest = line[match.end() :]
    front = re.match(r"([^\d]{0,40}?)\s{0,40}(\d{1,20})(?: |$)", rest)
    if front is None:
        return None
    text, inode = front[1].strip(), int(front[2])
    state = State.LISTEN if "ACC" in match[2] else _UNIX_STATES.get(text)
    holders, path = _program_and_path(rest[front.end() :], program)
    return SocketRecord(
        Family.UNIX,
        _TYPES.get(match[3]),
        "unix",
        None,
        state,
        text if state is None else None,
        _unix_endpoint(path),
        None,
        inode=inode or None,
        holders=holders,
        names_one=holders is not None,
    )


def _program_and_path(text: str, program: bool | None) -> tuple[tuple[Holder, ...] | None, str]:
    """The PID column, 20 bytes wide, and the path after it. The inode before it is padded to 8."""
    bare = text.lstrip()
    match = re.match(r"(?:-|\d{1,10}/[^\n]*)(?:\s|$)", bare) if program is not False else None
    if match is None:
        return (() if program else None), bare
    if bare[0] == "-":
        return (), bare[1:].strip()
    field = _cut(bare, _PROGRAM_WIDTH)
    path = bare[len(field) :]
    if path[:1].strip() or (not path and (" /" in field or " @" in field)):  # the columns were squeezed
        field, _, path = bare.partition(" ")
    return _holders(field), path.strip()


def _unix_endpoint(path: str) -> UnixEndpoint:
    if not path:
        return UnixEndpoint(None)
    data = path.encode("utf-8", "surrogateescape")
    return UnixEndpoint(data[1:], True) if data[:1] == b"@" else UnixEndpoint(data)
