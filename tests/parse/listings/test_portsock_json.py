"""portsock's own JSON: reading returns what was written."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.model import (
    Coverage,
    Family,
    InetEndpoint,
    Input,
    Interface,
    Machine,
    NetlinkEndpoint,
    Netns,
    Notice,
    Owner,
    OwnerReason,
    OwnerStatus,
    PacketEndpoint,
    Peer,
    Process,
    Role,
    Snapshot,
    Socket,
    SocketMemory,
    SocketType,
    Source,
    State,
    Subflow,
    Timer,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.normalize.processes import group_processes
from portsock.output.context import Context
from portsock.output.json.document import answer
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.portsock_json import PortsockReader, read_snapshots
from portsock.port_numbers import EMPTY
from tests.support.factory import LINUX, socket


def snapshot_of(text: str) -> Snapshot:
    (found,) = read_snapshots(text.split("\n"))
    return found


numbers = st.none() | st.integers(0, 2**63)
words = st.none() | st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
owners = st.lists(st.builds(Owner, numbers, numbers, words, words, numbers), max_size=3).map(tuple)
netns = st.none() | st.builds(Netns, st.integers(1, 2**32), words)
statuses = st.sampled_from(OwnerStatus)
endpoints = st.one_of(
    st.none(),
    st.builds(
        InetEndpoint,
        st.sampled_from([None, "*", "192.0.2.1", "2001:db8::1"]),
        st.none() | st.integers(0, 65535),
        words,
        words,
        words,
        st.booleans(),
        st.booleans(),
    ),
    st.builds(UnixEndpoint, st.none() | st.binary(max_size=12), st.booleans(), st.booleans()),
    st.builds(NetlinkEndpoint, st.integers(0, 31), st.integers(0, 2**32), numbers),
    st.builds(PacketEndpoint, numbers, numbers),
    st.builds(VsockEndpoint, st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1)),
)
sockets = st.builds(
    Socket,
    family=st.sampled_from(Family),
    type=st.none() | st.sampled_from(SocketType),
    protocol=st.sampled_from(["tcp", "udp", "unix", "raw"]),
    number=numbers,
    state=st.none() | st.sampled_from([state for state in State if state is not State.LISTEN]),
    state_raw=words,
    role=st.sampled_from(Role),
    local=endpoints,
    remote=endpoints,
    recv_q=numbers,
    send_q=numbers,
    accept_queue=st.none(),
    accept_limit=st.none(),
    uid=numbers,
    user=words,
    inode=numbers,
    cookie=numbers,
    interface=words,
    v6only=st.none() | st.booleans(),
    netns=netns,
    host=words,
    owner_status=statuses,
    owner_reason=st.none() | st.sampled_from(OwnerReason),
    owners=owners,
    peer=st.none() | st.builds(Peer, numbers, netns, words, statuses, owners),
    peer_inode=numbers,
    shutdown=st.none() | st.integers(0, 3),
    vfs=st.none() | st.tuples(st.integers(0, 2**32), st.integers(0, 2**63)),
    timer=st.none() | st.builds(Timer, st.sampled_from(["on", "keepalive", "9"]), numbers, numbers),
    memory=st.none() | st.builds(SocketMemory, *[st.integers(0, 2**32)] * 9),
    info=st.none()
    | st.dictionaries(st.sampled_from(["rtt_ms", "pacing_rate"]), st.none() | st.integers(-(2**63), 2**64 - 1))
    | st.dictionaries(st.sampled_from(["ecn", "mss"]), st.none() | st.integers(-(2**63), 2**64 - 1) | st.booleans()),
    subflow_of=numbers,
    subflows=st.none()
    | st.lists(st.builds(Subflow, st.none() | st.sampled_from(State), endpoints, endpoints), max_size=2).map(tuple),
).map(lambda each: each if each.state is None else each._replace(state_raw=None))


def snapshot(rows: list[Socket], **changes: Any) -> Snapshot:
    values: dict[str, Any] = {"source": Source("live", "netlink"), "taken_at": 1795197600.0, "processes": {}, "notices": ()}
    values |= {"host": LINUX, "complete": True} | changes
    return Snapshot(sockets=rows, **values)


def written(shot: Snapshot, lines: bool = False, context: Context | None = None) -> str:
    return "".join(answer("sockets", shot, shot.sockets, context or Context(), lines))


@settings(deadline=None, max_examples=60)
@given(st.lists(sockets, max_size=3), st.booleans())
def test_a_round_trip_keeps_every_field_of_a_socket(rows: list[Socket], lines: bool) -> None:
    assert snapshot_of(written(snapshot(rows), lines)).sockets == rows


def test_a_listener_keeps_its_queue() -> None:
    listener = socket(accept_queue=2, accept_limit=128)
    assert snapshot_of(written(snapshot([listener]))).sockets == [listener]


@pytest.mark.parametrize("lines", [False, True])
def test_a_round_trip_keeps_processes_source_time_and_notices(lines: bool) -> None:
    process = Process(
        18085, "python3", "python3", "/usr/bin/python3", ("python3", "-m", "http.server"), "dev", 1000, 1701,
        1795197000.0, "web.service", "web", True, "192.0.2.9:80 (web)",
    )  # fmt: skip
    shot = snapshot(
        [socket()],
        processes={(None, 18085): process},
        source=Source("capture", None, (Input("a.txt", "web1", "ss"), Input("b.txt", None, "lsof"))),
        notices=(Notice("lines_skipped", 2, "2 lines were skipped"),),
        complete=False,
    )
    read = snapshot_of(written(shot, lines, Context(processes=shot.processes)))
    assert (read.processes, read.source, read.taken_at) == (shot.processes, shot.source, shot.taken_at)
    assert (read.notices, read.complete) == (shot.notices, False)


def test_sockets_in_rows_of_several_processes_are_joined() -> None:
    item = {"family": "ipv4", "protocol": "tcp", "state": "LISTEN", "owner_status": "known"}
    rows = [{"pid": pid, "name": "web", "user": "dev", "listening": [item], "sockets": [item]} for pid in (7, 8)]
    found = snapshot_of(json.dumps({"schema": "portsock/1", "procs": rows, "complete": True}))
    assert [one.owners for one in found.sockets] == [(Owner(7, None, "web", "dev"), Owner(8, None, "web", "dev"))]
    assert sorted(pid for _, pid in found.processes) == [7, 8]


def test_rows_of_ports_contain_their_sockets() -> None:
    item = {"family": "ipv6", "protocol": "udp", "owner_status": "unreported"}
    found = snapshot_of(json.dumps({"schema": "portsock/1", "ports": [{"port": 53, "sockets": [item]}], "complete": True}))
    assert [(one.family, one.role) for one in found.sockets] == [(Family.IPV6, Role.UNKNOWN)]


def test_a_capture_of_portsock_json_has_the_snapshot_that_was_printed() -> None:
    capture = Capture(EMPTY)
    assert list(capture.read(written(snapshot([socket()])).split("\n"))) == []
    assert capture.snapshots
    assert (capture.formats, capture.snapshots[0].sockets) == (["portsock"], [socket()])


def test_a_state_of_a_later_version_is_kept_as_text() -> None:
    item = {"family": "ipv4", "protocol": "tcp", "state": "NEW", "role": "other", "new_key": 1}
    (found,) = snapshot_of(json.dumps({"schema": "portsock/1", "sockets": [item]})).sockets
    assert (found.state, found.state_raw, found.role) == (None, "NEW", Role.UNKNOWN)


def test_lines_that_end_too_early_are_incomplete() -> None:
    text = written(snapshot([socket()]), True).rpartition('{"record":"end"')[0]
    found = snapshot_of(text)
    assert (found.complete, [notice.code for notice in found.notices]) == (False, ["cut_short"])
    assert found.sockets == [socket()]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "no schema portsock/1"),
        ('{"schema":"portsock/1"', "Expecting"),
        ('{"schema":"portsock/2"}', "schema portsock/2 is not known"),
        ('{"schema":"other"}', "no schema portsock/1"),
        ("[" * 100_000, "nested too deeply"),
        ('{"schema":"portsock/1","sockets":[{}]}', "a socket has no known family and protocol"),
        ('{"record":"header","schema":"portsock/1"}\n{"x":1}', "line 2: no record"),
    ],
)
def test_other_text_is_refused_with_a_message_of_one_line(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message) as caught:
        snapshot_of(text)
    assert "\n" not in str(caught.value)


def test_a_broken_document_is_a_usage_error() -> None:
    assert PortsockReader.accepts('{"schema":"portsock/1",')
    with pytest.raises(UsageError, match=r"^no readable portsock: "):
        list(Capture(EMPTY).read(['{"schema":"portsock/1",']))


@pytest.mark.parametrize("key", ["recv_q", "inode", "peer_inode"])
def test_a_number_of_thousands_of_digits_counts_as_missing(key: str) -> None:
    text = written(snapshot([socket(recv_q=7, inode=7, peer_inode=7)]))
    for lines in (text, written(snapshot([socket(recv_q=7, inode=7, peer_inode=7)]), lines=True)):
        (row,) = snapshot_of(lines.replace(f'"{key}":7', f'"{key}":{"9" * 5000}')).sockets
        assert getattr(row, key) is None


def test_details_beyond_64_bits_are_left_out() -> None:
    text = written(snapshot([socket("10.0.0.1:4", "10.0.0.2:5", info={"a": 1, "b": 2})]))
    (row,) = snapshot_of(text.replace('"b":2', f'"b":{"9" * 4000}')).sockets
    assert row.info == {"a": 1}


@pytest.mark.parametrize(("time", "seconds"), [("0001-01-01T00:00:00Z", -62135596800), ("0001-01-01T00:00:00+14:00", None)])
def test_times_outside_the_years_1_to_9999_count_as_missing(time: str, seconds: float | None) -> None:
    text = written(snapshot([])).replace("2026-11-20T18:00:00Z", time)
    assert time in text
    assert snapshot_of(text).taken_at == seconds


def test_equal_sockets_of_one_process_remain_several() -> None:
    row = socket(inode=None, cookie=None)
    assert snapshot_of(procs_text([row, row])).sockets == [row._replace(owners=each) for each in [LOST_FD, LOST_FD]]


def procs_text(rows: list[Socket]) -> str:
    return "".join(answer("procs", snapshot(rows), group_processes(rows, {}), Context(), lines=False))


LOST_FD = (Owner(18085, None, "python3", "dev"),)
"""The owner of a socket that was read from rows of `procs`, which have no descriptors."""


@given(st.lists(st.tuples(st.booleans(), st.booleans(), st.none() | st.integers(1, 9)), max_size=8), st.randoms())
def test_sockets_of_a_process_have_one_order_live_and_from_a_capture(
    held: list[tuple[bool, bool, int | None]], mix: Any
) -> None:
    """Two processes share some of their sockets, of which some have no inode, and the kernel lists them in any order."""
    first, second = Owner(7, 3, "a", "dev"), Owner(8, 3, "b", "dev")
    rows = [
        socket(f"127.0.0.1:{at + 1}", inode=inode, owners=(first,) * one + (second,) * other)
        for at, (one, other, inode) in enumerate(held)
    ]
    live = group_processes(rows, {})
    again = group_processes(snapshot_of(procs_text(rows)).sockets, {})
    mix.shuffle(rows)
    listed = group_processes(rows, {})
    ends = [[[each.local for each in row.sockets] for row in found] for found in (live, again, listed)]
    assert ends[0] == ends[1] == ends[2]


def test_a_tcp_detail_of_another_type_than_portsock_gives_it_is_unknown_and_others_survive() -> None:
    info: Any = {"rtt_ms": "quick", "congestion_window": True, "congestion_control": 3, "pacing_rate": 5, "new": "kept"}
    (row,) = snapshot_of(written(snapshot([socket("10.0.0.1:4", "10.0.0.2:5", info=info)]))).sockets
    assert row.info == {
        "rtt_ms": None, "congestion_window": None, "congestion_control": None, "pacing_rate": 5, "new": "kept",
    }  # fmt: skip


def test_a_header_that_has_sockets_of_another_type_is_refused() -> None:
    with pytest.raises(ValueError, match="line 2: another line has 'sockets' already"):
        snapshot_of('{"record":"header","schema":"portsock/1","sockets":5}\n{"record":"socket","family":"ipv4"}')


prefixed = st.tuples(st.sampled_from(["192.0.2.1/24", "2001:db8::1/64", "fe80::1/64", "x"]))
interfaces = st.lists(
    st.builds(Interface, words.map(lambda word: word or "x"), prefixed, numbers, st.none() | st.booleans()), max_size=3
)
machines = st.builds(Machine, words, words, words, words, numbers, st.none() | interfaces.map(tuple), words)
coverages = st.builds(
    Coverage,
    st.frozensets(st.sampled_from(["tcp", "udp", "unix"])),
    st.none() | st.frozensets(st.sampled_from(State)),
    st.none() | st.lists(netns.map(lambda space: space or Netns(1)), max_size=2).map(tuple),
    st.lists(words.map(str), max_size=2).map(tuple),
)


@given(st.none() | machines, st.none() | coverages, st.booleans())
def test_the_host_and_what_is_covered_survive_their_json(
    machine: Machine | None, covers: Coverage | None, lines: bool
) -> None:
    found = snapshot_of(written(snapshot([socket()])._replace(machine=machine, covers=covers), lines))
    assert (found.machine, found.covers) == (machine, covers)
    assert found.host.system == ((machine and machine.system) or "unknown")


@pytest.mark.parametrize(
    ("keys", "machine", "covers"),
    [
        ({}, None, None),
        ({"machine": 7, "covers": []}, None, None),
        ({"machine": {"id": 7, "netns": "x", "interfaces": [3]}}, Machine(None, None, None, None, None, (), None), None),
        ({"covers": {"protocols": ["tcp"], "states": ["NEW", "LISTEN"], "netns": None, "filters": []}}, None,
         Coverage(frozenset({"tcp"}), frozenset({State.LISTEN}), None)),
        ({"covers": {"protocols": ["tcp"], "states": "LISTEN", "filters": []}}, None, None),
        ({"covers": {"protocols": ["tcp"], "states": None, "filters": None}}, None, None),
        ({"covers": {"protocols": None, "states": None, "filters": []}}, None, None),
    ],
)  # fmt: skip
def test_a_host_of_wrong_types_is_none_and_never_covers_more(
    keys: dict[str, object], machine: Machine | None, covers: Coverage | None
) -> None:
    found = snapshot_of(json.dumps({"schema": "portsock/1"} | keys))
    assert (found.machine, found.covers) == (machine, covers)


ONE, OTHER = (snapshot([socket(inode=inode)], host=LINUX._replace(name=name)) for inode, name in ((1, "web"), (2, "db")))


def pretty(text: str) -> str:
    """Return JSON, or lines of it, as jq prints it."""
    values = [json.loads(text)] if text.startswith('{"schema"') else [json.loads(line) for line in text.splitlines()]
    return "".join(json.dumps(value, indent=2) + "\n" for value in values)


def minified(text: str) -> str:
    return json.dumps(json.loads(text), separators=(",", ":")) + "\n"


@pytest.mark.parametrize("first", [False, True])
@pytest.mark.parametrize("second", [False, True])
@pytest.mark.parametrize("change", [str, pretty])
def test_answers_after_one_another_are_read_each(first: bool, second: bool, change: Callable[[str], str]) -> None:
    text = change(written(ONE, first)) + change(written(OTHER, second))
    found = read_snapshots(text.split("\n"))
    assert [(each.host.name, each.sockets, each.complete) for each in found] == [
        ("web", ONE.sockets, True),
        ("db", OTHER.sockets, True),
    ]


def test_minified_answers_and_an_array_of_answers_are_read_each() -> None:
    texts = [written(ONE), written(OTHER)]
    array = json.dumps([json.loads(text) for text in texts], indent=2)
    for text in ("".join(map(minified, texts)), "\n\n".join(texts), array):
        assert PortsockReader.accepts(text)
        assert [each.host.name for each in read_snapshots(text.split("\n"))] == ["web", "db"]


def test_an_answer_that_ends_early_before_another_one_is_incomplete_or_refused() -> None:
    cut = written(ONE, True).rpartition('{"record":"end"')[0]
    found = read_snapshots((cut + written(OTHER, True)).split("\n"))
    assert [(each.host.name, each.complete) for each in found] == [("web", False), ("db", True)]
    cut = written(ONE).rpartition("]")[0] + "\n"
    with pytest.raises(ValueError, match="the document that begins in line 1: "):
        read_snapshots((cut + written(OTHER)).split("\n"))
    with pytest.raises(ValueError, match=r"Extra data|no schema"):
        read_snapshots((pretty(written(ONE)) + "\ngarbage").split("\n"))
