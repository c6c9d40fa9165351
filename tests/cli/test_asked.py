"""What is typed for explain: targets and words first, then what a text plainly means."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from portsock.cli.explaining.asked import Asked, operands, read_questions, with_explain
from portsock.cli.options import Collecting
from portsock.errors import UsageError
from portsock.model import Process
from portsock.query.target import NameTarget
from portsock.sources import presence
from tests.support.live import answer, as_root, on_linux, portsock, situation, takes_long
from tests.support.query_factory import SERVICES


@pytest.fixture(autouse=True)
def nginx(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have nginx be the one program that runs."""
    monkeypatch.setattr(presence, "running_processes", lambda: [Process(5, "nginx", "nginx", "/usr/sbin/nginx")])


def read(*texts: str, **collecting: object) -> list[Asked]:
    return read_questions(texts, SERVICES, Collecting(**collecting))  # type: ignore[arg-type]


def subjects(asked: Sequence[Asked]) -> list[str]:
    return [each.subject if isinstance(each.subject, str) else each.subject.text for each in asked]


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["8080", "http"], ["8080", "http"]),
        (["CLOSE_WAIT", "TIME_WAIT"], ["CLOSE_WAIT", "TIME_WAIT"]),
        (["port", "socket", "process"], ["port socket process"]),
        (["port vs socket"], ["port socket"]),
        (["port,", "socket", "and", "connection"], ["port socket connection"]),
        (["port", "EADDRINUSE"], ["port", "EADDRINUSE"]),
        (["connection", "refused"], ["connection refused"]),
        (["address already in use"], ["address already in use"]),
        (["pid", "55"], ["pid:55"]),
        (["port", "8080", "9090"], [":8080", "9090"]),
        (["process", "nginx"], ["proc:nginx"]),
        (["process", "port"], ["process port"]),
        (["nginx"], ["proc:nginx"]),
        (["nginx", "127.0.0.1:80"], ["proc:nginx", "127.0.0.1:80"]),
        (["listen", "tcp", ":8080:", "bind:", "address", "already", "in", "use"], [":8080"]),
        (["Error:", "listen", "EADDRINUSE"], ["EADDRINUSE"]),
        (["/bin/x: bind: Address already in use"], ["EADDRINUSE"]),
        (["me:secret@127.0.0.1:80"], ["127.0.0.1:80"]),
        (["0.0.0.0"], ["0.0.0.0"]),
    ],
)
def test_what_was_typed_is_read_as(texts: list[str], found: list[str]) -> None:
    assert subjects(read(*texts)) == found


def test_the_answer_says_how_a_text_was_read_and_nothing_of_a_target() -> None:
    assert read("8080")[0].notes == ()
    assert read("port", "socket")[0].notes == ()
    assert read("nginx")[0].notes == ("Read as proc:nginx: no service has this name, and a program has.",)
    assert read("https://127.0.0.1")[0].notes == ("Read as 127.0.0.1:443, the endpoint of the https URL.",)
    first, meaning = read("dial tcp 10.0.0.5:5432: connect: connection refused")[0].notes
    assert first == "Read as 10.0.0.5:5432 and ECONNREFUSED."
    assert meaning.startswith("ECONNREFUSED, 'Connection refused', means that ")
    assert read("dial tcp db:5432: connect: connection refused")[0].notes == (
        "Read as ECONNREFUSED. 'db:5432' has a host name, which only --resolve looks up.",
    )
    assert read("0.0.0.0")[0].notes[0].startswith("0.0.0.0 and :: are wildcards")


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("wibble", "'wibble': no service and no running program has this name"),
        ("ngin", "'ngin': no service and no running program has this name; did you mean 'proc:nginx'?"),
        ("Nginx", "'Nginx': no service and no running program has this name; did you mean 'proc:nginx'?"),
        ("https://example.com/x?token=1", "'example.com:443' has a host name, which only --resolve looks up; portsock explain "
         ":443 tells about the port here"),
        ("port 99999", "'99999' in ':99999' is no port: ports end at 65535"),
        ("postgres://me:secret@h:x/", "'postgres://...@h:x/' is a URL without a host that can be read; write HOST:PORT"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_in_one_line_without_circular_advice(text: str, line: str) -> None:
    with pytest.raises(UsageError) as refused:
        read(text)
    assert str(refused.value) == line


def test_a_name_is_looked_for_in_the_listing_and_not_on_this_host() -> None:
    (asked,) = read("wibble", captures=["x"])
    assert asked.subject == NameTarget("proc:wibble", "proc", "wibble")
    assert asked.refusal is not None


@pytest.mark.parametrize(
    ("typed", "implied"),
    [
        (["8080"], True),
        (["--json", "8080"], True),
        (["8080", "--brief"], True),
        (["--from", "ports", "8080"], True),
        (["--netns=all", "nginx"], True),
        (["socket"], True),
        (["connect:", "connection", "refused"], True),
        (["300.1.1.1:80"], True),
        (["--", "8080"], True),
        (["--resolve", "web1"], True),
        (["--json", "ports"], False),
        (["-l", "sockets"], False),
        (["wibble"], False),
        (["prots"], False),
        (["help"], False),
        (["-tulpn"], False),
        ([""], False),
    ],
)
def test_explain_is_implied_where_it_understands_the_first_word(typed: list[str], implied: bool) -> None:
    assert with_explain(typed) == (["explain", *typed] if implied else typed)


def test_values_of_options_are_no_operands() -> None:
    assert operands(["--as", "nobody", "-N", "all", "--from=x", "8080", "--brief", "-", "--", "--json"]) == [
        "8080",
        "-",
        "--json",
    ]


@on_linux
@takes_long
@pytest.mark.linux
def test_a_password_is_in_no_output() -> None:
    for arguments in (
        ["explain", "postgres://me:hunter2@127.0.0.1:1/db"],
        ["explain", "--json", "postgres://me:hunter2@127.0.0.1:1/db"],
        ["postgres://me:hunter2@127.0.0.1:1/db"],
        ["explain", "connect to amqp://me:hunter2@10.0.0.5: connection refused"],
        ["explain", "me:hunter2@10.0.0.5:1"],
        ["explain", "postgres://me:hunter2@h:x/"],
        ["explain", "postgres://me:hunter2@db.example/"],
        ["ports", "postgres://me:hunter2@127.0.0.1"],
        ["ports", "--port", "postgres://me:hunter2@127.0.0.1"],
        ["postgres://me:hunter2@127.0.0.1", "--kil"],
        ["ports", "--kill", "postgres://me:hunter2@127.0.0.1"],
    ):
        done = portsock(*arguments)
        assert "hunter2" not in done.stdout + done.stderr, arguments
        assert done.returncode in {0, 1, 2, 3}


@on_linux
@as_root
@pytest.mark.linux
@pytest.mark.root
def test_a_listener_is_found_by_a_url_by_its_message_and_by_its_name() -> None:
    with situation("server_with_clients") as place:
        for text in ("http://localhost:8080/x", "Error: listen EADDRINUSE: address already in use :::8080", "port 8080"):
            assert place.explain(text).startswith("8080/tcp (http-alt) is held by python"), text
        said = place.explain("port", "socket", "process")
        assert said.startswith("Process ")
        assert "a socket that listens on port 8080/tcp" in said
        assert "a second socket on the same port, whose other end is " in said


@on_linux
@pytest.mark.linux
def test_what_holds_nothing_is_said_to_exist_or_not() -> None:
    sleeper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    try:
        assert "runs and holds no socket that was asked for" in portsock("ports", "--pid", str(sleeper.pid)).stderr
        assert "there is no user no-such-user" in portsock("ports", "user:no-such-user").stderr
        assert portsock("explain", "user:no-such-user", "--brief").stdout == "There is no user no-such-user.\n"
        assert "no process named wibble* runs" in portsock("sockets", "--process", "wibble*").stderr
        assert "no unit wibble runs or is installed" in portsock("sockets", "unit:wibble").stderr
        assert "no container wibble runs here" in portsock("procs", "container:wibble").stderr
        assert os.path.exists(f"/proc/{sleeper.pid}")
    finally:
        sleeper.kill()
        sleeper.wait()


@on_linux
@pytest.mark.linux
def test_json_has_what_was_typed_and_how_it_was_read() -> None:
    (found,) = answer("explain", "https://127.0.0.2/x")["explanations"]
    assert found["target"] == {"input": "https://127.0.0.2/x", "kind": "endpoint"}
    assert found["notes"][0] == "Read as 127.0.0.2:443, the endpoint of the https URL."


@on_linux
@pytest.mark.linux
def test_a_program_of_a_listing_is_found_by_its_name_alone(tmp_path: Path) -> None:
    listing = tmp_path / "ss.txt"
    listing.write_text(
        "State Recv-Q Send-Q Local Address:Port Peer Address:Port Process\n"
        'LISTEN 0 5 127.0.0.1:81 0.0.0.0:* users:(("wibbled",pid=7,fd=3))\n'
    )
    assert portsock("wibbled", "--from", str(listing), "--brief").stdout.startswith("wibbled (pid 7) listens on 81/tcp")
    done = portsock("wobbled", "--from", str(listing))
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "portsock: 'wobbled': no service and no program in the listing has this name\n"
