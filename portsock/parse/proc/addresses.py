"""A host's own addresses from /proc/net/fib_trie (IPv4; net/ipv4/fib_trie.c) and /proc/net/if_inet6 (net/ipv6/addrconf.c)."""

from socket import AF_INET6, inet_ntop


def parse_fib_trie(text: str) -> set[str]:
    """Return the addresses of all '/32 host LOCAL' leaves."""
    found = set()
    leaf = None
    for line in text.split("\n"):
        words = line.split()
        if words[:1] == ["|--"] and len(words) == 2:
            leaf = words[1]
        elif words == ["/32", "host", "LOCAL"] and leaf:
            found.add(leaf)
    return found


def parse_if_inet6(text: str) -> set[str]:
    """Return the addresses of the first column, which has 32 hexadecimal digits."""
    found = set()
    for line in text.split("\n"):
        try:
            packed = bytes.fromhex(line.partition(" ")[0])
        except ValueError:
            continue
        if len(packed) == 16:
            found.add(inet_ntop(AF_INET6, packed))
    return found
