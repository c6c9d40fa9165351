"""JUnit's XML, which CI systems read: a test suite for each host, a test case for each socket and each required rule.

A violation is a failure; what could not be judged is an error, which no CI system takes for a pass.
"""

import re
from collections.abc import Iterator, Sequence
from xml.sax.saxutils import quoteattr

from portsock.output.text.escape import escape
from portsock.policy.types import Result, Status
from portsock.policy.verdict import Verdict, headline
from portsock.policy.words import place

_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit(found: Verdict) -> Iterator[str]:
    """Yield the document."""
    yield '<?xml version="1.0" encoding="UTF-8"?>\n'
    yield f"<testsuites name={_text(headline(found))} {_counts(found.results)}>\n"
    by_host: dict[str | None, list[Result]] = {host: [] for host in found.hosts}
    for result in found.results:
        by_host.setdefault(result.host, []).append(result)
    for host, results in by_host.items():
        name = f"{found.name} on {host}" if host is not None else found.name
        yield f"<testsuite name={_text(name)} {_counts(results)}>\n"
        for result in results:
            yield _case(result, found.name)
        yield "</testsuite>\n"
    yield "</testsuites>\n"


def _case(result: Result, policy: str) -> str:
    if result.listener is not None:
        name = place(result.listener)
    else:
        name = f"line {result.rule.line}: {result.rule.words}" if result.rule is not None else result.message
    line = f" line={_text(str(result.rule.line))}" if result.rule is not None else ""
    start = f"<testcase name={_text(name)} classname={_text(result.host or policy)} file={_text(policy)}{line}"
    if result.status is Status.PASS:
        return f"{start}/>\n"
    kind = "failure" if result.status is Status.FAIL else "error"
    text = result.message if result.cause is None or result.cause in result.message else f"{result.message}; {result.cause}"
    return f"{start}><{kind} message={_text(text)}/></testcase>\n"


def _counts(results: Sequence[Result]) -> str:
    failed, unknown = (sum(each.status is status for each in results) for status in (Status.FAIL, Status.UNKNOWN))
    return f'tests="{len(results)}" failures="{failed}" errors="{unknown}"'


def _text(text: str) -> str:
    """Return an attribute's value in quotes."""
    return quoteattr(_NOT_XML.sub("?", escape(text)))
