"""Count the files of portsock that a command enters: `python -m tests.bench.entered [COMMAND…]`.

A file is entered if any of its functions runs; module and class bodies do not count. Without a command two usual ones are
counted. The names of the files follow the count.
"""

import os
import sys
from contextlib import redirect_stdout
from pathlib import Path
from types import FrameType

import portsock
from portsock.cli.console import system_console
from portsock.cli.main import run

USUAL = (["ports", "-l"], ["explain", "8080"])
_FUNCTION = 0x1
"""CO_OPTIMIZED of inspect: set in the code of functions, not in that of modules and classes."""


def entered(arguments: list[str]) -> set[str]:
    """Run portsock in this process, with its output into nothing, and return the files it enters."""
    root = f"{Path(portsock.__file__).parent}{os.sep}"
    found: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        code = frame.f_code
        if event == "call" and code.co_flags & _FUNCTION and code.co_filename.startswith(root):
            found.add(code.co_filename.removeprefix(root))

    with open(os.devnull, "w", encoding="utf-8") as nothing, redirect_stdout(nothing):
        console = system_console()
        sys.setprofile(note)
        try:
            run(arguments, console)
        finally:
            sys.setprofile(None)
    return found


def main() -> None:
    for arguments in [sys.argv[1:]] if sys.argv[1:] else USUAL:
        child = None if sys.argv[1:] else os.fork()
        if child:  # a process for each, so that caches and lazy imports of one do not change the other
            os.waitpid(child, 0)
            continue
        files = entered(list(arguments))
        print(f"portsock {' '.join(arguments)}: {len(files)} files entered\n  {' '.join(sorted(files))}", flush=True)
        if child == 0:
            os._exit(0)


if __name__ == "__main__":
    main()
