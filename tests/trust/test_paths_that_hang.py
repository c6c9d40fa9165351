"""Paths that processes chose, and at which a look-up waits for ever, hold up no answer."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.attacks.laboratory import Place, attack
from tests.support.fuse import require_fuse
from tests.support.live import as_root, on_linux

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]


@pytest.fixture
def place() -> Iterator[Place]:
    require_fuse()
    with attack("traps") as made:
        yield made


def touched(place: Place) -> list[str]:
    """Return the requests that the daemons of FUSE and autofs got and did not answer."""
    log = Path(f"/proc/{place.facts['outside']}/root{place.facts['touched']}")
    return log.read_text(encoding="ascii").split("\n")[:-1]


def test_a_network_namespace_mounted_below_a_hung_mount_is_reported_and_the_others_are_listed(place: Place) -> None:
    done = place.soon("sockets", "--netns", "all", "--json")
    answer = done.json
    owners = {row["local"]["port"]: row["owners"][0]["pid"] for row in answer["sockets"] if row["owners"]}
    assert owners.items() >= place.pids("healthy").items()
    assert not answer["complete"]
    assert any(str(place.facts["netns"]["inode"]) in notice["message"] for notice in answer["notices"])


@pytest.mark.parametrize("kind", ["fuse", "autofs"])
def test_the_path_of_a_unix_socket_below_a_hung_mount_is_not_followed(place: Place, kind: str) -> None:
    path = place.facts["unix"][kind]
    for command in (("explain", f"unix:{path}"), ("explain", f"unix:{path}", "--json"), ("sockets", f"unix:{path}", "--json")):
        done = place.soon(*command)
        assert done.status == 0, done.stderr
        assert path in done.stdout
    assert touched(place) == []


def test_a_deleted_executable_on_a_hung_mount_holds_nothing_up(place: Place) -> None:
    owner = place.facts["exe"]
    answer = place.soon("ports", "-l", "--json").json
    (row,) = (row for row in answer["ports"] if row["port"] == owner["port"])
    assert [(each["pid"], each["name"]) for each in row["owners"]] == [(owner["pid"], "prog")]
    explained = place.soon("explain", owner["port"])
    assert str(owner["pid"]) in explained.stdout


def test_a_process_whose_root_directory_hangs_holds_nothing_up(place: Place) -> None:
    owner = place.facts["chrooted"]
    port = place.soon("explain", owner["port"])
    assert str(owner["pid"]) in port.stdout
    path = place.soon("explain", f"unix:{owner['path']}")
    assert owner["path"] in path.stdout


def test_completions_are_given_in_time(place: Place) -> None:
    for kind in ("pids", "ports", "unix", "netns"):
        place.soon("--complete", kind, "", within=1)
