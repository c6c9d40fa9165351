"""Deliberate defects of the evaluator, each of which the trial has to notice.

    .venv/bin/python -m tests.support.firewall.defects

Each is tried in a copy of the package, with the same seed. Prints after how many rulesets it was noticed.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
SEED, RULESETS = 5, 120


class Defect(NamedTuple):
    """A text of a file in portsock/reach, and what stands there instead. The text occurs once."""

    file: str
    text: str
    instead: str


DEFECTS: dict[str, Defect] = {}


def caught(name: str) -> int | None:
    """Return the number of rulesets after which the defect was noticed, None where it was not."""
    defect = DEFECTS[name]
    with tempfile.TemporaryDirectory() as folder:
        for part in ("portsock", "tests/support", "tests/__init__.py"):
            source, target = ROOT / part, Path(folder, part)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        file = Path(folder, "portsock", "reach", defect.file)
        before = file.read_text("utf-8")
        assert before.count(defect.text) == 1, f"{name}: {defect.file} has its text {before.count(defect.text)} times"
        file.write_text(before.replace(defect.text, defect.instead), "utf-8")
        command = [sys.executable, "-m", "tests.support.firewall.trial", "--plain", "--most", "1"]
        done = subprocess.run(
            [*command, "--rulesets", str(RULESETS), "--seed", str(SEED)],
            cwd=folder,
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode in {0, 1}, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    count = re.search(r"rulesets (\d+)", done.stdout)
    assert count, done.stdout
    return int(count[1]) if done.returncode else None


def main() -> None:
    """Try every defect and print which were caught."""
    missed = 0
    for name in DEFECTS:
        found = caught(name)
        missed += found is None
        print(f"{name}: {'not noticed' if found is None else f'noticed after {found} rulesets'}", flush=True)
    print(f"{len(DEFECTS) - missed} of {len(DEFECTS)} defects noticed")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
