"""Captured listings in tests."""

from collections.abc import Iterable, Iterator

from portsock.parse.listings.capture import Capture
from portsock.port_numbers import Services
from portsock.records import SocketRecord


def read(lines: Iterable[str], services: Services, only: str | None = None) -> Iterator[SocketRecord]:
    """The sockets of one listing, whatever it is (or of the format `only`)."""
    return Capture(services, only).read(lines)
