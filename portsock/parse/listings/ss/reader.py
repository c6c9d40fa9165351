"""Listings of ss (iproute2) with any options: sections of rows, which may have continuation lines."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

from portsock.enums import parse_state
from portsock.model import INTERNET, Family, InetEndpoint, NetlinkEndpoint, Notice, State
from portsock.parse.listings.internet import fill_wildcard
from portsock.parse.listings.ss.extras import read_extras
from portsock.parse.listings.ss.info import read_info
from portsock.parse.listings.ss.plain import PlainRows
from portsock.parse.listings.ss.row import Row, RowParser, columns
from portsock.parse.listings.ss.users import split_users
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_ONLY_TCP = frozenset(State) - {State.ESTABLISHED, State.UNCONN, State.CLOSED}
"""A section without a Netid column has one protocol: a row in one of these states shows that it is TCP."""
_LONGEST_NAME = 4096
"""Characters by which a row may continue after a line break in a name."""
_SUBFLOW = "`- "
"""The beginning of a subflow's row below its MPTCP socket."""


class SsReader:
    """Reads a section of ss. All records are returned at its end, since any row may show two things about the whole section:

    whether there is a column of holders, and whether '*' is the dual-stack wildcard (since iproute2 4.15) or the IPv4 one.
    """

    format: ClassVar[str] = "ss"
    title: ClassVar[str] = "ss (Linux, iproute2), any options"
    system: ClassVar[str] = "Linux"

    def __init__(self, services: Services) -> None:
        self._rows = RowParser(services)
        self._plain = PlainRows(self._rows)
        self._records: list[SocketRecord] = []
        self._stars: list[int] = []
        """Indexes of the records whose local address is '*'."""
        self._unfinished: str | None = None
        """The last row, where a name in it may continue in the next line."""
        self._has_owners = False
        self._protocol = "tcp"
        self._assumed = 0
        """Rows whose protocol was assumed."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """Accept a header, or a row with a State column. Rows without one look like netstat's."""
        if is_header(line):
            return cls(services)
        front = columns(line)
        if front is None or front.state is None or parse_state(front.state) is None:
            return None
        reader = cls(services)
        reader._rows.stateful = True
        return reader if reader._rows.parse(line) else None

    def plain(self, lines: Sequence[str], at: int) -> tuple[Sequence[SocketRecord], int]:
        """Read plain rows. See reader.LineReader."""
        if self._unfinished is not None:
            return (), at
        blank: tuple[Holder, ...] | None = () if self._has_owners else None
        end, blank = self._plain.read(lines, at, self._protocol, blank, self._records)
        self._has_owners = blank is not None
        if not self._rows.shape[1]:
            self._assumed += end - at
        return (), end

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        if line[:1] in " \t" and self._records and self._unfinished is None and self._continue(line):
            return ()
        row = self._rows.parse(line.removeprefix(_SUBFLOW), self._protocol)
        if row is not None:
            self._unfinished = line if row.unfinished else None
            self._add(row)
            return ()
        if is_header(line):
            self._rows.stateful = "State " in line
            if "Process" in line:
                self._rows.modern = True
            self._unfinished = None
            return ()
        if self._unfinished is not None:
            joined = f"{self._unfinished}\n{line}"
            if len(joined) <= joined.index("\n") + _LONGEST_NAME:
                return self._join(joined)
        return () if not self._records and not line.strip() else None

    def finish(self) -> Iterable[SocketRecord]:
        """Return all records of the section, with '*' and blank holders resolved."""
        records = self._records
        if self._rows.modern is not None:
            for at in self._stars:
                records[at] = _resolve_star(records[at], self._rows.modern)
        if self._has_owners:
            return [record if record.holders is not None else record._replace(holders=()) for record in records]
        return records

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """Return a notice where the protocol was assumed."""
        if not self._assumed or any(record.state in _ONLY_TCP for record in self._records):
            return ()
        text = f"this listing of ss does not tell the protocol: taken for {self._protocol} (with two of -t -u -w ss prints it)"
        return (Notice("protocol_assumed", self._assumed, text, incomplete=False),)

    def _add(self, row: Row) -> None:
        record = row.record
        if not row.has_protocol and record.family in INTERNET:
            if record.state is State.UNCONN and not self._assumed:  # UDP where the first row is UNCONN, else TCP
                self._protocol = "udp"
            self._assumed += 1
        if row.rest:
            record = _with_extras(record, row.rest)
        if record.holders is not None:
            self._has_owners = True
        local = record.local
        if record.family is Family.INET and isinstance(local, InetEndpoint) and local.address == "*":
            self._stars.append(len(self._records))
        self._records.append(record)

    def _continue(self, line: str) -> bool:
        """Add a continuation line of -i, -m, -o, -e or --cgroup to the last record. Returns False for a row."""
        if columns(line) is not None and self._rows.parse(line, self._protocol) is not None:
            return False
        _, holders, _ = split_users(line)
        record = _with_extras(self._records[-1], line)
        if holders is not None:
            record = record._replace(holders=holders)
            self._has_owners = True
        self._records[-1] = record
        return True

    def _join(self, joined: str) -> Iterable[SocketRecord] | None:
        """Replace the unfinished row by the one that is joined with the next line."""
        row = self._rows.parse(joined, self._protocol)
        if row is None:
            return None
        self._records.pop()
        self._unfinished = joined if row.unfinished else None
        self._add(row)
        return ()


def _with_extras(record: SocketRecord, text: str) -> SocketRecord:
    fields = read_extras(text)
    if record.family is Family.UNIX:  # there 'ino:' is the inode of the file
        fields.pop("inode", None)
        fields.pop("uid", None)
    if record.protocol in ("tcp", "mptcp") and (info := read_info(text)):
        fields["info"] = {**record.info, **info} if record.info else info
    groups = fields.pop("groups", None)
    if isinstance(record.local, NetlinkEndpoint):
        fields["local"] = record.local._replace(groups=groups)
    return record._replace(**fields)


def is_header(line: str) -> bool:
    """Recognize '[Netid] [State] Recv-Q Send-Q Local Address:Port Peer Address:Port[Process]'."""
    return "Recv-Q" in line and "Address:Port" in line and (line.split(None, 1)[0] in ("Netid", "State", "Recv-Q"))


def _resolve_star(record: SocketRecord, modern: bool) -> SocketRecord:
    """Replace a local '*' by the wildcard address that it means in this listing."""
    if not isinstance(record.local, InetEndpoint):
        return record
    family = Family.IPV6 if modern else Family.IPV4
    record = record._replace(family=family, local=fill_wildcard(record.local, family))
    return record._replace(v6only=False) if modern else record
