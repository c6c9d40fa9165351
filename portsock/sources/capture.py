"""Captured listings as a source: files and stdin, read as streams."""

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from select import select
from typing import BinaryIO

from portsock.errors import UsageError
from portsock.model import Host, Input, Source
from portsock.parse.listings.capture import LONGEST, Capture
from portsock.parse.listings.decoding import TooLong, is_binary, text_lines
from portsock.parse.listings.wrappers.compressed import Unreadable, expanded
from portsock.parse.listings.wrappers.hosts import SeveralHosts
from portsock.port_numbers import Services, default_ephemeral
from portsock.records import Collection, SocketRecord

_CHUNK = 1 << 18

LONGEST_DOCUMENT = 1 << 28
"""Characters that one line of JSON may have: compact JSON has no other lines."""
_BEFORE_JSON = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""Bytes that may precede it: byte order marks, the zero bytes of UTF-16, white space."""

Progress = Callable[[int], None]
"""Called with the number of bytes read so far."""


def split_label(text: str) -> tuple[str | None, str]:
    """Split 'web1=FILE' into (label, path). A text with '=' that names an existing file is a path without label."""
    label, sign, path = text.partition("=")
    if not sign or not label or not path or "/" in label or os.path.exists(text):
        return None, text
    return label, path


def collect(
    captures: Sequence[str], only: str | None, services: Services, progress: Progress | None = None
) -> list[Collection]:
    """Return one Collection for each 'FILE', 'HOST=FILE' or '-' (stdin), or for each host in it. `only`: the one format.

    Raises UsageError where an input cannot be opened or is no socket listing.
    """
    inputs = [split_label(text) for text in captures]
    if sum(path == "-" for _, path in inputs) > 1:
        raise UsageError("--from - can be given once: stdin is one listing")
    labels = _labels(inputs)
    pairs = zip(labels, inputs, strict=True)
    return [each for label, (_, path) in pairs for each in _collect_one(label, path, only, services, progress)]


def read_whole(path: str) -> str:
    """Return the text of a file that is no listing, '-' for stdin. Raises UsageError."""
    name = "stdin" if path == "-" else path
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as stream:
            found = bytearray()
            for chunk in _text_chunks(stream, None):
                found += chunk
                if len(found) > LONGEST_DOCUMENT:
                    raise UsageError(f"more than {LONGEST_DOCUMENT:,} bytes; give the rules of one host")
            return found.decode("utf-8", "surrogateescape")
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None
    except (Unreadable, UsageError) as error:
        raise UsageError(f"{name}: {error}") from None


def _labels(inputs: Sequence[tuple[str | None, str]]) -> list[str | None]:
    """Return the host of each input: as given, else, with several inputs, the base name of the file."""
    if len(inputs) == 1:
        return [inputs[0][0]]
    named: list[str | None] = []
    for label, path in inputs:
        name = label or ("stdin" if path == "-" else os.path.basename(path) or path)
        named.append(name if label or name not in named else path)
    return named


def _collect_one(
    label: str | None, path: str, only: str | None, services: Services, progress: Progress | None
) -> list[Collection]:
    import gc

    name = "stdin" if path == "-" else path
    longest = LONGEST
    capture = Capture(services, only)
    collecting = gc.isenabled()
    gc.disable()  # millions of tuples without cycles: the collector would traverse them again and again
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as stream:
            chunks = _text_chunks(stream, progress)
            first = next(chunks)
            if first[:64].lstrip(_BEFORE_JSON)[:1] in (b"{", b"["):
                longest = LONGEST_DOCUMENT
            sockets = list(capture.read(text_lines(chain([first], chunks), longest, capture.too_long)))
            return [_collection(capture, sockets, name, label)]
    except SeveralHosts as several:
        return _collect_hosts(several, only, services, name, label)
    except TooLong:
        raise UsageError(f"{name}: a line has more than {longest:,} characters: no socket listing") from None
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None
    except (Unreadable, UsageError) as error:
        raise UsageError(f"{name}: {error}") from None
    finally:
        if collecting:
            gc.enable()


def _collect_hosts(
    several: SeveralHosts, only: str | None, services: Services, name: str, label: str | None
) -> list[Collection]:
    """Return one Collection for each host whose listing the input has."""
    collections = []
    for host, lines in several.parts:
        capture = Capture(services, only)
        try:
            sockets = list(capture.read(lines))
        except UsageError as error:
            raise UsageError(f"{name}: host {host}: {error}") from None
        collections.append(_collection(capture, sockets, name, f"{label}/{host}" if label else host))
    first = collections[0]
    collections[0] = first._replace(notices=(*several.notices, *first.notices))
    return collections


def _collection(capture: Capture, sockets: list[SocketRecord], name: str, label: str | None) -> Collection:
    listing = "+".join(capture.formats)
    host = Host(capture.system, default_ephemeral(capture.system), True, label)
    source = Source("capture", None, (Input(name, label, listing),))
    return Collection(source, host, None, sockets, None, {}, {}, capture.notices(), capture.snapshot, capture.unprivileged)


def _text_chunks(stream: BinaryIO, progress: Progress | None) -> Iterator[bytes]:
    """Yield the bytes of a stream, expanded where it is compressed. Raises UsageError where they are none, or no text."""
    begun = False
    for chunk in expanded(_chunks(stream, progress)):
        if chunk and not begun and is_binary(chunk[:65536]):
            raise UsageError("binary, no text listing")
        begun = begun or bool(chunk)
        if chunk:
            yield chunk
    if not begun:
        raise UsageError("empty: nothing to read")


def _chunks(stream: BinaryIO, progress: Progress | None) -> Iterator[bytes]:
    """Yield the bytes of a stream."""
    done = 0
    while (chunk := stream.read(_CHUNK)) != b"":
        if chunk is None:  # a non-blocking stream without data yet
            select([stream], [], [])
            continue
        done += len(chunk)
        if progress is not None:
            progress(done)
        yield chunk
