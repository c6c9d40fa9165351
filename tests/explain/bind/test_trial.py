"""A trial to bind: for whom it is made, and what is said where it cannot be."""

import os
import socket

import pytest

from portsock.errors import ReadError
from portsock.sources.linux import trial
from portsock.sources.linux.trial import Trial, bind_once
from tests.support.live import as_root, on_linux

pytestmark = [pytest.mark.linux, on_linux]


@pytest.mark.parametrize("zone", ["none-of-this-name", "9" * 11, "9" * 5000, "²", "\0"])
def test_a_zone_that_does_not_exist_is_no_device(zone: str) -> None:
    assert bind_once("udp", f"fe80::1%{zone}", 0) == Trial("ENODEV", False)


def test_a_system_without_the_option_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(ReadError, match="--try reuseport: this system has no SO_REUSEPORT"):
        bind_once("udp", "127.0.0.1", 0, reuseport=True)


@as_root
@pytest.mark.root
def test_the_child_has_the_users_ids_and_no_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    import pwd

    def ids(*_: object) -> Trial:
        return Trial(",".join(map(str, (*os.getresuid(), *os.getresgid(), *os.getgroups()))), False)

    monkeypatch.setattr(trial, "_bind", ids)
    users = [(entry.pw_uid, entry.pw_gid) for entry in pwd.getpwall() if entry.pw_uid not in (0, entry.pw_gid)][:1]
    for uid, gid in (*users, (54321, 54321)):
        assert bind_once("udp", "127.0.0.1", 0, uid=uid).errno == ",".join(map(str, (uid, uid, uid, gid, gid, gid)))
