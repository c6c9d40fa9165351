"""Commands run in this process, and their answers held against the JSON Schema that ships."""

import io
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

import jsonschema

from portsock.cli.console import Console
from portsock.cli.main import run
from portsock.errors import Exit

FIXTURES = Path(__file__).parents[1] / "fixtures"
LISTINGS = sorted(
    path
    for path in FIXTURES.rglob("*.*")
    if path.parent.name not in ("sock_diag", "rtnetlink") and path.suffix not in (".py", ".pyc")
)
"""Captured listings of every format."""
POLICY = str(Path(__file__).with_name("policy.yaml"))
JSON_COMMANDS = (
    ("ports", "--all", "--json"),
    ("sockets", "--all-families", "--json"),
    ("procs", "--all-families", "--json"),
    ("explain", "--json", "80"),
    ("explain", "--json", "proc:*"),
    ("explain", "--json", "0.0.0.0/0"),
    ("check", "--json", POLICY),
)
LINE_COMMANDS = (
    ("ports", "--all", "--jsonl"),
    ("sockets", "--all-families", "--jsonl"),
    ("procs", "--all-families", "--jsonl"),
)
TEXT_COMMANDS = (
    ("ports", "--all", "--csv"),
    ("sockets", "--all-families", "--csv"),
    ("procs", "--all-families"),
    ("explain", "proc:*"),
    ("explain", "80"),
    ("check", "--write"),
    ("check", "--format", "junit", POLICY),
)


class Answer(NamedTuple):
    """What a command wrote, and its exit status."""

    status: int
    out: bytes
    err: str

    def json(self) -> Any:
        """Return the document that was written."""
        return json.loads(self.out)


def ask(*arguments: str) -> Answer:
    """Run portsock with these arguments, without a configuration file."""
    out, err = io.BytesIO(), io.StringIO()
    console = Console(out, err, io.BytesIO(), False, False, "utf-8", 0, {})
    status = run([*arguments, "--no-config"], console)
    return Answer(status, out.getvalue(), err.getvalue())


@cache
def _schema() -> Any:
    return json.loads(files("portsock").joinpath("schema/portsock-1.schema.json").read_text("utf-8"))


@cache
def _validator(of_lines: bool) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({"$ref": "#/$defs/record", "$defs": _schema()["$defs"]} if of_lines else _schema())


def schema_faults(document: Any) -> list[str]:
    """Return where a document does not fit the schema."""
    return [f"{error.json_path}: {error.message[:200]}" for error in _validator(False).iter_errors(document)]


def broken(command: tuple[str, ...], path: Path) -> list[str]:
    """Run a command on a listing. Return what breaks the contract: an internal error, or JSON that does not fit the schema."""
    return faults_of(command, ask(*command, "--from", str(path)))


def faults_of(command: tuple[str, ...], answer: Answer) -> list[str]:
    """Return what breaks the contract in the answer to this command."""
    if answer.status not in (Exit.OK, Exit.NO_MATCH, Exit.USAGE, Exit.SYSTEM) or "Traceback" in answer.err:
        return [f"status {answer.status}: {answer.err}"]
    if not answer.out or command in TEXT_COMMANDS:
        return []
    of_lines = command in LINE_COMMANDS
    found = [json.loads(line) for line in answer.out.splitlines()] if of_lines else [answer.json()]
    return [f"{error.json_path}: {error.message[:200]}" for each in found for error in _validator(of_lines).iter_errors(each)]
