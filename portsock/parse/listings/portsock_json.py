"""portsock's own --json and --jsonl (schema portsock/1), parsed back into Snapshots, of which a text may have several.

Unknown keys are ignored, since version 1 only ever adds keys. A value of a wrong type counts as missing.
"""

from collections.abc import Iterable, Iterator
from typing import Any

from portsock.model import Host, Input, Notice, OwnerReason, OwnerStatus, Peer, Process, Role, Snapshot, Socket, Source
from portsock.parse.listings.json_text import integer
from portsock.parse.listings.own.documents import documents
from portsock.parse.listings.own.header import parse_covers, parse_machine
from portsock.parse.listings.own.several import parted
from portsock.parse.listings.plain.own_rows import PlainRows
from portsock.parse.listings.portsock_socket import enum_member, parse_netns, parse_owners, parse_record, text_at
from portsock.port_numbers import Services, default_ephemeral
from portsock.records import HEAD_END, TAIL_END, SocketRecord

_Object = dict[str, Any]


class PortsockReader:
    """Recognizes the format. `read_snapshots` reads it."""

    format = "portsock"
    title = "portsock --json and --jsonl"
    system = "unknown"

    @classmethod
    def accepts(cls, head: str) -> bool:
        start = head.lstrip()[:400]
        return start[:1] in ("{", "[") and '"schema"' in start and '"portsock/' in start

    def read(self, text: str, services: Services) -> Iterable[SocketRecord]:  # noqa: ARG002 - all of it is in the snapshots
        """Return no records: `read_snapshots` reads the document."""
        return ()


def read_snapshots(lines: Iterable[str]) -> list[Snapshot]:
    """Return the snapshot of each --json or --jsonl in these lines, and of each host in it.

    Some things are not printed and so missing: unread processes, the host's ephemeral range, and whether a notice means
    incomplete data (all do where `complete` is false). Raises ValueError with a message of one line.
    """
    found = [_snapshot(document) for document in documents(list(PlainRows().read(lines)))]
    return [part for shot in found for part in parted(shot)]


def _snapshot(document: _Object) -> Snapshot:
    complete = document.get("complete") is True
    notices = tuple(
        Notice(_code(item), integer(item.get("count")), text_at(item, "message") or "", not complete)
        for item in _objects(document, "notices")
    )
    machine = parse_machine(document.get("machine"))
    system = (machine and machine.system) or "unknown"
    return Snapshot(
        _source(document),
        Host(system, default_ephemeral(system), True, text_at(document, "host")),
        _seconds(document.get("taken_at")),
        list(_sockets(document)),
        {(process.host, process.pid): process for process in _processes(document)},
        notices,
        complete,
        machine=machine,
        covers=parse_covers(document.get("covers")),
    )


def _sockets(document: _Object) -> Iterator[Socket]:
    """Yield every socket of the rows. A socket of several processes is yielded once; equal ones of one process remain."""
    for row in (document, *_objects(document, "ports"), *_objects(document, "explanations")):
        items = row.get("sockets")
        for item in items if isinstance(items, list) else ():
            if isinstance(item, Socket):
                yield item
            elif isinstance(item, dict):
                yield _socket(item)
    held: dict[tuple[str, int], tuple[_Object, list[_Object]]] = {}
    for row in _objects(document, "procs"):
        owner = {"pid": row.get("pid"), "fd": None, "name": row.get("name"), "user": row.get("user")}
        equal: dict[str, int] = {}
        for item in _objects(row, "sockets"):
            text = repr(item)
            equal[text] = number = equal.get(text, 0) + 1
            held.setdefault((text, number), (item, []))[1].append(owner)
    for item, owners in held.values():
        yield _socket(item | {"owners": owners})


def _socket(item: _Object) -> Socket:
    record = parse_record(item)
    joined = (
        enum_member(Role, item.get("role")) or Role.UNKNOWN,
        record.user,
        text_at(item, "host"),
        enum_member(OwnerStatus, item.get("owner_status")) or OwnerStatus.UNREPORTED,
        enum_member(OwnerReason, item.get("owner_reason")),
        parse_owners(item.get("owners")),
        _peer(item.get("peer")),
    )
    return Socket._make(record[:HEAD_END] + joined + record[HEAD_END:TAIL_END])


def _peer(item: object) -> Peer | None:
    if not isinstance(item, dict):
        return None
    status = enum_member(OwnerStatus, item.get("owner_status")) or OwnerStatus.UNREPORTED
    owners = parse_owners(item.get("owners"))
    return Peer(integer(item.get("inode")), parse_netns(item.get("netns")), text_at(item, "host"), status, owners)


def _processes(document: _Object) -> Iterator[Process]:
    for item in (*_objects(document, "processes"), *_objects(document, "procs")):
        pid = integer(item.get("pid"))
        if pid is None:
            continue
        words = item.get("cmdline")
        yield Process(
            pid, text_at(item, "name"), text_at(item, "comm"), text_at(item, "exe"),
            tuple(str(word) for word in words) if isinstance(words, list) else None,
            text_at(item, "user"), integer(item.get("uid")), integer(item.get("ppid")), _seconds(item.get("started_at")),
            text_at(item, "unit"), text_at(item, "container"), item.get("exe_deleted") is True,
            text_at(item, "forwards_to"), text_at(item, "host"), text_at(item, "state"), text_at(item, "container_runtime"),
            integer(item.get("descriptors")), integer(item.get("descriptor_limit")), text_at(item, "cwd"),
            integer(item.get("login_uid")), text_at(item, "login_user"), integer(item.get("login_session")),
            text_at(item, "sigterm"),
        )  # fmt: skip


def _source(document: _Object) -> Source:
    item = document.get("source")
    if not isinstance(item, dict):
        return Source("capture")
    inputs = tuple(
        Input(text_at(given, "name") or "", text_at(given, "host"), text_at(given, "format") or "portsock")
        for given in _objects(item, "inputs")
    )
    return Source(text_at(item, "kind") or "capture", text_at(item, "backend"), inputs)


def _objects(holder: _Object, name: str) -> list[_Object]:
    found = holder.get(name)
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _code(notice: _Object) -> str:
    """Return a notice's code, which is a word of a to z, 0 to 9 and '_'."""
    code = text_at(notice, "code") or ""
    plain = code.isascii() and code.replace("_", "a").isalnum() and code == code.lower() and code[0].isalpha()
    return code if plain else "unknown"


def _seconds(value: object) -> float | None:
    """Return an ISO 8601 time as seconds since the epoch, or None for one without a time zone or outside years 1 to 9999."""
    from datetime import UTC, datetime

    if not isinstance(value, str) or len(value) > 40:
        return None
    try:
        time = datetime.fromisoformat(value)
        return time.astimezone(UTC).timestamp() if time.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None
