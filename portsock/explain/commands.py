"""Commands worth typing: the next step after an answer, and other meanings of an ambiguous target."""

from portsock.endpoints import port_of
from portsock.explain.subject import Subject
from portsock.explain.texts import phrases
from portsock.explain.texts.findings import Code
from portsock.explain.types import Command, Finding, Reading
from portsock.explain.wording import holders, quoted_argument
from portsock.model import OwnerReason, Process, State
from portsock.normalize.connections import unique_connections
from portsock.query.matching.owners import forwards_into
from portsock.query.target import ConnectionTarget, InetTarget, ServiceTarget
from portsock.query.values import parse_number

MOST = 2
"""Commands suggested after an answer."""
MOST_PIDS = 8
"""Processes named in one kill."""
_LARGEST_NUMBER = 2**64 - 1
"""The largest inode."""
_ROOT_HELPS = frozenset({OwnerReason.OTHER_USER, OwnerReason.HIDEPID})


def next_commands(subject: Subject, findings: tuple[Finding, ...]) -> tuple[Command, ...]:
    """Return the most useful commands first; of a captured listing only one that reads it again."""
    if subject.captured:
        return _reread_listing(subject)
    codes = {finding.code for finding in findings}
    return tuple(dict.fromkeys([*_if_nothing_found(subject), *_by_findings(subject, codes), *_about_holder(subject)]))[:MOST]


def _reread_listing(subject: Subject) -> tuple[Command, ...]:
    """Return a command on the same file: a listing's sockets and processes are another host's."""
    inputs = subject.snapshot.source.inputs
    if len(inputs) != 1 or not inputs[0].name or not subject.sockets:
        return ()
    name = "-" if inputs[0].name == "stdin" else quoted_argument(inputs[0].name)
    line = f"portsock sockets --from {name} {quoted_argument(subject.target.text)}"
    return (Command(line, "the rows of the listing that this is about"),)


def _if_nothing_found(subject: Subject) -> list[Command]:
    if subject.sockets:
        return []
    if isinstance(subject.target, ConnectionTarget):
        ends = [quoted_argument(end.text) for end in subject.target.ends]
        return [Command(f"portsock explain {end}", "what there is at this end") for end in ends]
    if not isinstance(subject.target, InetTarget | ServiceTarget) or subject.snapshot.host.system != "Linux":
        return []
    text = quoted_argument(subject.target.text)
    return [
        Command(f"portsock ports --all --netns all {text}", "look into the other network namespaces"),
        Command("nft list ruleset", "see whether packet filter rules publish it"),
    ]


def _by_findings(subject: Subject, codes: set[str]) -> list[Command]:
    text = quoted_argument(subject.target.text)
    found = []
    if any(socket.owner_reason in _ROOT_HELPS for socket in subject.passive or subject.local_sockets if not socket.owners):
        found.append(Command(f"sudo portsock explain {text}", "see the process that is hidden from this user"))
    if Code.SOCKET_ACTIVATION in codes:
        found.append(Command("systemctl list-sockets --all", "find the .socket unit, and stop that"))
    if Code.PORT_FORWARDER in codes:
        forwarder, target = next((each, each.forwards_to) for each in _holders_of_passive(subject) if each.forwards_to)
        engine = "podman" if target.startswith(("container ", "a rootless podman")) else "docker"
        name = forwards_into(forwarder)
        line = f"{engine} stop {quoted_argument(name)}" if name else f"{engine} ps"
        found.append(Command(line, "stop the container" if name else "find the container to stop"))
    if Code.CLOSE_WAIT_PILE_UP in codes:
        found.append(Command(f"portsock sockets --state close-wait {text}", "those it should close"))
    if codes & {Code.ACCEPT_QUEUE_FULL, Code.ACCEPT_QUEUE_FILLING}:
        found.append(Command("nstat -az 'TcpExtListen*'", "count what was dropped so far"))
    if Code.EPHEMERAL_EXHAUSTION in codes:
        found.append(Command("sysctl net.ipv4.ip_local_port_range", "the range that is running out"))
    return found


def _about_holder(subject: Subject) -> list[Command]:
    sockets = subject.passive or subject.local_sockets or subject.remote_sockets
    owners = [owner for owner in holders(sockets) if owner.pid is not None]
    if subject.passive and owners and port_of(sockets[0].local) is not None:
        stop = _stop_command(subject)
        show = Command(f"portsock procs pid:{owners[0].pid}", "all that it listens on and talks to")
        return [show, *([stop] if stop else [])]
    if owners:
        return [Command(f"portsock procs pid:{owners[0].pid}", "what else this process holds")]
    if any(socket.state is State.TIME_WAIT for socket in sockets):
        return [Command("portsock explain TIME_WAIT", "why there is no process, and how long it lasts")]
    return []


def _stop_command(subject: Subject) -> Command | None:
    """Return the command that frees the port, where one program has it; never PID 1.

    Only holders of passive sockets are named, since ending a client frees nothing.
    """
    holding = _holders_of_passive(subject)
    if len({process.name for process in holding}) != 1 or subject.snapshot.host.system == "Windows":
        return None
    process = holding[0]
    if process.forwards_to or any(each.pid == 1 for each in holding):
        return None
    manager, _, unit = (process.unit or "").rpartition("/")
    if unit.endswith(".service"):
        whose = f"--user -M {manager.removeprefix('user@').removesuffix('.service')}@ " if manager.startswith("user@") else ""
        return Command(f"systemctl {whose}stop {quoted_argument(unit)}", "stop the service and free the port")
    pids = " ".join(str(each.pid) for each in holding[:MOST_PIDS])
    return Command(f"kill {pids}", "end it, and with it its connections")


def _holders_of_passive(subject: Subject) -> list[Process]:
    found = [subject.process(owner, socket) for socket in subject.passive for owner in holders([socket])]
    return list({process.pid: process for process in found if process is not None}.values())


def other_readings(subject: Subject) -> tuple[Reading, ...]:
    """Return the meanings that the target has on this host, the one that was answered first; empty where there is only one."""
    target = subject.target
    if not isinstance(target, InetTarget | ServiceTarget) or subject.captured:
        return ()
    found = [*_by_number(subject), *_by_protocol(subject), *_by_side(subject), *_by_namespace(subject)]
    return tuple(found) if len(found) > 1 else ()


def _by_number(subject: Subject) -> list[Reading]:
    """Return the port, the process and the inode of a bare number, where it is more than a port."""
    text = subject.target.text
    number = parse_number(text, _LARGEST_NUMBER)
    if number is None:
        return []
    found = []
    process = subject.snapshot.processes.get((None, number))
    if process is not None:
        found.append(Reading(phrases.READ_PID.format(name=process.name or "pid"), f"portsock explain pid:{number}"))
    if any(socket.inode == number for socket in subject.snapshot.sockets):
        found.append(Reading(phrases.READ_INODE, f"portsock explain inode:{number}"))
    return [Reading(phrases.READ_PORT, f"portsock explain :{number}"), *found] if found else []


def _by_protocol(subject: Subject) -> list[Reading]:
    """Return the protocols of a port, where different programs have them."""
    target = subject.target
    if not isinstance(target, InetTarget) or target.protocol or target.kind != "port":
        return []
    holders: dict[str, set[str | None]] = {}
    for socket in subject.passive:
        holders.setdefault(socket.protocol, set()).update(owner.name for owner in socket.owners)
    if len(holders) < 2 or len({frozenset(names) for names in holders.values()}) < 2:
        return []
    number = target.text.lstrip("*:")
    return [Reading(phrases.READ_PROTOCOL.format(protocol=name), f"portsock explain {name}/{number}") for name in holders]


def _by_side(subject: Subject) -> list[Reading]:
    """Return both sides of a port that is used on this host and, by clients here, on other hosts."""
    outbound = unique_connections(subject.outbound_sockets)
    if not outbound or subject.port is None:
        return []
    text = quoted_argument(subject.target.text)
    return [
        Reading(phrases.READ_LOCAL.format(count=len(subject.local_sockets)), f"portsock sockets --local {text}"),
        Reading(phrases.READ_REMOTE.format(count=len(outbound)), f"portsock sockets --remote {text}"),
    ]


def _by_namespace(subject: Subject) -> list[Reading]:
    spaces = {socket.netns: None for socket in subject.passive if socket.netns is not None}
    if len(spaces) < 2:
        return []
    text = quoted_argument(subject.target.text)
    return [
        Reading(phrases.READ_NETNS.format(netns=space.name), f"portsock explain --netns {quoted_argument(space.name)} {text}")
        for space in spaces
        if space.name
    ]
