"""Rows of Linux netstat: net-tools netstat.c tcp_do_one(), unix_do_one(), finish_this_one(); busybox networking/netstat.c."""

import re

from portsock.model import Family, InetEndpoint, SocketType, State, Timer
from portsock.parse.linux_codes import PROTOCOL_TYPES
from portsock.parse.listings.endpoint_text import (
    colon_endpoint,
    infer_family,
    is_no_peer,
    parse_address,
    split_identifier,
    unix_endpoint,
)
from portsock.parse.listings.netstat.translations import listed_state
from portsock.parse.listings.numbers import is_number
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_PROTOCOLS = {"udpl": "udplite"} | {name: name for name in ("tcp", "udp", "udplite", "raw", "icmp", "sctp", "dccp")}
_TYPES = PROTOCOL_TYPES | {"dccp": SocketType.DCCP}
_STATEFUL = frozenset({"tcp", "sctp", "dccp"})
_WIDTH = 23
"""Characters of an address column without -W. net-tools cuts the host so that the port fits, busybox cuts the end."""
_COUNT_DIGITS = 38
"""The most digits of both queues together."""
_PROGRAM_WIDTH = 20
"""Bytes of 'PID/Program name', net-tools PROGNAME_WIDTH; the name is cut to fit."""
_PROGRAM = re.compile(r"(?:^|\s)(?=(?:-|\d{1,10}/[^\n]*)(?:\s|$))")
_TIMER = re.compile(r"\(\(?(\d{1,9})\.(\d{2})/(\d{1,9})/(-?\d{1,9})(?:/-?\d{1,9})?\)\s*$")
_TIMER_TAIL = 80
"""Characters at the end of a row that may be the timer."""
_TIMER_KINDS = {word.replace("_", " "): kind for kind, words in {
    "on": "on el zapnut ein käib オン ჩართული em på",
    "off": "off aturada vyp aus eikäi オフ გამორთული desligado av",
    "keepalive": "keepalive manténiu キープアライブ ცოცხალი_დატოვება",
    "timewait": "timewait temps_d'espera 時間待ち მოლოდინის_დრო",
    "persist": "persist probe sonda プローブ",
}.items() for word in words.split()}  # fmt: skip
"""net-tools' words for timers, in the languages of its po files."""
_STATE_AND_INODE = re.compile(r"([^\d]{0,40}?)\s{0,40}(\d{1,20})(?: |$)")
_UNIX = re.compile(r"unix\s{1,8}(\d{1,10})\s{1,16}\[([A-Z ]{0,12})\]\s{1,16}(\S{1,40})\s")
_UNIX_STATES = {
    "LISTENING": State.LISTEN, "LISTEN": State.LISTEN, "CONNECTED": State.ESTABLISHED, "CONNECTING": State.CONNECTING,
    "DISCONNECTING": State.CLOSED, "": State.UNCONN,
}  # fmt: skip
_UNIX_TYPES = SocketType.__members__ | {
    "FLUX": SocketType.STREAM, "SEQPAKET": SocketType.SEQPACKET, "PAQUETSEQ": SocketType.SEQPACKET, "RÅ": SocketType.RAW,
}  # fmt: skip
"""Types, also as net-tools translates them."""
_NUMBERED_STATES = {"7": State.UNCONN, "07": State.UNCONN, "1": State.ESTABLISHED, "01": State.ESTABLISHED}
"""States of raw and ping sockets, which netstat prints as numbers."""
_STATE_WORD = re.compile(r"(?![\d-])[^\sa-z\"'()\[\]{}<>:;,/|=]{2,40}")
"""A state that is in no table: one word, without small letters."""


class InternetRowParser:
    """Parses internet rows."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self.has_program: bool | None = None
        """True if there is a column 'PID/Program name'; None without a header."""
        self._wide = False

    def parse(self, line: str) -> SocketRecord | None:
        """Parse 'tcp 0 0 LOCAL FOREIGN [STATE] [USER INODE] [PID/NAME] [TIMER]'. Returns None for anything else."""
        words = line.split(None, 5)
        if len(words) < 5:
            return None
        printed, recv_q, send_q, local_text, remote_text, *tail = words
        protocol = _PROTOCOLS.get(printed.rstrip("6"))
        if protocol is None or not (recv_q.isdecimal() and send_q.isdecimal()) or len(recv_q) + len(send_q) > _COUNT_DIGITS:
            return None
        if remote_text.isdecimal() and (parted := line.split(None, 7))[6:]:  # ports in columns of their own
            _, _, _, host, port, remote_host, remote_port, *tail = parted
            local_text, remote_text = f"{host}:{port}", f"{remote_host}:{remote_port}"
        local = self._endpoint(local_text, printed)
        remote = self._endpoint(remote_text, printed)
        if local is None or remote is None:
            return None
        local, number = split_identifier(local, protocol, local_text.rpartition(":")[2])
        columns = self._tail(tail[0].rstrip() if tail else "", protocol)
        if columns is None:
            return None
        state, state_raw, user, inode, holders, timer = columns
        if state is State.CLOSED and protocol == "tcp" and local.port:
            state = State.BOUND
        listening = state is State.LISTEN
        family = infer_family(local, "6" if printed[-1] == "6" or local_text.count(":") > 1 else "")
        uid = int(user) if user is not None and user.isdecimal() and len(user) <= 10 else None
        return SocketRecord(
            family if family is not Family.INET else infer_family(remote), _TYPES.get(protocol), protocol, number,
            state, state_raw, local, None if is_no_peer(remote) else remote,
            int(recv_q), None if listening else int(send_q), int(recv_q) if listening else None,
            uid=uid if inode else None, user=user if uid is None and inode else None, inode=inode or None,
            holders=holders, names_one=holders is not None, timer=timer,
        )  # fmt: skip

    def parse_sctp_endpoint(self, line: str) -> SocketRecord | None:
        """Parse 'sctp LOCAL STATE …': net-tools prints neither queues nor a foreign address of an endpoint."""
        words = line.split(None, 2)
        if len(words) < 3 or ":" not in words[1]:
            return None
        record = self.parse(f"{words[0]} 0 0 {words[1]} 0.0.0.0:* {words[2]}")
        return record and record._replace(recv_q=None, send_q=None, accept_queue=None)

    def parse_sctp_addresses(self, text: str, record: SocketRecord) -> SocketRecord | None:
        """Return the record with the columns that follow its last addresses, or None where this is no line of addresses."""
        words = text.split(None, 2)
        count = next((at for at, word in enumerate(words[:2]) if not self._is_sctp_address(word)), len(words[:2]))
        columns = self._tail(" ".join(words[count:]).rstrip(), "sctp") if count else None
        if columns is None or columns[:2] != (None, None):
            return None
        _, _, user, inode, holders, timer = columns
        uid = int(user) if user is not None and is_number(user, 10) else None
        return record._replace(
            uid=uid if inode else record.uid, user=user if uid is None and inode else record.user, inode=inode or record.inode,
            holders=holders or record.holders, names_one=bool(holders) or record.names_one, timer=timer or record.timer,
        )  # fmt: skip

    def _is_sctp_address(self, word: str) -> bool:
        endpoint = colon_endpoint(word, "sctp", self._services)
        return parse_address(word) is not None or (endpoint is not None and endpoint.address is not None)

    def _endpoint(self, text: str, printed: str) -> InetEndpoint | None:
        if len(text) > _WIDTH:
            self._wide = True
        cut = len(text) == _WIDTH and not self._wide
        if cut and printed[-1] != "6" and text.count(":") > 2:  # only busybox writes IPv6 under 'tcp', and it cuts the port
            return InetEndpoint(text, None, truncated=True)
        return colon_endpoint(text, printed, self._services, cut)

    def _tail(self, text: str, protocol: str) -> "_Tail | None":
        """Split the columns behind the addresses, from both ends. Returns None where one of them is no state."""
        text, timer = _split_timer(text, self.has_program is not False)
        holders: tuple[Holder, ...] | None = () if self.has_program else None
        if self.has_program is not False and (match := _PROGRAM.search(text)) is not None:
            holders = _holders(text[match.end() :])
            text = text[: match.start()]
        words = text.split()
        user, inode = None, None
        if self.has_program and holders == () and len(words) >= 4 and words[-2].isdecimal() and words[-3].isdecimal():
            owner = words.pop()  # a pid or a name alone
            holders = (Holder(int(owner), None) if owner.isdecimal() else Holder(None, None, owner),)
        if len(words) >= 2 and is_number(words[-1], 20):
            if len(words) == 2 and protocol in _STATEFUL and listed_state(words[0]):  # a number, but no user before it
                return None
            user, inode = words[-2], int(words[-1])
            words = words[:-2]
        state = _state(" ".join(words), protocol)
        return None if state is None else (*state, user, inode, holders, timer)


_Tail = tuple[State | None, str | None, str | None, int | None, tuple[Holder, ...] | None, Timer | None]


def _state(text: str, protocol: str) -> tuple[State | None, str | None] | None:
    """Return (state, None), (None, the word of an unknown state), or None for text that is no state."""
    if not text:
        return None if protocol in _STATEFUL else State.UNCONN, None
    state = listed_state(text) or (None if protocol in _STATEFUL else _NUMBERED_STATES.get(text))
    if state is not None:
        return state, None
    if _STATE_WORD.fullmatch(text) or (protocol not in _STATEFUL and is_number(text, 3)):
        return None, text
    return None


def _split_timer(text: str, has_program: bool) -> tuple[str, Timer | None]:
    """Split off a timer at the end: 'keepalive (6176.47/0/0)'. The kind may be translated."""
    match = _TIMER.search(text[-_TIMER_TAIL:])
    if match is None:
        return text, None
    head = text[: len(text) - len(match[0])].rstrip()
    found = _PROGRAM.search(head) if has_program else None
    words = head.rsplit(None, 2)
    kind = " ".join(words[-2:]) if " ".join(words[-2:]) in _TIMER_KINDS else words[-1] if words else ""
    if kind not in _TIMER_KINDS and found is not None and len(head) - found.end() > _PROGRAM_WIDTH:
        at = found.end() + len(_cut(head[found.end() :], _PROGRAM_WIDTH))
        kind, head = head[at:].strip(), head[:at]
    else:
        head = head.removesuffix(kind)
    kind = _TIMER_KINDS.get(kind, kind)
    seconds, hundredths, retransmits, _ = map(int, match.groups())
    if kind == "off" or (kind not in _TIMER_KINDS.values() and not seconds and not hundredths):
        return head.rstrip(), None
    return head.rstrip(), Timer(kind, seconds * 1000 + hundredths * 10, retransmits)


def _cut(text: str, width: int) -> str:
    """Return the first `width` bytes of a text: printf() counts bytes, not characters."""
    return text.encode("utf-8", "surrogateescape")[:width].decode("utf-8", "ignore")


def _holders(text: str) -> tuple[Holder, ...]:
    """Parse '22539/nginx: worker', or '-' for no known process."""
    pid, slash, name = text.strip().partition("/")
    return (Holder(int(pid), None, name),) if slash and pid.isdecimal() else ()


def parse_unix_row(line: str, has_program: bool | None) -> SocketRecord | None:
    """Parse 'unix 2 [ ACC ] STREAM LISTENING 344653 [PID/NAME] PATH'. Returns None for anything else.

    `has_program`: whether there is a PID column; None without a header.
    """
    match = _UNIX.match(line)
    if match is None:
        return None
    _, flags, kind = match.groups()
    rest = line[match.end() :]
    front = _STATE_AND_INODE.match(rest)
    if front is None:
        return None
    text, inode = front[1].strip(), int(front[2])
    state = State.LISTEN if "ACC" in flags else _UNIX_STATES.get(text) or listed_state(text)
    holders, path = _program_and_path(rest[front.end() :], has_program)
    return SocketRecord(
        Family.UNIX, _UNIX_TYPES.get(kind), "unix", None, state, text if state is None else None,
        unix_endpoint(path), None, inode=inode or None, holders=holders, names_one=holders is not None,
    )  # fmt: skip


def _program_and_path(text: str, has_program: bool | None) -> tuple[tuple[Holder, ...] | None, str]:
    """Split the PID column, which is 20 bytes wide, from the path behind it."""
    bare = text.lstrip()
    if has_program is False or _PROGRAM.match(bare) is None:
        return (() if has_program else None), bare
    if bare[0] == "-":
        return (), bare[1:].strip()
    field = _cut(bare, _PROGRAM_WIDTH)
    path = bare[len(field) :]
    # A name has no slash: it is the last part of argv[0]. So here somebody removed the padding.
    if path[:1].strip() or " /" in field or (not path and " @" in field):
        field, _, path = bare.partition(" ")
    return _holders(field), path.strip()
