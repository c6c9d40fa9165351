"""The configuration file: presentation only, refused by file and line, overruled by the command line."""

import io
from pathlib import Path

import pytest

from portsock.cli.app import build
from portsock.cli.config import load
from portsock.cli.console import Console
from portsock.cli.main import run
from portsock.errors import UsageError

LISTING = """\
Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp   LISTEN 0      4096   127.0.0.1:8080     0.0.0.0:*         users:(("web",pid=7,fd=3))
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    (tmp_path / "config" / "portsock").mkdir(parents=True)
    (tmp_path / "ss.txt").write_text(LISTING)
    return tmp_path / "config" / "portsock" / "config.toml"


def said(config: Path, *words: str) -> tuple[int, str, str]:
    out, err = io.BytesIO(), io.StringIO()
    environ = {"XDG_CONFIG_HOME": str(config.parents[1])}
    console = Console(out, err, io.BytesIO(), False, False, "utf-8", 0, environ)
    return run((*words, "--from", str(config.parents[2] / "ss.txt")), console), out.getvalue().decode(), err.getvalue()


def test_the_file_gives_layout_columns_and_numbers(config: Path) -> None:
    config.write_text('format = "github"\nnumeric = true\n[columns]\nports = ["proto", "port"]\n')
    assert said(config, "ports")[1] == "| PROTO | PORT |\n|-------|------|\n| tcp   | 8080 |\n"


def test_the_command_line_wins(config: Path) -> None:
    config.write_text('format = "github"\ncolumns.ports = ["proto"]\n')
    assert said(config, "ports", "--columns", "addresses", "--format", "tsv", "-H")[1] == "127.0.0.1\n"


def test_another_form_on_the_command_line_replaces_the_layout_of_the_file(config: Path) -> None:
    config.write_text('format = "github"\n')
    assert said(config, "ports", "--count")[:2] == (0, "1\n")
    assert said(config, "ports", "--json")[1].startswith('{"schema"')


def test_two_forms_on_the_command_line_still_exclude_each_other(config: Path) -> None:
    config.write_text("wide = true\n")
    assert said(config, "ports", "--format", "github", "--json")[0] == 2


def test_no_config_leaves_the_file_alone(config: Path) -> None:
    config.write_text("this is no TOML")
    assert said(config, "ports", "--no-config", "--columns", "port", "-Hn")[:2] == (0, "8080\n")


def test_columns_are_those_of_their_command(config: Path) -> None:
    config.write_text('[columns]\nsockets = ["state"]\n')
    assert said(config, "sockets", "-H")[1] == "LISTEN\n"
    assert "127.0.0.1" in said(config, "ports", "-H")[1]


def test_color_of_the_file(config: Path) -> None:
    config.write_text('color = "always"\n')
    assert "\x1b[" in said(config, "ports")[1]


def test_without_a_file_nothing_of_it_is_imported(tmp_path: Path) -> None:
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
def test_what_is_refused_is_named_by_file_and_line(config: Path, text: str, line: int, message: str) -> None:
    config.write_text(text)
    assert said(config, "ports") == (2, "", f"portsock: {config}:{line}: {message}\n")


def test_what_is_no_toml_is_refused_by_line(config: Path) -> None:
    config.write_text("wide = true\nformat = github\n")
    status, _, error = said(config, "ports")
    assert (status, error.startswith(f"portsock: {config}:2: no TOML: ")) == (2, True)
    assert error.endswith("mend it, or leave it out by --no-config\n")


@pytest.mark.parametrize("text", ["wide = " + "1" * 5000, "wide = " + "[" * 100_000, "wide = " + "{a = " * 100_000])
def test_what_tomllib_gives_up_on_is_refused_in_one_line(config: Path, text: str) -> None:
    config.write_text(text)
    status, _, error = said(config, "ports")
    assert (status, error) == (
        2,
        f"portsock: {config}: a number of thousands of digits, or values nested too deep; "
        "mend it, or leave it out by --no-config\n",
    )


@pytest.mark.parametrize(
    ("value", "shown"),
    [("0x" + "f" * 5000, "such a value"), ("[0x" + "f" * 5000 + "]", "such a value"), ('"' + "x" * 999 + '"', '"xxx')],
)
def test_a_value_without_end_is_not_shown_whole(config: Path, value: str, shown: str) -> None:
    config.write_text(f"wide = {value}\n")
    status, _, error = said(config, "ports")
    assert (status, len(error.splitlines())) == (2, 1)
    assert f"true or false, not {shown}" in error
    assert len(error) < 300


def test_bytes_that_are_no_utf8_are_refused_by_line(config: Path) -> None:
    config.write_bytes(b"wide = true\n# \xff\n")
    with pytest.raises(UsageError, match=r"config\.toml:2: no UTF-8"):
        load(str(config), "ports")


def test_a_directory_in_its_place_is_no_configuration(config: Path) -> None:
    config.mkdir()
    assert said(config, "ports")[0] == 0


def test_every_filter_of_the_commands_is_refused_as_one(config: Path) -> None:
    names = {"from" if item.name == "captures" else item.name for name in ("ports", "sockets", "procs")
             for item in build().get_command(None, name).params
             if item.param_type_name == "option" and item.rich_help_panel == "Filter"}  # fmt: skip
    assert len(names) > 15
    for name in names:
        config.write_text(f"{name} = true\n")
        assert "chooses sockets" in said(config, "ports")[2], name
