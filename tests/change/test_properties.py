"""Whatever a host offers: what only looks different is no change, and a comparison the other way round mirrors it."""

import random
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from portsock.change.types import Kind
from portsock.model import Family, InetEndpoint, Owner, OwnerReason, OwnerStatus, Role
from tests.support.compared import NGINX, Daemon, Row, compared, connected, dual, hidden, host, listening, said

NAMES = ("nginx", "redis", "named")
DAEMONS = st.builds(
    Daemon,
    st.sampled_from(NAMES),
    st.integers(1, 9),
    st.integers(10, 19),
    exe=st.sampled_from(["/usr/sbin/a", "/usr/sbin/b", "/opt/c", None]),
    user=st.sampled_from(["root", "www", None]),
    unit=st.sampled_from([None, "a.service", "session-1.scope", "session-2.scope"]),
    container=st.sampled_from([None, None, "web", "0123456789ab"]),
    exe_deleted=st.booleans(),
)
ADDRESSES = st.sampled_from(["0.0.0.0", "127.0.0.1", "10.0.0.5", "192.168.1.9", "[::]", "[::1]", "[2001:db8::5]"])
PORTS = st.sampled_from([22, 53, 80, 40001, 40002, 40003])
ROWS = st.one_of(
    st.builds(
        lambda protocol, address, port, daemons: listening(protocol, f"{address}:{port}", *daemons),
        st.sampled_from(["tcp", "udp"]), ADDRESSES, PORTS, st.lists(DAEMONS, max_size=2),
    ),
    st.builds(lambda port, daemon: dual(f"[::]:{port}", daemon), PORTS, DAEMONS),
    st.builds(lambda protocol, port: hidden(protocol, f"0.0.0.0:{port}"), st.sampled_from(["tcp", "udp"]), PORTS),
    st.builds(
        lambda port, number, daemon: connected(f"10.0.0.5:{number}", f"192.0.2.{port % 200}:{port}", daemon, Role.CLIENT),
        PORTS, st.integers(33000, 33003), DAEMONS,
    ),
)  # fmt: skip
HOSTS = st.lists(ROWS, max_size=6)
MIRROR = {
    Kind.OPENED: Kind.CLOSED, Kind.CLOSED: Kind.OPENED, Kind.WIDENED: Kind.NARROWED, Kind.NARROWED: Kind.WIDENED,
    Kind.CONNECTED: Kind.DISCONNECTED, Kind.DISCONNECTED: Kind.CONNECTED,
}  # fmt: skip


def restarted(rows: Sequence[Row], seed: int) -> list[Row]:
    """Return the same rows with other pids, inodes and order."""
    dice = random.Random(seed)  # noqa: S311 - a failure has to be repeatable
    found: list[Row] = []
    for row, daemons in rows:
        others = [Daemon(*_again(daemon, dice)) for daemon in daemons]
        for mine, other in zip(daemons, others, strict=True):
            other.facts = mine.facts
        owners = tuple(Owner(pid, 7) for other in others for pid in other.pids)
        found.append((row._replace(owners=owners, inode=dice.randrange(1 << 30), cookie=dice.randrange(1 << 30)), others))
    dice.shuffle(found)
    return found


def _again(daemon: Daemon, dice: random.Random) -> tuple[str, int]:
    return str(daemon.facts["name"]), dice.randrange(100, 1 << 22)


def distinct(rows: Sequence[Row]) -> list[Row]:
    """Return rows whose programs have pids of their own: one pid is one program."""
    return restarted(rows, 1)


@given(HOSTS, st.integers())
def test_a_restart_in_another_order_is_never_a_change(rows: list[Row], seed: int) -> None:
    rows = distinct(rows)
    found = compared(rows, restarted(rows, seed), connections=True)
    assert said(found) == []
    assert {blind.code for blind in found.blind} <= {"owners"}


@given(HOSTS, HOSTS)
def test_the_other_way_round_is_the_mirror(old: list[Row], new: list[Row]) -> None:
    before, after = host(distinct(old)), host(distinct(new))
    there, back = compared(before, after, connections=True), compared(after, before, connections=True)
    mirrored = [(MIRROR.get(change.kind, change.kind), change.before, change.after) for change in there.changes]
    turned = [(change.kind, change.after, change.before) for change in back.changes]
    assert sorted(map(repr, mirrored)) == sorted(map(repr, turned))
    sides = {"old": "new", "new": "old"}
    assert sorted((sides[each.side], each.code, each.amount or 0) for each in there.blind) == sorted(
        (each.side, each.code, each.amount or 0) for each in back.blind
    )


@given(HOSTS, ADDRESSES)
def test_one_more_listener_is_exactly_one_change(rows: list[Row], address: str) -> None:
    rows = distinct(rows)
    assert [change.kind for change in compared(rows, [*rows, listening("tcp", f"{address}:8080", NGINX)]).changes] == [
        Kind.OPENED
    ]


@given(HOSTS, st.sampled_from([OwnerStatus.HIDDEN, OwnerStatus.PARTIAL, OwnerStatus.UNREPORTED]))
def test_owners_that_one_side_did_not_see_are_never_a_change(rows: list[Row], status: OwnerStatus) -> None:
    rows = distinct(rows)
    unseen = [
        (row._replace(owners=(), owner_status=status, owner_reason=OwnerReason.OTHER_USER), daemons) for row, daemons in rows
    ]
    found = compared(unseen, rows, connections=True)
    assert said(found) == []
    assert bool(rows) == bool(found.blind)


@given(st.lists(ROWS, min_size=1, max_size=6))
def test_twins_of_both_families_are_never_a_change(rows: list[Row]) -> None:
    rows = distinct(rows)
    apart: list[Row] = []
    for row, daemons in rows:
        if row.v6only is False and isinstance(row.local, InetEndpoint):
            apart.append((row._replace(v6only=True), daemons))
            row = row._replace(local=row.local._replace(address="0.0.0.0"), family=Family.IPV4, v6only=None)
        apart.append((row, daemons))
    assert said(compared(rows, apart)) == []
