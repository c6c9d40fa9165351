"""The list of holders of `ss -p`: users:(("nginx",pid=1,fd=6),("nginx",pid=2,fd=6)).

Names are printed raw: they may contain quotes, parentheses, commas and line breaks. A name ends at the next '",pid=', before
iproute2 3.17 at '",' and a number.
"""

import re

from portsock.records import Holder

_START = "users:("
_PID = '",pid='
_QUOTES = ("“”", "”", "„“", "„”", "«»", "″", "＂", "&quot;", "&#34;", '\\"', '""', "''", "'")
"""What editors, web pages and CSV files make of the quotes: an opening and a closing sign, or one spelling for both."""
_NEW = re.compile(r"(\d{1,10})(?:,[a-z_]{1,12}=[^,()]{0,400}){0,3},fd=(\d{1,10})\)")
"""Behind '",pid=': the pid, perhaps tid= or contexts (-T, -Z), the descriptor."""
_OLD = re.compile(r'",(\d{1,10}),(\d{1,10})\)')


def split_users(text: str) -> tuple[str, tuple[Holder, ...] | None, str]:
    """Return (text before the list, its holders or None for no list, text after it).

    A list that is not closed counts as no list: the row continues in the next line.
    """
    start = text.find(_START + "(")
    if start < 0:
        return text, None, ""
    text = _straighten(text, start + len(_START) + 1)
    holders, end = _entries(text, start + len(_START))
    return (text, None, "") if end is None else (text[:start], holders, text[end:])


def cut_users(text: str) -> tuple[Holder, ...]:
    """Return the holders of a list of which the end is missing."""
    start = text.find(_START + "(")
    return _entries(_straighten(text, start + len(_START) + 1), start + len(_START))[0] if start >= 0 else ()


def _straighten(text: str, at: int) -> str:
    """Return the text with plain quotes, where the first name, which begins at this place, has others or none."""
    first = text[at : at + 1]
    if first == '"' and (text[at + 1 : at + 2] != '"' or text.startswith(_PID, at + 1)):
        return text
    head, tail = text[:at], text[at:]
    marks = next((marks for marks in _QUOTES if tail.startswith(marks if marks.isascii() else marks[0])), None)
    if marks is None:
        return head + ('"' + tail.replace("),(", '),("').replace(",pid=", _PID) if first.isalnum() else tail)
    for mark in (marks,) if marks.isascii() else marks:
        tail = tail.replace(mark, '"')
    return head + tail


def _entries(text: str, at: int) -> tuple[tuple[Holder, ...], int | None]:
    """Return (holders from the first '("' on, end of the list or None for an unfinished one). Takes linear time."""
    holders: list[Holder] = []
    named = True
    while text.startswith('("', at):
        begin = at + 2
        close = text.find(_PID, begin) if named else -1
        named = close >= 0
        match = _NEW.match(text, close + len(_PID)) if named else _OLD.search(text, begin)
        if match is None:
            break
        name = text[begin : close if named else match.start()]
        holders.append(Holder(int(match[1]), int(match[2]), name))
        at = match.end() + 1
        if text[at - 1 : at] == ")":
            return tuple(holders), at
    return tuple(holders), None
