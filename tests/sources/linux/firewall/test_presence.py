"""Whether there are rules at all: asked for in one message."""

import errno
import os
import struct
from pathlib import Path

import pytest

from portsock.sources.linux.firewall import presence
from portsock.sources.linux.netlink import NetlinkRefused

HEADER = struct.Struct("=IHHII")
TABLE = HEADER.pack(20, 10 << 8, 2, 1, 0) + bytes(4)
DONE = HEADER.pack(20, 3, 2, 1, 0) + struct.pack("=i", 0)


class Channel:
    """A socket that gives one answer."""

    def __init__(self, answer: bytes) -> None:
        self.answer = answer

    def __enter__(self) -> "Channel":
        return self

    def __exit__(self, *ignored: object) -> None:
        pass

    def send(self, data: bytes) -> int:
        return len(data)

    def recv(self, size: int) -> bytes:
        return self.answer[:size]


def error(number: int) -> bytes:
    return HEADER.pack(36, 2, 0, 1, 0) + struct.pack("=i", -number) + bytes(16)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (TABLE + DONE, True),
        (TABLE, True),
        (DONE, False),
        (error(errno.EPERM), None),
        (error(errno.EINVAL), False),
        (b"\0" * 20, None),
    ],
)
def test_the_first_batch_says_whether_there_are_tables(
    answer: bytes, expected: bool | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(presence, "open_channel", lambda _: Channel(answer))
    assert presence.has_rules(str(tmp_path)) is expected


def test_tables_of_the_older_kind_are_rules(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(presence, "open_channel", lambda _: Channel(DONE))
    names = tmp_path / "thread-self" / "net" / "ip6_tables_names"
    names.parent.mkdir(parents=True)
    names.write_text("filter\n")
    assert presence.has_rules(str(tmp_path)) is True


def test_a_kernel_without_netfilter_has_no_rules_and_a_refusal_is_not_known(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def refuse(number: int) -> None:
        raise NetlinkRefused(os.strerror(number)) from OSError(number, "")

    monkeypatch.setattr(presence, "open_channel", lambda _: refuse(errno.EPROTONOSUPPORT))
    assert presence.has_rules(str(tmp_path)) is False
    monkeypatch.setattr(presence, "open_channel", lambda _: refuse(errno.EPERM))
    assert presence.has_rules(str(tmp_path)) is None
