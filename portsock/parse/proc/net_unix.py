"""/proc/net/unix: proc(5), net/unix/af_unix.c unix_seq_show().

The kernel writes names raw, but NUL bytes as '@'. So a name with a newline spreads over several lines, an abstract name with a
NUL looks like one with '@', and a relative path that begins with '@' looks abstract. unix_diag has none of these problems.
"""

from collections.abc import Iterator

from portsock.model import Family, Netns, State, UnixEndpoint
from portsock.parse.linux_codes import SOCKET_TYPES
from portsock.records import SocketRecord

_TYPES = {b"%04x" % code: kind for code, kind in SOCKET_TYPES.items()}
_STATES = {b"01": State.UNCONN, b"02": State.CONNECTING, b"03": State.ESTABLISHED, b"04": State.CLOSED}
"""enum socket_state. CONNECTING is a socket that accept(2) has not yet returned, DISCONNECTING (04) one being released."""
_SO_ACCEPTCON = 0x10000
"""The flag of a listening socket, include/uapi/linux/net.h."""
_LONGEST = 108
"""Bytes of the longest name: sizeof(sun_path), unix(7)."""

_DIGITS = 20
"""The most digits of a number of 64 bits. int() refuses thousands."""


def parse_unix(data: bytes, netns: Netns | None = None) -> Iterator[SocketRecord | None]:
    """Yield every socket of the file, with names rejoined that contain newlines. Yields None for each malformed line."""
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
    """Tell whether this is the line of column titles."""
    return line.split()[:2] == [b"Num", b"RefCount"]


def parse_unix_line(line: bytes, netns: Netns | None = None) -> SocketRecord | None:
    """Return the socket of one row, or None for a header, the rest of a name with a newline, or an incomplete row.

    The name is empty, not None, where the row ends in a space: a name that begins with a newline goes on in the next line.
    """
    fields = line.split(None, 6)
    if len(fields) != 7 or not fields[0].endswith(b":"):
        return None
    address, _, _, flags_text, kind, code, inode_and_name = fields
    inode, space, name = inode_and_name.partition(b" ")
    try:
        flags, _ = int.from_bytes(bytes.fromhex(flags_text.decode())), bytes.fromhex(address[:-1].decode())
    except ValueError:
        return None
    if max(len(address), len(flags_text)) > _DIGITS or len(kind) != 4 or len(code) != 2:
        return None
    if not inode.isdigit() or len(inode) > _DIGITS:
        return None
    state = State.LISTEN if flags & _SO_ACCEPTCON else _STATES.get(code)
    return SocketRecord(
        Family.UNIX, _TYPES.get(kind), "unix", None, state, None if state else code.decode("ascii", "backslashreplace"),
        _endpoint(name) if space else UnixEndpoint(None), None, inode=int(inode) or None, netns=netns,
    )  # fmt: skip


def continue_name(record: SocketRecord, line: bytes) -> SocketRecord | None:
    """Return the record with one more line of its name, or None where it has no name or the name would be too long."""
    local = record.local
    if not isinstance(local, UnixEndpoint) or local.path is None:
        return None
    path = local.path + b"\n" + line
    return record._replace(local=local._replace(path=path)) if len(path) <= _LONGEST else None


def _finished(record: SocketRecord) -> SocketRecord:
    return record._replace(local=UnixEndpoint(None)) if record.local == UnixEndpoint(b"") else record


def _endpoint(name: bytes) -> UnixEndpoint:
    return UnixEndpoint(name[1:], True) if name[:1] == b"@" else UnixEndpoint(name)
