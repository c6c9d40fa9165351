"""Netlink framing: messages, attributes, ends and errors, garbage."""

import contextlib
import errno
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.parse.netlink.message import GarbledMessage, attribute, attributes, request, spans
from tests.support.netlink_replay import INTERRUPTED, done, failed, message, numbered


def test_a_batch_has_message_bodies_and_an_end() -> None:
    batch = numbered(message(20, b"first") + message(20, b"second__") + done(), 7)
    bodies, end = spans(batch, 0, len(batch), 7)
    assert [batch[start:stop] for start, stop in bodies] == [b"first", b"second__"]
    assert (end.done, end.errno, end.interrupted) == (True, 0, False)


def test_a_batch_without_an_end_is_not_the_last() -> None:
    batch = numbered(message(20, b"more"), 1)
    assert spans(batch, 0, len(batch), 1)[1].done is False


def test_messages_of_an_earlier_dump_are_skipped() -> None:
    batch = numbered(message(20, b"old") + done(), 1) + numbered(message(20, b"new!"), 2)
    bodies, end = spans(batch, 0, len(batch), 2)
    assert [batch[start:stop] for start, stop in bodies] == [b"new!"]
    assert not end.done


@pytest.mark.parametrize("ending", [done(errno.ENOENT), failed(errno.ENOENT)])
def test_an_error_number_is_returned_from_a_done_and_from_an_error_message(ending: bytes) -> None:
    batch = numbered(ending, 1)
    assert spans(batch, 0, len(batch), 1)[1][:2] == (True, errno.ENOENT)


@pytest.mark.parametrize("batch", [message(20, b"body", INTERRUPTED) + done(), message(20, b"body") + done(flags=INTERRUPTED)])
def test_an_interrupted_dump_is_recognized_by_any_message(batch: bytes) -> None:
    batch = numbered(batch, 1)
    assert spans(batch, 0, len(batch), 1)[1].interrupted


def test_messages_of_equal_and_of_different_lengths_are_found() -> None:
    alike = [b"abcd", b"efgh", b"ijkl"]
    for texts in (alike, [*alike, b"longer__"], [b"longer__", *alike], [b"odd", b"abcd"], [b"odd"] * 3):
        batch = numbered(b"".join(message(20, text) for text in texts), 3)
        earlier = b"\xff" * 8  # of the batch before, in the same buffer
        bodies, end = spans(earlier + batch, len(earlier), len(earlier + batch), 3)
        assert [(earlier + batch)[start:stop] for start, stop in bodies] == texts
        assert end == (False, 0, False)


def test_a_uniform_batch_of_another_dump_is_skipped() -> None:
    batch = numbered(message(20, b"old!") * 3, 1)
    assert spans(batch, 0, len(batch), 2) == ([], (False, 0, False))


def test_nothing_is_read_beyond_the_received_bytes() -> None:
    batch = numbered(message(20, b"body") + done(), 1)
    received = len(message(20, b"body"))
    assert spans(bytearray(batch), 0, received, 1)[1].done is False


@pytest.mark.parametrize("size", [0, 15, 21, 1 << 31])
def test_a_message_that_claims_an_impossible_length_is_garbled(size: int) -> None:
    batch = struct.pack("=IHHII", size, 20, 0, 1, 0) + bytes(4)
    with pytest.raises(GarbledMessage, match=f"{size} bytes"):
        spans(batch, 0, len(batch), 1)


def test_attributes_come_back_as_they_were_packed() -> None:
    packed = attribute(3, b"\x06\x01\x00\x00") + attribute(9, b"odd") + attribute(11, b"")
    assert len(packed) % 4 == 0
    assert attributes(packed, 0, len(packed)) == {3: b"\x06\x01\x00\x00", 9: b"odd", 11: b""}


def test_the_flags_in_an_attribute_type_are_no_part_of_it() -> None:
    packed = attribute(19 | 0x8000, b"nest") + attribute(2 | 0x4000, b"net!")
    assert attributes(packed, 0, len(packed)) == {19: b"nest", 2: b"net!"}


@pytest.mark.parametrize("size", [0, 3, 9])
def test_an_attribute_that_claims_an_impossible_length_is_garbled(size: int) -> None:
    with pytest.raises(GarbledMessage, match=f"{size} bytes"):
        attributes(struct.pack("=HH", size, 1) + bytes(4), 0, 8)


def test_a_request_carries_its_length_and_asks_for_a_dump() -> None:
    data = request(20, b"12345678", 5)
    assert struct.unpack_from("=IHHII", data) == (24, 20, 0x301, 5, 0)


@given(st.binary(max_size=200), st.integers(0, 3))
def test_garbage_is_read_or_garbled_and_nothing_else(data: bytes, sequence: int) -> None:
    with contextlib.suppress(GarbledMessage):
        spans(data, 0, len(data), sequence)
    with contextlib.suppress(GarbledMessage):
        attributes(data, 0, len(data))
