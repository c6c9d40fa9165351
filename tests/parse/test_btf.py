"""BPF Type Format: small hand-made data, and damaged data."""

import struct
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.btf import Btf, BtfError

INT, PTR, ARRAY, STRUCT, UNION, ENUM, FUNC, PROTO, VAR, DATASEC, TAG, ENUM64 = 1, 2, 3, 4, 5, 6, 12, 13, 14, 15, 17, 19


class Maker:
    """Builder of BTF data."""

    def __init__(self) -> None:
        self.types = b""
        self.strings = b"\0"

    def name(self, text: str) -> int:
        at = self.strings.find(b"\0" + text.encode() + b"\0")
        if at >= 0:
            return at + 1
        self.strings += text.encode() + b"\0"
        return len(self.strings) - len(text) - 1

    def add(self, kind: int, name: str, third: int = 0, more: Sequence[int] = (), members: int = 0, flag: int = 0) -> None:
        info = flag << 31 | kind << 24 | members
        self.types += struct.pack("=III", self.name(name) if name else 0, info, third)
        self.types += b"".join(struct.pack("=I", word) for word in more)

    def structure(self, name: str, size: int, members: dict[str, int], flag: int = 0) -> None:
        words = [word for member, offset in members.items() for word in (self.name(member), 1, offset)]
        self.add(STRUCT, name, size, words, len(members), flag)

    def data(self, magic: int = 0xEB9F) -> bytes:
        header = struct.pack("=HBBIIIII", magic, 1, 0, 24, 0, len(self.types), len(self.types), len(self.strings))
        return header + self.types + self.strings


def every_kind() -> Maker:
    """Return a builder with one type of every length."""
    maker = Maker()
    maker.add(INT, "int", 4, [32])
    maker.add(PTR, "", 1)
    maker.add(ARRAY, "", 0, [1, 1, 8])
    maker.add(UNION, "either", 8, [maker.name("a"), 1, 0, maker.name("b"), 1, 0], members=2)
    maker.add(ENUM, "color", 4, [maker.name("red"), 0, maker.name("blue"), 1], members=2)
    maker.add(ENUM64, "wide", 8, [maker.name("huge"), 0, 1], members=1)
    maker.add(PROTO, "", 1, [maker.name("file"), 1, maker.name("task"), 1], members=2)
    maker.add(VAR, "jiffies", 1, [1])
    maker.add(DATASEC, ".data", 4, [1, 0, 4], members=1)
    maker.add(TAG, "kfunc", 1, [0xFFFFFFFF])
    return maker


def test_types_of_every_kind_are_counted() -> None:
    maker = every_kind()
    maker.add(FUNC, "first", 7)
    maker.add(FUNC, "second", 7, members=1)
    types = Btf(maker.data())
    assert (types.function("first"), types.function("second")) == (11, 12)


def test_a_name_that_is_no_function_is_refused() -> None:
    maker = every_kind()
    types = Btf(maker.data())
    with pytest.raises(BtfError, match="no function jiffies"):
        types.function("jiffies")
    with pytest.raises(BtfError, match="no name missing"):
        types.function("missing")


def test_offsets_are_in_bytes() -> None:
    maker = every_kind()
    maker.structure("file", 64, {"f_mode": 0, "f_inode": 32 * 8, "f_flags": 40 * 8})
    assert Btf(maker.data()).offsets("file", ["f_inode", "f_mode"]) == [32, 0]


def test_the_width_of_a_bit_field_is_not_part_of_its_offset() -> None:
    maker = Maker()
    maker.structure("task_struct", 128, {"bit": 3 << 24 | 8, "tgid": 100 * 8}, flag=1)
    assert Btf(maker.data()).offsets("task_struct", ["tgid"]) == [100]


def test_a_member_with_the_name_of_the_structure_is_not_the_structure() -> None:
    maker = Maker()
    maker.structure("outer", 16, {"file": 0, "rest": 64})
    maker.structure("file", 8, {"f_inode": 32})
    assert Btf(maker.data()).offsets("file", ["f_inode"]) == [4]


def test_an_error_names_the_missing_structure_or_member() -> None:
    maker = Maker()
    maker.structure("file", 8, {"f_inode": 32})
    maker.add(FUNC, "inode", 1)
    types = Btf(maker.data())
    with pytest.raises(BtfError, match="no struct inode"):
        types.offsets("inode", ["i_ino"])
    with pytest.raises(BtfError, match="struct file lacks one of f_inode, inode"):
        types.offsets("file", ["f_inode", "inode"])


@pytest.mark.parametrize("data", [b"", b"\0" * 24, every_kind().data(0x9FEB), every_kind().data()[:-1]])
def test_incomplete_data_is_refused(data: bytes) -> None:
    with pytest.raises(BtfError):
        Btf(data)


def read_all(data: bytes) -> None:
    """Call every method. Only BtfError is expected."""
    try:
        types = Btf(data)
        types.offsets("file", ["f_inode"])
        types.function("main")
    except BtfError:
        pass


@given(st.binary(max_size=200))
def test_garbage_is_refused(data: bytes) -> None:
    read_all(data)


@given(st.data())
def test_damaged_types_raise_no_other_error(data: st.DataObject) -> None:
    maker = every_kind()
    maker.structure("file", 8, {"f_inode": 32})
    maker.add(FUNC, "main", 7)
    whole = bytearray(maker.data())
    for _ in range(data.draw(st.integers(1, 4))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    read_all(bytes(whole[: data.draw(st.integers(0, len(whole)))]) if data.draw(st.booleans()) else bytes(whole))
