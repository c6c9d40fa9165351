"""Policies held against sockets made by hand."""

from collections.abc import Iterable
from textwrap import dedent
from typing import Any

from portsock.model import Owner, Process, Role, Snapshot, Socket, SocketType, State
from portsock.normalize.ports import group_ports
from portsock.policy.check import check
from portsock.policy.reader import Policy, read_policy
from portsock.policy.subjects import listens
from portsock.policy.types import Result, Status
from portsock.port_numbers import EMPTY
from tests.support.factory import snapshot, socket

NGINX = Process(10, "nginx", exe="/usr/sbin/nginx", user="root", unit="nginx.service")
WORKER = Process(11, "nginx", exe="/usr/sbin/nginx", user="www-data", unit="nginx.service")
SSHD = Process(12, "sshd", exe="/usr/sbin/sshd", user="root", unit="ssh.service")
PYTHON = Process(13, "python3", exe="/usr/bin/python3.11", user="dev", unit="user@1000.service/app.service")
WEB = Process(14, "node", exe="/usr/bin/node", user="node", container="web")
KNOWN = (NGINX, WORKER, SSHD, PYTHON, WEB)


def tcp(local: str, *holders: Process, **changes: Any) -> Socket:
    """Make a listening TCP socket."""
    owners = tuple(Owner(each.pid, None, each.name, each.user) for each in holders or (PYTHON,))
    return socket(local, **{"owners": owners} | changes)


def udp(local: str, *holders: Process, remote: str | None = None, **changes: Any) -> Socket:
    """Make a bound UDP socket, or with `remote` a connected one."""
    values: dict[str, Any] = {"protocol": "udp", "type": SocketType.DGRAM, "state": State.UNCONN, "role": Role.BOUND}
    if remote:
        values |= {"state": State.ESTABLISHED, "role": Role.CLIENT}
    owners = tuple(Owner(each.pid, None, each.name, each.user) for each in holders or (PYTHON,))
    return socket(local, remote, **values | {"owners": owners} | changes)


def policy(text: str) -> Policy:
    """Read a policy that has no mistakes; 'version: 1' is put before the rules."""
    whole = dedent(text)
    if "version:" not in whole:
        whole = f"version: 1\n{whole if 'listeners:' in whole else 'listeners:' + chr(10) + whole}"
    found = read_policy(whole.encode())
    assert isinstance(found, Policy), found
    return found


def taken(sockets: Iterable[Socket], processes: Iterable[Process] = KNOWN, **changes: Any) -> Snapshot:
    """Make a snapshot."""
    found = snapshot(sockets, {(None, each.pid): each for each in processes})
    return found._replace(**changes)


def judged(text: str, *sockets: Socket, **changes: Any) -> list[Result]:
    """Return what a policy says of these sockets."""
    seen = taken(sockets, **changes)
    return check(policy(text), seen, group_ports(filter(listens, seen.sockets), EMPTY, counted=False, every=False), {})


def status(text: str, *sockets: Socket, **changes: Any) -> Status:
    """Return the one status that all results have."""
    (found,) = {result.status for result in judged(text, *sockets, **changes)}
    return found


def messages(text: str, *sockets: Socket, **changes: Any) -> list[str]:
    """Return the messages of all results that are no pass, with their causes."""
    found = judged(text, *sockets, **changes)
    return [
        f"{each.message} [{each.cause}]" if each.cause else each.message for each in found if each.status is not Status.PASS
    ]
