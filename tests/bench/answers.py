"""How long are explain's answers, and what do they repeat? `python -m tests.bench.answers [--show] [NAME ...]`.

It makes the situations of tests.support.situations, asks about each, and prints the number of lines of each answer, the
median, the longest, and each sentence that stands in more than a quarter of the answers. Needs root.
"""

import argparse
import inspect
import re
import statistics
from collections import Counter
from collections.abc import Iterator, Mapping

from tests.support import situations
from tests.support.live import portsock, situation

MOST, MEDIAN, SHARE = 14, 10, 0.25
"""The goals: lines of the longest answer, median lines, share of the answers that have a sentence in common."""


def names() -> list[str]:
    """Return the names of all situations."""
    made = inspect.getmembers(situations, inspect.isfunction)
    return [name for name, function in made if inspect.signature(function).return_annotation == dict[str, int]]


def questions(facts: Mapping[str, int]) -> Iterator[str]:
    """Yield what to ask about a situation: its ports, the processes it names, its inodes."""
    for fact, value in facts.items():
        if fact == "port" or fact.endswith("_port"):
            yield str(value)
        elif fact == "inode":
            yield f"inode:{value}"
        elif fact == "client":
            yield f"pid:{value}"


def sentences(text: str) -> set[str]:
    """Return the sentences of an answer, without the numbers and names in them."""
    words = " ".join(text.split())
    parts = re.split(r"(?<=[.:]) (?=[A-Z])|\s{2,}", words)
    return {re.sub(r"\d+", "N", part) for part in parts if len(part) > 30}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--show", action="store_true", help="print the answers, too")
    parser.add_argument("names", nargs="*")
    options = parser.parse_args()
    lengths: list[int] = []
    common: Counter[str] = Counter()
    for name in options.names or names():
        with situation(name) as place:
            for question in questions(place.facts):
                text = portsock("explain", question, pid=place.facts["pid"]).stdout
                lengths.append(len(text.splitlines()))
                common.update(sentences(text))
                print(f"{lengths[-1]:4} lines  {name}: {question}")
                if options.show:
                    print(text)
    repeated = {sentence: number for sentence, number in common.items() if number > SHARE * len(lengths)}
    median, longest = statistics.median(lengths), max(lengths)
    print(f"\n{len(lengths)} answers: median {median} lines (goal {MEDIAN}), longest {longest} (goal {MOST})")
    for sentence, number in sorted(repeated.items(), key=lambda item: -item[1]):
        print(f"{number:4} times: {sentence}")


if __name__ == "__main__":
    main()
