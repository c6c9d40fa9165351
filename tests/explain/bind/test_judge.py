"""What the bind verdict makes of sockets as they are seen, without a kernel to ask."""

from collections.abc import Mapping

import pytest

from portsock.explain.bind.existing import MOST_ALIKE, inodes_in_the_way, sockets_on_port
from portsock.explain.bind.judge import PORT_ADDRESSES, PORT_PROTOCOLS, attempts_for, judge, ways, with_kernel_answer
from portsock.explain.bind.texts import TEXTS, Reason
from portsock.explain.types import Attempt, Way
from portsock.model import Host, Netns, Owner, Socket, State
from portsock.normalize.snapshot import normalize
from portsock.records import Holder, Identity, LocalAddress, SocketOptions, SocketRecord
from tests.support.factory import OWN, collection, tcp, udp

HOST = Host("Linux", (32768, 60999), False, addresses=frozenset({"127.0.0.1", "::1", "192.0.2.7", "fe80::7"}))
USER = Identity(1000, False)
ADDR, PORT = Way(reuseaddr=True), Way(reuseport=True)
BOTH_SET = SocketOptions(True, True, False)
NONE_SET = SocketOptions(False, False, False)


def seen(*records: SocketRecord) -> list[Socket]:
    return normalize([collection(records, {1: [Holder(7, 3, "srv")]})]).sockets


def verdict(
    sockets: list[Socket],
    address: str = "127.0.0.1",
    way: Way = Way(),  # noqa: B008 - immutable
    options: Mapping[int, SocketOptions] | None = None,
    *,
    port: int = 8080,
    protocol: str = "tcp",
    who: Identity = USER,
    host: Host = HOST,
    netns: int | None = None,
    bound_unseen: bool = False,
) -> Attempt:
    held = sockets_on_port(sockets, protocol, port, options or {}, netns)
    return judge(held, protocol, address, port, way, who, host, bound_unseen=bound_unseen)


def test_every_reason_has_its_own_text() -> None:
    assert set(TEXTS) == set(Reason)
    assert len(set(TEXTS.values())) == len(TEXTS)


def test_a_free_port_can_be_bound() -> None:
    free = verdict(seen(tcp("127.0.0.1:80")))
    assert (free.ok, free.errno, free.reason, free.blockers) == (True, None, None, ())


def test_a_blocker_is_shown_with_its_holders() -> None:
    taken = verdict(seen(tcp("0.0.0.0:8080", uid=1000)))
    assert (taken.ok, taken.errno) == (False, "EADDRINUSE")
    (blocker,) = taken.blockers
    assert (blocker.inode, blocker.state, blocker.owners) == (1, State.LISTEN, (Owner(7, 3, "srv"),))
    assert taken.reason is not None
    assert "LISTEN socket 0.0.0.0:8080" in taken.reason


def test_reuseaddr_does_not_help_against_a_listener_and_the_reason_says_so() -> None:
    taken = verdict(seen(tcp("0.0.0.0:8080")), way=ADDR, options={1: BOTH_SET})
    assert taken.ok is False
    assert taken.reason is not None
    assert "beside a listener SO_REUSEADDR does not help" in taken.reason


def test_reuseport_asks_for_one_user_and_root_is_no_exception() -> None:
    listener = seen(tcp("0.0.0.0:8080", uid=1000))
    assert verdict(listener, way=PORT, options={1: BOTH_SET}).ok is True
    root = verdict(listener, way=PORT, options={1: BOTH_SET}, who=Identity(0, True))
    assert (root.ok, root.errno) == (False, "EADDRINUSE")
    assert root.reason is not None
    assert "uid 1000" in root.reason


def test_unknown_options_leave_the_verdict_open_and_say_which() -> None:
    listener = seen(tcp("0.0.0.0:8080", uid=1000))
    unsure = verdict(listener, way=PORT)
    assert (unsure.ok, unsure.errno) == (None, None)
    assert unsure.reason is not None
    assert "SO_REUSEPORT" in unsure.reason
    assert verdict(listener).ok is False
    assert verdict(listener, way=ADDR).ok is False


def test_time_wait_of_a_program_that_is_gone_leaves_only_the_plain_way_decided() -> None:
    leftover = seen(tcp("127.0.0.1:8080", "127.0.0.1:40000", State.TIME_WAIT, inode=None, uid=None))
    assert verdict(leftover).ok is False
    assert verdict(leftover, way=ADDR).ok is None
    assert verdict(leftover, way=PORT).ok is None


def test_time_wait_has_the_options_of_the_listener_that_is_still_there_and_that_is_said() -> None:
    group = seen(
        tcp("127.0.0.1:8080", uid=1000),
        tcp("127.0.0.1:8080", "127.0.0.1:40000", State.TIME_WAIT, inode=None, uid=None),
    )
    joined = verdict(group, way=PORT, options={1: SocketOptions(False, True)})
    assert joined.ok is True
    assert joined.reason == TEXTS[Reason.INHERITED]


@pytest.mark.parametrize(
    ("v6only", "address", "ok"),
    [(True, "0.0.0.0", True), (False, "0.0.0.0", False), (None, "0.0.0.0", None), (True, "::1", False), (None, "::", False)],
)
def test_v6only_of_a_wildcard_decides_whether_it_is_in_the_way(v6only: bool | None, address: str, ok: bool | None) -> None:
    assert verdict(seen(tcp(":::8080", v6only=v6only)), address).ok is ok


def test_a_connected_ipv6_socket_without_v6only_is_in_the_way_of_the_ipv4_wildcard() -> None:
    client = seen(tcp("::1:40001", "::1:8080", inode=5))
    assert verdict(client, "0.0.0.0", options={5: NONE_SET}, port=40001).ok is False
    assert verdict(client, "127.0.0.1", options={5: NONE_SET}, port=40001).ok is True


def test_other_protocols_namespaces_and_devices_are_not_in_the_way() -> None:
    assert verdict(seen(udp("0.0.0.0:8080"))).ok is True
    assert verdict(seen(udp("0.0.0.0:8080")), protocol="udplite").ok is True
    assert verdict(seen(tcp("0.0.0.0:8080", protocol="mptcp"))).ok is False
    assert verdict(seen(tcp("0.0.0.0:8080", netns=Netns(7)), tcp("0.0.0.0:81")), netns=OWN.id).ok is True
    bound = seen(tcp("0.0.0.0:8080", interface="eth0"))
    assert verdict(bound, "0.0.0.0", Way(device="eth1")).ok is True
    assert verdict(bound, "0.0.0.0", Way(device="eth0")).ok is False
    assert verdict(bound, "0.0.0.0").ok is False


def test_a_connection_request_is_no_socket_that_could_be_in_the_way() -> None:
    assert verdict(seen(tcp("127.0.0.1:8080", "192.0.2.1:5", State.SYN_RECV, inode=None, uid=None))).ok is True


def test_low_ports_ask_for_the_capability_and_the_live_limit_counts() -> None:
    low = verdict([], port=80)
    assert (low.ok, low.errno) == (False, "EACCES")
    assert verdict([], port=80, who=Identity(1000, True)).ok is True
    assert verdict([], port=80, host=HOST._replace(sysctls={"net.ipv4.ip_unprivileged_port_start": "80"})).ok is True
    unsure = verdict([], port=80, who=Identity(1000, None))
    assert unsure.ok is None
    assert unsure.reason is not None
    assert "CAP_NET_BIND_SERVICE" in unsure.reason


def test_a_taken_low_port_fails_either_way_though_the_error_may_be_one_of_two() -> None:
    taken = verdict(seen(tcp("0.0.0.0:80")), port=80, who=Identity(1000, None))
    assert (taken.ok, taken.errno) == (False, None)


def test_the_kernel_looks_at_the_address_first_in_ipv4_and_at_the_privilege_first_in_ipv6() -> None:
    assert verdict([], "198.51.100.1", port=80).errno == "EADDRNOTAVAIL"
    assert verdict([], "2001:db8::1", port=80).errno == "EACCES"
    assert verdict([], "2001:db8::1").errno == "EADDRNOTAVAIL"


@pytest.mark.parametrize(
    "address", ["127.9.9.9", "192.0.2.7", "224.0.0.1", "255.255.255.255", "::ffff:127.0.0.1", "fe80::7%eth0"]
)
def test_addresses_that_can_be_bound_here(address: str) -> None:
    assert verdict([], address).errno is None


def test_a_link_local_address_needs_its_zone_and_tcp_takes_no_ipv6_multicast() -> None:
    assert verdict([], "fe80::7").errno == "EINVAL"
    assert verdict([], "ff02::1%eth0").errno == "EINVAL"
    assert verdict([], "localhost").errno == "EINVAL"


def test_nonlocal_bind_allows_foreign_addresses_and_unread_addresses_leave_it_open() -> None:
    assert verdict([], "198.51.100.1", host=HOST._replace(sysctls={"net.ipv4.ip_nonlocal_bind": "1"})).ok is True
    assert verdict([], "198.51.100.1", host=HOST._replace(addresses=None)).ok is None


def test_reserved_local_ports_never_block_an_explicit_bind() -> None:
    assert verdict([], host=HOST._replace(sysctls={"net.ipv4.ip_local_reserved_ports": "8080"})).ok is True


def test_a_source_that_hides_bound_sockets_leaves_a_free_port_open_for_tcp_only() -> None:
    assert verdict([], bound_unseen=True).ok is None
    assert verdict([], protocol="udp", bound_unseen=True).ok is True
    assert verdict(seen(tcp("0.0.0.0:8080")), bound_unseen=True).ok is False


def test_the_order_of_binds_leaves_it_open_where_the_kernel_may_take_a_short_cut() -> None:
    pair = seen(tcp("0.0.0.0:8080", uid=1000), tcp(":::8080", uid=1000, inode=2, v6only=True))
    options = {1: NONE_SET, 2: SocketOptions(False, True, True)}
    unsure = verdict(pair, "::", PORT._replace(v6only=False), options)
    assert unsure.ok is None
    assert unsure.reason == TEXTS[Reason.ORDER]
    assert verdict(pair, "::", Way(v6only=False), options).ok is False


def test_each_way_is_tried_for_each_address_and_protocol() -> None:
    attempts = attempts_for(seen(tcp("0.0.0.0:8080")), PORT_PROTOCOLS, PORT_ADDRESSES, 8080, USER, HOST, {})
    assert len(attempts) == 2 * (4 + 4 + 8)
    assert len(set(ways("::"))) == 8
    assert [one.options for one in attempts[:4]] == [
        (),
        ("SO_REUSEADDR",),
        ("SO_REUSEPORT",),
        ("SO_REUSEADDR", "SO_REUSEPORT"),
    ]
    assert {one.v6only for one in attempts if one.address == "::"} == {False, True}
    assert all(one.ok for one in attempts if one.protocol == "udp")


def test_both_options_get_past_sockets_of_which_each_needs_another() -> None:
    pair = seen(tcp("127.0.0.1:8080", uid=1000), tcp("127.0.0.1:8080", state=State.BOUND, uid=7, inode=2))
    options = {1: SocketOptions(False, True), 2: SocketOptions(True, False)}
    assert [verdict(pair, way=way, options=options).ok for way in (ADDR, PORT, Way(True, True))] == [False, False, True]


def test_the_kernel_s_answer_on_the_address_counts_whatever_the_list_of_addresses_says() -> None:
    absent = LocalAddress(True, "EADDRNOTAVAIL", "eth0", ("eth1", "eth2"))
    cases = {
        absent: "fe80::7%eth0 is not an address of the device eth0, but of eth1 and eth2",
        absent._replace(devices=()): "fe80::7%eth0 is not an address of this host",
        absent._replace(unready="eth0"): TEXTS[Reason.TENTATIVE].format(address="fe80::7%eth0", unready="eth0"),
        absent._replace(unready="eth0", duplicate=True): TEXTS[Reason.DUPLICATE].format(
            address="fe80::7%eth0", unready="eth0"
        ),
        LocalAddress(True, "ENODEV"): "there is no device eth0",
        LocalAddress(True, "EINVAL"): TEXTS[Reason.NO_ZONE].format(address="fe80::7%eth0"),
    }
    for asked, reason in cases.items():
        found = judge((), "tcp", "fe80::7%eth0", 8080, Way(), USER, HOST, asked=asked)
        assert (found.ok, found.errno, found.reason) == (False, asked.errno, reason)
        assert found.elsewhere == bool(asked.devices or asked.unready)  # this host has the address, though not there
    assert judge((), "tcp", "fe80::9%eth0", 8080, Way(), USER, HOST, asked=LocalAddress(True)).ok is True
    assert judge((), "tcp", "fe80::7%eth0", 8080, Way(), USER, HOST, asked=LocalAddress(False)).ok is None


def test_port_0_has_the_doubts_about_its_address() -> None:
    found = verdict([], "fe80::7%eth0", port=0)
    assert (found.ok, found.reason) == (None, "it depends on whether fe80::7%eth0 is an address of the device eth0")


@pytest.mark.parametrize(
    ("address", "protocol", "errno"),
    [
        ("fe80::7%none", "udp", "ENODEV"),  # a name is looked up before bind(2) is called
        ("fe80::7%99", "udp", "EACCES"),
        ("127.0.0.1%none", "tcp", "ENODEV"),
        ("::%none", "tcp", "ENODEV"),
        ("ff02::fb%none", "tcp", "ENODEV"),
        ("ff02::fb%99", "tcp", "EINVAL"),
        ("ff02::fb%99", "udp", "EACCES"),
    ],
)
def test_a_missing_device_and_a_low_port_fail_in_the_kernel_s_order(address: str, protocol: str, errno: str) -> None:
    found = judge((), protocol, address, 80, Way(), USER, HOST, asked=LocalAddress(True, "ENODEV"))
    assert (found.ok, found.errno) == (False, errno)


def test_only_options_of_sockets_in_the_way_are_read() -> None:
    group = seen(
        tcp("127.0.0.2:8080", inode=10),
        tcp("127.0.0.1:8080", inode=11),
        tcp("0.0.0.0:81", inode=12),
        udp("0.0.0.0:8080", inode=13),
        tcp("127.0.0.1:8080", "127.0.0.1:5", State.TIME_WAIT, inode=None),
    )
    assert inodes_in_the_way(group, ("tcp",), ("127.0.0.1",), 8080) == {11}
    assert inodes_in_the_way(group, ("tcp", "udp"), ("0.0.0.0",), 8080) == {10, 11, 13}


def test_thousands_of_connections_that_count_alike_are_not_all_shown() -> None:
    connections = (tcp("127.0.0.1:8080", f"192.0.2.1:{n}", inode=n) for n in range(1000, 6000))
    crowd = seen(tcp("127.0.0.1:8080", inode=9), *connections)
    assert len(verdict(crowd).blockers) <= MOST_ALIKE
    assert len(inodes_in_the_way(crowd, ("tcp",), ("127.0.0.1",), 8080)) <= MOST_ALIKE + 1


def test_another_system_s_rules_are_claimed_only_where_they_are_certain() -> None:
    mac = HOST._replace(system="Darwin", sysctls={})
    taken = seen(tcp("127.0.0.1:8080"))
    assert verdict(taken, host=mac).errno == "EADDRINUSE"
    assert verdict(taken, way=ADDR, host=mac).ok is None
    assert verdict(taken, "0.0.0.0", host=mac).ok is None
    assert verdict([], host=mac).ok is True


def test_protocols_whose_rules_are_not_known_are_left_open() -> None:
    assert verdict([], protocol="sctp").ok is None


def test_the_kernel_s_own_answer_replaces_the_verdict() -> None:
    asked = verdict(seen(tcp("0.0.0.0:8080", uid=1000)), way=PORT)
    assert with_kernel_answer(asked, None)._replace(blockers=()) == asked._replace(
        ok=True, reason=None, tried=True, blockers=()
    )
    refused = with_kernel_answer(asked, "EADDRINUSE")
    assert (refused.ok, refused.errno, refused.tried, len(refused.blockers)) == (False, "EADDRINUSE", True, 1)


def test_an_orphaned_fin_wait_2_has_no_user_and_one_with_a_process_has() -> None:
    def attempt(inode: int | None) -> Attempt:
        left = tcp("127.0.0.1:8080", "127.0.0.1:40000", State.FIN_WAIT_2, inode=inode, uid=7)
        return verdict(seen(tcp("127.0.0.1:8080", inode=9, uid=1000), left), way=PORT, options={9: SocketOptions(False, True)})

    assert attempt(None).ok is True
    assert attempt(3).ok is None


def test_a_subflow_is_in_the_way_only_as_its_mptcp_socket() -> None:
    flow = seen(tcp("127.0.0.1:8080"))[0]._replace(subflow_of=5)
    assert verdict([flow]).ok is True


@pytest.mark.parametrize("way", [ADDR, PORT])
def test_options_leave_the_verdict_of_another_system_open(way: Way) -> None:
    assert verdict(seen(tcp("127.0.0.1:8080")), way=way, host=HOST._replace(system="Darwin", sysctls={})).ok is None
