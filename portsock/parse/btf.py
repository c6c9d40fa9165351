"""The kernel's own description of its types: BPF Type Format, as /sys/kernel/btf/vmlinux holds it.

Read only as far as a program needs that walks structures: the number of a function's type and the offsets of members.
Source: the kernel's Documentation/bpf/btf.rst and include/uapi/linux/btf.h.
"""

import struct
from collections.abc import Iterable, Sequence

_MAGIC = 0xEB9F
_HEADER = struct.Struct("=HBBIIIII")
_STRUCT, _UNION, _FUNC = 4, 5, 12

_WORDS = [3] * 32
"""32-bit words of a type of each kind, before its members."""
_PER_MEMBER = [0] * 32
"""Further words for each member, parameter, enumerator or section variable."""
for _kind, _words in {1: 4, 3: 6, 14: 4, 17: 4}.items():  # INT, ARRAY, VAR, DECL_TAG
    _WORDS[_kind] = _words
for _kind, _words in {_STRUCT: 3, _UNION: 3, 6: 2, 13: 2, 15: 3, 19: 3}.items():  # ENUM, FUNC_PROTO, DATASEC, ENUM64
    _PER_MEMBER[_kind] = _words


class BtfError(ValueError):
    """These bytes are no BTF, or lack what is looked for."""


class Btf:
    """One BTF blob of the machine's own byte order."""

    def __init__(self, data: bytes) -> None:
        try:
            magic, version, _, header, type_at, type_length, string_at, string_length = _HEADER.unpack_from(data)
        except struct.error as error:
            raise BtfError("too short for a BTF header") from error
        if magic != _MAGIC or version != 1:
            raise BtfError("no BTF of this byte order and version")
        types = data[header + type_at : header + type_at + type_length]
        self._strings = data[header + string_at : header + string_at + string_length]
        if len(types) != type_length or len(self._strings) != string_length or type_length % 4:
            raise BtfError("the BTF is cut short")
        self._types = types
        self._words = memoryview(types).cast("I")

    def function(self, name: str) -> int:
        """The type number of the function so named. One pass over all types: they have no index."""
        wanted = self._name(name)
        words, sizes, members = self._words, _WORDS, _PER_MEMBER
        at, number, end = 0, 1, len(words)
        try:
            while at < end:
                info = words[at + 1]
                kind = info >> 24 & 31
                if kind == _FUNC and words[at] == wanted:
                    return number
                at += sizes[kind] + members[kind] * (info & 0xFFFF)
                number += 1
        except IndexError as error:
            raise BtfError("the types of the BTF are cut short") from error
        raise BtfError(f"the kernel has no function {name}")

    def offsets(self, structure: str, members: Sequence[str]) -> list[int]:
        """Byte offsets of members of the structure so named; members of anonymous unions and structures inside are not looked into."""
        found = dict(self._members(structure))
        try:
            return [found[self._name(member)] for member in members]
        except KeyError as error:
            raise BtfError(f"struct {structure} lacks one of {', '.join(members)}") from error

    def _name(self, text: str) -> int:
        at = self._strings.find(b"\0" + text.encode() + b"\0")
        if at < 0:
            raise BtfError(f"the kernel knows no name {text}")
        return at + 1

    def _members(self, structure: str) -> Iterable[tuple[int, int]]:
        """(name, byte offset) of each member. Found by its name's bytes, which is faster than a pass over all types: a chance
        hit is told by its kind and by members that are none."""
        pattern = struct.pack("=I", self._name(structure))
        at = self._types.find(pattern)
        while at >= 0:
            word = at // 4
            if at % 4 == 0 and word + 3 <= len(self._words):
                info, size = self._words[word + 1], self._words[word + 2]
                length = info & 0xFFFF
                if info >> 24 & 31 == _STRUCT and length and word + 3 + 3 * length <= len(self._words):
                    bitfields = 0xFFFFFF if info >> 31 else 0xFFFFFFFF
                    rows = range(word + 3, word + 3 + 3 * length, 3)
                    found = [(self._words[row], (self._words[row + 2] & bitfields) // 8) for row in rows]
                    if all(name < len(self._strings) and offset <= size for name, offset in found):
                        return found
            at = self._types.find(pattern, at + 1)
        raise BtfError(f"the kernel knows no struct {structure}")
