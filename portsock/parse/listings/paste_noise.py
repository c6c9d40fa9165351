"""Text around a pasted listing: prompts, code fences, quote marks, prefixes of grep, terminal sequences."""

import re

_PROMPT = re.compile(
    r"(?:\([\w.-]{1,80}\)\s?)?"  # a virtual environment
    r"(?:\[?[\w.-]{1,64}@[\w.-]{1,255}[^$#%>❯]{0,255}[$#%>❯]"  # root@web:~#, [dev@web ~]$
    r"|PS [^>]{0,255}>|[A-Za-z]:\\[^>]{0,255}>"  # PowerShell, cmd.exe
    r"|(?:sh|bash|zsh)(?:-\d[\d.]{0,10})?[$#%]"
    r"|[$#%❯])(?:(?:(?<=>)|\s+)(?P<command>\S.*)|\s*)"
)
_PROMPT_ENDS = frozenset("$#%>❯")
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[\w.-]{0,40}\s*")
_RULE = re.compile(r"[\s\-=_*.─━═│┃|+┌┐└┘├┤┬┴┼╭╮╯╰▏▕]*")
"""Lines that separate: grep's '--', Markdown rules, the frames of tmux and of tables."""
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78DMEHc])")
_TMUX = re.compile(r"\[[^\]]{1,60}\]\s+\d+:\S.*")
"""tmux's status line: '[0] 0:bash*  "web" 18:00'."""
_BORDER = re.compile(r"^\s?[│┃|▏]\s?")
_RIGHT_BORDERS = "│┃|▕"
_MARK = re.compile(
    r"^(?:\s{0,8}>\s?){1,4}|^\s{0,6}\d{1,7}[:\-](?=\S|\s)|^[\w./+-]{1,255}:(?=(?:\d{1,7}:)?(?:tcp|udp|raw|unix|LISTEN|ESTAB))"
)
"""Quote marks of mail and Markdown, 'LINE:' and 'FILE:' of grep."""
_END = (
    r"(?:\[[0-9A-Fa-f:.%\w]{2,60}\]|\*|\d{1,3}(?:\.\d{1,3}){3}(?:%[\w.-]{1,16})?|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
    r"[:.](?:\d{1,5}|\*|[a-z][\w-]{1,30})"
)
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}(?::[0-9A-Fa-f]{0,4}){2,7})"
_ROW = re.compile(
    rf"(?:^|(?<=\s)){_END}(?:\s+|->){_END}(?=\s|$)|\b(?:TCP|UDP) {_END}(?: \(|$)"
    rf"|^\s*(?:TCP|UDP|tcp|udp)[46]?\s.*\s{_END}(?=\s|$)"
    rf"|[\t,]{_ADDRESS}[\t,]\d{{1,5}}(?=[\t,]|$)|[\t,]\d{{1,5}}[\t,][\w-]{{0,30}}[\t,]{_ADDRESS}(?=[\t,]|$)"
    rf"|laddr=addr\(|^\s*(?:u_(?:str|dgr|seq)|p_(?:raw|dgr)|nl|v_str) +[A-Z]+ |^\s*unix +\d+ +\["
)
"""Two endpoints in a row, an address and a port in columns of their own, or the beginning of a unix row."""
_LONGEST_DRESSED = 4000
"""Characters of the longest line that may have a prompt or marks."""

_UNPRIVILEGED = ("netstat: showing only processes with your user id", '(no info could be read for "-p"')
_TOOL_MESSAGES = (
    "(not all processes could be identified", "will not be shown, you would have to be root", "netstat: ",
    "active internet connections", "current listen queue sizes", "netstat.exe", "lsof: warning",
    "output information may be incomplete", "cannot open netlink socket", "(no info could be read for", "error: could not",
    "you must be root", "watch: ", "every ",
)  # fmt: skip
"""Beginnings of messages that tools print about themselves, in lower case, without leading spaces."""


def strip_sequences(line: str) -> str:
    """Return the line without terminal control sequences (colours, titles)."""
    return _SEQUENCE.sub("", line)


def is_noise(line: str) -> bool:
    """Tell whether the line is blank, a code fence, a rule, a status line, or a tool's message about itself."""
    text = line.strip()
    if not text or len(text) > 1000:
        return not text
    if _RULE.fullmatch(text) or _FENCE.fullmatch(text) or _TMUX.fullmatch(text):
        return True
    return text.lower().startswith(_TOOL_MESSAGES)


def says_unprivileged(line: str) -> bool:
    """Tell whether the line ends netstat -p's remark that it may not read every process: parentheses that mention root.

    The remark may be in any language. Source: net-tools' netstat.c, busybox's netstat.c.
    """
    text = line.strip().lower()
    if text.startswith(_UNPRIVILEGED):
        return True
    if not text.endswith((")", "\uff09")) or len(text) > 300 or not text.isprintable():
        return False
    return "root" in text and not any("0" <= letter <= "9" for letter in text)


def opens_remark(line: str) -> bool:
    """Tell whether the line may be the first of such a remark: an opening parenthesis, then words without digits."""
    text = line.strip()
    return text[:1] in ("(", "\uff08") and 30 < len(text) < 300 and not any("0" <= letter <= "9" for letter in text)


def looks_like_row(line: str) -> bool:
    """Tell whether a line that no reader understands looks like the row of a socket nevertheless."""
    return len(line) <= _LONGEST_DRESSED and _ROW.search(line) is not None


def has_row_inside(line: str) -> bool:
    """Tell whether two endpoints stand behind other text."""
    found = _ROW.search(line) if len(line) <= _LONGEST_DRESSED else None
    return found is not None and bool(line[: found.start()].strip() or found[0][:1].isspace())


def prompt_command(line: str) -> str | None:
    """Return the command behind a shell prompt, '' for a bare prompt, None for a line without a prompt."""
    if len(line) > _LONGEST_DRESSED or _PROMPT_ENDS.isdisjoint(line):  # true of most rows; skips the search
        return None
    match = _PROMPT.fullmatch(line.strip())
    return None if match is None else match["command"] or ""


def strip_marks(line: str) -> str | None:
    """Return the line without quote marks, grep prefixes or frames, or None where it has none of them."""
    if len(line) > _LONGEST_DRESSED:
        return None
    text = _BORDER.sub("", line)
    end = text.rstrip()
    if end[-1:] and end[-1] in _RIGHT_BORDERS:  # an expression would search every run of blanks from each of its places
        text = end[:-1].rstrip()
    text = _MARK.sub("", text, count=1)
    return text if text != line else None
