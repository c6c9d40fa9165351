"""BPF Type Format: the kernel's description of its own types, in /sys/kernel/btf/vmlinux.

Only two things are read: the type number of a function and the offsets of a structure's members.
Source: the kernel's Documentation/bpf/btf.rst and include/uapi/linux/btf.h.
"""

import struct
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mmap import mmap

_MAGIC = 0xEB9F
_HEADER = struct.Struct("=HBBIIIII")
_STRUCT, _FUNC = 4, 12

_WORDS = {1: 4, 3: 6, 14: 4, 17: 4}
"""Length of a type without its members, in 32-bit words, by kind: INT, ARRAY, VAR, DECL_TAG; all others have 3."""
_PER_MEMBER = {_STRUCT: 3, 5: 3, 6: 2, 13: 2, 15: 3, 19: 3}
"""Words for each member, enumerator, parameter or variable: STRUCT, UNION, ENUM, FUNC_PROTO, DATASEC, ENUM64; else none."""


class BtfError(ValueError):
    """The bytes are no BTF, or lack the requested type or member."""


class _Lengths(dict[int, int]):
    """Length of a whole type in 32-bit words, by its info word. Cached: few different info words occur."""

    def __missing__(self, info: int) -> int:
        kind = info >> 24 & 31
        length = self[info] = _WORDS.get(kind, 3) + _PER_MEMBER.get(kind, 0) * (info & 0xFFFF)
        return length


class Btf:
    """One BTF blob in the machine's own byte order. The data is not copied, so it may be a mapped file."""

    def __init__(self, data: "bytes | mmap") -> None:
        try:
            magic, version, _, header, type_at, type_length, string_at, string_length = _HEADER.unpack_from(data)
        except struct.error as error:
            raise BtfError("too short for a BTF header") from error
        if magic != _MAGIC or version != 1:
            raise BtfError("no BTF of this byte order and version")
        self._data = data
        self._types: tuple[int, int] = header + type_at, header + type_at + type_length
        self._strings: tuple[int, int] = header + string_at, header + string_at + string_length
        if max(self._types[1], self._strings[1]) > len(data) or type_length % 4 or self._types[0] % 4:
            raise BtfError("the BTF is cut short")
        self._words = memoryview(data)[slice(*self._types)].cast("I")

    def function(self, name: str) -> int:
        """Return the number of the function's type. Types are numbered from 1 in file order, so this counts them.

        Raises BtfError where there is no such function.
        """
        words, lengths = self._words, _Lengths()
        at, number = 0, 1
        try:
            for place in self._places(name):
                while at < place:
                    at += lengths[words[at + 1]]
                    number += 1
                if at == place and words[at + 1] >> 24 & 31 == _FUNC:
                    return number
        except IndexError as error:
            raise BtfError("the types of the BTF are cut short") from error
        raise BtfError(f"the kernel has no function {name}")

    def offsets(self, structure: str, members: Sequence[str]) -> list[int]:
        """Return the byte offsets of members of a structure. Members of anonymous unions and structures are not found.

        Raises BtfError where the structure or a member is missing.
        """
        found = self._members(structure)
        try:
            return [found[self._name(member)] for member in members]
        except KeyError as error:
            raise BtfError(f"struct {structure} lacks one of {', '.join(members)}") from error

    def _name(self, text: str) -> int:
        at: int = self._data.find(b"\0" + text.encode() + b"\0", *self._strings)
        if at < 0:
            raise BtfError(f"the kernel knows no name {text}")
        return at + 1 - self._strings[0]

    def _places(self, name: str) -> Iterator[int]:
        """Yield the word indexes that hold the name's offset: the type itself, members so named, and chance hits."""
        pattern = struct.pack("=I", self._name(name))
        begin, end = self._types
        at = self._data.find(pattern, begin, end)
        while at >= 0:
            if (at - begin) % 4 == 0:
                yield (at - begin) // 4
            at = self._data.find(pattern, at + 1, end)

    def _members(self, structure: str) -> dict[int, int]:
        """Return byte offsets by the string offsets of the members' names.

        A chance hit is rejected by its kind or by impossible members. That is faster than a pass over all types.
        """
        words = self._words
        for place in self._places(structure):
            if place + 3 > len(words):
                continue
            info, size = words[place + 1], words[place + 2]
            rows = range(place + 3, place + 3 + 3 * (info & 0xFFFF), 3)
            if info >> 24 & 31 != _STRUCT or not rows or rows.stop > len(words):
                continue
            bits = 0xFFFFFF if info >> 31 else 0xFFFFFFFF  # above it: the width of a bit field
            found = {words[row]: (words[row + 2] & bits) // 8 for row in rows}
            if all(self._strings[0] + name < self._strings[1] for name in found) and max(found.values()) <= size:
                return found
        raise BtfError(f"the kernel knows no struct {structure}")
