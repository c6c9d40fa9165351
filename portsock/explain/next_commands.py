"""The one or two commands worth typing after an answer."""

from portsock.endpoints import port_of
from portsock.explain.scene import Scene
from portsock.explain.show import holders, quoted_argument
from portsock.explain.texts.findings import Code
from portsock.explain.types import Command, Finding
from portsock.model import OwnerReason, Process, State
from portsock.query.owner_matching import forwards_into
from portsock.query.target import ConnectionTarget, InetTarget, ServiceTarget

MOST = 2
_FOR_ROOT = frozenset({OwnerReason.OTHER_USER, OwnerReason.HIDEPID})


def commands(scene: Scene, findings: tuple[Finding, ...]) -> tuple[Command, ...]:
    """The most useful first; on a captured listing only such as read listings."""
    if scene.captured:
        return tuple(_of_listing(scene))
    codes = {finding.code for finding in findings}
    return tuple(dict.fromkeys([*_absent(scene), *_by_findings(scene, codes), *_holder(scene)]))[:MOST]


def _of_listing(scene: Scene) -> list[Command]:
    """Only what reads the same file again: nothing of this host is to be asked about, or ended."""
    inputs = scene.snapshot.source.inputs
    if len(inputs) != 1 or not inputs[0].name or not (scene.here or scene.there):
        return []
    name = "-" if inputs[0].name == "stdin" else quoted_argument(inputs[0].name)
    line = f"portsock sockets --from {name} {quoted_argument(scene.target.text)}"
    return [Command(line, "the rows of the listing that this is about")]


def _absent(scene: Scene) -> list[Command]:
    if scene.here or scene.there:
        return []
    if isinstance(scene.target, ConnectionTarget):
        ends = [quoted_argument(end.text) for end in scene.target.ends]
        return [Command(f"portsock explain {end}", "what there is at this end") for end in ends]
    if not isinstance(scene.target, InetTarget | ServiceTarget):
        return []
    linux = scene.snapshot.host.system == "Linux"
    text = quoted_argument(scene.target.text)
    found = [Command(f"portsock ports --all --netns all {text}", "look into the other network namespaces")] if linux else []
    return [*found, *([Command("nft list ruleset", "see whether packet filter rules publish it")] if linux else [])]


def _by_findings(scene: Scene, codes: set[str]) -> list[Command]:
    text = quoted_argument(scene.target.text)
    found = []
    if any(socket.owner_reason in _FOR_ROOT for socket in scene.passive or scene.here if not socket.owners):
        found.append(Command(f"sudo portsock explain {text}", "see the process that is hidden from this user"))
    if Code.SOCKET_ACTIVATION in codes:
        found.append(Command("systemctl list-sockets --all", "find the .socket unit, and stop that"))
    if Code.PORT_FORWARDER in codes:
        forwarder, target = next((each, each.forwards_to) for each in _processes(scene) if each.forwards_to)
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


def _holder(scene: Scene) -> list[Command]:
    sockets = scene.passive or scene.here or scene.there
    owners = [owner for owner in holders(sockets) if owner.pid is not None]
    if scene.passive and len(owners) >= 1 and port_of(sockets[0].local) is not None:
        stop = _stop(scene)
        look = Command(f"portsock procs pid:{owners[0].pid}", "all that it listens on and talks to")
        return [look, *([stop] if stop else [])]
    if owners:
        return [Command(f"portsock procs pid:{owners[0].pid}", "what else this process holds")]
    if any(socket.state is State.TIME_WAIT for socket in sockets):
        return [Command("portsock explain TIME_WAIT", "why there is no process, and how long it lasts")]
    return []


def _stop(scene: Scene) -> Command | None:
    """How to free the port, where it is one program's. Ending a mere client would free nothing, so that only holders of
    listeners are named."""
    holding = _processes(scene)
    if len({process.name for process in holding}) != 1 or scene.snapshot.host.system == "Windows":
        return None
    process = holding[0]
    if process.pid == 1 or process.forwards_to:
        return None
    manager, _, unit = (process.unit or "").rpartition("/")
    if unit.endswith(".service"):
        whose = f"--user -M {manager[5:].removesuffix('.service')}@ " if manager.startswith("user@") else ""
        return Command(f"systemctl {whose}stop {quoted_argument(unit)}", "stop the service and free the port")
    pids = " ".join(str(each.pid) for each in holding[:8])
    return Command(f"kill {pids}", "end it, and with it its connections")


def _processes(scene: Scene) -> list[Process]:
    found = [scene.process(owner, socket) for socket in scene.passive for owner in holders([socket])]
    return list({process.pid: process for process in found if process is not None}.values())
