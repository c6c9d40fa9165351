"""The meaning of each connection state (RFC 9293 section 3.3.2 and 3.6, tcp(7), udp(7), unix(7))."""

from typing import NamedTuple

from portsock.model import State


class StateText(NamedTuple):
    """Whole sentences about one state."""

    meaning: str
    cause: str
    """The event that moves a socket into it."""
    many: str
    """The meaning of a large number of them."""


STATES: dict[State, StateText] = {
    State.LISTEN: StateText(
        "LISTEN: it waits for new connections; it has no peer and carries no data itself.",
        "The local program called listen(2).",
        "Having many listeners is normal: one for each port and address that is served.",
    ),
    State.SYN_SENT: StateText(
        "SYN_SENT: this side asked for a connection and has had no answer yet.",
        "The local program called connect(2).",
        "Many of them mean that the target is down, unreachable, silently filtered, or has a full accept queue; "
        "a port that is merely closed would refuse at once.",
    ),
    State.SYN_RECV: StateText(
        "SYN_RECV: a peer asked, this side answered, and the last acknowledgement of the handshake is missing.",
        "A SYN arrived at a listener of this host.",
        "A busy server has one for each client that connects within a round trip. It is a fault when the answers are sent "
        "again and again (a SYN flood, a lost way back, a full accept queue), or when there are as many as the backlog; "
        "TCP_DEFER_ACCEPT keeps connections here on purpose.",
    ),
    State.ESTABLISHED: StateText(
        "ESTABLISHED: the connection is open in both directions, which says nothing about traffic or whether the peer is "
        "alive.",
        "The handshake was completed.",
        "A great many are a connection pool, plain load, or a leak; dead peers stay unnoticed where keepalive is off.",
    ),
    State.FIN_WAIT_1: StateText(
        "FIN_WAIT_1: this side has closed, and the peer has not acknowledged that yet.",
        "The local program closed first, or ended.",
        "If they pile up, peers have vanished, or they do not read what is still to be delivered before the close.",
    ),
    State.FIN_WAIT_2: StateText(
        "FIN_WAIT_2: the peer has acknowledged this side's close, and still has to close its own side.",
        "The acknowledgement of the local close came.",
        "When there are many, the programs at the other end do not close: look there for CLOSE_WAIT.",
    ),
    State.CLOSE_WAIT: StateText(
        "CLOSE_WAIT: the peer has closed, and the local program has not.",
        "The peer's FIN came; the next step is the local program's.",
        "A few for a moment are healthy: a peer that has sent all it wants still waits for the reply (a half-close). A number "
        "that stays or grows is a leak in the local program, a forgotten close(2) or a stuck thread; no system setting cures "
        "it.",
    ),
    State.CLOSING: StateText(
        "CLOSING: both sides closed at the same time, and this side's close is not acknowledged yet.",
        "The two FINs crossed on the way.",
        "They are rare, so more than a few point to packet loss.",
    ),
    State.LAST_ACK: StateText(
        "LAST_ACK: the peer closed first, then this side did, and only the final acknowledgement is missing.",
        "The local program closed a connection that was in CLOSE_WAIT.",
        "Numbers of them mean that peers are gone or that their acknowledgements are dropped on the way.",
    ),
    State.TIME_WAIT: StateText(
        "TIME_WAIT: the connection is completely closed, and a side that closed first remembers it for a while: to repeat the "
        "last acknowledgement if the peer did not get it, and to keep late packets out of a new connection.",
        "This side closed first, or both did at the same time, and both closes are acknowledged.",
        "Thousands are normal where connections are short. They are in the way of a client that uses up its local ports "
        "toward one destination, and of a server without SO_REUSEADDR that is started again.",
    ),
    State.CLOSED: StateText(
        "CLOSED: there is no connection.",
        "The socket is new, or its connection is over.",
        "A number of these are sockets that programs made or kept without using them.",
    ),
    State.BOUND: StateText(
        "BOUND: a TCP socket has taken a port, but neither listens nor is connected.",
        "The local program called bind(2) and nothing after it.",
        "Most listings cannot show such sockets at all, and still each of them keeps its port in use; several are unusual.",
    ),
    State.UNCONN: StateText(
        "UNCONN: a datagram socket without a default peer, which takes datagrams from anyone.",
        "The local program bound it, or sent from it; UDP has no listen(2).",
        "Any number of them is normal: it is the ordinary state of a UDP server.",
    ),
    State.CONNECTING: StateText(
        "CONNECTING: a unix socket has asked for a connection that the listener has not accepted yet.",
        "The client called connect(2), and the server is still to call accept(2).",
        "If they grow in number, the server is stuck or overloaded.",
    ),
    State.DELETE_TCB: StateText(
        "DELETE_TCB: Windows is discarding the last data of a connection that is over.",
        "The connection ended, and its control block waits to be freed.",
        "Windows removes them by itself, however many they are.",
    ),
}

UDP_ESTABLISHED = (
    "For UDP, ESTABLISHED means only that the program named a default peer with connect(2): no packet was exchanged for it, "
    "no conversation is kept, and only datagrams from that peer are delivered."
)
UNIX_ESTABLISHED = "ESTABLISHED: this unix socket is joined to a peer on the same machine."
UNKNOWN_STATE = "The source calls its state '{state}', which portsock does not know."
