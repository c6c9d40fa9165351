"""Sockets without a holder are looked for again before it is said that nobody holds them."""

from collections.abc import Sequence

import pytest

from portsock.model import OwnerReason, State
from portsock.records import Holder, Ownership, SocketRecord, Unreadable
from portsock.sources.linux import absence, owners
from portsock.sources.linux.walk import Walk
from tests.support.factory import tcp

LISTENER = tcp("0.0.0.0:80", inode=7, cookie=70, uid=0)
OTHER = tcp("0.0.0.0:81", inode=8, cookie=80)
NOBODY = Ownership({8: (Holder(5, 3),)}, (), None, "walk")


class Searches:
    """Replaces the searches for holders, and the youngest pid before and after each."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, results: Sequence[Ownership], pids: Sequence[int | None] = ()) -> None:
        self.results = list(results)
        self.pids = list(pids)
        self.wanted: list[set[int]] = []
        monkeypatch.setattr(owners, "find", self.find)
        monkeypatch.setattr(absence, "_last_pid", lambda: self.pids.pop(0) if self.pids else 100)

    def find(self, wanted: set[int], method: str, settle: bool) -> Ownership:
        assert (method, settle) == ("auto", True)
        self.wanted.append(set(wanted))
        return self.results.pop(0)


def found(held: dict[int, tuple[Holder, ...]], settled: bool = True, unreadable: tuple[Unreadable, ...] = ()) -> Ownership:
    return Ownership(held, unreadable, None, "walk", settled=settled)


def confirm(fresh: Sequence[SocketRecord] | None, ownership: Ownership = NOBODY) -> tuple[list[SocketRecord], Ownership]:
    records, ownership = absence.confirm([LISTENER, OTHER], ownership, lambda _: fresh, "auto")
    return list(records), ownership


def test_two_proven_searches_without_a_holder_confirm_that_there_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(monkeypatch, [found({}), found({})])
    records, ownership = confirm([LISTENER, OTHER])
    assert records == [LISTENER, OTHER]
    assert (ownership.raced, searches.wanted) == (frozenset(), [{7}, {7}])


def test_a_socket_of_a_user_takes_more_searches_since_the_kernel_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(monkeypatch, [found({})] * 12)
    of_user = LISTENER._replace(uid=1000)
    _, ownership = absence.confirm([of_user, OTHER], NOBODY, lambda _: [of_user, OTHER], "auto")
    assert (ownership.raced, searches.wanted) == (frozenset(), [{7}] * 12)


def test_in_a_nested_pid_namespace_it_is_looked_for_as_often(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(monkeypatch, [found({}), found({7: (Holder(9, 4),)})])
    _, ownership = confirm([LISTENER, OTHER], NOBODY._replace(hidden_processes=OwnerReason.PIDNS))
    assert (ownership.holders[7], searches.wanted) == ((Holder(9, 4),), [{7}, {7}])


def test_a_socket_that_is_closed_by_now_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(monkeypatch, [])
    assert confirm([OTHER])[0] == [OTHER]
    assert searches.wanted == []


def test_a_socket_without_a_holder_is_shown_as_it_is_by_now(monkeypatch: pytest.MonkeyPatch) -> None:
    Searches(monkeypatch, [])
    now = LISTENER._replace(state=State.TIME_WAIT, inode=None)
    assert confirm([OTHER, now])[0] == [now, OTHER]


def test_nothing_is_left_out_where_the_tables_could_not_be_read_again(monkeypatch: pytest.MonkeyPatch) -> None:
    Searches(monkeypatch, [found({}), found({})])
    assert confirm(None)[0] == [LISTENER, OTHER]


def test_a_holder_that_is_found_later_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    Searches(monkeypatch, [found({}), found({7: (Holder(9, 4),)})])
    ownership = confirm([LISTENER, OTHER])[1]
    assert ownership.holders == {7: (Holder(9, 4),), 8: (Holder(5, 3),)}
    assert ownership.raced == frozenset()


@pytest.mark.parametrize("settled", [False, True])
def test_a_socket_may_have_changed_hands_where_no_search_is_proven(monkeypatch: pytest.MonkeyPatch, settled: bool) -> None:
    begun_anew = [200, 100] * 16  # the numbers of processes have begun anew during each search
    Searches(monkeypatch, [found({}, settled)] * 16, begun_anew if settled else [])
    assert confirm([LISTENER, OTHER])[1].raced == {7}


def test_an_unknown_youngest_pid_proves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    Searches(monkeypatch, [found({})] * 16, [None, 1] * 16)
    assert confirm([LISTENER, OTHER])[1].raced == {7}


def test_a_process_that_cannot_be_read_any_more_makes_the_holder_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    denied = Unreadable(1, 0, OwnerReason.DENIED)
    Searches(monkeypatch, [found({}, unreadable=(denied,))])
    ownership = confirm([LISTENER, OTHER])[1]
    assert (ownership.unreadable, ownership.raced) == ((denied,), frozenset())


def test_nothing_is_asked_where_every_holder_was_found_or_some_process_is_unreadable(monkeypatch: pytest.MonkeyPatch) -> None:
    searches = Searches(monkeypatch, [])

    def fail(_: frozenset[str]) -> None:
        raise AssertionError

    held = Ownership({7: (), 8: ()}, (), None, "walk")
    hidden = NOBODY._replace(unreadable=(Unreadable(1, 0, OwnerReason.DENIED),))
    for ownership in (held, hidden, NOBODY._replace(hidden_processes=OwnerReason.HIDEPID)):
        assert absence.confirm([LISTENER, OTHER], ownership, fail, "auto") == ([LISTENER, OTHER], ownership)
    assert searches.wanted == []


def test_processes_that_begin_during_a_search_are_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [[1, 2], [1, 2, 3], [1, 2, 3]]
    read: list[int] = []

    def walk(pids: Sequence[int], *_: object) -> Walk:
        read.extend(pids)
        return Walk({7: (Holder(3, 4),)} if 3 in pids else {}, [], {}, {})

    monkeypatch.setattr(owners, "_pids", lambda _: lists.pop(0))
    monkeypatch.setattr(owners, "walk", walk)
    ownership = owners.find({7}, root="/nonexistent", settle=True)
    assert (read, ownership.holders, ownership.settled) == ([1, 2, 3], {7: (Holder(3, 4),)}, True)


def test_a_search_among_processes_that_never_cease_to_begin_is_not_settled(monkeypatch: pytest.MonkeyPatch) -> None:
    lists = [list(range(end)) for end in range(2, 60)]
    monkeypatch.setattr(owners, "_pids", lambda _: lists.pop(0))
    monkeypatch.setattr(owners, "walk", lambda *_: Walk({}, [], {}, {}))
    assert owners.find({7}, root="/nonexistent", settle=True).settled is False
