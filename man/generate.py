"""Write what the program knows into the marked parts of the manual pages: `python man/generate.py`.

A part begins with a line '.\\" Generated: NAME ARGUMENT' and ends with '.\\" End.'. `--check` writes nothing and fails where
a page is stale.
"""

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE)]

import roff  # noqa: E402
import words  # noqa: E402

BEGIN = '.\\" Generated: '
END = '.\\" End.'
DATE = "2026-11-21"
"""Of the pages: a build must not change with the day."""
SCHEMA = HERE.parent / "portsock" / "schema" / "portsock-1.schema.json"


def title(page: str) -> Iterator[str]:
    from portsock import __version__

    name, section = page.rsplit(".", 1)
    yield f'.TH {name.upper().replace("-", chr(92) + "-")} {section} {DATE} "portsock {__version__}"'


def commands(_: str) -> Iterator[str]:
    from portsock.cli.app import COMMANDS

    for name, about in COMMANDS.items():
        yield from roff.tagged(f".BR portsock\\-{name} (1)", roff.sentences(about))


def options(command: str) -> Iterator[str]:
    from portsock.cli.help import parameters
    from portsock.cli.options import OUTPUT

    by_panel: dict[str, list[Any]] = {}
    for item in parameters(command)[0]:
        by_panel.setdefault(getattr(item, "rich_help_panel", None) or OUTPUT, []).append(item)
    for panel, items in by_panel.items():
        yield f".SS {panel}"
        for item in items:
            names = sorted(item.opts, key=lambda name: name.startswith("--"))
            body = words.OPTIONS.get(item.name) or _sentence(item.help)
            yield from roff.tagged(roff.option(names, None if item.is_flag else item.metavar), roff.sentences(body))


def columns(command: str) -> Iterator[str]:
    view = import_module(f"portsock.cli.commands.{command}").LISTING.view
    for column in view.columns:
        short = f" ({roff.text(column.short)})" if column.short else ""
        mark = " *" if column.default else ""
        yield from roff.tagged(roff.bold(column.name) + short + mark, roff.sentences(_sentence(column.help)))


def exits(_: str) -> Iterator[str]:
    from portsock.errors import Exit

    for status in Exit:
        yield from roff.tagged(roff.bold(str(status.value)), roff.sentences(words.EXITS[status.name]))


def examples(command: str) -> Iterator[str]:
    from portsock.cli.help import EXAMPLES, ROOT_EXAMPLES

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

    for code, found in FINDINGS.items():
        yield from roff.tagged(f"{roff.bold(code)} ({found.severity})", roff.sentences(_without_places(found.detail)))


def explained(_: str) -> Iterator[str]:
    from portsock.explain.vocabulary import Word

    yield roff.sentences(", ".join(Word) + ".")


def keys(name: str) -> Iterator[str]:
    """The keys of one object of the schema; 'envelope' is the whole answer."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    described = schema if name == "envelope" else schema["$defs"][name]
    known = _column_helps()
    for key, value in described["properties"].items():
        about = value.get("description") or words.KEYS.get(key) or known.get(key) or _referred(value, schema)
        if about is None:
            raise SystemExit(f"man/words.py: KEYS says nothing of '{key}' of {name}")
        optional = "" if key in described.get("required", ()) else "; not always there"
        yield from roff.tagged(f"{roff.bold(key)} ({roff.text(_type(value))}{optional})", roff.sentences(_sentence(about)))


def values(name: str) -> Iterator[str]:
    """The values of an enumeration of the schema."""
    schema = json.loads(SCHEMA.read_text(encoding="utf-8"))
    yield roff.sentences(", ".join("null" if value is None else value for value in schema["$defs"][name]["enum"]) + ".")


def shared(name: str) -> Iterator[str]:
    """What several pages say alike."""
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
    """A text whose places in braces a rule fills: they stand in capitals where there is text around them."""
    if words_.startswith("{"):
        return "What is known of it stands in the answer."
    return re.sub(r"\{(\w+)\}", lambda place: place[1].upper(), words_)


def _sentence(words_: str) -> str:
    return f"{words_[:1].upper()}{words_[1:]}" + ("" if words_.endswith(".") else ".")


PARTS: dict[str, Callable[[str], Iterator[str]]] = {
    "title": title, "commands": commands, "options": options, "columns": columns, "exits": exits, "examples": examples,
    "formats": formats, "states": states, "findings": findings, "words": explained, "keys": keys, "values": values,
    "shared": shared,
}  # fmt: skip


def pages() -> list[Path]:
    """The source of every page."""
    return sorted(path for path in HERE.iterdir() if path.suffix in {".1", ".5"})


def fresh(page: Path) -> str:
    """What the page should hold: as it is, with the marked parts made anew."""
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
