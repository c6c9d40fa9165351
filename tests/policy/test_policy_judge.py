"""What a policy says of sockets: selectors, the first rule, what cannot be known, and what other tools get wrong."""

import pytest

from portsock.model import Coverage, Netns, Notice, OwnerReason, OwnerStatus, Role, Source, State, Viewpoint
from portsock.policy.types import Status
from portsock.reachability import Reach, Reachable, Verdict
from tests.support.factory import LINUX
from tests.support.policies import NGINX, PYTHON, SSHD, WEB, WORKER, judged, messages, status, tcp, udp

PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
HIDDEN = {"owner_status": OwnerStatus.HIDDEN, "owner_reason": OwnerReason.OTHER_USER, "owners": ()}
LISTING = Source("capture", None, ())


def one(rule: str) -> str:
    return f"  - {{{rule}}}"


@pytest.mark.parametrize(
    ("rule", "socket", "expected"),
    [
        ("port: 8080", tcp("0.0.0.0:8080"), PASS),
        ("port: 8080", tcp("0.0.0.0:8081"), FAIL),
        ("port: 8000-8100", tcp("0.0.0.0:8080"), PASS),
        ("port: [80, 8080]", tcp("0.0.0.0:8080"), PASS),
        ("port: ephemeral", tcp("0.0.0.0:40000"), PASS),
        ("port: ephemeral", tcp("0.0.0.0:8080"), FAIL),
        ("port: 53, protocol: tcp", udp("0.0.0.0:53"), FAIL),
        ("port: 53, protocol: [tcp, udp]", udp("0.0.0.0:53"), PASS),
        ("protocol: tcp", tcp("0.0.0.0:80", protocol="mptcp"), PASS),
        ("protocol: mptcp", tcp("0.0.0.0:80"), FAIL),
        ("protocol: tcp4", tcp("[::]:80", v6only=False), PASS),
        ("protocol: tcp6", tcp("[::]:80", v6only=False), PASS),
        ("protocol: tcp4", tcp("[::]:80", v6only=True), FAIL),
        ("protocol: tcp6", tcp("0.0.0.0:80"), FAIL),
        ("protocol: tcp4", tcp("[::]:80", v6only=None), UNKNOWN),
        ("protocol: tcp6", tcp("[::ffff:127.0.0.1]:80"), FAIL),
        ("address: 127.0.0.1", tcp("127.0.0.1:80"), PASS),
        ("address: 127.0.0.1", tcp("127.0.0.2:80"), FAIL),
        ("address: 127.0.0.0/8", tcp("127.0.0.2:80"), PASS),
        ("address: 10.0.0.0/8", tcp("0.0.0.0:80"), FAIL),
        ("address: 0.0.0.0/0", tcp("0.0.0.0:80"), PASS),
        ("address: 0.0.0.0/0", tcp("[::]:80", v6only=False), FAIL),
        ("address: '*'", tcp("[::]:80", v6only=False), PASS),
        ("address: '*'", tcp("127.0.0.1:80"), FAIL),
        ("address: '::'", tcp("0.0.0.0:80"), FAIL),
        ("address: '::1'", tcp("[::1]:80"), PASS),
        ("scope: loopback", tcp("127.0.0.1:80"), PASS),
        ("scope: loopback", tcp("10.0.0.1:80"), FAIL),
        ("scope: private", tcp("10.0.0.1:80"), PASS),
        ("scope: private", tcp("127.0.0.1:80"), PASS),
        ("scope: private", tcp("100.64.0.1:80"), FAIL),
        ("scope: public", tcp("0.0.0.0:80"), FAIL),
        ("scope: all", tcp("0.0.0.0:80"), PASS),
        ("scope: private", tcp("192.0.2.1:80"), FAIL),
        ("program: nginx", tcp("0.0.0.0:80", NGINX), PASS),
        ("program: 'ngi*'", tcp("0.0.0.0:80", NGINX), PASS),
        ("program: nginx", tcp("0.0.0.0:80", NGINX, SSHD), FAIL),
        ("program: [nginx, sshd]", tcp("0.0.0.0:80", NGINX, SSHD), PASS),
        ("program: python3.11", tcp("0.0.0.0:80", PYTHON), PASS),
        ("program: python", tcp("0.0.0.0:80", PYTHON), FAIL),
        ("exe: /usr/sbin/nginx", tcp("0.0.0.0:80", NGINX), PASS),
        ("exe: '/opt/*'", tcp("0.0.0.0:80", NGINX), FAIL),
        ("user: root", tcp("0.0.0.0:80", NGINX, WORKER), FAIL),
        ("user: [root, www-data]", tcp("0.0.0.0:80", NGINX, WORKER), PASS),
        ("unit: nginx", tcp("0.0.0.0:80", NGINX), PASS),
        ("unit: nginx.service", tcp("0.0.0.0:80", NGINX), PASS),
        ("unit: ssh", tcp("0.0.0.0:80", WEB), FAIL),
        ("container: web", tcp("0.0.0.0:80", WEB), PASS),
        ("container: web", tcp("0.0.0.0:80", NGINX), FAIL),
        ("netns: own", tcp("0.0.0.0:80"), PASS),
        ("netns: other", tcp("0.0.0.0:80"), FAIL),
        ("netns: 'qdhcp-*'", tcp("0.0.0.0:80", netns=Netns(7, "qdhcp-1")), PASS),
        ("netns: own", tcp("0.0.0.0:80", netns=Netns(7, "qdhcp-1")), FAIL),
        ("port: 80, hosts: 'WEB-*'", tcp("0.0.0.0:80"), PASS),
        ("port: 80, hosts: db", tcp("0.0.0.0:80"), FAIL),
        ("port: 80, program: nginx", tcp("0.0.0.0:80", **HIDDEN), UNKNOWN),
        ("port: 80", tcp("0.0.0.0:80", **HIDDEN), PASS),
        ("port: 81, program: nginx", tcp("0.0.0.0:80", **HIDDEN), FAIL),
        ("port: 80, user: root", tcp("0.0.0.0:80", owner_status=OwnerStatus.UNREPORTED, owners=()), UNKNOWN),
        ("port: 80, program: nginx", tcp("0.0.0.0:80", owner_status=OwnerStatus.UNHELD, owners=()), UNKNOWN),
        ("port: 80", tcp("0.0.0.0:80", state=None, role=Role.UNKNOWN), PASS),
        ("port: 81", tcp("0.0.0.0:80", state=None, role=Role.UNKNOWN), UNKNOWN),
    ],
)  # fmt: skip
def test_a_selector_matches_what_the_manual_says(rule: str, socket: object, expected: Status) -> None:
    assert status(one(rule), socket) is expected  # type: ignore[arg-type]


def test_a_container_may_be_named_by_the_beginning_of_its_id() -> None:
    held = WEB._replace(container="0a1b2c3d4e5f")
    for rule, expected in (("0a1b2c3d", PASS), ("0a1b2c3d4e5f6071", PASS), ("0a1", FAIL), ("1a1b2c3d", FAIL)):
        assert status(one(f"container: {rule}"), tcp("0.0.0.0:80", held), processes=[held]) is expected


def test_units_are_unknown_where_the_source_does_not_report_them() -> None:
    covers = Coverage(frozenset({"tcp", "udp"}), None, None)
    assert status(one("unit: ssh"), tcp("0.0.0.0:80", WEB), source=LISTING, covers=covers) is UNKNOWN


def test_a_connected_or_unbound_socket_and_a_bound_tcp_socket_do_not_listen() -> None:
    sockets = [
        udp("10.0.0.1:40000", remote="10.0.0.2:53"),
        tcp("10.0.0.1:40001", state=State.BOUND, role=Role.BOUND),
        udp("0.0.0.0:0", role=Role.UNKNOWN),
    ]
    assert judged("listeners: []", *sockets) == []


# Known failures of other tools: the numbers are those of their issues.


def test_testinfra_286_a_mapped_loopback_address_is_the_ipv4_one() -> None:
    assert status(one("port: 8060, protocol: tcp, address: 127.0.0.1, must: true"), tcp("[::ffff:127.0.0.1]:8060")) is PASS


def test_testinfra_355_an_ipv6_wildcard_of_any_spelling_is_found() -> None:
    rule = one("port: [22, 5432], protocol: tcp, address: '::', must: true")
    assert status(rule, tcp("[::]:22", v6only=False), tcp("*:5432")) is PASS


def test_testinfra_389_a_dual_stack_listener_is_one_of_ipv4_too() -> None:
    rule = one("port: 80, protocol: tcp, address: 0.0.0.0, must: true")
    assert status(rule, tcp("[::]:80", v6only=False)) is PASS
    assert status(one("port: 80, protocol: tcp, must: true"), tcp("*:80")) is PASS


def test_inspec_3209_a_listener_on_ipv6_is_one_of_tcp_and_of_tcp6() -> None:
    rules = f"{one('port: 9102, protocol: tcp, must: true')}\n{one('port: 9102, protocol: tcp6, must: true')}"
    assert status(rules, tcp("[::]:9102", v6only=False)) is PASS


def test_wazuh_27331_a_port_is_no_prefix_of_another() -> None:
    assert status(one("port: 25"), tcp("0.0.0.0:25565")) is FAIL
    assert status(one("port: 25565"), tcp("0.0.0.0:25")) is FAIL
    (result,) = [each for each in judged(one("port: 25, must: true"), tcp("0.0.0.0:25565")) if each.listener is None]
    assert result.status is FAIL


def test_ossec_2063_queues_order_and_pids_change_nothing() -> None:
    rules = "\n".join([one("port: 443, program: nginx, must: true"), one("port: 25, program: sshd")])
    before = judged(rules, tcp("0.0.0.0:443", NGINX, recv_q=0), tcp("0.0.0.0:25", SSHD))
    again = NGINX._replace(pid=99)
    after = judged(
        rules, tcp("0.0.0.0:25", SSHD), tcp("0.0.0.0:443", again, recv_q=3), processes=[again, SSHD, NGINX]
    )  # fmt: skip
    assert sorted(each.message for each in before) == sorted(each.message for each in after)
    assert {each.status for each in after} == {PASS}


def test_ansibles_whitelist_example_finds_what_is_not_in_the_list() -> None:
    found = judged(one("port: [22, 25], protocol: tcp"), tcp("0.0.0.0:22", SSHD), tcp("0.0.0.0:8080"))
    assert [(each.listener and each.listener.port, each.status) for each in found] == [(22, PASS), (8080, FAIL)]


# Which rule decides, and what is said.


def test_the_message_names_what_where_who_and_the_line_that_nearly_allows_it() -> None:
    text = "version: 1\nlisteners:\n  - {port: 8080, program: nginx}\n"
    assert messages(text, tcp("0.0.0.0:8080")) == [
        "8080/tcp on all IPv4 addresses is held by python3 (dev, user@1000.service/app.service); line 3 allows only nginx"
    ]
    assert messages(text, tcp("0.0.0.0:9090", SSHD)) == [
        "9090/tcp on all IPv4 addresses is held by sshd (root, ssh.service); no rule allows it"
    ]
    assert messages(text + "  - {port: 8080, program: python3, user: root, scope: loopback}\n", tcp("0.0.0.0:8080"))[
        0
    ].endswith("line 3 allows only nginx")


def test_the_first_rule_that_matches_decides() -> None:
    rules = [one("port: 23, forbid: true, comment: use ssh"), one("port: 1-1000")]
    assert messages("\n".join(rules), tcp("0.0.0.0:23", SSHD)) == [
        "23/tcp on all IPv4 addresses is held by sshd (root, ssh.service); line 3 forbids it: use ssh"
    ]
    assert status("\n".join(reversed(rules)), tcp("0.0.0.0:23", SSHD)) is PASS


def test_what_nobody_can_say_is_unknown_only_where_it_makes_a_difference() -> None:
    hidden = tcp("0.0.0.0:80", **HIDDEN)
    unsure, sure, never = one("port: 80, program: nginx"), one("port: 80"), one("port: 80, forbid: true, user: root")
    assert status(f"{unsure}\n{sure}", hidden) is PASS
    assert status(f"{unsure}\n{never}", hidden) is UNKNOWN
    assert status(never, hidden) is FAIL
    assert status(f"{never}\n{sure}", hidden) is UNKNOWN
    (text,) = messages(unsure, hidden)
    assert text == (
        "80/tcp on all IPv4 addresses is held by a process that was not seen; nobody can say whether line 3 matches "
        "[the owners were not seen: run it as root, or take the capture as root]"
    )


def test_each_address_of_a_program_is_judged_for_itself() -> None:
    found = judged(one("port: 53, scope: loopback"), tcp("127.0.0.1:53", SSHD), tcp("10.0.0.1:53", SSHD))
    assert {(each.listener and each.listener.addresses, each.status) for each in found} == {
        (("127.0.0.1",), PASS),
        (("10.0.0.1",), FAIL),
    }


def test_what_is_ignored_passes_with_its_reason() -> None:
    text = "listeners: []\nignore:\n  - {port: 8080, reason: being moved}"
    (result,) = judged(text, tcp("0.0.0.0:8080"))
    assert (result.status, result.ignored) == (PASS, True)
    assert result.message.endswith("line 4 leaves it out: being moved")
    hidden = tcp("0.0.0.0:8080", **HIDDEN)
    assert status("listeners: []\nignore:\n  - {program: x, reason: y}", hidden) is UNKNOWN


def test_default_allow_closes_only_ports_that_a_rule_names() -> None:
    text = "version: 1\ndefault: allow\nlisteners:\n  - {port: 22, protocol: tcp, program: sshd}\n  - {port: 23, forbid: true}"
    assert status(text, tcp("0.0.0.0:8080")) is PASS
    assert status(text, udp("0.0.0.0:22")) is PASS
    assert status(text, tcp("0.0.0.0:22")) is FAIL
    assert status(text, tcp("0.0.0.0:23")) is FAIL


# Rules that something must meet.


def test_a_required_rule_fails_where_nothing_meets_it_and_names_what_is_there() -> None:
    rule = one("port: 443, protocol: tcp, program: nginx, must: true, comment: the site")
    assert messages(rule) == ["nothing that it names listens on 443/tcp; line 3 requires 443/tcp with program nginx: the site"]
    found = messages(rule, tcp("0.0.0.0:443", SSHD))
    assert found[-1] == (
        "443/tcp on all IPv4 addresses is held by sshd (root, ssh.service); "
        "line 3 requires 443/tcp with program nginx: the site"
    )


def test_each_port_of_a_list_is_required_and_one_of_a_range() -> None:
    assert status(one("port: [80, 443], must: true"), tcp("0.0.0.0:80"), tcp("0.0.0.0:443")) is PASS
    assert messages(one("port: [80, 443], must: true"), tcp("0.0.0.0:80")) == [
        "nothing that it names listens on 443; line 3 requires 443"
    ]
    assert status(one("port: 80-443, must: true"), tcp("0.0.0.0:100")) is PASS


def test_a_required_rule_is_unknown_where_what_meets_it_may_be_hidden() -> None:
    rule = one("port: 80, program: nginx, must: true")
    assert status(rule, tcp("0.0.0.0:80", **HIDDEN)) is UNKNOWN
    capture = {"source": LISTING}
    found = judged(one("port: 53, protocol: udp, must: true"), tcp("0.0.0.0:80"), **capture)
    assert [each.status for each in found if each.rule and each.listener is None] == [UNKNOWN]


def test_a_required_rule_may_be_met_behind_another_that_decides() -> None:
    rules = f"{one('port: 1-1000')}\n{one('port: 80, program: nginx, must: true')}"
    assert status(rules, tcp("0.0.0.0:80", NGINX)) is PASS


# What was not seen.


def test_a_protocol_that_a_listing_does_not_have_is_unknown() -> None:
    found = judged(one("port: 80"), tcp("0.0.0.0:80"), source=LISTING)
    assert [(each.status, each.message) for each in found[1:]] == [
        (UNKNOWN, "udp was not read: nobody can say whether anything listens there")
    ]
    assert status("version: 1\nprotocols: tcp\nlisteners:\n  - port: 80", tcp("0.0.0.0:80"), source=LISTING) is PASS


def test_a_capture_covers_what_it_says() -> None:
    whole = Coverage(frozenset({"tcp", "udp"}), None, None)
    assert status(one("port: 80"), tcp("0.0.0.0:80"), source=LISTING, covers=whole) is PASS
    no_listeners = whole._replace(states=frozenset({State.ESTABLISHED}))
    assert UNKNOWN in {each.status for each in judged(one("port: 80"), source=LISTING, covers=no_listeners)}
    filtered = whole._replace(filters=("--port 80",))
    assert [each.cause for each in judged(one("port: 80"), source=LISTING, covers=filtered)] == [
        "the capture was made with --port 80, which left sockets out: take it without"
    ]
    assert status(one("port: 80"), tcp("0.0.0.0:80"), source=LISTING, covers=whole._replace(filters=("-l",))) is PASS


def test_what_was_not_read_is_one_unknown_for_each_cause() -> None:
    notices = (Notice("skipped", 3, "3 lines were not read"), Notice("owners_hidden", 1, "hidden"), Notice("x", 1, "y", False))
    found = judged(one("port: 80"), tcp("0.0.0.0:80"), notices=notices)
    assert [each.cause for each in found if each.status is UNKNOWN] == ["3 lines were not read"]


def test_an_input_that_was_not_read_is_unknown_and_no_hosts_fault() -> None:
    found = judged(one("port: 80, must: true"), notices=(Notice("input_unreadable", 1, "x.json: no listing"),))
    assert [(each.host, each.status) for each in found] == [("web-1", FAIL), (None, UNKNOWN)]


def test_a_required_rule_for_another_namespace_that_was_not_read_is_unknown() -> None:
    rule = one("port: 53, netns: blue, must: true")
    own = Viewpoint(Netns(1))
    assert [each.cause for each in judged(rule, viewpoint=own)] == [
        "no such network namespace was read: --netns all reads all"
    ]
    assert status(rule, viewpoint=own._replace(others=(Netns(2, "blue"),))) is FAIL


def test_the_own_namespace_is_told_from_others_by_its_number() -> None:
    sockets = [tcp("0.0.0.0:80", netns=Netns(1)), tcp("0.0.0.0:80", netns=Netns(2)), tcp("0.0.0.0:80", netns=Netns(3, "blue"))]
    found = judged(one("port: 80, netns: own"), *sockets, viewpoint=Viewpoint(Netns(1)))
    assert [(each.listener and each.listener.netns and each.listener.netns.id, each.status) for each in found] == [
        (1, PASS),
        (2, FAIL),
        (3, FAIL),
    ]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        ((("10.0.0.0/8", Reachable.ACCEPT), ("0.0.0.0/0", Reachable.DROP)), PASS),
        ((("10.2.0.0/16", Reachable.ACCEPT), ("0.0.0.0/0", Reachable.DROP)), PASS),
        ((("0.0.0.0/0", Reachable.ACCEPT),), FAIL),
        ((("192.168.0.0/16", Reachable.ACCEPT), ("0.0.0.0/0", Reachable.REJECT)), FAIL),
        ((("0.0.0.0/0", Reachable.UNKNOWN),), UNKNOWN),
        ((), UNKNOWN),
    ],
)
def test_reach_is_what_the_packet_filter_lets_in(sources: tuple[tuple[str, Reachable], ...], expected: Status) -> None:
    from portsock.normalize.ports import group_ports
    from portsock.policy.check import check
    from portsock.port_numbers import EMPTY
    from tests.support.policies import policy, taken

    reach = Reach(Reachable.MIXED, tuple(Verdict(network, verdict) for network, verdict in sources))
    seen = taken([tcp("0.0.0.0:5432")])
    ports = [port._replace(reach=reach) for port in group_ports(seen.sockets, EMPTY, False)]
    (result,) = check(policy(one("port: 5432, reach: 10.0.0.0/8")), seen, ports, {})
    assert result.status is expected


def test_a_host_gets_the_rules_and_variables_of_its_groups() -> None:
    text = """
        version: 1
        variables: {web: 443, admin: [22, 2222]}
        groups:
          staging: {hosts: "web-*", variables: {web: 8443}}
          db: {hosts: db*}
        listeners:
          - {port: "${web}"}
          - {port: "${admin}"}
          - {port: 5432, groups: db}
    """
    for host, allowed in (("web-1.example.com", {8443, 22, 2222}), ("db1", {443, 22, 2222, 5432}), ("other", {443, 22, 2222})):
        found = judged(text, *(tcp(f"0.0.0.0:{port}") for port in (22, 443, 2222, 5432, 8443)), host=LINUX._replace(name=host))
        assert {each.listener.port for each in found if each.listener and each.status is PASS} == allowed
