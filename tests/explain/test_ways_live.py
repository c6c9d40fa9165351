"""Ways to another host: what explain says without sending anything, and what an attempt met with, against this kernel."""

import errno
import json
import select
import socket
import sys
import time
from collections.abc import Iterator

import pytest

from portsock.cli.explaining.remote import remote_of
from portsock.explain.engine import explain
from portsock.explain.texts.remote import REFUSALS
from portsock.explain.types import Explanation
from portsock.network import Neighbour, Path
from portsock.query.target import parse_target
from portsock.reach.types import Outcome
from portsock.reachability import RuleReference
from portsock.records import Contact
from portsock.sources.connect import connect_once
from portsock.sources.linux.routes import network, route
from tests.support import ways_lab
from tests.support.contract import schema_faults
from tests.support.crossing_lab import inside
from tests.support.explain_factory import HOST, SERVICES, seen
from tests.support.live import as_root, on_linux, run, runs_as, takes_long, tool
from tests.support.ways_lab import (
    ABSENT,
    ABSENT6,
    BARRIERS,
    BARRIERS6,
    CLIENT,
    CLIENT6,
    CLOSED,
    DROPPED,
    NOWHERE,
    NOWHERE6,
    OPEN,
    PROHIBITED,
    REJECTED,
    ROUTER,
    ROUTER6,
    SERVER,
    SERVER6,
    SILENT,
    Lab,
)  # fmt: skip
from tests.support.zoo import NOBODY

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]
BOTH = pytest.mark.parametrize("six", [False, True], ids=["IPv4", "IPv6"])
PATIENCE = 0.1
"""Seconds to wait for an answer that does not come."""


@pytest.fixture(scope="module")
def lab() -> Iterator[Lab]:
    with ways_lab.lab() as made:
        yield made


def asked(lab: Lab, address: str, port: int, protocol: str = "tcp", timeout: float | None = None) -> Explanation:
    """Ask from the client's namespace."""
    snapshot = seen([], host=HOST._replace(addresses=frozenset({CLIENT, CLIENT6, "127.0.0.1", "::1"})))
    host = f"[{address}]" if ":" in address else address
    target = parse_target(f"{'udp/' if protocol == 'udp' else ''}{host}:{port}", SERVICES)
    remote = inside(lab.client, lambda: remote_of(target, snapshot, timeout))
    return explain(target, snapshot, SERVICES, remote=remote)


def row(answer: Explanation, label: str) -> str:
    return " ".join(each.text for each in answer.rows if each.label == label)


def tried(lab: Lab, address: str, port: int, protocol: str = "tcp", timeout: float = PATIENCE) -> Contact:
    return inside(lab.client, lambda: connect_once(protocol, address, port, timeout))


@BOTH
def test_the_way_through_a_router_is_said(lab: Lab, six: bool) -> None:
    answer = asked(lab, SERVER6 if six else SERVER, OPEN)
    gateway, source = (ROUTER6, CLIENT6) if six else (ROUTER, CLIENT)
    assert answer.headline.endswith(f"; packets to it would go through out, by the gateway {gateway}.")
    assert row(answer, "Route").startswith(f"from {source} through out, by the gateway {gateway}")
    assert not answer.found


@BOTH
@pytest.mark.parametrize(
    ("kind", "number", "words"),
    [
        ("blackhole", "EINVAL", "the blackhole route for {network} discards it"),
        ("unreachable", "EHOSTUNREACH", "the unreachable route for {network} refuses it"),
        ("prohibit", "EACCES", "the prohibit route for {network} forbids it"),
    ],
)
def test_routes_that_lead_nowhere_are_named_with_the_error_that_programs_get(
    lab: Lab, kind: str, number: str, words: str, six: bool
) -> None:
    wanted = (BARRIERS6 if six else BARRIERS)[kind]
    address = wanted.partition("/")[0].replace("::", "::9") if six else wanted.replace(".0/24", ".9")
    said = words.format(network=wanted)
    tcp, udp = (asked(lab, address, 443, protocol) for protocol in ("tcp", "udp"))
    assert tcp.headline.endswith(f":443: {said}; connect(2) fails with {number}.")
    assert udp.headline.endswith(f":443: {said}; sendto(2) fails with {number}.")
    assert row(tcp, "Do") == f"If it is not wanted: ip route del {kind} {wanted} table 254"
    assert {tried(lab, address, 443, protocol).errno for protocol in ("tcp", "udp")} == {number}
    assert plain_error(lab, address) == (number, number)
    assert asked(lab, address, 443, timeout=PATIENCE).headline == tcp.headline


@BOTH
def test_no_route_is_said(lab: Lab, six: bool) -> None:
    address = NOWHERE6 if six else NOWHERE
    answer = asked(lab, address, 443)
    assert answer.headline.endswith(":443: no route; connect(2) fails with ENETUNREACH.")
    assert plain_error(lab, address) == ("ENETUNREACH", "ENETUNREACH")
    assert asked(lab, address, 443, timeout=PATIENCE).headline == answer.headline


def test_a_broadcast_address_is_no_host(lab: Lab) -> None:
    answers = [asked(lab, "10.88.1.255", 443, protocol).headline for protocol in ("tcp", "udp")]
    assert answers[0].endswith(": a broadcast address of out; connect(2) fails with ENETUNREACH.")
    assert answers[1].endswith(": a broadcast address of out; sendto(2) fails with EACCES.")
    assert plain_error(lab, "10.88.1.255") == ("ENETUNREACH", "EACCES")
    assert asked(lab, "10.88.1.255", 443, timeout=PATIENCE).headline == answers[0]


def plain_error(lab: Lab, address: str) -> tuple[str, str]:
    """Return what connect(2) of TCP and sendto(2) of UDP fail with, at once, of sockets without any option."""

    def call() -> tuple[str, str]:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        with socket.socket(family) as stream, socket.socket(family, socket.SOCK_DGRAM) as datagrams:
            first = stream.connect_ex((address, 443))
            try:
                datagrams.sendto(b"", (address, 443))
            except OSError as error:
                return errno.errorcode[first], errno.errorcode[error.errno or 0]
        return errno.errorcode[first], ""

    return inside(lab.client, call)


@BOTH
def test_an_attempt_tells_facts_apart(lab: Lab, six: bool) -> None:
    address, router = (SERVER6, ROUTER6) if six else (SERVER, ROUTER)
    accepted = asked(lab, address, OPEN, timeout=2)
    assert " accepts connections: the handshake took " in accepted.headline
    assert accepted.found
    assert " refuses: a RST came back after " in asked(lab, address, CLOSED, timeout=2).headline
    silent = asked(lab, address, SILENT, timeout=PATIENCE)
    assert silent.headline.endswith(f"{SILENT}: nothing came back within 100 ms.")
    assert row(silent, "Note") == "SYN packets were sent, and no more; the other end may have seen them."
    prohibited = asked(lab, address, PROHIBITED, timeout=2)
    assert f": {router}, on the way, answered ICMP administratively prohibited" in prohibited.headline
    assert prohibited.headline.endswith(f"that is {'EACCES' if six else 'EHOSTUNREACH'}.")


@BOTH
def test_a_datagram_tells_facts_apart(lab: Lab, six: bool) -> None:
    address, router = (SERVER6, ROUTER6) if six else (SERVER, ROUTER)
    assert ": the host answered ICMP port unreachable" in asked(lab, address, CLOSED, "udp", 2).headline
    assert f": {router}, on the way, answered ICMP" in asked(lab, address, PROHIBITED, "udp", 2).headline
    silent = asked(lab, address, SILENT, "udp", PATIENCE)
    assert "nothing came back within" in silent.headline
    assert row(silent, "Means").startswith("A service may ignore an empty datagram")
    refused = asked(lab, address, DROPPED, "udp", PATIENCE)
    assert refused.headline.endswith(": this host refuses at once: send(2) fails with EPERM.")
    assert "rule for outgoing packets" in row(refused, "Means")


def stopped(how: str | None, protocol: str = "tcp") -> Outcome:
    rule = RuleReference("inet", "t", "c", 4, f"{protocol} dport 1 {'reject with ' + how if how else 'drop'}")
    return Outcome("reject" if how else "drop", ("0.0.0.0/0",), rule=rule, how=how)


@pytest.mark.parametrize("how", REFUSALS)
def test_the_table_of_local_rejections_is_what_the_kernel_does(lab: Lab, how: str) -> None:
    port = REJECTED[how]
    refusal = REFUSALS[how]
    for address in {"icmp": (SERVER,), "icmpv6": (SERVER6,), "tcp": (SERVER, SERVER6)}[how.partition(" ")[0]]:
        found = tried(lab, address, port)
        assert found.errno == refusal.tcp
        assert found.result == ("reset" if how == "tcp reset" else "icmp")
        assert how == "tcp reset" or found.reporter == found.source
        if refusal.udp is not None:
            sent = tried(lab, address, port, "udp")
            assert (sent.result, sent.call, sent.errno) == ("local", "send", refusal.udp)


@BOTH
def test_a_rule_of_this_host_is_the_cause_of_what_an_attempt_met_with(lab: Lab, six: bool) -> None:
    address = SERVER6 if six else SERVER
    target = parse_target(f"[{address}]:{DROPPED}" if six else f"{address}:{DROPPED}", SERVICES)
    snapshot = seen([], host=HOST._replace(addresses=frozenset({CLIENT, CLIENT6})))
    remote = inside(lab.client, lambda: remote_of(target, snapshot, PATIENCE))
    assert remote is not None
    answer = explain(target, snapshot, SERVICES, remote=remote._replace(outcome=stopped(None)))
    assert answer.headline.endswith(": a rule of this host drops it; connect(2) waits, then fails with ETIMEDOUT.")
    assert row(answer, "Means") == "inet t c, handle 4: tcp dport 1 drop"


@takes_long
def test_programs_get_the_errors_of_the_table_without_asking_for_icmp(lab: Lab) -> None:
    """An ICMP error of an own rule counts at the first resend, after one second; a dropped SYN never fails that soon."""
    wanted = {(SERVER6 if how.startswith("icmpv6") else SERVER, port): REFUSALS[how].tcp for how, port in REJECTED.items()}
    wanted |= {(SERVER, DROPPED): "", (SERVER6, DROPPED): ""}

    def call() -> dict[tuple[str, int], str]:
        sockets = {}
        for address, port in wanted:
            made = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
            made.setblocking(False)
            made.connect_ex((address, port))
            sockets[address, port] = made
        time.sleep(1.5)
        done, _, _ = select.select(list(sockets.values()), [], [], 0)
        found = {}
        for place, made in sockets.items():
            number = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) if made in done else 0
            found[place] = errno.errorcode.get(number, "")
            made.close()
        return found

    assert inside(lab.client, call) == wanted


@takes_long
@BOTH
def test_a_neighbour_that_does_not_answer_is_said(lab: Lab, six: bool) -> None:
    address, source = (ABSENT6, CLIENT6) if six else (ABSENT, CLIENT)
    hasty = asked(lab, address, OPEN, timeout=PATIENCE)
    assert hasty.headline.endswith(
        ": the host did not answer on out (neighbour INCOMPLETE); connect(2) fails with EHOSTUNREACH after about 3 s."
    )
    assert row(hasty, "Note") == ""
    found = tried(lab, address, OPEN, timeout=6)
    assert (found.result, found.errno, found.reporter) == ("icmp", "EHOSTUNREACH", source)
    assert ": the host did not answer on out (neighbour FAILED)" in asked(lab, address, OPEN).headline
    assert row(asked(lab, address, OPEN), "Route") == f"from {source} through out, on the same link (FAILED)"
    assert "datagrams are lost" in asked(lab, address, OPEN, "udp").headline


def test_the_tables_are_those_of_the_namespace(lab: Lab) -> None:
    found = inside(lab.client, network.load)
    devices = {each.name: each for each in found.devices}
    assert set(devices) == {"lo", "out"}
    assert {f"{CLIENT}/24", f"{CLIENT6}/64"} <= set(devices["out"].addresses)
    assert {BARRIERS["blackhole"], BARRIERS6["prohibit"]} <= {each.destination for each in found.routes}
    assert (found.ruled, found.forwarding4, found.forwarding6) == (False, False, False)
    router = inside(lab.router, lambda: network.load("/proc"))
    assert (router.forwarding4, router.forwarding6) == (True, True)


def test_an_own_address_and_an_unknown_neighbour(lab: Lab) -> None:
    assert inside(lab.client, lambda: route.ask(CLIENT)) == Path(CLIENT, "local", "lo", None, CLIENT)
    assert inside(lab.client, lambda: route.ask(NOWHERE)).errno == "ENETUNREACH"
    assert inside(lab.client, lambda: route.neighbour("10.88.1.200", "out")) is None
    assert inside(lab.client, lambda: route.neighbour(ROUTER, "none")) is None
    assert asked(lab, CLIENT, 1).rows[0].label != "Route"


def test_an_address_that_a_local_route_leads_to_is_no_other_hosts(lab: Lab) -> None:
    snapshot = seen([], host=HOST._replace(addresses=frozenset({"10.99.99.99"})))
    target = parse_target(f"{CLIENT}:1", SERVICES)
    assert inside(lab.client, lambda: remote_of(target, snapshot, None)) is None


def test_the_command_says_it_and_its_json_fits_the_schema(lab: Lab) -> None:
    command = ["ip", "netns", "exec", lab.client, sys.executable, "-m", "portsock", "explain",
               f"{SERVER}:{OPEN}", "--connect", "--json"]  # fmt: skip
    done = run(command)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert schema_faults(document) == []
    found = document["explanations"][0]["sections"]["path"]
    assert found["connect"]["result"] == "accepted"
    assert (found["route"]["gateway"], found["route"]["source"]) == (ROUTER, CLIENT)
    assert Neighbour(ROUTER, 2, found["neighbour"]["state"]).silent is False


def test_every_user_is_told_the_way(lab: Lab) -> None:
    if not runs_as(NOBODY):
        pytest.skip(f"user {NOBODY} cannot run {sys.executable}")
    user = [tool("setpriv"), f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", "--"]
    command = [sys.executable, "-m", "portsock", "explain", "--brief", f"{SERVER}:{CLOSED}", f"{NOWHERE}:1"]
    done = run(["ip", "netns", "exec", lab.client, *user, *command])
    assert done.stdout.splitlines() == [
        f"Nothing here uses {SERVER}:{CLOSED}; packets to it would go through out, by the gateway {ROUTER}.",
        f"{NOWHERE}:1: no route; connect(2) fails with ENETUNREACH.",
    ]
