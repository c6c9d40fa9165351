"""A faster parser of the most frequent rows of lsof's table: TCP and UDP sockets with numeric addresses.

It collects the same records as `table` and `socket`.
"""

import re
from collections.abc import Sequence

from portsock.enums import parse_state
from portsock.model import Family, SocketType, State
from portsock.parse.listings.lsof.socket import Sockets, unescape
from portsock.parse.listings.numbers import PID_DIGITS, number
from portsock.parse.listings.plain.texts import LONGEST, NO_PEER, NO_QUEUES, Ends, record, remembered
from portsock.records import Holder

_make = tuple.__new__
_FAMILIES = {"IPv4": Family.IPV4, "IPv6": Family.IPV6}
_WORDS = (
    "LISTEN ESTABLISHED TIME_WAIT CLOSE_WAIT SYN_SENT SYN_RECV SYN_RCVD FIN_WAIT1 FIN_WAIT2 FIN_WAIT_1 FIN_WAIT_2 LAST_ACK"
    " CLOSING"
)
_STATES = {f"({word})": parse_state(word) for word in _WORDS.split()}
_FD = re.compile(r"([0-9]{1,10})[rwu-]?")
_ANY = {Family.IPV4: "0.0.0.0", Family.IPV6: "[::]"}
_UNCONN, _ESTABLISHED = State.UNCONN, State.ESTABLISHED
_STREAM, _DGRAM = SocketType.STREAM, SocketType.DGRAM


class PlainRows:
    """Parses the rows of one section into its sockets."""

    def __init__(self, sockets: Sockets) -> None:
        self._sockets = sockets
        self._ends = Ends()
        self._commands: dict[str, str | None] = {}
        self._fds: dict[str, int | None] = {}
        self._pids: dict[str, int | None] = {}

    def read(self, lines: Sequence[str], at: int) -> int:
        """Add the plain rows from this index on. Returns the index of the first other line."""
        sockets, ends, peer = self._sockets, self._ends, self._ends.peer
        commands, fds, pids = self._commands, self._fds, self._pids
        for index in range(at, len(lines)):
            line = lines[index]
            words = line.split()
            tcp = len(words) == 10
            if not tcp and len(words) != 9:
                return index
            command, pid_text, user, fd_text, kind, device, size, node, name = words[:9]
            state = _STATES.get(words[9]) if tcp else _UNCONN
            family = _FAMILIES.get(kind)
            pid = pids[pid_text] if pid_text in pids else self._pid(pid_text)
            fd = fds[fd_text] if fd_text in fds else self._fd(fd_text)
            text = commands[command] if command in commands else self._command(command)
            if family is None or pid is None or fd is None or text is None or state is None:
                return index
            if node != ("TCP" if tcp else "UDP") or size != "0t0" or len(line) > LONGEST or "\x1b" in line:
                return index
            near, arrow, far = name.partition("->")
            if near[:1] == "*":
                near = _ANY[family] + near[1:]
            local, remote = ends[near], peer(far) if arrow else None
            if local is None or (arrow and (remote is None or remote is NO_PEER)):
                return index
            inode = number(device) or None
            if inode is None and not (device[:2] == "0x" and device.strip("0x")):
                return index
            holder = _make(Holder, (pid, fd, text, user, None))
            key = (kind, inode or device)
            if not sockets.add_holder(key, holder):
                if arrow and not tcp:
                    state = _ESTABLISHED
                kind_of, protocol = (_STREAM, "tcp") if tcp else (_DGRAM, "udp")
                found = record(family, kind_of, protocol, state, local, remote, NO_QUEUES, inode, (holder,))
                sockets.add_record(key, found)
        return len(lines)

    def _pid(self, text: str) -> int | None:
        return remembered(self._pids, text, number(text, PID_DIGITS))

    def _fd(self, text: str) -> int | None:
        found = _FD.fullmatch(text)
        return remembered(self._fds, text, int(found[1]) if found is not None else None)

    def _command(self, text: str) -> str | None:
        return remembered(self._commands, text, unescape(text))
