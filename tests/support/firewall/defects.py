"""Deliberate defects of the evaluator, each of which the trial has to notice.

    .venv/bin/python -m tests.support.firewall.defects

Each is tried in a copy of the package, with the same seeds. Prints after how many rulesets it was noticed. First the package
is tried as it is, with all these rulesets: what is noticed later is then the doing of the defect.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[3]
SEEDS, RULESETS = (5, 104), 100


class Defect(NamedTuple):
    """A text of a file in portsock/reach, and what stands there instead. The text occurs once."""

    file: str
    text: str
    instead: str


DEFECTS: dict[str, Defect] = {
    "a policy that drops accepts": Defect("rules/machine.py", 'chain.hook.policy == "drop"', 'chain.hook.policy == "never"'),
    "goto comes back as jump does": Defect("rules/machine.py", '(way.fresh if kind == "jump" else way.back)', "way.fresh"),
    "return goes on": Defect("rules/machine.py", "way.back.append(self.move", "way.fresh.append(self.move"),
    "!= is ==": Defect("rules/machine.py", "if known is not match.negated else", "if known else"),
    "a rule that is left forgets its marks": Defect("rules/machine.py", "if branch.environment is way.group.environment:", "if way:"),  # noqa: E501
    "above a limit is below it": Defect("rules/machine.py", "            return [above]\n", "            return [branch]\n"),
    "a wildcard is a whole name": Defect("rules/keys.py", "name.startswith(prefix)", "name == prefix"),
    "an interval lacks its end": Defect("rules/keys.py", "self.ranges[place][1] >= number", "self.ranges[place][1] > number"),
    "elements for every other value are not looked at": Defect("rules/keys.py", "if self.default is not None and", "if False and"),  # noqa: E501
    "icmpx is of the other IP version": Defect("rules/actions.py", "(3, 4))[packet.version == 6]", "(3, 4))[packet.version == 4]"),  # noqa: E501
    "a reset becomes silence": Defect("rules/machine.py", '"reject" if how else "drop", rule, how', '"drop", rule'),
    "DNAT keeps the port": Defect("rules/actions.py", "port=environment.port if port == KEPT else port", "port=environment.port"),  # noqa: E501
    "DNAT is not seen in ct status": Defect("rules/actions.py", "status = DNAT if", "status = 0 if"),
    "a redirect from outside leads to 127.0.0.1": Defect("rules/actions.py", 'lookup.place.hook == "output"', "lookup.place.hook"),  # noqa: E501
    "a SYN has other flags": Defect("rules/packet.py", "(104, 8, 2)", "(104, 8, 18)"),
    "a new connection is established": Defect("rules/packet.py", "(INVALID, NEW, UNTRACKED_STATE)", "(INVALID, 2, UNTRACKED_STATE)"),  # noqa: E501
    "chains run in the order of the listing": Defect("path/hooks.py", "self._turn(entry), -entry.order", "self._turn(entry), entry.order"),  # noqa: E501
    "connection tracking comes late": Defect("path/hooks.py", "TRACKING = -200", "TRACKING = 50"),
    "NAT runs after the filters": Defect("path/hooks.py", '{"prerouting": -100, "output"', '{"prerouting": 90, "output"'),
    "rules of inet do not hold for IPv6": Defect("path/hooks.py", '("inet", "ip6" if version == 6', '("ip6" if version == 6 else "inet", "ip6" if version == 6'),  # noqa: E501
    "dormant tables count": Defect("path/hooks.py", "if not table.dormant", "if table"),
    "a second chain translates what is translated": Defect("path/hooks.py", "and not group.environment.decided & which", "and which"),  # noqa: E501
    "what is forwarded skips the forward hook": Defect("path/path.py", '        for hook in ("forward", "postrouting", "egress"):', '        for hook in ("postrouting", "egress"):'),  # noqa: E501
    "rp_filter is not known": Defect("path/path.py", "not device.rp_filter or", "device.rp_filter or"),
    "hosts that do not forward forward": Defect("path/path.py", "        elif not forwarding:\n", "        elif how:\n"),
}  # fmt: skip


def caught(name: str | None) -> int | None:
    """Return the number of rulesets after which the defect was noticed, None where it was not. No name: without a defect."""
    with tempfile.TemporaryDirectory() as folder:
        for part in ("portsock", "tests/support", "tests/__init__.py"):
            source, target = ROOT / part, Path(folder, part)
            target.parent.mkdir(parents=True, exist_ok=True)
            if source.is_dir():
                shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, target)
        if name is not None:
            damage(Path(folder, "portsock", "reach"), DEFECTS[name])
        for before, seed in enumerate(SEEDS):
            found = _wrong_after(folder, seed)
            if found is not None:
                return before * RULESETS + found
    return None


def _wrong_after(folder: str, seed: int) -> int | None:
    """Return the number of rulesets after which the package in a folder is wrong, None where it never is."""
    command = [sys.executable, "-m", "tests.support.firewall.trial", "--plain", "--most", "1"]
    done = subprocess.run(
        [*command, "--rulesets", str(RULESETS), "--seed", str(seed)],
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


def damage(folder: Path, defect: Defect) -> None:
    """Put a defect into a copy of portsock/reach/."""
    file = folder / defect.file
    before = file.read_text("utf-8")
    assert before.count(defect.text) == 1, f"{defect.file} has {defect.text!r} {before.count(defect.text)} times"
    file.write_text(before.replace(defect.text, defect.instead), "utf-8")


def main() -> None:
    """Try every defect and print which were caught."""
    found = caught(None)
    print(f"no defect: {'nothing noticed' if found is None else f'noticed after {found} rulesets'}", flush=True)
    missed = int(found is not None)
    for name in DEFECTS:
        found = caught(name)
        missed += found is None
        print(f"{name}: {'not noticed' if found is None else f'noticed after {found} rulesets'}", flush=True)
    print("all defects noticed" if not missed else f"{missed} not as they should be")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
