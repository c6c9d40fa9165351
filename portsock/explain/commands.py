"""Commands worth typing: the next step after an answer, and other meanings of an ambiguous target."""

from portsock.endpoints import address_of, port_of
from portsock.explain.ancestry import halted, holders_of
from portsock.explain.lever import lever
from portsock.explain.rules.processes import fullest
from portsock.explain.sections.absence import foreign_address
from portsock.explain.stopping import continue_stopped, stop_container
from portsock.explain.subject import Subject
from portsock.explain.texts import phrases
from portsock.explain.texts.elsewhere import SETTINGS, Settings
from portsock.explain.texts.findings import Code
from portsock.explain.types import Command, Finding, Reading, Remote
from portsock.explain.wording import command_line, commands, end_text, file_argument, holders, operand
from portsock.model import InetEndpoint, OwnerReason, State
from portsock.normalize.connections import unique_connections
from portsock.query.target import ConnectionTarget, InetTarget, ServiceTarget
from portsock.query.values import parse_number

MOST = 2
"""Commands suggested after an answer."""
_LARGEST_NUMBER = 2**64 - 1
"""The largest inode."""
_ROOT_HELPS = frozenset({OwnerReason.OTHER_USER, OwnerReason.NOT_DUMPABLE, OwnerReason.HIDEPID})
_AS_ROOT = 'sudo "$(command -v portsock)" '
"""sudo has a PATH of its own, which lacks a portsock of a venv or of pipx."""


def next_commands(subject: Subject, findings: tuple[Finding, ...]) -> tuple[Command, ...]:
    """Return the most useful commands first; of a captured listing only one that reads it again."""
    if subject.captured:
        return _reread_listing(subject)
    codes = {finding.code for finding in findings}
    return tuple(
        dict.fromkeys([*_if_nothing_found(subject, codes), *_by_findings(subject, codes), *_about_holder(subject, codes)])
    )[:MOST]


def _reread_listing(subject: Subject) -> tuple[Command, ...]:
    """Return a command on the same file: a listing's sockets and processes are another host's."""
    inputs = subject.snapshot.source.inputs
    if len(inputs) != 1 or not inputs[0].name or not subject.sockets:
        return ()
    name = file_argument(inputs[0].name)
    purpose = "the rows of the listing that this is about"
    return tuple(commands(purpose, "portsock", "sockets", "--from", name, *operand(subject.target.text)))


def _try(subject: Subject, remote: Remote) -> list[Command]:
    """Return the command that tries to connect, or after a silent attempt the one that follows the way."""
    from portsock.explain.texts import remote as texts

    if remote.contact is not None:
        silent = remote.contact.result == "silence"
        return commands(texts.TRACE, "tracepath", "-n", remote.address) if silent else []
    if remote.path is not None and remote.path.errno is not None:
        return [Command("ip rule; ip route show table all", texts.EVERY_ROUTE)]
    purpose = texts.TRY_UDP if remote.protocol == "udp" else texts.TRY
    return commands(purpose, "portsock", "explain", "--connect", *operand(subject.target.text))


def _if_nothing_found(subject: Subject, codes: set[str]) -> list[Command]:
    if subject.sockets:
        return []
    if isinstance(subject.target, ConnectionTarget):
        ends = [
            commands("what there is at this end", "portsock", "explain", *operand(end.text)) for end in subject.target.ends
        ]
        return [command for each in ends for command in each]
    if not isinstance(subject.target, InetTarget | ServiceTarget) or subject.snapshot.host.system != "Linux":
        return []
    if subject.remote is not None:
        return [*_try(subject, subject.remote), *_look_further(subject)]
    if Code.PORT_REDIRECTED in codes:
        return _follow(subject)
    return [*_look_further(subject), *_look_at_packets(subject)]


def _follow(subject: Subject) -> list[Command]:
    """Return the command that shows what there is where a rule sends the packets."""
    from portsock.explain.rules.reach import destinations

    for protocol, outcome in destinations(subject):
        if outcome.to is not None and outcome.forwarded:
            there = f"{protocol}:{end_text(InetEndpoint(*outcome.to))}"
            return commands("who listens where they go", "portsock", "ports", "--netns", "all", there)
        if outcome.to is not None:
            return commands("what is on the port that they go to", "portsock", "explain", f"{protocol}/{outcome.to[1]}")
    return []


def _look_at_packets(subject: Subject) -> list[Command]:
    """Return the command that shows where packets to the target go."""
    foreign = foreign_address(subject)
    if foreign is not None:
        return commands("where packets to it go", "ip", "route", "get", foreign)
    return [Command("nft list ruleset", "see whether packet filter rules publish it")]


def _look_further(subject: Subject) -> list[Command]:
    """Return the command that looks into other network namespaces, unless all of them were looked into."""
    point = subject.snapshot.viewpoint
    purpose, text = "look into the other network namespaces", operand(subject.target.text)
    if point is None or not point.counted:
        return commands(purpose, "portsock", "ports", "--all", "--netns", "all", *text)
    if not point.uid or not (point.unseen or point.unnamed):
        return []
    return _as_root(commands(purpose, "portsock", "explain", *text))


def _as_root(found: list[Command]) -> list[Command]:
    return [command._replace(line=_AS_ROOT + command.line.partition(" ")[2]) for command in found]


def _by_findings(subject: Subject, codes: set[str]) -> list[Command]:
    text = operand(subject.target.text)
    found = []
    if Code.STOPPED_PROCESS in codes:
        found += _of_stopped(subject, codes)
    if any(socket.owner_reason in _ROOT_HELPS for socket in subject.passive or subject.local_sockets if not socket.owners):
        found += _as_root(commands("see the process that is hidden from this user", "portsock", "explain", *text))
    if Code.SOCKET_ACTIVATION in codes:
        found += lever(subject, codes)
    if Code.PORT_FORWARDER in codes:
        found += stop_container(
            next(each for each in holders_of(subject.passive, subject) if each.forwards_to), subject.caller
        )
    if Code.CLOSE_WAIT_PILE_UP in codes:
        found += commands("those it should close", "portsock", "sockets", "--state", "close-wait", *text)
    found += _by_settings(subject, codes)
    return found


def _by_settings(subject: Subject, codes: set[str]) -> list[Command]:
    """Return commands of the system itself; most of them are Linux's."""
    system = subject.snapshot.host.system
    show = SETTINGS.get(system, Settings()).show if Code.EPHEMERAL_EXHAUSTION in codes else ""
    range_shown = [Command(show, "the range that is running out")] if show else []
    if system != "Linux":
        return range_shown
    found = []
    if Code.PEER_SILENT in codes:
        address = address_of(max(subject.sockets, key=lambda socket: socket.send_q or 0).remote)
        found += commands("the way that packets to it take", "ip", "route", "get", address) if address else []
    if Code.SENDING_REFUSED in codes:
        found.append(Command("nft list ruleset", "find the rule that drops what goes out"))
    if codes & {Code.ACCEPT_QUEUE_FULL, Code.ACCEPT_QUEUE_FILLING}:
        found.append(Command("nstat -az 'TcpExtListen*'", "count what was dropped so far"))
    if Code.DESCRIPTORS_EXHAUSTED in codes:
        found.append(Command(f"ls -l /proc/{fullest(subject)[0][0].pid}/fd", "what its descriptors are"))
    return found + range_shown


def _of_stopped(subject: Subject, codes: set[str]) -> list[Command]:
    """Return the command that lets the stopped processes continue, then the one that ends them, where they hold a listener."""
    sockets, processes = halted(subject)[0]
    listens = any(socket in subject.passive for socket in sockets[:1])
    return [*continue_stopped(processes), *(lever(subject, codes) if listens else ())]


def _about_holder(subject: Subject, codes: set[str]) -> list[Command]:
    sockets = subject.passive or subject.local_sockets or subject.remote_sockets
    owners = [owner for owner in holders(sockets) if owner.pid is not None]
    if subject.passive and owners and port_of(sockets[0].local) is not None:
        stop = lever(subject, codes)
        show = Command(f"portsock procs pid:{owners[0].pid}", "all that it listens on and talks to", minor=True)
        return [show, *stop] if len(stop) < MOST else stop
    if owners:
        return [Command(f"portsock procs pid:{owners[0].pid}", "what else this process holds")]
    if any(socket.state is State.TIME_WAIT for socket in sockets):
        return [Command("portsock explain TIME_WAIT", "why there is no process, and how long it lasts")]
    return []


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
    readings = [_reading(phrases.READ_PROTOCOL.format(protocol=name), "explain", f"{name}/{number}") for name in holders]
    return [reading for each in readings for reading in each]


def _by_side(subject: Subject) -> list[Reading]:
    """Return both sides of a port that is used on this host and, by clients here, on other hosts."""
    outbound = unique_connections(subject.outbound_sockets)
    text = subject.target.text
    if not outbound or subject.port is None or text.startswith("-"):
        return []
    return [
        *_reading(phrases.READ_LOCAL.format(count=len(subject.local_sockets)), "sockets", "--local", text),
        *_reading(phrases.READ_REMOTE.format(count=len(outbound)), "sockets", "--remote", text),
    ]


def _by_namespace(subject: Subject) -> list[Reading]:
    spaces = {socket.netns: None for socket in subject.passive if socket.netns is not None}
    if len(spaces) < 2:
        return []
    text, names = operand(subject.target.text), [space.name for space in spaces if space.name and _is_netns_name(space.name)]
    readings = [_reading(phrases.READ_NETNS.format(netns=name), "explain", "--netns", name, *text) for name in names]
    return [reading for each in readings for reading in each]


def _is_netns_name(name: str) -> bool:
    """Tell whether --netns takes the text for a name: digits are a PID, and 'all' is every namespace."""
    return name != "all" and not name.startswith("-") and not (name.isascii() and name.isdigit())


def _reading(meaning: str, *words: str) -> list[Reading]:
    """Return the reading with its command, or an empty list where that cannot be typed."""
    line = command_line("portsock", *words)
    return [Reading(meaning, line)] if line is not None else []
