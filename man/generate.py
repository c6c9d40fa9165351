"""Write the marked parts of the manual pages from the program's own tables: `python man/generate.py`.

A part begins with a line '.\\" Generated: NAME ARGUMENT' and ends with '.\\" End.'. `--check` writes nothing and fails if a
page is stale.
"""

import ast
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import roff  # noqa: E402
import words  # noqa: E402

BEGIN = '.\\" Generated: '
END = '.\\" End.'
DATE = "2026-11-21"
"""Date of the pages. It is fixed, so that two builds are the same."""
OPTIONS = HERE.parent / "portsock" / "cli" / "options.py"
SCHEMA = HERE.parent / "portsock" / "schema" / "portsock-1.schema.json"


def title(page: str) -> Iterator[str]:
    from portsock import __version__

    name, section = page.rsplit(".", 1)
    yield f'.TH {name.upper().replace("-", chr(92) + "-")} {section} {DATE} "portsock {__version__}"'


def commands(_: str) -> Iterator[str]:
    from portsock.cli.commands import COMMANDS

    for name, about in COMMANDS.items():
        yield from roff.tagged(f".BR portsock\\-{name} (1)", roff.sentences(about))


def options(command: str) -> Iterator[str]:
    from portsock.cli.application import parameters
    from portsock.cli.help import in_panels, spellings, split

    texts = option_texts(OPTIONS.read_text(encoding="utf-8"))
    for panel, items in in_panels(split(parameters(command))[0]).items():
        yield f".SS {panel}"
        for item in items:
            if item.name not in texts and item.name != "help":
                raise SystemExit(f"portsock/cli/options.py: {item.opts[0]} has no text for the manual under its field")
            body = texts.get(item.name) or _sentence(item.help)
            yield from roff.tagged(roff.option(spellings(item), None if item.is_flag else item.metavar), roff.sentences(body))


def option_texts(source: str) -> dict[str, str]:
    """Return the string under each field of the option groups. They are read from the source: the program drops them."""
    groups = [node.body for node in ast.parse(source).body if isinstance(node, ast.ClassDef)]
    return {
        field.target.id: " ".join(str(below.value.value).split())
        for group in groups
        for field, below in pairwise(group)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }


def columns(command: str) -> Iterator[str]:
    view = import_module(f"portsock.cli.commands.{command}").LISTING.view
    for column in view.columns:
        short = f" ({roff.text(column.short)})" if column.short else ""
        mark = " *" if column.default else ""
        yield from roff.tagged(roff.bold(column.name) + short + mark, roff.sentences(_sentence(column.help)))


def exits(command: str) -> Iterator[str]:
    from portsock.errors import Exit

    texts = words.EXITS | words.EXITS_OF.get(command, {})
    for status in Exit:
        yield from roff.tagged(roff.bold(str(status.value)), roff.sentences(texts[status.name]))


def policy(part: str) -> Iterator[str]:
    """Yield the keys of a policy ('top'), those of its rules ('rule'), or an example for each of these ('examples')."""
    schema = json.loads((SCHEMA.parent / "policy-1.schema.json").read_text(encoding="utf-8"))
    keys = schema["properties"] if part == "top" else schema["$defs"]["rule"]["properties"]
    for name, value in keys.items():
        about = value["description"] if part != "examples" else words.POLICY_EXAMPLES[name][1]
        tag = roff.bold(name if part != "examples" else f"- {words.POLICY_EXAMPLES[name][0]}")
        yield from roff.tagged(tag, roff.sentences(_sentence(about)))


def examples(command: str) -> Iterator[str]:
    from portsock.cli.commands import EXAMPLES
    from portsock.cli.help import ROOT_EXAMPLES

    for typed, about in EXAMPLES.get(command, ROOT_EXAMPLES):
        yield from roff.tagged(roff.bold(typed), roff.sentences(_sentence(about)))


def formats(_: str) -> Iterator[str]:
    from portsock.parse.listings.registry import formats as known

    for name, about in known():
        yield from roff.tagged(roff.bold(name), roff.sentences(about))


def states(_: str) -> Iterator[str]:
    from portsock.model import State

    yield roff.sentences(", ".join(State) + ".")


def findings(_: str) -> Iterator[str]:
    from portsock.explain.texts.findings import FINDINGS
    from portsock.explain.texts.transfers import TRANSFERS

    for code, found in (FINDINGS | TRANSFERS).items():
        yield from roff.tagged(f"{roff.bold(code)} ({found.severity})", roff.sentences(_without_places(found.detail)))


def explained(_: str) -> Iterator[str]:
    from portsock.explain.vocabulary import Word

    yield roff.sentences(", ".join(Word) + ".")


def keys(name: str) -> Iterator[str]:
    """Yield the keys of one object of the schema; 'envelope' is the whole answer."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    described = schema if name == "envelope" else schema["$defs"][name]
    known = _column_helps()
    for key, value in described["properties"].items():
        about = value.get("description") or words.KEYS.get(key) or known.get(key) or _referred(value, schema)
        if about is None:
            raise SystemExit(f"man/words.py: KEYS has no text for '{key}' of {name}")
        optional = "" if key in described.get("required", ()) else "; not always there"
        yield from roff.tagged(f"{roff.bold(key)} ({roff.text(_type(value))}{optional})", roff.sentences(_sentence(about)))


def values(name: str) -> Iterator[str]:
    """Yield the values of an enumeration of the schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    yield roff.sentences(", ".join("null" if value is None else value for value in schema["$defs"][name]["enum"]) + ".")


def shared(name: str) -> Iterator[str]:
    """Yield a text that several pages share."""
    yield from (HERE / "shared" / f"{name}.roff").read_text(encoding="utf-8").splitlines()


def _column_helps() -> dict[str, str]:
    found: dict[str, str] = {}
    for command in ("procs", "ports", "sockets"):
        view = import_module(f"portsock.cli.commands.{command}").LISTING.view
        found |= {column.name: column.help for column in view.columns}
    return found


def _referred(value: dict[str, Any], schema: dict[str, Any]) -> str | None:
    reference = value.get("$ref", "").rpartition("/")[2]
    described = schema["$defs"].get(reference, {})
    about = described.get("description") or (f"one of the values of {reference}" if "enum" in described else None)
    return about if about is None else str(about)


def _type(value: dict[str, Any]) -> str:
    if "anyOf" in value:
        return " or ".join(_type(item) for item in value["anyOf"])
    if "$ref" in value:
        return str(value["$ref"].rpartition("/")[2].replace("_", " "))
    if "const" in value:
        return json.dumps(value["const"])
    if "enum" in value:
        return "string"
    found = value.get("type", "value")
    return " or ".join(found) if isinstance(found, list) else str(found)


def _without_places(words_: str) -> str:
    """Return a text with its places in braces, which a rule fills, in capitals."""
    if words_.startswith("{"):
        return "The answer gives the details."
    return re.sub(r"\{(\w+)\}", lambda place: place[1].upper(), words_)


def _sentence(words_: str) -> str:
    return f"{words_[:1].upper()}{words_[1:]}" + ("" if words_.endswith(".") else ".")


PARTS: dict[str, Callable[[str], Iterator[str]]] = {
    "title": title, "commands": commands, "options": options, "columns": columns, "exits": exits, "examples": examples,
    "formats": formats, "states": states, "findings": findings, "words": explained, "keys": keys, "values": values,
    "shared": shared, "policy": policy,
}  # fmt: skip


def pages() -> list[Path]:
    """Return the path of every page."""
    return sorted(path for path in HERE.iterdir() if path.suffix in {".1", ".5"})


def fresh(page: Path) -> str:
    """Return what the page should hold: its own text, with the marked parts generated anew."""
    lines: list[str] = []
    skipping = False
    for line in page.read_text(encoding="utf-8").splitlines():
        if line == END:
            skipping = False
        if not skipping:
            lines.append(line)
        if line.startswith(BEGIN):
            name, _, argument = line.removeprefix(BEGIN).partition(" ")
            lines += [line for piece in PARTS[name](argument) for line in piece.splitlines()]
            skipping = True
    if skipping:
        raise SystemExit(f"man/{page.name}: a part is not ended by '{END}'")
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str]) -> int:
    stale = [page for page in pages() if page.read_text(encoding="utf-8") != fresh(page)]
    for page in stale:
        if "--check" in arguments:
            print(f"man/{page.name} is stale: run python man/generate.py")
        else:
            page.write_text(fresh(page), encoding="utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
