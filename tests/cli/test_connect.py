"""explain --connect and --timeout: what they refuse, in one line, and that nothing is sent unasked."""

import json
import socket
from collections.abc import Iterator

import pytest

from portsock.cli.explaining import remote
from tests.support.contract import ask, schema_faults
from tests.support.live import on_linux

pytestmark = on_linux


@pytest.fixture
def port() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.2)
        yield listener.getsockname()[1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["8080"], "'8080' is none"),
        (["192.0.2.1"], "'192.0.2.1' is none"),
        (["192.0.2.0/24:80"], "'192.0.2.0/24:80' is none"),
        (["192.0.2.1:80-81"], "'192.0.2.1:80-81' is none"),
        (["192.0.2.1:0"], "'192.0.2.1:0' is none"),
        (["224.0.0.1:5353"], "'224.0.0.1:5353' is none"),
        (["192.0.2.1:80,192.0.2.2:81"], "is none"),
        (["pid:1"], "'pid:1' is none"),
        (["/run/x.sock"], "'/run/x.sock' is none"),
        (["TIME_WAIT"], "'TIME_WAIT' is none"),
        (["192.0.2.1:80", "8080"], "'8080' is none"),
        (["sctp/192.0.2.1:80"], "--connect tries TCP, and UDP as in udp/192.0.2.1:53; 'sctp/192.0.2.1:80' is neither"),
        (["192.0.2.1:80", "--from", "/dev/null"], "--connect with --from: a listing is another machine's"),
        (["192.0.2.1:80", "--netns", "all"], "--connect with --netns: it connects from the namespace"),
        *((["192.0.2.1:80", "--timeout", text], f"--timeout {text}: not a number of seconds above 0")
          for text in ("0", "x", "-1", "nan", "inf", "1e3", "601", "", "1.2.3", "٣", "0.0")),
    ],
)  # fmt: skip
def test_what_cannot_be_tried_is_refused_in_one_line(arguments: list[str], said: str) -> None:
    answer = ask("explain", "--connect", *arguments)
    assert (answer.status, answer.out) == (2, b"")
    assert said in answer.err
    assert answer.err.count("\n") == 1


def test_a_timeout_is_for_connect() -> None:
    answer = ask("explain", "192.0.2.1:80", "--timeout", "3")
    assert answer.status == 2
    assert "give --connect with it" in answer.err


def test_timeouts_are_seconds() -> None:
    assert [remote.timeout_of(text, True) for text in (None, "3", "0.25", "600")] == [3.0, 3.0, 0.25, 600.0]


def test_an_own_endpoint_can_be_tried(port: int) -> None:
    answer = ask("explain", "--connect", "--json", f"127.0.0.1:{port}", "--timeout", "2")
    assert answer.status == 0, answer.err
    document = answer.json()
    assert schema_faults(document) == []
    (found,) = document["explanations"]
    assert found["headline"].startswith(f"127.0.0.1:{port} accepts connections")
    path = found["sections"]["path"]
    assert (path["route"], path["neighbour"], path["ephemeral_ports"]) == (None, None, None)
    assert path["connect"]["result"] == "accepted"


def test_nothing_is_sent_unasked(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_: object) -> None:
        raise AssertionError("tried unasked")

    monkeypatch.setattr("portsock.sources.connect.connect_once", refused)
    assert ask("explain", f"127.0.0.1:{port}", "192.0.2.1:80").status in (0, 1)


def test_the_way_is_asked_of_the_kernel_and_in_json() -> None:
    document = json.loads(ask("explain", "--json", "192.0.2.253:80", "[2001:db8:ffff::1]:80", "udp/192.0.2.253:53").out)
    assert schema_faults(document) == []
    paths = [each["sections"]["path"] for each in document["explanations"]]
    assert [(each["protocol"], each["port"]) for each in paths] == [("tcp", 80), ("tcp", 80), ("udp", 53)]
    assert all((each["route"]["errno"] is None) != (each["route"]["device"] is None) for each in paths)
    assert all(each["connect"] is None for each in paths)


def test_a_listing_has_no_way() -> None:
    assert b"packets to it" not in ask("explain", "192.0.2.1:80", "--from", "tests/fixtures/linux/ss-tuanp.out").out
