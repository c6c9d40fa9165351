"""Imports point one way only, so that a newcomer knows where things go."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "portsock"

ALLOWED = {
    "enums": set(),
    "errors": set(),
    "port_numbers": set(),
    "model": {"enums"},
    "addresses": {"model"},
    "endpoints": {"model"},
    "records": {"model"},
    "parse": {"model", "errors", "records", "enums", "addresses", "port_numbers"},
    "sources": {"model", "errors", "records", "enums", "addresses", "port_numbers", "parse"},
    "normalize": {"model", "records", "addresses", "port_numbers"},
    "query": {"model", "enums", "errors", "records", "addresses", "port_numbers"},
    "explain": {"model", "enums", "errors", "records", "addresses", "endpoints", "port_numbers", "query", "normalize"},
    "output": {"model", "errors", "addresses", "endpoints", "port_numbers", "normalize", "explain"},
}
PURE = {"parse", "normalize", "query", "explain", "output"}
PURE |= {"enums", "model", "errors", "addresses", "endpoints", "port_numbers", "records"}
IO_MODULES = {"os", "subprocess", "pathlib", "shutil", "ctypes", "psutil", "fcntl", "signal", "threading", "tempfile"}
IO_MODULES |= {"select", "multiprocessing", "asyncio", "glob", "urllib", "http", "ssl"}
CONVERSIONS = {"socket": {"inet_ntop", "inet_pton"}, "time": {"gmtime", "strftime"}, "io": {"StringIO"}, "mmap": set()}
"""What the core may take from modules that else reach outside; of socket also the numbers of address families."""
CALLS = {"open", "input", "print", "exec", "eval", "__import__"}


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
    wrong = {
        str(path.relative_to(ROOT)): found
        for path in ROOT.rglob("*.py")
        if layer(path) in PURE and (found := impurities(path.read_text("utf-8")))
    }
    assert wrong == {}


@pytest.mark.parametrize(
    "source",
    [
        "def f(path):\n    return open(path)",
        "import socket",
        "from socket import AF_INET, create_connection",
        "import time",
        "from io import open",
        "from mmap import mmap",
        "def f():\n    import os.path",
    ],
)
def test_what_reaches_outside_is_seen(source: str) -> None:
    assert impurities(source) != []


def test_conversions_of_addresses_are_pure() -> None:
    assert impurities("from socket import AF_INET6, inet_ntop, inet_pton\nreader.open(1)") == []


def impurities(source: str) -> list[str]:
    """What a module of the core does that reaches outside."""
    found = []
    for node in parts(ast.parse(source)):
        if isinstance(node, ast.Import):
            found += [alias.name for alias in node.names if alias.name.split(".")[0] in IO_MODULES | CONVERSIONS.keys()]
        elif isinstance(node, ast.ImportFrom) and node.module:
            module = node.module.split(".")[0]
            if module in IO_MODULES:
                found.append(node.module)
            elif module in CONVERSIONS:
                found += [alias.name for alias in node.names if not is_conversion(module, alias.name)]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            found.append(f"{node.func.id}()")
    return found


def parts(node: ast.AST) -> Iterator[ast.AST]:
    """The node and what is in it, without what is only for the type checker."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield from parts(child)


def is_conversion(module: str, name: str) -> bool:
    return name in CONVERSIONS[module] or (module == "socket" and name.startswith("AF_"))


def test_every_module_belongs_to_a_layer() -> None:
    known = set(ALLOWED) | {"cli", "__init__", "__main__"}
    assert {layer(path) for path in ROOT.rglob("*.py")} <= known


def test_the_core_takes_from_socket_only_what_every_system_has() -> None:
    everywhere = {"AF_INET", "AF_INET6", "inet_ntop", "inet_pton"}
    wrong = []
    for path in (path for path in ROOT.rglob("*.py") if layer(path) in PURE | {"addresses"}):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module == "socket":
                wrong += [
                    f"{path.relative_to(ROOT)} takes {alias.name}" for alias in node.names if alias.name not in everywhere
                ]
    assert wrong == []
