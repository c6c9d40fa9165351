"""Random situations for the bind verdict: devices with addresses, sockets of every kind on a port, and questions about it.

Each world is a network namespace of its own. Each question has a fresh port with the same sockets on it, because the kernel
remembers at a port which options it has seen there. portsock is asked first, then bind(2) and listen(2).

    .venv/bin/python -m tests.support.bind_worlds --configurations 300 --seed 1
"""

import argparse
import errno
import os
import random
import socket
import subprocess
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple

from portsock.cli.explaining.binding import attempts_of
from portsock.endpoints import port_of
from portsock.model import Snapshot, Socket
from portsock.normalize.snapshot import normalize
from portsock.port_numbers import EMPTY
from portsock.query.target import parse_target
from portsock.records import Request
from portsock.sources.linux.collect import collect
from portsock.sources.system import host
from tests.support.bind_lab import in_namespace

USERS = (0, 0, 0, 65534, 1000)
DEVICES = ("lo", "va", "vb", "wa", "br0")
CONFIGURATIONS_IN_A_WORLD = 15
QUESTIONS = 13
"""The number for each configuration: 300 configurations give the 3,900 verdicts of the trial of 0.1.0."""
_FREEBIND, _V6_FREEBIND, _SO_BINDTODEVICE = 15, 78, 25
_OUTGOING = "50000 60999"
"""The ephemeral range of the worlds."""

LINKS = """
link add va type veth peer name vb
link add wa type veth peer name wb
link add xa type veth peer name xb
link add br0 type bridge
link set va addrgenmode none
link set vb addrgenmode none
link set wa addrgenmode none
link set wb addrgenmode none
link set xa addrgenmode none
link set br0 addrgenmode none
link set lo up
link set va up
link set vb up
link set wa up
link set wb up
link set xa up
link set br0 up
"""
ADDRESSES = """
address add 192.0.2.200/32 dev lo
address add 2001:db8:9::1/128 dev lo
address add 192.0.2.1/24 brd + dev va
address add 192.0.2.2/24 dev va
address add 2001:db8:1::1/64 dev va nodad
address add 2001:db8:1::2/64 dev va nodad preferred_lft 0
address add fe80::1/64 dev va nodad
address add fe80::3/64 dev vb nodad
address add fe80::77/64 dev vb nodad
address add 198.51.100.1/25 brd 198.51.100.127 dev wa
address add 192.0.2.9/24 dev wa
address add 2001:db8:2::1/64 dev wa nodad
address add 2001:db8:1::1/64 dev wa nodad
address add fe80::1/64 dev wa nodad
address add fe80::2/64 dev wa nodad
address add fe80::5/64 dev br0 nodad
address add 2001:db8:4::1/64 dev xa
address add fe80::4/64 dev xa
address add 2001:db8:1::4/64 dev xa
route add local 203.0.113.0/24 dev lo
route add local 2001:db8:5::/64 dev lo
"""
"""xa stays without carrier, so that its addresses without `nodad` stay tentative."""
DUPLICATES = """
address add fe80::77/64 dev va
address add fe80::3/64 dev va
address add 2001:db8:1::1/64 dev vb
"""
"""Addresses that the other end of the link has: duplicate address detection fails."""

V4 = (
    "0.0.0.0", "0.0.0.0", "127.0.0.1", "127.0.0.1", "127.5.5.5", "192.0.2.1", "192.0.2.2", "192.0.2.200", "198.51.100.1",
    "192.0.2.9",
)  # fmt: skip
V4_ODD = (
    "192.0.2.255",
    "255.255.255.255",
    "224.0.0.251",
    "203.0.113.7",
    "203.0.114.9",
    "198.51.100.127",
    "192.0.2.0",
    "127.0.0.1%none",
    "0.1.2.3",
)
V6 = (
    "::",
    "::",
    "::1",
    "2001:db8:1::1",
    "2001:db8:1::2",
    "2001:db8:2::1",
    "2001:db8:9::1",
    "::ffff:192.0.2.1",
    "::ffff:127.0.0.1",
)
V6_LINK = ("fe80::1%va", "fe80::1%wa", "fe80::2%wa", "fe80::3%vb", "fe80::5%br0")
V6_ODD = (
    "fe80::1", "fe80::1%vb", "fe80::2%va", "fe80::9%va", "fe80::1%none", "fe80::1%2", "fe80::1%99", "fe80::4%xa",
    "fe80::77%va", "fe80::77%vb", "fe80::3%va", "2001:db8:4::1", "2001:db8:4::1%xa", "2001:db8:1::4", "2001:db8:1::",
    "2001:db8:5::1", "2001:db8:1::3", "2001:db8:1::1%none", "::%none", "ff02::fb", "ff02::fb%va", "ff05::1", "ff01::1%lo",
    "ff12::5", "ff12::5%wa", "ff05::1%va",
)  # fmt: skip


class Plan(NamedTuple):
    """A socket to be made on the port."""

    kind: str
    """BOUND, LISTEN, SERVING with its listener, ACCEPTED without, TIME_WAIT, ORPHAN, WAITING, CLIENT; UDP, UDP_CONNECTED."""
    address: str
    """With a zone or device behind '%'."""
    reuseaddr: bool
    reuseport: bool
    v6only: bool
    freebind: bool
    uid: int


class Ask(NamedTuple):
    """A question: the way in which a program would bind."""

    protocol: str
    address: str
    port: int
    reuseaddr: bool
    reuseport: bool
    v6only: bool | None
    uid: int


class Result(NamedTuple):
    """The verdict beside what the kernel did."""

    world: int
    plans: tuple[Plan, ...]
    ask: Ask
    kernel: str | None
    """The name of the error of bind(2) or listen(2); None: both succeeded."""
    found: bool
    """There was a verdict on this way."""
    ok: bool | None
    errno: str | None
    reason: str | None

    @property
    def wrong(self) -> bool:
        if not self.found or self.ok is None:
            return False
        # A refusal without an error says that it is one of two.
        return self.ok != (self.kernel is None) or (self.errno is not None and self.errno != self.kernel)


def plans(rng: random.Random, protocol: str) -> tuple[Plan, ...]:
    """Return up to three sockets, made in this order."""
    made = []
    for _ in range(rng.choice((0, 1, 1, 1, 2, 2, 3))):
        kinds: tuple[str, ...] = ("UDP", "UDP", "UDP_CONNECTED")
        if protocol == "tcp":
            kinds = (
                "BOUND",
                "BOUND",
                "LISTEN",
                "LISTEN",
                "LISTEN",
                "SERVING",
                "ACCEPTED",
                "TIME_WAIT",
                "ORPHAN",
                "WAITING",
                "CLIENT",
            )
        freebind = rng.random() < 0.1
        address = _address(rng)
        if freebind:
            address = rng.choice(("203.0.114.9", "2001:db8:1::3", "fe80::9%va"))
        reuse = rng.choice(((False, False), (True, False), (False, True), (True, True)))
        made.append(Plan(rng.choice(kinds), address, *reuse, rng.random() < 0.4, freebind, rng.choice(USERS)))
    return tuple(made)


def _address(rng: random.Random) -> str:
    """Return an address to hold, mostly without a device."""
    address = rng.choice(rng.choice((V4, V4, V6, V6, V6_LINK)))
    if "%" not in address and rng.random() < 0.25:
        address += "%" + rng.choice(DEVICES)
    return address


def ask(rng: random.Random, protocol: str, held: Sequence[Plan], port: int) -> Ask:
    """Return a question that is likely to meet the sockets held."""
    if held and rng.random() < 0.4:
        address = rng.choice(held).address
    elif rng.random() < 0.25:
        address = rng.choice(rng.choice((V4_ODD, V6_ODD, V6_ODD)))
    else:
        address = _address(rng)
    address = address.removeprefix("::ffff:")  # portsock takes a mapped address for the IPv4 address
    reuse = rng.choice(((False, False), (True, False), (False, True), (True, True)))
    v6only = rng.random() < 0.5 if ":" in address else None
    return Ask(protocol, address, port, *reuse, v6only, rng.choice(USERS))


@contextmanager
def acting_as(uid: int) -> Iterator[None]:
    """Act as a user, without the capabilities that root has."""
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)


def _new(address: str, stream: bool, reuseaddr: bool, reuseport: bool, v6only: bool | None) -> socket.socket:
    """Make a socket; a device behind an address that needs no zone is set with SO_BINDTODEVICE. Raises OSError."""
    made = socket.socket(
        socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
    )
    with_error = True
    try:
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuseaddr))
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, int(reuseport))
        if v6only is not None and ":" in address:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(v6only))
        _, _, device = address.partition("%")
        if device and not _needs_zone(address):
            made.setsockopt(socket.SOL_SOCKET, _SO_BINDTODEVICE, device.encode() + b"\0")
        with_error = False
    finally:
        if with_error:
            made.close()
    return made


def _needs_zone(address: str) -> bool:
    return address.startswith(("fe80:", "ff01:", "ff02:"))


def _name(address: str, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    """Return the address of bind(2) and connect(2). Raises OSError for a zone that is no device."""
    bare, _, zone = address.partition("%")
    if ":" not in address:
        return bare, port
    if not zone or not _needs_zone(address):
        return bare, port, 0, 0
    if zone.isdigit():
        return bare, port, 0, int(zone)
    try:
        return bare, port, 0, socket.if_nametoindex(zone)
    except OSError:
        raise OSError(errno.ENODEV, "no such device") from None


def hold(plan: Plan, port: int) -> list[socket.socket]:
    """Make the socket of a plan, as far as the kernel lets it; return what must stay open."""
    kept: list[socket.socket] = []
    with suppress(OSError), acting_as(plan.uid):
        stream = not plan.kind.startswith("UDP")
        made = _new(plan.address, stream, plan.reuseaddr, plan.reuseport, plan.v6only)
        kept.append(made)
        if plan.freebind:
            v6 = made.family == socket.AF_INET6
            made.setsockopt(socket.IPPROTO_IPV6 if v6 else socket.IPPROTO_IP, _V6_FREEBIND if v6 else _FREEBIND, 1)
        made.bind(_name(plan.address, port))
        if plan.kind in {"UDP", "BOUND"}:
            return kept
        made.settimeout(0.03)
        if plan.kind == "UDP_CONNECTED":
            made.connect(_client_name(plan, 9))
        elif plan.kind == "CLIENT":
            _connect_out(plan, made, kept)
        else:
            _serve(plan, port, made, kept)
    return kept


def _client_name(plan: Plan, port: int) -> tuple[str, int] | tuple[str, int, int, int]:
    bare = plan.address.partition("%")[0]
    if bare == "0.0.0.0":
        return "127.0.0.1", port
    if bare == "::":
        return ("::1", port) if plan.v6only else ("::ffff:127.0.0.1", port)
    return _name(plan.address, port)


def _connect_out(plan: Plan, made: socket.socket, kept: list[socket.socket]) -> None:
    """Connect the socket, from the port that it is bound to, to a listener on another port."""
    other = socket.socket(made.family)
    kept.append(other)
    other.bind(("::" if made.family == socket.AF_INET6 else "0.0.0.0", 0))
    other.listen()
    made.connect(_client_name(plan, other.getsockname()[1]))


def _serve(plan: Plan, port: int, listener: socket.socket, kept: list[socket.socket]) -> None:
    """Listen, and make the connection of the plan."""
    listener.listen()
    if plan.kind == "LISTEN":
        return
    client = socket.socket(listener.family)
    client.settimeout(0.03)
    kept.append(client)
    client.connect(_client_name(plan, port))
    if plan.kind == "WAITING":
        return
    server, _ = listener.accept()
    kept.append(server)
    if plan.kind in {"ACCEPTED", "TIME_WAIT"}:
        listener.close()
    if plan.kind in {"ORPHAN", "TIME_WAIT"}:
        server.close()
    if plan.kind == "TIME_WAIT":
        client.recv(1)
        client.close()


def kernel_says(question: Ask) -> str | None:
    """Bind as the question has it, and listen; return the name of the error, None where both succeed."""
    stream = question.protocol == "tcp"
    try:
        with (
            acting_as(question.uid),
            _new(question.address, stream, question.reuseaddr, question.reuseport, question.v6only) as made,
        ):
            made.bind(_name(question.address, question.port))
            if stream:
                made.listen()
    except OSError as error:
        return errno.errorcode[error.errno or 0]
    return None


def portsock_says(question: Ask, near: Snapshot) -> tuple[bool, bool | None, str | None, str | None]:
    """Return whether explain has a verdict on this way, and its ok, errno and reason."""
    shown = f"[{question.address}]" if ":" in question.address else question.address
    target = parse_target(f"{question.protocol}/{shown}:{question.port}", EMPTY)
    options = tuple(
        name for name, is_set in (("SO_REUSEADDR", question.reuseaddr), ("SO_REUSEPORT", question.reuseport)) if is_set
    )
    for attempt in attempts_of(target, near, str(question.uid), None, False):
        if attempt.options == options and attempt.v6only == question.v6only:
            return True, attempt.ok, attempt.errno, attempt.reason
    return False, None, None, None


def world(seed: int, number: int, configurations: int, questions: int) -> list[Result]:
    """Make a world, then its configurations, and ask the questions. Runs in a namespace of its own."""
    import resource

    resource.setrlimit(resource.RLIMIT_NOFILE, (8192, 8192))
    rng = random.Random(f"{seed} {number}")  # noqa: S311 - a trial that can be run again
    _build(rng, number)
    ports = {"low": iter(range(600, 1024)), "middle": iter(range(2000, 32000)), "high": iter(range(51000, 52000))}
    placed: list[tuple[tuple[Plan, ...], Ask]] = []
    kept = []
    for _ in range(configurations):
        protocol = rng.choice(("tcp", "tcp", "udp"))
        held = plans(rng, protocol)
        for _ in range(questions):
            port = next(ports[rng.choices(("low", "middle", "high"), (8, 87, 5))[0]])
            # Somebody else's protocol has ports of its own.
            placed.append(
                (held, ask(rng, protocol if rng.random() < 0.95 else "udp", held, port if rng.random() < 0.98 else 0))
            )
            for plan in held:
                kept += hold(plan, port)
    found = compare(number, placed)
    for made in kept:
        made.close()
    return found


def compare(number: int, placed: Sequence[tuple[tuple[Plan, ...], Ask]]) -> list[Result]:
    """Ask portsock all the questions, then the kernel."""
    snapshot = normalize([collect(Request(frozenset({"tcp", "udp"})))])._replace(host=host(facts=True))
    by_port: dict[int | None, list[Socket]] = {}
    for each in snapshot.sockets:
        by_port.setdefault(port_of(each.local), []).append(each)
    judged = [portsock_says(one, snapshot._replace(sockets=by_port.get(one.port, []))) for _, one in placed]
    answers = [kernel_says(one) for _, one in placed]
    return [
        Result(number, held, one, answer, *verdict)
        for (held, one), answer, verdict in zip(placed, answers, judged, strict=True)
    ]


def _build(rng: random.Random, number: int) -> None:
    """Make the devices and addresses, with settings that differ from one world to another."""
    settings = {"net/ipv4/ip_local_port_range": _OUTGOING, "net/ipv4/tcp_fin_timeout": "60"}
    settings["net/ipv4/ip_local_reserved_ports"] = "2000-2100,51000-51100"
    if number % 5 == 1:
        settings["net/ipv4/ip_nonlocal_bind"] = "1"
    if number % 5 == 2:
        settings["net/ipv6/ip_nonlocal_bind"] = "1"
    if number % 5 == 3:
        settings["net/ipv4/ip_unprivileged_port_start"] = "700"
        settings["net/ipv6/conf/all/forwarding"] = "1"
    settings["net/ipv6/bindv6only"] = rng.choice("01")
    for name, value in settings.items():
        Path("/proc/sys", name).write_text(value)
    make_devices()


def make_devices() -> None:
    """Make the devices and addresses in this namespace."""
    _ip(LINKS)
    for device in ("va", "vb"):
        Path(f"/proc/sys/net/ipv6/conf/{device}/router_solicitation_delay").write_text("0")
    _ip(ADDRESSES)
    _ip(DUPLICATES)
    _settle()


def _ip(lines: str) -> None:
    subprocess.run(["ip", "-batch", "-"], input=lines, text=True, check=True, capture_output=True)


def _settle() -> None:
    """Wait until no address but those of xa is under way to be checked, two seconds at most."""
    end = time.monotonic() + 2
    while time.monotonic() < end:
        rows = [line.split() for line in Path("/proc/net/if_inet6").read_text().splitlines()]
        if not any(int(row[4], 16) & 0x48 == 0x40 for row in rows if row[5] != "xa"):
            return
        time.sleep(0.01)


def results(seed: int, configurations: int, questions: int = QUESTIONS) -> Iterator[Result]:
    """Yield the results of so many configurations, in as many worlds as they need."""
    for number in range(-(-configurations // CONFIGURATIONS_IN_A_WORLD)):
        size = min(CONFIGURATIONS_IN_A_WORLD, configurations - number * CONFIGURATIONS_IN_A_WORLD)

        def one(number: int = number, size: int = size) -> list[Result]:
            return world(seed, number, size, questions)

        yield from in_namespace(one)


def table(found: Iterable[Result]) -> str:
    """Return the counts: right, wrong, unknown by reason, without a verdict."""
    import re

    rows: Counter[str] = Counter()
    for each in found:
        if not each.found:
            rows["no verdict"] += 1
        elif each.ok is None:
            reason = re.sub(r"the [A-Z_0-9]+ socket \S+|the socket \S+", "SOCKET", each.reason or "")
            rows["unknown: " + re.sub(r"\S*(::|\d+\.\d)\S*|\b(uid|device) \S+", "X", reason)] += 1
        else:
            rows["WRONG" if each.wrong else f"right: {'free' if each.ok else each.errno or 'refused, one of two errors'}"] += 1
    total = sum(rows.values())
    lines = [
        f"{count:6} {count / total:6.1%}  {name}"
        for name, count in sorted(rows.items(), key=lambda row: (row[0][:5], -row[1]))
    ]
    return "\n".join([*lines, f"{total:6}         verdicts"])


def main() -> None:
    """Run a trial and print the counts, with the wrong ones whole."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--configurations", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--show", default="WRONG", help="print the results whose row in the table has this text")
    parser.add_argument("--most", type=int, default=20)
    given = parser.parse_args()
    found = list(results(given.seed, given.configurations))
    shown = [each for each in found if given.show in table([each])]
    for each in shown[: given.most]:
        print(each.ask, "\n  kernel", each.kernel, "portsock", each.ok, each.errno, each.reason, "world", each.world)
        for plan in each.plans:
            print("   ", tuple(plan))
    print(table(found))


if __name__ == "__main__":
    main()
