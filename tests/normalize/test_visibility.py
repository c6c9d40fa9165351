"""Notices about owners that could not be seen."""

import pytest

from portsock.model import OwnerReason, OwnerStatus, State, Viewpoint
from portsock.normalize.snapshot import normalize
from portsock.normalize.visibility import with_owner_notices
from portsock.records import Holder, Ownership, Unreadable
from tests.support.factory import collection, tcp

OTHER = Unreadable(77, 1000, OwnerReason.OTHER_USER)


def test_hidden_and_partial_owners_are_counted_with_advice() -> None:
    records = [tcp("0.0.0.0:80", inode=9), tcp("0.0.0.0:81", inode=10), tcp("0.0.0.0:82", inode=11)]
    snapshot = normalize([collection(records, {9: [Holder(1, 3)]}, [OTHER])])
    seen = with_owner_notices(snapshot, snapshot.sockets)
    assert not seen.complete
    assert [(notice.code, notice.amount) for notice in seen.notices] == [("owners_hidden", 2), ("owners_partial", 1)]
    assert seen.notices[0].message.endswith('; see them as root: sudo "$(command -v portsock)" …')
    assert "process 77" in seen.notices[0].message


@pytest.mark.parametrize(
    ("creator", "uid", "silent"),
    [(1000, 1000, True), (0, 1000, False), (None, 1000, False), (0, 0, False), (1000, None, False)],
)
def test_a_second_holder_of_a_socket_that_we_made_is_no_warning(creator: int | None, uid: int | None, silent: bool) -> None:
    point = Viewpoint(None, uid)
    other = OTHER._replace(uid=33)
    snapshot = normalize([collection([tcp("0.0.0.0:80", uid=creator)], {1: [Holder(1, 3)]}, [other], viewpoint=point)])
    seen = with_owner_notices(snapshot, snapshot.sockets)
    assert [(notice.code, notice.silent) for notice in seen.notices] == [("owners_partial", silent)]
    assert not seen.complete
    assert seen.sockets[0].owner_status is OwnerStatus.PARTIAL


def test_one_socket_of_another_creator_is_enough_for_the_warning() -> None:
    records = [tcp("0.0.0.0:80", uid=1000), tcp("0.0.0.0:81", uid=0, inode=2)]
    held = {1: [Holder(1, 3)], 2: [Holder(1, 4)]}
    snapshot = normalize([collection(records, held, [OTHER._replace(uid=33)], viewpoint=Viewpoint(None, 1000))])
    assert [notice.silent for notice in with_owner_notices(snapshot, snapshot.sockets).notices] == [False]


def test_an_answer_is_complete_when_its_sockets_can_have_no_owner() -> None:
    records = [tcp("10.0.0.1:80", "10.0.0.2:4000", State.TIME_WAIT, inode=None)]
    snapshot = normalize([collection(records, {}, [OTHER])])
    assert with_owner_notices(snapshot, snapshot.sockets).complete


@pytest.mark.parametrize(
    ("pids", "text"),
    [
        ([7], "process 7 could"),
        ([7, 8, 9], "processes 7, 8, 9 could"),
        ([7, 8, 9, 10], "4 processes could"),
    ],
)
def test_up_to_three_unreadable_processes_are_named(pids: list[int], text: str) -> None:
    unreadable = [OTHER._replace(pid=pid) for pid in pids]
    snapshot = normalize([collection([tcp("0.0.0.0:80", inode=9)], {}, unreadable)])
    (notice,) = with_owner_notices(snapshot, snapshot.sockets).notices
    assert notice.message.startswith(f"the owners of 1 socket are hidden: {text}")


def test_owners_in_another_pid_namespace_have_a_notice() -> None:
    ownership = Ownership({}, (), OwnerReason.PIDNS, "walk")
    snapshot = normalize([collection([tcp("0.0.0.0:80", inode=9), tcp("0.0.0.0:81", inode=10)], ownership=ownership)])
    seen = with_owner_notices(snapshot, snapshot.sockets)
    assert [(notice.code, notice.amount) for notice in seen.notices] == [("owners_elsewhere", 2)]
    assert seen.notices[0].message.startswith("no process of this PID namespace holds 2 sockets: one outside, or the kernel; ")
    assert not seen.complete
