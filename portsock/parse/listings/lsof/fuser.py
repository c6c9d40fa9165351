"""fuser of psmisc on ports: `fuser -v -n tcp 8080`, `fuser 8080/tcp`.

fuser prints ports and the processes that use them. Whether two processes share a socket it does not say.
"""

import re
from collections.abc import Iterable
from typing import ClassVar, Self

from portsock.model import Family, InetEndpoint, Notice
from portsock.parse.listings.endpoint_text import inet_endpoint, parse_port
from portsock.parse.listings.internet import internet_record
from portsock.parse.listings.numbers import PID_DIGITS, number
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_HEADER = re.compile(r"\s{0,40}USER +PID +ACCESS +COMMAND\s*")
_PLACE = re.compile(r"(?:([\w.-]{0,40})(?:,([^,\s/]{0,255})(?:,([\w.-]{0,40}))?)?/(tcp|udp)|[^\s:]{1,300}):(?=\s|$)")
"""'8080/tcp:', '[LOCAL],[REMOTE],[REMOTE PORT]/tcp:', or a file."""
_USER = re.compile(r"\s{0,40}(\S{1,40}) +(\d{1,10}|kernel) +([fFrme.c]{5}|mount|swap) ?(.{0,400})")
_PIDS = re.compile(r"(?:\s{1,40}\d{1,10}[a-zA-Z]{0,5}(?:\([^()\s]{1,40}\))?){1,200}\s*")
_PID = re.compile(r"(\d+)[a-zA-Z]*(?:\(([^()\s]+)\))?")
_MESSAGES = ("Cannot stat file", "Cannot open ")


class FuserReader:
    """Reads the processes of ports. Files, which fuser lists in the same way, are no sockets."""

    format: ClassVar[str] = "fuser"
    title: ClassVar[str] = "fuser on ports (Linux, psmisc; -v -n tcp, -n udp)"
    system: ClassVar[str] = "Linux"

    def __init__(self, services: Services) -> None:
        self._services = services
        self._socket: SocketRecord | None = None
        """The port of the last line, None for a file."""
        self._found = 0

    @classmethod
    def begin(cls, line: str, services: Services) -> Self | None:
        if _HEADER.fullmatch(line[:200]):
            return cls(services)
        place = _PLACE.match(line)
        return cls(services) if place is not None and place[4] and line[place.end() :].strip() else None

    def feed(self, line: str) -> Iterable[SocketRecord] | None:
        place = _PLACE.match(line)
        rest = line[place.end() :].rstrip() if place is not None else line.rstrip()
        user = _USER.fullmatch(rest)
        if user is not None:
            holders = [_holder(user[2], user[4], user[1])]
        elif place is not None and (not rest or _PIDS.fullmatch(rest)):
            holders = [_holder(pid, "", owner) for pid, owner in _PID.findall(rest)]
        else:
            return () if _HEADER.fullmatch(line[:200]) or line.startswith(_MESSAGES) else None
        if place is not None:
            self._socket = _record(place, self._services) if place[4] else None
            if place[4] and self._socket is None:
                return None
        if self._socket is None:
            return ()
        self._found += len(holders)
        return [self._socket._replace(holders=(holder,) if holder else ()) for holder in holders]

    def finish(self) -> Iterable[SocketRecord]:
        return ()

    @property
    def remarks(self) -> tuple[Notice, ...]:
        """Return a notice of what fuser does not print."""
        text = "fuser tells ports and their processes, neither addresses nor states; several rows of a port may be one socket"
        return (Notice("details_missing", self._found, text),) if self._found else ()


def _holder(pid: str, name: str, user: str) -> Holder | None:
    """Return the holder, or None for the kernel."""
    known = number(pid, PID_DIGITS)
    return None if known is None else Holder(known, None, name.strip() or None, user if user[:1] not in ("", "(") else None)


def _record(place: re.Match[str], services: Services) -> SocketRecord | None:
    """Return the socket of a place, without an address, or None where its port is none."""
    own, host, port, protocol = place.groups()
    known = parse_port(own or "*", protocol, services)
    remote = inet_endpoint(host or "*", port or "*", protocol, services)
    if known is None or remote is None:
        return None
    local = InetEndpoint(None, known[0], label=known[1], guessed=known[2])
    record = internet_record(protocol, local, remote if host else None)
    return record._replace(state=None, family=record.family if host else Family.INET)
