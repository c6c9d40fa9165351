"""Listings of ss (iproute2) with any options: sections of rows, which may have continuation lines."""

from collections.abc import Iterable, Sequence
from typing import ClassVar, Self

from portsock.enums import parse_state
from portsock.model import INTERNET, Endpoint, Family, InetEndpoint, NetlinkEndpoint, Notice, SocketType, State
from portsock.parse.listings.internet import fill_wildcard
from portsock.parse.listings.paste_noise import looks_like_row
from portsock.parse.listings.ss.extras import read_extras
from portsock.parse.listings.ss.info import read_info
from portsock.parse.listings.ss.plain import PlainRows
from portsock.parse.listings.ss.row import NETIDS, Row, RowParser, columns
from portsock.parse.listings.ss.stateless import UDP_PORTS, infer_state, is_own_row
from portsock.parse.listings.ss.users import cut_users, split_users
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_ONLY_TCP = frozenset(State) - {State.ESTABLISHED, State.UNCONN, State.CLOSED}
"""A section without a Netid column has one protocol: a row in one of these states shows that it is TCP."""
_LONGEST_NAME = 4096
"""Characters by which a row may continue after a line break in a name."""
_ASSOCIATIONS = frozenset({"`- ", "'- ", "‘- "})
"""Beginnings of the row of an SCTP association, which stands below its endpoint; in a listing with a Netid column indented."""
_NO_DETAILS = frozenset(NETIDS) | {"tcp4", "tcp6", "udp4", "udp6", "raw6", "udplite", "unix", "sctp6"}
"""First words of rows. Details begin with other words, with '<->' or with '-->'."""


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
        self._has_associations = False
        self._cut = 0
        self._joined = 0
        """Rows whose list of holders has no end."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        """Accept a header, or a row with a State column. Rows without one look like netstat's, unless holders follow."""
        if is_header(line):
            return cls(services)
        certain = "users:((" in line and line.split(None, 1)[0] in NETIDS  # even if its values are not understood
        front = columns(line)
        if front is None or (front.state is not None and parse_state(front.state) is None):
            return cls(services) if certain else None
        reader = cls(services)
        reader._rows.stateful = front.state is not None
        row = reader._rows.parse(line)
        return reader if certain or (row and (front.state is not None or is_own_row(front, row.record))) else None

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
        if line and line[0] in " \t" and self._records and self._unfinished is None and self._continue(line):
            return ()
        below = line.lstrip()[:3] in _ASSOCIATIONS
        row = self._rows.parse(f"sctp {line.lstrip()[3:]}" if below else line, self._protocol)
        if row is not None:
            self._settle()
            self._unfinished = line if row.unfinished else None
            if below:
                self._has_associations = True
                row = row._replace(record=row.record._replace(interface=None))
            self._add(row)
            return ()
        if is_header(line):
            self._rows.stateful = "State " in line
            if "Process" in line:
                self._rows.modern = True
            self._settle()
            return ()
        if self._unfinished is not None:
            joined = f"{self._unfinished}\n{line}"
            if len(joined) <= joined.index("\n") + _LONGEST_NAME:
                return self._join(joined)
        return () if not self._records and not line.strip() else None

    def finish(self) -> Iterable[SocketRecord]:
        """Return all records of the section, with '*', blank holders, and states without a column resolved."""
        self._settle()
        records = self._records
        if self._assumed and self._protocol == "tcp":
            self._find_protocol()
        if not self._rows.stateful:
            records[:] = map(infer_state, records)
        if self._rows.modern is not None:
            for at in self._stars:
                records[at] = _resolve_star(records[at], self._rows.modern)
        if self._has_owners:
            return [record if record.holders is not None else record._replace(holders=()) for record in records]
        return records

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """Return notices where the protocol was assumed, where holders are missing, and where a row has several lines."""
        found = []
        if self._cut:
            whose = "1 socket is" if self._cut == 1 else f"{self._cut} sockets are"
            found.append(Notice("owners_cut", self._cut, f"the owners of {whose} cut off in this listing of ss"))
        if self._joined:
            names = "1 name goes" if self._joined == 1 else f"{self._joined} names go"
            text = f"{names} over the end of a line: a line end in a name, or a listing that was broken there"
            found.append(Notice("names_over_lines", self._joined, text, incomplete=False))
        if self._assumed and not self._has_associations and not any(item.state in _ONLY_TCP for item in self._records):
            text = f"this listing of ss does not tell the protocol: taken for {self._protocol}"
            text += " (with two of -t -u -w ss prints it)"
            found.append(Notice("protocol_assumed", self._assumed, text, incomplete=False))
        return tuple(found)

    def _settle(self) -> None:
        """Keep the holders that can be read of a row whose list has no end."""
        text, self._unfinished = self._unfinished, None
        if text is not None and "users:((" in text:
            self._cut += 1
            self._records[-1] = self._records[-1]._replace(holders=cut_users(text) or None)
            self._has_owners = True

    def _find_protocol(self) -> None:
        """Find out the protocol of a section without a Netid column: only SCTP has associations, only TCP details of -i.

        Plain `ss -u` prints neither Netid nor State. It is recognized by ports that UDP alone is used with.
        """
        records = [record for record in self._records if record.protocol == "tcp"]
        if self._has_associations:
            self._protocol, kind = "sctp", None
        elif not any(record.state or record.info or record.timer or record.send_q for record in records) and all(
            record.remote is None or UDP_PORTS.intersection((_port(record.local), _port(record.remote))) for record in records
        ):
            self._protocol, kind = "udp", SocketType.DGRAM
        else:
            return
        self._records[:] = [
            record._replace(protocol=self._protocol, type=kind) if record.protocol == "tcp" else record
            for record in self._records
        ]

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
        """Add a continuation line of -i, -m, -o, -e or --cgroup to the last record. Returns False for a row of any tool."""
        word = next(iter(line.split(None, 1)), "")
        if not ("a" <= word[:1] <= "z" or word[:1] in ("<", "-")) or word in _NO_DETAILS or columns(line) is not None:
            return False
        if looks_like_row(line):  # details, and behind them a row
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
        if row.unfinished:
            self._unfinished = joined
            return None  # perhaps the row of another listing, and no part of a name
        self._records.pop()
        self._unfinished = None
        self._joined += 1
        self._add(row)
        return ()


def _port(endpoint: Endpoint | None) -> int | None:
    return endpoint.port if isinstance(endpoint, InetEndpoint) else None


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
