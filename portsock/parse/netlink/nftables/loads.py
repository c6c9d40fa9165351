"""Expressions that load values into registers, change them there, or store them in the packet: net/netfilter/nft_*.c."""

from collections.abc import Callable
from typing import Final, Literal

from portsock.parse.netlink.nftables.fields import Attributes, data, number
from portsock.parse.netlink.nftables.machine import Machine
from portsock.parse.netlink.nftables.registers import MOST_BYTES, Value, constant, swapped, words
from portsock.parse.netlink.nftables.registers import number as as_number
from portsock.parse.netlink.nftables.words import CT, HOST, META, NAME_SIZE, Loaded, padded
from portsock.rulesets import Assign, Constant, Ct, Fib, Masked, Meta, Other, Payload, Remark, Shifted

_BASES: Final[tuple[Literal["link", "network", "transport", "inner"], ...]] = ("link", "network", "transport", "inner")
_DIRECTIONS = {0: "original", 1: "reply"}
_MASK_XOR, _LEFT, _RIGHT = 0, 1, 2
_FIB_INPUTS = {1: "saddr", 2: "daddr", 4: "mark", 8: "iif", 16: "oif"}
_FIB_PRESENT = 32
_FIB_RESULTS: dict[int, Loaded] = {1: ("oif", 4, HOST), 2: ("oifname", NAME_SIZE, "text"), 3: ("type", 4, HOST)}
_PRESENT: Loaded = ("present", 1, HOST)
_SOCKET = {0: ("transparent", 1), 1: ("mark", 4), 2: ("wildcard", 1), 3: ("cgroupv2", 8)}
_ROUTE = {0: ("classid", 4), 1: ("nexthop", 4), 2: ("nexthop", 16), 3: ("mtu", 2), 4: ("ipsec", 1)}
_HEADERS = {0: "exthdr", 1: "tcp option", 2: "ip option", 3: "sctp chunk", 4: "dccp option"}


def payload_load(found: Attributes) -> tuple[int, Value]:
    """Return the register, and the bytes of the packet that are loaded into it."""
    base, offset, length = number(found, 2), number(found, 3), number(found, 4)
    if base < len(_BASES) and length <= MOST_BYTES:
        return number(found, 1), Value(Payload(_BASES[base], 8 * offset, 8 * length), length, "big")
    return number(found, 1), Value(
        Other(f"payload of base {base} at {offset}, {length} bytes"), min(length, MOST_BYTES), "big"
    )


def meta_load(found: Attributes) -> tuple[int, Value]:
    """Return the register, and what is loaded into it."""
    key = number(found, 2)
    word, size, order = META.get(key, (f"key {key}", 4, HOST))
    return number(found, 1), Value(Meta(word), size, order)


LOADS: dict[str, tuple[int, Callable[[Attributes], tuple[int, Value]]]] = {
    "payload": (5, payload_load),
    "meta": (3, meta_load),
}
"""By the name of an expression: the attribute that only a write has, and the function that decodes a load."""


def write(machine: Machine, register: int, target: Value) -> None:
    """Assign to what could be loaded."""
    assert target.source is not None
    machine.state(Assign(target.source, machine.registers.expression(register, target.size, target.order)))


def ct(machine: Machine, found: Attributes) -> None:
    key = number(found, 2)
    word, size, order = CT.get(key, (f"key {key}", 4, HOST))
    if word in ("saddr", "daddr") and machine.place.family in ("ip", "ip6"):
        word, size = f"{machine.place.family} {word}", 4 if machine.place.family == "ip" else 16
    target = Ct(word, _DIRECTIONS.get(number(found, 3)) if 3 in found else None)
    if 4 in found:  # NFTA_CT_SREG
        machine.state(Assign(target, machine.registers.expression(number(found, 4), size, order)))
    else:
        machine.registers.put(number(found, 1), Value(target, size, order))


def fib(machine: Machine, found: Attributes) -> None:
    result, flags = number(found, 2), number(found, 3)
    word, size, order = _FIB_RESULTS.get(result, (f"result {result}", 4, HOST))
    if flags & _FIB_PRESENT:
        word, size, order = _PRESENT
    inputs = frozenset(name for bit, name in _FIB_INPUTS.items() if flags & bit)
    machine.registers.put(number(found, 1), Value(Fib(inputs, word), size, order))


def immediate(machine: Machine, found: Attributes) -> None:
    machine.registers.put(number(found, 1), constant(data(found.get(2))[:MOST_BYTES]))


def byteorder(machine: Machine, found: Attributes) -> None:
    length, unit = number(found, 4), number(found, 5)
    parts = machine.registers.get(number(found, 1), length)
    if len(parts) == 1 and parts[0].size in (length, unit) and length == unit:
        changed = swapped(parts[0])
    else:
        changed = Value(Other("a value in another byte order"), min(length, MOST_BYTES), "big")
    machine.registers.put(number(found, 2), changed)


def bitwise(machine: Machine, found: Attributes) -> None:
    source, target, length, operation = number(found, 1), number(found, 2), number(found, 3), number(found, 6)
    parts = machine.registers.get(source, length)
    if operation == _MASK_XOR:
        mask, flip = data(found.get(4)), data(found.get(5))
        for at, part in _placed(parts):
            ends = at + part.size
            machine.registers.put(_after(target, at), _masked(part, mask[at:ends], flip[at:ends]))
    elif operation in (_LEFT, _RIGHT) and len(parts) == 1:
        bits = as_number(data(found.get(7)), HOST)
        machine.registers.put(target, _shifted(parts[0], bits if operation == _LEFT else -bits))
    else:
        text = f"bits of {' and '.join(words(part.source) for part in parts)}"
        machine.registers.put(target, Value(Other(text), min(length, MOST_BYTES), "big"))


def _placed(parts: list[Value]) -> list[tuple[int, Value]]:
    """Return values with their places in bytes after the first one."""
    placed, at = [], 0
    for part in parts:
        placed.append((at, part))
        at += padded(part.size)
    return placed


def _after(register: int, offset: int) -> int:
    """Return the register that begins some bytes after another one."""
    return register + offset // 4 if register >= 8 or not offset else 4 * register + 4 + offset // 4


def _masked(value: Value, mask: bytes, flip: bytes) -> Value:
    if len(mask) != value.size or len(flip) != value.size:
        return Value(Other(f"bits of {words(value.source)}"), value.size, value.order)
    bits, changed = as_number(mask, value.order), as_number(flip, value.order)
    if value.source is None:
        result = as_number(value.raw, "big") & as_number(mask, "big") ^ as_number(flip, "big")
        return constant(result.to_bytes(value.size, "big"))
    if not changed and mask == b"\xff" * value.size:
        return value
    if value.order == "text":
        return Value(Other(f"bits of {words(value.source)}"), value.size, "big")
    return value._replace(source=Masked(value.source, bits, changed))


def _shifted(value: Value, bits: int) -> Value:
    """Shift a value as the kernel does, which takes the words of a register as numbers of the machine."""
    known = value.source is not None and (value.size == 4 or (HOST == "little" and value.size < 4))
    if not known or (value.order != HOST and value.size > 1) or abs(bits) > 31:
        return Value(Other(f"{words(value.source)} shifted by {bits} bits"), value.size, value.order)
    shifted = Shifted(value.source, bits)  # type: ignore[arg-type]  # not None where known
    return Value(Masked(shifted, 0xFFFFFFFF), 4, HOST) if bits > 0 else value._replace(source=shifted, order=HOST)


def numgen(machine: Machine, found: Attributes) -> None:
    kind = "inc" if number(found, 3) == 0 else "random"
    _other(machine, number(found, 1), f"numgen {kind} mod {number(found, 2)}{_offset(number(found, 4))}")


def hashed(machine: Machine, found: Attributes) -> None:
    source = "symhash" if number(found, 7) else f"jhash {_listed(machine, number(found, 1), number(found, 3))}"
    _other(machine, number(found, 2), f"{source} mod {number(found, 4)}{_offset(number(found, 6))}")


def _listed(machine: Machine, register: int, length: int) -> str:
    return " . ".join(words(part.source) for part in machine.registers.get(register, length))


def _offset(number_: int) -> str:
    return f" offset {number_}" if number_ else ""


def exthdr(machine: Machine, found: Attributes) -> None:
    kind, operation = number(found, 2), number(found, 6)
    text = f"{_HEADERS.get(operation, 'header')} {kind}"
    if 1 not in found:  # no NFTA_EXTHDR_DREG: an option is changed or removed
        register, length = number(found, 7), number(found, 4)
        value = machine.registers.expression(register, length, "big") if length and 7 in found else None
        machine.state(Remark(f"{text} set {value.value}" if isinstance(value, Constant) else f"{text} changed"))
    elif number(found, 5) & 1:
        _other(machine, number(found, 1), f"{text} exists", 1)
    else:
        _other(machine, number(found, 1), f"{text} @{number(found, 3)},{number(found, 4)}", number(found, 4), "big")


def socket(machine: Machine, found: Attributes) -> None:
    word, size = _SOCKET.get(number(found, 1), (f"key {number(found, 1)}", 4))
    _other(machine, number(found, 2), f"socket {word}", size)


def route(machine: Machine, found: Attributes) -> None:
    word, size = _ROUTE.get(number(found, 2), (f"key {number(found, 2)}", 4))
    _other(machine, number(found, 1), f"rt {word}", size)


def fingerprint(machine: Machine, found: Attributes) -> None:
    machine.registers.put(number(found, 1), Value(Other("osf name"), NAME_SIZE, "text"))


def tunnel(machine: Machine, found: Attributes) -> None:
    _other(machine, number(found, 2), "tunnel id" if number(found, 1) else "tunnel path", 4 if number(found, 1) else 1)


def transform(machine: Machine, found: Attributes) -> None:
    key = number(found, 2)
    _other(machine, number(found, 1), f"ipsec key {key}", 16 if key in (4, 5) else 4, "big")


def _other(machine: Machine, register: int, text: str, size: int = 4, order: Literal["big", "little"] | None = None) -> None:
    machine.registers.put(register, Value(Other(text), min(size, MOST_BYTES), order or HOST))
