"""Copies of the tables in /proc/net: tcp, udp, udplite, raw, unix, netlink, packet, with their header line or cut by grep.

The file's name is not part of the text, so that the rows tell the table: what follows the inode is 'ref pointer drops' in the
datagram tables and something else in TCP's, and raw sockets are hashed by their protocol number, which makes 'sl' equal to it.
"""

from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.model import Family
from portsock.parse.proc.net_inet import ByteOrder, parse_inet_line
from portsock.parse.proc.net_other import parse_netlink_line, parse_packet_line
from portsock.parse.proc.net_unix import continue_name, parse_unix_line
from portsock.port_numbers import Services
from portsock.records import SocketRecord

_HEADERS = {
    ("sl", "local_address"): "inet",
    ("Num", "RefCount"): "unix",
    ("sk", "Eth"): "netlink",
    ("sk", "RefCnt"): "packet",
}
_BIG_LOOPBACKS = (" 7F000001:", " 00000000000000000000000000000001:", "FFFF7F000001:")
"""How a big-endian machine writes the loopback addresses; other machines never write these."""


class ProcNetReader:
    """One table. Little-endian until an address shows otherwise, which is what nearly every machine is."""

    format: ClassVar[str] = "proc-net"
    title: ClassVar[str] = "/proc/net/tcp, udp, raw, unix, netlink, packet … (Linux)"
    system: ClassVar[str] = "Linux"

    def __init__(self, table: str) -> None:
        self._table = table
        self._byteorder: ByteOrder = "little"
        self._held: SocketRecord | None = None
        self._without_inode = False

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:  # noqa: ARG003 - these tables print numbers only
        """A header, or a row of the internet or unix tables; the other tables' rows could be anything."""
        table = _header(line)
        if table is not None:
            return cls(table)
        head = line.lstrip()[:20].partition(":")
        if head[1] and (head[0].isdecimal() and _inet(line, "little") is not None):
            return cls("inet")
        if head[1] and len(head[0]) in (8, 16) and parse_unix_line(_bytes(line)) is not None:
            return cls("unix")
        return None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        """See LineReader."""
        table = _header(line)
        if table is not None:
            held = self.finish()
            self._table = table
            self._without_inode = table == "unix" and "Inode" not in line
            return held
        if self._table == "inet":
            if self._byteorder == "little" and any(text in line for text in _BIG_LOOPBACKS):
                self._byteorder = "big"
            record = _inet(line, self._byteorder)
        elif self._table == "unix":
            return self._unix(line)
        else:
            record = (parse_netlink_line if self._table == "netlink" else parse_packet_line)(line)
        return None if record is None else (record,)

    def finish(self) -> Iterable[SocketRecord]:
        """The unix row whose name could have gone on."""
        held, self._held = self._held, None
        return () if held is None else (held,)

    def _unix(self, line: str) -> Iterable[SocketRecord] | None:
        data = _bytes(line)
        if self._without_inode:
            words = data.split(None, 6)
            if len(words) >= 6:
                data = b" ".join((*words[:6], b"0", *words[6:]))
        record = parse_unix_line(data.rstrip(b" ") if data.count(b" ") < 8 else data)
        if record is None:
            longer = continue_name(self._held, data) if self._held else None
            if longer is None:
                return None
            self._held = longer
            return ()
        held = self.finish()
        self._held = record
        return held


def _header(line: str) -> str | None:
    words = line.split(None, 2)
    return _HEADERS.get((words[0], words[1])) if len(words) == 3 else None


def _inet(line: str, byteorder: ByteOrder) -> SocketRecord | None:
    words = line.split(None, 14)
    if len(words) < 10:
        return None
    address, _, port = words[1].partition(":")
    family = Family.IPV4 if len(address) == 8 else Family.IPV6
    protocol = "tcp"
    if len(words) == 13:
        protocol = "raw" if _is_raw(words[0], port) else "udp"
    return parse_inet_line(line, protocol, family, byteorder, timers=True)


def _is_raw(slot: str, port: str) -> bool:
    try:
        number = int(port, 16)
    except ValueError:
        return False
    return 0 < number < 256 and slot == f"{number}:"


def _bytes(line: str) -> bytes:
    return line.encode("utf-8", "surrogateescape")
