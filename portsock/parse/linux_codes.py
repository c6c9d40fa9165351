"""Numeric codes in Linux's socket tables, which sock_diag and /proc/net share."""

from portsock.model import SocketType, State

TCP_STATES = {
    1: State.ESTABLISHED, 2: State.SYN_SENT, 3: State.SYN_RECV, 4: State.FIN_WAIT_1, 5: State.FIN_WAIT_2,
    6: State.TIME_WAIT, 7: State.CLOSED, 8: State.CLOSE_WAIT, 9: State.LAST_ACK, 10: State.LISTEN,
    11: State.CLOSING, 12: State.SYN_RECV, 13: State.BOUND,
}  # fmt: skip
"""include/net/tcp_states.h; 12 is NEW_SYN_RECV, 13 BOUND_INACTIVE (only in filters: such sockets are listed with 7)."""
DATAGRAM_STATES = {1: State.ESTABLISHED, 7: State.UNCONN}
"""States of UDP and raw sockets."""
DISCONNECTED = frozenset({State.CLOSED, State.BOUND, State.UNCONN})
"""States of code 7: the socket is not connected, though it may keep the address of its last attempt or peer."""
SOCKET_TYPES = {1: SocketType.STREAM, 2: SocketType.DGRAM, 3: SocketType.RAW, 5: SocketType.SEQPACKET}
"""enum sock_type, include/linux/net.h. The BSDs, macOS and Windows number these four the same way."""
PROTOCOL_TYPES = {
    "tcp": SocketType.STREAM, "mptcp": SocketType.STREAM, "raw": SocketType.RAW,
    "udp": SocketType.DGRAM, "udplite": SocketType.DGRAM, "icmp": SocketType.DGRAM,
}  # fmt: skip
"""The socket type of each protocol, where there is only one: SCTP has one-to-one and one-to-many sockets."""
TIMERS = {1: "on", 2: "keepalive", 3: "timewait", 4: "persist"}
"""ss's names of the timers; codes: get_tcp4_sock() in net/ipv4/tcp_ipv4.c, inet_sk_diag_fill() in net/ipv4/inet_diag.c."""
