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
    State.CLOSING: "Without an answer the kernel gives up: once no process holds it after {orphan} resends ({orphan_how}), "
    "before that after about {retries2} ({retries2_how}).",
    State.LAST_ACK: "Without the final acknowledgement it ends after {orphan} resends once no process holds it "
    "({orphan_how}), else after about {retries2} ({retries2_how}).",
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
    "OpenBSD": "OpenBSD keeps it for 60 s, twice its maximum segment lifetime of 30 s.",
    "SunOS": "Solaris keeps it for 60 s by default (tcp_time_wait_interval).",
    "AIX": "AIX keeps it for 15 s by default (tcp_timewait, in units of 15 s).",
    "HP-UX": "HP-UX keeps it for 60 s by default (tcp_time_wait_interval).",
    "Windows": "Windows keeps it for about 2 minutes (TcpTimedWaitDelay in the registry, where it is set).",
}
"""TIME_WAIT on systems other than Linux, by Host.system."""

RFC_TIME_WAIT = "RFC 9293 asks for twice the maximum segment lifetime, 4 minutes, and systems choose less."

EVERYWHERE = frozenset({State.LISTEN, State.CLOSE_WAIT, State.CLOSED, State.BOUND, State.UNCONN, State.CONNECTING})
"""States whose sentence above holds on every system, since only programs end them."""

LINUX_HELD: dict[State, str] = {
    State.FIN_WAIT_1: "A program still holds it: without an answer it ends after about {retries2} ({retries2_how}).",
    State.FIN_WAIT_2: "A program still holds it half-closed, so that there is no limit.",
    State.CLOSING: "A program still holds it, and without an answer its close ends after about {retries2} ({retries2_how}).",
    State.LAST_ACK: "A program still holds it: without the final acknowledgement it ends after about {retries2} "
    "({retries2_how}).",
}
"""Durations of a socket that a process holds."""
LINUX_ORPHANED: dict[State, str] = {
    State.FIN_WAIT_1: "No process holds it, and the kernel gives up after {orphan} unanswered resends ({orphan_how}); "
    "a peer that is alive but refuses to read can prolong it.",
    State.FIN_WAIT_2: "No process holds it, and it is dropped after {fin} ({fin_how}).",
    State.CLOSING: "No process holds it, and the kernel gives up after {orphan} resends without an answer ({orphan_how}).",
    State.LAST_ACK: "No process holds it: without the final acknowledgement it ends after {orphan} resends ({orphan_how}).",
}
"""Durations of a socket that no process holds any more."""

RESENDS_HELD = "with ETIMEDOUT after about {retries2} ({retries2_how})"
RESENDS_ORPHANED = "after {orphan} resends, since no program holds it ({orphan_how})"
