"""The grammar of TARGET: every form of the manual, and the refusal of every other."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.port_numbers import EMPTY
from portsock.query.target import (
    ConnectionTarget,
    InetTarget,
    NameTarget,
    NumberTarget,
    ServiceTarget,
    UnixTarget,
    parse_socket_end,
    parse_target,
)
from portsock.query.values import parse_ports
from tests.support.query_factory import SERVICES


def parse_inet(text: str) -> InetTarget:
    found = parse_target(text, SERVICES)
    assert isinstance(found, InetTarget)
    assert found.text == text
    return found


def refusal(text: str) -> str:
    with pytest.raises(UsageError) as caught:
        parse_target(text, SERVICES)
    return str(caught.value)


@pytest.mark.parametrize(
    ("text", "protocol", "ports"),
    [
        ("8080", None, (8080, 8080)),
        (":8080", None, (8080, 8080)),
        ("*:8080", None, (8080, 8080)),
        ("0", None, (0, 0)),
        ("65535", None, (65535, 65535)),
        ("8000-8100", None, (8000, 8100)),
        ("*:8000-8100", None, (8000, 8100)),
        ("tcp/8080", "tcp", (8080, 8080)),
        ("tcp:8080", "tcp", (8080, 8080)),
        ("8080/udp", "udp", (8080, 8080)),
        ("8080/UDP", "udp", (8080, 8080)),
        ("sctp/1-9", "sctp", (1, 9)),
    ],
)
def test_ports(text: str, protocol: str | None, ports: tuple[int, int]) -> None:
    found = parse_inet(text)
    assert (found.kind, found.protocol, found.ports, found.networks) == ("port", protocol, ports, ())


@pytest.mark.parametrize(
    ("text", "kind", "addresses", "port"),
    [
        ("10.0.0.5", "address", ["10.0.0.5"], None),
        ("192.168.1.3:63240", "endpoint", ["192.168.1.3"], 63240),
        ("0.0.0.0:80", "endpoint", ["0.0.0.0"], 80),
        ("[::1]:631", "endpoint", ["::1"], 631),
        ("[::1]", "address", ["::1"], None),
        ("::1", "address", ["::1"], None),
        ("::", "address", ["::"], None),
        ("::80", "address", ["::80"], None),
        (":::80", "endpoint", ["::"], 80),
        (":::*", "address", ["::"], None),
        ("10.0.0.5:*", "address", ["10.0.0.5"], None),
        ("[2001:DB8:0::1]:80", "endpoint", ["2001:db8::1"], 80),
        ("1:2:3:4:5:6:7:8:80", "endpoint", ["1:2:3:4:5:6:7:8"], 80),
        ("1:2:3:4:5:6:7:80", "address", ["1:2:3:4:5:6:7:80"], None),
        ("fe80::a00:27ff:fe4e:66a1", "address", ["fe80::a00:27ff:fe4e:66a1"], None),
        ("::ffff:10.0.0.1", "address", ["10.0.0.1"], None),
        ("::ffff:10.0.0.1:80", "endpoint", ["10.0.0.1"], 80),
        ("[::ffff:10.0.0.1]:80", "endpoint", ["10.0.0.1"], 80),
        ("[::ffff:a00:1]:80", "endpoint", ["10.0.0.1"], 80),
        ("localhost:3000", "endpoint", ["127.0.0.1", "::1"], 3000),
        ("LocalHost", "address", ["127.0.0.1", "::1"], None),
    ],
)
def test_addresses_and_endpoints(text: str, kind: str, addresses: list[str], port: int | None) -> None:
    found = parse_inet(text)
    assert found.kind == kind
    assert [network.address for network in found.networks] == addresses
    assert found.ports == (None if port is None else (port, port))


@pytest.mark.parametrize(
    "text", ["fe80::1%eth0", "[fe80::1%eth0]", "[fe80::1%eth0]:80", "[fe80::1]%eth0:80", "fe80::1%eth0:80"]
)
def test_zones(text: str) -> None:
    found = parse_inet(text)
    assert (found.zone, found.networks[0].address) == ("eth0", "fe80::1")
    assert found.ports == ((80, 80) if text.endswith(":80") else None)


@pytest.mark.parametrize(
    ("text", "kind", "address", "zone", "port"),
    [
        ("0.0.0.0%v0:10010", "endpoint", "0.0.0.0", "v0", 10010),
        ("127.0.0.53%lo:53", "endpoint", "127.0.0.53", "lo", 53),
        ("127.0.0.53%lo", "address", "127.0.0.53", "lo", None),
        ("*%v0:10010", "port", None, "v0", 10010),
        ("[fe80::1]%eth0:546", "endpoint", "fe80::1", "eth0", 546),
    ],
)
def test_local_endpoints_as_ss_prints_them(text: str, kind: str, address: str | None, zone: str, port: int | None) -> None:
    found = parse_inet(text)
    assert (found.kind, found.zone) == (kind, zone)
    assert [network.address for network in found.networks] == ([] if address is None else [address])
    assert found.ports == (None if port is None else (port, port))


@pytest.mark.parametrize("text", [":http", "*:http", "tcp/:http", ":http/tcp"])
def test_a_service_may_stand_for_a_port_at_any_address(text: str) -> None:
    for found in (parse_target(text, SERVICES), parse_socket_end(text, SERVICES)):
        assert isinstance(found, ServiceTarget)
        assert (found.name, found.pairs) == ("http", frozenset({("tcp", 80)}))


@pytest.mark.parametrize(
    ("text", "network", "length", "port"),
    [
        ("10.0.0.0/8", "10.0.0.0", 8, None),
        ("10.9.8.7/8", "10.0.0.0", 8, None),
        ("10.0.0.0/8:443", "10.0.0.0", 8, 443),
        ("0.0.0.0/0", "0.0.0.0", 0, None),
        ("fd00::/8", "fd00::", 8, None),
        ("[fd00::/8]:443", "fd00::", 8, 443),
        ("::/0", "::", 0, None),
        ("::ffff:10.0.0.0/104", "10.0.0.0", 8, None),
    ],
)
def test_networks(text: str, network: str, length: int, port: int | None) -> None:
    found = parse_inet(text)
    assert (found.kind, found.networks[0].address, found.networks[0].length) == ("network", network, length)
    assert found.ports == (None if port is None else (port, port))


def test_an_alphabetic_suffix_is_a_protocol_and_a_numeric_one_a_prefix_length() -> None:
    assert parse_inet("127.0.0.1:53/udp")[1:4] == ("endpoint", "udp", (53, 53))
    assert parse_inet("10.0.0.0/8/udp")[1:4] == ("network", "udp", None)
    assert parse_inet("tcp/[fd00::/8]:443")[1:4] == ("network", "tcp", (443, 443))


def test_services() -> None:
    assert parse_target("http", SERVICES) == ServiceTarget("http", "http", frozenset({("tcp", 80)}))
    assert parse_target("service:www", SERVICES) == ServiceTarget("service:www", "www", frozenset({("tcp", 80)}))
    assert parse_target("domain/udp", SERVICES) == ServiceTarget("domain/udp", "domain", frozenset({("udp", 53)}))
    assert refusal("http/udp") == "'http/udp' is in no table of services; it has http/tcp"


@pytest.mark.parametrize(
    "text", ["127.0.0.1:1,[::1]:2", "127.0.0.1:1->[::1]:2", "127.0.0.1:1→[::1]:2", "127.0.0.1:1 -> [::1]:2"]
)
def test_connections(text: str) -> None:
    found = parse_target(text, SERVICES)
    assert isinstance(found, ConnectionTarget)
    assert [(one.networks[0].address, one.ports) for one in found.ends] == [("127.0.0.1", (1, 1)), ("::1", (2, 2))]
    assert found.protocol is None


@pytest.mark.parametrize(
    "text", ["127.0.0.1:1,127.0.0.1:2/udp", "udp/127.0.0.1:1,127.0.0.1:2", "127.0.0.1:1/udp,127.0.0.1:2/udp"]
)
def test_a_connection_has_one_protocol(text: str) -> None:
    found = parse_target(text, SERVICES)
    assert isinstance(found, ConnectionTarget)
    assert found.protocol == "udp"
    assert "is no connection" in refusal("127.0.0.1:1/udp,127.0.0.1:2/tcp")


@pytest.mark.parametrize(
    "text",
    [
        "127.0.0.1:1-2,127.0.0.1:3",
        "127.0.0.1,127.0.0.1:3",
        "10.0.0.0/8:1,127.0.0.1:3",
        ":1,:2",
        "127.0.0.1:1,",
        "127.0.0.1:1,127.0.0.1:2,127.0.0.1:3",
        "name:1,127.0.0.1:2",
        "tcp/,127.0.0.1:2",
    ],
)
def test_the_ends_of_a_connection_are_two_endpoints_with_one_port_each(text: str) -> None:
    assert refusal(text).startswith(f"'{text}' is no connection: that takes two endpoints, each with an address and one port")


def test_processes_and_descriptors() -> None:
    assert parse_target("pid:1234", EMPTY) == NumberTarget("pid:1234", "pid", 1234)
    assert parse_target("fd:1234/7", EMPTY) == NumberTarget("fd:1234/7", "fd", 1234, 7)
    assert parse_target("inode:11251437", EMPTY) == NumberTarget("inode:11251437", "inode", 11251437)
    assert parse_target("socket:[11251437]", EMPTY) == NumberTarget("socket:[11251437]", "inode", 11251437)
    for kind, name in (("proc", "ng*x"), ("user", "www-data"), ("unit", "nginx.service"), ("container", "web")):
        assert parse_target(f"{kind}:{name}", EMPTY) == NameTarget(f"{kind}:{name}", kind, name)


def test_unix_sockets() -> None:
    assert parse_target("/run/x,y->z.sock", EMPTY) == UnixTarget("/run/x,y->z.sock", b"/run/x,y->z.sock", abstract=False)
    assert parse_target("unix:rel.sock", EMPTY) == UnixTarget("unix:rel.sock", b"rel.sock", abstract=False)
    assert parse_target("@/tmp/.X11-unix/X0", EMPTY) == UnixTarget("@/tmp/.X11-unix/X0", b"/tmp/.X11-unix/X0", abstract=True)
    assert parse_target("unix:@a-", EMPTY) == UnixTarget("unix:@a-", b"a-", abstract=True)
    assert parse_target("unix:a:b", EMPTY) == UnixTarget("unix:a:b", b"a:b", abstract=False)
    assert parse_target("/run/\udcff", EMPTY) == UnixTarget("/run/\udcff", b"/run/\xff", abstract=False)


def test_text_that_is_an_address_and_an_endpoint_is_refused_with_both_spellings() -> None:
    assert refusal("::1:631") == (
        "'::1:631' can be read in two ways: write [::1]:631 for the port, or [::1:631] for the address"
    )
    assert parse_inet("[::1:631]").kind == "address"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("99999", "'99999' is no port: ports end at 65535"),
        ("127.0.0.1:65536", "'65536' in '127.0.0.1:65536' is no port: ports end at 65535"),
        ("９９９９９", "'９９９９９' is no port: ports are 0 to 65535"),
        ("８０", "'８０' is no port: a port is written in the digits 0 to 9 alone, here 80"),
        ("80_80", "'80_80' is no port: a port is written in the digits 0 to 9 alone, here 8080"),
        ("+80", "'+80' is no port: a port is written in the digits 0 to 9 alone, here 80"),
        (" 80", "' 80' is no port: a port is written in the digits 0 to 9 alone, here 80"),
        ("127.0.0.1:８０", "'８０' in '127.0.0.1:８０' is no port: a port is written in the digits 0 to 9 alone, here 80"),
        ("127.0.0.1:", "'127.0.0.1:' has no port after the ':'; write the port, or leave the ':' out"),
        ("8100-8000", "the port range in '8100-8000' ends before it begins; write 8000-8100"),
        (
            "300.1.1.1:80",
            "'300.1.1.1' in '300.1.1.1:80' is no IPv4 address: '300' is above 255, where an octet ends",
        ),
        ("010.0.0.1", "'010.0.0.1' is no IPv4 address: write it without leading zeros, 10.0.0.1"),
        ("127.0.0.1.8080", "'127.0.0.1.8080' is no IPv4 address; with a port it is written '127.0.0.1:8080'"),
        ("127.1", "'127.1' is no IPv4 address: it takes four numbers from 0 to 255, as in 192.168.1.3"),
        ("10.0.0.0/33", "'33' in '10.0.0.0/33' is no prefix length: it is 0 to 32, as in 10.0.0.0/8"),
        ("fd00::/129", "'129' in 'fd00::/129' is no prefix length: it is 0 to 128, as in fd00::/8"),
        (
            "127.0.0.1:40000-",
            "'127.0.0.1:40000-' ends in '-': an unquoted '>' is the shell's redirection; "
            "quote a connection, 'A->B', or write A,B",
        ),
        ("nginx", "'nginx' is in no table of services; for a process write 'proc:nginx'"),
        ("htps", "'htps' is in no table of services; for a process write 'proc:htps'; services of a like name: https, http"),
        ("service:htps", "'service:htps' is in no table of services; did you mean service:https or service:http?"),
        ("service:zzzz", "'service:zzzz' is in no table of services; write its port instead"),
        ("service:domain/sctp", "'service:domain/sctp' is in no table of services; it has domain/tcp, domain/udp"),
        ("tcp/70000", "'70000' in 'tcp/70000' is no port: ports end at 65535"),
        ("nginx.service", "'nginx.service' is no target; for a systemd unit write 'unit:nginx.service'"),
        ("x.sock", "'x.sock' is no target; for a unix socket write its whole path, or 'unix:x.sock'"),
        ("tcp", "'tcp' is a protocol, not a target; write --tcp"),
        ("time-wait", "'time-wait' is a state, not a target; write --state TIME_WAIT"),
        ("80,443", "'80,443' is no connection; several ports are several arguments: 80 443"),
        ("80/tpc", "'tpc' in '80/tpc' is no protocol; did you mean '80/tcp'?"),
        ("80/tcp6", "'tcp6' in '80/tcp6' is no protocol here; write '80/tcp' with -6"),
        ("port:80", "'port:80' is no target; a port is written alone, as in '80'"),
        ("process:nginx", "'process:nginx' is no target; did you mean 'proc:nginx'?"),
        ("http://localhost:3000/x", "'http://localhost:3000/x' is a URL, not a target; write 'localhost:3000'"),
        ("raw/80", "'raw/80': raw sockets have no ports; write raw/ADDRESS, or --raw"),
        ("*:*", "'*:*': that names every socket; leave it out, or write a port such as *:8080"),
        ("127.0.0.1%", "'127.0.0.1%': a zone is an interface's name behind an address, as in fe80::1%eth0"),
        ("::%\0:1", "'::%\\x00:1': a zone is an interface's name behind an address, as in fe80::1%eth0"),
        ("*%lo", "'*%lo': that names every socket; leave it out, or write a port such as *:8080"),
        (":htps", "'htps' in ':htps' is no port: write a number from 0 to 65535, or a range such as 8000-8100"),
        ("pid:", "'pid:' names nothing after the ':'; write pid:1234, say"),
        (
            "pid:nginx",
            "'pid:nginx' has no number; write it in the digits 0 to 9, as in pid:1234; a process by name is proc:nginx",
        ),
        ("pid:１２", "'pid:１２' has no number; write it in the digits 0 to 9, as in pid:1234"),
        ("fd:1234/x", "'fd:1234/x' is no descriptor; write its process and its number, as in fd:1234/7"),
        ("fd:x/7", "'fd:x/7' is no descriptor; write its process and its number, as in fd:1234/7"),
        ("fd:1/2/3", "'fd:1/2/3' is no descriptor; write its process and its number, as in fd:1234/7"),
        ("127.0.0.1:80/tpc,[::1]:3", "'tpc' in '127.0.0.1:80/tpc,[::1]:3' is no protocol; did you mean '127.0.0.1:80/tcp'?"),
        ("fd:1234", "'fd:1234' is no descriptor; write its process and its number, as in fd:1234/7"),
        ("", "a target is empty; write a port such as 8080, or leave it out"),
    ],
)
def test_a_refusal_names_the_value_and_the_nearest_valid_form(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_host_name_needs_resolve() -> None:
    assert "--resolve" in refusal("example.com:443")
    found = parse_target("example.com:443", SERVICES, resolve=lambda name: {"example.com": ["192.0.2.1", "2001:db8::1"]}[name])
    assert isinstance(found, InetTarget)
    assert [network.address for network in found.networks] == ["192.0.2.1", "2001:db8::1"]
    assert (found.kind, found.name) == ("endpoint", "example.com")


def test_names_of_hosts_are_resolved_in_connections_and_places() -> None:
    hosts = {"web": ["192.0.2.1"], "db": ["192.0.2.2"]}
    found = parse_target("web:80,db:5432", SERVICES, resolve=hosts.__getitem__)
    assert isinstance(found, ConnectionTarget)
    assert [end.networks[0].address for end in found.ends] == ["192.0.2.1", "192.0.2.2"]
    assert parse_socket_end("db:5432", SERVICES, resolve=hosts.__getitem__).kind == "endpoint"


@pytest.mark.parametrize(
    ("text", "name"),
    [("LocalHost:80", "localhost"), ("127.0.0.1:80", None), ("fe80::1", None), ("[::1]:80", None), ("80", None)],
)
def test_only_a_name_of_a_host_is_kept_as_one(text: str, name: str | None) -> None:
    assert parse_inet(text).name == name


def test_a_host_name_that_does_not_resolve_is_refused() -> None:
    def fails(name: str) -> list[str]:
        raise OSError(name)

    for resolve in (fails, lambda name: [name][1:]):
        with pytest.raises(UsageError, match="no host of this name is known"):
            parse_target("web.invalid", SERVICES, resolve=resolve)


def test_addresses_services_and_localhost_are_not_looked_up() -> None:
    looked_up: list[str] = []
    for text in ("80", "http", "localhost:80", "[::1]:80", "10.0.0.0/8", "pid:1", "/run/x"):
        parse_target(text, SERVICES, resolve=lambda name: looked_up.append(name) or [])  # type: ignore[func-returns-value]
    assert looked_up == []


def test_a_target_that_can_be_one_end_of_a_socket_is_accepted_for_local_and_remote() -> None:
    assert parse_socket_end("10.0.0.0/8:443", SERVICES).kind == "network"
    assert parse_socket_end("http", SERVICES).kind == "service"
    assert parse_socket_end("@x", SERVICES).kind == "unix"
    with pytest.raises(UsageError, match=r"'pid:1' is no end of a socket"):
        parse_socket_end("pid:1", SERVICES)


def test_a_value_of_port_may_be_a_range() -> None:
    assert parse_ports("80") == (80, 80)
    assert parse_ports("80-90") == (80, 90)
    with pytest.raises(UsageError, match="'http' is no port: write a number from 0 to 65535"):
        parse_ports("http")


_WORDS = "80 0 - -> → , : :: / % [ ] . 127.0.0.1 fe80::1 tcp udp: socket:[ pid: fd: proc: unix: service: http x ８ * @ 999 ://"
_PIECES = [*_WORDS.split(), "\n", "\0", "\udcff", "\x1b[31m", " "]


@given(st.lists(st.sampled_from(_PIECES), max_size=8).map("".join) | st.text(max_size=30))
@example("9" * 5000)
@example("1.2.3.4." + "9" * 5000)
@example("pid:" + "9" * 5000)
@example("10.0.0.0/" + "9" * 5000)
@example("x" * 5000)
@example("a\nb/tpc")
def test_nonsense_is_refused_in_one_printable_line(text: str) -> None:
    message = None
    try:
        found = parse_target(text, SERVICES, resolve=lambda name: ["::1"] if name == "x" else [])
    except UsageError as error:
        message = str(error)
    if message is None:
        assert found.text == text
        assert found.kind
    else:
        assert message.isprintable()
        assert len(message) < 400


@given(st.ip_addresses(), st.integers(0, 65535))
def test_every_address_and_port_is_read_back(address: object, port: int) -> None:
    found = parse_inet(f"[{address}]:{port}" if ":" in str(address) else f"{address}:{port}")
    assert found.ports == (port, port)
    assert found.networks[0].single


def test_the_ipv4_mapped_network_is_all_of_ipv4_and_a_wider_one_stays_ipv6() -> None:
    assert parse_inet("::ffff:0:0/96").networks[0][:2] == ("0.0.0.0", 4)
    assert parse_inet("::ffff:0:0/95").networks[0].version == 6


def test_the_largest_process_number_is_that_of_windows() -> None:
    assert parse_target("pid:4294967295", SERVICES).kind == "pid"
    with pytest.raises(UsageError):
        parse_target("pid:4294967296", SERVICES)
