"""Whether the calling thread's network namespace has rules at all. Most have none, and need nothing else imported."""

import errno

from portsock.parse.netlink.message import GarbledMessage, request, spans
from portsock.sources.linux.netlink import NetlinkRefused, open_channel
from portsock.sources.system import read_text

_NETLINK_NETFILTER = 12
_GET_TABLE = 10 << 8 | 1
"""NFNL_SUBSYS_NFTABLES, NFT_MSG_GETTABLE: include/uapi/linux/netfilter/nfnetlink.h, nf_tables.h."""
_EVERY_FAMILY = bytes(4)
"""struct nfgenmsg."""
_BUFFER = 1 << 15
"""Bytes of the first batch, which shows whether there are tables. The buffer of a whole dump takes longer to make."""
_REFUSED = {errno.EPERM, errno.EACCES}


def has_rules(root: str = "/proc") -> bool | None:
    """Tell whether there are tables of nf_tables or of the older x_tables; None where that may not be read.

    `root` is where proc(5) is mounted.
    """
    try:
        with open_channel(_NETLINK_NETFILTER) as opened:
            opened.send(request(_GET_TABLE, _EVERY_FAMILY, 1))
            data = opened.recv(_BUFFER)
        bodies, end = spans(data, 0, len(data), 1)
    except NetlinkRefused as error:
        return None if getattr(error.__cause__, "errno", None) in _REFUSED else _has_legacy(root)
    except (OSError, GarbledMessage):
        return None
    if end.errno in _REFUSED:
        return None
    return bool(bodies) or _has_legacy(root)


def _has_legacy(root: str) -> bool:
    names = (read_text(f"{root}/thread-self/net/ip{six}_tables_names") for six in ("", "6"))
    return any(text is not None and text.strip() for text in names)
