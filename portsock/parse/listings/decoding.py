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
_MOST_TIMES = 64
_MOST_DROPPED = 1 << 28
"""What is read and dropped of a line that is too long: so many times the longest line, at most so many bytes."""


class TooLong(ValueError):
    """A line is longer than any line of a listing, and has no end."""


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


def text_lines(chunks: Iterable[bytes], longest: int, too_long: list[int] | None = None) -> Iterator[str]:
    """Yield the lines of a stream of bytes, without line ends.

    A line of more than `longest` characters is left out: a blank one stands for it, and its number is added to `too_long`.
    Raises TooLong for a line that does not end at all.

    The text should be UTF-8. Lines that are not are decoded as an OEM code page where they end as on Windows. Elsewhere their
    odd bytes become lone surrogates, so that the bytes of a unix path survive.
    """
    source = iter(chunks)
    head = next(source, b"")
    codec = wide_codec(head)
    blocks: Iterator[str | None] | Iterator[bytes | None]
    if codec is not None:
        decode = getincrementaldecoder(codec)("replace").decode
        start = decode(head).removeprefix("\ufeff")
        blocks = _whole_lines(chain([start], map(decode, source)), ("\n", "\r"), longest)
    else:
        blocks = _whole_lines(chain([head.removeprefix(BOM_UTF8)], source), (b"\n", b"\r"), _BYTES_PER_CHARACTER * longest)
    refused = [] if too_long is None else too_long
    number = 0
    for block in blocks:
        if block is None:
            refused.append(number + 1)
            lines = [""]
        else:
            lines = _split(block) if isinstance(block, str) else _decode_block(block)
            if len(block) > longest and len(max(lines, key=len)) > longest:
                refused.extend(number + at for at, line in enumerate(lines, 1) if len(line) > longest)
                lines = ["" if len(line) > longest else line for line in lines]
        yield from lines
        number += len(lines)


def _whole_lines(chunks: Iterable[AnyStr], ends: tuple[AnyStr, AnyStr], longest: int) -> Iterator[AnyStr | None]:
    """Yield all lines that a chunk completes as one block, without the last line end; None for a line that is too long.

    The pieces of an unfinished line are joined only once: compact JSON is one line of any length. A text without the first
    of the line ends is cut at the second. Raises TooLong where much more than `longest` has no line end.
    """
    line_end, other_end = ends
    empty = line_end[:0]
    pieces: list[AnyStr] = []
    held = dropped = 0
    for chunk in chunks:
        whole, found, tail = chunk.rpartition(line_end)
        if found:
            if dropped:
                yield None
                _, more, whole = whole.partition(line_end)
            if not dropped or more:
                pieces.append(whole)
                yield empty.join(pieces)
            pieces, held, dropped = [], 0, 0
        if dropped:
            dropped += len(tail)
            if dropped > min(_MOST_TIMES * longest, _MOST_DROPPED):
                raise TooLong
            continue
        pieces.append(tail)
        held += len(tail)
        if held > longest:
            text = empty.join(pieces)
            whole, found, tail = text[:-1].rpartition(other_end)
            if found:
                yield whole
                tail += text[-1:]
            else:
                dropped, tail = held, empty
            pieces, held = [tail], len(tail)
    if dropped:
        yield None
    elif held:
        yield empty.join(pieces)


def _decode_block(data: bytes) -> list[str]:
    try:
        return _split(data.decode())
    except UnicodeDecodeError:
        return [text for line in data.split(b"\n") for text in _split(_decode_line(line))]


def _decode_line(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode(_WINDOWS_PAGE) if line[-1:] == b"\r" else line.decode("utf-8", "surrogateescape")


def _split(text: str) -> list[str]:
    """Return the lines of a text without its last LF. Lines end at LF, CR LF, CR, or CR CR LF (converted twice by Windows).

    str.splitlines would also split at other characters, which names may contain.
    """
    if "\r" in text:
        text = f"{text}\n".replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    return text.split("\n")
