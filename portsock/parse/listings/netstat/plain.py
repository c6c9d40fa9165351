"""A faster parser of the most frequent rows of netstat on Linux and Windows: numeric TCP connections with or without a PID.

It returns the same records as `linux_row` and `windows`.
"""

import re
from collections.abc import Sequence

from portsock.addresses import WILDCARDS
from portsock.enums import parse_state
from portsock.model import Family, InetEndpoint, SocketType, State
from portsock.parse.listings.numbers import PID_DIGITS, number
from portsock.parse.listings.plain.texts import (
    BETWEEN,
    LONGEST,
    MOST_HOSTS,
    NO_QUEUES,
    WITHOUT_PEER,
    Ends,
    Numbers,
    remembered,
)
from portsock.records import Holder, SocketRecord

_make = tuple.__new__
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
        numbers, ends, hosts, ports, held = self._numbers, self._ends, self._ends.hosts, self._ends.ports, self._held
        records: list[SocketRecord] = []
        holders: _Holders = None
        width = 7 if has_program else 6
        for index in range(at, len(lines)):
            line = lines[index]
            words = line.split(None, 6)
            if len(words) != width or len(line) > LONGEST or words[0] not in ("tcp", "tcp6"):
                break
            printed, recv_text, send_text, local_text, peer_text, word = words[:6]
            host, _, port_text = peer_text.rpartition(":")
            address, port = hosts[host], ports[port_text]
            local, state, recv_q, send_q = ends[local_text], _LINUX.get(word), numbers[recv_text], numbers[send_text]
            if local is None or state is None or recv_q is None or send_q is None:
                break
            if len(local_text) >= _WIDTH or len(peer_text) >= _WIDTH:
                break
            # Made here, as the record is: calls for each row would take a tenth of the time.
            remote = None
            if address is not None and port >= 0 and address not in WILDCARDS:
                remote = _make(InetEndpoint, (address, port, None, None, None, False, False))
            elif peer_text not in WITHOUT_PEER:
                break
            if has_program:
                text = words[6]
                holders = held[text] if text in held else self._program(text)
                if holders is None:
                    break
            queues = (recv_q, None, recv_q, None) if state is _LISTEN else (recv_q, send_q, None, None)
            family = _IPV6 if printed == "tcp6" or local_text.count(":") > 1 else _IPV4
            records.append(_make(SocketRecord, (
                family, _STREAM, "tcp", None, state, None, local, remote, *queues, None, None, *BETWEEN, holders, None, None,
                (), has_program,
            )))  # fmt: skip
        return records

    def _program(self, text: str) -> _Holders:
        """Return the holders of 'PID/NAME' or '-', None where there may be more behind it."""
        found = _PROGRAM.fullmatch(text)
        holders: _Holders = None
        if found is not None:
            holders = (Holder(int(found[1]), None, found[2]),)
        elif text.rstrip() == "-":
            holders = ()
        return remembered(self._held, text, holders, MOST_HOSTS)

    def windows(self, lines: Sequence[str], at: int) -> list[SocketRecord]:
        """Return the records of the plain rows from this index on. All have a PID, which may be 0."""
        ends, hosts, ports, held = self._ends, self._ends.hosts, self._ends.ports, self._held
        records: list[SocketRecord] = []
        for index in range(at, len(lines)):
            line = lines[index]
            words = line.split()
            if len(words) != 5 or len(line) > LONGEST or words[0] != "TCP":
                break
            _, local_text, peer_text, word, pid_text = words
            host, _, port_text = peer_text.rpartition(":")
            address, port = hosts[host], ports[port_text]
            local, state = ends[local_text], _WINDOWS.get(word)
            holders = held[pid_text] if pid_text in held else self._pid(pid_text)
            if local is None or state is None or holders is None:
                break
            remote = None
            if address is not None and port >= 0 and address not in WILDCARDS:
                remote = _make(InetEndpoint, (address, port, None, None, None, False, False))
            elif peer_text not in WITHOUT_PEER:
                break
            family = _IPV6 if local_text.count(":") > 1 and ":" in (local.address or "") else _IPV4
            records.append(_make(SocketRecord, (
                family, _STREAM, "tcp", None, state, None, local, remote, *NO_QUEUES, None, None, *BETWEEN, holders, None,
                None, (), False,
            )))  # fmt: skip
        return records

    def _pid(self, text: str) -> _Holders:
        """Return the holder with this PID, which is none for the idle process, or None for no PID."""
        pid = number(text, PID_DIGITS)
        holders = None if pid is None else (Holder(pid, None),) if pid else ()
        return remembered(self._held, text, holders, MOST_HOSTS)
