"""Changes of what is offered."""

import pytest

from portsock.change.types import Kind
from portsock.model import Host, Owner, OwnerReason, OwnerStatus
from tests.support.compared import NGINX, REDIS, RESOLVED, Daemon, codes, compared, dual, hidden, host, listening, said


def test_a_restart_is_no_change() -> None:
    again = Daemon("nginx", 510, 512, 513, unit="nginx.service")
    old = [listening("tcp", "0.0.0.0:80", NGINX, inode=5), listening("udp", "127.0.0.1:53", RESOLVED)]
    new = [listening("udp", "127.0.0.1:53", Daemon("dnsmasq", 7)), listening("tcp", "0.0.0.0:80", again, inode=9)]
    found = compared(old, new)
    assert (said(found), codes(found), found.notices) == ([], [], ())


def test_twins_of_both_families_are_one_dual_stack_socket() -> None:
    twins = [listening("tcp", "0.0.0.0:80", NGINX), listening("tcp", "[::]:80", NGINX)]
    assert said(compared(twins, [dual("[::]:80", NGINX)])) == []


def test_a_listing_that_does_not_say_whether_ipv6_takes_ipv4_is_not_contradicted() -> None:
    unsaid = [listening("tcp", "[::]:80", NGINX, v6only=None)]
    assert said(compared(unsaid, [dual("[::]:80", NGINX)])) == []
    assert said(compared(unsaid, [listening("tcp", "[::]:80", NGINX)])) == []


def test_a_new_listener_is_one_change() -> None:
    found = compared(
        [listening("tcp", "0.0.0.0:80", NGINX)], [dual("[::]:8080", REDIS), listening("tcp", "0.0.0.0:80", NGINX)]
    )
    assert said(found) == ["opened tcp/8080 *"]
    (change,) = found.changes
    assert (change.before, change.message) == (None, "tcp/8080 was opened on * by redis")
    assert change.programs[0].exe == "/usr/sbin/redis"


def test_a_socket_that_systemd_and_a_service_hold_opens_once() -> None:
    systemd = Daemon("systemd", 1, exe="/usr/lib/systemd/systemd", unit="init.scope")
    assert said(compared([], [listening("tcp", "0.0.0.0:22", systemd, Daemon("sshd"))])) == ["opened tcp/22 0.0.0.0"]


@pytest.mark.parametrize(
    ("before", "after", "change"),
    [
        (["127.0.0.1"], ["0.0.0.0"], ["widened tcp/80 127.0.0.1 → 0.0.0.0"]),
        (["0.0.0.0"], ["127.0.0.1"], ["narrowed tcp/80 0.0.0.0 → 127.0.0.1"]),
        (["127.0.0.1"], ["10.0.0.5"], ["widened tcp/80 127.0.0.1 → 10.0.0.5"]),
        (["10.0.0.5"], ["10.0.0.5", "10.0.0.6"], ["widened tcp/80 10.0.0.5 → 10.0.0.5, 10.0.0.6"]),
        (["10.0.0.5"], ["10.0.0.6"], ["opened tcp/80 10.0.0.6", "closed tcp/80 10.0.0.5"]),
        (["0.0.0.0"], ["[::]"], ["opened tcp/80 ::", "closed tcp/80 0.0.0.0"]),
        (["0.0.0.0"], ["0.0.0.0", "[::]"], ["widened tcp/80 0.0.0.0 → *"]),
        (["0.0.0.0"], ["0.0.0.0", "127.0.0.1"], []),
        (["127.0.0.1"], ["[::ffff:127.0.0.1]"], []),
    ],
)
def test_what_becomes_of_the_addresses_of_one_program(before: list[str], after: list[str], change: list[str]) -> None:
    old, new = ([listening("tcp", f"{text}:80", NGINX) for text in side] for side in (before, after))
    assert said(compared(old, new)) == change


def test_an_address_bound_to_a_device_is_covered_by_the_one_that_is_not() -> None:
    old = [listening("tcp", "0.0.0.0:80", NGINX, interface="eth0")]
    assert said(compared(old, [listening("tcp", "0.0.0.0:80", NGINX)])) == ["widened tcp/80 0.0.0.0%eth0 → 0.0.0.0"]


@pytest.mark.parametrize(
    ("facts", "change"),
    [
        ({"exe": "/opt/nginx"}, "program tcp/80 /usr/sbin/nginx → /opt/nginx"),
        ({"exe_deleted": True}, "program tcp/80 /usr/sbin/nginx → /usr/sbin/nginx (replaced)"),
        ({"user": "root"}, "user tcp/80 nginx → root"),
        ({"unit": "web.service"}, "unit tcp/80 nginx.service → web.service"),
        ({"container": "web"}, "unit tcp/80 nginx.service → web"),
    ],
)
def test_another_fact_of_the_program_is_one_change(facts: dict[str, object], change: str) -> None:
    other = Daemon("nginx", 77, **{"unit": "nginx.service"} | facts)
    found = compared([listening("tcp", "0.0.0.0:80", NGINX)], [listening("tcp", "0.0.0.0:80", other)])
    assert (said(found), codes(found)) == ([change], [])


def test_another_program_is_one_change_although_user_and_unit_are_others_too() -> None:
    found = compared([listening("tcp", "0.0.0.0:80", NGINX)], [listening("tcp", "0.0.0.0:80", REDIS)])
    assert (said(found), codes(found)) == (["program tcp/80 /usr/sbin/nginx → /usr/sbin/redis"], [])


def test_another_program_on_other_addresses_is_two_changes() -> None:
    found = compared([listening("tcp", "127.0.0.1:80", NGINX)], [listening("tcp", "0.0.0.0:80", REDIS)])
    assert said(found) == ["widened tcp/80 127.0.0.1 → 0.0.0.0", "program tcp/80 /usr/sbin/nginx → /usr/sbin/redis"]


def test_a_further_holder_of_the_same_socket_changes_its_owners() -> None:
    old, new = [listening("tcp", "0.0.0.0:80", NGINX)], [listening("tcp", "0.0.0.0:80", NGINX, REDIS)]
    assert said(compared(old, new)) == ["owners tcp/80 nginx → nginx, redis"]
    assert said(compared(new, old)) == ["owners tcp/80 nginx, redis → nginx"]


def test_a_socket_of_its_own_on_the_same_port_is_opened() -> None:
    old = [listening("tcp", "127.0.0.1:80", NGINX)]
    found = compared(old, [*old, listening("tcp", "10.0.0.5:80", REDIS)])
    assert said(found) == ["opened tcp/80 10.0.0.5"]


def test_a_service_that_systemd_starts_on_demand_is_no_change() -> None:
    systemd = Daemon("systemd", 1, exe="/usr/lib/systemd/systemd", unit="init.scope")
    old, new = [listening("tcp", "0.0.0.0:22", systemd)], [listening("tcp", "0.0.0.0:22", systemd, Daemon("sshd"))]
    found = compared(old, new)
    assert (said(found), [notice.code for notice in found.notices]) == ([], ["services_on_demand"])


def test_users_of_all_processes_count() -> None:
    root, worker = Daemon("nginx", 10, user="root"), Daemon("nginx", 11, user="www-data")
    both = [listening("tcp", "0.0.0.0:80", root, worker)]
    assert said(compared(both, both)) == []
    assert said(compared(both, [listening("tcp", "0.0.0.0:80", root)])) == ["user tcp/80 root, www-data → root"]


class TestBlindness:
    def test_owners_seen_on_one_side_only_are_no_change(self) -> None:
        found = compared([hidden("tcp", "0.0.0.0:80")], [listening("tcp", "0.0.0.0:80", NGINX)])
        assert (said(found), codes(found)) == ([], [("owners", "old")])
        assert found.blind[0].amount == 1
        assert found.blind[0].advice is not None

    def test_owners_that_may_be_more_are_not_compared(self) -> None:
        partial = listening("tcp", "0.0.0.0:80", NGINX, owner_status=OwnerStatus.PARTIAL, owner_reason=OwnerReason.OTHER_USER)
        found = compared([listening("tcp", "0.0.0.0:80", NGINX, REDIS)], [partial])
        assert (said(found), codes(found)) == ([], [("owners", "new")])

    def test_addresses_are_compared_whoever_holds_them(self) -> None:
        found = compared([hidden("tcp", "127.0.0.1:80")], [listening("tcp", "0.0.0.0:80", NGINX)])
        assert (said(found), codes(found)) == (["widened tcp/80 127.0.0.1 → 0.0.0.0"], [("owners", "old")])

    def test_one_cause_is_one_entry(self) -> None:
        old = [hidden("tcp", f"0.0.0.0:{port}") for port in range(80, 100)]
        new = [listening("tcp", f"0.0.0.0:{port}", NGINX) for port in range(80, 100)]
        (blind,) = compared(old, new).blind
        assert (blind.code, blind.amount) == ("owners", 20)

    def test_a_port_that_opened_is_certain_whoever_holds_it(self) -> None:
        found = compared([], [hidden("tcp", "0.0.0.0:80")])
        assert (said(found), codes(found)) == (["opened tcp/80 0.0.0.0"], [])

    def test_without_programs_nothing_is_blind(self) -> None:
        found = compared([hidden("tcp", "0.0.0.0:80")], [listening("tcp", "0.0.0.0:80", NGINX)], programs=False)
        assert (said(found), codes(found)) == ([], [])

    def test_names_alone_match_but_leave_facts_open(self) -> None:
        bare = listening("tcp", "0.0.0.0:80", owners=(Owner(10, 3, "nginx"),), owner_status=OwnerStatus.KNOWN)
        found = compared([bare], [listening("tcp", "0.0.0.0:80", NGINX)])
        assert (said(found), codes(found)) == ([], [("facts", "old")])
        found = compared([bare], [bare])
        assert (said(found), codes(found)) == ([], [])

    def test_names_that_the_kernel_cut_match(self) -> None:
        bare = listening("tcp", "0.0.0.0:80", owners=(Owner(10, 3, "systemd-resolve"),), owner_status=OwnerStatus.KNOWN)
        found = compared([bare], [listening("tcp", "0.0.0.0:80", Daemon("systemd-resolved"))])
        assert said(found) == []

    def test_another_name_is_another_program(self) -> None:
        bare = listening("tcp", "0.0.0.0:80", owners=(Owner(10, 3, "apache2"),), owner_status=OwnerStatus.KNOWN)
        found = compared([bare], [listening("tcp", "0.0.0.0:80", NGINX)])
        assert [change.kind for change in found.changes] == [Kind.PROGRAM]


class TestPortsThatTheSystemPicked:
    def test_a_program_has_another_one_after_a_restart(self) -> None:
        found = compared([listening("udp", "0.0.0.0:40001", RESOLVED)], [listening("udp", "0.0.0.0:50002", RESOLVED)])
        assert said(found) == []
        assert [(notice.code, notice.amount) for notice in found.notices] == [("ports_moved", 1)]

    def test_a_tcp_listener_has_another_one(self) -> None:
        found = compared([listening("tcp", "127.0.0.1:40001", REDIS)], [listening("tcp", "127.0.0.1:50002", REDIS)])
        assert said(found) == []

    def test_moving_and_widening_is_widening(self) -> None:
        found = compared([listening("tcp", "127.0.0.1:40001", REDIS)], [listening("tcp", "0.0.0.0:50002", REDIS)])
        assert said(found) == ["widened tcp/50002 127.0.0.1 → 0.0.0.0"]

    def test_another_program_does_not_take_it_over(self) -> None:
        found = compared([listening("tcp", "0.0.0.0:40001", REDIS)], [listening("tcp", "0.0.0.0:50002", NGINX)])
        assert said(found) == ["opened tcp/50002 0.0.0.0", "closed tcp/40001 0.0.0.0"]

    def test_one_more_tcp_listener_is_opened(self) -> None:
        old = [listening("tcp", "0.0.0.0:40001", REDIS)]
        new = [listening("tcp", "0.0.0.0:50002", REDIS), listening("tcp", "0.0.0.0:50003", REDIS)]
        assert [change.kind for change in compared(old, new).changes] == [Kind.OPENED]

    def test_more_udp_sockets_of_a_program_that_has_some_are_no_change(self) -> None:
        old = [listening("udp", "0.0.0.0:40001", RESOLVED)]
        new = [*old, listening("udp", "0.0.0.0:50002", RESOLVED)]
        assert said(compared(old, new)) == []
        assert said(compared([], new[:1])) == ["opened udp/40001 0.0.0.0"]

    def test_a_number_outside_the_range_is_chosen_and_counts(self) -> None:
        found = compared([listening("udp", "0.0.0.0:5001", RESOLVED)], [listening("udp", "0.0.0.0:5002", RESOLVED)])
        assert said(found) == ["opened udp/5002 0.0.0.0", "closed udp/5001 0.0.0.0"]

    def test_the_range_is_that_of_the_host(self) -> None:
        wide = Host("Linux", (5000, 6000), False, "web-1")
        old, new = (host([listening("udp", f"0.0.0.0:{port}", RESOLVED)], host=wide) for port in (5001, 5002))
        assert said(compared(old, new)) == []

    def test_two_programs_that_swap_their_numbers_are_no_change(self) -> None:
        old = [listening("udp", "0.0.0.0:40001", RESOLVED), listening("udp", "0.0.0.0:40002", REDIS)]
        new = [listening("udp", "0.0.0.0:40002", RESOLVED), listening("udp", "0.0.0.0:40001", REDIS)]
        assert said(compared(old, new)) == []

    def test_a_replaced_binary_on_the_same_number_is_one_change(self) -> None:
        other = Daemon("redis", 20, exe="/opt/redis")
        found = compared([listening("tcp", "0.0.0.0:40001", REDIS)], [listening("tcp", "0.0.0.0:40001", other)])
        assert said(found) == ["program tcp/40001 /usr/sbin/redis → /opt/redis"]

    def test_an_unseen_owner_may_be_the_same_program_under_another_number(self) -> None:
        found = compared([hidden("udp", "0.0.0.0:40001")], [listening("udp", "0.0.0.0:50002", RESOLVED)])
        assert (said(found), codes(found)) == ([], [("owners", "old")])
