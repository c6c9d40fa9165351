"""Whether the calling thread's network namespace has rules at all. Most have none, and need nothing else imported."""

from portsock.sources.linux.netlink import NetlinkRefused, Reader, open_channel
from portsock.sources.system import read_text

_NETLINK_NETFILTER = 12
_GET_TABLE = 10 << 8 | 1
"""NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE: include/uapi/linux/netfilter/nfnetlink.h, nf_tables.h."""
_EVERY_FAMILY = bytes(4)
"""struct nfgenmsg."""


def has_rules(root: str = "/proc") -> bool | None:
    """Tell whether there are tables of nf_tables or of the older x_tables; None where that may not be read.

    `root` is where proc(5) is mounted.
    """
    try:
        with open_channel(_NETLINK_NETFILTER) as opened:
            answer = Reader(opened, _GET_TABLE).read(_EVERY_FAMILY)
    except NetlinkRefused:
        return None
    return bool(answer and answer.bodies) or any(
        map(_has_tables, (f"{root}/thread-self/net/ip{six}_tables_names" for six in ("", "6")))
    )


def _has_tables(path: str) -> bool:
    return bool((read_text(path) or "").strip())
