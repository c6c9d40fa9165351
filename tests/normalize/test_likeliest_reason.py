"""The reason that is named for a socket without an owner where several processes could not be read."""

from itertools import pairwise

import pytest

from portsock.model import OwnerReason
from portsock.normalize.snapshot import normalize
from portsock.records import Unreadable
from tests.support.factory import collection, tcp

LIKELIEST_FIRST = (OwnerReason.OTHER_USER, OwnerReason.DENIED, OwnerReason.HIDEPID, OwnerReason.PIDNS)


@pytest.mark.parametrize(("likelier", "other"), list(pairwise(LIKELIEST_FIRST)))
def test_the_likelier_reason_is_named_whatever_the_order_of_processes(likelier: OwnerReason, other: OwnerReason) -> None:
    processes = [Unreadable(8, 33, other), Unreadable(9, 34, likelier)]
    for unreadable in (processes, processes[::-1]):
        (socket,) = normalize([collection([tcp("0.0.0.0:80", uid=None)], {}, unreadable)]).sockets
        assert socket.owner_reason is likelier


def test_the_reason_of_the_sockets_own_user_comes_first() -> None:
    unreadable = [Unreadable(8, 33, OwnerReason.DENIED), Unreadable(9, 34, OwnerReason.OTHER_USER)]
    (socket,) = normalize([collection([tcp("0.0.0.0:80", uid=33)], {}, unreadable)]).sockets
    assert socket.owner_reason is OwnerReason.DENIED
