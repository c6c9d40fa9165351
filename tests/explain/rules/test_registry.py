"""The list of rules: complete, in order, each finding made by one."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from portsock.explain import rules
from portsock.explain.rules.registry import RULES
from portsock.explain.texts.findings import Code
from portsock.explain.types import Finding, PathFacts, Severity
from portsock.model import OwnerReason, OwnerStatus, Process, Snapshot, SocketMemory, State, Timer
from portsock.reach.ports import Judge
from portsock.records import SocketRecord
from portsock.rulesets import Constant, Nat, PacketFilter, Ruleset
from tests.reach import build
from tests.reach.build import NETWORK, base, table
from tests.support.explain_factory import HOST, SYSTEMD, answer, codes, seen, unix, with_sockets
from tests.support.factory import tcp, udp, unheld_socket


def test_a_normal_sshd_has_no_finding() -> None:
    snapshot = seen(
        [
            tcp("0.0.0.0:22", inode=1, accept_queue=0, accept_limit=128),
            tcp(":::22", inode=2, accept_queue=0, accept_limit=128, v6only=True),
            tcp("10.0.0.7:22", "10.0.0.9:40000", inode=3),
        ],
        {1: 900, 2: 900, 3: 901},
        [
            Process(900, "sshd", "sshd", "/usr/sbin/sshd", user="root", uid=0, ppid=1, unit="ssh.service"),
            Process(901, "sshd", "sshd", "/usr/sbin/sshd", user="root", uid=0, ppid=900, unit="ssh.service"),
        ],
    )
    assert codes("22", snapshot) == set()


def test_the_most_severe_finding_comes_first() -> None:
    records = [tcp(":::40404", inode=1, v6only=False, accept_queue=9, accept_limit=2)]
    severities = [item.severity for item in answer("40404", seen(records, {1: 700})).findings]
    assert severities == sorted(severities, key=[Severity.WARNING, Severity.NOTICE, Severity.INFO].index)
    assert len(severities) == 3


def test_codes_are_stable_words() -> None:
    assert all(code.value == code.name.lower() for code in Code)


def rule_functions() -> set[Callable[..., object]]:
    """Every public function of the modules of rules that yields findings."""
    modules = [importlib.import_module(f"{rules.__name__}.{item.name}") for item in pkgutil.iter_modules(rules.__path__)]
    return {
        value
        for module in modules
        for name, value in vars(module).items()
        if inspect.isfunction(value)
        and value.__module__ == module.__name__
        and not name.startswith("_")
        and inspect.signature(value).return_annotation == Iterator[Finding]
    }


def test_every_rule_is_registered_once() -> None:
    assert rule_functions() == set(RULES)
    assert len(set(RULES)) == len(RULES) >= 22


def test_every_code_has_a_rule() -> None:
    source = "".join(inspect.getsource(inspect.getmodule(rule) or rules) for rule in RULES)
    assert set(re.findall(r"make_finding\(\s*Code\.(\w+)", source)) == {code.name for code in Code}


def example(code: Code) -> set[str]:
    """The codes found in a small situation that is to have this one."""
    if code in (Code.STALE_UNIX_PATH, Code.REPLACED_UNIX_PATH, Code.UNSEEN_UNIX_SERVER):
        snapshot = seen([])
        if code is Code.REPLACED_UNIX_PATH:
            snapshot = with_sockets(snapshot, unix(b"/run/x.sock", State.LISTEN, vfs=(1, 2)))
        bound = code is Code.UNSEEN_UNIX_SERVER
        return codes("/run/x.sock", snapshot, path=PathFacts(True, True, (1, 3), 0o666, bound=bound))
    if code is Code.PORT_REDIRECTED:
        nat = base(
            build.rule(build.is_(build.DPORT, 80), Nat("redirect", port=Constant(8080)), handle=4),
            hook="prerouting",
            priority=-100,
            type="nat",
        )
        judge = Judge(PacketFilter(Ruleset((table(nat),)), NETWORK))
        return codes("80", seen([]), filters={(None, None): judge})
    target, snapshot = EXAMPLES[code]
    return codes(target, snapshot)


def connections(number: int, state: State, **more: Any) -> list[SocketRecord]:
    return [tcp("10.0.0.7:80", f"10.0.0.9:{40000 + index}", state, inode=1000 + index, **more) for index in range(number)]


def port_held_by(process: Process) -> Snapshot:
    return seen([tcp("127.0.0.1:8080")], {1: process.pid}, [process])


def transfer(timer: Timer | None = None, send_q: int = 5000, recv_q: int = 0, **info: float) -> Snapshot:
    record = tcp("10.0.0.7:40000", "192.0.2.1:443", timer=timer, send_q=send_q, recv_q=recv_q, info=info)
    return seen([record], {1: 800})


MEMORY = SocketMemory(0, 212992, 0, 212992, 0, 0, 0, 0, 17)
NARROW = HOST._replace(ephemeral=(40000, 40009))
EXAMPLES: dict[Code, tuple[str, Snapshot]] = {
    Code.CLOSE_WAIT_PILE_UP: ("80", seen(connections(5, State.CLOSE_WAIT))),
    Code.SYN_SENT_UNANSWERED: ("192.0.2.1:443", seen([tcp("10.0.0.7:40000", "192.0.2.1:443", State.SYN_SENT)])),
    Code.SYN_RECV_FLOOD: ("80", seen(connections(20, State.SYN_RECV, timer=Timer("on", 900, 2)))),
    Code.ACCEPT_QUEUE_FULL: ("8080", seen([tcp("127.0.0.1:8080", accept_queue=3, accept_limit=2)])),
    Code.ACCEPT_QUEUE_FILLING: ("8080", seen([tcp("127.0.0.1:8080", accept_queue=2, accept_limit=2)])),
    Code.CONNECTIONS_DROPPED: ("8080", seen([tcp("127.0.0.1:8080", memory=MEMORY)])),
    Code.UNREAD_DATA: ("80", seen([tcp("10.0.0.7:80", "10.0.0.9:40000", recv_q=70000)])),
    Code.UNACKNOWLEDGED_DATA: ("80", seen([tcp("10.0.0.7:80", "10.0.0.9:40000", send_q=70000)])),
    Code.DATAGRAMS_DROPPED: ("53", seen([udp("127.0.0.1:53", memory=MEMORY)])),
    Code.FIN_WAIT_2_MANY: ("80", seen(connections(10, State.FIN_WAIT_2))),
    Code.TIME_WAIT_MANY: ("80", seen(connections(100, State.TIME_WAIT))),
    Code.EPHEMERAL_EXHAUSTION: (
        "192.0.2.1:443",
        seen([tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", inode=10 + i) for i in range(8)], host=NARROW),
    ),
    Code.LISTENER_IN_EPHEMERAL_RANGE: ("40404", seen([tcp("127.0.0.1:40404")])),
    Code.DELETED_EXECUTABLE: ("8080", port_held_by(Process(910, "appd", exe_deleted=True))),
    Code.SOCKET_ACTIVATION: ("8080", seen([tcp("127.0.0.1:8080")], {1: SYSTEMD.pid})),
    Code.INHERITED_DESCRIPTOR: ("8080", port_held_by(Process(920, "sleep"))),
    Code.STOPPED_PROCESS: ("8080", port_held_by(Process(910, "appd", state="stopped"))),
    Code.DESCRIPTORS_EXHAUSTED: ("8080", port_held_by(Process(910, "appd", descriptors=64, descriptor_limit=64))),
    Code.PORT_FORWARDER: ("8080", port_held_by(Process(930, "docker-proxy", forwards_to="172.17.0.2:80 (web)"))),
    Code.ADMIN_PORT_EXPOSED: ("5432", seen([tcp("0.0.0.0:5432")], {1: 940}, [Process(940, "postgres")])),
    Code.LISTENER_WITHOUT_PROCESS: ("80", seen([tcp("0.0.0.0:80")])),
    Code.WILDCARD_V6_TAKES_IPV4: ("80", seen([tcp(":::80", v6only=False)])),
    Code.SHARED_ENDPOINT: ("80", seen([tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2)])),
    Code.SPECIFIC_AND_WILDCARD: (
        "80",
        seen([tcp("127.0.0.1:80", inode=1), tcp("0.0.0.0:80", inode=2)], {1: 700, 2: 500}),
    ),
    Code.SELF_CONNECTION: ("40404", seen([tcp("127.0.0.1:40404", "127.0.0.1:40404")])),
    Code.PEER_SILENT: ("192.0.2.1:443", transfer(timer=Timer("on", 900, 4), last_ack_received_ms=6000, unsent_bytes=0)),
    Code.SENDING_REFUSED: ("192.0.2.1:443", transfer(timer=Timer("persist", 900, 2), peer_window=65536, send_mss=1448)),
    Code.PEER_DOES_NOT_READ: ("192.0.2.1:443", transfer(timer=Timer("persist", 900, 0), last_data_sent_ms=9000)),
    Code.PEER_READS_SLOWLY: ("192.0.2.1:443", transfer(busy_ms=2000, peer_window_limited_ms=1800)),
    Code.PROGRAM_DOES_NOT_READ: ("192.0.2.1:443", transfer(recv_q=9, send_q=0, last_data_received_ms=7000)),
    Code.CONNECTION_NOT_ACCEPTED: (
        "10.0.0.7:80,10.0.0.9:40000",
        with_sockets(
            seen([]),
            unheld_socket("10.0.0.7:80", "10.0.0.9:40000", owner_status=OwnerStatus.NONE, owner_reason=OwnerReason.UNACCEPTED),
        ),
    ),
    Code.SLOWED_BY_LOSS: ("192.0.2.1:443", transfer(bytes_sent=1000, bytes_retransmitted=90, total_retransmits=9)),
    Code.DATA_MOVES: ("192.0.2.1:443", transfer(last_ack_received_ms=4)),
    Code.IDLE_WITHOUT_KEEPALIVE: (
        "192.0.2.1:443",
        transfer(send_q=0, last_ack_received_ms=900000, last_data_sent_ms=900000, last_data_received_ms=900000),
    ),
    Code.CLOSE_WAIT_OLD: ("80", seen(connections(1, State.CLOSE_WAIT, info={"last_ack_received_ms": 61000}))),
    Code.TIME_WAIT_HOLDS_PORT: ("80", seen(connections(1, State.TIME_WAIT))),
}


@pytest.mark.parametrize("code", Code)
def test_every_finding_is_made_somewhere(code: Code) -> None:
    assert code in example(code)
