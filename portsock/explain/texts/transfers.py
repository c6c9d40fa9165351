"""The findings about one connection at a time: stuck, slow or alive. As those of findings.py, where their codes stand."""

from portsock.explain.texts.findings import Code, FindingText
from portsock.explain.types import Severity

INFO, NOTICE, WARNING = Severity

TRANSFERS: dict[Code, FindingText] = {
    Code.PEER_SILENT: FindingText(
        WARNING,
        "{who}: {peer} has acknowledged nothing{since}, after {again}.",
        "The path or the peer is gone; left alone, this ends {ends}. A program that only does not read closes its window, and "
        "its host still acknowledges.",
        "Look at the route and the neighbour, and whether that host is up.",
    ),
    Code.SENDING_REFUSED: FindingText(
        WARNING,
        "{who}: this host drops what it sends to {peer}.",
        "A rule of the packet filter for what goes out takes the packets, or the queue of the device. The peer's window is "
        "open, and nothing is on its way.",
        "Look for that rule (nft list ruleset), and for drops of the device (ip -s link, tc -s qdisc).",
    ),
    Code.PEER_DOES_NOT_READ: FindingText(
        WARNING,
        "{who}: {reader} has read nothing{since}, and its window is closed.",
        "Its receive buffer is full, and its host is alive: it answers the window probes. The path is not at fault.",
        "{look} As long as its host answers, this has no time limit.",
    ),
    Code.PEER_READS_SLOWLY: FindingText(
        NOTICE,
        "{who} is slowed by its reader: for {percent} % of the sending time the window of {reader} was the limit.",
        "The data move, as fast as they are read. Neither the path nor this side is the limit.",
        "See what keeps the reader busy.",
    ),
    Code.PROGRAM_DOES_NOT_READ: FindingText(
        NOTICE,
        "{who} does not read: {count} from {peer} {verb} waited for {time}.",
        "They have arrived in the receive buffer; once that is full, the sender has to stop.",
        "See what the program waits for: it may be stopped, blocked in a call, or busy elsewhere.",
    ),
    Code.CONNECTION_NOT_ACCEPTED: FindingText(
        WARNING,
        "{who} has not accepted the connection of {peer}{since}.",
        "The kernel completed the handshake, so that the client takes it for connected; no program has it.",
        "See why the server does not call accept(2): it may be stopped, or busy.",
    ),
    Code.SLOWED_BY_LOSS: FindingText(
        NOTICE,
        "{who} is slowed by loss: {percent} % of the bytes to {peer} had to be sent again.",
        "The peer is alive; with each loss TCP waits, and sends less at a time.",
        "Look for the lossy hop (mtr, ip -s link, ethtool -S).",
    ),
    Code.DATA_MOVES: FindingText(
        INFO,
        "{who} is sending: {peer} acknowledged {ago} ago{pace}.",
        "{limit}",
        "Ask again to see the figures change.",
    ),
    Code.IDLE_WITHOUT_KEEPALIVE: FindingText(
        INFO,
        "{who} would not notice if {peer} were gone: nothing has passed for {time}, and keepalive is off.",
        "An idle connection sends nothing, so that a dead peer or a forgetful firewall shows only at the next write.",
        "Have the program set SO_KEEPALIVE and TCP_KEEPIDLE, or send something now and then.",
    ),
    Code.CLOSE_WAIT_OLD: FindingText(
        NOTICE,
        "{who} has not closed {count} whose peer closed at least {time} ago.",
        "A half-closed connection is of use while this side still sends; after that long it has mostly been forgotten.",
        "See what the program does with it; only its close(2) or its end ends it.",
    ),
    Code.TIME_WAIT_HOLDS_PORT: FindingText(
        NOTICE,
        "A server on {port} may fail to start{time}: {count} in TIME_WAIT on it.",
        "bind(2) gives EADDRINUSE, unless the new program sets SO_REUSEADDR and the old one had set it as well.",
        "Wait, or have the server set SO_REUSEADDR before bind(2).",
    ),
}

LOOK_AT_READER = "Look at that program."
WHICH_IS_STOPPED = ", which is stopped,"
LIMIT_BUFFER = "The send buffer of this socket is the limit (SO_SNDBUF, net.ipv4.tcp_wmem)."
LIMIT_PATH = "Neither loss nor the peer's window nor the send buffer is the limit: the path sets the pace."
LIMIT_NOT_YET = "These bytes were written within the last second of sending: too little time to see a limit."
