"""The configuration file: it sets presentation only, is refused by file and line, and gives way to the command line."""

import io
import os
from pathlib import Path

import pytest

from portsock.cli.application import parameters
from portsock.cli.config import load
from portsock.cli.console import Console
from portsock.cli.help import split
from portsock.cli.main import run
from portsock.cli.options import FILTER, SOURCE
from portsock.errors import UsageError
from tests.support.live import as_root

LISTING = """\
Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp   LISTEN 0      4096   127.0.0.1:8080     0.0.0.0:*         users:(("web",pid=7,fd=3))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "portsock").mkdir(parents=True)
    (tmp_path / "ss.txt").write_text(LISTING)
    return tmp_path / "config" / "portsock" / "config.toml"


def run_portsock(config: Path, *words: str) -> tuple[int, str, str]:
    out, err = io.BytesIO(), io.StringIO()
    environ = {"XDG_CONFIG_HOME": str(config.parents[1])}
    console = Console(out, err, io.BytesIO(), False, False, "utf-8", 0, environ)
    return run((*words, "--from", str(config.parents[2] / "ss.txt")), console), out.getvalue().decode(), err.getvalue()


def test_the_file_sets_layout_columns_and_numbers(config: Path) -> None:
    config.write_text('format = "github"\nnumeric = true\n[columns]\nports = ["proto", "port"]\n')
    assert run_portsock(config, "ports")[1] == "| PROTO | PORT |\n|-------|------|\n| tcp   | 8080 |\n"


def test_the_command_line_overrides_the_file(config: Path) -> None:
    config.write_text('format = "github"\ncolumns.ports = ["proto"]\n')
    assert run_portsock(config, "ports", "--columns", "addresses", "--format", "tsv", "-H")[1] == "127.0.0.1\n"


def test_another_form_on_the_command_line_replaces_the_layout_of_the_file(config: Path) -> None:
    config.write_text('format = "github"\n')
    assert run_portsock(config, "ports", "--count")[:2] == (0, "1\n")
    assert run_portsock(config, "ports", "--json")[1].startswith('{"schema"')
    assert run_portsock(config, "ports", "--jsonl")[1].startswith('{"record":"header"')
    assert run_portsock(config, "ports", "--csv", "--columns", "port")[1].split() == ["port", "8080"]


def test_pids_on_the_command_line_replace_the_layout_of_the_file(config: Path) -> None:
    config.write_text('format = "github"\n')
    refusal = "portsock: --pids with --from: the processes of a listing are another machine's; leave one of them out\n"
    assert run_portsock(config, "ports", "--pids") == (2, "", refusal)


def test_two_forms_on_the_command_line_still_exclude_each_other(config: Path) -> None:
    config.write_text("wide = true\n")
    assert run_portsock(config, "ports", "--format", "github", "--json")[0] == 2


def test_no_config_ignores_the_file(config: Path) -> None:
    config.write_text("this is no TOML")
    assert run_portsock(config, "ports", "--no-config", "--columns", "port", "-Hn")[:2] == (0, "8080\n")


def test_each_command_has_columns_of_its_own(config: Path) -> None:
    config.write_text('[columns]\nsockets = ["state"]\n')
    assert run_portsock(config, "sockets", "-H")[1] == "LISTEN\n"
    assert "127.0.0.1" in run_portsock(config, "ports", "-H")[1]


def test_the_file_sets_the_color(config: Path) -> None:
    config.write_text('color = "always"\n')
    assert "\x1b[" in run_portsock(config, "ports")[1]


def test_without_a_file_neither_config_nor_tomllib_is_imported(tmp_path: Path) -> None:
    import subprocess
    import sys

    code = "import sys; from portsock.cli.main import run; run(['explain', 'port']);"
    code += "print([name for name in ('portsock.cli.config', 'tomllib') if name in sys.modules])"
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environ, timeout=60)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_relative_configuration_directory_is_ignored(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the XDG base directory specification asks."""
    config.write_text("nonsense")
    monkeypatch.chdir(config.parents[2])
    monkeypatch.setenv("HOME", str(config.parents[1]))
    out = io.BytesIO()
    console = Console(out, io.StringIO(), io.BytesIO(), False, False, "utf-8", 0, {"XDG_CONFIG_HOME": "config"})
    assert run(("ports", "--from", "ss.txt", "--count"), console) == 0


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ('# mine\ncolour = "never"\n', 2, "unknown key 'colour'; did you mean color?"),
        ("[display]\nwide = true\n", 1, "unknown key 'display'; there are color, columns, format, numeric, wide"),
        ("\nlistening = true\n", 2, "'listening' chooses sockets, and a file must not hide any; give it on the command line"),
        ('[exclude]\nports = ["22"]\n', 1, "'exclude' chooses sockets, and a file must not hide any; "
         "give it on the command line"),
        ("wide = 1\n", 1, "wide is true or false, not 1"),
        ('numeric = "yes"\n', 1, 'numeric is true or false, not "yes"'),
        ("color = true\n", 1, "color is one of auto, always, never, not true"),
        ("format = 3\n", 1, "format is a layout's name in quotes, not 3"),
        ('wide = true\nformat = "gitub"\n', 2, "there is no layout 'gitub'; did you mean github or orgtbl?"),
        ('columns = "port"\n', 1, "columns is a table with a list for each of ports, sockets, procs"),
        ('[columns]\nexplain = ["x"]\n', 2, "[columns] has no 'explain'; there are ports, sockets, procs"),
        ('[columns]\nports = "port"\n', 2, 'columns of ports are a list of names, as in ports = ["port"]'),
        ("columns.ports = []\n", 1, 'columns of ports are a list of names, as in ports = ["port"]'),
        ('[columns]\n\nports = ["uids"]\n', 3, "portsock ports has no column 'uids'; did you mean uid or pid or user?"),
    ],
)  # fmt: skip
def test_a_refused_setting_is_named_by_file_and_line(config: Path, text: str, line: int, message: str) -> None:
    config.write_text(text)
    assert run_portsock(config, "ports") == (2, "", f"portsock: {config}:{line}: {message}\n")


def test_text_that_is_no_toml_is_refused_by_line(config: Path) -> None:
    config.write_text("wide = true\nformat = github\n")
    status, _, error = run_portsock(config, "ports")
    assert (status, error.startswith(f"portsock: {config}:2: no TOML: ")) == (2, True)
    assert error.endswith("mend it, or leave it out by --no-config\n")


@pytest.mark.parametrize("text", ["wide = " + "1" * 5000, "wide = " + "[" * 100_000, "wide = " + "{a = " * 100_000])
def test_values_that_tomllib_cannot_read_are_refused_in_one_line(config: Path, text: str) -> None:
    config.write_text(text)
    status, _, error = run_portsock(config, "ports")
    assert (status, error) == (
        2,
        f"portsock: {config}: a number of thousands of digits, or values nested too deep; "
        "mend it, or leave it out by --no-config\n",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0x" + "f" * 5000, "such a value"), ("[0x" + "f" * 5000 + "]", "such a value"), ('"' + "x" * 999 + '"', '"xxx')],
)
def test_a_very_long_value_is_shortened_in_the_message(config: Path, value: str, shown: str) -> None:
    config.write_text(f"wide = {value}\n")
    status, _, error = run_portsock(config, "ports")
    assert (status, len(error.splitlines())) == (2, 1)
    assert f"true or false, not {shown}" in error
    assert len(error) < 300


def test_bytes_that_are_no_utf8_are_refused_by_line(config: Path) -> None:
    config.write_bytes(b"wide = true\n# \xff\n")
    with pytest.raises(UsageError, match=r"config\.toml:2: no UTF-8"):
        load(str(config), "ports", set())


def test_a_directory_in_place_of_the_file_is_ignored(config: Path) -> None:
    config.mkdir()
    assert run_portsock(config, "ports")[0] == 0


def test_every_option_that_chooses_sockets_is_refused(config: Path) -> None:
    names = {max(item.opts, key=len)[2:] for name in ("ports", "sockets", "procs") for item in split(parameters(name))[0]
             if getattr(item, "rich_help_panel", "") in (FILTER, SOURCE)}  # fmt: skip
    assert {"listening", "all-families", "netns", "from", "owners"} < names
    assert not names & {"format", "columns", "wide", "help"}
    for name in names:
        config.write_text(f"{name} = true\n")
        assert "chooses sockets" in run_portsock(config, "ports")[2], name


@as_root
@pytest.mark.root
def test_root_refuses_a_file_of_another_user_but_not_of_the_one_who_ran_sudo(
    config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('format = "github"\n')
    os.chown(config, 1234, 1234)
    status, out, err = run_portsock(config, "ports")
    assert (status, out) == (2, "")
    assert err == f"portsock: {config}: belongs to uid 1234, and root reads only root's own; chown it, or use --no-config\n"
    assert run_portsock(config, "ports", "--no-config")[0] == 0
    monkeypatch.setenv("SUDO_UID", "1234")
    assert run_portsock(config, "ports")[0] == 0


@as_root
@pytest.mark.root
def test_root_refuses_a_file_that_everybody_can_write(config: Path) -> None:
    config.write_text('format = "github"\n')
    config.chmod(0o666)
    assert run_portsock(config, "ports")[2].startswith(f"portsock: {config}: everybody can write it")


def test_a_file_without_end_is_refused(config: Path) -> None:
    config.write_text("#" * ((1 << 20) - 1) + "\n")
    assert run_portsock(config, "ports")[0] == 0
    config.write_text("#" * (1 << 20) + "\n")
    assert run_portsock(config, "ports")[2].startswith(f"portsock: {config}: more than 1048576 characters")
