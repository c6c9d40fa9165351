"""/proc/net/unix, with hostile names."""

from hypothesis import given
from hypothesis import strategies as st

from portsock.model import SocketType, State, UnixEndpoint
from portsock.parse.proc.net_unix import parse_unix, parse_unix_line

HEADER = b"Num       RefCount Protocol Flags    Type St Inode Path\n"


def row(name: bytes = b"", flags: str = "00000000", kind: str = "0001", state: str = "01", inode: int = 12703) -> bytes:
    text = f"00000000249502e2: 00000002 00000000 {flags} {kind} {state} {inode:5}".encode()
    return text + (b" " + name if name else b"")


def names(data: bytes) -> list[object]:
    return [record.local if record else None for record in parse_unix(data)]


def test_a_listener_is_recognized_by_its_flag() -> None:
    record = parse_unix_line(row(b"/run/x.sock", "00010000"))
    assert record is not None
    assert (record.state, record.local, record.inode) == (State.LISTEN, UnixEndpoint(b"/run/x.sock"), 12703)


def test_types_and_states() -> None:
    seen = [parse_unix_line(row(kind=kind, state=state)) for kind, state in (("0002", "01"), ("0005", "03"), ("0001", "02"))]
    assert [(record.type, record.state) for record in seen if record] == [
        (SocketType.DGRAM, State.UNCONN),
        (SocketType.SEQPACKET, State.ESTABLISHED),
        (SocketType.STREAM, State.CONNECTING),
    ]


def test_an_unknown_state_is_kept() -> None:
    record = parse_unix_line(row(state="09"))
    assert record is not None
    assert (record.state, record.state_raw) == (None, "09")


def test_a_socket_that_is_not_accepted_yet_has_no_inode() -> None:
    record = parse_unix_line(row(b"@listen", state="02", inode=0))
    assert record is not None
    assert record.inode is None


def test_unnamed_socket_has_neither_path_nor_name() -> None:
    assert names(HEADER + row() + b"\n") == [UnixEndpoint(None)]


def test_spaces_at_both_ends_and_broken_utf8_belong_to_the_name() -> None:
    assert names(row(b"  a b \xff ")) == [UnixEndpoint(b"  a b \xff ")]


def test_an_abstract_name_loses_only_its_first_character() -> None:
    assert names(row(b"@@a@b")) == [UnixEndpoint(b"@a@b", True)]


def test_a_name_with_newlines_is_rejoined_without_the_next_row() -> None:
    data = HEADER + row(b"@one\ntwo\n\nthree") + b"\n" + row(b"/next") + b"\n"
    assert names(data) == [UnixEndpoint(b"one\ntwo\n\nthree", True), UnixEndpoint(b"/next")]


def test_no_name_is_longer_than_the_kernel_allows() -> None:
    assert names(row(b"/x") + b"\n" + b"y" * 200) == [None, UnixEndpoint(b"/x")]


def test_a_stray_line_is_reported() -> None:
    assert names(b"stray\n" + row()) == [None, UnixEndpoint(None)]


@given(st.binary(max_size=300))
def test_any_bytes_are_parsed_without_an_error(data: bytes) -> None:
    list(parse_unix(HEADER + row(b"/x") + b"\n" + data))


@given(st.binary(min_size=1, max_size=100).filter(lambda name: b"\0" not in name and name[:1] != b"@"))
def test_every_path_name_is_kept(name: bytes) -> None:
    data = HEADER + row(name) + b"\n" + row(b"/after", inode=9) + b"\n"
    assert names(data) == [UnixEndpoint(name), UnixEndpoint(b"/after")]
