"""JSON text of an answer: one document, or one object a line. Plain ASCII, so that it is valid wherever it is written."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from json import JSONEncoder
from typing import TYPE_CHECKING, Any

from portsock.model import Port, Snapshot, Socket
from portsock.normalize.processes import ProcessRow
from portsock.output.context import Context
from portsock.output.json.envelope import envelope
from portsock.output.json.objects import Objects
from portsock.output.json.processes import Named, Object, add_named, named_processes, process_object
from portsock.output.json.sockets import SocketTexts
from portsock.output.json.strings import sound

if TYPE_CHECKING:
    from portsock.explain.types import Explanation

_CHUNK = 100
"""Objects in one chunk of text: about what a pipe takes at once, and what is still in the processor's cache when written."""

RECORDS = {"ports": "port", "sockets": "socket", "procs": "proc", "explanations": "explanation", "processes": "process"}
"""What the objects of each array are called in JSON Lines."""

dumps: Callable[[Any], str] = JSONEncoder(separators=(",", ":"), allow_nan=False, check_circular=False).encode
"""JSON text without spaces; what is no number in JSON (infinity) is refused rather than written."""


def answer(
    command: str,
    snapshot: Snapshot,
    rows: Sequence[Socket | Port | ProcessRow],
    context: Context,
    lines: bool,
) -> Iterator[str]:
    """The answer of `ports`, `sockets` or `procs` in chunks of text: a document, or with `lines` JSON Lines."""
    write = json_lines if lines else document
    named: Named = {}
    pieces = _pieces(rows, context, RECORDS[command] if lines else None, named)
    processes = _processes(named, context, RECORDS["processes"] if lines else None)
    return write(envelope(command, snapshot), {command: pieces, "processes": processes})


def explanations(answers: "Sequence[Explanation]", snapshot: Snapshot, context: Context) -> Iterator[str]:
    """The answer of `explain` in chunks of text."""
    from portsock.output.json.explanations import explanation_json

    objects = Objects(context)
    texts = (dumps(explanation_json(answer, objects, sound)) for answer in answers)
    named: Named = {}
    for answer in answers:
        for socket in answer.sockets:
            add_named(named, socket)
    return document(envelope("explain", snapshot), {"explanations": texts, "processes": _processes(named, context, None)})


def document(head: Object, arrays: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """One JSON document: the keys of `head`, then each array, whose pieces are one or more objects."""
    yield dumps(head)[:-1]
    for name, pieces in arrays.items():
        yield f",\n{dumps(name)}:["
        separator = "\n"
        for piece in pieces:
            yield separator + piece
            separator = ",\n"
        yield "]"
    yield "}\n"


def json_lines(head: Object, arrays: Mapping[str, Iterable[str]]) -> Iterator[str]:
    """JSON Lines: a header, the lines of each array, an end with `complete` and `notices`."""
    closing = {name: head[name] for name in ("complete", "notices")}
    opening = {name: value for name, value in head.items() if name not in closing}
    yield dumps({"record": "header"} | opening) + "\n"
    for pieces in arrays.values():
        yield from pieces
    yield dumps({"record": "end"} | closing) + "\n"


def _joined(texts: Iterable[str], record: str | None) -> str:
    """Objects as one piece: one a line as in an array, or with what they are as JSON Lines."""
    if record is None:
        return ",\n".join(texts)
    start = f'{{"record":"{record}",'
    return "".join([f"{start}{text[1:]}\n" for text in texts])


def _pieces(rows: Sequence[Socket | Port | ProcessRow], context: Context, record: str | None, named: Named) -> Iterator[str]:
    """The rows in pieces; the processes that they name are added to `named`."""
    sockets = SocketTexts(context, dumps, named)
    objects = Objects(context)

    def text(row: Socket | Port | ProcessRow) -> str:
        if isinstance(row, Socket):
            return sockets.text(row)
        for socket in row.sockets:
            add_named(named, socket)
        return dumps(objects.port(row) if isinstance(row, Port) else objects.proc(row))

    for begin in range(0, len(rows), _CHUNK):
        yield _joined(map(text, rows[begin : begin + _CHUNK]), record)


def _processes(named: Named, context: Context, record: str | None) -> Iterator[str]:
    """The last array of an answer: what its other arrays named when they were written."""
    for process in named_processes(named, context.processes):
        yield _joined([dumps(process_object(process))], record)
