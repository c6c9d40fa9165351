"""/proc/net/unix: proc(5), net/unix/af_unix.c unix_seq_show().

The kernel writes names raw, NUL bytes as '@'. So a name with a newline spreads over several lines, an abstract name with a NUL
cannot be told from one with '@', and a file whose relative path begins with '@' looks abstract. unix_diag has none of this.
"""

from collections.abc import Iterator

from portsock.model import Family, Netns, SocketType, State, UnixEndpoint
from portsock.records import SocketRecord

_TYPES = {b"0001": SocketType.STREAM, b"0002": SocketType.DGRAM, b"0003": SocketType.RAW, b"0005": SocketType.SEQPACKET}
_STATES = {b"01": State.UNCONN, b"02": State.CONNECTING, b"03": State.ESTABLISHED, b"04": State.CLOSED}
"""enum socket_state. CONNECTING is the end that accept(2) has not yet returned, DISCONNECTING (04) a socket let go of."""
_ACCEPTS = 0x10000
"""__SO_ACCEPTCON, include/uapi/linux/net.h."""
_LONGEST = 108
"""sizeof(sun_path), unix(7)."""


def parse_unix(data: bytes, netns: Netns | None = None) -> Iterator[SocketRecord | None]:
    """Every socket of the file's text, names with newlines rejoined; None for each line that fits nowhere but the header."""
    held: SocketRecord | None = None
    for line in data.removesuffix(b"\n").split(b"\n"):
        record = parse_unix_line(line, netns)
        if record is None:
            longer = continue_name(held, line) if held else None
            if longer:
                held = longer
            elif not is_header(line):
                yield None
            continue
        if held:
            yield _finished(held)
        held = record
    if held:
        yield _finished(held)


def is_header(line: bytes) -> bool:
    """Whether this is the line of column titles."""
    return line.split()[:2] == [b"Num", b"RefCount"]


def parse_unix_line(line: bytes, netns: Netns | None = None) -> SocketRecord | None:
    """The socket of one row; None for a header, the rest of a name with a newline, and whatever is no complete row.

    The name is empty, not None, where the row ends in a space: the next line then goes on with it, or it has none.
    """
    fields = line.split(None, 6)
    if len(fields) != 7 or not fields[0].endswith(b":"):
        return None
    inode, space, name = fields[6].partition(b" ")
    try:
        flags, _ = int.from_bytes(bytes.fromhex(fields[3].decode())), bytes.fromhex(fields[0][:-1].decode())
    except ValueError:
        return None
    if not inode.isdigit() or len(fields[4]) != 4 or len(fields[5]) != 2:
        return None
    state = State.LISTEN if flags & _ACCEPTS else _STATES.get(fields[5])
    return SocketRecord(
        Family.UNIX,
        _TYPES.get(fields[4]),
        "unix",
        None,
        state,
        None if state else fields[5].decode("ascii", "backslashreplace"),
        _endpoint(name) if space else UnixEndpoint(None),
        None,
        inode=int(inode) or None,
        netns=netns,
    )


def continue_name(record: SocketRecord, line: bytes) -> SocketRecord | None:
    """The record with a further line of its name; None where it has no name that the line could belong to."""
    local = record.local
    if not isinstance(local, UnixEndpoint) or local.path is None:
        return None
    path = local.path + b"\n" + line
    return record._replace(local=local._replace(path=path)) if len(path) <= _LONGEST else None


def _finished(record: SocketRecord) -> SocketRecord:
    return record._replace(local=UnixEndpoint(None)) if record.local == UnixEndpoint(b"") else record


def _endpoint(name: bytes) -> UnixEndpoint:
    return UnixEndpoint(name[1:], True) if name[:1] == b"@" else UnixEndpoint(name)
