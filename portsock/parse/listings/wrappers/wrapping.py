"""Wrapped lines: rows and headers that a mail or a terminal broke in two, and several rows that came to stand on one line."""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise

from portsock.parse.listings import paste_noise
from portsock.parse.listings.wrappers.doubt import HEADER_REST

_STATES = (
    r"LISTEN(?:ING)?|ESTAB(?:LISHED)?|(?:TIME|CLOSE)[_-]WAIT|SYN[_-](?:SENT|RECV)|FIN[_-]WAIT-?[12]|LAST[_-]ACK|CLOSING|UNCONN"
)
_ROW = (
    rf"(?:(?:tcp|udp|raw|sctp|udplite|mptcp|dccp|icmp6?|u_str|u_dgr|u_seq|nl|p_raw|p_dgr|v_str)(?:46|[46])?\s+"
    rf"(?:(?:{_STATES})\s+)?\d+\s+\d+\s"  # ss, netstat
    rf"|unix\s+\d+\s+\[|(?:{_STATES})\s+\d+\s+\d+\s+\S+:"  # unix rows of netstat, ss of one protocol
    r"|(?:TCP|UDP)(?:v6)?\s+\S+:[\d*]+\s+\S+:[\d*]"  # Windows
    r"|\d+:\s[0-9A-F]{8,32}:[0-9A-F]{4}\s"  # /proc/net
    r"|[^\s=]\S*\s+\d+\s+(?:\d+\s+)?\S+\s+(?:\d+[rwu-]?\w?|cwd|rtd|txt|mem)"
    r"\s+(?:IPv[46]|unix|sock|pack|netlink|raw6?|a_inode|[A-Z]{3,6})\s"  # lsof
    r"|\S+\s+\S+\s+\d+\s+\d+\s+(?:tcp|udp)(?:46|[46])\s)"  # sockstat
)
_ROW_START = re.compile(_ROW)
_STATE_START = re.compile(rf"\s*(?:{_STATES})\s")
_ROW_INSIDE = re.compile(rf"(?<=\s){_ROW}")
_HEADER = (
    r"Netid\s+State|State\s+Recv-Q|Recv-Q\s+Send-Q\s+Local|Proto\s+(?:Recv-Q|RefCnt|Local)|COMMAND\s+PID|USER\s+COMMAND"
    r"|Active |sl\s+local_address|LocalAddress\s+LocalPort|Num\s+RefCount"
)
_HEADER_START = re.compile(_HEADER)
_HEADER_INSIDE = re.compile(r"(?<=\s)(?:Netid\s+State|Proto\s+(?:Recv-Q|RefCnt|Local)|USER\s+COMMAND|Active [A-Z])")
_REST = re.compile(
    rf"\s*(?:(?:{_STATES}|Address:Port|Process|Peer|Foreign|State|PID(?:/Program)?|Program|NAME|off|on|keepalive|retrnsmt|timeout|inode|uid|ref|pointer|drops)(?=\s|$)"
    r"|users:\(\(|timer:\(|(?:ino|sk|uid|cgroup):\S|\(\w+\)|-\s*$|[/@]\S*\s*$|name +Path"
    r"|\d+(?:/\S+|\s*$|\s+[\da-f-]+(?=\s|$))|\S*[:.](?:\d+|\*)(?=\s|$|->))"
)
"""The beginning of the second half of a row or of a header."""
_PROGRAM = re.compile(r"(?<=\s)\[(?:[^\[\]]{1,100}\.exe|System)\](?=\s|$)", re.IGNORECASE)
"""The program that Windows prints below a row."""
_LSOF_HEADER = re.compile(r"\bCOMMAND {1,40}PID ")
_SHORTEST = 70
"""Characters that a line with several rows has at least."""
_NARROWEST = 60
"""Columns of the narrowest terminal."""
_MOST_JOINED = 8
"""Lines over which one row may be broken."""
_LONGEST_ROW = 4000
_LONGEST_TAIL = 400

Joiner = Callable[[Iterable[str]], Iterator[str]]


def has_several_rows(line: str) -> bool:
    """Tell whether a line has more than one row, or a header and a row."""
    if len(line) < _SHORTEST:
        return False
    text = line.lstrip()
    starts = _ROW_START.match(text) is not None or _HEADER_START.match(text) is not None
    rows = len(_ROW_INSIDE.findall(line))
    return rows + starts > 1 or (starts and _HEADER_INSIDE.search(line) is not None and any(map(str.isdigit, line)))


def split_rows(lines: Iterable[str]) -> Iterator[str]:
    """Yield each of the rows and headers that stand on one line on a line of its own."""
    for line in lines:
        if not has_several_rows(line):
            yield line
            continue
        starts = {found.start() for pattern in (_ROW_INSIDE, _HEADER_INSIDE, _PROGRAM) for found in pattern.finditer(line)}
        at = 0
        for end in [*sorted(starts), len(line)]:
            if line[at:end].strip():
                yield line[at:end].rstrip()
            at = end


def joiners(head: Sequence[str]) -> Iterator[tuple[Joiner, bool]]:
    """Yield what joins the broken lines of a text, and whether they are certainly broken.

    A terminal breaks all lines at its right edge, a mail breaks them at a space.
    """
    broken = [len(line) for line, after in pairwise(head) if _is_start(line) and _may_follow(line, after)]
    if not broken:
        return
    width, often = Counter(broken).most_common(1)[0]
    starts = sum(map(_is_start, head))
    tails = [after for line, after in pairwise(head) if _is_start(line) and _may_follow(line, after)]
    mail = sum(_REST.match(tail) is not None for tail in tails) * 2 > len(tails)  # a terminal cuts anywhere
    if not mail and often == len(broken) > 1 and often * 2 >= starts and width >= _NARROWEST and width == max(map(len, head)):
        yield lambda lines: _joined(lines, width, ""), True
    broken_header = any(is_header(line) and HEADER_REST.match(after) for line, after in pairwise(head))
    yield lambda lines: _joined(lines, None, " "), broken_header


def _joined(lines: Iterable[str], width: int | None, between: str) -> Iterator[str]:
    """Yield the rows and headers with the lines in which they go on, and a blank line in place of each of those lines.

    A line goes on in the next one if it is as long as `width`, or without a width if the next one begins like half a row.
    """
    held: str | None = None
    last = count = 0
    for line in lines:
        if held is not None:
            goes_on = _REST.match(line) is not None if width is None else last == width
            if goes_on and count < _MOST_JOINED and len(held) < _LONGEST_ROW and _may_follow(held, line):
                held += between + line
                last = len(line)
                count += 1
                continue
            yield held
            yield from [""] * count
            held, count = None, 0
        if _is_start(line):
            held, last = line, len(line)
        else:
            yield line
    if held is not None:
        yield held


def is_header(line: str) -> bool:
    """Tell whether the line begins with the words of a header."""
    return _HEADER_START.match(line[:1000].lstrip()) is not None


def has_lsof_header(line: str) -> bool:
    """Tell whether lsof's header is in the line."""
    return _LSOF_HEADER.search(line) is not None


def _is_start(line: str) -> bool:
    text = line[:1000].lstrip()
    return _ROW_START.match(text) is not None or _HEADER_START.match(text) is not None


def _may_follow(held: str, line: str) -> bool:
    """Tell whether a row may go on in this line. Neither a header nor a row that begins with a state goes on with a state."""
    return _is_tail(line) and not (_STATE_START.match(line) and (_STATE_START.match(held) or is_header(held)))


def _is_tail(line: str) -> bool:
    text = line.strip()
    return (
        0 < len(text) < _LONGEST_TAIL
        and not _is_start(line)
        and not paste_noise.has_row_inside(text)  # a row with an error in it
        and not paste_noise.is_noise(line)
        and paste_noise.prompt_command(line) is None
    )
