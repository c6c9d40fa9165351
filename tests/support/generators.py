"""The scripts that generate the manual and the completions."""

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[2]


def generator(directory: str) -> ModuleType:
    """Import generate.py of 'man' or 'completions'."""
    spec = importlib.util.spec_from_file_location(f"{directory}_generate", ROOT / directory / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
