"""What stands around a listing in a paste: prompts, fences, quote marks, grep's and the terminal's leftovers."""

import re

_PROMPT = re.compile(
    r"(?:\([\w.-]{1,80}\)\s?)?"  # a virtual environment
    r"(?:\[?[\w.-]{1,64}@[\w.-]{1,255}[^$#%>❯]{0,255}[$#%>❯]"  # root@web:~#, [dev@web ~]$
    r"|PS [^>]{0,255}>|[A-Za-z]:\\[^>]{0,255}>"  # PowerShell, cmd.exe
    r"|(?:sh|bash|zsh)(?:-\d[\d.]{0,10})?[$#%]"
    r"|[$#%❯])(?:(?:(?<=>)|\s+)(?P<command>\S.*)|\s*)"
)
_SIGNS = frozenset("$#%>❯")
"""One of them ends every prompt."""
_FENCE = re.compile(r"\s*(?:`{3,}|~{3,})[\w.-]{0,40}\s*")
_RULE = re.compile(r"[\s\-=_*.─━═│┃|+┌┐└┘├┤┬┴┼╭╮╯╰▏▕]*")
"""Separators: grep's '--', Markdown rules, the frames of tmux and of tables."""
_SEQUENCE = re.compile(r"\x1b(?:\[[0-?]{0,32}[ -/]{0,8}[@-~]|\][^\x07\x1b]{0,400}(?:\x07|\x1b\\)|[()][0-9A-B]|[=>78DMEHc])")
_TMUX = re.compile(r"\[[^\]]{1,60}\]\s+\d+:\S.*")
"""tmux's status line: '[0] 0:bash*  "web" 18:00'."""
_BORDER = re.compile(r"^\s?[│┃|▏]\s?|\s*[│┃|▕]\s*$")
_MARK = re.compile(
    r"^(?:\s{0,8}>\s?){1,4}|^\s{0,6}\d{1,7}[:\-](?=\S|\s)|^[\w./+-]{1,255}:(?=(?:\d{1,7}:)?(?:tcp|udp|raw|unix|LISTEN|ESTAB))"
)
"""Quote marks of mail and Markdown, 'LINE:' and 'FILE:' of grep."""

_UNPRIVILEGED = ("netstat: showing only processes with your user id", '(no info could be read for "-p"')
_NOTES = (
    "(not all processes could be identified",
    "will not be shown, you would have to be root",
    "netstat: ",
    "active internet connections",
    "current listen queue sizes",
    "netstat.exe",
    "lsof: warning",
    "output information may be incomplete",
    "cannot open netlink socket",
    "(no info could be read for",
    "error: could not",
    "you must be root",
    "watch: ",
    "every ",
)
"""How lines begin (after spaces, lower case) that tools print about themselves."""


def without_sequences(line: str) -> str:
    """The line without terminal control sequences (colours, titles)."""
    return _SEQUENCE.sub("", line)


def is_noise(line: str) -> bool:
    """Whether the line is blank, a fence, a rule, a status line, or what a tool says about itself."""
    text = line.strip()
    if not text or len(text) > 1000:
        return not text
    if _RULE.fullmatch(text) or _FENCE.fullmatch(text) or _TMUX.fullmatch(text):
        return True
    return text.lower().startswith(_NOTES)


def says_unprivileged(line: str) -> bool:
    """Whether the line ends what netstat -p says in any language where it may not read every process: a remark in parentheses
    about being root. net-tools' netstat.c, busybox's netstat.c."""
    text = line.strip().lower()
    if text.startswith(_UNPRIVILEGED):
        return True
    if not text.endswith((")", "\uff09")) or len(text) > 300 or not text.isprintable():
        return False
    return "root" in text and not any("0" <= letter <= "9" for letter in text)


def opens_remark(line: str) -> bool:
    """Whether the line may be the first of such a remark: an opened parenthesis, and words."""
    text = line.strip()
    return text[:1] in ("(", "\uff08") and 30 < len(text) < 300 and not any("0" <= letter <= "9" for letter in text)


def prompt(line: str) -> str | None:
    """The command echoed behind a shell prompt, '' for a bare prompt, None where the line begins with none."""
    if len(line) > 4000 or _SIGNS.isdisjoint(line):  # most lines of a listing have none of them, and need no search
        return None
    match = _PROMPT.fullmatch(line.strip())
    return None if match is None else match["command"] or ""


def undressed(line: str) -> str | None:
    """The line without quote marks, grep prefixes or the terminal's borders; None where it has none of them."""
    if len(line) > 4000:
        return None
    text = _MARK.sub("", _BORDER.sub("", line), count=1)
    return text if text != line else None
