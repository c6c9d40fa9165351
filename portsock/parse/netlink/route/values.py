"""Values of rtnetlink attributes."""

import sys
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

INET, INET6 = 2, 10
"""AF_INET and AF_INET6 as Linux numbers them, on whatever system this runs."""
FAMILIES = {INET: (AF_INET, 4), INET6: (AF_INET6, 16)}
"""The address family of socket(2), and the bytes of an address."""


def address_text(family: int, data: bytes | None) -> str | None:
    """Return an address as text; None for one that is absent, cut, or of another family."""
    known = FAMILIES.get(family)
    return inet_ntop(known[0], data) if known is not None and data is not None and len(data) == known[1] else None


def packed(address: str) -> tuple[int, bytes]:
    """Return the family, as Linux numbers it, and the bytes of an address without zone. Raises OSError."""
    family = INET6 if ":" in address else INET
    return family, inet_pton(FAMILIES[family][0], address)


def name_text(data: bytes) -> str:
    """Return a name; its bytes end with the first NUL."""
    return data.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def number(data: bytes | None) -> int | None:
    """Return an unsigned number of 4 bytes in the machine's order; None for one that is absent or cut."""
    return int.from_bytes(data, sys.byteorder) if data is not None and len(data) == 4 else None
