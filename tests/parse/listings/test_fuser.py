"""fuser on ports."""

from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import Family, InetEndpoint
from portsock.parse.listings.capture import Capture
from portsock.port_numbers import EMPTY
from portsock.records import Holder

LISTING = Path(__file__).parents[2] / "fixtures" / "linux" / "fuser-v.out"


def test_each_process_of_a_port_is_a_row_and_files_are_none() -> None:
    capture = Capture(EMPTY)
    main, worker, resolved, systemd, sshd = capture.read(LISTING.read_text().split("\n"))
    assert main.holders == (Holder(1283, None, "nginx: main", "root"),)
    assert (worker.holders, worker.local) == ((Holder(1284, None, "nginx: main", "www-data"),), InetEndpoint(None, 8080))
    assert (resolved.protocol, resolved.holders) == ("udp", (Holder(640, None, "resolved"),))
    assert systemd.local == InetEndpoint(None, None, label="ssh")
    assert (sshd.local, sshd.remote) == (InetEndpoint(None, 22), InetEndpoint("198.51.100.7", 50000))
    assert {(r.state, r.family) for r in (main, resolved)} == {(None, Family.INET)}
    (notice,) = capture.notices()
    assert (capture.formats, capture.system, notice.code, notice.amount) == (["fuser"], "Linux", "details_missing", 5)


def test_numbers_alone_are_processes() -> None:
    first, second = Capture(EMPTY).read(["8080/tcp:             1234  5678(www)"])
    assert (first.holders, second.holders) == ((Holder(1234, None),), (Holder(5678, None, None, "www"),))


@pytest.mark.parametrize(
    "line", ["99999/tcp:           root       1283 F.... nginx", "8080/tcp:            root  x F.... nginx"]
)
def test_a_row_that_is_not_understood_is_counted(line: str) -> None:
    capture = Capture(EMPTY)
    list(capture.read(["8080/tcp:            root       1283 F.... nginx", line]))
    assert capture.notices()[0].code == "lines_skipped"


@pytest.mark.parametrize("line", ["8080/tcp:", "note/tcp: see below", "http://192.0.2.1/tcp: 5", "8080/tcp"])
def test_other_text_is_not_taken_for_fuser(line: str) -> None:
    capture = Capture(EMPTY)
    with pytest.raises(UsageError, match="no socket listing"):
        list(capture.read([line]))


@pytest.mark.parametrize("part", ["9", " 9", " ", "a", "9(a)", "("])
def test_a_very_long_row_is_declined_at_once(part: str) -> None:
    capture = Capture(EMPTY)
    assert len(list(capture.read(["8080/tcp: 5", f"8080/tcp: {part * 100_000}!"]))) == 1
