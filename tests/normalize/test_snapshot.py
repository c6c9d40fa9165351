"""Collections joined into one snapshot."""

import pytest

from portsock.model import (
    Input,
    Notice,
    Socket,
    Source,
    State,
)
from portsock.normalize.snapshot import normalize
from portsock.records import HEAD_END, TAIL_END, Collection, SocketRecord
from tests.support.factory import LINUX, collection, tcp


def test_sockets_begin_and_end_with_the_fields_of_records() -> None:
    """normalize and the reader of our own JSON put them together by position."""
    joined = ("role", "user", "host", "owner_status", "owner_reason", "owners", "peer")
    assert SocketRecord._fields[:HEAD_END] + joined + SocketRecord._fields[HEAD_END:TAIL_END] == Socket._fields


def test_a_notice_of_several_namespaces_appears_once() -> None:
    notices = (Notice("families_missing", None, "no vsock"),) * 2
    assert normalize([collection([], notices=notices)]).notices == notices[:1]


def test_several_listings_have_all_inputs_and_no_time_of_their_own() -> None:
    def listed(name: str) -> Collection:
        source = Source("capture", None, (Input(f"{name}.txt", name, "ss"),))
        return collection([tcp("0.0.0.0:80")], source=source, ownership=None, host=LINUX._replace(name=name), taken_at=5.0)

    one, both = normalize([listed("a")]), normalize([listed("a"), listed("b")])
    assert (one.taken_at, [item.name for item in one.source.inputs], one.sockets[0].host) == (5.0, ["a.txt"], None)
    assert (both.taken_at, [item.name for item in both.source.inputs]) == (None, ["a.txt", "b.txt"])
    assert [socket.host for socket in both.sockets] == ["a", "b"]


def test_records_that_are_spent_become_the_same_sockets() -> None:
    records = [tcp("192.0.2.1:80", state=State.LISTEN), tcp("192.0.2.1:80", "198.51.100.1:5000")]
    kept = normalize([collection(records)]).sockets
    spent = [*records]
    assert normalize([collection(spent)], spend=True).sockets == kept
    assert all(isinstance(item, Socket) for item in spent)


def test_ends_that_nobody_asks_for_are_not_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    from portsock.normalize import snapshot as module

    records = [tcp("192.0.2.1:80", state=State.LISTEN), tcp("192.0.2.1:80", "198.51.100.1:5000")]
    kept = normalize([collection(records)]).sockets
    monkeypatch.setattr(module, "find_peers", None)
    assert normalize([collection(records)], ends=False).sockets == kept
