"""Listings of ss (iproute2), any mix of its options: sections of rows, each with continuation lines or none."""

from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.enums import parse_state
from portsock.model import INTERNET, Family, InetEndpoint, NetlinkEndpoint, Notice, State
from portsock.parse.listings.ss.extras import read_extras
from portsock.parse.listings.ss.info import read_info
from portsock.parse.listings.ss.plain import PlainRows
from portsock.parse.listings.ss.row import Row, Rows, columns
from portsock.parse.listings.ss.users import split_users
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_ONLY_TCP = frozenset(State) - {State.ESTABLISHED, State.UNCONN, State.CLOSED}
"""A section without a Netid column is of one protocol: one row in such a state tells which."""
_LONGEST_NAME = 4096
"""Characters that a row may go on for after a line break inside a name."""


class SsReader:
    """A section of ss. Records are given at its end: only there it is known whether a column of holders was printed at all,
    and whether '*' is the dual-stack wildcard (iproute2 4.15 and later) or any IPv4 address (before)."""

    format: ClassVar[str] = "ss"
    title: ClassVar[str] = "ss (Linux, iproute2), any options"
    system: ClassVar[str] = "Linux"

    def __init__(self, services: Services) -> None:
        self._rows = Rows(services)
        self._plain = PlainRows(self._rows)
        self._records: list[SocketRecord] = []
        self._stars: list[int] = []
        self._open: str | None = None
        self._owners = False
        self._protocol = "tcp"
        self._assumed = 0

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """A section begins with a header, or with a row that has a State column (netstat's rows look like those without)."""
        if is_header(line):
            return cls(services)
        front = columns(line)
        if front is None or front.state is None or parse_state(front.state) is None:
            return None
        reader = cls(services)
        reader._rows.stateful = True
        return reader if reader._rows.read(line) else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        """See LineReader."""
        if self._open is None and (record := self._plain.read(line, self._protocol)) is not None:
            self._records.append(record)
            if record.holders is not None:
                self._owners = True
            return ()
        if line[:1] in " \t" and self._records and self._open is None and self._continue(line):
            return ()
        row = self._rows.read(line[3:] if line.startswith("`- ") else line, self._protocol)
        if row is not None:
            self._open = line if row.open else None
            self._add(row)
            return ()
        if is_header(line):
            self._rows.stateful = "State " in line
            if "Process" in line:
                self._rows.modern = True
            self._open = None
            return ()
        if self._open is not None and len(self._open) + len(line) < len(self._open.partition("\n")[0]) + _LONGEST_NAME:
            return self._join(line)
        return () if not self._records and not line.strip() else None

    def finish(self) -> Iterable[SocketRecord]:
        """All records of the section, '*' and absent holders decided."""
        records = self._records
        if self._rows.modern is not None:
            for at in self._stars:
                records[at] = _decide(records[at], self._rows.modern)
        if self._owners:
            return [record if record.holders is not None else record._replace(holders=()) for record in records]
        return records

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """What was taken for granted."""
        if not self._assumed or any(record.state in _ONLY_TCP for record in self._records):
            return ()
        text = f"this listing of ss does not tell the protocol: taken for {self._protocol} (with two of -t -u -w ss prints it)"
        return (Notice("protocol_assumed", self._assumed, text, incomplete=False),)

    def _add(self, row: Row) -> None:
        record = row.record
        if not row.told and record.family in INTERNET:
            self._tell(record)
        if row.rest:
            record = _with_extras(record, row.rest)
        if record.holders is not None:
            self._owners = True
        self._note_style(record)
        self._records.append(record)

    def _tell(self, record: SocketRecord) -> None:
        """Without a Netid column: UNCONN rows make it UDP, unless another state was seen; nothing makes it TCP."""
        if record.state is State.UNCONN and not self._assumed:
            self._protocol = "udp"
        self._assumed += 1

    def _note_style(self, record: SocketRecord) -> None:
        local = record.local
        if record.family is Family.INET and isinstance(local, InetEndpoint) and local.address == "*":
            self._stars.append(len(self._records))

    def _continue(self, line: str) -> bool:
        """Take a continuation line of -i, -m, -o, -e or --cgroup for the last record."""
        if columns(line) is not None and self._rows.read(line, self._protocol) is not None:
            return False
        _, holders, _ = split_users(line)
        record = _with_extras(self._records[-1], line)
        if holders is not None:
            record = record._replace(holders=holders)
            self._owners = True
        self._records[-1] = record
        return True

    def _join(self, line: str) -> Iterable[SocketRecord] | None:
        joined = f"{self._open}\n{line}"
        row = self._rows.read(joined, self._protocol)
        if row is None:
            return None
        self._records.pop()
        self._open = joined if row.open else None
        self._add(row)
        return ()


def _with_extras(record: SocketRecord, text: str) -> SocketRecord:
    fields = read_extras(text)
    if record.family is Family.UNIX:  # 'ino:' and 'dev:' are those of the file there
        fields.pop("inode", None)
        fields.pop("uid", None)
    if record.protocol in ("tcp", "mptcp") and (info := read_info(text)):
        fields["info"] = {**record.info, **info} if record.info else info
    groups = fields.pop("groups", None)
    if isinstance(record.local, NetlinkEndpoint):
        fields["local"] = record.local._replace(groups=groups)
    return record._replace(**fields)


def is_header(line: str) -> bool:
    """'[Netid] [State] Recv-Q Send-Q Local Address:Port Peer Address:Port[Process]'."""
    return "Recv-Q" in line and "Address:Port" in line and (line.split(None, 1)[0] in ("Netid", "State", "Recv-Q"))


def _decide(record: SocketRecord, modern: bool) -> SocketRecord:
    """A '*' local address once the style of the listing is known."""
    if not isinstance(record.local, InetEndpoint):
        return record
    if not modern:
        return record._replace(family=Family.IPV4, local=record.local._replace(address="0.0.0.0"))
    return record._replace(family=Family.IPV6, local=record.local._replace(address="::"), v6only=False)
