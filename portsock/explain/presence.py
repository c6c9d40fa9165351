"""The answer for a process, user, unit or container that holds no socket: whether it exists at all."""

from collections.abc import Sequence

from portsock.explain.wording import joined
from portsock.model import Owner, Process
from portsock.query.matching.owners import process_test
from portsock.query.target import NameTarget, NumberTarget

MOST_PIDS = 3
"""Processes named."""


def presence_sentence(
    target: NameTarget | NumberTarget, processes: Sequence[Process], exists: bool | None, readable: bool = True
) -> str:
    """Return a sentence without a full stop: 'user deploy exists and holds no socket that was asked for'.

    `processes` are those of the host. `exists`: the user table has the user, or a file has the unit; None where that is not
    known, and for the other kinds. `readable`: the descriptors of the process that has the number may be read.
    """
    holds = "holds no socket that was asked for"
    if isinstance(target, NumberTarget):
        process = next((each for each in processes if each.pid == target.number), None)
        if process is None:
            return f"there is no process {target.number}"
        if not readable:
            holds = "its descriptors cannot be read from here"
        elif target.kind == "fd":
            holds = f"has no socket as descriptor {target.fd}"
        return f"process {target.number} ({process.name or process.comm or 'no name'}) runs and {holds}"
    test = process_test(target.kind, target.name)
    running = [each for each in processes if test(Owner(each.pid, None, each.name, each.user), each)]
    pids = f" ({'pid' if len(running) == 1 else 'pids'} {joined([str(each.pid) for each in running], MOST_PIDS)})"
    if target.kind == "proc":
        return f"{target.name} runs{pids} and {holds}" if running else f"no process named {target.name} runs"
    thing = f"{target.kind} {target.name}"
    if target.kind == "user":
        if running or exists is not False:
            return f"{thing} exists{'' if running else ', runs no process'} and {holds}"
        return f"there is no user {target.name}"
    if running:
        return f"{thing} runs{pids} and {holds}"
    if target.kind == "unit":
        return f"{thing} is installed, but no process of it runs" if exists else f"no unit {target.name} runs or is installed"
    return f"no container {target.name} runs here"
