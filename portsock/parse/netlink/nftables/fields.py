"""Numbers, names and data in the attributes of nf_tables messages."""

import struct

from portsock.parse.netlink.message import ATTRIBUTE, Buffer, GarbledMessage, attributes

HEAD = struct.Struct("=BBH")
"""struct nfgenmsg: family, version, and the low bits of the generation of the rules."""
Attributes = dict[int, bytes]
VERDICTS = {0: "drop", 1: "accept", 2: "stolen", 3: "queue", 4: "repeat", 5: "stop"}
_OWN_VERDICTS = {-1: "continue", -2: "continue", -3: "jump", -4: "goto", -5: "return"}
"""NFT_BREAK (-2) ends the rule as 'continue' at its end does."""
_VERDICT_MASK = 0xFF


def number(found: Attributes, kind: int, default: int = 0) -> int:
    """Return the number of an attribute, or the default."""
    value = found.get(kind)
    return default if value is None else int.from_bytes(value, "big")


def text(value: bytes | None) -> str:
    """Return a name that ends with a zero byte."""
    return "" if value is None else value.partition(b"\0")[0].decode("utf-8", "surrogateescape")


def nested(value: bytes | None) -> Attributes:
    """Return the attributes in an attribute. Raises GarbledMessage."""
    return attributes(value, 0, len(value)) if value else {}


def data(value: bytes | None) -> bytes:
    """Return the bytes of an NFTA_DATA_VALUE. Raises GarbledMessage."""
    if value and value[:4] == ATTRIBUTE.pack(len(value) & 0xFFFF, 1):  # nothing else is in there
        return value[4:]
    return nested(value).get(1, b"")


def verdict(value: bytes | None) -> tuple[str, str | None] | None:
    """Return kind and chain of an NFTA_DATA_VERDICT, None where there is none. Raises GarbledMessage."""
    found = nested(nested(value).get(2))
    code = found.get(1, b"")
    if len(code) != 4:
        return None
    signed = int.from_bytes(code, "big", signed=True)
    kind = _OWN_VERDICTS.get(signed) or VERDICTS.get(signed & _VERDICT_MASK, f"verdict {signed}")
    return kind, text(found[2]) if 2 in found else None


def items(buffer: Buffer, at: int, end: int) -> list[bytes]:
    """Return the value of each attribute of a list. Raises GarbledMessage."""
    unpack, head, found = ATTRIBUTE.unpack_from, ATTRIBUTE.size, []
    while at + head <= end:
        size, _ = unpack(buffer, at)
        if size < head or at + size > end:
            raise GarbledMessage(f"a list item of {size} bytes at {at} of {end}")
        found.append(bytes(buffer[at + head : at + size]))
        at += size + 3 & ~3
    return found
