"""Three network namespaces in a row, client, router and server, with everything in the way that there can be.

The client has a route of each kind and a rule that stops packets in each way, by destination port; the router and the server
have some, too. Nothing of it touches the namespace of the tests.
"""

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import NamedTuple

import pytest

from portsock.explain.texts.remote import REFUSALS
from tests.support.crossing_lab import inside
from tests.support.live import tool

SERVER, SERVER6 = "10.88.2.2", "fd88:2::2"
ROUTER, ROUTER6 = "10.88.1.254", "fd88:1::fe"
CLIENT, CLIENT6 = "10.88.1.1", "fd88:1::1"
ABSENT, ABSENT6 = "10.88.1.77", "fd88:1::77"
"""On the client's link, where no host has them."""
OPEN, CLOSED, SILENT, PROHIBITED, DROPPED = 8000, 8001, 8002, 8003, 8004
"""Ports: listened on; not; dropped by the server; refused by the router; dropped by the client's own rules."""
BARRIERS = {"blackhole": "10.88.10.0/24", "unreachable": "10.88.11.0/24", "prohibit": "10.88.12.0/24"}
BARRIERS6 = {"blackhole": "fd88:10::/64", "unreachable": "fd88:11::/64", "prohibit": "fd88:12::/64"}
NOWHERE, NOWHERE6 = "192.0.2.1", "2001:db8::1"
REJECTED = {how: 9000 + number for number, how in enumerate(REFUSALS)}
"""The port at which the client's own rules reject in each way."""

_SYSCTLS = ("net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0", "net.ipv4.icmp_ratelimit=0",
            "net.ipv6.icmp.ratelimit=0")  # fmt: skip


class Lab(NamedTuple):
    """The names of the namespaces."""

    client: str
    router: str
    server: str


@contextmanager
def lab() -> Iterator[Lab]:
    """Make the namespaces, and remove them at the end. Skips the test where a tool is missing or may not."""
    tool("nft")
    names = Lab(*(f"portsock-{os.getpid()}-{role}" for role in Lab._fields))
    with ExitStack() as stack:
        for name in names:
            _run("ip", "netns", "add", name)
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
            _inside(name, "sysctl", "-qw", *_SYSCTLS)
        _batch(
            names.client,
            "link set lo up",
            f"link add out type veth peer name out netns {names.router}",
            f"addr add {CLIENT}/24 dev out",
            f"addr add {CLIENT6}/64 dev out nodad",
            "link set out up",
            f"route add 10.88.2.0/24 via {ROUTER}",
            f"route add fd88:2::/64 via {ROUTER6}",
            *(f"route add {kind} {network}" for found in (BARRIERS, BARRIERS6) for kind, network in found.items()),
        )
        _batch(
            names.router,
            "link set lo up",
            f"link add in type veth peer name out netns {names.server}",
            f"addr add {ROUTER}/24 dev out",
            f"addr add {ROUTER6}/64 dev out nodad",
            "addr add 10.88.2.254/24 dev in",
            "addr add fd88:2::fe/64 dev in nodad",
            "link set out up",
            "link set in up",
        )
        _inside(names.router, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        _batch(
            names.server,
            "link set lo up",
            f"addr add {SERVER}/24 dev out",
            f"addr add {SERVER6}/64 dev out nodad",
            "link set out up",
            "route add default via 10.88.2.254",
            "route add default via fd88:2::fe",
        )
        _rules(names.client, "output", f"th dport {DROPPED} drop", *(_reject(how, port) for how, port in REJECTED.items()))
        _rules(names.router, "forward", f"th dport {PROHIBITED} reject with icmpx type admin-prohibited")
        _rules(names.server, "input", f"th dport {SILENT} drop")
        stack.enter_context(inside(names.server, _listener))
        yield names


def _reject(how: str, port: int) -> str:
    kind, _, code = how.partition(" ")
    if kind == "tcp":
        return f"tcp dport {port} reject with tcp reset"
    version = "ipv6" if kind == "icmpv6" else "ipv4"
    return f"th dport {port} meta nfproto {version} reject with {kind} type {code}"


def _rules(name: str, hook: str, *rules: str) -> None:
    lines = [f"meta l4proto {{ tcp, udp }} {rule}" if rule.startswith("th ") else rule for rule in rules]
    head = f"table inet t {{\nchain c {{\ntype filter hook {hook} priority 0; policy accept;\n"
    _run("ip", "netns", "exec", name, "nft", "-f", "-", text=head + "\n".join(lines) + "\n}\n}\n")


def _listener() -> socket.socket:
    return socket.create_server(("::", OPEN), family=socket.AF_INET6, dualstack_ipv6=True)


def _batch(name: str, *lines: str) -> None:
    _run("ip", "-n", name, "-batch", "-", text="\n".join(lines) + "\n")


def _inside(name: str, *words: str) -> None:
    _run("ip", "netns", "exec", name, *words)


def _run(*words: str, text: str = "") -> None:
    done = subprocess.run(words, input=text, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.skip(f"{' '.join(words)}: {done.stderr.strip()}")
