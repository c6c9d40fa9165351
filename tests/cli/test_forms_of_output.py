"""--format from the command line: pictures and where they are refused, and every name with hostile and with empty answers."""

import io
import re
from pathlib import Path

import pytest

from portsock.cli.console import Console
from portsock.cli.main import run
from portsock.output.text.formats import PICTURES, format_names

LISTING = """\
Netid State  Recv-Q Send-Q Local Address:Port  Peer Address:Port Process
tcp   LISTEN 0      511    0.0.0.0:80          0.0.0.0:*         users:(("nginx",pid=10,fd=6),("nginx",pid=11,fd=6))
tcp   ESTAB  0      0      192.0.2.7:80        198.51.100.1:40001 users:(("nginx",pid=11,fd=7))
tcp   ESTAB  0      0      192.0.2.7:45000     203.0.113.9:443   users:(("{name}",pid=30,fd=11))
tcp   TIME-WAIT 0   0      192.0.2.7:80        198.51.100.2:40001
"""
HOSTILE = 'a"]-->%%{b}`<b>\\|;#'
RAW = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]")


@pytest.fixture
def listing(tmp_path: Path) -> Path:
    path = tmp_path / "ss.txt"
    path.write_text(LISTING.format(name="app"))
    return path


def portsock(*words: object, directory: Path | None = None, encoding: str = "utf-8") -> tuple[int, str, str]:
    out, err = io.BytesIO(), io.StringIO()
    environ = {"XDG_CONFIG_HOME": str(directory)} if directory else {}
    status = run([str(word) for word in words], Console(out, err, io.BytesIO(), False, False, encoding, 0, environ))
    return status, out.getvalue().decode(encoding), err.getvalue()


def test_sockets_draws_all_and_procs_what_a_process_holds(listing: Path) -> None:
    drawn = portsock("sockets", "--format", "mermaid", "-n", "--from", listing)[1]
    assert [line for line in drawn.splitlines() if "|" in line] == [
        '  n3 -->|"80"| n2',
        '  n4 -.->|"80"| n2',
        '  n1 -->|"443"| n5',
    ]
    assert portsock("procs", "--format", "dot", "-n", "--from", listing)[1].count('label="80"') == 1


def test_targets_narrow_a_picture(listing: Path) -> None:
    drawn = portsock("sockets", "proc:app", "--format", "dot", "--from", listing)[1]
    assert "nginx" not in drawn
    assert 'label="443' in drawn


@pytest.mark.parametrize("name", PICTURES)
def test_options_for_the_look_of_a_table_change_nothing_in_a_picture(listing: Path, name: str) -> None:
    words = ("sockets", "--format", name, "--from", listing)
    plain = portsock(*words)
    assert plain[0] == 0
    assert portsock(*words, "--columns", "state", "--sort", "-local", "-H", "-W", "--color", "always") == plain
    assert portsock(*words, "--columns", "nonsense")[0] == 2


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("ports --format dot", "dot is a picture of connections, for the command line of sockets and procs"),
        ("explain 80 --format mermaid", "explain answers in sentences or --json; portsock sockets --format mermaid draws"),
        ("procs --tree --format dot", "--tree and --format dot exclude each other"),
        ("sockets --format dot --json", "--json and --format exclude each other"),
        ("sockets --format mermaids", "did you mean mermaid"),
    ],
)
def test_a_picture_that_cannot_be_is_refused_in_a_line_that_names_what_works(listing: Path, words: str, expected: str) -> None:
    status, out, err = portsock(*words.split(), "--from", listing)
    assert (status, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert expected in err


def test_the_configuration_file_sets_layouts_of_tables_only(listing: Path, tmp_path: Path) -> None:
    (tmp_path / "portsock").mkdir()
    (tmp_path / "portsock" / "config.toml").write_text('format = "mermaid"\n')
    status, _, err = portsock("sockets", "--from", listing, directory=tmp_path)
    assert status == 2
    assert "config.toml:1: mermaid is a picture" in err
    assert portsock("sockets", "--from", listing, "--no-config", "--format", "dot", directory=tmp_path)[0] == 0


def test_what_is_left_out_is_said_in_the_picture_and_on_standard_error(tmp_path: Path) -> None:
    rows = "".join(
        f'tcp ESTAB 0 0 192.0.2.7:{40000 + n} 203.0.113.9:443 users:(("p{n}",pid={n + 2},fd=3))\n' for n in range(90)
    )
    path = tmp_path / "many.txt"
    path.write_text(LISTING.splitlines()[0] + "\n" + rows)
    status, out, err = portsock("sockets", "--format", "mermaid", "--from", path)
    said = "drawn are 60 of 91 programs and remote ends, and 59 of 90 connections"
    assert status == 0
    assert f"  %% {said}" in out
    assert said in err
    assert "portsock sockets proc:nginx --format mermaid" in err


@pytest.mark.parametrize(
    ("command", "encoding"),
    [("ports", "utf-8"), ("sockets", "utf-8"), ("procs", "utf-8"), ("sockets", "ascii"), ("procs", "latin-1")],
)
def test_no_form_fails_on_hostile_or_empty_answers_or_writes_a_control_character(
    command: str, encoding: str, tmp_path: Path
) -> None:
    path = tmp_path / "ss.txt"
    path.write_bytes(LISTING.format(name=f"{HOSTILE}é口\x07\u202e").encode() + b"\xff\n")
    assert "x07" in portsock("procs", "--from", path)[1]
    for name in [*format_names(), *(PICTURES if command != "ports" else ())]:
        for words, expected in (((), 0), (("9",), 1)):
            status, out, err = portsock(command, "--format", name, "--from", path, *words, encoding=encoding)
            assert status == expected, (name, err)
            assert "internal error" not in err
            assert not RAW.search(out.replace("\t", "") + err), name
