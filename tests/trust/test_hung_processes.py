"""Processes whose command line cannot be read, because the kernel waits for ever, hold up no answer."""

from collections.abc import Iterator
from signal import SIGINT
from typing import Any

import pytest

from tests.support.attacks.laboratory import Place, attack
from tests.support.fuse import require_fuse
from tests.support.live import as_root, on_linux

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]
HUNG = 20
COMM = "a-name-of-15-ch"
"""A name that the kernel may have cut: for the whole one the command line would be read."""


@pytest.fixture(scope="module")
def place() -> Iterator[Place]:
    """Make twenty processes that wait for a stopped FUSE daemon with their mmap lock held."""
    require_fuse()
    with attack("hung", HUNG, COMM, "stop") as made:
        yield made


def listeners(place: Place) -> dict[int, int]:
    return place.pids("hung") | place.pids("healthy")


def require_named(place: Place, text: str) -> None:
    """Require each hung process in these notices."""
    missing = [pid for pid in place.pids("hung").values() if str(pid) not in text]
    assert not missing, f"not named: {missing} in {text}"


def notices(answer: Any) -> str:
    return " ".join(notice["message"] for notice in answer["notices"])


def test_listening_ports_are_listed_with_their_owners(place: Place) -> None:
    done = place.soon("ports", "-l", "--json")
    answer = done.json
    assert {row["port"]: [owner["pid"] for owner in row["owners"]] for row in answer["ports"]} == {
        port: [pid] for port, pid in listeners(place).items()
    }
    assert {row["owner_status"] for row in answer["ports"]} == {"known"}
    assert not answer["complete"]
    require_named(place, notices(answer))


def test_a_daemon_that_reads_requests_and_never_answers_holds_nothing_up_either() -> None:
    require_fuse()
    with attack("hung", HUNG, COMM, "mute") as place:
        answer = place.soon("ports", "-l", "--json").json
        assert {row["port"]: row["owners"][0]["pid"] for row in answer["ports"] if row["owners"]} == listeners(place)
        require_named(place, notices(answer))


def test_short_names_need_no_command_line_in_a_table() -> None:
    require_fuse()
    with attack("hung", HUNG, "short", "stop") as place:
        done = place.soon("ports", "-l")
        assert done.stdout.count("short[") == HUNG
        assert done.stderr == ""


def test_facts_that_need_no_command_line_are_known(place: Place) -> None:
    processes = {each["pid"]: each for each in place.soon("ports", "-l", "--json").json["processes"]}
    for pid in place.pids("hung").values():
        assert processes[pid]["name"] == COMM
        assert processes[pid]["uid"] == 65534
        assert processes[pid]["cmdline"] is None
    for pid in place.pids("healthy").values():
        assert processes[pid]["name"] == "healthy"
        assert processes[pid]["cmdline"]


def test_the_table_has_every_row_and_names_each_hung_process(place: Place) -> None:
    done = place.soon("ports", "-l", "--wide")
    assert done.status == 0
    for port, pid in listeners(place).items():
        assert any(str(port) in line and str(pid) in line for line in done.stdout.splitlines())
    require_named(place, done.stderr)


@pytest.mark.parametrize("arguments", [("procs",), ("sockets",), ("ports", "-a"), ("ports", "-l", "--backend", "psutil")])
def test_other_listings_end_in_time_too(place: Place, arguments: tuple[str, ...]) -> None:
    answer = place.soon(*arguments, "--json").json
    assert not answer["complete"]
    require_named(place, notices(answer))
    shown = {each["pid"] for each in answer["procs" if arguments == ("procs",) else "processes"]}
    assert shown >= set(listeners(place).values())


def test_an_explanation_of_a_port_names_its_hung_owner(place: Place) -> None:
    port, pid = next(iter(place.pids("hung").items()))
    done = place.soon("explain", port)
    assert done.status == 0
    assert str(pid) in done.stdout


def test_healthy_ancestors_of_a_hung_process_are_not_said_to_be_locked(place: Place) -> None:
    pid = min(place.pids("hung").values())
    done = place.soon("explain", f"pid:{pid}", "--json")
    locked = [notice["message"] for notice in done.json["notices"] if "memory is locked" in notice["message"]]
    assert locked
    named = {int(word.strip(",")) for message in locked for word in message.split() if word.strip(",").isdigit()}
    assert named <= set(place.pids("hung").values())
    assert done.json["complete"] is False


def test_an_explanation_of_another_port_is_not_held_up(place: Place) -> None:
    port, pid = next(iter(place.pids("healthy").items()))
    done = place.soon("explain", port, "--json")
    (socket,) = done.json["explanations"][0]["sockets"]
    assert [owner["pid"] for owner in socket["owners"]] == [pid]


def test_pids_to_complete_are_given_in_time(place: Place) -> None:
    done = place.soon("--complete", "pids", "", within=0.5)  # 150 ms, and the machine may be busy
    assert done.status == 0


def test_ctrl_c_ends_it_at_once_while_it_waits_for_them(place: Place) -> None:
    done = place.portsock("procs", "--json", interrupt=0.1)
    if done.interrupted is None:  # it did not wait for so long
        assert done.status == 0
        return
    assert done.status in (130, -SIGINT)
    assert done.seconds - done.interrupted < 0.5
