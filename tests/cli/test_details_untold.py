"""Details that the source does not tell, and options that do not go with a listing."""

import io
import json
from pathlib import Path

import pytest

from portsock.cli.console import Console
from portsock.cli.details import with_untold
from portsock.cli.main import run
from portsock.model import Input, Source, Timer
from tests.support.factory import LIVE, snapshot, socket

LISTING = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 5 127.0.0.1:80 0.0.0.0:*\n"
CAPTURE = Source("capture", None, (Input("ss.txt", None, "ss"),))
ALL = frozenset({"info", "timers", "memory", "owners"})


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = tmp_path / "ss.txt"
    found.write_text(LISTING)
    return str(found)


def portsock(*arguments: str) -> tuple[int, str, str]:
    out, error = io.BytesIO(), io.StringIO()
    console = Console(out, error, io.BytesIO(), False, False, "utf-8", 80, {"HOME": "/nonexistent"})
    status = run(list(arguments), console)
    return status, out.getvalue().decode(), error.getvalue()


@pytest.mark.parametrize(
    ("backend", "message"),
    [
        ("procfs", "/proc does not tell what --info and --memory ask for"),
        ("psutil", "psutil does not tell what --info and --timers and --memory ask for"),
    ],
)
def test_a_source_that_does_not_tell_the_details_says_so(backend: str, message: str) -> None:
    (notice,) = with_untold(snapshot([socket()], source=Source("live", backend)), ALL).notices
    assert (notice.code, notice.message, notice.incomplete) == ("details_missing", message, False)


def test_what_is_told_or_was_not_asked_for_needs_no_notice() -> None:
    assert with_untold(snapshot([socket()], source=LIVE), ALL).notices == ()
    assert with_untold(snapshot([socket()], source=Source("live", "psutil")), frozenset({"owners"})).notices == ()
    told = snapshot([socket(), socket(timer=Timer("on", 200, 1))], source=CAPTURE)
    assert with_untold(told, frozenset({"timers"})).notices == ()


def test_a_listing_without_the_details_says_so(path: str) -> None:
    status, out, error = portsock("sockets", "--from", path, "--info", "--json")
    assert status == 0
    assert "this listing does not tell what --info asks for" in error
    document = json.loads(out)
    assert ([notice["code"] for notice in document["notices"]], document["complete"]) == (["details_missing"], True)


@pytest.mark.parametrize("command", ["sockets", "ports", "procs", "explain"])
@pytest.mark.parametrize("option", [("--netns", "all"), ("--backend", "psutil")])
def test_how_this_system_is_asked_goes_with_no_listing(command: str, option: tuple[str, str], path: str) -> None:
    status, out, error = portsock(command, "80", "--from", path, *option)
    assert (status, out) == (2, "")
    assert f"{option[0]} with --from" in error


def test_letters_that_fingers_know_are_taken(path: str) -> None:
    plain = portsock("sockets", "--from", path, "-tuln")
    assert plain[0] == 0
    assert portsock("sockets", "--from", path, "-tulpen") == plain
    assert "--netns with --from" in portsock("sockets", "--from", path, "-N", "all")[2]
