"""portsock's own --json and --jsonl, schema portsock/1, back into a Snapshot: all that the format holds.

Keys that are not known are passed over, since within version 1 keys are only added; a value of a wrong type counts as absent.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from portsock.model import (
    Host,
    Input,
    Notice,
    OwnerReason,
    OwnerStatus,
    Peer,
    Process,
    Snapshot,
    Socket,
    Source,
)
from portsock.parse.listings.json_text import integer
from portsock.parse.listings.portsock_socket import member, netns_of, owners_of, record_of, role_of, text_of
from portsock.port_numbers import Services, default_ephemeral
from portsock.records import HEAD_END, TAIL_END, SocketRecord

_Object = dict[str, Any]


class PortsockReader:
    """Recognises the format; `read_snapshot` reads it."""

    format = "portsock"
    title = "portsock --json and --jsonl"
    system = "unknown"

    @classmethod
    def accepts(cls, head: str) -> bool:
        start = head.lstrip()[:400]
        return start[:1] == "{" and '"schema"' in start and '"portsock/' in start

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:  # noqa: ARG002 - all of it is in the snapshot
        """No records: a document of portsock's own is read whole, by `read_snapshot`."""
        return ()


def read_snapshot(text: str) -> Snapshot:
    """The snapshot that --json or --jsonl was made from, as far as it was printed.

    Not printed, so not there: which notices mean that something is missing (all do, where `complete` is false), the unread
    processes, the host's system and ephemeral range. Raises ValueError with one line that says what is wrong with the text.
    """
    document = _document(text)
    complete = document.get("complete") is True
    notices = tuple(
        Notice(text_of(item, "code") or "unknown", integer(item.get("count")), text_of(item, "message") or "", not complete)
        for item in _objects(document, "notices")
    )
    return Snapshot(
        _source(document),
        Host("unknown", default_ephemeral("unknown"), True, text_of(document, "host")),
        _seconds(document.get("taken_at")),
        [socket for socket, _ in _sockets(document)],
        {(process.host, process.pid): process for process in _processes(document)},
        notices,
        complete,
    )


def _document(text: str) -> _Object:
    """The document; the lines of --jsonl are put together into one."""
    from json import JSONDecodeError, loads

    try:
        document = loads(text)
    except JSONDecodeError as error:
        document = _from_lines(text, error)
    except RecursionError:
        raise ValueError("nested too deeply") from None
    if isinstance(document, dict) and document.get("record") == "header":
        document = _from_lines(text, None)
    schema = document.get("schema") if isinstance(document, dict) else None
    if not isinstance(document, dict) or not isinstance(schema, str) or not schema.startswith("portsock/"):
        raise ValueError("no schema portsock/1")
    if schema != "portsock/1":
        raise ValueError(f"schema {schema[:40]} is not known: only portsock/1 is")
    return document


def _from_lines(text: str, error: ValueError | None) -> _Object:
    from json import loads

    document: _Object = {"complete": False}
    ended = False
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            item = loads(line)
        except (ValueError, RecursionError) as wrong:
            raise ValueError(str(error) if error and number == 1 else f"line {number}: {wrong}") from None
        kind = item.pop("record", None) if isinstance(item, dict) else None
        if kind in ("header", "end"):
            document |= item
            ended = ended or kind == "end"
        elif isinstance(kind, str):
            document.setdefault("processes" if kind == "process" else f"{kind}s", []).append(item)
        else:
            raise ValueError(str(error) if error and number == 1 else f"line {number}: no record")
    if not ended:
        document["notices"] = [{"code": "cut_short", "count": None, "message": "the listing ends before its end record"}]
    return document


def _sockets(document: _Object) -> Iterator[tuple[Socket, _Object]]:
    """Every socket of the rows, with its object; a socket of several processes' rows once, with all of them as owners."""
    for item in _objects(document, "sockets"):
        yield _socket(item), item
    for name in ("ports", "explanations"):
        for row in _objects(document, name):
            for item in _objects(row, "sockets"):
                yield _socket(item), item
    held: dict[str, tuple[_Object, list[_Object]]] = {}
    for row in _objects(document, "procs"):
        owner = {"pid": row.get("pid"), "fd": None, "name": row.get("name"), "user": row.get("user")}
        for item in _objects(row, "sockets"):
            held.setdefault(repr(item), (item, []))[1].append(owner)
    for item, owners in held.values():
        whole = item | {"owners": owners}
        yield _socket(whole), whole


def _socket(item: _Object) -> Socket:
    record = record_of(item)
    joined = (
        role_of(item),
        record.user,
        text_of(item, "host"),
        member(OwnerStatus, item.get("owner_status")) or OwnerStatus.UNREPORTED,
        member(OwnerReason, item.get("owner_reason")),
        owners_of(item.get("owners")),
        _peer(item.get("peer")),
    )
    return Socket._make(record[:HEAD_END] + joined + record[HEAD_END:TAIL_END])


def _peer(item: object) -> Peer | None:
    if not isinstance(item, dict):
        return None
    return Peer(
        integer(item.get("inode")),
        netns_of(item.get("netns")),
        text_of(item, "host"),
        member(OwnerStatus, item.get("owner_status")) or OwnerStatus.UNREPORTED,
        owners_of(item.get("owners")),
    )


def _processes(document: _Object) -> Iterator[Process]:
    for item in (*_objects(document, "processes"), *_objects(document, "procs")):
        pid = integer(item.get("pid"))
        if pid is None:
            continue
        words = item.get("cmdline")
        yield Process(
            pid,
            text_of(item, "name"),
            text_of(item, "comm"),
            text_of(item, "exe"),
            tuple(str(word) for word in words) if isinstance(words, list) else None,
            text_of(item, "user"),
            integer(item.get("uid")),
            integer(item.get("ppid")),
            _seconds(item.get("started_at")),
            text_of(item, "unit"),
            text_of(item, "container"),
            item.get("exe_deleted") is True,
            text_of(item, "forwards_to"),
            text_of(item, "host"),
        )


def _source(document: _Object) -> Source:
    item = document.get("source")
    if not isinstance(item, dict):
        return Source("capture")
    inputs = tuple(
        Input(text_of(given, "name") or "", text_of(given, "host"), text_of(given, "format") or "portsock")
        for given in _objects(item, "inputs")
    )
    return Source(text_of(item, "kind") or "capture", text_of(item, "backend"), inputs)


def _objects(holder: _Object, name: str) -> list[_Object]:
    found = holder.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _seconds(value: object) -> float | None:
    """Seconds since the epoch of an ISO 8601 time; one without a zone is no point in time."""
    from datetime import datetime

    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        moment = datetime.fromisoformat(value)
        return moment.timestamp() if moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
