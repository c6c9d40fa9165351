"""A host's own addresses in /proc/net."""

from portsock.parse.proc.addresses import parse_fib_trie, parse_if_inet6, parse_interface_addresses


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


def test_an_address_is_ready_once_it_was_checked_or_is_optimistic() -> None:
    flags = {"40": (False, False), "48": (False, True), "44": (True, False), "80": (True, False), "a0": (True, False)}
    lines = [f"fe800000000000000000000000000001 02 40 20 {flag}      eth0" for flag in flags]
    found = parse_interface_addresses("\n".join([*lines, "fe80 02 40 20 80 eth0", f"{'0' * 32} 01 80 10 zz lo", ""]))
    assert [(one.address, one.device) for one in found] == [("fe80::1", "eth0")] * len(flags)
    assert [(one.ready, one.duplicate) for one in found] == list(flags.values())
