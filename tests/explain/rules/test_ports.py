"""Findings about bound ports."""

from typing import Any

import pytest

from portsock.explain.types import Severity
from portsock.model import Netns, Process, State
from tests.support.explain_factory import HOST, answer, codes, finding, seen, text
from tests.support.factory import tcp, udp

POSTGRES = Process(950, "postgres", "postgres", "/usr/lib/postgresql/15/bin/postgres", user="postgres", uid=109)


def test_a_listener_in_the_ephemeral_range() -> None:
    found = finding("listener_in_ephemeral_range", answer("40404", seen([tcp("127.0.0.1:40404")], {1: 700})))
    assert found is not None
    assert "32768-60999 (live value of this host)" in found.title
    assert codes("8080", seen([tcp("127.0.0.1:8080")], {1: 700})) == set()


def test_a_reserved_port_in_the_range_is_in_order() -> None:
    host = HOST._replace(sysctls={"net.ipv4.ip_local_reserved_ports": "40000-40100,40404"})
    assert codes("40404", seen([tcp("127.0.0.1:40404")], {1: 700}, host=host)) == set()
    assert codes("40050", seen([tcp("127.0.0.1:40050")], {1: 700}, host=host)) == set()


@pytest.mark.parametrize(
    ("local", "exposed"), [("0.0.0.0:5432", True), (":::5432", True), ("127.0.0.1:5432", False), ("10.0.0.7:5432", False)]
)
def test_a_database_on_all_addresses(local: str, exposed: bool) -> None:
    assert ("admin_port_exposed" in codes("5432", seen([tcp(local, v6only=True)], {1: 950}, [POSTGRES]))) is exposed


@pytest.mark.parametrize(
    ("process", "port", "what"),
    [
        (Process(951, "python3", "python3", cmdline=("python3", "-m", "http.server", "8888")), 8888, None),
        (Process(952, "jupyter-lab", "jupyter-lab"), 8888, "JupyterLab (it runs any code)"),
        (Process(952, "jupyter-lab", "jupyter-lab"), 7777, "JupyterLab (it runs any code)"),
        (Process(953, "redis-server", "redis-server"), 7001, "Redis"),
        (Process(954, "java", "java", cmdline=("java", "org.apache.catalina.startup.Bootstrap")), 9200, None),
        (Process(955, "java", "java", cmdline=("java", "org.elasticsearch.bootstrap.Elasticsearch")), 9200, "Elasticsearch"),
        (Process(956, "node", "node", cmdline=("node", "server.js")), 9229, None),
        (Process(957, "node", "node", cmdline=("node", "--inspect=0.0.0.0", "server.js")), 9229, "the Node.js debugger"),
        (Process(957, "node", "node", cmdline=("node", "--inspect=0.0.0.0", "server.js")), 3000, None),
    ],
)
def test_administration_is_known_by_its_program_and_not_by_the_number(process: Process, port: int, what: str | None) -> None:
    explanation = answer(str(port), seen([tcp(f"0.0.0.0:{port}")], {1: process.pid}, [process]))
    found = finding("admin_port_exposed", explanation)
    expected = f"{process.name} (pid {process.pid}) is {what}, and has {port}/tcp on all addresses." if what else None
    assert (found.title if found else None) == expected


@pytest.mark.parametrize(
    ("address", "severity", "words"),
    [
        ("0.0.0.0", Severity.INFO, "Each multicast or broadcast datagram reaches all of them"),
        ("224.0.0.251", Severity.INFO, "Each multicast or broadcast datagram reaches all of them"),
        ("127.0.0.1", Severity.NOTICE, "A datagram reaches only one of them"),
    ],
)
def test_udp_sockets_share_multicast_and_contend_for_the_rest(address: str, severity: Severity, words: str) -> None:
    records = [udp(f"{address}:5353", inode=1), udp(f"{address}:5353", inode=2)]
    found = finding("shared_endpoint", answer("5353", seen(records, {1: 500, 2: 700})))
    assert found is not None
    assert found.severity is severity
    assert words in found.advice
    assert "clients" not in found.advice


def test_an_ordinary_web_server_on_all_addresses_is_no_finding() -> None:
    assert codes("80", seen([tcp("0.0.0.0:80")], {1: (500, 501)})) == set()


@pytest.mark.parametrize(("v6only", "words"), [(False, "also takes IPv4"), (None, "probably also takes IPv4"), (True, None)])
def test_a_v6_wildcard_that_takes_ipv4(v6only: bool | None, words: str | None) -> None:
    found = finding("wildcard_v6_takes_ipv4", answer("8080", seen([tcp(":::8080", v6only=v6only)], {1: 700})))
    assert (found is not None) == (words is not None)
    if found and words:
        assert words in found.title
        assert "beside it only with SO_REUSEPORT on both, by one user" in found.detail


def test_only_a_listener_on_0000_of_the_same_host_makes_a_wildcard_v6_only() -> None:
    def told(host: str) -> bool:
        records = [tcp(":::8080", inode=1, v6only=None), tcp("0.0.0.0:8080", inode=2)]
        six, four = seen(records).sockets
        snapshot = seen([])._replace(sockets=[six._replace(host="web1"), four._replace(host=host)])
        return "wildcard_v6_takes_ipv4" in codes("8080", snapshot)

    assert told("web2")
    assert not told("web1")


def test_sockets_of_several_processes_on_one_endpoint() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2)]
    found = finding("shared_endpoint", answer("80", seen(records, {1: 500, 2: 501})))
    assert found is not None
    assert found.severity is Severity.INFO
    assert "inodes 1, 2" in found.evidence
    odd = finding("shared_endpoint", answer("80", seen(records, {1: 500, 2: 700})))
    assert odd is not None
    assert odd.severity is Severity.NOTICE


@pytest.mark.parametrize("change", [{"netns": Netns(7)}, {"interface": "eth0"}, {"protocol": "udp", "state": State.UNCONN}])
def test_other_namespaces_devices_and_protocols_do_not_share(change: dict[str, Any]) -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2)._replace(**change)]
    assert "shared_endpoint" not in codes("80", seen(records, {1: 500, 2: 700}))


def test_specific_and_wildcard_side_by_side_tells_which_wins() -> None:
    records = [tcp("127.0.0.1:8080", inode=1), tcp("0.0.0.0:8080", inode=2)]
    found = finding("specific_and_wildcard", answer("8080", seen(records, {1: 700, 2: 500})))
    assert found is not None
    assert found.title == ("8080/tcp is shared: 127.0.0.1 leads to python3 (pid 700), every other address to nginx (pid 500).")
    assert "specific_and_wildcard" not in codes("8080", seen(records, {1: 700, 2: 700}))


def test_a_v6only_wildcard_shares_nothing_with_an_ipv4_address() -> None:
    records = [tcp("127.0.0.1:8080", inode=1), tcp(":::8080", inode=2, v6only=True)]
    assert "specific_and_wildcard" not in codes("8080", seen(records, {1: 700, 2: 500}))


@pytest.mark.parametrize(("port", "inside"), [(32767, False), (32768, True), (60999, True), (61000, False)])
def test_both_ends_belong_to_the_ephemeral_range(port: int, inside: bool) -> None:
    snapshot = seen([tcp(f"127.0.0.1:{port}")], {1: 700})
    assert ("listener_in_ephemeral_range" in codes(str(port), snapshot)) is inside
    assert ("It is inside the ephemeral range" in text(str(port), snapshot)) is inside


def test_two_sockets_of_which_one_has_no_inode_may_be_one_socket() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:80", inode=2), tcp("0.0.0.0:80", inode=None)]
    assert "shared_endpoint" not in codes("80", seen(records))
