"""What an answer covers: protocols, TCP states, namespaces, and the filters that left sockets out."""

import pytest

from portsock.cli.options import Collecting, Selecting
from portsock.cli.query_parsing import parse_query
from portsock.model import Coverage, Netns, State
from portsock.port_numbers import EMPTY
from portsock.query.coverage import coverage, narrowed
from portsock.query.query import Question

INTERNET = frozenset({"tcp", "udp", "udplite"})
OWN = (Netns(1),)


def covered(command: str = "sockets", *targets: str, **options: object) -> Coverage:
    query = parse_query(targets, Selecting(**options), Collecting(), EMPTY)  # type: ignore[arg-type]
    return coverage(Question(query, command, frozenset()), OWN)


def test_all_sockets_are_covered_without_filters() -> None:
    assert covered() == Coverage(INTERNET, None, OWN, ())
    assert "unix" in covered(all_families=True).protocols
    assert covered(unix=True).protocols == {"unix"}


def test_ports_cover_listeners_and_what_is_bound_and_have_no_unix_sockets() -> None:
    assert covered("ports").states == frozenset({State.LISTEN, State.BOUND})
    assert covered("ports", all=True).states == frozenset({State.LISTEN, State.BOUND})
    assert covered("ports", listening=True).states == frozenset({State.LISTEN})
    assert covered("ports", established=True).states == frozenset({State.ESTABLISHED})
    assert "unix" not in covered("ports", all_families=True).protocols


@pytest.mark.parametrize(
    ("options", "states"),
    [
        ({"listening": True}, {State.LISTEN}),
        ({"listening": True, "established": True}, {State.LISTEN, State.ESTABLISHED}),
        ({"state": ["time-wait"]}, {State.TIME_WAIT}),
        ({"state": ["all"]}, None),
    ],
)
def test_states_are_those_asked_for(options: dict[str, object], states: set[State] | None) -> None:
    assert covered(**options).states == states  # type: ignore[arg-type]


def test_every_filter_is_named() -> None:
    found = covered(
        "sockets", "8080", "10.0.0.0/8", ipv6=True, local=["127.0.0.1"], remote=["192.0.2.1"], port=["80,8000-8100"],
        pid=["7"], process=["nginx"], user=["www"], exclude=["22"],
    )  # fmt: skip
    assert found.filters == (
        "8080", "10.0.0.0/8", "--ipv6", "--local 127.0.0.1", "--remote 192.0.2.1", "--port 80", "--port 8000-8100", "--pid 7",
        "--process nginx", "--user www", "--exclude 22",
    )  # fmt: skip


def test_commands_that_list_only_some_sockets_say_so() -> None:
    assert covered("procs").filters == ("procs",)
    assert covered("explain", "80").filters == ("explain", "80")


def test_what_is_read_of_a_record_covers_no_more_than_the_record() -> None:
    earlier = Coverage(frozenset({"tcp", "unix"}), frozenset({State.LISTEN, State.BOUND}), (Netns(7),), ("8080",))
    query = parse_query(["8080", "22"], Selecting(listening=True), Collecting(), EMPTY)
    found = narrowed(earlier, Question(query, "sockets", frozenset()))
    assert found == Coverage(frozenset({"tcp"}), frozenset({State.LISTEN}), (Netns(7),), ("8080", "22"))
    wide = Coverage(INTERNET, None, None, ())
    assert narrowed(wide, Question(parse_query([], Selecting(), Collecting(), EMPTY), "sockets", frozenset())) == wide
