"""A faster parser of the most frequent rows of netstat on Linux and Windows: numeric TCP connections with or without a PID.

It returns the same records as `linux_row` and `windows`.
"""

import re
from collections.abc import Sequence

from portsock.enums import parse_state
from portsock.model import Family, SocketType, State
from portsock.parse.listings.numbers import PID_DIGITS, number
from portsock.parse.listings.plain.texts import LONGEST, NO_PEER, NO_QUEUES, Ends, Numbers, record, remembered
from portsock.records import Holder, SocketRecord

_Holders = tuple[Holder, ...] | None
_WORDS = (
    "LISTEN ESTABLISHED TIME_WAIT CLOSE_WAIT SYN_SENT SYN_RECV FIN_WAIT1 FIN_WAIT2 LAST_ACK CLOSING",
    "LISTENING ESTABLISHED TIME_WAIT CLOSE_WAIT SYN_SENT SYN_RECEIVED FIN_WAIT_1 FIN_WAIT_2 LAST_ACK CLOSING",
)
_LINUX, _WINDOWS = ({word: parse_state(word) for word in words.split()} for words in _WORDS)
_PROGRAM = re.compile(r"([0-9]{1,10})/([^\s()/\x1b](?:[^\x1b()]{0,40}[^\s\x1b()])?)\s{0,80}")
_WIDTH = 23
"""A longer endpoint, or one of this width, may be cut: linux_row knows."""
_LISTEN, _IPV4, _IPV6, _STREAM = State.LISTEN, Family.IPV4, Family.IPV6, SocketType.STREAM


class PlainRows:
    """Parses the rows of one section, and keeps the texts that occur in many of them."""

    def __init__(self) -> None:
        self._numbers, self._ends = Numbers(), Ends()
        self._held: dict[str, _Holders] = {"-": ()}

    def linux(self, lines: Sequence[str], at: int, has_program: bool) -> list[SocketRecord]:
        """Return the records of the plain rows from this index on. `has_program`: there is a column 'PID/Program name'."""
        numbers, ends, peer, held = self._numbers, self._ends, self._ends.peer, self._held
        records: list[SocketRecord] = []
        holders: _Holders = None
        width = 7 if has_program else 6
        for index in range(at, len(lines)):
            line = lines[index]
            words = line.split(None, 6)
            if len(words) != width or len(line) > LONGEST or words[0] not in ("tcp", "tcp6"):
                break
            printed, recv_text, send_text, local_text, peer_text, word = words[:6]
            local, remote, state = ends[local_text], peer(peer_text), _LINUX.get(word)
            recv_q, send_q = numbers[recv_text], numbers[send_text]
            if local is None or remote is None or state is None or recv_q is None or send_q is None:
                break
            if len(local_text) >= _WIDTH or len(peer_text) >= _WIDTH:
                break
            if has_program:
                text = words[6]
                holders = held[text] if text in held else self._program(text)
                if holders is None:
                    break
            queues = (recv_q, None, recv_q, None) if state is _LISTEN else (recv_q, send_q, None, None)
            family = _IPV6 if printed == "tcp6" or local_text.count(":") > 1 else _IPV4
            remote = None if remote is NO_PEER else remote
            records.append(record(family, _STREAM, "tcp", state, local, remote, queues, None, holders, has_program))
        return records

    def _program(self, text: str) -> _Holders:
        """Return the holders of 'PID/NAME' or '-', None where there may be more behind it."""
        found = _PROGRAM.fullmatch(text)
        holders: _Holders = None
        if found is not None:
            holders = (Holder(int(found[1]), None, found[2]),)
        elif text.rstrip() == "-":
            holders = ()
        return remembered(self._held, text, holders)

    def windows(self, lines: Sequence[str], at: int) -> list[SocketRecord]:
        """Return the records of the plain rows from this index on. All have a PID, which may be 0."""
        ends, peer, held = self._ends, self._ends.peer, self._held
        records: list[SocketRecord] = []
        for index in range(at, len(lines)):
            line = lines[index]
            words = line.split()
            if len(words) != 5 or len(line) > LONGEST or words[0] != "TCP":
                break
            _, local_text, peer_text, word, pid_text = words
            local, remote, state = ends[local_text], peer(peer_text), _WINDOWS.get(word)
            holders = held[pid_text] if pid_text in held else self._pid(pid_text)
            if local is None or remote is None or state is None or holders is None:
                break
            remote = None if remote is NO_PEER else remote
            family = _IPV6 if local_text.count(":") > 1 and ":" in (local.address or "") else _IPV4
            records.append(record(family, _STREAM, "tcp", state, local, remote, NO_QUEUES, None, holders))
        return records

    def _pid(self, text: str) -> _Holders:
        """Return the holder with this PID, which is none for the idle process, or None for no PID."""
        pid = number(text, PID_DIGITS)
        holders = None if pid is None else (Holder(pid, None),) if pid else ()
        return remembered(self._held, text, holders)
