"""The text layout and the JSON object of an answer."""

import json
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from portsock.explain.types import Attempt, Command, Explanation, Finding, Part, Reading, Section, Severity
from portsock.model import Process
from portsock.output.context import Context
from portsock.output.json.explanations import explanation_json
from portsock.output.json.objects import Objects
from portsock.output.json.strings import encodable
from portsock.output.text.explanation import attempts_table, render_explanation
from tests.support.explain_factory import SERVICES, answer, attempt, seen, web
from tests.support.factory import tcp

BARE = Explanation("80", "port", "Summary of it.", (), (), {})


def test_the_parts_stand_in_their_order_under_plain_headings() -> None:
    lines = render_explanation(answer("80", web(), attempts=[attempt()])).splitlines()
    headings = [line.split()[0] for line in lines if line[:1].strip()]
    assert headings == ["80/tcp", *headings[1:2], "Port", "Socket", "Connection", "Process", "Exposure", "Binding", "Next"]


@pytest.mark.parametrize("target", ["80", "127.0.0.1:80", "pid:501", "inode:5", "127.0.0.1:80,127.0.0.1:50000", "443", "@x"])
def test_an_answer_fits_one_screen_of_80_columns(target: str) -> None:
    lines = render_explanation(answer(target, web())).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) <= 45
    assert all(line == line.rstrip() for line in lines)


def test_findings_show_severity_evidence_and_advice() -> None:
    found = Finding("code", Severity.WARNING, "A title.", "A detail.", ("number 7",), "Some advice.")
    text = render_explanation(BARE._replace(findings=(found,)))
    assert "\nFindings\n  warning: A title. A detail. Some advice.\n    - number 7\n" in text


def test_many_findings_show_all_but_warnings_by_their_title() -> None:
    info = Finding("code", Severity.INFO, "Only a title.", "Long detail.", ("number 8",), "Advice.")
    text = render_explanation(BARE._replace(findings=(info,) * 4))
    assert "Only a title." in text
    assert "Long detail." not in text


def test_commands_are_never_broken() -> None:
    long = "portsock explain " + "x" * 90
    text = render_explanation(BARE._replace(next=(Command(long, "what for"),), readings=(Reading("one", long),)))
    assert text.count(long + "\n") == 2


def test_readings_come_before_the_parts() -> None:
    readings = (Reading("the port", "portsock explain :80"), Reading("the process", "portsock explain pid:80"))
    text = render_explanation(BARE._replace(readings=readings, sections={Part.PORT: Section(("Said.",))}))
    assert text.index("Or ask      portsock explain :80 ") < text.index("Port        Said.")


def test_hostile_names_cannot_move_the_cursor_or_forge_a_line() -> None:
    evil = Process(940, "x\nFindings\x1b[31m\u202e", cmdline=("a\rb", "\udcff"))
    text = render_explanation(answer("8080", seen([tcp("127.0.0.1:8080")], {1: 940}, [evil])))
    assert "\x1b" not in text
    assert "\u202e" not in text
    assert "\r" not in text
    assert "\nFindings" not in text
    assert "x\\x0aFindings\\x1b[31m" in text
    text.encode("utf-8")


def test_an_ascii_terminal_gets_ascii() -> None:
    assert render_explanation(answer("80", web()), ascii_only=True).isascii()


def test_attempts_are_one_small_table() -> None:
    free: dict[str, Any] = {"ok": True, "errno": None, "blockers": (), "reason": None}
    unclear = free | {"ok": None, "reason": "depends on the holder"}
    table = attempts_table(
        [
            attempt(),
            attempt(options=("SO_REUSEADDR",)),
            attempt(options=("SO_REUSEPORT",), **unclear),
            attempt(address="::", v6only=True, **free),
            attempt(address="::", v6only=True, options=("SO_REUSEADDR",), **free),
        ]
    )
    assert table == [
        "               plain       SO_REUSEADDR  SO_REUSEPORT",
        "tcp 0.0.0.0    EADDRINUSE  EADDRINUSE    depends",
        "tcp :: v6only  free        free          -",
    ]


def test_addresses_with_the_same_verdicts_share_a_row() -> None:
    free: dict[str, Any] = {"ok": True, "errno": None, "blockers": (), "reason": None}
    attempts = [attempt(), attempt(address="127.0.0.1"), attempt(address="::", v6only=True, **free)]
    udp = [attempt(protocol="udp", address=address, **free) for address in ("0.0.0.0", "127.0.0.1")]
    assert attempts_table(attempts + udp) == [
        "                        plain",
        "tcp 0.0.0.0, 127.0.0.1  EADDRINUSE",
        "tcp :: v6only           free",
        "udp each address        free",
    ]


BOTH = ("SO_REUSEADDR", "SO_REUSEPORT")
FREE: dict[str, Any] = {"ok": True, "errno": None, "blockers": (), "reason": None}
UNCLEAR: dict[str, Any] = FREE | {"ok": None, "reason": "depends on the holder"}


def _ways(both: dict[str, Any], alone: dict[str, Any] = {}, **place: Any) -> list[Attempt]:  # noqa: B006 - only read
    made = [attempt(options=(), **place), attempt(options=("SO_REUSEADDR",), **place)]
    return [*made, attempt(options=("SO_REUSEPORT",), **alone, **place), attempt(options=BOTH, **both, **place)]


def test_both_options_have_a_column_where_each_alone_does_not_tell() -> None:
    addresses = ("0.0.0.0", "127.0.0.1")
    assert attempts_table([each for address in addresses for each in _ways(FREE, address=address)]) == [
        "               plain       SO_REUSEADDR  SO_REUSEPORT  both",
        "tcp 0.0.0.0    EADDRINUSE  EADDRINUSE    EADDRINUSE    free",
        "tcp 127.0.0.1  EADDRINUSE  EADDRINUSE    EADDRINUSE    free",
    ]
    implied = attempts_table(_ways(FREE, FREE) + _ways({}, address="::1") + _ways(UNCLEAR, UNCLEAR, protocol="udp"))
    assert implied[0].split() == ["plain", "SO_REUSEADDR", "SO_REUSEPORT"]
    for odd in (_ways({}, FREE), _ways({}, UNCLEAR), _ways(UNCLEAR, FREE), _ways({"errno": "EACCES"})):
        assert attempts_table(odd)[0].endswith("both")


def test_the_column_of_both_options_makes_no_table_wider_than_a_screen() -> None:
    address = "2001:db8:1111:2222:3333:4444:5555:6666"
    table = attempts_table(_ways(FREE, address=address) + _ways({}, UNCLEAR, address="::1"))
    assert table[0].split() == ["plain", "SO_REUSEADDR", "SO_REUSEPORT"]
    assert attempts_table(_ways(FREE, address=address[:9]))[0].endswith("both")


def test_the_table_stands_between_the_user_and_the_reasons() -> None:
    free = attempt(protocol="udp", ok=True, errno=None, blockers=(), reason=None)
    lines = render_explanation(answer("80", web(), attempts=[attempt(), free])).splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("Binding"))
    assert lines[start : start + 6] == [
        "Binding     Whether a program run as dev could bind it now (in the way:",
        "            0.0.0.0:80 LISTEN nginx[500]):",
        "                 plain",
        "    tcp 0.0.0.0  EADDRINUSE",
        "    udp 0.0.0.0  free",
        "            A listener holds it.",
    ]


def test_no_table_without_attempts_or_with_one_verdict() -> None:
    assert attempts_table([]) == []
    assert attempts_table([attempt(ok=True, errno=None, blockers=(), reason=None)]) == []
    assert attempts_table([attempt(), attempt(address="127.0.0.1")]) == []


@pytest.mark.parametrize("target", ["80", "pid:501", "443", "127.0.0.1:80,127.0.0.1:50000"])
def test_json_keeps_the_contract(target: str) -> None:
    schema = json.loads(files("portsock").joinpath("schema/portsock-1.schema.json").read_text("utf-8"))
    made = explanation_json(answer(target, web(), attempts=[attempt(tried=True)]), Objects(Context(SERVICES)), encodable)
    wire = json.loads(json.dumps(made))
    jsonschema.validate(wire, {"$ref": "#/$defs/explanation", "$defs": schema["$defs"]})
    assert wire["target"]["input"] == target
    assert wire["sections"]["binding"]["attempts"][0]["blockers"][0]["owners"][0]["pid"] == 500


def test_json_of_names_that_are_no_unicode_is_valid_unicode() -> None:
    evil = Process(940, "x\udcff")
    explanation = answer("8080", seen([tcp("127.0.0.1:8080")], {1: 940}, [evil]))
    made = explanation_json(explanation, Objects(Context(SERVICES)), encodable)
    json.dumps(made["summary"], ensure_ascii=False).encode("utf-8")
