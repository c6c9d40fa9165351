"""`python -m tests.faults`: run the fault matrix as root, print a report, exit with 1 where a run broke the invariant."""

import argparse
import sys
from contextlib import ExitStack
from pathlib import Path

from tests.faults.lab import missing_tools
from tests.faults.matrix import COMMANDS, Matrix, Result, sample
from tests.faults.report import as_json, text


def main() -> int:
    options = _options()
    lacking = missing_tools()
    if lacking:
        sys.stderr.write(f"tests.faults needs {', '.join(lacking)}\n")
        return 2
    chosen = options.command or list(COMMANDS)
    results: list[Result] = []
    with ExitStack() as stack:
        matrix = Matrix(stack, options.jobs, chosen, options.imports)
        faults = [fault for plan in matrix.plans.values() for fault in plan.faults]
        if options.only:
            faults = [fault for fault in faults if options.only in f"{fault.where} {fault.errno}"]
        all_of_them = len(faults)
        faults = sample(faults, options.sample, options.seed)
        sys.stderr.write(f"{len(faults)} faults of {all_of_them}, --seed {options.seed}\n")
        lines = stack.enter_context(open(options.lines, "w")) if options.lines else None
        try:
            for result in matrix.run(faults):
                results.append(result)
                if lines:
                    lines.write(as_json(result) + "\n")
                    lines.flush()
                if len(results) % 500 == 0:
                    sys.stderr.write(f"{len(results)} done\n")
        except KeyboardInterrupt:
            sys.stderr.write("interrupted; the report is of what was done\n")
    report = text(results, matrix)
    sys.stdout.write(report)
    if options.report:
        options.report.write_text(report)
    return int(any(result.reached and not result.verdict.right for result in results))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.faults", description=__doc__)
    parser.add_argument("--command", action="append", choices=COMMANDS, help="only this command; may be repeated")
    parser.add_argument("--only", metavar="TEXT", help="only faults whose call, numbers masked by N, contains this text")
    parser.add_argument("--imports", action="store_true", help="faults of imports, and no others")
    parser.add_argument("--sample", type=int, metavar="N", help="only N of the faults, chosen by the seed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--report", type=Path, metavar="FILE", help="write the report there, too")
    parser.add_argument("--lines", type=Path, metavar="FILE", help="write each result there as a line of JSON")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
