"""Durations of the states, by system. Values in braces are filled in by portsock.explain.sections.durations."""

from portsock.model import State

LINUX: dict[State, str] = {
    State.LISTEN: "It lasts until the program closes it or ends.",
    State.SYN_SENT: "An attempt without any answer is given up after about {syn} ({syn_how}).",
    State.SYN_RECV: "It is dropped after about {synack} ({synack_how}).",
    State.ESTABLISHED: "An idle connection stays for ever; unacknowledged data breaks it after {retries2} or more "
    "({retries2_how}), and keepalive, which each program must ask for, after {keepalive} ({keepalive_how}).",
    State.FIN_WAIT_1: "Once no process holds it, the kernel gives up after {orphan} unanswered resends ({orphan_how}); "
    "a peer that is alive but refuses to read can prolong it.",
    State.FIN_WAIT_2: "Once no process holds it, it is dropped after {fin} ({fin_how}); while a program still holds it "
    "half-closed there is no limit.",
    State.CLOSE_WAIT: "There is no limit: it ends when the program closes the socket, or when the process ends.",
    State.CLOSING: "The kernel gives up after {orphan} resends without an answer ({orphan_how}).",
    State.LAST_ACK: "Without the final acknowledgement it ends after {orphan} resends ({orphan_how}).",
    State.TIME_WAIT: "Linux fixes this at 60 s (TCP_TIMEWAIT_LEN); tcp_fin_timeout does not change it, "
    "and killing a process does not end it.",
    State.CLOSED: "It lasts as long as the program keeps the descriptor.",
    State.BOUND: "It goes on until the program listens, connects or closes.",
    State.UNCONN: "It stays until its last descriptor is closed.",
    State.CONNECTING: "It waits until the server accepts or either end closes.",
    State.DELETE_TCB: "Linux does not have this state.",
}

TIME_WAIT: dict[str, str] = {
    "Darwin": "macOS keeps it for 30 s, twice its maximum segment lifetime of 15 s.",
    "FreeBSD": "FreeBSD keeps it for 60 s by default, twice its maximum segment lifetime of 30 s.",
    "Windows": "Windows keeps it for TcpTimedWaitDelay, which older documentation puts at 120 s by default.",
}
"""TIME_WAIT on systems other than Linux, by Host.system."""

RFC_TIME_WAIT = "RFC 9293 asks for twice the maximum segment lifetime, 4 minutes, and systems choose less."

EVERYWHERE = frozenset({State.LISTEN, State.CLOSE_WAIT, State.CLOSED, State.BOUND, State.UNCONN, State.CONNECTING})
"""States whose sentence above holds on every system, since only programs end them."""
