"""Write an answer as JSON: one document, or one object a line. The text is ASCII, so that it is valid in any encoding."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from portsock.model import Port, Snapshot, Socket
from portsock.normalize.order import in_order
from portsock.normalize.processes import ProcessRow
from portsock.output.context import Context
from portsock.output.json.envelope import envelope
from portsock.output.json.objects import Objects
from portsock.output.json.processes import Named, Object, add_named, named_processes, process_object
from portsock.output.json.sockets import SocketTexts
from portsock.output.json.strings import encodable

if TYPE_CHECKING:
    from portsock.explain.types import Explanation

_CHUNK = 100
"""Objects in one chunk of text: about as much as a pipe takes at once, and little enough to stay in the processor's cache."""

RECORDS = {"ports": "port", "sockets": "socket", "procs": "proc", "explanations": "explanation", "processes": "process"}
"""The word in `record` of each array's objects in JSON Lines."""

dumps: Callable[[Any], str] = JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
"""Return JSON text without spaces. Raises ValueError for infinity and NaN, which JSON does not have."""


def answer(
    command: str, snapshot: Snapshot, rows: Sequence[Socket | Port | ProcessRow], context: Context, lines: bool
) -> Iterator[str]:
    """Yield the answer of `ports`, `sockets` or `procs` in chunks of text: a document, or with `lines` JSON Lines."""
    write = json_lines if lines else document
    named: Named = {}
    pieces = _pieces(rows, context, RECORDS[command] if lines else None, named)
    processes = _processes(named, context, RECORDS["processes"] if lines else None)
    return write(envelope(command, snapshot), {command: pieces, "processes": processes})


def explanations(answers: "Sequence[Explanation]", snapshot: Snapshot, context: Context) -> Iterator[str]:
    """Yield the answer of `explain` in chunks of text."""
    named: Named = {}
    texts = (_explanation(answer, context, named) for answer in answers)
    return document(envelope("explain", snapshot), {"explanations": texts, "processes": _processes(named, context, None)})


def _explanation(answer: "Explanation", context: Context, named: Named) -> Iterator[str]:
    """Yield the object of one target in parts: it may have a hundred thousand sockets."""
    from portsock.output.json.explanations import explanation_json

    sockets = SocketTexts(context, dumps, named)
    shown = in_order(answer.sockets)
    made = explanation_json(answer._replace(sockets=()), Objects(context), encodable)
    keys = list(made)
    at = keys.index("sockets")
    yield dumps({key: made[key] for key in keys[:at]})[:-1] + ',"sockets":['
    for begin in range(0, len(shown), _CHUNK):
        yield "," * bool(begin) + ",".join(map(sockets.text, shown[begin : begin + _CHUNK]))
    yield "]," + dumps({key: made[key] for key in keys[at + 1 :]})[1:]


def document(head: Object, arrays: Mapping[str, Iterable[str | Iterator[str]]]) -> Iterator[str]:
    """Yield one JSON document: the keys of `head`, then each array, whose pieces are one or more objects, or parts of one."""
    yield dumps(head)[:-1]
    for name, pieces in arrays.items():
        yield f",\n{dumps(name)}:["
        separator = "\n"
        for piece in pieces:
            yield separator
            yield from (piece,) if isinstance(piece, str) else piece
            separator = ",\n"
        yield "]"
    yield "}\n"


def json_lines(head: Object, arrays: Mapping[str, Iterable[str | Iterator[str]]]) -> Iterator[str]:
    """Yield JSON Lines: a header, the lines of each array, an end with `complete` and `notices`."""
    closing = {name: head[name] for name in ("complete", "notices")}
    opening = {name: value for name, value in head.items() if name not in closing}
    yield dumps({"record": "header"} | opening) + "\n"
    for pieces in arrays.values():
        for piece in pieces:
            yield from (piece,) if isinstance(piece, str) else piece
    yield dumps({"record": "end"} | closing) + "\n"


def _joined(texts: Iterable[str], record: str | None) -> str:
    """Return objects as one piece: separated as in an array, or with their `record` as JSON Lines."""
    if record is None:
        return ",\n".join(texts)
    start = f'{{"record":"{record}",'
    return "".join([f"{start}{text[1:]}\n" for text in texts])


def _pieces(
    rows: Sequence[Socket | Port | ProcessRow], context: Context, record: str | None, named: Named
) -> Iterator[str | Iterator[str]]:
    """Yield the rows in pieces; add the processes that they name to `named`."""
    sockets = SocketTexts(context, dumps, named)
    objects = Objects(context)

    def text(row: Port | ProcessRow) -> str:
        for socket in row.sockets:
            add_named(named, socket)
        return dumps(objects.port(row) if isinstance(row, Port) else objects.proc(row))

    text_of: Callable[[Any], str] = sockets.text if rows and isinstance(rows[0], Socket) else text
    for begin in range(0, len(rows), _CHUNK):
        some = rows[begin : begin + _CHUNK]
        if any(isinstance(row, ProcessRow) and len(row.sockets) > _CHUNK for row in some):
            for row in some:
                assert isinstance(row, ProcessRow)
                yield _large(row, objects, record, named)
        else:
            yield _joined(map(text_of, some), record)


def _large(row: ProcessRow, objects: Objects, record: str | None, named: Named) -> Iterator[str]:
    """Yield the object of a process in parts: it may hold a hundred thousand sockets."""
    for socket in row.sockets:
        add_named(named, socket)
    head = dumps(process_object(row.process))[:-1]
    yield head if record is None else f'{{"record":"{record}",{head[1:]}'
    for name, sockets in (("listening", row.listening), ("sockets", row.sockets)):
        yield f',"{name}":['
        for begin in range(0, len(sockets), _CHUNK):
            yield "," * bool(begin) + ",".join(dumps(objects.unowned(each)) for each in sockets[begin : begin + _CHUNK])
        yield "]"
    yield "}" if record is None else "}\n"


def _processes(named: Named, context: Context, record: str | None) -> Iterator[str]:
    """Yield the last array of an answer: the processes that its other arrays named when they were written."""
    for process in named_processes(named, context.processes):
        yield _joined([dumps(process_object(process))], record)
