"""The words that explain answers as well as targets. Their texts are apart, since each target is looked up here first."""

import re
from enum import StrEnum

from portsock.enums import State, parse_state


class Word(StrEnum):
    """The closed list of terms and errors; the states are words, too."""

    PORT = "port"
    SOCKET = "socket"
    ENDPOINT = "endpoint"
    CONNECTION = "connection"
    PROCESS = "process"
    LISTENER = "listener"
    EPHEMERAL = "ephemeral"
    BACKLOG = "backlog"
    EADDRINUSE = "EADDRINUSE"
    EACCES = "EACCES"
    EADDRNOTAVAIL = "EADDRNOTAVAIL"
    TCP = "tcp"
    UDP = "udp"
    UNIX = "unix"
    NETLINK = "netlink"
    STREAM = "stream"
    DATAGRAM = "datagram"
    SEQPACKET = "seqpacket"
    RAW = "raw"
    FIVE_TUPLE = "5-tuple"
    HALF_ASSOCIATION = "half-association"
    BIND = "bind"
    ACCEPT = "accept"
    RECV_Q = "Recv-Q"
    SEND_Q = "Send-Q"
    SO_REUSEADDR = "SO_REUSEADDR"
    SO_REUSEPORT = "SO_REUSEPORT"
    SO_LINGER = "SO_LINGER"
    LOOPBACK = "loopback"
    WILDCARD = "wildcard"
    ECONNREFUSED = "ECONNREFUSED"
    ECONNRESET = "ECONNRESET"
    ETIMEDOUT = "ETIMEDOUT"
    EHOSTUNREACH = "EHOSTUNREACH"
    ENETUNREACH = "ENETUNREACH"
    EPIPE = "EPIPE"
    EMFILE = "EMFILE"


RELATED = frozenset({Word.PORT, Word.SOCKET, Word.ENDPOINT, Word.CONNECTION, Word.PROCESS, Word.LISTENER, Word.EPHEMERAL,
                     Word.BACKLOG, Word.ACCEPT, Word.BIND, Word.FIVE_TUPLE, Word.HALF_ASSOCIATION})  # fmt: skip
"""Words that are explained together where several of them are asked for."""

_BY_SPELLING = {word.lower(): word for word in Word} | {
    "accept(2)": Word.ACCEPT, "accept()": Word.ACCEPT, "bind(2)": Word.BIND, "bind()": Word.BIND,
    "listen(2)": Word.LISTENER, "listen()": Word.LISTENER, "5tuple": Word.FIVE_TUPLE, "five-tuple": Word.FIVE_TUPLE,
    "4-tuple": Word.FIVE_TUPLE, "half association": Word.HALF_ASSOCIATION, "recvq": Word.RECV_Q, "recv_q": Word.RECV_Q,
    "sendq": Word.SEND_Q, "send_q": Word.SEND_Q, "reuseaddr": Word.SO_REUSEADDR, "reuseport": Word.SO_REUSEPORT,
    "linger": Word.SO_LINGER, "sock_stream": Word.STREAM, "sock_dgram": Word.DATAGRAM, "dgram": Word.DATAGRAM,
    "sock_seqpacket": Word.SEQPACKET, "sock_raw": Word.RAW, "af_unix": Word.UNIX, "unix socket": Word.UNIX,
    "unix domain socket": Word.UNIX, "af_netlink": Word.NETLINK, "ephemeral port": Word.EPHEMERAL,
    "accept queue": Word.BACKLOG, "wildcard address": Word.WILDCARD, "address already in use": Word.EADDRINUSE,
    "address in use": Word.EADDRINUSE, "port already in use": Word.EADDRINUSE, "permission denied": Word.EACCES,
    "cannot assign requested address": Word.EADDRNOTAVAIL, "connection refused": Word.ECONNREFUSED,
    "connection reset": Word.ECONNRESET, "connection reset by peer": Word.ECONNRESET, "connection timed out": Word.ETIMEDOUT,
    "operation timed out": Word.ETIMEDOUT, "no route to host": Word.EHOSTUNREACH, "network is unreachable": Word.ENETUNREACH,
    "network unreachable": Word.ENETUNREACH, "broken pipe": Word.EPIPE, "too many open files": Word.EMFILE,
}  # fmt: skip

_JOINTS = re.compile(r",\s*|\s+(?:and|or|vs\.?|versus)\s+|\s+")
_LONGEST = 200


def recognise_word(text: str) -> Word | State | None:
    """Return the word in any letter case, or the state in any tool's spelling; None where the text is neither."""
    return _BY_SPELLING.get(text.lower()) or parse_state(text)


def recognise_words(text: str) -> str | None:
    """Return several words that are explained together, with a blank between them: 'port socket' for 'port vs socket'.

    None where the text is anything else.
    """
    if len(text) > _LONGEST:
        return None
    parts = [_BY_SPELLING.get(part.lower()) for part in _JOINTS.split(text.strip())]
    known = [word for word in dict.fromkeys(parts) if word in RELATED]
    return " ".join(map(str, known)) if len(known) > 1 and RELATED.issuperset(parts) else None
