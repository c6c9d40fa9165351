"""What the packet filter lets in, in words."""

from portsock.reachability import Reachable

ANYONE = "anyone"
THIS_HOST = "this host"
NOBODY = "nobody"
NO_RULE = "no rule of the packet filter stops it"
LET_IN = "let in by {rule}"
KEPT_OUT: dict[Reachable, str] = {
    Reachable.DROP: "{who} is dropped by {rule}",
    Reachable.REJECT: "{who} is refused by {rule}",
    Reachable.REDIRECT: "{who} is sent to {to} by {rule}",
    Reachable.UNKNOWN: "of {who} it is not known: {reasons}",
    Reachable.MIXED: "{who} reaches some of its addresses only",
}
EVERYBODY_ELSE, EVERYBODY = "everybody else", "everybody"
DROPPED_UNNAMED = "the kernel (routing, rp_filter)"
ONLY = "only {who}"
MORE_NETWORKS = "{count} networks ({first}, ...)"
UNREAD = "before any firewall: not known, as {what} was not read"
LIMITED = "while {limits} is not exceeded"
RULE = "{family} {table} {chain}"
HANDLE = ", handle {handle}"
PACKET_FILTER = "By the packet filter: {sentence}."
NOT_LOOKED_AT = (
    "Not looked at: XDP, tc, BPF of control groups, security modules, and what stands between: routers, clouds, the other "
    "host's own filter."
)
