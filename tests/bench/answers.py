"""Are explain's answers right in the first line, and short? `python -m tests.bench.answers [--show] [NAME ...]`.

It makes the situations of tests.bench.cases, asks about each, and prints the first lines, the number of lines of each answer,
the median, the longest, each sentence that stands in more than a quarter of the answers, and the facts that first lines lack.
Needs root, and a Python that every user may run.
"""

import argparse
import re
import statistics
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping

from tests.bench.cases import CASES, Case
from tests.support.live import portsock, runs_as, situation

MOST, MEDIAN, SHARE = 14, 10, 0.25
"""The goals: lines of the longest answer, median lines, share of the answers that have a sentence in common."""


def sentences(text: str) -> set[str]:
    """Return the sentences of an answer, without the numbers and names in them."""
    words = " ".join(text.split())
    parts = re.split(r"(?<=[.:]) (?=[A-Z])|\s{2,}", words)
    return {re.sub(r"\d+", "N", part) for part in parts if len(part) > 30}


def asked(case: Case) -> tuple[Mapping[str, object], str]:
    """Make a situation, ask, and return its facts and the answer."""
    module, _, name = case.made.partition(".")
    with situation(name, module) as place:
        time.sleep(case.after)
        question = case.question.format(**place.facts)
        return place.facts, portsock("explain", question, pid=place.facts["pid"], uid=case.uid).stdout


def first_line(answer: str) -> str:
    """Return the first paragraph of an answer, on one line."""
    return " ".join(answer.split("\n\n", 1)[0].split())


def lacking(case: Case, facts: Mapping[str, object], line: str) -> list[str]:
    """Return the patterns of the case that its first line does not match."""
    patterns = [re.sub(r"\{([a-z_]+)\}", lambda found: str(facts[found[1]]), pattern) for pattern in case.says]
    return [pattern for pattern in patterns if not re.search(pattern, line)]


def chosen(names: Iterable[str]) -> list[Case]:
    """Return the cases whose situation has one of the names in it, or all."""
    return [case for case in CASES if not names or any(name in case.made for name in names)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the answers, too")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    lengths: list[int] = []
    wrong = 0
    common: Counter[str] = Counter()
    for case in chosen(options.names):
        if case.uid is not None and not runs_as(case.uid):
            print(f"    left out: user {case.uid} may not run this Python: {case.made}")
            continue
        facts, answer = asked(case)
        lengths.append(len(answer.splitlines()))
        common.update(sentences(answer))
        missing = lacking(case, facts, first_line(answer))
        wrong += bool(missing)
        print(f"{lengths[-1]:3} lines  {case.made}: {case.question}{f'   LACKS {missing}' if missing else ''}")
        print(f"    expected: {case.expects}\n    {'answer' if options.show else 'says'}:     ", end="")
        print(answer if options.show else first_line(answer), flush=True)
    print(f"\n{len(lengths)} answers, {wrong} of them lack something in the first line")
    print(f"lines: median {statistics.median(lengths)} (goal {MEDIAN}), longest {max(lengths)} (goal {MOST})")
    for sentence, number in common.most_common():
        if number > SHARE * len(lengths):
            print(f"{number:4} times: {sentence}")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
