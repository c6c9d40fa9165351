"""Captured listings as a source: files and stdin, read as streams."""

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import chain
from select import select
from typing import BinaryIO

from portsock.errors import UsageError
from portsock.model import Host, Input, Notice, Source
from portsock.parse.listings.capture import LONGEST, Capture
from portsock.parse.listings.decoding import TooLong, is_binary, text_lines
from portsock.parse.listings.wrappers.compressed import Unreadable, expanded
from portsock.parse.listings.wrappers.hosts import SeveralHosts
from portsock.port_numbers import Services, default_ephemeral
from portsock.records import Collection, SocketRecord
from portsock.sources.inputs import Given, find
from portsock.sources.labels import labelled, short_name, with_host

_CHUNK = 1 << 18

LONGEST_DOCUMENT = 1 << 28
"""Characters that one line of JSON may have: compact JSON has no other lines."""
_BEFORE_JSON = b"\xef\xbb\xbf\xff\xfe\0 \t\r\n"
"""Bytes that may precede it: byte order marks, the zero bytes of UTF-16, white space."""

_MOST_NAMED = 20
"""Files that are named because they cannot be read."""

Progress = Callable[[int], None]
"""Called with the number of bytes read so far."""


def collect(
    captures: Sequence[str], only: str | None, services: Services, progress: Progress | None = None
) -> list[Collection]:
    """Return one Collection for each host in what was given: 'FILE', 'HOST=FILE', '-' (stdin), a directory or a pattern.

    `only`: the one format. Notices about the inputs as a whole are in the first one's `remarks`. Raises UsageError where an
    input cannot be opened or is no socket listing; of those that a directory or a pattern has, where none is.
    """
    given, remarks = find(captures)
    found: list[tuple[Given, list[Collection]]] = []
    broken: dict[str, list[str]] = {}
    for each in given:
        try:
            found.append((each, _collect_one(each, only, services, progress)))
        except UsageError as error:
            if each.group is None:
                raise
            broken.setdefault(each.group, []).append(str(error).partition(": tried ")[0])
    for group, errors in broken.items():
        remarks += _broken_notices(errors)
        if all(each.group != group for each, _ in found):
            raise UsageError(f"{group}: none of {len(errors)} files can be read: {errors[0]}" if errors[1:] else errors[0])
    collections = [collection for _, each in found for collection in each]
    if len(collections) > 1:
        together = Counter((each.label, each.group) for each, own in found for _ in own)
        labels = [label for each, own in found for label in _labels(each, own, together[each.label, each.group])]
        collections = labelled(collections, labels)
    elif given[0].label is not None:
        collections = [with_host(collections[0], given[0].label)]
    collections[0] = collections[0]._replace(remarks=(*remarks, *collections[0].remarks))
    return collections


def _broken_notices(errors: Sequence[str]) -> tuple[Notice, ...]:
    """Return a notice for each file that cannot be read, of many one for the rest."""
    notices = tuple(Notice("input_unreadable", 1, error) for error in errors[:_MOST_NAMED])
    rest = len(errors) - len(notices)
    return (*notices, Notice("input_unreadable", rest, f"{rest} further files cannot be read")) if rest else notices


def _labels(given: Given, own: Sequence[Collection], together: int) -> Sequence[str | None]:
    """Return the label that was typed for each of a file's collections.

    One that was typed for several stands before their own. `together`: the collections for which this one was typed.
    """
    if given.label is None:
        return [None] * len(own)
    if len(own) == 1 and (given.group is None or together == 1):
        return [given.label]
    return [f"{given.label}/{short_name(each)}" for each in own]


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


def _collect_one(given: Given, only: str | None, services: Services, progress: Progress | None) -> list[Collection]:
    import gc

    path = given.path
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
            host = os.path.basename(path) if given.folder and capture.of_ansible else None
            return _collections(capture, sockets, name, host)
    except SeveralHosts as several:
        return _collect_hosts(several, only, services, name)
    except TooLong:
        raise UsageError(f"{name}: a line has more than {longest:,} characters: no socket listing") from None
    except OSError as error:
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}") from None
    except (Unreadable, UsageError) as error:
        raise UsageError(f"{name}: {error}") from None
    finally:
        if collecting:
            gc.enable()


def _collect_hosts(several: SeveralHosts, only: str | None, services: Services, name: str) -> list[Collection]:
    """Return the Collections of each host whose listing the input has."""
    collections: list[Collection] = []
    for host, lines in several.parts:
        capture = Capture(services, only)
        try:
            sockets = list(capture.read(lines))
        except UsageError as error:
            raise UsageError(f"{name}: host {host}: {error}") from None
        collections += _collections(capture, sockets, name, host)
    first = collections[0]
    collections[0] = first._replace(notices=(*several.notices, *first.notices))
    return collections


def _collections(capture: Capture, sockets: list[SocketRecord], name: str, label: str | None) -> list[Collection]:
    """Return what was read of an input: one Collection, or one for each of the answers of portsock that it has."""
    listing = "+".join(capture.formats)
    host = Host(capture.system, default_ephemeral(capture.system), True, label)
    source = Source("capture", None, (Input(name, label, listing),))
    found = Collection(source, host, None, sockets, None, {}, {}, capture.notices(), unprivileged=capture.unprivileged)
    if not capture.snapshots:
        return [found]
    first, *others = capture.snapshots
    return [found._replace(snapshot=first), *(found._replace(snapshot=each, sockets=[], notices=()) for each in others)]


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
