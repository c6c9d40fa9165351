"""Cheap signs that a listing may be wrapped: the wrappers themselves are imported only where there is one."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from portsock.parse.listings.paste_noise import looks_like_row


class Attempt(NamedTuple):
    """What the readers make of some lines."""

    rows: int
    unread: int
    broken: int
    """Rows with a name that goes over the end of a line: it is odd, or a terminal broke the line."""

    dressed: int
    """Lines that were read only without a mark in front of them."""

    @property
    def value(self) -> int:
        return self.rows - self.unread - self.broken


_MARKS = ("&", "</", "<br", "<BR", "<p", "<P", "[/", "|-", "|:-", "| -", "| :-", "`", "│", "┃", '\n"')
_END = re.compile(
    r"(?:\d\.\d{1,3}:|\]:|\*[:.]|::[:.]?|(?:\d{1,3}\.){4})(?:\d{1,5}|\*)(?=\s|->|$)|[0-9A-F]{8}:[0-9A-F]{4}(?=\s)"
)
"""The end of an address with a port."""
_TYPE = re.compile(
    r"(?:^|\s)(?:IPv[46]|unix|sock|pack|netlink|raw6?|(?:tcp|udp)[46]{0,2}|stream|dgram|seqpac)(?=\s)"
    r"|[0-9a-f]{8,16}: [0-9A-F]{8} "
)
"""A word that a row has once."""
_WITH_PORTS = frozenset({"tcp", "tcp4", "tcp6", "tcp46", "udp", "udp4", "udp6", "udp46"})
"""Such words that other texts have as well, without endpoints."""
_MOST_ENDS = 3
_HEADER_WORDS = (
    "Recv-Q",
    "Local Address",
    "Local address",
    "LOCAL ADDRESS",
    "local_address",
    "COMMAND ",
    "RefC",
    "LocalAddress",
    "Groups ",
)
_MOST_DIGITS = 4
"""Digits that a header has at most: 'IPv4'."""
_MARGINS = ("   ", "\t")
_WIDE = 70
"""Columns of the shortest line that may have several rows."""
_NARROWEST = 60
"""Columns of the narrowest terminal."""
_SHIFTED = re.compile(
    r"\S\s*(?:COMMAND +PID +(?!FD)|Netid +State|Proto +(?:Recv-Q|RefCnt|Local)|USER +COMMAND +PID|sl +local_address"
    r"|Num +RefCount|LocalAddress +LocalPort)"
)
"""A header behind something else."""
HEADER_REST = re.compile(
    r"\s*(?:Address:Port|Peer|Process|retrnsmt|uid|timeout|inode|Foreign|State(?! +Recv)|PID|Program|NODE|NAME)(?: |$)\D*$"
)
"""The rest of a header that was broken in two."""
_FIRST = 20
"""Lines in which a header is looked for."""


def is_doubtful(head: Sequence[str], plain: Attempt) -> bool:
    """Tell by cheap signs whether lines may be wrapped. `plain`: what was read of them as they are."""
    if is_prefixed(head, plain) or is_cut(head):
        return True
    text = "\n" + "\n".join(head)
    return any(mark in text for mark in _MARKS) or any(map(is_crowded, head))


def is_prefixed(head: Sequence[str], plain: Attempt) -> bool:
    """Tell by cheap signs whether there may be something in front of every line."""
    if not plain.rows or plain.unread or plain.dressed or plain.broken:
        return True
    return all(line.startswith(_MARGINS) for line in head if line) or any(map(_SHIFTED.search, head[:_FIRST]))


def is_cut(head: Sequence[str]) -> bool:
    """Tell whether a header goes on in the next line, or several lines end in the same last column."""
    if any(map(HEADER_REST.match, head[:_FIRST])):
        return True
    width = max(map(len, head), default=0)
    if width < _NARROWEST:
        return False
    tails = [after for line, after in pairwise(head) if len(line) == width > len(after) > 0]
    return len(tails) > 1 and not all(map(looks_like_row, tails))


def is_crowded(line: str) -> bool:
    """Tell whether a line has more than one row, or a header and a row."""
    if len(line) < _WIDE:
        return False
    ends, types = len(_END.findall(line)), [found.strip() for found in _TYPE.findall(line)]
    if ends > _MOST_ENDS or (len(types) > 1 and (ends > 1 or not _WITH_PORTS.issuperset(types))):
        return True
    return any(word in line for word in _HEADER_WORDS) and sum(map(str.isdigit, line)) > _MOST_DIGITS


def may_be_ansible(head: Sequence[str]) -> bool:
    """Tell by cheap signs whether lines may be output of Ansible."""
    return any(("stdout" in line and '"' in line) or " | rc=" in line or "=> {" in line for line in head)
