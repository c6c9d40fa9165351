"""Parts of findings that depend on the evidence: the cause, and what to do about it. Values in braces come from the rules."""

RESENT_TO_NOBODY = " The peer's window is closed: its program does not read."
RESENT_UNANSWERED = " They were sent again {again} without an answer: the path or the peer is gone."

SHARED_BY_LISTENERS = (
    "On Linux that takes SO_REUSEPORT on each of them, set by one user: TCP connections are spread by a hash, and a member "
    "that ends loses what waits in its queue."
)
SHARED_BY_ONE_LISTENER = (
    "One of them listens. On Linux that takes SO_REUSEPORT on each of them, or SO_REUSEADDR on each if all were bound before "
    "one listened."
)
SHARED_BY_BOUND = (
    "None of them listens: on Linux that takes only SO_REUSEADDR, or SO_REUSEPORT, on each of them. The second to call "
    "listen(2) fails with EADDRINUSE unless each has SO_REUSEPORT."
)
SHARED_BY_DATAGRAMS = "On Linux that takes SO_REUSEADDR on each of them, or SO_REUSEPORT on each, set by one user."

SHARED_ONE_SERVES = "Every client reaches the socket that listens; the others get nothing."
SHARED_NONE_SERVES = "Clients are refused until one of them listens."
SHARED_TCP = "Intended for the workers of one service; if the programs differ, each of them gets a part of the clients."
SHARED_UDP = (
    "Each multicast or broadcast datagram reaches all of them, which is what mDNS and the like need. "
    "A unicast one reaches only one: by a hash with SO_REUSEPORT, else the socket that was bound last."
)
SHARED_UDP_UNICAST = "A datagram reaches only one of them: by a hash with SO_REUSEPORT, else the socket that was bound last."

DROPS_FULL = ", for its receive buffer was full"
DROPS_FULL_DETAIL = "{evidence} The program reads too slowly, or too much comes at once."
DROPS_FULL_REMEDY = "The program must read faster, or ask for a larger buffer (SO_RCVBUF, net.core.rmem_max)."
DROPS_NOT_FULL = ", though no receive buffer was full"
DROPS_NOT_FULL_DETAIL = (
    "A filter of the socket (SO_ATTACH_FILTER, SO_ATTACH_BPF) dropped what had no wrong checksum ({checksums}, InCsumErrors). "
    "In this network namespace none was dropped for want of room (RcvbufErrors 0)."
)
DROPS_NOT_FULL_REMEDY = "A larger buffer does not help; look at the filter that the program attached."
DROPS_UNKNOWN_DETAIL = "This counts a full receive buffer, a wrong checksum and the socket's own filter alike{counters}."
DROPS_UNKNOWN_REMEDY = "Ask again while datagrams come, and compare UdpRcvbufErrors in 'nstat -az'."

SYN_FULL = ", as many as its limit of {limit}"
SYN_STALE = ": {stale} have had no reply to the answer for more than a second"
SYN_FORGED = (
    "They come from {senders} addresses, none of which completes the handshake: forged senders (a SYN flood), unless the way "
    "back to all of them is lost. This host is the victim: stopping the program only helps the attack."
)
SYN_ONE_SENDER = (
    "All are from {sender}. The answers do not reach it, or its replies do not come back: a route or a filter on the way, "
    "or somebody sends in its name."
)
SYN_LOAD = "None of them is older than a second, so that the senders do answer: this is load."
SYN_AGE_UNKNOWN = "The listing does not say how long they have waited: under load so many are ordinary for a round trip."
SYN_REMEDY_AGE_UNKNOWN = "List them with 'ss -tno state syn-recv': resends show those whose senders do not reply."
SYN_COOKIES = " SYN cookies answer what does not fit{sent}, so that genuine clients still get in."
SYN_NO_COOKIES = " net.ipv4.tcp_syncookies is 0: what does not fit is dropped."
SYN_REMEDY_LOAD = "Give listen(2) a larger backlog, and raise net.core.somaxconn to match."
SYN_REMEDY_COOKIES_OFF = "Set net.ipv4.tcp_syncookies=1."
SYN_REMEDY_FORGED = "Filter in front of this host; leave the program running."
SYN_REMEDY_PATH = "Look at the route back (ip route get {sender}) and at filters on the way."
