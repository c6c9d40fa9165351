"""The shape of portsock: imports point one way without circles, only sources/ touches the system, files stay short."""

import ast
import re
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "portsock"
FILES = {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in sorted(ROOT.rglob("*.py"))}

_WORLD = {"model", "enums", "errors", "addresses", "endpoints", "port_numbers"}
ALLOWED: dict[str, set[str]] = {
    "enums": set(),
    "errors": set(),
    "port_numbers": set(),
    "reachability": set(),
    "model": {"enums", "reachability"},
    "addresses": {"model"},
    "endpoints": {"model"},
    "records": {"model", "enums"},
    "rulesets": {"network"},
    "network": set(),
    "nft_words": set(),
    "parse": {"model", "errors", "records", "rulesets", "nft_words", "network", "enums", "addresses", "port_numbers"},
    "sources": {"model", "errors", "records", "rulesets", "network", "enums", "addresses", "port_numbers", "parse"},
    "reach": {"reachability", "model", "endpoints", "enums", "errors", "addresses", "rulesets", "nft_words", "network"},
    "normalize": {"model", "records", "addresses", "port_numbers"},
    "query": {"model", "enums", "errors", "records", "addresses", "port_numbers", "normalize"},
    "explain": _WORLD | {"records", "reachability", "reach", "network", "query", "normalize"},
    "change": _WORLD | {"reachability", "normalize"},
    "policy": _WORLD | {"normalize", "reachability"},
    "output": _WORLD | {"reachability", "reach", "normalize", "explain", "change", "policy"},
}
"""The layers that each layer may import; cli and __main__ may import all."""
PURE = ALLOWED.keys() - {"sources"}
"""The core: layers that take values and return values, and nothing else."""

IO_MODULES = {"os", "subprocess", "pathlib", "shutil", "ctypes", "psutil", "fcntl", "signal", "threading", "tempfile"}
IO_MODULES |= {"_thread", "select", "multiprocessing", "asyncio", "glob", "urllib", "http", "ssl", "socket", "time", "mmap"}
CONVERSIONS = {"socket": {"inet_ntop", "inet_pton", "AF_INET", "AF_INET6"}, "time": {"gmtime", "strftime"}, "mmap": set()}
"""What the core may import from modules that otherwise reach the system. Of socket only what every system has."""
STREAMS = {"sys.stdin", "sys.stdout", "sys.stderr", "sys.argv", "sys.exit"}
TEXT_OF_OS = {"os.path", "os.path.basename", "os.fsdecode"}
"""Names of os that touch nothing."""
CALLS = {"open", "input", "print", "exec", "eval", "__import__"}

CLI_EXCEPTIONS = {
    # The process: its arguments, streams, environment and exit status.
    "__main__.py": {"sys.argv", "sys.exit", "sys.stdout", "sys.stderr", "os._exit"},
    "cli/console.py": {
        "select.select",
        "sys.stdin",
        "sys.stdout",
        "sys.stderr",
        "os.environ",
        "shutil.get_terminal_size",
    },
    # A thread, so that a system that does not answer cannot hold up a TAB.
    "cli/complete.py": {"sys.stdout", "_thread.allocate_lock", "_thread.start_new_thread"},
    # stdout is forgotten where its reader has gone, so that the last flush does not fail.
    "cli/main.py": {"sys.stdout"},
    # Where tests give no console.
    "cli/options.py": {"os.environ"},
    # A thread shows progress on the terminal.
    "cli/progress.py": {"threading.Event", "threading.Thread"},
    # A trial bind changes the user only where --as names another one.
    "cli/explaining/binding.py": {"os.geteuid"},
}
"""The only ways in which cli/ touches the system itself."""

MOST_FILES = 18
MOST_LINES = 300
MOST_FUNCTION_LINES = 40
MOST_LINES_IN_ALL = 52_000
CROWDED_FOLDERS: set[str] = set()
LONG_FILES = {"model.py": "one table of what everything speaks of"}
LONG_FUNCTIONS = {"parse/listings/ss/plain.py:read": "a call for each of a million rows takes a tenth of the time"}
"""Allowed to be longer, with the reason."""


def layer(file: str) -> str:
    return file.partition("/")[0].removesuffix(".py")


def at_run_time(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the node and everything in it, without code that only the type checker sees."""
    yield node
    for child in ast.iter_child_nodes(node):
        if not (isinstance(child, ast.If) and isinstance(child.test, ast.Name) and child.test.id == "TYPE_CHECKING"):
            yield from at_run_time(child)


def imports(nodes: Iterator[ast.AST]) -> Iterator[tuple[str, str]]:
    """Yield each import as module and name; the name is '' where the whole module is imported."""
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from ((node.module, alias.name) for alias in node.names)


def test_imports_point_one_way_only() -> None:
    wrong = []
    for file, source in FILES.items():
        for module, name in imports(ast.walk(ast.parse(source))):
            parts = f"{module}.{name}".split(".")
            allowed = ALLOWED.get(layer(file), set(parts)) | {layer(file)}
            if parts[0] == "portsock" and parts[1] not in allowed:
                wrong.append(f"{file} imports {module}")
    assert wrong == []


def test_every_module_belongs_to_a_layer() -> None:
    assert {layer(file) for file in FILES} <= ALLOWED.keys() | {"cli", "__init__", "__main__"}


def modules() -> dict[str, str]:
    """Return the source of every module by its name."""
    return {
        f"portsock.{file.removesuffix('.py').replace('/', '.')}".removesuffix(".__init__"): source
        for file, source in FILES.items()
    }


def graph(sources: dict[str, str]) -> dict[str, set[str]]:
    """Return the modules that each module imports, imports inside functions included."""
    found = {}
    for importer, source in sources.items():
        named = imports(at_run_time(ast.parse(source)))
        candidates = {f"{module}.{name}" if f"{module}.{name}" in sources else module for module, name in named}
        found[importer] = candidates & sources.keys()
    return found


def circle(imported: dict[str, set[str]]) -> str | None:
    """Return a circle of imports in the form 'a → b → a', or None where there is none."""
    try:
        TopologicalSorter(imported).prepare()
    except CycleError as error:
        return " → ".join(reversed(error.args[1]))
    return None


def test_imports_make_no_circle() -> None:
    found = graph(modules())
    assert circle(found) is None


def test_a_circle_through_a_function_is_found_and_one_for_types_is_none() -> None:
    sources = {"portsock.a": "def f():\n    from portsock import b", "portsock.b": "from portsock.a import f"}
    assert circle(graph(sources)) in {"portsock.a → portsock.b → portsock.a", "portsock.b → portsock.a → portsock.b"}
    assert circle(graph(sources | {"portsock.a": "if TYPE_CHECKING:\n    from portsock import b"})) is None


def test_the_core_does_no_input_or_output() -> None:
    wrong = {file: found for file, source in FILES.items() if layer(file) in PURE and (found := reaches(source, core=True))}
    assert wrong == {}


def test_the_command_line_touches_the_system_only_through_sources() -> None:
    found = {
        file: touched
        for file, source in FILES.items()
        if layer(file) in {"cli", "__main__"} and (touched := reaches(source, core=False))
    }
    assert found == CLI_EXCEPTIONS


def reaches(source: str, *, core: bool) -> set[str]:
    """Return the names with which a module reaches the system; in the core importing os is enough."""
    nodes = list(at_run_time(ast.parse(source)))
    found = set()
    for module, name in imports(iter(nodes)):
        package = module.partition(".")[0]
        if name in CONVERSIONS.get(package, ()):
            continue
        if package in IO_MODULES and (name or core or package != "os"):
            found.add(f"{module}.{name}" if name else module)
        elif (package, name) == ("io", "open"):
            found.add("io.open")
    for node in nodes:
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in CALLS:
            found.add(f"{node.func.id}()")
        elif isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if name in STREAMS or (re.fullmatch(r"os(\.\w+)+", name) and name not in TEXT_OF_OS):
                found.add(name)
    return {name for name in found if name.rpartition(".")[0] not in found}


@pytest.mark.parametrize(
    "source",
    [
        "def f(path):\n    return open(path)",
        "import socket",
        "from socket import AF_INET, create_connection",
        "from socket import AF_UNIX",
        "import time",
        "from io import open",
        "from mmap import mmap",
        "def f():\n    import os.path",
        "import sys\nsys.stdout.write('')",
    ],
)
def test_ways_out_of_the_core_are_found(source: str) -> None:
    assert reaches(source, core=True) != set()


def test_conversions_are_allowed_in_the_core() -> None:
    source = (
        "import io\nimport sys\nfrom socket import AF_INET6, inet_ntop, inet_pton\nreader.open(sys.byteorder)\nio.StringIO()"
    )
    assert reaches(source, core=True) == set()


def test_the_command_line_may_handle_paths_as_text() -> None:
    source = "import os\nimport os.path\nos.path.basename(os.fsdecode(b''))\nos.environ.get('HOME')"
    assert reaches(source, core=False) == {"os.environ"}


def test_no_folder_has_too_many_files() -> None:
    count = Counter(str(Path(file).parent) for file in FILES)
    assert {folder for folder, number in count.items() if number > MOST_FILES} == CROWDED_FOLDERS


def test_no_file_is_too_long() -> None:
    lines = {file: source.count("\n") for file, source in FILES.items()}
    assert {file: number for file, number in lines.items() if number > MOST_LINES}.keys() == LONG_FILES.keys()
    assert sum(lines.values()) <= MOST_LINES_IN_ALL


def test_no_function_is_too_long() -> None:
    long = {}
    for file, source in FILES.items():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                lines = (node.end_lineno or 0) - node.lineno + 1
                if lines > MOST_FUNCTION_LINES:
                    long[f"{file}:{node.name}"] = lines
    assert long.keys() == LONG_FUNCTIONS.keys(), long
