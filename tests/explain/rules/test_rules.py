"""Every finding: when it is made, with which evidence, and when not."""

from typing import Any

import pytest

from portsock.explain.texts.findings import Code
from portsock.explain.types import PathFacts, Severity
from portsock.model import Netns, OwnerReason, Process, SocketMemory, State, Timer
from portsock.normalize.snapshot import normalize
from portsock.records import Unreadable
from tests.support.explain_factory import HOST, SYSTEMD, answer, codes, finding, seen, unix, with_sockets
from tests.support.records import collection, tcp, udp


def many(number: int, state: State, local: str = "10.0.0.7:80", **more: Any) -> list[Any]:
    """Connections to one local endpoint, inodes from 1000."""
    return [tcp(local, f"10.0.0.9:{40000 + index}", state, inode=1000 + index, **more) for index in range(number)]


def test_a_normal_sshd_gives_no_finding() -> None:
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


def test_close_wait_pile_up_names_program_number_and_advice() -> None:
    records = many(5, State.CLOSE_WAIT)
    found = finding("close_wait_pile_up", answer("80", seen(records, {1000 + index: 700 for index in range(5)})))
    assert found is not None
    assert found.severity is Severity.WARNING
    assert found.title == "5 connections of python3 (pid 700) are in CLOSE_WAIT."
    assert any("CLOSE_WAIT" in line for line in found.evidence)
    assert "Fix or restart" in found.advice


def test_a_few_close_wait_are_no_finding() -> None:
    assert codes("80", seen(many(4, State.CLOSE_WAIT), {1000 + index: 700 for index in range(4)})) == set()


def test_close_wait_of_different_programs_is_counted_for_each() -> None:
    holders = {1000 + index: 700 if index % 2 else 800 for index in range(8)}
    assert "close_wait_pile_up" not in codes("80", seen(many(8, State.CLOSE_WAIT), holders))


def test_syn_sent_without_answer_to_one_destination() -> None:
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", State.SYN_SENT, inode=10 + i) for i in range(3)]
    found = finding("syn_sent_unanswered", answer("192.0.2.1:443", seen(records)))
    assert found is not None
    assert found.severity is Severity.WARNING
    assert found.title == "3 attempts to reach 192.0.2.1:443 have no answer."


def test_one_syn_sent_is_a_warning_only_when_it_was_resent() -> None:
    fresh = tcp("10.0.0.7:40000", "192.0.2.1:443", State.SYN_SENT)
    once = finding("syn_sent_unanswered", answer("192.0.2.1:443", seen([fresh])))
    again = finding("syn_sent_unanswered", answer("192.0.2.1:443", seen([fresh._replace(timer=Timer("on", 900, 2))])))
    assert once is not None
    assert once.severity is Severity.INFO
    assert again is not None
    assert again.severity is Severity.WARNING
    assert "the SYN was sent again 2 times" in again.evidence


def test_attempts_at_a_full_listener_here_are_told_with_the_reason() -> None:
    records = [
        tcp("0.0.0.0:8080", inode=1, accept_queue=3, accept_limit=2),
        tcp("127.0.0.1:40000", "127.0.0.1:8080", State.SYN_SENT, inode=2, timer=Timer("on", 900, 2)),
    ]
    snapshot = seen(records, {1: 700, 2: 800})
    assert codes("8080", snapshot) == {"accept_queue_full"}
    found = finding("syn_sent_unanswered", answer("pid:800", snapshot))
    assert found is not None
    assert any("its accept queue is full" in line for line in found.evidence)


def test_syn_recv_flood() -> None:
    assert "syn_recv_flood" in codes("80", seen([tcp("0.0.0.0:80", inode=1), *many(20, State.SYN_RECV)]))
    assert "syn_recv_flood" not in codes("80", seen([tcp("0.0.0.0:80", inode=1), *many(19, State.SYN_RECV)]))


@pytest.mark.parametrize(
    ("waiting", "limit", "code"),
    [
        (3, 2, "accept_queue_full"),
        (2, 2, "accept_queue_filling"),
        (64, 128, "accept_queue_filling"),
        (1, 0, "accept_queue_full"),
        (10, 4096, "accept_queue_filling"),
        (9, 4096, None),
        (1, 128, None),
        (0, 0, None),
        (12, None, "accept_queue_filling"),
        (None, None, None),
    ],
)
def test_accept_queue_is_full_above_its_limit_and_filling_from_half(waiting: int, limit: int, code: str | None) -> None:
    snapshot = seen([tcp("127.0.0.1:8080", accept_queue=waiting, accept_limit=limit)], {1: 700})
    assert codes("8080", snapshot) == ({code} if code else set())


def test_a_full_unix_queue_is_found_as_well() -> None:
    listener = unix(b"/run/x.sock", State.LISTEN, accept_queue=3, accept_limit=2)
    assert "accept_queue_full" in codes("/run/x.sock", with_sockets(seen([]), listener))


def test_unread_bytes() -> None:
    big = tcp("10.0.0.7:80", "10.0.0.9:40000", recv_q=70000)
    found = finding("unread_data", answer("80", seen([tcp("0.0.0.0:80", inode=9), big])))
    assert found is not None
    assert "70000 bytes lie unread at 10.0.0.7:80" in found.title
    assert codes("80", seen([tcp("0.0.0.0:80", inode=9), big._replace(recv_q=1000)], {9: 500})) == set()


def test_udp_memory_is_measured_against_its_buffer() -> None:
    memory = SocketMemory(1664, 212992, 0, 212992, 0, 0, 0, 0, 0)
    assert codes("53", seen([udp("127.0.0.1:53", recv_q=1664, memory=memory)], {1: 700})) == set()
    assert "unread_data" in codes("53", seen([udp("127.0.0.1:53", recv_q=200000, memory=memory)], {1: 700}))


def test_unacknowledged_bytes_with_resends_are_a_warning() -> None:
    stuck = tcp("10.0.0.7:40000", "192.0.2.1:443", send_q=500, timer=Timer("on", 900, 4))
    found = finding("unacknowledged_data", answer("192.0.2.1:443,10.0.0.7:40000", seen([stuck])))
    assert found is not None
    assert found.severity is Severity.WARNING
    assert "sent again 4 times without an answer" in found.evidence


def test_a_closed_window_is_told_from_loss() -> None:
    stuck = tcp("10.0.0.7:40000", "192.0.2.1:443", send_q=500, timer=Timer("persist", 900, 0))
    found = finding("unacknowledged_data", answer("192.0.2.1:443,10.0.0.7:40000", seen([stuck])))
    assert found is not None
    assert any("window is closed" in line for line in found.evidence)


def test_the_syn_is_not_unacknowledged_data_and_the_fin_not_unread() -> None:
    records = [
        tcp("10.0.0.7:40000", "192.0.2.1:443", State.SYN_SENT, send_q=1, timer=Timer("on", 1, 3)),
        tcp("10.0.0.7:40001", "192.0.2.1:443", State.CLOSE_WAIT, recv_q=1, inode=2),
    ]
    assert codes("10.0.0.7", seen(records)) == {"syn_sent_unanswered"}


def test_dropped_datagrams() -> None:
    memory = SocketMemory(0, 212992, 0, 212992, 0, 0, 0, 0, 17)
    found = finding("datagrams_dropped", answer("53/udp", seen([udp("127.0.0.1:53", memory=memory)], {1: 700})))
    assert found is not None
    assert found.title.startswith("17 datagrams")
    assert codes("53/udp", seen([udp("127.0.0.1:53", memory=memory._replace(drops=0))], {1: 700})) == set()


def test_many_fin_wait_2_blame_the_other_end() -> None:
    found = finding("fin_wait_2_many", answer("80", seen([tcp("0.0.0.0:80", inode=1), *many(10, State.FIN_WAIT_2)], {1: 700})))
    assert found is not None
    assert "10 of them without a process" in found.evidence
    assert codes("80", seen([tcp("0.0.0.0:80", inode=1), *many(9, State.FIN_WAIT_2)], {1: 700})) == set()


def test_many_time_wait_are_only_information() -> None:
    records = many(100, State.TIME_WAIT)
    found = finding("time_wait_many", answer("80", seen(records)))
    assert found is not None
    assert found.severity is Severity.INFO
    assert codes("80", seen(records[:99])) == set()


@pytest.mark.parametrize(("used", "severity"), [(8, Severity.WARNING), (5, Severity.NOTICE), (4, None)])
def test_ephemeral_exhaustion_is_counted_per_destination(used: int, severity: Severity | None) -> None:
    host = HOST._replace(ephemeral=(40000, 40009))
    records = [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.1:443", State.TIME_WAIT, inode=None) for i in range(used)]
    records += [tcp(f"10.0.0.7:{40000 + i}", "192.0.2.2:443", inode=50 + i) for i in range(4)]
    found = finding("ephemeral_exhaustion", answer("192.0.2.1:443", seen(records, host=host)))
    assert (found.severity if found else None) is severity
    if found:
        assert f"{used} of 10 ephemeral ports toward 192.0.2.1:443" in found.title


def test_clients_of_a_server_do_not_use_up_its_ephemeral_ports() -> None:
    host = HOST._replace(ephemeral=(40000, 40001))
    records = [tcp("10.0.0.7:40001", inode=1), *[tcp("10.0.0.7:40001", "10.0.0.9:40000", inode=2)]]
    assert "ephemeral_exhaustion" not in codes("40001", seen(records, {1: 700, 2: 700}, host=host))


def test_a_listener_in_the_ephemeral_range() -> None:
    found = finding("listener_in_ephemeral_range", answer("40404", seen([tcp("127.0.0.1:40404")], {1: 700})))
    assert found is not None
    assert "32768-60999 (live value of this host)" in found.title
    assert codes("8080", seen([tcp("127.0.0.1:8080")], {1: 700})) == set()


def test_a_reserved_port_in_the_range_is_in_order() -> None:
    host = HOST._replace(sysctls={"net.ipv4.ip_local_reserved_ports": "40000-40100,40404"})
    assert codes("40404", seen([tcp("127.0.0.1:40404")], {1: 700}, host=host)) == set()
    assert codes("40050", seen([tcp("127.0.0.1:40050")], {1: 700}, host=host)) == set()


def test_a_deleted_executable_that_still_listens() -> None:
    old = Process(910, "appd", "appd", "/opt/appd", exe_deleted=True)
    snapshot = seen([tcp("127.0.0.1:8080")], {1: 910}, [old])
    found = finding("deleted_executable", answer("8080", snapshot))
    assert found is not None
    assert "executable /opt/appd" in found.evidence
    assert codes("8080", seen([tcp("127.0.0.1:8080")], {1: 910}, [old._replace(exe_deleted=False)])) == set()


def test_socket_activation_says_to_stop_the_socket_unit() -> None:
    snapshot = seen([tcp("127.0.0.1:8080")], {1: (SYSTEMD.pid, 500)})
    explanation = answer("8080", snapshot)
    found = finding("socket_activation", explanation)
    assert found is not None
    assert "stop the .socket unit" in found.advice
    assert explanation.next[0].line.startswith("systemctl list-sockets")
    assert finding("inherited_descriptor", explanation) is None
    assert not any(command.line.startswith("kill") for command in explanation.next)


def test_a_listener_left_to_a_program_that_never_opens_one() -> None:
    child = Process(920, "sleep", "sleep", "/usr/bin/sleep", ("sleep", "600"), ppid=1)
    found = finding("inherited_descriptor", answer("8080", seen([tcp("127.0.0.1:8080")], {1: 920}, [child])))
    assert found is not None
    assert "sleep (pid 920)" in found.title


def test_a_child_with_another_program_that_holds_its_parents_listener() -> None:
    child = Process(921, "convert", "convert", "/usr/bin/convert", ppid=700)
    found = finding("inherited_descriptor", answer("8080", seen([tcp("127.0.0.1:8080")], {1: (700, 921)}, [child])))
    assert found is not None
    assert "convert (pid 921)" in found.title


def test_forked_workers_are_no_unusual_holders() -> None:
    assert codes("8080", seen([tcp("127.0.0.1:8080")], {1: (500, 501)})) == set()


def test_a_forwarder_is_not_to_be_killed() -> None:
    proxy = Process(930, "docker-proxy", "docker-proxy", "/usr/bin/docker-proxy", forwards_to="172.17.0.2:80 (web)",
                    container="web")  # fmt: skip
    explanation = answer("8080", seen([tcp("0.0.0.0:8080")], {1: 930}, [proxy]))
    found = finding("port_forwarder", explanation)
    assert found is not None
    assert "172.17.0.2:80 (web)" in found.title
    assert "Stop the container" in found.advice
    assert explanation.next[0].line == "docker stop web"
    assert not any("kill" in command.line for command in explanation.next)


@pytest.mark.parametrize(
    ("local", "exposed"), [("0.0.0.0:5432", True), (":::5432", True), ("127.0.0.1:5432", False), ("10.0.0.7:5432", False)]
)
def test_a_database_on_all_addresses(local: str, exposed: bool) -> None:
    assert ("admin_port_exposed" in codes("5432", seen([tcp(local, v6only=True)], {1: 700}))) is exposed


def test_an_ordinary_web_server_on_all_addresses_is_no_finding() -> None:
    assert codes("80", seen([tcp("0.0.0.0:80")], {1: (500, 501)})) == set()


def test_a_listener_of_another_user_without_root() -> None:
    hidden = [Unreadable(950, 33, OwnerReason.OTHER_USER)]
    snapshot = normalize([collection([tcp("0.0.0.0:80", uid=33)], {}, hidden, host=HOST)])
    explanation = answer("80", snapshot)
    found = finding("listener_without_process", explanation)
    assert found is not None
    assert "belongs to another user" in found.detail
    assert "1 process could not be read" in found.evidence
    assert explanation.next[0].line == "sudo portsock explain 80"


@pytest.mark.parametrize(
    ("record", "target", "words"),
    [
        (udp("0.0.0.0:51820"), "51820", "WireGuard; 'wg show'"),
        (tcp("0.0.0.0:2049"), "2049", "NFS server; 'rpcinfo -p'"),
        (tcp("0.0.0.0:41234"), "41234", "lockd; 'rpcinfo -p'"),
    ],
)
def test_a_socket_that_no_process_holds_gets_the_kernel_as_candidate(record: Any, target: str, words: str) -> None:
    found = finding("listener_without_process", answer(target, seen([record])))
    assert found is not None
    assert words in found.advice
    assert "inferred" in found.detail


def test_unreadable_processes_come_before_the_kernel_as_explanation() -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:2049")], {}, [Unreadable(1, 0, OwnerReason.DENIED)], host=HOST)])
    found = finding("listener_without_process", answer("2049", snapshot))
    assert found is not None
    assert "NFS" not in found.advice + found.detail


def test_a_listing_without_process_column_is_no_finding() -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80")], ownership=None, host=HOST)])
    assert codes("80", snapshot) == set()


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
    assert "what is sent to 127.0.0.1 reaches python3 (pid 700), and the rest nginx (pid 500)" in found.detail
    assert "specific_and_wildcard" not in codes("8080", seen(records, {1: 700, 2: 700}))


def test_a_v6only_wildcard_is_not_beside_an_ipv4_address() -> None:
    records = [tcp("127.0.0.1:8080", inode=1), tcp(":::8080", inode=2, v6only=True)]
    assert "specific_and_wildcard" not in codes("8080", seen(records, {1: 700, 2: 500}))


def test_a_connection_to_itself() -> None:
    record = tcp("127.0.0.1:40404", "127.0.0.1:40404")
    assert "self_connection" in codes("127.0.0.1:40404", seen([record], {1: 700}))


def test_a_stale_unix_path() -> None:
    explanation = answer("/run/x.sock", seen([]), path=PathFacts(True, True, (1, 2), 0o666))
    assert finding("stale_unix_path", explanation) is not None
    assert explanation.found
    assert codes("/run/x.sock", seen([]), path=PathFacts(False)) == set()


def test_a_replaced_unix_path() -> None:
    snapshot = with_sockets(seen([]), unix(b"/run/x.sock", State.LISTEN, vfs=(1, 2)))
    assert codes("/run/x.sock", snapshot, path=PathFacts(True, True, (1, 3), 0o666)) == {"replaced_unix_path"}
    assert codes("/run/x.sock", snapshot, path=PathFacts(False)) == {"replaced_unix_path"}
    assert codes("/run/x.sock", snapshot, path=PathFacts(True, True, (1, 2), 0o666)) == set()


def test_the_most_severe_finding_comes_first() -> None:
    records = [tcp(":::5432", inode=1, v6only=False, accept_queue=9, accept_limit=2)]
    severities = [item.severity for item in answer("5432", seen(records, {1: 700})).findings]
    assert severities == sorted(severities, key=[Severity.WARNING, Severity.NOTICE, Severity.INFO].index)
    assert len(severities) == 3


def test_codes_are_stable_words() -> None:
    assert all(code.value == code.name.lower() for code in Code)


def test_hostile_names_do_not_break_a_rule() -> None:
    evil = Process(940, "x{0}\n\x1b[31m", "{count}", "/tmp/{who}", exe_deleted=True)  # noqa: S108 - a name, never opened
    snapshot = with_sockets(seen([tcp("0.0.0.0:5432")], {1: 940}, [evil]), unix(b"\xff{}", State.LISTEN))
    assert codes("5432", snapshot) == {"deleted_executable", "admin_port_exposed"}
