"""Captured listings as files: compressed, with endless lines, with the listings of several hosts."""

import bz2
import gzip
import json
import lzma
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.parse.listings.decoding import text_lines
from portsock.parse.listings.wrappers import compressed
from portsock.parse.listings.wrappers.compressed import Unreadable, expanded
from portsock.port_numbers import EMPTY
from portsock.records import Collection
from portsock.sources.capture import collect

SS = (Path(__file__).parents[1] / "fixtures" / "linux" / "ss-tuanp.out").read_bytes()
ROW = b"tcp   LISTEN 0      128    192.0.2.1:80     0.0.0.0:*\n"
COMPRESS: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.compress, "bzip2": bz2.compress, "xz": lzma.compress}


def read(path: Path, data: bytes) -> Collection:
    path.write_bytes(data)
    (collection,) = collect([str(path)], None, EMPTY)
    return collection


@pytest.mark.parametrize("name", COMPRESS)
def test_a_compressed_listing_is_read_as_the_listing(tmp_path: Path, name: str) -> None:
    plain, again = read(tmp_path / "x", SS), read(tmp_path / "x", COMPRESS[name](SS) + COMPRESS[name](b"\n"))
    assert (again.sockets, again.notices) == (plain.sockets, plain.notices)


@given(st.sampled_from(sorted(COMPRESS)), st.lists(st.binary(max_size=3000), min_size=1, max_size=3), st.integers(1, 900))
def test_members_in_chunks_of_any_size_give_the_same_bytes(name: str, members: list[bytes], size: int) -> None:
    data = b"".join(map(COMPRESS[name], members))
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert b"".join(expanded(chunks)) == b"".join(members)


@given(st.sampled_from(sorted(COMPRESS)), st.binary(max_size=300), st.integers(0, 400), st.binary(max_size=3))
def test_damaged_members_are_refused_or_read(name: str, member: bytes, at: int, damage: bytes) -> None:
    data = COMPRESS[name](member)
    with suppress(Unreadable):
        b"".join(expanded([data[:at] + damage + data[at + len(damage) :]]))


@pytest.mark.parametrize("name", COMPRESS)
def test_a_cut_off_file_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UsageError, match=f"compressed by {name}, and cut off: its end is missing"):
        read(tmp_path / "x", COMPRESS[name](SS)[:-9])


@pytest.mark.parametrize("name", COMPRESS)
def test_a_bomb_is_refused_in_one_line(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compressed, "_FREE", 1 << 20)
    with pytest.raises(UsageError, match=f"compressed by {name}: grows more than 200 times, which no listing does"):
        read(tmp_path / "x", COMPRESS[name]((b" " * 99 + b"\n") * 20_000))


@pytest.mark.parametrize(
    ("magic", "command"),
    [
        (b"\x28\xb5\x2f\xfd", "zstd, .*: zstd -dc FILE"),
        (b"PK\x03\x04", "zip, .*: unzip -p FILE"),
        (b"\x04\x22\x4d\x18", "lz4 -dc"),
    ],
)
def test_other_compression_is_refused_with_the_command_that_expands_it(tmp_path: Path, magic: bytes, command: str) -> None:
    with pytest.raises(UsageError, match=f"{command}.* --from -$"):
        read(tmp_path / "x", magic + bytes(90))


def test_a_row_that_is_too_long_is_skipped_and_counted(tmp_path: Path) -> None:
    for size in (1_000_001, 5_000_000):
        collection = read(tmp_path / "x", ROW + b"tcp " + b"x" * size + b"\n" + ROW)
        assert len(collection.sockets) == 2
        assert [notice.message for notice in collection.notices] == ["1 line was longer than any row and skipped: line 2"]


def test_lines_that_end_in_cr_alone_may_be_many(tmp_path: Path) -> None:
    collection = read(tmp_path / "x", ROW.replace(b"\n", b"\r") * 90_000)
    assert (len(collection.sockets), collection.notices) == (90_000, ())


@given(st.lists(st.sampled_from(["a", "bb", "c" * 30, ""]), max_size=9), st.sampled_from(["\n", "\r\n"]), st.integers(1, 40))
def test_every_line_has_its_number_and_long_ones_are_blank(lines: list[str], end: str, size: int) -> None:
    data = ("first\n" + end.join(lines)).encode()
    refused: list[int] = []
    given = list(text_lines([data[:6], *(data[at : at + size] for at in range(6, len(data), size))], 5, refused))
    expected = ["first", *(lines or [""])]
    assert given[: len(expected)] == ["" if len(line) > 5 else line for line in expected] or not expected[-1]
    assert refused == [number for number, line in enumerate(expected, 1) if len(line) > 5]


def test_hosts_in_one_file_are_labelled(tmp_path: Path) -> None:
    hosts = {name: {"stdout": SS.decode()} for name in ("web1", "web2")}
    path = tmp_path / "x.json"
    path.write_text(json.dumps({"plays": [{"tasks": [{"hosts": hosts}]}]}))
    for argument, labels in ((str(path), ["web1", "web2"]), (f"lab={path}", ["lab/web1", "lab/web2"])):
        collections = collect([argument], None, EMPTY)
        assert [(each.host.name, len(each.sockets)) for each in collections] == [(label, 9) for label in labels]


def test_a_host_whose_listing_is_none_is_named(tmp_path: Path) -> None:
    path = tmp_path / "x.txt"
    path.write_text(f"web1 | CHANGED | rc=0 >>\n{SS.decode()}\nweb2 | CHANGED | rc=0 >>\nhello\n")
    with pytest.raises(UsageError, match="host web2: no socket listing"):
        collect([str(path)], None, EMPTY)
