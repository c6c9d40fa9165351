"""A host's own addresses from /proc/net/fib_trie (IPv4; net/ipv4/fib_trie.c) and /proc/net/if_inet6 (net/ipv6/addrconf.c)."""

from contextlib import suppress
from socket import AF_INET6, inet_ntop
from typing import NamedTuple

_OPTIMISTIC, _DADFAILED, _TENTATIVE = 0x04, 0x08, 0x40


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


class InterfaceAddress(NamedTuple):
    """A line of /proc/net/if_inet6."""

    address: str
    device: str
    flags: int
    """IFA_F_ flags of include/uapi/linux/if_addr.h, the lowest eight."""

    @property
    def ready(self) -> bool:
        """Whether bind(2) takes it. An optimistic address counts as checked: ipv6_chk_addr() in net/ipv6/addrconf.c."""
        return not self.flags & _TENTATIVE or bool(self.flags & _OPTIMISTIC)

    @property
    def duplicate(self) -> bool:
        """Whether another host on the link has it."""
        return bool(self.flags & _DADFAILED)


def parse_if_inet6(text: str) -> set[str]:
    """Return the addresses of the first column, which has 32 hexadecimal digits."""
    return {address for line in text.split("\n") if (address := _ipv6(line.partition(" ")[0]))}


def parse_interface_addresses(text: str) -> list[InterfaceAddress]:
    """Return the lines of /proc/net/if_inet6: address, index, prefix length, scope, flags, name."""
    found = []
    for line in text.split("\n"):
        words = line.split()
        address = _ipv6(words[0]) if len(words) == 6 else None
        if address is None:
            continue
        with suppress(ValueError):
            found.append(InterfaceAddress(address, words[5], int(words[4][:8], 16)))
    return found


def _ipv6(digits: str) -> str | None:
    try:
        packed = bytes.fromhex(digits)
    except ValueError:
        return None
    return inet_ntop(AF_INET6, packed) if len(packed) == 16 else None
