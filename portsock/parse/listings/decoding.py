"""Decoding of captured listings into lines of text: byte order marks, UTF-16, code pages, line ends."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import AnyStr

_CONTROL = bytes(set(range(1, 32)) - set(b"\t\n\r\x0b\x0c\x1b\x1a"))
"""Control characters that listings never contain. NUL ends fields in `lsof -F0`, 1A ended files of CP/M and DOS."""
_WINDOWS_PAGE = "cp850"
"""The code page of western Windows consoles. A wrong page garbles letters but never the structure, which is ASCII."""
_BYTES_PER_CHARACTER = 4
"""At most, in UTF-8."""


class TooLong(ValueError):
    """A line is longer than any line of a listing."""


def is_binary(head: bytes) -> bool:
    """Tell whether the first bytes of an input are no text: more than one in a hundred is a control character."""
    if wide_codec(head) is not None:
        return False
    return len(head) - len(head.translate(None, _CONTROL)) > len(head) // 100 + 1


def wide_codec(head: bytes) -> str | None:
    """Return 'utf-16-le' or 'utf-16-be' by the byte order mark, or by NULs at one place of nearly every pair; else None."""
    if head[:2] == BOM_UTF16_LE:
        return "utf-16-le"
    if head[:2] == BOM_UTF16_BE:
        return "utf-16-be"
    pairs = len(head) // 2
    if pairs < 4:
        return None
    for codec, high in (("utf-16-le", head[1::2]), ("utf-16-be", head[0::2])):
        if high.count(0) > pairs * 0.7 and head.count(0) < pairs * 1.1:
            return codec
    return None


def text_lines(chunks: Iterable[bytes], longest: int) -> Iterator[str]:
    """Yield the lines of a stream of bytes, without line ends. Raises TooLong for a line of more than `longest` characters.

    The text should be UTF-8. Lines that are not are decoded as an OEM code page where they end as on Windows. Elsewhere their
    odd bytes become lone surrogates, so that the bytes of a unix path survive.
    """
    source = iter(chunks)
    head = next(source, b"")
    codec = wide_codec(head)
    if codec is not None:
        decode = getincrementaldecoder(codec)("replace").decode
        start = decode(head).removeprefix("\ufeff")
        for text in _whole_lines(chain([start], map(decode, source)), "\n", longest):
            yield from _split(text, longest)
        return
    for block in _whole_lines(chain([head.removeprefix(BOM_UTF8)], source), b"\n", _BYTES_PER_CHARACTER * longest):
        yield from _decode_block(block, longest)


def _whole_lines(chunks: Iterable[AnyStr], line_end: AnyStr, longest: int) -> Iterator[AnyStr]:
    """Yield all lines that a chunk completes as one block, without the last line end.

    The pieces of an unfinished line are joined only once: compact JSON is one line of any length. Raises TooLong where a line
    is longer than `longest`.
    """
    empty = line_end[:0]
    pieces: list[AnyStr] = []
    held = 0
    for chunk in chunks:
        whole, found, tail = chunk.rpartition(line_end)
        if found:
            pieces.append(whole)
            yield empty.join(pieces)
            pieces, held = [], 0
        pieces.append(tail)
        held += len(tail)
        if held > longest:
            raise TooLong
    if held:
        yield empty.join(pieces)


def _decode_block(data: bytes, longest: int) -> Iterator[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        for line in data.split(b"\n"):
            yield from _split(_decode_line(line), longest)
        return
    yield from _split(text, longest)


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode(_WINDOWS_PAGE) if line[-1:] == b"\r" else line.decode("utf-8", "surrogateescape")


def _split(text: str, longest: int) -> Iterator[str]:
    """Yield the lines of a text without its last LF. Lines end at LF, CR LF, CR, or CR CR LF (converted twice by Windows).

    str.splitlines would also split at other characters, which names may contain.
    """
    if "\r" in text:
        text = f"{text}\n".replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lines = text.split("\n")
    if len(text) > longest and max(map(len, lines)) > longest:
        raise TooLong
    yield from lines
