"""Rules about the processes themselves: stopped ones, and those without a free descriptor (proc(5), getrlimit(2))."""

from collections.abc import Iterator

from portsock.endpoints import port_of
from portsock.explain.ancestry import MOST_TOGETHER, halted, holders_of
from portsock.explain.rules.finding import evidence_lines, make_finding
from portsock.explain.subject import Subject
from portsock.explain.texts.findings import BY_DEBUGGER, BY_SIGNAL, OF_DEBUGGER, OF_SIGNAL, Code
from portsock.explain.types import Finding, Severity
from portsock.explain.wording import end_text, owner_text, owners_text, plural
from portsock.model import Owner, Process, Socket, State
from portsock.normalize.roles import is_passive

NEARLY = 0.9
"""The share of open descriptors that is worth a notice."""


def stopped(subject: Subject) -> Iterator[Finding]:
    """Find stopped processes on which connections or data wait, and stopped ones that the target names."""
    for sockets, processes in halted(subject):
        debugged = next((each for each in processes if each.state == "tracing stop"), None)
        who = owners_text([Owner(each.pid, None, each.name or each.comm) for each in processes])
        pids = " ".join(str(each.pid) for each in processes) if len(processes) <= MOST_TOGETHER else "PID"
        yield make_finding(
            Code.STOPPED_PROCESS,
            [*evidence_lines(sockets), f"state of {processes[0].pid}: {processes[0].state}"],
            who=f"{who} {'is' if len(processes) == 1 else 'are'}",
            how=BY_SIGNAL if debugged is None else BY_DEBUGGER,
            what=f": {_waiting(sockets[0])}" if sockets else "",
            what_to_do=OF_SIGNAL.format(pids=pids, it="it" if len(processes) == 1 else "them")
            if debugged is None
            else OF_DEBUGGER.format(pid=debugged.pid),
        )


def _waiting(socket: Socket) -> str:
    """Return what waits at the socket."""
    port = port_of(socket.local)
    where = f"{port}/{socket.protocol}" if port is not None else end_text(socket.local)
    if socket.state is State.LISTEN:
        return f"connections to {where} " + (
            f"wait, {socket.accept_queue} in its queue" if socket.accept_queue else "will wait"
        )
    if is_passive(socket):
        return f"what comes to {where} waits" + (f", {plural(socket.recv_q, 'byte')} of buffer used" if socket.recv_q else "")
    verb = "waits" if socket.recv_q == 1 else "wait"
    return f"{plural(socket.recv_q or 0, 'byte')} from {end_text(socket.remote)} {verb} to be read"


def descriptors(subject: Subject) -> Iterator[Finding]:
    """Find holders of the target's sockets that have no descriptor left, or few."""
    for process, count, limit in fullest(subject):
        full = count >= limit
        yield make_finding(
            Code.DESCRIPTORS_EXHAUSTED,
            [f"pid {process.pid}: {count} descriptors open, soft limit {limit}"],
            None if full else Severity.NOTICE,
            who=owner_text(Owner(process.pid, None, process.name or process.comm)),
            count=count,
            limit=limit,
            effect=": accept(2) fails with EMFILE" if full else "",
            pid=process.pid,
        )


def fullest(subject: Subject) -> list[tuple[Process, int, int]]:
    """Return the holders whose descriptors are nearly exhausted, with their number and limit, the fullest first."""
    found = [each for each in subject.snapshot.processes.values() if _fullness(each) >= NEARLY]
    if found:
        holding = {(each.host, each.pid) for each in holders_of(subject.local_sockets, subject)}
        found = [each for each in found if (each.host, each.pid) in holding]
    found.sort(key=_fullness, reverse=True)
    return [(each, each.descriptors or 0, each.descriptor_limit or 0) for each in found]


def _fullness(process: Process) -> float:
    """Return the open share of the descriptors; 0 where it is not known."""
    return process.descriptors / process.descriptor_limit if process.descriptors and process.descriptor_limit else 0
