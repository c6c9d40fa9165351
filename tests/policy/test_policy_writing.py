"""A policy that was written from what listens holds for that, after a restart, too, and finds what is new."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.model import Netns, OwnerStatus, Process, Snapshot, Socket, Source, State, UnixEndpoint, Viewpoint
from portsock.normalize.ports import group_ports
from portsock.policy.check import Rulesets, check
from portsock.policy.reader import Policy, read_policy
from portsock.policy.subjects import listens
from portsock.policy.types import Result, Status
from portsock.policy.writing import write_policy
from portsock.port_numbers import EMPTY
from tests.support.factory import LINUX, socket
from tests.support.policies import KNOWN, NGINX, PYTHON, SSHD, WORKER, taken, tcp, udp


def ports(snapshot: Snapshot) -> Any:
    return group_ports(filter(listens, snapshot.sockets), EMPTY, counted=False, every=False)


def written(*snapshots: Snapshot) -> str:
    return "".join(write_policy([(each, ports(each)) for each in snapshots], "today", lambda *_: None))


def held(text: str, *snapshots: Snapshot) -> list[Result]:
    """Return all results that are no pass."""
    policy = read_policy(text.encode())
    assert isinstance(policy, Policy), (policy, text)
    known: Rulesets = {}
    results = [result for each in snapshots for result in check(policy, each, ports(each), known)]
    return [result for result in results if result.status is not Status.PASS]


def test_it_is_short_sorted_and_names_no_pid() -> None:
    before = taken(
        [
            tcp("0.0.0.0:443", NGINX, WORKER),
            tcp("[::]:80", NGINX, WORKER, v6only=False),
            tcp("127.0.0.1:22", SSHD),
            udp("0.0.0.0:40001", PYTHON),
            udp("0.0.0.0:53", SSHD),
            tcp("0.0.0.0:53", SSHD),
        ]
    )
    assert written(before).splitlines()[2:] == [
        "version: 1",
        "listeners:",
        "  # On all addresses",
        "  - {port: 53, protocol: [tcp, udp], scope: all, program: sshd, user: root, unit: ssh.service}",
        "  - {port: [80, 443], protocol: tcp, scope: all, program: nginx, user: [root, www-data], unit: nginx.service}",
        "  - {port: ephemeral, protocol: udp, scope: all, program: python3, user: dev, unit: user@1000.service/app.service}"
        "  # now 40001",
        "  # On loopback only",
        "  - {port: 22, protocol: tcp, scope: loopback, program: sshd, user: root, unit: ssh.service}",
    ]
    again = NGINX._replace(pid=90)
    after = taken(
        [
            tcp("127.0.0.1:22", SSHD),
            tcp("0.0.0.0:80", again),
            tcp("[::]:80", again, v6only=True),
            udp("0.0.0.0:50005", PYTHON),
        ],
        [*KNOWN, again],
    )
    assert held(written(before), before) == []
    assert held(written(before), after) == []
    assert [each.message for each in held(written(before), taken([tcp("127.0.0.1:443", SSHD)]))] == [
        "443/tcp on 127.0.0.1 is held by sshd (root, ssh.service); line 7 allows only nginx and unit nginx.service"
    ]


def test_nothing_that_listens_is_an_empty_list() -> None:
    assert written(taken([])).endswith("listeners: []\n")
    assert held(written(taken([])), taken([])) == []


def test_only_protocols_with_ports_are_named_and_there_must_be_one() -> None:
    listing = Source("capture", None, ())
    unix = socket(UnixEndpoint(b"/run/x"), protocol="unix", state=State.LISTEN)
    seen = taken([tcp("0.0.0.0:22", SSHD), unix], source=listing)
    assert "protocols: [tcp]  # nothing else was in the listing" in written(seen)
    assert held(written(seen), seen) == []
    with pytest.raises(UsageError, match="has no TCP or UDP sockets"):
        written(taken([unix], source=listing))


NAMES = st.text(st.characters(exclude_categories=()), min_size=1, max_size=12) | st.sampled_from(
    [
        "[kworker]*",
        "a: b # c",
        "${HOME}",
        "$$",
        "yes",
        "null",
        "~",
        "1e3",
        "- x",
        "*",
        "'",
        '"',
        "\\",
        "\udc80",
        "a\nb",
        "\U0001f600",
    ]
)
ADDRESSES = st.sampled_from(["0.0.0.0", "127.0.0.1", "10.0.0.1", "192.0.2.1", "8.8.8.8", "::", "::1", "fe80::1", "*"])
STATUSES = st.sampled_from([OwnerStatus.KNOWN, OwnerStatus.PARTIAL, OwnerStatus.HIDDEN, OwnerStatus.UNHELD])


@st.composite
def hosts(draw: st.DrawFn) -> Snapshot:
    """Return what listens on a host: programs with any names, in several network namespaces."""
    processes = [
        Process(
            pid, draw(NAMES), user=draw(st.none() | NAMES), unit=draw(st.none() | NAMES), container=draw(st.none() | NAMES)
        )
        for pid in range(1, draw(st.integers(2, 5)))
    ]
    sockets: list[Socket] = []
    for _ in range(draw(st.integers(0, 8))):
        make = draw(st.sampled_from([tcp, udp]))
        status = draw(STATUSES)
        holders = draw(st.lists(st.sampled_from(processes), min_size=1, max_size=3, unique=True))
        changes: dict[str, Any] = {"owner_status": status, "v6only": draw(st.none() | st.booleans())}
        changes["netns"] = draw(st.sampled_from([Netns(1), Netns(2, "blue"), Netns(3), Netns(4, "*red")]))
        if status in (OwnerStatus.HIDDEN, OwnerStatus.UNHELD):
            changes["owners"] = ()
        address, port = draw(ADDRESSES), draw(st.integers(1, 65535))
        sockets.append(make(f"[{address}]:{port}", *holders, **changes))
    return taken(sockets, processes, viewpoint=draw(st.sampled_from([None, Viewpoint(Netns(1))])))


@settings(max_examples=50)
@given(hosts())
def test_what_was_written_holds_at_once(host: Snapshot) -> None:
    assert held(written(host), host) == []


@settings(max_examples=25)
@given(hosts(), hosts())
def test_what_was_written_of_two_hosts_holds_on_each(one: Snapshot, other: Snapshot) -> None:
    both = one._replace(host=LINUX._replace(name="a[1]")), other._replace(host=LINUX._replace(name="b"))
    assert held(written(*both), *both) == []


@settings(max_examples=40)
@given(hosts(), st.integers(1, 32767))
def test_another_program_on_a_port_is_found(host: Snapshot, port: int) -> None:
    intruder = Process(99, "intruder\u2028", exe="/opt/intruder", user="mallory")
    new = tcp(f"0.0.0.0:{port}", intruder, netns=Netns(1))
    known = {**host.processes, (None, 99): intruder}
    unowned = {each.local.port for each in host.sockets if not each.owners}  # type: ignore[union-attr]
    if port in unowned:
        return
    found = held(written(host), host._replace(sockets=[*host.sockets, new], processes=known))
    assert any(each.listener and each.listener.port == port and each.status is Status.FAIL for each in found)


def test_what_no_rule_may_name_is_left_out() -> None:
    """Names that the next start changes would make the policy fail then."""
    login = Process(20, "tmux", user="dev", unit="session-7.scope", container="0a1b2c3d4e5f")
    assert "{port: 80, protocol: tcp, scope: all, program: tmux, user: dev}" in written(
        taken([tcp("0.0.0.0:80", login)], [login])
    )


@pytest.mark.parametrize("number", [1, 1100])
def test_many_ports_become_rules_that_can_be_read(number: int) -> None:
    host = taken([tcp(f"0.0.0.0:{1000 + 2 * each}", SSHD) for each in range(number)])
    assert held(written(host), host) == []
