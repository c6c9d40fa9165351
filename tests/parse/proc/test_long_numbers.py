"""Numbers of thousands of digits, which int() refuses, in what the kernel and runtimes print."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from portsock.model import Family
from portsock.parse.proc.addresses import parse_fib_trie, parse_if_inet6
from portsock.parse.proc.cgroup import parse_cgroup
from portsock.parse.proc.forwarders import parse_docker_proxy
from portsock.parse.proc.mountinfo import parse_hidepid, parse_mounts, parse_namespaces
from portsock.parse.proc.net_inet import parse_inet_line
from portsock.parse.proc.net_other import parse_netlink_line, parse_packet_line
from portsock.parse.proc.net_unix import parse_unix_line
from portsock.parse.proc.process import parse_stat

PARSERS: list[tuple[Callable[[str], Any], str]] = [
    (
        lambda text: parse_inet_line(text, "tcp", Family.IPV4, "little", timers=True),
        "0: 0100007F:1F90 0100007F:C350 01 00000010:00000020 02:00000005 00000002 1000 0 77 1 2bfc17b8 100 0 0 10 0",
    ),
    (lambda text: parse_unix_line(text.encode()), "249502e2: 00000002 00000000 00010000 0001 01 12703 /run/x.sock"),
    (parse_netlink_line, "dbad1da9 4 -1234 00000011 64 8 0 2 0 1584"),
    (parse_packet_line, "b11ba210 3 2 0800 1 1 128 1000 12708"),
    (lambda text: parse_stat(text.encode()), "7 (web) S 1 7 7 0 -1 4194560 1 1 0 0 1 1 0 0 20 0 1 0 500 1 1"),
    (parse_cgroup, "0::/user.slice/user-1000.slice/docker-99.scope"),
    (
        lambda text: parse_docker_proxy(text.split()),
        "docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 80 -container-ip 172.17.0.2 -container-port 80",
    ),
    (lambda text: parse_hidepid(text, "/proc"), "26 1 0:23 / /proc rw - proc proc rw,hidepid=2,gid=4"),
    (lambda text: parse_namespaces(text, "net"), "25 1 0:4 net:[4026531999] /run/netns/a rw - nsfs nsfs rw"),
    (parse_mounts, "25 1 0:4 net:[4026531999] /run/netns/a rw - nsfs nsfs rw"),
    (parse_fib_trie, "|-- 10.0.0.1\n/32 host LOCAL"),
    (parse_if_inet6, "00000000000000000000000000000001 01 80 10 80 lo"),
]


@pytest.mark.parametrize("digits", ["9" * 5000, "9" * 4000], ids=["5000", "4000"])
@pytest.mark.parametrize(("parse", "text"), PARSERS)
def test_a_number_of_thousands_of_digits_is_refused_or_read_as_text(
    parse: Callable[[str], Any], text: str, digits: str
) -> None:
    assert parse(text)
    for match in re.finditer(r"[0-9a-fA-F]*\d[0-9a-fA-F]*", text):
        found = parse(text[: match.start()] + digits + text[match.end() :])
        repr(found)  # which would fail for an int that Python refuses to print
