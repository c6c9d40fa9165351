"""The JSON objects of --json and --jsonl in a text that may have several after one another, each of a host.

A document begins with a line of its own, as portsock writes it. Texts in which it does not, such as those of jq, are parsed
as whatever JSON values they have.
"""

from collections.abc import Iterable, Sequence
from itertools import count, groupby
from typing import Any

from portsock.model import Socket
from portsock.parse.listings.json_text import decode, load_all

Object = dict[str, Any]
_Line = str | Socket
"""A line, or the socket that was read of it already."""
_HEADER = '{"record":"header",'
_BEGINNINGS = (_HEADER, '{"schema":"portsock/', '{"schema": "portsock/')
_PLACES = 10**18
"""From here on a number in the text stands for a socket that was read already; no text has such numbers of its own there."""
_EXTRA = "Extra data"
"""What the decoder says of a text that goes on behind its first value."""


def documents(lines: Sequence[_Line]) -> list[Object]:
    """Return the documents. The lines of --jsonl are joined into one. Raises ValueError with a message of one line."""
    starts = [at for at, line in enumerate(lines) if isinstance(line, str) and line.startswith(_BEGINNINGS)]
    if len(starts) < 2:
        return _of_part(lines)
    starts[0] = 0
    found: list[Object] = []
    for first, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        try:
            found += _of_part(lines[first:end])
        except ValueError as error:
            raise ValueError(f"the document that begins in line {first + 1}: {error}") from None
    return found


def _of_part(lines: Sequence[_Line]) -> list[Object]:
    from json import JSONDecodeError

    if lines and isinstance(lines[0], str) and _is_header(lines[0]):
        return _known(_from_lines(lines, None))
    read = [line for line in lines if isinstance(line, Socket)]
    places = count(_PLACES)
    # In the text its place stands for the line of a socket.
    text = "\n".join([line if isinstance(line, str) else f"{next(places)}," for line in lines])
    try:
        found = _of_values([decode(text)], read)
    except JSONDecodeError as error:
        first = ValueError(f"{error.msg}: line {error.lineno} column {error.colno}") if read else error
        several = error.msg == _EXTRA and not _is_record(lines)
        found = _of_values(_values(text, first), read) if several else _from_lines(lines, first)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    return _known(found)


def _values(text: str, error: ValueError) -> list[Any]:
    """Return the JSON values that follow each other. Raises the error where there is anything else."""
    values, unread = load_all(text)
    if unread:
        raise ValueError(str(error))
    return values if isinstance(values, list) else [values]


def _of_values(values: list[Any], read: Sequence[Socket]) -> list[Object]:
    """Return the documents of JSON values: documents, arrays of them (jq -s), records of --jsonl. `read`: see documents()."""
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    values = _in_place(values, read)
    found: list[Object] = []
    for is_whole, group in groupby(values, _is_document):
        alike = list(group)
        found += alike if is_whole else _from_lines(alike, None)
    for document in found if read else ():
        if isinstance(rows := document.get("sockets"), list):
            document["sockets"] = _in_place(rows, read)
    return found


def _in_place(values: Iterable[Any], read: Sequence[Socket]) -> list[Any]:
    """Return the values with each socket in its place."""
    return [read[value - _PLACES] if type(value) is int and 0 <= value - _PLACES < len(read) else value for value in values]


def _is_document(value: object) -> bool:
    """Tell whether a value is a whole answer, and no record of --jsonl."""
    return isinstance(value, dict) and "record" not in value


def _is_header(line: str) -> bool:
    """Tell whether this is the first line of --jsonl. The text is then no document, and need not be tried as one."""
    try:
        return line.startswith(_HEADER) and decode(line).get("record") == "header"
    except (ValueError, RecursionError):
        return False


def _is_record(lines: Sequence[_Line]) -> bool:
    """Tell whether the first line is a whole record of --jsonl."""
    first = next((line for line in lines if isinstance(line, Socket) or line.strip()), "")
    try:
        return isinstance(first, str) and "record" in decode(first)
    except (ValueError, TypeError, RecursionError):
        return False


def _known(found: Sequence[object]) -> list[Object]:
    """Return the documents if all are of a schema that is known, or raise ValueError."""
    known = []
    for document in found:
        schema = document.get("schema") if isinstance(document, dict) else None
        if not isinstance(document, dict) or not isinstance(schema, str) or not schema.startswith("portsock/"):
            raise ValueError("no schema portsock/1")
        if schema != "portsock/1":
            raise ValueError(f"schema {schema[:40]} is not known: only portsock/1 is")
        known.append(document)
    if not known:
        raise ValueError("no schema portsock/1")
    return known


def _from_lines(lines: Iterable[Any], error: ValueError | None) -> list[Object]:
    """Join the lines of --jsonl: texts, objects, and sockets. `error`: to raise where the text is no --jsonl at all."""
    document: Object = {"complete": False}
    found, ended, begun = [document], False, False
    item: Any
    kind: object
    sockets: list[Any] = []
    for number, line in enumerate(lines, 1):
        if sockets and isinstance(line, Socket):  # nearly every line
            sockets.append(line)
            continue
        if isinstance(line, Socket):
            item, kind = line, "socket"
        elif isinstance(line, str) and not line.strip():
            continue
        else:
            item, kind = _record(line, number, error)
        if kind == "header" and begun:
            _end(document, ended)
            document, ended = {"complete": False}, False
            found.append(document)
        if kind in ("header", "end"):
            document |= item
            begun, ended = True, ended or kind == "end"
            sockets = []
        elif isinstance(kind, str):
            rows = _rows(document, "processes" if kind == "process" else f"{kind}s", number)
            rows.append(item)
            if kind == "socket":
                sockets = rows
        else:
            raise ValueError(str(error) if error and number == 1 else f"line {number}: no record")
    _end(document, ended)
    return found


def _rows(document: Object, name: str, number: int) -> list[Any]:
    rows = document.setdefault(name, [])
    if not isinstance(rows, list):
        raise ValueError(f"line {number}: another line has '{name}' already")
    return rows


def _end(document: Object, ended: bool) -> None:
    if not ended:
        document["complete"] = False
        document["notices"] = [{"code": "cut_short", "count": None, "message": "the listing ends before its end record"}]


def _record(line: Any, number: int, error: ValueError | None) -> tuple[Any, object]:
    """Return the object of a line of --jsonl, and what it is."""
    item = line
    if isinstance(line, str):
        try:
            item = decode(line)
        except (ValueError, RecursionError) as wrong:
            raise ValueError(str(error) if error and number == 1 else f"line {number}: {wrong}") from None
    return item, item.pop("record", None) if isinstance(item, dict) else None
