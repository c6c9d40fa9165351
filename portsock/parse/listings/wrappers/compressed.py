"""Compressed listings: what gzip, bzip2 and xz wrote is expanded as it is read; other formats are named."""

import zlib
from collections.abc import Callable, Iterable, Iterator
from itertools import chain
from typing import Any

_STEP = 1 << 18
"""Bytes that are expanded at once."""
_FREE = 1 << 24
_MOST_TIMES = 200
"""Times that the bytes read may grow, beyond the first 16 MiB. Listings grow 5 to 60 times."""
_XZ_MEMORY = 1 << 27

_REFUSED = (
    (b"\x28\xb5\x2f\xfd", "zstd", "zstd -dc"),
    (b"\x04\x22\x4d\x18", "lz4", "lz4 -dc"),
    (b"PK\x03\x04", "zip", "unzip -p"),
    (b"7z\xbc\xaf\x27\x1c", "7z", "7z e -so"),
    (b"\x1f\x9d", "compress", "zcat"),
)
"""First bytes, name and command of formats that Python's library does not read."""


class Unreadable(ValueError):
    """The input is compressed, and cannot be expanded; the message says why."""


def _gzip() -> Any:
    return zlib.decompressobj(31)


def _bzip2() -> Any:
    from bz2 import BZ2Decompressor

    return BZ2Decompressor()


def _xz() -> Any:
    from lzma import FORMAT_XZ, LZMADecompressor

    return LZMADecompressor(FORMAT_XZ, _XZ_MEMORY)


_READ: tuple[tuple[bytes, str, Callable[[], Any]], ...] = (
    (b"\x1f\x8b\x08", "gzip", _gzip), (b"BZh", "bzip2", _bzip2), (b"\xfd7zXZ\0", "xz", _xz),
)  # fmt: skip


def expanded(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the bytes of a stream, expanded where it is compressed. Raises Unreadable."""
    source = iter(chunks)
    head = next(source, b"")
    while head and len(head) < 6 and (more := next(source, b"")):  # a pipe may give a byte at a time
        head += more
    for magic, name, command in _REFUSED:
        if head.startswith(magic):
            raise Unreadable(f"compressed by {name}, which is not read here: {command} FILE | portsock … --from -")
    for magic, name, make in _READ:
        if head.startswith(magic):
            return _expand(chain([head], source), name, make)
    return chain([head], source)


def _expand(chunks: Iterator[bytes], name: str, make: Callable[[], Any]) -> Iterator[bytes]:
    """Expand a stream of one or more members, as `cat a.gz b.gz` writes it."""
    taken = given = 0
    stream = make()
    try:
        for chunk in chunks:
            taken += len(chunk)
            rest = chunk
            while rest or not getattr(stream, "needs_input", True):
                if stream.eof:
                    rest = rest.lstrip(b"\0")  # zeros that fill up a block of a tape
                    if not rest:
                        break
                    stream = make()
                data = stream.decompress(rest, _STEP)
                rest = stream.unused_data if stream.eof else getattr(stream, "unconsumed_tail", b"")
                given += len(data)
                if given > _FREE and given > taken * _MOST_TIMES:
                    raise Unreadable(f"compressed by {name}: grows more than {_MOST_TIMES} times, which no listing does")
                yield data
        if not stream.eof and name == "gzip":
            yield stream.flush()
    except (zlib.error, OSError, EOFError, ValueError) as error:
        raise error if isinstance(error, Unreadable) else Unreadable(f"compressed by {name}, and broken: {error}") from None
    except Exception as error:  # lzma.LZMAError is no OSError, and lzma is imported only for a file of xz
        if type(error).__name__ != "LZMAError":
            raise
        raise Unreadable(f"compressed by {name}, and broken: {error}") from None
    if not stream.eof:
        raise Unreadable(f"compressed by {name}, and cut off: its end is missing")
