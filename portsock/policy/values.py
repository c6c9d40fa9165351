"""The values of selectors: their text as the user wrote it into what is compared. A wrong one says what to write instead.

YAML 1.1 reads 022 as 18, 22:30 as 1350 and yes as true, YAML 1.2 reads none of them so: what two readers take for different
values is refused.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from portsock.addresses import number_of
from portsock.model import Exposure
from portsock.policy.mistakes import quoted

EPHEMERAL = (-1, -1)
"""Stands for the ports that the host's system picks from."""
ANYWHERE = "*"
"""An address: bound to all addresses."""
FAMILIES = {"4": 4, "6": 6}
PROTOCOLS: Mapping[str, tuple[frozenset[str], int | None]] = {
    "tcp": (frozenset({"tcp", "mptcp"}), None),
    "tcp4": (frozenset({"tcp", "mptcp"}), 4),
    "tcp6": (frozenset({"tcp", "mptcp"}), 6),
    "udp": (frozenset({"udp"}), None),
    "udp4": (frozenset({"udp"}), 4),
    "udp6": (frozenset({"udp"}), 6),
    "udplite": (frozenset({"udplite"}), None),
    "sctp": (frozenset({"sctp"}), None),
    "dccp": (frozenset({"dccp"}), None),
    "mptcp": (frozenset({"mptcp"}), None),
}
"""Word → the protocols that it means, and the IP version that must be offered."""
_SCOPES = {"localhost": "loopback", "lo": "loopback", "local": "loopback", "lan": "private", "internal": "private",
           "any": "all", "world": "all", "*": "all", "0.0.0.0": "all", "internet": "public", "global": "public"}  # fmt: skip
_PORT = re.compile(r"(\d{1,5})(?:-(\d{1,5}))?", re.ASCII)
_BASED = re.compile(r"0[xXoObB][0-9a-fA-F_]+", re.ASCII)


class Wrong(Exception):
    """A value that cannot be used: the words after the value."""


class Net(NamedTuple):
    """The addresses that share their first `length` bits with `value`."""

    version: int
    value: int
    length: int

    def contains(self, version: int, value: int, length: int | None = None) -> bool:
        """Tell whether it contains an address, or a network of this length."""
        bits = 32 if version == 4 else 128
        return (
            version == self.version
            and (bits if length is None else length) >= self.length
            and (value ^ self.value) >> (bits - self.length) == 0
        )


def parse_port(text: str) -> tuple[int, int]:
    """Parse a port, a range, or 'ephemeral'."""
    if text == "ephemeral":
        return EPHEMERAL
    found = _PORT.fullmatch(text)
    if found is None:
        raise Wrong(_no_port(text))
    first, last = int(found[1]), int(found[2] or found[1])
    for digits in filter(None, found.groups()):
        if digits[0] == "0":
            what = "port 0 is no port" if int(digits) == 0 else f"some readers take it for octal; write {int(digits)}"
            raise Wrong(f"{what}; ports are 1 to 65535" if int(digits) == 0 else what)
    if max(first, last) > 65535:
        raise Wrong("ports end at 65535")
    if last < first:
        raise Wrong(f"the range runs backwards; write {last}-{first}")
    return first, last


def _no_port(text: str) -> str:
    if _BASED.fullmatch(text):
        try:
            number = int(text.replace("_", ""), 0)
        except ValueError:
            number = 0
        return f"write it in decimal: {number}" if 0 < number < 65536 else "write a decimal number from 1 to 65535"
    if re.fullmatch(r"\d{1,5}\s*(:|\.\.|\.\.\.|–|to| - |- | -)\s*\d{1,5}", text):
        low, high = re.findall(r"\d+", text)
        return f"a range is written {low}-{high}"
    if re.fullmatch(r"\d[\d_]*(\.\d*)?([eE]\+?\d+)?", text):
        return "write a whole number from 1 to 65535, digits only"
    if re.fullmatch(r"\d+([,; ]+\d+)+", text):
        return f"several are a list: [{', '.join(re.findall(r'[0-9]+', text))}]"
    pair = re.fullmatch(r"(?:(tcp|udp|sctp)6?[:/](\d+))|(?:(\d+)/(tcp|udp|sctp)6?)", text)
    if pair:
        return f"write port: {pair[2] or pair[3]} and protocol: {pair[1] or pair[4]}"
    if text in ("*", "any", "all"):
        return "for every port leave the key out, and name a program or scope"
    return "no port; write a number (22), a range (8000-8100), a list ([80, 443]), or ephemeral"


def parse_protocol(text: str) -> tuple[frozenset[str], int | None]:
    """Parse a protocol."""
    found = PROTOCOLS.get(text)
    if found is None:
        lower = f"write {text.lower()}" if text.lower() in PROTOCOLS else f"there are {', '.join(PROTOCOLS)}"
        raise Wrong(f"no protocol; {lower}")
    return found


def parse_scope(text: str) -> Exposure:
    """Parse a scope."""
    if text in tuple(Exposure):
        return Exposure(text)
    near = _SCOPES.get(text.lower())
    if near:
        raise Wrong(f"no scope; did you mean {near}?")
    hint = "; a network stands under address or reach" if number_of(text.partition("/")[0]) else ""
    raise Wrong(f"no scope; there are {', '.join(Exposure)}{hint}")


def parse_reach(text: str) -> str | Net:
    """Parse who may get through the packet filter."""
    return text if text in ("loopback", "all") else _network(text, "loopback, all or a network such as 10.0.0.0/8")


def parse_address(text: str) -> str | Net:
    """Parse a bound address, a network, or a word for all addresses."""
    if text in ("*", "0.0.0.0", "::"):
        return text
    if text in ("any", "all"):
        raise Wrong("no address; all addresses are written '*'")
    if text == "localhost":
        raise Wrong("no address; write 127.0.0.1, '::1', or scope: loopback")
    return _network(text, "an address (127.0.0.1), a network (10.0.0.0/8) or '*'")


def _network(text: str, wanted: str) -> Net:
    address, slash, prefix = text.partition("/")
    if "%" in address:
        raise Wrong("a device is not compared; leave out what follows %")
    parsed = number_of(address.strip("[]"))
    if parsed is None:
        raise Wrong(f"no address; write {wanted}")
    version, value = parsed
    bits = 32 if version == 4 else 128
    if slash and (re.fullmatch(r"\d{1,3}", prefix, re.ASCII) is None or int(prefix) > bits):
        raise Wrong(f"a prefix length of IPv{version} is 0 to {bits}")
    length = int(prefix) if slash else bits
    if version == 6 and value >> 32 == 0xFFFF and length >= 96:  # IPv4-mapped: the socket has the IPv4 address inside
        version, value, length, bits = 4, value & 0xFFFFFFFF, length - 96, 32
    if value & ((1 << (bits - length)) - 1):
        raise Wrong(f"bits are set behind the prefix; /{bits} is one address")
    return Net(version, value, length)


def parse_exe(text: str) -> str:
    """Parse the path of an executable."""
    if not text.startswith(("/", "*", "[")) and "\\" not in text:
        raise Wrong("no whole path; write one such as /usr/sbin/nginx, or program: for the name")
    return text


def parse_name(text: str) -> str:
    """Parse a name or glob."""
    if text == "":
        raise Wrong("an empty name matches nothing; leave the key out")
    return text


SELECTORS: Mapping[str, Callable[[str], Any]] = {
    "port": parse_port,
    "protocol": parse_protocol,
    "address": parse_address,
    "scope": parse_scope,
    "reach": parse_reach,
    "program": parse_name,
    "exe": parse_exe,
    "user": parse_name,
    "unit": parse_name,
    "container": parse_name,
    "netns": parse_name,
    "hosts": parse_name,
    "groups": parse_name,
}
"""The keys that select sockets, in the order of messages; the later ones select hosts."""
OF_HOSTS = ("hosts", "groups")
SINGLE = ("scope",)
"""Keys with one value."""
OF_OWNERS = ("program", "exe", "user", "unit", "container")
_MEANT = {
    "port": "ports local_port",
    "protocol": "prot proto protocols",
    "address": "ip addr bind addresses local_address listen interface",
    "scope": "exposure",
    "reach": "sources source from",
    "program": "process processes name command comm",
    "user": "owner uid username",
    "unit": "service systemd",
    "exe": "executable path binary",
    "netns": "namespace",
    "hosts": "host",
    "groups": "group",
    "must": "required listening",
    "forbid": "deny",
    "comment": "description title desc",
    "reason": "why",
    "listeners": "rules allow",
    "variables": "vars",
    "ignore": "exceptions exclude",
}
"""Our words → words of other tools for the same, for messages: goss, testinfra, InSpec, listen_ports_facts."""
ALIASES = {theirs: ours for ours, words in _MEANT.items() for theirs in words.split()}


def wrong_value(key: str, text: str, wrong: Wrong) -> str:
    """Return the message about a wrong value."""
    return f"{key}: {quoted(text)}: {wrong}"


def unknown_key(name: str, known: Sequence[str], of: str) -> str:
    """Return the message about a key that is in no list: what was meant, or which there are."""
    from difflib import get_close_matches

    if name == "pid":
        return "'pid' is no key: a pid changes at every start; use program, exe, user or unit"
    meant = ALIASES.get(name.lower())
    near = [meant] if meant in known else get_close_matches(name.lower(), known, 1, 0.6)
    return f"{quoted(name)} is no key of {of}; " + (f"did you mean {near[0]}?" if near else f"there are {', '.join(known)}")
