"""The one lever that frees a port: the container, supervisor, service or master, as it was seen; never a worker."""

from collections.abc import Sequence

from portsock.explain.ancestry import (
    INIT,
    MOST_TOGETHER,
    common_parent,
    halted,
    heirs_last,
    holders_of,
    is_systemd,
    main_of_unit,
    masters_of,
    same_program,
)
from portsock.explain.stopping import (
    end_process,
    end_several,
    is_launched,
    kill_stopped,
    stop_activated,
    stop_in_container,
    stop_service,
    stop_supervised,
)
from portsock.explain.subject import Subject
from portsock.explain.texts.findings import Code
from portsock.explain.types import Command
from portsock.model import Process
from portsock.normalize.roles import is_passive

VICTIMS = frozenset({Code.SYN_RECV_FLOOD, Code.ACCEPT_QUEUE_FULL, Code.ACCEPT_QUEUE_FILLING})
"""Findings about what clients do to a server. Stopping it would finish their work."""


def lever(subject: Subject, codes: set[str]) -> list[Command]:
    """Return the commands that free the port, where one lever does; empty where none is right, or none was seen.

    Only holders of passive sockets are named, since ending a client frees nothing. PID 1 is never.
    """
    holding = holders_of(subject.passive, subject)
    if subject.captured or subject.snapshot.host.system == "Windows":
        return []
    if any(each.forwards_to for each in holding):  # the container behind it has its own commands
        return []
    managers = [each for each in holding if is_systemd(each)]
    programs = [each for each in holding if not is_systemd(each)]
    if managers:
        return stop_activated(managers[0], _services(programs))
    stopped = any(sockets and is_passive(sockets[0]) for sockets, _ in halted(subject))
    if not programs or (codes & VICTIMS and not stopped):
        return []
    tops = _masters(programs, subject)
    if any(each.pid == INIT for each in (*programs, *tops)):
        return []
    managed = _managed(tops, programs, subject)
    if managed is not None:
        return managed
    return kill_stopped(programs) if stopped else _unmanaged(tops, programs, subject)


def _masters(programs: Sequence[Process], subject: Subject) -> list[Process]:
    """Return the masters of the holders; of several alike the process that all have forked from."""
    masters = masters_of(programs, subject.passive, subject)
    tops = list({each.pid: each for each in masters}.values())
    parent = common_parent(tops, subject) if len(tops) > 1 else None
    return tops if parent is None else [parent]


def _managed(tops: Sequence[Process], programs: Sequence[Process], subject: Subject) -> list[Command] | None:
    """Return the commands for the container, supervisor or service; None where there is none of these.

    They are empty where several are involved, so that no one lever is right.
    """
    containers = {each.container for each in programs}
    if containers != {None}:
        return stop_in_container(programs[0], subject.caller) if len(containers) == 1 else []
    if len(tops) == 1 and (supervised := stop_supervised(tops[0], subject)) is not None:
        return supervised
    services = _services(tops)
    if not services:
        return None
    if len(services) > 1 or any(each.unit not in services for each in tops):
        return []
    main = main_of_unit(tops[0], subject)
    if is_launched(tops[0], main):
        return None
    foreign = None if main.pid == tops[0].pid or same_program(main, tops[0]) else main
    return stop_service(services[0], foreign) or None


def _unmanaged(tops: Sequence[Process], programs: Sequence[Process], subject: Subject) -> list[Command]:
    """Return the commands for processes that nothing else manages."""
    if len(tops) == 1:
        return end_process(tops[0], [each for each in programs if each.pid != tops[0].pid])
    together = heirs_last(tops) or (list(tops) if _are_alike(tops, subject) else [])
    return end_several(together) if 0 < len(together) <= MOST_TOGETHER else []


def _are_alike(tops: Sequence[Process], subject: Subject) -> bool:
    """Tell whether they run one command as one user on one network, as the parts of one server do."""
    spaces = {socket.netns for socket in subject.passive}
    return len(spaces) == 1 and len({(each.name, each.user, each.cmdline) for each in tops}) == 1


def _services(programs: Sequence[Process]) -> list[str]:
    """Return the services of these processes."""
    return list(dict.fromkeys(each.unit for each in programs if each.unit and each.unit.endswith(".service")))
