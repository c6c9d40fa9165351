"""Bytes of a captured listing into lines of text: byte order marks, UTF-16, code pages, line ends, NULs."""

from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Iterable, Iterator
from itertools import chain

_CONTROL = bytes(set(range(1, 32)) - set(b"\t\n\r\x0b\x0c\x1b\x1a"))
"""Control characters that listings do not have; NUL ends fields in `lsof -F0`, 1A ended files of CP/M and DOS."""
_WINDOWS_PAGE = "cp850"
"""The code page of western Windows consoles: other pages garble letters, never the structure, which is ASCII in all."""


class TooLong(ValueError):
    """A line is longer than any listing has."""


def is_binary(head: bytes) -> bool:
    """Whether the first bytes of an input are of no text: more than one in a hundred is a control character."""
    if wide_codec(head) is not None:
        return False
    return len(head) - len(head.translate(None, _CONTROL)) > len(head) // 100 + 1


def wide_codec(head: bytes) -> str | None:
    """'utf-16-le' or 'utf-16-be' by byte order mark, or by NULs on one side of nearly every pair; else None."""
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
    """The lines of a stream of bytes, without line ends. Raises TooLong where one has more than `longest` characters.

    UTF-8 is expected. A line that is none is taken for an OEM code page where the lines end as on Windows; elsewhere its odd
    bytes are kept as lone surrogates, so that the bytes of a unix path survive.
    """
    source = iter(chunks)
    head = next(source, b"")
    codec = wide_codec(head)
    if codec is not None:
        yield from _wide_lines(head, source, codec, longest)
        return
    for block in _blocks(chain([head.removeprefix(BOM_UTF8)], source), 4 * longest):
        yield from _decoded(block, longest)


def _blocks(chunks: Iterable[bytes], longest: int) -> Iterator[bytes]:
    """Whole lines, as many as each chunk ends, without the last line end. Raises TooLong for a line of over `longest` bytes.

    The pieces of an unfinished line are joined once: compact JSON is one line of any length.
    """
    pieces: list[bytes] = []
    held = 0
    for chunk in chunks:
        whole, newline, tail = chunk.rpartition(b"\n")
        if newline:
            yield b"".join([*pieces, whole])
            pieces, held = [], 0
        pieces.append(tail)
        held += len(tail)
        if held > longest:
            raise TooLong
    if held:
        yield b"".join(pieces)


def _decoded(data: bytes, longest: int) -> Iterator[str]:
    try:
        text = data.decode()
    except UnicodeDecodeError:
        for line in data.split(b"\n"):
            yield from _split(_one(line), longest)
        return
    yield from _split(text, longest)


def _one(line: bytes) -> str:
    try:
        return line.decode()
    except UnicodeDecodeError:
        return line.decode(_WINDOWS_PAGE) if line[-1:] == b"\r" else line.decode("utf-8", "surrogateescape")


def _split(text: str, longest: int) -> Iterator[str]:
    """Lines of a text, whose last LF is cut off. Only LF, CR LF and CR end one: names in it may hold what str.splitlines takes
    for an end. (A text that went through Windows twice has CR CR LF.)"""
    if "\r" in text:
        text = f"{text}\n".replace("\r\r\n", "\n").replace("\r\n", "\n").replace("\r", "\n").removesuffix("\n")
    lines = text.split("\n")
    if len(text) > longest and max(map(len, lines)) > longest:
        raise TooLong
    yield from lines


def _wide_lines(head: bytes, chunks: Iterator[bytes], codec: str, longest: int) -> Iterator[str]:
    decode = getincrementaldecoder(codec)("replace").decode
    pieces = [decode(head).removeprefix("\ufeff")]
    held = 0
    for text in chain([pieces.pop()], map(decode, chunks)):
        whole, newline, tail = text.rpartition("\n")
        if newline:
            yield from _split("".join([*pieces, whole]), longest)
            pieces, held = [], 0
        pieces.append(tail)
        held += len(tail)
        if held > longest:
            raise TooLong
    if held:
        yield from _split("".join(pieces), longest)
