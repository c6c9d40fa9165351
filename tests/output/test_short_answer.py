"""The short answer of explain: the answer first, twelve lines at most, nothing that a terminal could act on."""

import json
from typing import Any

import pytest

from portsock.explain.types import Command, Explanation, Part, Reading, Row, Section, Severity
from portsock.model import InetEndpoint, Netns, Process, Viewpoint
from portsock.output.text.short_answer import LINES, render_short
from tests.support.explain_factory import answer, attempt, seen, web
from tests.support.factory import OWN, tcp
from tests.support.live import as_root, on_linux, portsock, situation, takes_long

BARE = Explanation("80", "port", "Summary of it.", (), (), {})
SITUATIONS = [
    "server_with_clients",
    "reuseport_pair",
    "close_wait_leak",
    "many_time_wait",
    "full_queue",
    "docker_proxy",
    "nothing",
]


def test_the_first_line_is_the_headline_and_else_the_summary() -> None:
    assert render_short(BARE).splitlines()[0] == "Summary of it."
    assert render_short(BARE._replace(headline="It leaks.")).splitlines()[0] == "It leaks."


def test_rows_have_their_label_at_the_beginning_of_the_line() -> None:
    text = render_short(BARE._replace(rows=(Row("Reach", "nobody"), Row("Bind", "free")), next=(Command("ls", "look"),)))
    assert text == "Summary of it.\n\nReach     nobody\nBind      free\nNext      ls   look\n"


def test_a_long_row_is_cut_with_a_mark_and_never_loses_the_commands() -> None:
    words = "word " * 60
    rows = tuple(Row(f"Row{number}", words) for number in range(9))
    text = render_short(BARE._replace(rows=rows, next=(Command("portsock ports", "all"), Command("kill 5", "end it"))))
    lines = text.splitlines()
    assert len(lines) == LINES
    assert max(map(len, lines)) <= 80
    assert lines[3].endswith(" …")
    assert [line[10:].split("   ")[0] for line in lines[-2:]] == ["portsock ports", "kill 5"]
    assert " ..." in render_short(BARE._replace(rows=rows), ascii_only=True)


def test_a_word_without_spaces_is_cut_where_the_line_ends() -> None:
    text = render_short(BARE._replace(rows=(Row("Process", "x" * 500),)))
    assert [len(line) for line in text.splitlines()[2:]] == [80]


def test_a_command_that_does_not_fit_is_printed_whole_without_its_purpose() -> None:
    long = "portsock explain " + "x" * 90
    text = render_short(BARE._replace(next=(Command(long, "what for"),), readings=(Reading("one", long),)))
    assert f"Or ask    {long}\n" in text
    assert f"Next      {long}\n" in text
    assert "what for" in text


def test_an_answer_about_a_word_shows_the_beginning_of_each_part() -> None:
    text = render_short(BARE._replace(sections={Part.SOCKET: Section(("First.", "Second."))}))
    assert text.endswith("\n\nSocket    First.\n")


def test_a_finding_that_is_the_answer_leads_with_its_meaning_and_remedy() -> None:
    explanation = answer("80", seen([tcp("0.0.0.0:80", accept_queue=9, accept_limit=8, inode=5)], {5: 501}))
    assert explanation.headline == (
        "nginx (pid 501) does not keep up: the accept queue of 0.0.0.0:80 is full, 9 wait, the limit is 8."
    )
    assert [row.label for row in explanation.rows][:2] == ["Means", "Do"]


def test_other_findings_stand_below_and_informative_ones_only_in_the_long_answer() -> None:
    explanation = answer("40000", seen([tcp("127.0.0.1:40000", inode=5)], {5: 501}))
    assert explanation.headline == ""
    assert [row.text for row in explanation.rows if row.label == "Also"] == [
        found.title for found in explanation.findings if found.severity is not Severity.INFO
    ]


@pytest.mark.parametrize(
    ("address", "changes", "words"),
    [
        ("127.0.0.1:80", {}, "programs on this machine only"),
        ("0.0.0.0:80", {}, "anyone, by every IPv4 address of this host, before any firewall"),
        ("[::]:80", {"v6only": False}, "anyone, by every address of this host, before any firewall"),
        ("[::]:80", {"v6only": True}, "anyone, by every IPv6 address of this host, before any firewall"),
        (
            "[::]:80",
            {"v6only": None},
            "anyone, by every IPv6 and perhaps every IPv4 address of this host, before any firewall",
        ),
        ("192.168.1.5:80", {}, "hosts of the private network of 192.168.1.5, before any firewall"),
        ("[fe80::1%eth0]:80", {}, "hosts on the same link as fe80::1, before any firewall"),
    ],
)
def test_reach_is_said_in_a_few_words(address: str, changes: dict[str, Any], words: str) -> None:
    explanation = answer("80", seen([tcp(address, inode=5, **changes)], {5: 501}))
    assert [row.text for row in explanation.rows if row.label == "Reach"] == [words]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("0.0.0.0:80", "anyone, by every IPv4 address of network namespace blue, before any firewall"),
        ("127.0.0.1:80", "programs in network namespace blue only"),
    ],
)
def test_who_reaches_a_socket_of_another_network_namespace_is_said_of_that_one(address: str, words: str) -> None:
    apart = seen([tcp(address, inode=5, netns=Netns(9, "blue"))], {5: 501}, viewpoint=Viewpoint(OWN))
    assert [row.text for row in answer("80", apart).rows if row.label == "Reach"] == [words]


def test_raw_sockets_are_named_by_their_protocol_alone() -> None:
    raw = tcp("0.0.0.0:80", inode=5)._replace(
        protocol="raw", type=None, number=1, local=InetEndpoint("0.0.0.0", None), state=None
    )
    assert answer("0.0.0.0", seen([raw], {5: 501})).summary.startswith("raw is held by nginx (pid 501)")


def test_hostile_names_cannot_move_the_cursor_or_forge_a_line() -> None:
    evil = Process(940, "x\nReach\x1b[31m\u202e", cmdline=("a\rb", "\udcff"), user="u\x07")
    text = render_short(answer("8080", seen([tcp("127.0.0.1:8080")], {1: 940}, [evil]), attempts=[attempt()]))
    assert not any(character in text for character in "\x1b\u202e\r\x07")
    assert text.count("\nReach") == 1
    text.encode("utf-8")


def test_labels_are_bold_in_color() -> None:
    text = render_short(BARE._replace(rows=(Row("Bind", "free"),)), color=True)
    assert text == "\x1b[1mSummary of it.\x1b[0m\n\n\x1b[1mBind\x1b[0m      free\n"


@pytest.mark.parametrize("target", ["80", "127.0.0.1:80", "pid:501", "inode:5", "127.0.0.1:80,127.0.0.1:50000", "443", "@x"])
def test_an_answer_has_at_most_twelve_lines_of_80_columns(target: str) -> None:
    lines = render_short(answer(target, web(), attempts=[attempt()])).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)


@on_linux
@takes_long
@as_root
@pytest.mark.linux
@pytest.mark.root
@pytest.mark.parametrize("name", SITUATIONS)
def test_live_answers_are_short_and_say_the_same_as_the_json(name: str) -> None:
    with situation(name) as place:
        port = str(place.facts.get("port", 59999))
        text = portsock("explain", port, pid=place.facts["pid"]).stdout
        found = json.loads(portsock("explain", port, "--json", pid=place.facts["pid"]).stdout)["explanations"][0]
        brief = portsock("explain", port, "--brief", pid=place.facts["pid"]).stdout
        whole = portsock("explain", port, "--long", pid=place.facts["pid"]).stdout
    lines = text.splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 80
    assert " ".join(text.split()).startswith(found["headline"])
    assert brief == found["headline"] + "\n"
    assert len(whole.splitlines()) > len(lines)
