"""The subcommand `check`."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated

from portsock.cli.collection import collect_snapshot
from portsock.cli.console import Console
from portsock.cli.declare import arguments
from portsock.cli.options import Checking, Collecting, Reaching
from portsock.enums import WITH_PORTS, Need
from portsock.errors import Exit, UsageError
from portsock.model import Port, Snapshot, Source
from portsock.normalize.ports import group_ports
from portsock.port_numbers import EMPTY, Services
from portsock.query.query import Query, Question

if TYPE_CHECKING:
    from portsock.policy.reader import Policy
    from portsock.policy.types import Result
    from portsock.policy.verdict import Verdict

REPORTS = ("text", "junit", "sarif")
_NEEDS = frozenset({Need.OWNERS, Need.PROCESSES, Need.HOST})


def command(
    console: Console,
    collect: Collecting,
    checking: Checking,
    policies: Annotated[list[str] | None, arguments("[POLICY]", help="a YAML file; - is standard input")] = None,
) -> int:
    """Run `check`."""
    from portsock.cli.listing import write_formats
    from portsock.sources.system import services as system_services

    if write_formats(collect, console):
        return Exit.OK
    _check(policies, collect, checking)
    services = system_services()
    if checking.write:
        return _write(_snapshots(collect, services, console), services, console)
    assert policies
    policy = _read(policies[0], console)
    return Exit.USAGE if policy is None else _judge(policy, policies[0], collect, checking, services, console)


def _check(policies: Sequence[str] | None, collect: Collecting, checking: Checking) -> None:
    """Raise UsageError for options that make no sense together."""
    from portsock.cli.reaching import check

    check(Reaching(rules=checking.rules), collect)
    if checking.report is not None and checking.report not in REPORTS:
        raise UsageError(f"--format {checking.report}: no such report; there are {', '.join(REPORTS)}")
    if checking.json and checking.report is not None:
        raise UsageError("--json with --format: one of them; leave the other out")
    if checking.write:
        if policies:
            raise UsageError(f"--write prints a policy and reads none: leave {policies[0]} out, or write > {policies[0]}")
        if checking.json or checking.report:
            raise UsageError("--write prints YAML; leave --json and --format out")
    elif not policies:
        raise UsageError("check what? Name a policy, as in portsock check policy.yaml; portsock check --write prints one")
    elif len(policies) > 1:
        raise UsageError(f"one policy at a time: {policies[0]} or {policies[1]}")
    elif policies[0] == "-" and "-" in (collect.captures or ()):
        raise UsageError("- is the policy or the capture; name a file for one of them")


def _read(path: str, console: Console) -> "Policy | None":
    """Return the policy; None, with all mistakes on standard error, where it has some."""
    from portsock.policy.mistakes import MOST
    from portsock.policy.reader import read_policy
    from portsock.sources.policy_file import read_policy_file

    found = read_policy(read_policy_file(path))
    if not isinstance(found, list):
        return found
    name = "stdin" if path == "-" else path
    for line, text in found:
        console.say(f"{name}:{line}: {text}")
    if len(found) >= MOST:
        console.say(f"{name}: there may be more; mend these {MOST} first")
    return None


def _snapshots(collect: Collecting, services: Services, console: Console) -> Iterator[Snapshot]:
    """Yield a snapshot of each host: of this system, or of each host that the captures name."""
    if not collect.captures:
        question = Question(Query(protocols=WITH_PORTS, listening=True, netns=tuple(collect.netns or ())), "ports", _NEEDS)
        yield collect_snapshot(question, collect, services, console).snapshot
        return
    from portsock.cli.collection import check_captures
    from portsock.normalize.snapshot import normalize
    from portsock.sources.capture import collect as read_captures

    check_captures(collect)
    by_host: dict[str | None, list[int]] = {}
    collections = list(read_captures(collect.captures, collect.from_format, services))
    for number, collection in enumerate(collections):
        by_host.setdefault(collection.host.name, []).append(number)
    for host, numbers in by_host.items():
        snapshot = normalize([collections[number] for number in numbers], ends=False, spend=True)
        yield snapshot._replace(host=snapshot.host._replace(name=host or snapshot.host.name))


def _ports(snapshot: Snapshot) -> list[Port]:
    """Return the rows of what listens."""
    from portsock.policy.subjects import listens
    from portsock.query.answer import select

    selected = select(snapshot, Query(protocols=frozenset({*WITH_PORTS, "dccp"})), side="local")
    return group_ports(filter(listens, selected), EMPTY, counted=False, every=False)


def _judge(
    policy: "Policy",
    path: str,
    collect: Collecting,
    checking: Checking,
    services: Services,
    console: Console,
) -> int:
    from portsock.cli.reaching import with_reach
    from portsock.policy.check import Rulesets, check
    from portsock.policy.verdict import verdict
    from portsock.query.answer import with_notices

    known: Rulesets = {}
    results: list[Result] = []
    seen: list[Snapshot] = []
    for snapshot in _snapshots(collect, services, console):
        ports: Sequence[Port] = _ports(snapshot)
        if policy.uses_reach:
            ports, notices = with_reach(ports, Reaching(rules=checking.rules), collect, snapshot, asked=True)
            snapshot = snapshot.with_notices(notices)
        results += check(policy, snapshot, ports, known)
        listening = [socket for port in ports for socket in port.sockets]
        snapshot = with_notices(Question(Query(), "ports", _NEEDS), snapshot, listening)
        seen.append(snapshot._replace(sockets=[], processes={}))
        console.keep((snapshot, ports, results))
    name = "stdin" if path == "-" else path
    hosts = [snapshot.host.name if len(seen) > 1 else None for snapshot in seen]
    if len(seen) == 1:
        hosts = [seen[0].host.name]
    found = verdict(name, hosts, results)
    whole = _together(seen)
    _print(found, whole, checking, console)
    return _status(found, whole, collect, console)


def _together(seen: Sequence[Snapshot]) -> Snapshot:
    """Return what stands for the snapshots of all hosts in the header of an answer."""
    first = seen[0]
    if len(seen) == 1:
        return first
    inputs = tuple(each for snapshot in seen for each in snapshot.source.inputs)
    notices = tuple(
        notice._replace(message=f"{snapshot.host.name}: {notice.message}") for snapshot in seen for notice in snapshot.notices
    )
    complete = all(snapshot.complete for snapshot in seen)
    return first._replace(
        source=Source(first.source.kind, None, inputs), taken_at=None, notices=notices, complete=complete, machine=None,
        covers=None,
    )  # fmt: skip


def _print(found: "Verdict", snapshot: Snapshot, checking: Checking, console: Console) -> None:
    if checking.json:
        from portsock.output.json.policy_results import policy_json

        console.write(policy_json(found, snapshot))
    elif checking.report == "sarif":
        from portsock import __version__
        from portsock.output.json.policy_results import sarif

        console.write(sarif(found, __version__))
    elif checking.report == "junit":
        from portsock.output.text.junit import junit

        console.write(junit(found))
    else:
        from portsock.output.text.color import use_color
        from portsock.output.text.policy_answer import policy_answer

        color = use_color(checking.color, console.out_is_terminal, console.environ)
        console.write(policy_answer(found, ascii_only=console.ascii_only, color=color))


def _status(found: "Verdict", snapshot: Snapshot, collect: Collecting, console: Console) -> int:
    from portsock.cli.outcome import say_notices
    from portsock.policy.types import Status

    if found.status is Status.FAIL:
        return Exit.NO_MATCH
    if found.status is Status.UNKNOWN:
        return Exit.SYSTEM
    if collect.strict and not snapshot.complete:
        say_notices(snapshot, console)
        return Exit.SYSTEM
    return Exit.OK


def _write(snapshots: Iterator[Snapshot], services: Services, console: Console) -> int:
    from portsock import __version__
    from portsock.cli.outcome import say_notices
    from portsock.output.timestamps import iso
    from portsock.policy.writing import write_policy
    from portsock.query.answer import with_notices

    taken = []
    for snapshot in snapshots:
        ports = _ports(snapshot)
        listening = [socket for port in ports for socket in port.sockets]
        taken.append((with_notices(Question(Query(), "ports", _NEEDS), snapshot, listening), ports))
    when = iso(taken[0][0].taken_at)
    about = f"as portsock {__version__} saw it" + (f" on {when[:10]}" if when and len(taken) == 1 else "")
    console.write(write_policy(taken, about, services.name))
    say_notices(_together([snapshot for snapshot, _ in taken]), console)
    return Exit.OK
