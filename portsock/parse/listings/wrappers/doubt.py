"""Cheap signs that a listing may be wrapped: the wrappers themselves are imported only where there is one."""

import re
from collections.abc import Sequence
from typing import NamedTuple


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


_MARKS = ("&", "</", "<br", "<BR", "<p", "<P", "[/", "|-", "|:-", "| -", "| :-", '",')
_WORDS = re.compile(r"\s(?:(?:tcp|udp)(?:46|[46])?|TCP|UDP|LISTEN\w*|ESTAB\w*|UNCONN|IPv[46]|[A-Z]+_WAIT)(?=\s)")
_HEADER_WORDS = ("Recv-Q", "Local Address", "LOCAL ADDRESS", "local_address", "COMMAND")
_WIDE = 100
_SHIFTED = re.compile(
    r"\S\s*(?:COMMAND +PID +(?!FD)|Netid +State|Proto +(?:Recv-Q|RefCnt|Local)|USER +COMMAND +PID|sl +local_address"
    r"|Num +RefCount|LocalAddress +LocalPort)"
)
"""A header behind something else."""
_FIRST = 20
"""Lines in which a header is looked for."""


def is_doubtful(head: Sequence[str], plain: Attempt) -> bool:
    """Tell by cheap signs whether lines may be wrapped. `plain`: what was read of them as they are."""
    if plain.broken > 1 or is_prefixed(head, plain):
        return True
    text = "\n".join(head)
    return any(mark in text for mark in _MARKS) or any(len(line) > _WIDE and _is_crowded(line) for line in head)


def is_prefixed(head: Sequence[str], plain: Attempt) -> bool:
    """Tell by cheap signs whether there may be something in front of every line."""
    if not plain.rows or plain.unread or plain.dressed:
        return True
    return all(line[:1] in " \t" for line in head if line) or any(map(_SHIFTED.search, head[:_FIRST]))


def _is_crowded(line: str) -> bool:
    words = len(_WORDS.findall(line))
    return words > 2 or (words > 0 and any(word in line for word in _HEADER_WORDS))


def may_be_ansible(head: Sequence[str]) -> bool:
    """Tell by cheap signs whether lines may be output of Ansible."""
    return any(("stdout" in line and '"' in line) or " | rc=" in line or "=> {" in line for line in head)
