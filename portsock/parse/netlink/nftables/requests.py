"""What the kernel is asked for, and the frame of its answers. Most hosts without rules need nothing else."""

from typing import NamedTuple

from portsock.parse.netlink.message import Buffer, attribute, check_lengths
from portsock.parse.netlink.nftables.fields import HEAD

_SUBSYSTEM = 10 << 8
GET_TABLE, GET_CHAIN, GET_RULE, GET_SET, GET_ELEMENTS, GET_OBJECT = (_SUBSYSTEM | kind for kind in (1, 4, 7, 10, 13, 19))

Bodies = list[tuple[int, int]]


class Dump(NamedTuple):
    """The answer to one request."""

    buffer: Buffer
    bodies: Bodies


def request(family: int = 0, table: str | None = None, name: str | None = None) -> bytes:
    """Return the body of a request for all tables, or for the elements of one set."""
    names = [attribute(kind, _encoded(value)) for kind, value in ((1, table), (2, name)) if value is not None]
    return HEAD.pack(family, 0, 0) + b"".join(names)


def _encoded(name: str) -> bytes:
    return name.encode("utf-8", "surrogateescape") + b"\0"


def generations(dump: Dump) -> set[int]:
    """Return the generations of the rules that the messages of a dump belong to. Raises GarbledMessage."""
    check_lengths(dump.bodies, HEAD.size, "an nf_tables")
    return {HEAD.unpack_from(dump.buffer, at)[2] for at, _ in dump.bodies}
