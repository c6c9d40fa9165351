"""The answer of `check` in words: the verdict, then a line for each violation, then one for each cause of doubt."""

from collections.abc import Iterator, Sequence

from portsock.model import OwnerStatus, State
from portsock.output.text.color import bold, paint
from portsock.output.text.escape import escape
from portsock.policy.types import Result, Status
from portsock.policy.verdict import Verdict, causes, headline

_COLORS = {Status.PASS: State.ESTABLISHED, Status.FAIL: "warning", Status.UNKNOWN: OwnerStatus.HIDDEN}
_NAMED = 5


def policy_answer(found: Verdict, *, ascii_only: bool, color: bool) -> Iterator[str]:
    """Yield the lines."""
    first = escape(headline(found), ascii_only)
    yield f"{bold(first) if color else first}\n"
    several = len(found.hosts) > 1
    for result in found.results:
        if result.status is Status.FAIL:
            yield _line(Status.FAIL, result.host if several else None, result.message, ascii_only, color)
    for (host, cause), results in causes(found).items():
        named = _named(results)
        yield _line(Status.UNKNOWN, host if several else None, f"{named}{cause}", ascii_only, color)


def _line(status: Status, host: str | None, text: str, ascii_only: bool, color: bool) -> str:
    word = f"{status:7}"
    shown = escape(f"{host}: {text}" if host is not None else text, ascii_only)
    return f"{paint(word, _COLORS[status]) if color else word}  {shown}\n"


def _named(results: Sequence[Result]) -> str:
    """Return which sockets or rules a cause is about: '12 sockets (22/tcp, 80/tcp …): '."""
    listeners = [f"{each.listener.port}/{each.listener.protocol}" for each in results if each.listener is not None]
    if not listeners:
        lines = [f"line {each.rule.line}" for each in results if each.rule is not None]
        return f"{_few(lines)}: " if lines else ""
    number = "1 socket" if len(listeners) == 1 else f"{len(listeners)} sockets"
    return f"{number} ({_few(listeners)}): "


def _few(texts: Sequence[str]) -> str:
    named = list(dict.fromkeys(texts))
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return f"{', '.join(named[:_NAMED])}{more}"
