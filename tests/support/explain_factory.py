"""Snapshots for tests of explanations: records made by hand and normalized, so that roles, peers and statuses are real."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from portsock.explain.engine import explain
from portsock.explain.types import Attempt, Blocker, Explanation, Finding, Part
from portsock.model import (
    Family,
    Host,
    InetEndpoint,
    Input,
    Owner,
    OwnerStatus,
    Process,
    Role,
    Snapshot,
    Socket,
    Source,
    State,
    UnixEndpoint,
)
from portsock.normalize.snapshot import normalize
from portsock.output.text.explanation import render_explanation
from portsock.port_numbers import parse_services
from portsock.query.target import parse_target
from portsock.records import Holder, Identity, SocketRecord
from tests.support.factory import LINUX, collection, tcp, unheld_socket

SERVICES = parse_services(
    "ssh 22/tcp\ndomain 53/tcp\ndomain 53/udp\nhttp 80/tcp www\nhttp-alt 8080/tcp webcache\npostgresql 5432/tcp\n"
)
HOST = LINUX._replace(
    addresses=frozenset({"127.0.0.1", "::1", "10.0.0.7"}),
    sysctls={"net.ipv4.tcp_syn_retries": "6", "net.ipv4.tcp_fin_timeout": "30", "net.ipv4.ip_unprivileged_port_start": "1024"},
)
WINDOWS = Host("Windows", (49152, 65535), True)
SYSTEMD = Process(1, "systemd", "systemd", "/usr/lib/systemd/systemd", ("/sbin/init",), "root", 0, 0)
NGINX = Process(500, "nginx", "nginx", "/usr/sbin/nginx", ("nginx",), "root", 0, 1, 0.0, "nginx.service")
WORKER = Process(501, "nginx", "nginx", "/usr/sbin/nginx", ("nginx:", "worker"), "www", 33, 500)
PYTHON = Process(700, "python3", "python3", "/usr/bin/python3.11", ("python3", "server.py"), "dev", 1000, 1)
CURL = Process(800, "curl", "curl", "/usr/bin/curl", ("curl", "http://localhost"), "dev", 1000, 1)
PROCESSES = {process.pid: process for process in (SYSTEMD, NGINX, WORKER, PYTHON, CURL)}


def seen(
    records: Sequence[SocketRecord],
    holders: Mapping[int, int | Iterable[int]] | None = None,
    processes: Iterable[Process] = (),
    **changes: Any,
) -> Snapshot:
    """Make a live snapshot. `holders` maps an inode to its pid or pids, each with descriptor 3.

    `processes` are added to those above.
    """
    known = PROCESSES | {process.pid: process for process in processes}
    held = {}
    for inode, pids in (holders or {}).items():
        held[inode] = [Holder(pid, 3) for pid in ([pids] if isinstance(pids, int) else pids)]
    facts: dict[str, Any] = {"host": HOST, "taken_at": 7200.0} | changes
    return normalize([collection(records, held, processes=known, **facts)])


def answer(target: str, snapshot: Snapshot, **options: Any) -> Explanation:
    """Explain a target from a snapshot."""
    return explain(parse_target(target, SERVICES), snapshot, SERVICES, **options)


def text(target: str, snapshot: Snapshot, **options: Any) -> str:
    """Render the explanation on one line, so that a test does not depend on where lines break."""
    return " ".join(render_explanation(answer(target, snapshot, **options)).split())


def finding(code: str, explanation: Explanation) -> Finding | None:
    """Return the explanation's finding of this code, or None."""
    return next((item for item in explanation.findings if item.code == code), None)


def codes(target: str, snapshot: Snapshot, **options: Any) -> set[str]:
    """Return the codes of all findings about a target."""
    return {item.code for item in answer(target, snapshot, **options).findings}


def with_sockets(snapshot: Snapshot, *sockets: Socket) -> Snapshot:
    """Return the snapshot with more sockets."""
    return snapshot._replace(sockets=[*snapshot.sockets, *sockets])


def unix(path: bytes | None, state: State, **changes: Any) -> Socket:
    """Make a unix stream socket held by python3."""
    values: dict[str, Any] = {
        "family": Family.UNIX,
        "protocol": "unix",
        "local": UnixEndpoint(path),
        "state": state,
        "role": Role.LISTENER if state is State.LISTEN else Role.SERVER,
        "owner_status": OwnerStatus.KNOWN,
        "owners": (Owner(700, 5, "python3", "dev"),),
    }
    return unheld_socket(**values | changes)


def web(**more: Any) -> Snapshot:
    """nginx on 80 with two clients of one address, and curl here."""
    return seen(
        [
            tcp("0.0.0.0:80", inode=1, accept_queue=0, accept_limit=511),
            tcp("10.0.0.7:80", "10.0.0.9:40000", inode=2),
            tcp("10.0.0.7:80", "10.0.0.9:40001", inode=3),
            tcp("127.0.0.1:80", "127.0.0.1:50000", inode=4),
            tcp("127.0.0.1:50000", "127.0.0.1:80", inode=5),
        ],
        {1: (500, 501), 2: 501, 3: 501, 4: 501, 5: CURL.pid},
        **more,
    )


def captured(records: list[Any], host: Host = WINDOWS, kind: str = "netstat-windows", **more: Any) -> Snapshot:
    source = Source("capture", None, (Input("netstat.txt", None, kind),))
    return normalize([collection(records, source=source, host=host, ownership=None, taken_at=None, **more)])


def part(explanation: Any, name: Part) -> str:
    return " ".join(explanation.sections[name].paragraphs) if name in explanation.sections else ""


def attempt(**changes: Any) -> Attempt:
    values: dict[str, Any] = {
        "protocol": "tcp", "address": "0.0.0.0", "port": 80, "options": (), "v6only": None,
        "identity": Identity(1000, False, "dev"), "ok": False, "errno": "EADDRINUSE",
        "blockers": (Blocker(1, InetEndpoint("0.0.0.0", 80), State.LISTEN, (Owner(500, 3, "nginx"),)),),
        "reason": "A listener holds it.",
    }  # fmt: skip
    return Attempt(**values | changes)
