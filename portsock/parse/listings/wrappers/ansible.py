"""Output of Ansible: the listings of one or several hosts, as JSON of a callback or as text of an ad-hoc command.

https://docs.ansible.com/ansible/latest/collections/ansible/posix/json_callback.html
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from portsock.parse.listings.json_text import decode

_HOST = re.compile(
    r"(?P<host>\S{1,255}) \| [A-Z]{2,20}!?(?: \| rc=-?\d{1,9})?(?: \| \(stdout\) | (?P<sign>>>|=>) ?)(?P<rest>.*)"
    r"|(?:ok|changed|fatal|failed): \[(?P<named>[^\]\s]{1,255})[^\]]{0,255}\](?: \(item=.{0,200}?\))?:? ?(?:[A-Z]{2,20}! )?"
    r"=> (?P<value>\{.*)"
)
"""'web1 | CHANGED | rc=0 >>', 'web1 | SUCCESS => {', 'ok: [web1] => {'."""
_OUTPUT = re.compile(r'"(?:[\w.-]{1,100}\.)?stdout(?:_lines)?"\s*:')
_DEEPEST = 20
"""Levels of JSON that are searched."""

Part = tuple[str | None, list[str]]
"""A host, None where the text does not name it, and the lines of its listing."""


def is_ansible(head: Sequence[str]) -> bool:
    """Tell whether a text that begins with these lines is output of Ansible."""
    first = next((line for line in head if line.strip()), "").lstrip()
    if first[:1] in ("{", "["):
        return any("stdout" in line and _OUTPUT.search(line) for line in head)
    return any(("|" in line or "=> {" in line) and _HOST.match(line) for line in head)


def parts(lines: Iterable[str]) -> tuple[list[Part], int]:
    """Return the listing of each host, and the number of hosts without output. Raises ValueError where JSON is broken."""
    text = list(lines)
    if next((line for line in text if line.strip()), "").lstrip()[:1] in ("{", "["):
        found = list(_documents("\n".join(text), None))
    else:
        found = list(_sections(text))
    merged: dict[str | None, list[str]] = {}
    for host, listing in found:
        merged.setdefault(host, []).extend([*listing, ""] if any(map(str.strip, listing)) else [])
    given: list[Part] = [(host, listing) for host, listing in merged.items() if listing]
    return given, len(merged) - len(given)


def _sections(lines: Iterable[str]) -> Iterator[Part]:
    """Yield the listing under each line that names a host."""
    host: str | None = None
    held: list[str] = []
    is_json = False
    for line in lines:
        found = _HOST.fullmatch(line) if "|" in line or "=> {" in line else None
        if found is None:
            held.append(line)
            continue
        yield from _part(host, held, is_json)
        host = found["host"] or found["named"]
        is_json = found["sign"] == "=>" or found["host"] is None
        rest = found["rest"] or found["value"] or ""
        held = [rest] if is_json or found["sign"] else rest.replace("\\r", "").split("\\n")
    yield from _part(host, held, is_json)


def _part(host: str | None, lines: list[str], is_json: bool) -> Iterator[Part]:
    if is_json:
        yield from _documents("\n".join(lines), host)
    elif host is not None or any(map(str.strip, lines)):
        yield host, lines


def _documents(text: str, host: str | None) -> Iterator[Part]:
    from json import JSONDecodeError

    try:
        yield from _outputs(decode(text), host, 0)
    except JSONDecodeError as error:
        where = "" if host is None else f" of {host}"
        raise ValueError(f"the JSON{where} is broken in its line {error.lineno}: {error.msg}") from None


def _outputs(value: Any, host: str | None, depth: int) -> Iterator[Part]:
    """Yield the standard output of every task in a JSON value."""
    if depth > _DEEPEST:
        return
    if isinstance(value, list):
        for item in value:
            yield from _outputs(item, host, depth + 1)
    if not isinstance(value, dict):
        return
    output = _output(value)
    if output is not None:
        yield host, output
    elif value.get("unreachable") is True or value.get("failed") is True:
        yield host, []
    for key, item in value.items():
        if key == "hosts" and isinstance(item, dict):
            for name, result in item.items():
                yield from _outputs(result, name, depth + 1)
        elif isinstance(item, dict | list):
            yield from _outputs(item, host, depth + 1)


def _output(result: dict[str, Any]) -> list[str] | None:
    """Return the lines that a command wrote, from 'stdout' or 'stdout_lines', whichever is there."""
    for key, item in result.items():
        if not key.endswith(("stdout", "stdout_lines", "msg")):
            continue
        if isinstance(item, list) and item and all(isinstance(line, str) for line in item):
            return [part for line in item for part in line.split("\n")]
        if isinstance(item, str) and key.endswith("stdout"):
            return item.replace("\r", "").split("\n")
    return None
