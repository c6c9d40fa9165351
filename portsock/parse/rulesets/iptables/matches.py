"""Matches of iptables, as the objects of libnftables-json(5)."""

from collections.abc import Callable
from typing import Any

from portsock.nft_words.fields import PROTOCOLS
from portsock.nft_words.names import NAMES
from portsock.parse.rulesets.iptables.options import Option
from portsock.parse.rulesets.meaning.values import Unreadable, plain_number
from portsock.rulesets import Limit, Remark

Read = Callable[["Context", Option], list[Any]]
_ADDRESSES = {"ip": "ip", "ip6": "ip6"}
_STATES = NAMES["ct_state"].keys()
_ICMP_WORDS = {
    "host-unreachable": (3, 1), "network-unreachable": (3, 0), "protocol-unreachable": (3, 2), "port-unreachable": (3, 3),
    "fragmentation-needed": (3, 4), "ping": (8, None), "pong": (0, None), "ttl-exceeded": (11, None),
    "router-solicitation": (133, None), "router-advertisement": (134, None), "neighbour-solicitation": (135, None),
    "neighbor-solicitation": (135, None), "neighbour-advertisement": (136, None), "neighbor-advertisement": (136, None),
}  # fmt: skip
_PROTOCOLS = {"all": None, "ipv6-icmp": "icmpv6", "icmpv6": "icmpv6", "icmp6": "icmpv6"}


class Context:
    """What the options of a rule share: the family, and the protocol that -p names."""

    def __init__(self, family: str) -> None:
        self.family = family
        self.protocol = "th"


def match(left: Any, right: Any, negated: bool, operator: str | None = None) -> dict[str, Any]:
    return {"match": {"op": operator or ("!=" if negated else "=="), "left": left, "right": right}}


def field(protocol: str, name: str) -> dict[str, Any]:
    return {"payload": {"protocol": protocol, "field": name}}


def _meta(key: str) -> dict[str, Any]:
    return {"meta": {"key": key}}


def _address(name: str) -> Read:
    def read(context: Context, option: Option) -> list[Any]:
        address, _, mask = option.value.partition("/")
        if not mask or plain_number(mask) is not None:
            return [match(field(context.family, name), option.value.removesuffix("/32" if context.family == "ip" else "/128"),
                          option.negated)]  # fmt: skip
        return [match({"&": [field(context.family, name), mask]}, address, option.negated)]

    return read


def _device(key: str) -> Read:
    def read(_: Context, option: Option) -> list[Any]:
        name = option.value
        if name == "+" and not option.negated:
            return []
        return [match(_meta(key), f"{name[:-1]}*" if name.endswith("+") else name, option.negated)]

    return read


def _protocol(context: Context, option: Option) -> list[Any]:
    name = _PROTOCOLS.get(option.value, option.value)
    if name is None or name == "0":
        return []
    if not option.negated and name in PROTOCOLS:
        context.protocol = name
    return [match(_meta("l4proto"), name, option.negated)]


def ports(value: str) -> str:
    """Return '1024-65535' of '1024:'."""
    low, colon, high = value.partition(":")
    return f"{low or 0}-{high or 65535}" if colon else value


def _port(name: str) -> Read:
    return lambda context, option: [match(field(context.protocol, name), ports(option.value), option.negated)]


def _multiport(name: str) -> Read:
    def read(context: Context, option: Option) -> list[Any]:
        found = [ports(value) for value in option.value.split(",")]
        return [match(field(context.protocol, name), {"set": found}, option.negated)]

    return read


def _either_port(context: Context, option: Option) -> list[Any]:
    """Return a match that one of two ports is among these: a concatenation, as iptables-nft writes it."""
    both = {"concat": [field(context.protocol, "sport"), field(context.protocol, "dport")]}
    found = []
    for value in map(ports, option.value.split(",")):
        found += [{"concat": ["0-65535", value]}, {"concat": [value, "0-65535"]}]
    return [match(both, {"set": found}, option.negated)]


def _state(_: Context, option: Option) -> list[Any]:
    names = [name.lower() for name in option.value.split(",")]
    states = [name for name in names if name in _STATES]
    if states and len(states) != len(names):
        raise Unreadable(option.text)  # states and translations in one list: any of them may match
    key = "state" if states else "status"
    return [match({"ct": {"key": key}}, names, False, "!" if option.negated else "in")]


def _status(_: Context, option: Option) -> list[Any]:
    names = [{"seen_reply": "seen-reply"}.get(name, name) for name in option.value.lower().split(",")]
    return [match({"ct": {"key": "status"}}, names, False, "!" if option.negated else "in")]


def _ct(key: str, direction: str | None = None, lower: bool = False) -> Read:
    def read(context: Context, option: Option) -> list[Any]:
        name = f"{context.family} {key}" if key in ("saddr", "daddr") else key
        left = {"ct": {"key": name, **({"dir": direction} if direction else {})}}
        return [match(left, ports(option.value.lower() if lower else option.value), option.negated)]

    return read


def _address_type(flag: str) -> Read:
    def read(_: Context, option: Option) -> list[Any]:
        return [match({"fib": {"flags": [flag], "result": "type"}}, {"set": option.value.lower().split(",")}, option.negated)]

    return read


def _mark(left: dict[str, Any]) -> Read:
    def read(_: Context, option: Option) -> list[Any]:
        value, _slash, mask = option.value.partition("/")
        return [match({"&": [left, mask]} if mask else left, value, option.negated)]

    return read


def _compared(left: dict[str, Any], type_: str = "") -> Read:
    def read(_: Context, option: Option) -> list[Any]:
        value = ports(option.value)
        return [match(left, value if not type_ or plain_number(value) is not None else value.lower(), option.negated)]

    return read


def _icmp(protocol: str) -> Read:
    def read(_: Context, option: Option) -> list[Any]:
        name, _slash, code = option.value.partition("/")
        if name == "any" or name == "255":
            return []
        number, implied = _ICMP_WORDS.get(name, (None, None))
        code = code or ("" if implied is None else str(implied))
        if option.negated and code:
            raise Unreadable(option.text)
        found = [match(field(protocol, "type"), name if number is None else number, option.negated)]
        return [*found, match(field(protocol, "code"), code, False)] if code else found

    return read


def _tcp_flags(_: Context, option: Option) -> list[Any]:
    if len(option.values) != 2:
        raise Unreadable(option.text)
    mask, value = (_flags(text) for text in option.values)
    return [match({"&": [field("tcp", "flags"), mask]}, value, option.negated)]


def _flags(text: str) -> Any:
    names = text.lower()
    return "0x3f" if names == "all" else "0x0" if names == "none" else names.split(",")


def _syn(_: Context, option: Option) -> list[Any]:
    return [match({"&": [field("tcp", "flags"), ["fin", "syn", "rst", "ack"]]}, ["syn"], option.negated)]


def _range(name: str) -> Read:
    return lambda context, option: [match(field(context.family, name), option.value, option.negated)]


def _fragment(_: Context, option: Option) -> list[Any]:
    return [match({"&": [field("ip", "frag-off"), 0x1FFF]}, 0, not option.negated)]


def _hop_limit(operator: str) -> Read:
    def read(context: Context, option: Option) -> list[Any]:
        name = "ttl" if context.family == "ip" else "hoplimit"
        return [match(field(context.family, name), option.value, option.negated, None if operator == "==" else operator)]

    return read


def _limit(over: bool) -> Read:
    return lambda _context, option: [Limit(f"{option.owner} {option.text}", over)]


def _nothing(_: Context, __: Option) -> list[Any]:
    return []


def _remark(_: Context, option: Option) -> list[Any]:
    return [Remark(f"{option.owner} {option.text}")]


READERS: dict[tuple[str, str], Read] = {
    ("", "-s"): _address("saddr"), ("", "-d"): _address("daddr"), ("", "-i"): _device("iifname"),
    ("", "-o"): _device("oifname"), ("", "-p"): _protocol, ("", "-f"): _fragment,
    ("multiport", "--dports"): _multiport("dport"), ("multiport", "--sports"): _multiport("sport"),
    ("multiport", "--ports"): _either_port,
    ("conntrack", "--ctstate"): _state, ("state", "--state"): _state, ("conntrack", "--ctstatus"): _status,
    ("conntrack", "--ctproto"): _ct("protocol", None, True), ("conntrack", "--ctdir"): _ct("direction", None, True),
    ("conntrack", "--ctorigsrc"): _ct("saddr", "original"), ("conntrack", "--ctorigdst"): _ct("daddr", "original"),
    ("conntrack", "--ctreplsrc"): _ct("saddr", "reply"), ("conntrack", "--ctrepldst"): _ct("daddr", "reply"),
    ("conntrack", "--ctorigsrcport"): _ct("proto-src", "original"),
    ("conntrack", "--ctorigdstport"): _ct("proto-dst", "original"),
    ("addrtype", "--dst-type"): _address_type("daddr"), ("addrtype", "--src-type"): _address_type("saddr"),
    ("mark", "--mark"): _mark(_meta("mark")), ("connmark", "--mark"): _mark({"ct": {"key": "mark"}}),
    ("owner", "--uid-owner"): _compared(_meta("skuid")), ("owner", "--gid-owner"): _compared(_meta("skgid")),
    ("pkttype", "--pkt-type"): _compared(_meta("pkttype"), "pkt_type"), ("length", "--length"): _compared(_meta("length")),
    ("mac", "--mac-source"): lambda _, option: [match(field("ether", "saddr"), option.value, option.negated)],
    ("icmp", "--icmp-type"): _icmp("icmp"), ("icmp6", "--icmpv6-type"): _icmp("icmpv6"),
    ("icmpv6", "--icmpv6-type"): _icmp("icmpv6"), ("ipv6-icmp", "--icmpv6-type"): _icmp("icmpv6"),
    ("tcp", "--tcp-flags"): _tcp_flags, ("tcp", "--syn"): _syn,
    ("iprange", "--src-range"): _range("saddr"), ("iprange", "--dst-range"): _range("daddr"),
    ("ttl", "--ttl-eq"): _hop_limit("=="), ("ttl", "--ttl-lt"): _hop_limit("<"), ("ttl", "--ttl-gt"): _hop_limit(">"),
    ("hl", "--hl-eq"): _hop_limit("=="), ("hl", "--hl-lt"): _hop_limit("<"), ("hl", "--hl-gt"): _hop_limit(">"),
    ("limit", "--limit"): _limit(False), ("limit", "--limit-burst"): _nothing,
    ("hashlimit", "--hashlimit-upto"): _limit(False), ("hashlimit", "--hashlimit-above"): _limit(True),
    ("connlimit", "--connlimit-above"): _limit(True), ("connlimit", "--connlimit-upto"): _limit(False),
    ("quota", "--quota"): _limit(False), ("recent", "--set"): _remark, ("comment", "--comment"): _nothing,
    **{(owner, f"--{name}port"): _port(f"{name}port") for owner in ("tcp", "udp", "udplite", "sctp", "dccp")
       for name in ("s", "d")},
    **{(owner, f"--{long}-port"): _port(f"{long[0]}port") for owner in ("tcp", "udp", "udplite", "sctp", "dccp")
       for long in ("source", "destination")},
}  # fmt: skip
"""Readers by the match and the option. 'recent --set' learns an address and always holds."""

_QUIET_OPTIONS = {
    "hashlimit": ("--hashlimit-burst", "--hashlimit-mode", "--hashlimit-name", "--hashlimit-srcmask", "--hashlimit-dstmask",
                  "--hashlimit-htable-size", "--hashlimit-htable-max", "--hashlimit-htable-expire",
                  "--hashlimit-htable-gcinterval"),
    "connlimit": ("--connlimit-mask", "--connlimit-saddr", "--connlimit-daddr"),
    "recent": ("--name", "--mask", "--rsource", "--rdest"),
}  # fmt: skip
LONG_NAMES = {
    "--source": "-s", "--src": "-s", "--destination": "-d", "--dst": "-d", "--in-interface": "-i", "--out-interface": "-o",
    "--protocol": "-p", "--fragment": "-f", "--jump": "-j", "--goto": "-g", "--match": "-m", "--append": "-A",
}  # fmt: skip


def is_quiet(option: Option) -> bool:
    """Tell whether an option only says more of one that is read."""
    return option.name in _QUIET_OPTIONS.get(option.owner, ())
