"""The manual: it is not stale, mandoc and groff accept it, and it lists everything that the program has."""

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from portsock.cli.application import build, parameters
from portsock.cli.commands import COMMANDS
from portsock.cli.help import split
from portsock.errors import Exit
from portsock.explain.texts.findings import FINDINGS
from portsock.explain.texts.transfers import TRANSFERS
from portsock.parse.listings.registry import formats
from tests.support.generators import generator

ROOT = Path(__file__).parents[2]
MAN = ROOT / "man"
PAGES = sorted(path for path in MAN.iterdir() if path.suffix in {".1", ".5"})
SECTIONS = (
    "NAME", "SYNOPSIS", "DESCRIPTION", "TARGETS", "OPTIONS", "OUTPUT COLUMNS", "EXIT STATUS", "ENVIRONMENT", "FILES",
    "EXAMPLES", "SECURITY", "DIFFERENCES FROM ss AND lsof", "SEE ALSO",
)  # fmt: skip


def source(name: str) -> str:
    """Return the source of a page, without the escapes of roff."""
    text = (MAN / name).read_text()
    for escape, plain in (("\\-", "-"), ("\\fB", ""), ("\\fI", ""), ("\\fR", ""), ("\\(aq", "'"), ("\\e", "\\")):
        text = text.replace(escape, plain)
    return text


def tags(name: str) -> list[str]:
    """Return the line after each .TP."""
    lines = source(name).splitlines()
    return [lines[number + 1] for number, line in enumerate(lines) if line == ".TP"]


def test_there_is_a_page_for_the_program_each_command_and_the_contract() -> None:
    assert [page.name for page in PAGES] == sorted(
        ["portsock.1", "portsock-json.5", "portsock-policy.5", *(f"portsock-{name}.1" for name in COMMANDS)]
    )


def test_no_page_is_stale() -> None:
    done = subprocess.run(
        [sys.executable, str(MAN / "generate.py"), "--check"], capture_output=True, text=True, timeout=60, cwd=ROOT
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.skipif(not shutil.which("mandoc"), reason="mandoc is not installed")
def test_mandoc_accepts_every_page(page: Path) -> None:
    done = subprocess.run(["mandoc", "-T", "lint", "-W", "style", str(page)], capture_output=True, text=True, timeout=60)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
@pytest.mark.skipif(not shutil.which("groff"), reason="groff is not installed")
def test_groff_prints_no_warning(page: Path) -> None:
    command = ["groff", "-man", "-t", "-ww", "-z", "-Tutf8", str(page)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.stdout + done.stderr == ""


@pytest.mark.parametrize("page", [page for page in PAGES if page.suffix == ".1"], ids=lambda page: page.name)
def test_the_pages_of_commands_have_every_section_in_order(page: Path) -> None:
    found = re.findall(r"^\.SH (.+)$", page.read_text(), re.MULTILINE)
    assert [section for section in found if section in SECTIONS] == list(SECTIONS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_option_stands_in_the_page_of_its_command(command: str) -> None:
    listed = {word for tag in tags(f"portsock-{command}.1") for word in re.split(r"[, ]+", tag)}
    missing = [name for option in split(parameters(command))[0] for name in option.opts if name not in listed]
    assert missing == []


def test_an_option_without_a_text_for_the_manual_is_named_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    generate = generator("man")
    source = generate.OPTIONS.read_text()
    assert '"""Leave out what this TARGET matches."""' in source
    (tmp_path / "options.py").write_text(source.replace('"""Leave out what this TARGET matches."""', ""))
    monkeypatch.setattr(generate, "OPTIONS", tmp_path / "options.py")
    with pytest.raises(SystemExit, match=r"^portsock/cli/options\.py: --exclude has no text for the manual under its field$"):
        list(generate.options("ports"))


def test_formats_findings_and_exit_statuses_stand_in_the_manual() -> None:
    assert [name for name, _ in formats() if name not in tags("portsock.1")] == []
    assert [
        code
        for code, found in (FINDINGS | TRANSFERS).items()
        if f"{code} ({found.severity})" not in tags("portsock-explain.1")
    ] == []
    for page in PAGES:
        if page.suffix == ".1":
            assert [status for status in Exit if str(status.value) not in tags(page.name)] == []


def test_every_key_and_value_of_the_schema_stands_in_the_page_on_json() -> None:
    schema = json.loads((ROOT / "portsock" / "schema" / "portsock-1.schema.json").read_text())
    page = source("portsock-json.5")
    keys = {tag.split(" (")[0] for tag in tags("portsock-json.5")}
    named = set(schema["properties"]) | {key for name in ("port", "unowned_socket", "process", "finding", "attempt")
                                         for key in schema["$defs"][name]["properties"]}  # fmt: skip
    assert named - keys == set()
    for name in ("state", "owner_status", "owner_reason", "exposure", "role", "scope"):
        assert [value for value in schema["$defs"][name]["enum"] if value and value not in page] == []


def test_the_commands_that_replace_those_of_other_tools_parse() -> None:
    rows = source("portsock.1").partition(".TS\n")[2].partition(".TE")[0].splitlines()[2:]
    commands = [row.partition("\t")[2] for row in rows if row != "INSTEAD OF\tTYPE"]
    assert len(commands) > 15
    for typed in commands:
        words = shlex.split(typed)
        assert words[0] == "portsock"
        assert build().get_command(None, words[1]).make_context(words[1], words[2:]).params


@pytest.mark.parametrize("page", sorted(MAN.glob("*.1")), ids=lambda page: page.name)
def test_a_synopsis_has_no_stray_quotes(page: Path) -> None:
    macros = [line for line in page.read_text(encoding="utf-8").splitlines() if line.startswith((".RI ", ".IR ", ".BR "))]
    assert [line for line in macros if line.count('"') % 2] == []
