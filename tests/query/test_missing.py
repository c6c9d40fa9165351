"""Facts that a source does not report, and options that do not go with a listing."""

import io
import json
from pathlib import Path

import pytest

from portsock.cli.console import Console
from portsock.cli.main import run
from portsock.enums import Need
from portsock.model import Input, Notice, Owner, OwnerStatus, Process, Snapshot, Source, Timer
from portsock.query.missing import missing_notices
from portsock.query.query import Query, Question
from portsock.query.target import parse_target
from tests.support.factory import LIVE, snapshot, socket
from tests.support.query_factory import SERVICES

LISTING = "State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 5 127.0.0.1:80 0.0.0.0:*\n"
CAPTURE = Source("capture", None, (Input("ss.txt", None, "ss"),))
DETAILS = frozenset({Need.INFO, Need.TIMERS, Need.MEMORY, Need.OWNERS})


@pytest.fixture
def path(tmp_path: Path) -> str:
    found = tmp_path / "ss.txt"
    found.write_text(LISTING)
    return str(found)


def missing(snapshot: Snapshot, *needs: Need, query: Query | None = None, command: str = "sockets") -> tuple[Notice, ...]:
    return missing_notices(Question(query or Query(), command, frozenset(needs)), snapshot)


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
def test_a_source_without_the_details_says_so(backend: str, message: str) -> None:
    (notice,) = missing(snapshot([socket()], source=Source("live", backend)), *DETAILS)
    assert (notice.code, notice.message, notice.incomplete) == ("details_missing", message, False)


def test_what_is_reported_or_was_not_asked_for_needs_no_notice() -> None:
    assert missing(snapshot([socket()], source=LIVE), *DETAILS) == ()
    assert missing(snapshot([socket()], source=Source("live", "psutil")), Need.OWNERS) == ()
    assert missing(snapshot([socket(), socket(timer=Timer("on", 200, 1))], source=CAPTURE), Need.TIMERS) == ()


def test_explain_makes_do_with_the_details_that_there_are() -> None:
    assert missing(snapshot([socket()], source=CAPTURE), *DETAILS, command="explain") == ()


NO_FACTS = socket(owners=(Owner(7, None, "python3"),), inode=None, uid=None, user=None)


@pytest.mark.parametrize(
    ("target", "what"),
    [
        ("unit:nginx.service", "units"),
        ("container:web", "containers"),
        ("user:root", "users"),
        ("fd:7/3", "descriptors"),
        ("inode:5", "inodes"),
    ],
)
def test_a_filter_on_a_fact_that_a_listing_does_not_report_is_no_answer(target: str, what: str) -> None:
    query = Query(targets=(parse_target(target, SERVICES),))
    (notice,) = missing(snapshot([NO_FACTS], source=CAPTURE), query=query)
    assert (notice.code, notice.incomplete) == ("filter_unreported", True)
    assert notice.message == f"this listing does not report {what}: it cannot tell what matches {target}"
    (same,) = missing(snapshot([NO_FACTS], source=Source("live", "psutil")), query=query)
    assert same.message.startswith(f"psutil does not report {what}")
    assert missing(snapshot([NO_FACTS], source=LIVE), query=query) == ()
    ours = Source("capture", None, (Input("host.json", None, "portsock"),))
    assert missing(snapshot([NO_FACTS], source=ours), query=query) == ()


def test_a_filter_on_a_fact_that_some_row_shows_is_answered() -> None:
    one = snapshot([socket()], {(None, 18085): Process(18085, "python3", unit="web.service", container="web")}, source=CAPTURE)
    for target in ("unit:nginx.service", "container:db", "user:root", "fd:7/3", "inode:5", "pid:1", "proc:x", "80"):
        assert missing(one, query=Query(targets=(parse_target(target, SERVICES),))) == ()


def test_without_any_owner_the_notices_about_owners_say_enough() -> None:
    ownerless = socket(owners=(), owner_status=OwnerStatus.UNREPORTED)
    assert missing(snapshot([ownerless], source=CAPTURE), query=Query(targets=(parse_target("unit:x", SERVICES),))) == ()


def test_options_that_filter_are_judged_as_targets_are() -> None:
    (notice,) = missing(snapshot([NO_FACTS], source=CAPTURE), query=Query(users=("root",)))
    assert notice.message == "this listing does not report users: it cannot tell what matches --user root"


OWNED = """Proto Recv-Q Send-Q Local Address Foreign Address State PID/Program name
tcp 0 0 127.0.0.1:80 0.0.0.0:* LISTEN 7/python3
"""


@pytest.mark.parametrize("command", ["sockets", "ports", "procs", "explain"])
def test_a_filter_that_the_listing_cannot_answer_exits_with_3(command: str, tmp_path: Path) -> None:
    path = tmp_path / "netstat.txt"
    path.write_text(OWNED)
    status, _, error = portsock(command, "unit:nginx.service", "--from", str(path))
    assert status == 3
    assert "this listing does not report units: it cannot tell what matches unit:nginx.service" in error
    assert "nothing matches" not in error


def test_rows_found_beside_a_filter_that_cannot_be_answered_are_incomplete(tmp_path: Path) -> None:
    path = tmp_path / "netstat.txt"
    path.write_text(OWNED)
    status, out, _ = portsock("sockets", "80", "unit:nginx.service", "--json", "--from", str(path))
    document = json.loads(out)
    assert (status, len(document["sockets"]), document["complete"]) == (0, 1, False)


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


def test_a_wildcard_that_covers_the_address_leaves_the_answer_complete(tmp_path: Path) -> None:
    path = tmp_path / "ss.txt"
    path.write_text(LISTING.replace("127.0.0.1:80", "0.0.0.0:80"))
    document = json.loads(portsock("sockets", "127.0.0.1:80", "--from", str(path), "--json")[1])
    assert ([notice["code"] for notice in document["notices"]], document["complete"]) == (["covered_by_wildcard"], True)


UNKNOWN = "Proto Recv-Q Send-Q Local Address Foreign Address State\ntcp 0 0 10.0.0.1:80 10.0.0.2:5000 VOLLKOMMEN\n"


def test_a_filter_on_states_reports_sockets_whose_state_is_not_known(tmp_path: Path) -> None:
    listing = tmp_path / "netstat.txt"
    listing.write_text(UNKNOWN)
    status, out, error = portsock("sockets", "--from", str(listing), "--established")
    assert (status, out) == (3, "")
    assert "1 socket has a state that is not known (VOLLKOMMEN)" in error
    assert portsock("sockets", "--from", str(listing), "--established", "--port", "81")[0] == 1
    assert portsock("sockets", "--from", str(listing), "--listening")[0] == 1  # it has a peer: no listener
    listing.write_text(UNKNOWN + "tcp 0 0 10.0.0.1:80 10.0.0.2:5001 ESTABLISHED\n")
    status, out, error = portsock("sockets", "--from", str(listing), "--established", "--json")
    document = json.loads(out)
    assert (status, len(document["sockets"]), document["complete"]) == (0, 1, False)
    assert [notice["code"] for notice in document["notices"]] == ["filter_unreported"]


def test_states_that_are_known_to_be_missing_give_no_such_notice(tmp_path: Path) -> None:
    listing = tmp_path / "ss.txt"
    listing.write_text("tcpdump 1 root 3u pack 5 0t0 ALL type=SOCK_RAW\n")
    assert portsock("sockets", "--from", str(listing), "--all-families", "--state", "listen")[0] == 1
    listing.write_text(UNKNOWN.replace("10.0.0.2:5000", "0.0.0.0:*"))  # without a peer it is not established
    assert portsock("sockets", "--from", str(listing), "--all-families", "--established")[0] == 1
