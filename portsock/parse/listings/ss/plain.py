"""A faster parser of the most frequent rows: numeric addresses, and nothing but holders behind them.

It returns the same records as `row`. A million rows of `ss -tan` take a third of the time.
"""

from socket import AF_INET, inet_pton

from portsock.addresses import WILDCARDS
from portsock.model import Family, InetEndpoint, SocketType, State
from portsock.parse.listings.numbers import MOST_PORT
from portsock.parse.listings.ss.row import RowParser
from portsock.parse.listings.ss.users import split_users
from portsock.records import Holder, SocketRecord

_tuple = tuple.__new__
"""Creates named tuples four times as fast as their own constructor, which matters for a million rows only."""
_FRONT_END = SocketRecord._fields.index("accept_limit") + 1
_HOLDERS = SocketRecord._fields.index("holders")
_BEFORE = (None,) * (_HOLDERS - _FRONT_END)
_AFTER = tuple(SocketRecord._field_defaults[name] for name in SocketRecord._fields[_HOLDERS + 1 :])
_TYPES = {"tcp": SocketType.STREAM, "udp": SocketType.DGRAM}
_STATES = {
    "ESTAB": State.ESTABLISHED,
    "UNCONN": State.UNCONN,
    **{word: State[word.replace("-", "_")] for word in ("LISTEN", "TIME-WAIT", "CLOSE-WAIT", "SYN-SENT", "SYN-RECV")},
    **{word: State[word.replace("-", "_")] for word in ("FIN-WAIT-1", "FIN-WAIT-2", "LAST-ACK", "CLOSING")},
}
_NO_HOLDERS: tuple[Holder, ...] | None = None
_MOST_HOSTS = 1 << 16
_LONGEST = 500
"""Characters of the longest row that is parsed here."""


class PlainRowParser:
    """Parses rows of the same shape as the last row of a RowParser."""

    def __init__(self, rows: RowParser) -> None:
        self._rows = rows
        self._hosts: dict[str, tuple[str, Family]] = {}

    def parse(self, line: str, protocol: str) -> SocketRecord | None:
        """Return the record of a row, or None for a row that RowParser must parse. `protocol`: for rows without Netid."""
        if len(line) > _LONGEST:
            return None
        head, holders = line, _NO_HOLDERS
        if "users:((" in line:
            head, holders, tail = split_users(line)
            if holders is None or tail.strip():
                return None
        words = head.split()
        width, has_netid, has_state = self._rows.shape
        if len(words) != width or not head.isascii():
            return None
        if has_netid:
            protocol = words[0]
        state = _STATES.get(words[has_netid]) if has_state else None
        socket_type = _TYPES.get(protocol)
        if socket_type is None or (has_state and (state is None or (state is State.UNCONN and protocol != "udp"))):
            return None
        recv_text, send_text, local_text, peer_text = words[-4:]
        host, _, port = local_text.rpartition(":")
        peer_host, _, peer_port = peer_text.rpartition(":")
        ours = self._hosts.get(host) or self._host(host)
        theirs = self._hosts.get(peer_host) or self._host(peer_host)
        if ours is None or theirs is None or not (port.isdecimal() and recv_text.isdecimal() and send_text.isdecimal()):
            return None
        number, recv_q, send_q = int(port), int(recv_text), int(send_text)
        peer_number = int(peer_port) if peer_port.isdecimal() else -1
        if number > MOST_PORT or peer_number > MOST_PORT or (peer_number < 0 and peer_port != "*"):
            return None
        address, family = ours
        remote = None
        if peer_number >= 0:
            remote = _tuple(InetEndpoint, (theirs[0], peer_number, None, None, None, False, False))
        elif self._rows.modern is None or address == "::" or theirs[0] not in WILDCARDS:
            return None
        queue, limit = (recv_q, send_q) if state is State.LISTEN else (None, None)
        local = _tuple(InetEndpoint, (address, number, None, None, None, False, False))
        front = family, socket_type, protocol, None, state, None, local, remote, recv_q, send_q, queue, limit
        return _tuple(SocketRecord, front + _BEFORE + (holders,) + _AFTER)

    def _host(self, host: str) -> tuple[str, Family] | None:
        """Return (address, family) of an address without zone or device, or None. '*' is left to RowParser."""
        try:
            inet_pton(AF_INET, host)  # accepts only the spelling of inet_ntop
        except (OSError, ValueError):
            known = self._rows.parse_host(host)
            if known is None or known[0] is None or known[0] == "*" or known[3] is not None:
                return None
            found = known[0], known[4]
        else:
            found = host, Family.IPV4
        if len(self._hosts) >= _MOST_HOSTS:
            self._hosts.clear()  # a listing of ever new addresses would not profit from a larger cache
        self._hosts[host] = found
        return found
