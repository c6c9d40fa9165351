"""State names of every tool into one enum, and the groups that ss's users know."""

from portsock.model import State

_CANONICAL = {
    "ESTAB": State.ESTABLISHED,
    "SYNSEND": State.SYN_SENT,
    "SYNRCVD": State.SYN_RECV,
    "SYNRCDV": State.SYN_RECV,  # so spelt in lsof's own documentation
    "SYNRECEIVED": State.SYN_RECV,
    "NEWSYNRECV": State.SYN_RECV,
    "TIMEDWAIT": State.TIME_WAIT,
    "LISTENING": State.LISTEN,
    "CLOSE": State.CLOSED,
    "BOUNDINACTIVE": State.BOUND,
    "DELETETCB": State.DELETE_TCB,
    "UNCONNECTED": State.UNCONN,
} | {state.replace("_", ""): state for state in State}

GROUPS: dict[str, frozenset[State]] = {
    "all": frozenset(State),
    "connected": frozenset(State)
    - {State.LISTEN, State.CLOSED, State.BOUND, State.UNCONN, State.CONNECTING, State.DELETE_TCB},
    "synchronized": frozenset(
        {
            State.SYN_RECV,
            State.ESTABLISHED,
            State.FIN_WAIT_1,
            State.FIN_WAIT_2,
            State.CLOSE_WAIT,
            State.CLOSING,
            State.LAST_ACK,
            State.TIME_WAIT,
        }
    ),
    "closing": frozenset(
        {State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSE_WAIT, State.CLOSING, State.LAST_ACK, State.TIME_WAIT}
    ),
    "bucket": frozenset({State.TIME_WAIT, State.SYN_RECV}),
    "big": frozenset(State) - {State.TIME_WAIT, State.SYN_RECV},
}
"""As in ss(8) under STATE-FILTER, whose 'synchronized' has SYN_RECV, too, unlike RFC 9293's; 'closing' is portsock's own:
every state after one side has closed."""


def parse_state(text: str) -> State | None:
    """The state that any tool's spelling means: 'ESTAB', 'time-wait', 'FIN_WAIT2', 'FinWait1', 'SYN_RCVD', 'Listening'.

    None where no tool spells a state so.
    """
    if not text.isascii():  # str.upper makes ASCII letters of some that are not
        return None
    return _CANONICAL.get(text.upper().replace("-", "").replace("_", "").replace(" ", ""))
