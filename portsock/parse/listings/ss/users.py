"""The list of holders that `ss -p` prints: users:(("nginx",pid=1,fd=6),("nginx",pid=2,fd=6)).

Names are printed raw: they may hold quotes, parentheses, commas, line breaks. What ends one is '",pid=' (or '",' and a number
before iproute2 3.17), so that is searched for from the left, once.
"""

import re

from portsock.records import Holder

_NEW = re.compile(r"(\d{1,10})(?:,[a-z_]{1,12}=[^,()]{0,400}){0,3},fd=(\d{1,10})\)")
"""After '",pid=': the pid, perhaps tid= or contexts (-T, -Z), the descriptor."""
_OLD = re.compile(r'",(\d{1,10}),(\d{1,10})\)')


def split_users(text: str) -> tuple[str, tuple[Holder, ...] | None, str]:
    """(text before the list, its holders or None where there is no list, text after it).

    A list that is not closed gives None, with all the text in front: the row goes on in the next line.
    """
    start = text.find("users:((")
    if start < 0:
        return text, None, ""
    found = _entries(text, start + 7)
    if found is None:
        return text, None, ""
    holders, end = found
    return text[:start], holders, text[end:]


def _entries(text: str, at: int) -> tuple[tuple[Holder, ...], int] | None:
    """The holders from the first '("' on, and where the list ends; None where it breaks off. Linear in the text's length."""
    holders = []
    named = True
    while text.startswith('("', at):
        begin = at + 2
        close = text.find('",pid=', begin) if named else -1
        named = close >= 0
        match = _NEW.match(text, close + 6) if named else _OLD.search(text, begin)
        if match is None:
            return None
        name = text[begin : close if named else match.start()]
        holders.append(Holder(int(match[1]), int(match[2]), name))
        at = match.end() + 1
        if text[at - 1 : at] == ")":
            return tuple(holders), at
    return None
