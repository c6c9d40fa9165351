"""A host's own addresses in /proc/net."""

from portsock.parse.proc.addresses import parse_fib_trie, parse_if_inet6


def test_own_addresses_are_the_local_host_routes() -> None:
    trie = """Main:
  +-- 0.0.0.0/0 3 0 5
     |-- 0.0.0.0
        /0 universe UNICAST
     +-- 10.0.0.0/24 2 0 2
        |-- 10.0.0.7
           /32 host LOCAL
        |-- 10.0.0.255
           /32 link BROADCAST
"""
    assert parse_fib_trie(trie) == {"10.0.0.7"}


def test_own_ipv6_addresses() -> None:
    text = "00000000000000000000000000000001 01 80 10 80       lo\nfe8000000000000000fc00fffe000001 04 40 20 80     eth0\nx\n"
    assert parse_if_inet6(text) == {"::1", "fe80::fc:ff:fe00:1"}
