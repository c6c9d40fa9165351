"""Targets of iptables, as the objects of libnftables-json(5) or as statements."""

from collections.abc import Callable, Mapping
from typing import Any

from portsock.parse.rulesets.iptables.options import Option
from portsock.parse.rulesets.meaning.values import Unreadable
from portsock.parse.rulesets.meaning.xtables import QUIET_TARGETS
from portsock.rulesets import Remark, Unknown

Options = Mapping[str, str]
Read = Callable[[Options, str], list[Any]]

_MARK, _CONNMARK = {"meta": {"key": "mark"}}, {"ct": {"key": "mark"}}
_ALL = "0xffffffff"
_REJECTS: dict[str, tuple[str, str | None]] = {
    "tcp-reset": ("tcp reset", None), "tcp-rst": ("tcp reset", None),
    "icmp-net-unreachable": ("icmp", "net-unreachable"), "icmp-host-unreachable": ("icmp", "host-unreachable"),
    "icmp-proto-unreachable": ("icmp", "prot-unreachable"), "icmp-port-unreachable": ("icmp", "port-unreachable"),
    "icmp-net-prohibited": ("icmp", "net-prohibited"), "icmp-host-prohibited": ("icmp", "host-prohibited"),
    "icmp-admin-prohibited": ("icmp", "admin-prohibited"),
    "icmp6-no-route": ("icmpv6", "no-route"), "no-route": ("icmpv6", "no-route"),
    "icmp6-adm-prohibited": ("icmpv6", "admin-prohibited"), "adm-prohibited": ("icmpv6", "admin-prohibited"),
    "icmp6-addr-unreachable": ("icmpv6", "addr-unreachable"), "addr-unreach": ("icmpv6", "addr-unreachable"),
    "icmp6-port-unreachable": ("icmpv6", "port-unreachable"), "port-unreach": ("icmpv6", "port-unreachable"),
    "icmp6-policy-fail": ("icmpv6", "policy-fail"), "icmp6-reject-route": ("icmpv6", "reject-route"),
}  # fmt: skip


def _set(target: dict[str, Any], value: Any) -> dict[str, Any]:
    return {"mangle": {"key": target, "value": value}}


def _masked(value: str) -> tuple[int, int]:
    number, _, mask = value.partition("/")
    try:
        return int(number[:20], 0), int((mask or _ALL)[:20], 0)
    except ValueError:
        raise Unreadable(value) from None


def _mark(target: dict[str, Any]) -> Read:
    def read(options: Options, _: str) -> list[Any]:
        for name, value in options.items():
            if name in ("--set-mark", "--set-xmark"):
                number, mask = _masked(value)
                if name == "--set-mark":
                    mask |= number
                cleared = ~mask & 0xFFFFFFFF
                return [_set(target, number if not cleared else {"^": [{"&": [target, cleared]}, number]})]
            operator = {"--and-mark": "&", "--or-mark": "|", "--xor-mark": "^"}.get(name)
            if operator:
                return [_set(target, {operator: [target, value]})]
        return _copied(options)

    return read


def _copied(options: Options) -> list[Any]:
    if any(options.get(name, _ALL) not in (_ALL, "4294967295") for name in ("--nfmask", "--ctmask", "--mask")):
        raise Unreadable("masks")
    if "--save-mark" in options:
        return [_set(_CONNMARK, _MARK)]
    if "--restore-mark" in options:
        return [_set(_MARK, _CONNMARK)]
    raise Unreadable("mark")


def _reject(options: Options, family: str) -> list[Any]:
    name = options.get("--reject-with", "icmp-port-unreachable" if family == "ip" else "icmp6-port-unreachable")
    if name not in _REJECTS:
        raise Unreadable(name)
    kind, code = _REJECTS[name]
    return [{"reject": {"type": kind, "expr": code}}]


def _end(value: str) -> tuple[str, str]:
    """Return address and port of '10.0.0.2:80', '[2001:db8::2]:80-90'."""
    if "]" in value:
        address, _, port = value.rpartition("]")
        return address.replace("[", "").replace("]", ""), port.removeprefix(":")
    address, _, port = value.partition(":") if value.count(":") == 1 else (value, "", "")
    return address, port


def _nat(kind: str, option: str) -> Read:
    def read(options: Options, family: str) -> list[Any]:
        address, port = _end(options.get(option, ""))
        port = port.partition("/")[0]
        found = {name: value for name, value in (("addr", address), ("port", port)) if value}
        if not found:
            raise Unreadable(kind)
        return [{kind: {"family": family, **found}}]

    return read


def _ported(kind: str) -> Read:
    def read(options: Options, _: str) -> list[Any]:
        port = options.get("--to-ports")
        return [{kind: {"port": port} if port else None}]

    return read


def _netmap(_: Options, __: str) -> list[Any]:
    raise Unreadable("NETMAP")  # the address keeps its host part; dnat or snat depends on the chain


def _tproxy(options: Options, family: str) -> list[Any]:
    address, port = options.get("--on-ip"), options.get("--on-port")
    wanted = {"family": family, "port": port}
    if address not in (None, "0.0.0.0", "::"):
        wanted["addr"] = address
    found: list[Any] = [{"tproxy": wanted}]
    if "--tproxy-mark" in options:
        found += _mark(_MARK)({"--set-xmark": options["--tproxy-mark"]}, family)
    return [*found, {"accept": None}]


def _ct(options: Options, _: str) -> list[Any]:
    return [{"notrack": None}] if "--notrack" in options else [{"ct helper": None}]


def _quiet(name: str) -> Read:
    return lambda options, _: [Remark(" ".join((name, *(f"{key} {value}".rstrip() for key, value in options.items()))))]


READERS: dict[str, Read] = {
    "ACCEPT": lambda *_: [{"accept": None}], "DROP": lambda *_: [{"drop": None}], "RETURN": lambda *_: [{"return": None}],
    "QUEUE": lambda *_: [{"queue": None}], "NFQUEUE": lambda *_: [{"queue": None}], "REJECT": _reject,
    "DNAT": _nat("dnat", "--to-destination"), "SNAT": _nat("snat", "--to-source"), "REDIRECT": _ported("redirect"),
    "MASQUERADE": _ported("masquerade"), "NETMAP": _netmap, "TPROXY": _tproxy, "MARK": _mark(_MARK),
    "CONNMARK": _mark(_CONNMARK), "CT": _ct, "NOTRACK": lambda *_: [{"notrack": None}],
    **{name: _quiet(name) for name in QUIET_TARGETS},
}  # fmt: skip


def read_target(name: str, goes: bool, options: list[Option], family: str, chains: frozenset[str]) -> list[Any]:
    """Return what a target does. One that is not known is an Unknown action."""
    if name in chains:
        return [{"goto" if goes else "jump": {"target": name}}]
    values = {option.name: " ".join(option.values) for option in options}
    try:
        if name in READERS and not any(option.negated for option in options):
            return READERS[name](values, family)
    except Unreadable:
        pass
    return [Unknown(" ".join((name, *(option.text for option in options)))[:160], "action")]
