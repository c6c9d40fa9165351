"""Owners are claimed only where /proc is that of our PID namespace."""

from collections.abc import Iterator

import pytest

from tests.support.attacks.laboratory import Outcome, Place, attack, limited, portsock_command
from tests.support.attacks.points_of_view import POINTS_OF_VIEW
from tests.support.live import as_root, on_linux

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]
everywhere = pytest.mark.parametrize("view", POINTS_OF_VIEW)
examples = pytest.mark.parametrize("view", ["no_proc", "container_proc"])


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    with attack("container") as made:
        yield made


def portsock(place: Place, view: str, *arguments: object) -> Outcome:
    return limited(portsock_command(*arguments), [*place.enter, *POINTS_OF_VIEW[view](place.facts)]).ended


def ports(place: Place) -> set[int]:
    return place.pids("healthy").keys() | place.pids("inside").keys()


def test_with_its_own_proc_every_owner_is_known(place: Place) -> None:
    answer = place.portsock("ports", "-l", "--json").json
    assert answer["complete"]
    assert {row["port"] for row in answer["ports"]} == ports(place)
    assert {row["port"]: row["owners"][0]["pid"] for row in answer["ports"]}.items() >= place.pids("healthy").items()


@everywhere
def test_owners_are_hidden_and_the_answer_is_incomplete_where_proc_is_not_ours(place: Place, view: str) -> None:
    done = portsock(place, view, "ports", "-l", "--json")
    assert done.status == 0, done.stderr
    answer = done.json
    assert {row["port"] for row in answer["ports"]} == ports(place)
    assert [(row["owner_status"], row["owners"]) for row in answer["ports"]] == [("hidden", [])] * len(ports(place))
    assert answer["processes"] == []
    assert not answer["complete"]
    assert any("/proc" in notice["message"] for notice in answer["notices"]), answer["notices"]


@examples
def test_the_table_says_what_to_do_where_proc_is_not_ours(place: Place, view: str) -> None:
    done = portsock(place, view, "ports", "-l")
    assert done.status == 0
    assert "/proc" in done.stderr
    assert "kernel?" not in done.stdout


@everywhere
def test_no_pid_is_printed_for_kill_where_proc_is_not_ours(place: Place, view: str) -> None:
    done = portsock(place, view, "ports", "-l", "--pids")
    assert (done.status, done.stdout) == (3, "")
    assert done.stderr


@examples
def test_an_explanation_names_no_process_where_proc_is_not_ours(place: Place, view: str) -> None:
    port = next(iter(place.pids("inside")))
    (explanation,) = portsock(place, view, "explain", port, "--json").json["explanations"]
    assert [socket["owner_status"] for socket in explanation["sockets"]] == ["hidden"]
    assert not [command for command in explanation["next"] if "kill" in str(command)]
