"""Socket objects of schema portsock/1, parsed back into records: the reverse of portsock.output.json.objects."""

from enum import StrEnum
from typing import Any, TypeVar

from portsock.model import (
    Endpoint,
    Family,
    InetEndpoint,
    NetlinkEndpoint,
    Netns,
    Owner,
    PacketEndpoint,
    SocketMemory,
    SocketType,
    State,
    Subflow,
    Timer,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.parse.listings.json_text import integer
from portsock.parse.listings.numbers import MOST_PORT
from portsock.parse.netlink.tcp_info import CONGESTION_CONTROL, NUMBERS
from portsock.records import SocketRecord

_Word = TypeVar("_Word", bound=StrEnum)
_Object = dict[str, Any]

_NUMBERS = (
    "recv_q", "send_q", "accept_queue", "accept_limit", "uid", "inode", "cookie", "peer_inode", "subflow_of",
)  # fmt: skip

_BOTH_SHUT = 3
"""RCV_SHUTDOWN and SEND_SHUTDOWN, include/net/sock.h."""


def parse_record(item: _Object) -> SocketRecord:
    """Return the record of a socket. Raises ValueError where family or protocol is missing or unknown."""
    family, protocol = enum_member(Family, item.get("family")), text_at(item, "protocol")
    if family is None or not protocol:
        raise ValueError("a socket has no known family and protocol")
    state = enum_member(State, item.get("state"))
    raw = text_at(item, "state_raw") or text_at(item, "state") if state is None else None  # 0.1.0 printed both
    vfs, v6only = item.get("vfs"), item.get("v6only")
    numbers: dict[str, Any] = {name: integer(item.get(name)) for name in _NUMBERS}
    return SocketRecord(
        family, enum_member(SocketType, item.get("type")), protocol, integer(item.get("number")), state, raw,
        _endpoint(item.get("local")), _endpoint(item.get("remote")),
        interface=text_at(item, "interface"),
        v6only=v6only if isinstance(v6only, bool) else None,
        netns=parse_netns(item.get("netns")),
        user=text_at(item, "user"),
        vfs=_pair(vfs) if isinstance(vfs, dict) else None,
        timer=_timer(item.get("timer")),
        memory=_memory(item.get("memory")),
        info=_info(item.get("info")),
        shutdown=integer(item.get("shutdown"), _BOTH_SHUT),
        subflows=_subflows(item.get("subflows")),
        **numbers,
    )  # fmt: skip


def _subflows(items: object) -> tuple[Subflow, ...] | None:
    if not isinstance(items, list):
        return None
    found = [item for item in items if isinstance(item, dict)]
    return tuple(
        Subflow(enum_member(State, item.get("state")), _endpoint(item.get("local")), _endpoint(item.get("remote")))
        for item in found
    )


def parse_owners(items: object) -> tuple[Owner, ...]:
    """Return the owners of a socket or peer."""
    if not isinstance(items, list):
        return ()
    return tuple(
        Owner(
            integer(item.get("pid")),
            integer(item.get("fd")),
            text_at(item, "name"),
            text_at(item, "user"),
            integer(item.get("tid")),
        )
        for item in items
        if isinstance(item, dict)
    )


def parse_netns(item: object) -> Netns | None:
    """Return a network namespace, or None where it has no id."""
    if not isinstance(item, dict) or (number := integer(item.get("id"))) is None:
        return None
    return Netns(number, text_at(item, "name"))


def text_at(item: _Object, name: str) -> str | None:
    """Return the text under this key, or None."""
    value = item.get(name)
    return value if isinstance(value, str) else None


def enum_member(words: type[_Word], value: object) -> _Word | None:
    """Return the enum member of that value, or None for an unknown value."""
    try:
        return words(value) if isinstance(value, str) else None
    except ValueError:
        return None


def _endpoint(item: object) -> Endpoint | None:
    if not isinstance(item, dict):
        return None
    kind = item.get("kind")
    if kind == "inet":
        return InetEndpoint(
            text_at(item, "address"), integer(item.get("port"), MOST_PORT), text_at(item, "zone"), text_at(item, "hostname"),
            text_at(item, "label"), item.get("truncated") is True, item.get("port_guessed") is True,
        )  # fmt: skip
    if kind == "unix":
        return UnixEndpoint(_path(item), item.get("abstract") is True, item.get("truncated") is True)
    if kind == "netlink":
        protocol, portid = integer(item.get("protocol")), integer(item.get("portid"))
        known = protocol is not None and portid is not None
        return NetlinkEndpoint(protocol or 0, portid or 0, integer(item.get("groups"))) if known else None
    if kind == "packet":
        return PacketEndpoint(integer(item.get("ethertype")), integer(item.get("ifindex")))
    if kind == "vsock":
        cid, port = integer(item.get("cid")), integer(item.get("port"))
        return VsockEndpoint(cid, port) if cid is not None and port is not None else None
    return None


def _path(item: _Object) -> bytes | None:
    from base64 import b64decode

    encoded, path = text_at(item, "path_bytes"), text_at(item, "path")
    if encoded is not None:
        try:
            return b64decode(encoded, validate=True)
        except ValueError:
            return None
    return None if path is None else path.encode("utf-8", "surrogatepass")


def _pair(item: _Object) -> tuple[int, int] | None:
    device, inode = integer(item.get("device")), integer(item.get("inode"))
    return None if device is None or inode is None else (device, inode)


def _timer(item: object) -> Timer | None:
    if not isinstance(item, dict) or (kind := text_at(item, "kind")) is None:
        return None
    return Timer(kind, integer(item.get("expires_ms")), integer(item.get("retransmits")))


def _memory(item: object) -> SocketMemory | None:
    if not isinstance(item, dict):
        return None
    sizes = {name: integer(item.get(name)) for name in SocketMemory._fields}
    missing = {name for name, size in sizes.items() if size is None}
    return SocketMemory._make(sizes.values()) if missing <= {"drops"} else None


def _info(item: object) -> dict[str, int | float | str | bool | None] | None:
    if not isinstance(item, dict):
        return None
    return {name: value if _is_detail(name, value) else None for name, value in item.items() if _is_value(value)}


def _is_value(value: object) -> bool:
    return value is None or isinstance(value, float | str | bool) or _fits(value)


def _is_detail(name: str, value: object) -> bool:
    """Tell whether a detail has the type that portsock gives it. Details that portsock does not know have any type."""
    if name == CONGESTION_CONTROL:
        return isinstance(value, str)
    return name not in NUMBERS or (isinstance(value, int | float) and not isinstance(value, bool))


def _fits(value: object) -> bool:
    """Tell whether it is an integer of 64 bits: Python refuses to print one of thousands of digits."""
    return isinstance(value, int) and -(1 << 63) <= value < 1 << 64
