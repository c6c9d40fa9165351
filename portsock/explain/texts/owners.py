"""Reasons why a socket has no known process, or more than one (proc(5), unix(7))."""

from portsock.model import OwnerReason, OwnerStatus

STATUSES: dict[OwnerStatus, str] = {
    OwnerStatus.KNOWN: "Every process could be read, so that these are all of its holders.",
    OwnerStatus.PARTIAL: "There may be more holders, since some processes could not be read.",
    OwnerStatus.HIDDEN: "It has an owner that cannot be seen from here: some processes could not be read.",
    OwnerStatus.NONE: "It has no process, and cannot have one.",
    OwnerStatus.UNHELD: "Every process was read, and none holds it.",
    OwnerStatus.ELSEWHERE: "No process of this PID namespace holds it: one outside does, or the kernel.",
    OwnerStatus.UNREPORTED: "What was read does not say which process holds it; nothing can be concluded from that.",
}

REASONS: dict[OwnerReason, str] = {
    OwnerReason.TIME_WAIT: "The kernel alone keeps a connection in TIME_WAIT, after the program has closed it: "
    "there is nothing to kill, it goes away by itself.",
    OwnerReason.SYN_RECV: "During the handshake the connection belongs to the listener's queue, and no program has it yet.",
    OwnerReason.ORPHANED: "Its program has closed it or ended, and the kernel finishes the conversation alone: "
    "wait, there is nothing to kill.",
    OwnerReason.UNACCEPTED: "The handshake is complete and the listener's program has not called accept(2): "
    "look at the process of the listener.",
    OwnerReason.OTHER_USER: "Its process has other rights than yours, mostly another user's, and only root can read its "
    "descriptors.",
    OwnerReason.NOT_DUMPABLE: "Its process is probably your own (inferred from the uid), but you may not look into it: it was "
    "started with capabilities, set-user-ID or in another user namespace, or has made itself not dumpable (prctl(2)). "
    "Only root can read its descriptors.",
    OwnerReason.HIDEPID: "/proc is mounted with hidepid, which hides other users' processes: "
    "ask as root, or as a member of the group in its gid= option.",
    OwnerReason.DENIED: "The system denies reading that process's descriptors even to this user, as it does for sandboxed "
    "processes.",
    OwnerReason.KERNEL_CANDIDATE: "Probably the kernel itself holds it (inferred): NFS, lockd, WireGuard and VXLAN "
    "have sockets without a process; a descriptor in flight or held by io_uring looks the same.",
    OwnerReason.IN_FLIGHT_CANDIDATE: "Perhaps its descriptor is on its way between two processes (SCM_RIGHTS) or held by "
    "io_uring (inferred).",
    OwnerReason.RACED: "Processes began and ended while they were being read, and one of them may hold it: ask again.",
    OwnerReason.FAILED: "That process's descriptors could not be read, for lack of memory or of free descriptors: ask again.",
    OwnerReason.PIDNS: "This PID namespace is not the host's, as in a container. From here processes outside it cannot be "
    "seen, and they too may use this network namespace, as those of a pod do: look from the host.",
    OwnerReason.NO_PROC: "There is no /proc here, or it shows the processes of another PID namespace, with other "
    "numbers: enter that namespace, too, or mount /proc anew.",
    OwnerReason.NO_COLUMN: "The listing has no column for processes: take it again with an option that shows them.",
}

NESTED = "this PID namespace is pid:[{number}], and the host's is always pid:[4026531836]"
"""Source: PROC_PID_INIT_INO in include/linux/proc_ns.h."""

BOUND_APART = "{name} leads to a socket of a network namespace that was not looked into."
BOUND_SOMEWHERE = "{name} leads to a socket that has another name or is in another network namespace."
PERHAPS_BOUND = "No socket here is known to be bound to {name}; one of another network namespace may be."
ASKED_KERNEL = "{name} exists; connect(2) to it, of a socket that is connected already, fails with {error}"
KEEP_THE_FILE = "Leave the file where it is{further}."
LOOK_FURTHER = ", and repeat the question {how}: then other network namespaces are looked into, too"

WHAT_TO_DO: dict[OwnerReason | None, str] = {
    OwnerReason.DENIED: "Look from outside the sandbox or container: other rights do not help here.",
    OwnerReason.RACED: "Repeat the question.",
    OwnerReason.FAILED: "Repeat the question when the system has more to spare.",
    OwnerReason.NO_PROC: "Repeat the question where /proc belongs to this PID namespace.",
}
"""What to do about a hidden owner; for other reasons LOOK_AS_ROOT."""
LOOK_AS_ROOT = "Repeat the question as root."
UID_STILL_TELLS = "The socket was created by uid {uid}{user}, which may differ from the present holder's."
ONE_SOCKET_MANY = (
    "These are several holders of one and the same socket (one inode): ending one of them does not free the port."
)
NETSTAT_FIRST = "netstat shows only one holder of a socket, so there may be others."
WINDOWS_SYSTEM = (
    "PID 4 on Windows is the kernel ('System'), mostly http.sys or SMB: 'netsh http show servicestate' tells which program "
    "asked for it."
)

KERNEL_USERS: dict[tuple[str, int], tuple[str, str]] = {
    ("tcp", 2049): ("the NFS server", "rpcinfo -p"),
    ("udp", 2049): ("the NFS server", "rpcinfo -p"),
    ("udp", 51820): ("WireGuard", "wg show"),
    ("udp", 4789): ("a VXLAN interface", "ip -d link show type vxlan"),
    ("udp", 8472): ("a VXLAN interface (Linux's old default port, as used by flannel)", "ip -d link show type vxlan"),
    ("udp", 6081): ("a GENEVE interface", "ip -d link show type geneve"),
    ("udp", 1701): ("an L2TP tunnel", "ip l2tp show tunnel"),
    ("tcp", 3260): ("the kernel's iSCSI target", "targetcli ls"),
}
"""(protocol, port) → the kernel's likely user of it, and a command that shows it."""
KERNEL_RPC = ("an RPC service of the kernel, such as lockd", "rpcinfo -p")
"""For other ports without a process."""
