"""A small sample of the fault matrix. All of it: `python -m tests.faults`."""

from contextlib import ExitStack

import pytest

from tests.faults.lab import missing_tools
from tests.faults.matrix import Matrix, sample
from tests.faults.report import violations
from tests.support.live import as_root, on_linux, takes_long

COMMANDS = ("listening", "procs", "explain-unix", "netns")


@takes_long
@on_linux
@as_root
@pytest.mark.linux
@pytest.mark.root
@pytest.mark.skipif(bool(missing_tools()), reason=f"needs {', '.join(missing_tools())}")
def test_no_failing_system_call_makes_the_answer_wrong_without_a_word() -> None:
    with ExitStack() as stack:
        matrix = Matrix(stack, 2, COMMANDS)
        faults = [fault for name in COMMANDS for fault in sample(matrix.plans[name].faults, 4, seed=1)]
        results = list(matrix.run(faults))
    # A call of a second thread is found by its path, which may contain portsock's own pid: another one in each run.
    assert sum(result.reached for result in results) > 0.8 * len(results)
    assert "\n".join(violations(results)) == ""
