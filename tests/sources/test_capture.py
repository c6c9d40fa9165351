"""Captured listings as a source: opening, decoding, refusing, labelling."""

import os
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.model import Host, InetEndpoint, Input, Source, UnixEndpoint
from portsock.parse.listings.decoding import TooLong, text_lines
from portsock.port_numbers import EMPTY
from portsock.sources.capture import collect
from portsock.sources.inputs import split_label

LINUX = Path(__file__).parents[1] / "fixtures" / "linux"
SS = (LINUX / "ss-tuanp.out").read_text()


def sockets_in(path: Path, data: bytes) -> int:
    path.write_bytes(data)
    (collection,) = collect([str(path)], None, EMPTY)
    return len(collection.sockets)


@pytest.mark.parametrize(
    "data",
    [
        SS.encode(),
        SS.encode("utf-8-sig"),
        SS.encode("utf-16"),
        SS.encode("utf-16-le"),
        SS.encode("utf-16-be"),
        SS.replace("\n", "\r\n").encode(),
        SS.replace("\n", "\r\n").encode("cp437", "replace"),
        SS.encode("latin-1", "replace"),
    ],
)
def test_a_listing_is_the_same_in_every_encoding(tmp_path: Path, data: bytes) -> None:
    assert sockets_in(tmp_path / "x", data) == 9


def test_a_collection_contains_its_input_and_assumed_facts(tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    path.write_text(SS)
    (collection,) = collect([f"web1={path}"], None, EMPTY)
    assert collection.source == Source("capture", None, (Input(str(path), "web1", "ss"),))
    assert collection.host == Host("Linux", (32768, 60999), True, "web1")
    assert (collection.ownership, collection.taken_at, collection.notices) == (None, None, ())


def test_several_inputs_are_labelled_with_their_file_names(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "ss.txt").write_text(SS)
    paths = [str(tmp_path / name / "ss.txt") for name in ("a", "b")]
    hosts = [collection.host.name for collection in collect([*paths, f"web={paths[0]}"], None, EMPTY)]
    assert hosts == ["ss.txt", paths[1], "web"]


def test_an_existing_path_with_an_equals_sign_has_no_label(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a=b").write_text("")
    assert [split_label(text) for text in ("a=b", "c=b", "./c=b", "=b", "c=")] == [
        (None, "a=b"),
        ("c", "b"),
        (None, "./c=b"),
        (None, "=b"),
        (None, "c="),
    ]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "empty"),
        (bytes(range(256)) * 20, "binary"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(range(1, 32)) * 9, "binary"),
        (b"tcp " * 1_100_000, "more than 1,000,000 characters"),
        ("tcp ".encode("utf-16") * 1_100_000, "more than 1,000,000 characters"),
        (b"hello\nworld\n", "no socket listing"),
        (b"\0" * 100, "no socket listing"),
    ],
)
def test_an_unusable_input_is_refused_in_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(UsageError, match=message) as refusal:
        sockets_in(tmp_path / "x", data)
    assert str(tmp_path / "x") in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_missing_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be read: No such file"):
        collect([str(tmp_path / "none")], None, EMPTY)
    with pytest.raises(UsageError, match="once"):
        collect(["-", "web=-"], None, EMPTY)


def test_stdin_is_read() -> None:
    reading, writing = os.pipe()
    os.write(writing, SS.encode())
    os.close(writing)
    saved = os.dup(0)
    os.dup2(reading, 0)
    try:
        (collection,) = collect(["-"], None, EMPTY)
    finally:
        os.dup2(saved, 0)
        for descriptor in (saved, reading):
            os.close(descriptor)
    assert (len(collection.sockets), collection.source.inputs) == (9, (Input("stdin", None, "ss"),))


def test_a_path_that_is_not_utf8_keeps_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"u_str LISTEN 0 3 /run/\xff\xfe 7 * 0\n")
    (collection,) = collect([str(path)], None, EMPTY)
    assert [record.local for record in collection.sockets] == [UnixEndpoint(b"/run/\xff\xfe")]


def test_only_newlines_end_lines(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('tcp LISTEN 0 3 0.0.0.0:80 0.0.0.0:* users:(("a\x0bb\u2028c",pid=1,fd=2))\n')
    (collection,) = collect([str(path)], None, EMPTY)
    (record,) = collection.sockets
    assert record.local == InetEndpoint("0.0.0.0", 80)
    assert record.holders is not None
    assert record.holders[0].name == "a\x0bb\u2028c"


def test_progress_reports_the_number_of_bytes_read(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text(SS)
    seen: list[int] = []
    collect([str(path)], None, EMPTY, seen.append)
    assert seen == [len(SS.encode())]


@given(st.binary(max_size=400), st.integers(1, 50))
def test_any_bytes_in_chunks_of_any_size_become_lines(data: bytes, size: int) -> None:
    chunks = [data[at : at + size] for at in range(0, len(data), size)]
    assert all("\n" not in line for line in text_lines(chunks, 1000))


@pytest.mark.parametrize("codec", ["utf-8", "utf-16"])
@example("a\r\r\n\n", [22])
@given(st.text("ab\n\ré\u2028", max_size=200), st.lists(st.integers(0, 400), max_size=8))
def test_lines_do_not_depend_on_chunk_boundaries(codec: str, text: str, cuts: list[int]) -> None:
    data = ("first line of the listing\n" + text).encode(codec)
    edges = [0, 40, *sorted(cut + 40 for cut in cuts), len(data) + 440]
    chunks = [data[start:end] for start, end in pairwise(edges)]
    assert list(text_lines(chunks, 1000)) == list(text_lines([data], 1000))


def test_a_line_without_end_is_refused_before_all_of_it_is_read() -> None:
    taken = []

    def endless() -> Iterator[bytes]:
        while True:
            taken.append(1)
            yield b"x" * 1000

    with pytest.raises(TooLong):
        list(text_lines(endless(), 1000))
    assert len(taken) < 300
