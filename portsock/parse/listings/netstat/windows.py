"""Windows netstat, in any language: rows are recognized by their shape, never by their words.

https://learn.microsoft.com/windows-server/administration/windows-commands/netstat
"""

import re
from collections.abc import Iterable, Sequence
from typing import Self

from portsock.model import InetEndpoint, State
from portsock.parse.listings.endpoint_text import colon_endpoint, is_no_peer
from portsock.parse.listings.internet import internet_record
from portsock.parse.listings.netstat.plain import PlainRows
from portsock.parse.listings.netstat.translations import listed_state
from portsock.parse.listings.numbers import PID_DIGITS, is_number
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_PROTOCOLS = frozenset({"TCP", "UDP", "TCPv6", "UDPv6"})
_HEADER = re.compile(r"\s*Active Connections\s*|\s*Proto {2,}(?!Recv)(?!Type)\S.{10,200}")
_OFFLOAD = frozenset({"InHost", "Offloaded", "Offloading", "Uploading"})
"""Words of the Offload State column of -t."""
_DIGITS = frozenset("0123456789")
_LONGEST_BELOW = 400
"""Characters of the longest line of -b below a row."""


class NetstatWindowsReader:
    """Reads rows, the executables that -b prints below them, titles and headers."""

    format = "netstat-windows"
    title = "Windows netstat (-a -n -o -b -q -f -t, every language)"
    system = "Windows"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._held: SocketRecord | None = None
        """The last row, kept for the lines of -b below it."""
        self._plain = PlainRows()
        self._has_owners = False
        """True once the listing has shown a PID or an executable."""
        self._interrupted = False
        """True behind lines that are not of this listing: names there belong to another one."""

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        words = line[:400].split(None, 2)
        if len(words) > 2 and words[0] in _PROTOCOLS and ":" in words[1]:
            return cls(services)
        return cls(services) if _HEADER.fullmatch(line[:400]) else None

    def plain(self, lines: Sequence[str], at: int) -> tuple[Sequence[SocketRecord], int]:
        """Read plain rows. See reader.LineReader."""
        found = self._plain.windows(lines, at)
        end = at + len(found)
        if found:
            self._has_owners, self._interrupted = True, False
            found[:0] = self.finish()
            self._held = found.pop()
        return found, end

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        words = line.split(None, 12)
        if words and words[0] in _PROTOCOLS:
            record = self._row(words)
            if record is None:
                return None
            ended = self.finish()
            self._held = record
            self._interrupted = False
            return ended
        if _HEADER.fullmatch(line[:400]):
            return self.finish()
        below = None if self._interrupted else self._below(line)
        self._interrupted = self._interrupted or (below is None and not line.isspace() and line != "")
        return below

    def finish(self) -> Iterable[SocketRecord]:
        before, self._held = self._held, None
        return (before,) if before is not None else ()

    def _row(self, words: list[str]) -> SocketRecord | None:
        if len(words) < 3:
            return None
        protocol, local_text, remote_text, *rest = words
        local = _endpoint(local_text, protocol, self._services)
        remote = _endpoint(remote_text, protocol, self._services)
        if local is None or remote is None:
            return None
        pid, rest = _split_pid(rest)
        self._has_owners = self._has_owners or pid is not None
        state = _state(rest) if protocol.startswith("TCP") else None
        record = internet_record(protocol, local, remote, state)
        if record.state_raw is not None and is_no_peer(remote):
            record = record._replace(state=State.LISTEN, state_raw=None)  # a translated word; only listeners have no peer
        if not self._has_owners:
            return record
        return record._replace(holders=(Holder(pid, None),) if pid else ())  # 0 is the idle process

    def _below(self, line: str) -> Iterable[SocketRecord] | None:
        """Read a line of -b below a row: a component, '[executable]', or a message that it cannot be found."""
        held, text = self._held, line.strip()
        if held is None or not text or len(text) > _LONGEST_BELOW or text.isdecimal():  # a PID behind a broken line
            return None
        if text[0] == "[" and text[-1] == "]":
            self._has_owners = True
            pid = held.holders[0].pid if held.holders else None
            if pid is not None or not held.holders:
                self._held = held._replace(holders=(Holder(pid, None, text[1:-1]),))
            return ()
        component = " " not in text or not _DIGITS.intersection(text)  # a row of another tool has several words and digits
        if component and line[0].isspace() and (self._has_owners or line[:1] == " "):
            if held.holders is None:
                self._held = held._replace(holders=())
            return ()
        return None


def _endpoint(text: str, protocol: str, services: Services) -> InetEndpoint | None:
    """Parse an endpoint. An address that somebody redacted ('[fe80::x]:80') is kept as a host name."""
    found = colon_endpoint(text, protocol, services)
    if found is not None or not text.startswith("["):
        return found
    host, closing, port = text[1:].rpartition("]:")
    plain = colon_endpoint(f"*:{port}", protocol, services) if closing and host.isprintable() else None
    return plain and plain._replace(address=None, hostname=host)


def _split_pid(words: list[str]) -> tuple[int | None, list[str]]:
    """Return (the PID among the words behind the addresses or None, the words before it)."""
    for at, word in enumerate(words):
        if is_number(word, PID_DIGITS):
            return int(word), words[:at]
    return None, words


def _state(words: list[str]) -> str | None:
    """Return the state, which has one word in English but may have several in other languages."""
    if words and listed_state(words[0]) is not None:
        return words[0]
    kept = words[:-1] if words and words[-1] in _OFFLOAD else words
    return " ".join(kept) or None
