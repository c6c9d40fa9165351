"""Imports point one way only, so that a newcomer knows where things go."""

import ast
from pathlib import Path

ROOT = Path(__file__).parent.parent / "portsock"

ALLOWED = {
    "enums": set(),
    "model": {"enums"},
    "errors": set(),
    "services": set(),
    "port_ranges": set(),
    "states": {"model"},
    "addresses": {"model"},
    "records": {"model"},
    "request": {"model"},
    "parse": {"model", "errors", "records", "request", "states", "addresses", "services", "port_ranges"},
    "sources": {"model", "errors", "records", "request", "states", "addresses", "services", "port_ranges", "parse"},
    "normalize": {"model", "records", "states", "addresses", "services", "port_ranges"},
    "query": {"model", "errors", "request", "states", "addresses", "services", "port_ranges"},
    "views": {"model", "errors", "states", "addresses", "services", "port_ranges"},
    "explain": {"model", "errors", "states", "addresses", "services", "port_ranges", "query"},
    "render": {"model", "errors", "views", "explain", "addresses"},
}
PURE = {"parse", "normalize", "query", "views", "explain", "render"}
IO_MODULES = {"os", "subprocess", "pathlib", "shutil", "ctypes", "psutil", "fcntl", "signal", "threading", "tempfile"}


def imports(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names |= {f"{node.module}.{alias.name}" for alias in node.names if node.module == "portsock"}
    return names


def layer(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_imports_point_one_way_only() -> None:
    wrong = []
    for path in ROOT.rglob("*.py"):
        here = layer(path)
        if here not in ALLOWED:
            continue
        for name in imports(path):
            parts = name.split(".")
            if parts[0] == "portsock" and len(parts) > 1 and parts[1] not in ALLOWED[here] | {here}:
                wrong.append(f"{path.relative_to(ROOT)} imports {name}")
    assert wrong == []


def test_the_core_does_no_input_or_output() -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in ROOT.rglob("*.py")
        if layer(path) in PURE
        for name in imports(path)
        if name.split(".")[0] in IO_MODULES
    ]
    assert wrong == []


def test_every_module_belongs_to_a_layer() -> None:
    known = set(ALLOWED) | {"cli", "__init__", "__main__"}
    assert {layer(path) for path in ROOT.rglob("*.py")} <= known
