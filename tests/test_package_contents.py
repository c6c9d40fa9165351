"""The installed package holds pages, completions, schema and types, and every build yields the same bytes."""

import hashlib
import importlib.util
import subprocess
import sys
import tomllib
import zipfile
from importlib.resources import files
from pathlib import Path

import pytest

from portsock import __version__

ROOT = Path(__file__).parents[1]
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
SHARED: dict[str, str] = PYPROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["shared-data"]


def test_man_and_the_shells_find_every_page_and_completion() -> None:
    pages = {f"man/{path.name}": f"share/man/man{path.suffix[1:]}/{path.name}" for path in (ROOT / "man").glob("*.[15]")}
    completions = {
        "completions/portsock.bash": "share/bash-completion/completions/portsock",
        "completions/_portsock": "share/zsh/site-functions/_portsock",
        "completions/portsock.fish": "share/fish/vendor_completions.d/portsock.fish",
    }
    assert pages | completions == SHARED


def test_the_package_holds_the_schema_and_the_marker_of_typed_packages() -> None:
    assert files("portsock").joinpath("schema/portsock-1.schema.json").is_file()
    assert files("portsock").joinpath("py.typed").is_file()


def test_running_the_module_runs_the_program() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "portsock", "--version"], capture_output=True, text=True, check=True, timeout=60, cwd=ROOT
    )
    assert done.stdout == f"portsock {__version__}\n"


def test_the_metadata_names_every_python_that_is_supported() -> None:
    project = PYPROJECT["project"]
    named = [item for item in project["classifiers"] if item.startswith("Programming Language :: Python :: 3.")]
    assert f">={named[0].rpartition(' ')[2]}" == project["requires-python"]
    assert {"Homepage", "Changelog", "Issues", "Source"} <= set(project["urls"])


@pytest.mark.skipif(importlib.util.find_spec("hatchling") is None, reason="hatchling is not installed")
def test_two_builds_of_the_wheel_are_the_same_bytes(tmp_path: Path) -> None:
    code = "import sys; from hatchling.build import build_wheel; build_wheel(sys.argv[1])"
    digests = []
    for name in ("first", "second"):
        command = [sys.executable, "-c", code, str(tmp_path / name)]
        subprocess.run(command, check=True, capture_output=True, timeout=120, cwd=ROOT)
        (wheel,) = (tmp_path / name).glob("*.whl")
        digests.append(hashlib.sha256(wheel.read_bytes()).hexdigest())
    assert digests[0] == digests[1]
    names = zipfile.ZipFile(wheel).namelist()
    assert [target for target in SHARED.values() if f"portsock-{__version__}.data/data/{target}" not in names] == []
    assert [name for name in names if "__pycache__" in name or name.startswith(("tests/", "man/"))] == []
