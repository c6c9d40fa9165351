"""What one side could not have seen is neither opened nor closed."""

import pytest

from portsock.model import Notice, Role, State
from tests.support.compared import COVERS, NGINX, RESOLVED, Daemon, codes, compared, connected, hidden, host, listening, said

TCP = listening("tcp", "0.0.0.0:80", NGINX)
UDP = listening("udp", "127.0.0.1:53", RESOLVED)


def test_a_protocol_that_was_not_asked_for_is_blind() -> None:
    old = host([TCP], covers=COVERS._replace(protocols=frozenset({"tcp"})))
    found = compared(old, [TCP, UDP])
    assert (said(found), codes(found)) == ([], [("protocol", "old")])
    assert codes(compared([TCP, UDP], old)) == [("protocol", "new")]


def test_a_foreign_listing_covers_what_it_has_rows_of() -> None:
    foreign = host([TCP], covers=None, machine=None)
    assert codes(compared(foreign, [TCP, UDP])) == [("protocol", "old")]
    both = host([TCP, UDP], covers=None, machine=None)
    assert said(compared(both, [TCP])) == ["closed udp/53 127.0.0.1"]
    assert codes(compared(foreign, foreign)) == []


def test_a_listing_of_connections_only_has_no_listeners() -> None:
    foreign = host([connected("10.0.0.5:22", "10.0.0.9:50000", NGINX, Role.SERVER)], covers=None, machine=None)
    found = compared(foreign, [TCP])
    assert (said(found), codes(found)[0]) == ([], ("protocol", "old"))


def test_states_that_leave_listeners_out_are_blind() -> None:
    old = host([], covers=COVERS._replace(states=frozenset({State.ESTABLISHED})))
    found = compared(old, [TCP, UDP])
    assert said(found) == ["opened udp/53 127.0.0.1"]
    assert codes(found) == [("protocol", "old")]


def test_filters_that_the_other_side_has_not_are_blind() -> None:
    old = host([TCP], covers=COVERS._replace(filters=("--port 80",)))._replace(unlimited=False)
    found = compared(old, [TCP, UDP])
    assert (said(found), codes(found)) == ([], [("filters", "old")])
    assert "--port 80" in found.blind[0].message


def test_what_one_side_says_that_it_lacks_is_blind() -> None:
    notices = (Notice("lines_skipped", 3, "3 lines could not be read"), Notice("owners_hidden", 1, "hidden"))
    new = host([TCP])
    lacking = new._replace(snapshot=new.snapshot._replace(notices=notices))
    assert codes(compared([TCP], lacking)) == [("incomplete", "new")]


@pytest.mark.parametrize("first", [True, False])
def test_what_a_filter_cannot_tell_is_blind(first: bool) -> None:
    unsure = host([TCP])._replace(remarks=("the listing does not report users",))
    sides = (unsure, host([TCP])) if first else (host([TCP]), unsure)
    assert codes(compared(*sides)) == [("filters", "old" if first else "new")]


def test_rows_on_both_sides_are_compared_whatever_is_covered() -> None:
    old = host([TCP], covers=COVERS._replace(filters=("--port 80",)))._replace(unlimited=False)
    new = [listening("tcp", "127.0.0.1:80", NGINX)]
    assert said(compared(old, new)) == ["narrowed tcp/80 0.0.0.0 → 127.0.0.1"]


def test_an_unseen_owner_counts_once_a_port() -> None:
    found = compared(
        [hidden("tcp", "0.0.0.0:80"), hidden("udp", "0.0.0.0:80")], [TCP, listening("udp", "0.0.0.0:80", Daemon("x"))]
    )
    assert [(blind.code, blind.amount) for blind in found.blind] == [("owners", 2)]


def test_a_record_of_listeners_has_no_connections_of_udp_either() -> None:
    row = connected("10.0.0.5:40000", "192.0.2.7:53", RESOLVED, Role.CLIENT, protocol="udp")
    old = host([TCP], covers=COVERS._replace(states=frozenset({State.LISTEN, State.BOUND})))
    found = compared(old, [TCP, row], connections=True)
    assert (said(found), codes(found)) == ([], [("protocol", "old")])
