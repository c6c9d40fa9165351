"""What the packet filter lets in, in words."""

from portsock.reachability import Reachable

ANYONE, THIS_HOST, EVERYBODY, EVERYBODY_ELSE = "anyone", "this host", "everybody", "everybody else"
OVER = "everybody else over {version}"
THROUGH = "{who} through {device}"
MORE_NETWORKS = "{count} networks ({first}, ...)"
MORE_RULES = "others by {count} more rules"
NO_RULE = "; no rule of the packet filter stops it"
LET_IN = "; let in by {rule}"
FATES: dict[Reachable, str] = {
    Reachable.ACCEPT: "{who}",
    Reachable.DROP: "{who} dropped by {rule}",
    Reachable.REJECT: "{who} refused by {rule}",
    Reachable.REDIRECT: "{who} sent on to {to} by {rule}",
    Reachable.UNKNOWN: "{who} not known, for {reasons}",
    Reachable.MIXED: "{who} at some of its addresses only",
}
KERNEL = "the kernel ({why})"
ROUTING = "routing"
UNREAD = "not known: {what} was not read"
NOT_MODELLED = "{expressions} is not modelled"
RULES = "the rules"
LIMITED = "while {limits} is not exceeded"
HERE = "port {port} of this host"
PACKET_FILTER = "By the packet filter: {sentence}."
NOT_LOOKED_AT = (
    "Not looked at: XDP, tc, BPF of control groups, security modules, and what stands between: routers, clouds, the other "
    "host's own filter."
)
