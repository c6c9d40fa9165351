"""Texts that are no targets: URLs, error messages of popular programs, 'pid 55'."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.port_numbers import EMPTY, parse_services
from portsock.query.pasted import is_message, masked, read_pasted
from portsock.query.target import parse_target
from tests.support.query_factory import SERVICES

MESSAGES = [
    # Node.js
    ("Error: listen EADDRINUSE: address already in use :::3000", "EADDRINUSE", ":3000"),
    ("Error: listen EADDRINUSE 127.0.0.1:3000\n    at Server.setupListenHandle [as _listen2] (net.js:1313:16)", "EADDRINUSE",
     "127.0.0.1:3000"),
    ("{ code: 'EADDRINUSE',\n  errno: -98,\n  syscall: 'listen',\n  address: '::',\n  port: 5000 }", "EADDRINUSE", ":5000"),
    ("Error: listen EACCES: permission denied 0.0.0.0:80", "EACCES", "0.0.0.0:80"),
    ("Error: connect ECONNREFUSED ::1:3306", "ECONNREFUSED", "[::1]:3306"),
    ("Error: connect ETIMEDOUT 10.0.0.5:443", "ETIMEDOUT", "10.0.0.5:443"),
    ("Error: read ECONNRESET", "ECONNRESET", None),
    # Go
    ("listen tcp :8080: bind: address already in use", "EADDRINUSE", ":8080"),
    ("listen tcp4 0.0.0.0:80: bind: permission denied", "EACCES", "0.0.0.0:80"),
    ("dial tcp 10.0.0.5:5432: connect: connection refused", "ECONNREFUSED", "10.0.0.5:5432"),
    ("dial tcp [::1]:8080: connect: connection refused", "ECONNREFUSED", "[::1]:8080"),
    ("dial tcp 10.0.0.5:443: connect: no route to host", "EHOSTUNREACH", "10.0.0.5:443"),
    ("dial tcp 10.0.0.5:443: i/o timeout", "ETIMEDOUT", "10.0.0.5:443"),
    ("read tcp 10.0.0.1:5000->10.0.0.2:80: read: connection reset by peer", "ECONNRESET", "10.0.0.1:5000,10.0.0.2:80"),
    ("write tcp 10.0.0.1:5000->10.0.0.2:80: write: broken pipe", "EPIPE", "10.0.0.1:5000,10.0.0.2:80"),
    ("accept tcp [::1]:8080: accept4: too many open files", "EMFILE", "[::1]:8080"),
    ("dial unix /var/run/docker.sock: connect: permission denied", "EACCES", "/var/run/docker.sock"),
    ("connect: connection refused", "ECONNREFUSED", None),
    ("bind: address already in use", "EADDRINUSE", None),
    # Python
    ("OSError: [Errno 98] Address already in use", "EADDRINUSE", None),
    ("[Errno 48] error while attempting to bind on address ('127.0.0.1', 8000): address already in use", "EADDRINUSE",
     "127.0.0.1:8000"),
    ("HTTPConnectionPool(host='localhost', port=8080): Max retries exceeded with url: / (Caused by NewConnectionError("
     "'<urllib3.connection.HTTPConnection object at 0x7f>: Failed to establish: [Errno 111] Connection refused'))",
     "ECONNREFUSED", "localhost:8080"),
    ("Error 111 connecting to localhost:6379. Connection refused.", "ECONNREFUSED", "localhost:6379"),
    ("OSError: [WinError 10048] Only one usage of each socket address (protocol/network address/port) is normally permitted",
     "EADDRINUSE", None),
    ("[Errno 10048] error while attempting to bind on address ('127.0.0.1', 49151): [winerror 10048]", "EADDRINUSE",
     "127.0.0.1:49151"),
    ("[WinError 10061] No connection could be made because the target machine actively refused it", "ECONNREFUSED", None),
    ("Connection in use: ('0.0.0.0', 8000)", "EADDRINUSE", ":8000"),
    # Java
    ("java.net.BindException: Address already in use (Bind failed)", "EADDRINUSE", None),
    ("Web server failed to start. Port 8080 was already in use.", "EADDRINUSE", ":8080"),
    ("FAILED ServerConnector@3207d26a{HTTP/1.1}{0.0.0.0:9022}: java.net.BindException: Address already in use", "EADDRINUSE",
     ":9022"),
    ("AnnotatedConnectException: Connection refused: localhost/127.0.0.1:6379", "ECONNREFUSED", "127.0.0.1:6379"),
    # Rust, Ruby, PHP, .NET
    ('panic: Os { code: 98, kind: AddrInUse, message: "Address already in use" }, src/main.rs:11:91', "EADDRINUSE", None),
    ("Error: Address already in use (os error 98)", "EADDRINUSE", None),
    ('Address already in use - bind(2) for "127.0.0.1" port 3000 (Errno::EADDRINUSE)', "EADDRINUSE", "127.0.0.1:3000"),
    ("Failed to listen on localhost:8000 (reason: Address already in use)", "EADDRINUSE", "localhost:8000"),
    ("Failed to bind to address http://127.0.0.1:5000: address already in use.", "EADDRINUSE", "127.0.0.1:5000"),
    # Servers
    ("nginx: [emerg] bind() to 0.0.0.0:80 failed (98: Address already in use)", "EADDRINUSE", ":80"),
    ("nginx: [emerg] bind() to unix:/run/x.sock failed (98: Address already in use)", "EADDRINUSE", "/run/x.sock"),
    ('2026/01/01 12:00:00 [error] 31#31: *1 connect() failed (111: Connection refused) while connecting to upstream, client: '
     '10.0.0.9, server: , request: "GET / HTTP/1.1", upstream: "http://127.0.0.1:3000/", host: "localhost"', "ECONNREFUSED",
     "127.0.0.1:3000"),
    ("(98)Address already in use: AH00072: make_sock: could not bind to address [::]:80", "EADDRINUSE", ":80"),
    ("Could not create server TCP listening socket *:6379: bind: Address already in use", "EADDRINUSE", ":6379"),
    ('could not bind IPv4 address "127.0.0.1": Address already in use\nHINT: Is another postmaster running on port 5432?',
     "EADDRINUSE", "127.0.0.1:5432"),
    ("docker: Error response from daemon: endpoint web (ac23a8): Bind for 0.0.0.0:8080 failed: port is already allocated.",
     "EADDRINUSE", ":8080"),
    ("expose TCP 0.0.0.0:5432 -> 0.0.0.0:0: listen tcp 0.0.0.0:5432: bind: address already in use", "EADDRINUSE", ":5432"),
    # Clients
    ("ssh: connect to host 10.0.0.5 port 22: Connection refused", "ECONNREFUSED", "10.0.0.5:22"),
    ("bind [127.0.0.1]:8080: Address already in use", "EADDRINUSE", "127.0.0.1:8080"),
    ("curl: (7) Failed to connect to localhost port 8080 after 0 ms: Couldn't connect to server", None, "localhost:8080"),
    ('connection to server at "10.1.209.231", port 5432 failed: Connection refused', "ECONNREFUSED", "10.1.209.231:5432"),
    ('connection to server on socket "/var/run/postgresql/.s.PGSQL.5432" failed: No such file or directory', None,
     "/var/run/postgresql/.s.PGSQL.5432"),
    ("ERROR 2003 (HY000): Can't connect to MySQL server on '127.0.0.1:3306' (111)", "ECONNREFUSED", "127.0.0.1:3306"),
    ("The connection to the server localhost:8080 was refused - did you specify the right host or port?", "ECONNREFUSED",
     "localhost:8080"),
]  # fmt: skip

URLS = [
    ("http://localhost:8080/x", "localhost:8080"),
    ("https://localhost", "localhost:443"),
    ("HTTPS://127.0.0.1/a:b@c", "127.0.0.1:443"),
    ("ws://[::1]/chat", "[::1]:80"),
    ("postgres://me:secret@10.0.0.5/db?sslmode=off", "10.0.0.5:5432"),
    ("jdbc:postgresql://10.0.0.5:5433/db", "10.0.0.5:5433"),
    ("redis://:secret@127.0.0.1", "127.0.0.1:6379"),
    ("amqp://localhost/vhost", "localhost:5672"),
    ("mongodb://u:p@127.0.0.1,127.0.0.2/db", "127.0.0.1:27017"),
    ("tcp://0.0.0.0:2375", "tcp/0.0.0.0:2375"),
    ("http://*:8080", ":8080"),
    ("unix:///run/x.sock", "/run/x.sock"),
    ("http+unix://%2Frun%2Fx.sock/info", "/run/x.sock"),
    ("gopher://127.0.0.1", "127.0.0.1"),
]


@pytest.mark.parametrize(("text", "error", "target"), MESSAGES)
def test_an_error_message_names_its_error_and_its_endpoint(text: str, error: str | None, target: str | None) -> None:
    pasted = read_pasted(text, SERVICES)
    assert pasted is not None
    assert (pasted.error, pasted.targets[:1]) == (error, (target,) if target else ())
    if target:
        parse_target(target, SERVICES)


@pytest.mark.parametrize(("text", "target"), URLS)
def test_a_url_names_its_endpoint_with_the_port_of_its_scheme(text: str, target: str) -> None:
    pasted = read_pasted(text, EMPTY)
    assert pasted is not None
    assert (pasted.targets, pasted.hosts, pasted.error) == ((target,), (), None)
    parse_target(target, EMPTY)


def test_a_scheme_that_only_the_services_know_has_their_port() -> None:
    pasted = read_pasted("gemini://127.0.0.1", parse_services("gemini 1965/udp\ngemini 1964/tcp"))
    assert pasted is not None
    assert pasted.targets == ("127.0.0.1:1964",)


@pytest.mark.parametrize(
    ("text", "host"),
    [
        ("https://example.com/x", "example.com:443"),
        ("dial tcp db:5432: connect: connection refused", "db:5432"),
        ("ssh: connect to host web1 port 22: Connection refused", "web1:22"),
    ],
)
def test_a_host_name_is_no_target_and_its_port_alone_is_not_taken_for_one(text: str, host: str) -> None:
    pasted = read_pasted(text, SERVICES)
    assert pasted is not None
    assert (pasted.targets, pasted.hosts) == ((), (host,))


@pytest.mark.parametrize(
    ("text", "targets"),
    [
        ("pid 55", ("pid:55",)),
        ("PID: 55", ("pid:55",)),
        ("port 8080", (":8080",)),
        ("port #8080", (":8080",)),
        ("process nginx", ("proc:nginx",)),
        ("process 55", ("pid:55",)),
        ("service nginx", ("service:nginx", "unit:nginx")),
        ("udp 53", ("udp/53",)),
    ],
)
def test_a_kind_and_a_value_are_the_target_of_that_kind(text: str, targets: tuple[str, ...]) -> None:
    pasted = read_pasted(text, SERVICES)
    assert pasted is not None
    assert pasted.targets == targets


@pytest.mark.parametrize(
    "text", ["", "hello world", "nonsense 80", "8080 8081", "nginx", "at net.js:1313", "12:30:45 started"]
)
def test_other_text_is_not_understood(text: str) -> None:
    assert read_pasted(text, SERVICES) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("postgres://me:secret@10.0.0.5/db", "postgres://...@10.0.0.5/db"),
        ("me:secret@10.0.0.5:80", "...@10.0.0.5:80"),
        ("redis://:p@ss@h and amqp://u:q@h", "redis://...@h and amqp://...@h"),
        ("user:deploy", "user:deploy"),
        ("@abstract", "@abstract"),
    ],
)
def test_credentials_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown


def test_a_path_with_an_error_behind_it_is_a_message_and_a_path_alone_is_none() -> None:
    assert is_message("/usr/sbin/x: bind: Address already in use")
    assert not is_message("/run/x.sock")
    assert not is_message("/run/address already in use")


_PIECES = [text for text, _, _ in MESSAGES] + [text for text, _ in URLS]
_PIECES += ["9" * 5000, "::", "[", "]", "%", "\x00", "\x1b[2J", "\udcff", "port ", "://", "->", "@", " ", "\u202e", "８０"]


@given(st.lists(st.sampled_from(_PIECES) | st.text(max_size=30), max_size=6).map("".join))
def test_what_is_read_of_any_text_parses_or_is_refused(text: str) -> None:
    pasted = read_pasted(text, SERVICES)
    for place in () if pasted is None else (*pasted.targets, *pasted.hosts):
        with suppress(UsageError):
            parse_target(place, SERVICES)
