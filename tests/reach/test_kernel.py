"""The kernel as the judge: real first packets through real rulesets, and what portsock says of each.

The whole proof is `python -m tests.support.firewall.trial --rulesets 2000`, `-m tests.support.firewall.scenes` and
`-m tests.support.firewall.defects`: about half an hour.
"""

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from portsock import reach
from tests.support.firewall.defects import DEFECTS, damage
from tests.support.firewall.scenes import PACKETS, SCENES, missing, try_scene
from tests.support.firewall.trial import Bench, bench, run
from tests.support.firewall.verdicts import CANNOT_TELL
from tests.support.live import as_root, on_linux, takes_long

pytestmark = [on_linux, as_root, pytest.mark.skipif(shutil.which("nft") is None, reason="nft is not installed here")]


@pytest.fixture
def made() -> Iterator[Bench]:
    """Make new namespaces for each test: random rulesets come with random settings, which stay."""
    with bench() as opened:
        yield opened


def test_no_verdict_is_against_the_kernel_under_random_rulesets(made: Bench) -> None:
    count = run(10, 1, made, most=1, number_of_packets=60)
    assert not count.wrong
    assert count.verdicts[CANNOT_TELL] < count.verdicts["packets"] / 10


@takes_long
def test_no_verdict_is_against_the_kernel_under_many_random_rulesets(made: Bench) -> None:
    assert not run(80, 5, made, most=3).wrong


@pytest.mark.parametrize("name", ["firewalld", "kube-proxy with nftables"])
def test_what_tools_write_is_told(made: Bench, name: str) -> None:
    _try(made, name, 120)


@takes_long
@pytest.mark.parametrize("name", SCENES)
def test_what_every_tool_writes_is_told(made: Bench, name: str) -> None:
    if missing(name):
        pytest.skip(f"{missing(name)} is not installed here")
    _try(made, name)


def _try(made: Bench, name: str, number: int = PACKETS) -> None:
    count = try_scene(made, name, number=number)
    assert not count.wrong
    assert count.verdicts[f"netlink: {CANNOT_TELL}"] <= count.verdicts["packets"] / 20, count.reasons


@pytest.mark.parametrize("name", DEFECTS)
def test_a_deliberate_defect_is_one_of_what_is_there(name: str, tmp_path: Path) -> None:
    defect = DEFECTS[name]
    (tmp_path / defect.file).parent.mkdir()
    shutil.copy(Path(reach.__file__).parent / defect.file, tmp_path / defect.file)
    damage(tmp_path, defect)
    ast.parse((tmp_path / defect.file).read_text("utf-8"))
