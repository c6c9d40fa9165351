"""A host with rules and three neighbours, each in a network namespace of its own, joined by veth pairs.

The namespaces have no names: they are gone when the process is. What is done in one is done by this thread inside it.

    wan ── eth0  host  eth1 ── lan        `pod` is behind the bridge docker0 of the host, as a container is.
                  └ docker0 ── pod
"""

import ctypes
import os
import socket
import struct
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

_NEW_NETWORK = 0x40000000
_NETFILTER, _DELETE_ALL, _REQUEST_ACK = 12, 1 << 8 | 2, 5
_libc = ctypes.CDLL(None, use_errno=True)

HOST, WAN, LAN, POD = PLACES = ("host", "wan", "lan", "pod")
DEVICE_TOWARDS = {WAN: "eth0", LAN: "eth1", POD: "docker0"}
"""The host's device on which a neighbour's packets arrive."""
ADDRESSES: dict[str, dict[str, tuple[str, ...]]] = {
    HOST: {
        "eth0": ("192.0.2.1/24", "192.0.2.9/32", "2001:db8:1::1/64"),
        "eth1": ("10.1.0.1/16", "fd00:1::1/64"),
        "docker0": ("172.17.0.1/16", "fd00:17::1/64"),
        "lo": ("127.0.0.1/8", "::1/128"),
    },
    WAN: {
        "up": ("192.0.2.2/24", "192.0.2.77/32", "203.0.113.5/32", "203.0.113.130/32", "2001:db8:1::2/64", "2001:db8:ff::5/128")
    },
    LAN: {"up": ("10.1.0.2/16", "10.1.5.9/32", "10.9.0.3/32", "fd00:1::2/64", "fd00:1::99/128")},
    POD: {"up": ("172.17.0.2/16", "172.17.0.3/32", "fd00:17::2/64")},
}
SPOOFED = {WAN: ("10.1.7.7/32", "fd00:1::77/128"), LAN: ("198.51.100.7/32", "2001:db8:aa::7/128"), POD: ("10.2.0.5/32",)}
"""Sources for which the host's route leads elsewhere, or nowhere near: what a reverse path filter is about."""
ROUTES: dict[str, tuple[str, ...]] = {
    HOST: ("default via 192.0.2.2", "203.0.113.0/24 via 192.0.2.2", "10.9.0.0/16 via 10.1.0.2", "blackhole 198.18.0.0/24",
           "-6 default via 2001:db8:1::2", "-6 2001:db8:ff::/48 via 2001:db8:1::2"),
    WAN: ("default via 192.0.2.1", "-6 default via 2001:db8:1::1"),
    LAN: ("default via 10.1.0.1", "-6 default via fd00:1::1"),
    POD: ("default via 172.17.0.1", "-6 default via fd00:17::1"),
}  # fmt: skip
_MAC: dict[str, dict[str, int]] = {
    HOST: {"eth0": 1, "eth1": 2, "docker0": 3},
    WAN: {"up": 17},
    LAN: {"up": 18},
    POD: {"up": 19},
}
_SYSCTLS = {
    "ipv4/icmp_ratemask": "0",
    "ipv4/icmp_ratelimit": "0",
    "ipv6/icmp/ratelimit": "0",
    "ipv4/conf/all/rp_filter": "0",
    "ipv4/ip_local_port_range": "1024 1999",
    "ipv4/conf/all/accept_redirects": "0",
    "ipv4/conf/all/send_redirects": "0",
    "ipv4/conf/default/send_redirects": "0",
}


class Refused(Exception):
    """A program in a namespace failed, with its arguments and what it said."""


class World(NamedTuple):
    """The namespaces' descriptors, by place, and the one that this thread came from."""

    descriptors: dict[str, int]
    home: int

    @contextmanager
    def inside(self, place: str) -> Iterator[None]:
        """Move this thread into a namespace for as long as the context lasts."""
        enter(self.descriptors[place])
        try:
            yield
        finally:
            enter(self.home)

    def run(self, place: str, arguments: list[str], text: str | None = None) -> str:
        """Run a program in a namespace and return what it writes. Raises Refused where it fails."""
        with self.inside(place):
            done = subprocess.run(arguments, input=text, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Refused(f"{' '.join(arguments)}: {done.stderr.strip()}")
        return done.stdout

    def set(self, place: str, name: str, value: str) -> None:
        """Write a sysctl of a namespace: 'ipv4/conf/eth0/rp_filter'."""
        with self.inside(place):
            # What stands below /proc/sys/net is the namespace's of the thread that opens it.
            Path("/proc/sys/net", name).write_text(value)

    def forget(self, place: str) -> None:
        """Delete all that connection tracking knows in a namespace: nfnetlink's IPCTNL_MSG_CT_DELETE without a condition."""
        with self.inside(place), socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _NETFILTER) as channel:
            channel.send(struct.pack("=IHHII", 20, _DELETE_ALL, _REQUEST_ACK, 1, 0) + bytes(4))
            channel.recv(4096)


def enter(descriptor: int) -> None:
    """Move this thread into the network namespace of a descriptor."""
    if _libc.setns(descriptor, _NEW_NETWORK):
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def world() -> Iterator[World]:
    """Make the namespaces with their devices, addresses and routes."""
    with ExitStack() as stack:
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        stack.callback(os.close, home)
        descriptors = {}
        try:
            for place in PLACES:
                if _libc.unshare(_NEW_NETWORK):
                    raise OSError(ctypes.get_errno(), "unshare")
                descriptors[place] = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
                stack.callback(os.close, descriptors[place])
        finally:
            enter(home)
        made = World(descriptors, home)
        _furnish(made)
        yield made


def addresses_of(place: str, device: str | None = None) -> tuple[str, ...]:
    """Return the addresses of a place without their prefix lengths, on a device or on all, spoofed ones left out."""
    devices = ADDRESSES[place]
    return tuple(text.partition("/")[0] for name in ([device] if device else devices) for text in devices[name])


def sources_of(place: str) -> tuple[str, ...]:
    """Return the addresses from which a neighbour sends."""
    return addresses_of(place) + tuple(text.partition("/")[0] for text in SPOOFED[place])


def _furnish(made: World) -> None:
    """Make the devices, and give them their addresses, routes and neighbours."""
    links = ["link set lo up", "link add docker0 type bridge", "link set docker0 type bridge stp_state 0 mcast_snooping 0"]
    for place, device in DEVICE_TOWARDS.items():
        own = "vethpod" if place == POD else device
        path = f"/proc/{os.getpid()}/fd/{made.descriptors[place]}"
        links.append(f"link add {own} type veth peer name up netns {path}")
    links += ["link set vethpod addrgenmode none", "link set vethpod up", "link set vethpod master docker0"]
    # With br_netfilter what is sent back to the container by a translation is bridged, and stops without this.
    links.append("link set dev vethpod type bridge_slave hairpin on")
    _batch(made, HOST, links)
    for place in PLACES:
        for name, value in _SYSCTLS.items():
            made.set(place, name, value)
        _batch(made, place, _addresses(place))
        _batch(made, place, _routes(place))
    for place in DEVICE_TOWARDS:
        # What a neighbour sends may come back to it, with its own address as the source.
        made.set(place, "ipv4/conf/all/accept_local", "1")
    for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
        made.set(HOST, name, "1")


def _addresses(place: str) -> list[str]:
    """Return the commands that give a place its addresses."""
    commands = ["link set lo up"]
    for device in ADDRESSES[place]:
        if device != "lo":
            commands.append(f"link set dev {device} addrgenmode none")
            commands.append(f"link set dev {device} address 02:00:00:00:00:{_MAC[place][device]:02x}")
            commands.append(f"link set dev {device} up")
        for text in (*ADDRESSES[place][device], *(SPOOFED.get(place, ()))):
            if device != "lo":
                commands.append(f"addr add {text} dev {device}" + (" nodad" if ":" in text else ""))
    return commands


def _routes(place: str) -> list[str]:
    """Return the commands that give a place its routes and its neighbours.

    Neighbours are permanent: rules that stop ARP or ICMPv6 must not stop the packets that are asked about.
    """
    commands = []
    for route in ROUTES[place]:
        version, words = ("-6 ", route[3:]) if route.startswith("-6 ") else ("", route)
        commands.append(f"{version}route add {words}")
    for other, towards in DEVICE_TOWARDS.items():
        if place == HOST:
            near, device, number = addresses_of(other), towards, _MAC[other]["up"]
        elif place == other:
            near, device, number = addresses_of(HOST), "up", _MAC[HOST][towards]
        else:
            continue
        commands += [f"neigh replace {text} lladdr 02:00:00:00:00:{number:02x} nud permanent dev {device}" for text in near]
    return commands


def _batch(made: World, place: str, commands: list[str]) -> None:
    plain = [line.removeprefix("-6 ") for line in commands if not line.startswith("-6 ")]
    for version, lines in (("-4", plain), ("-6", [line[3:] for line in commands if line.startswith("-6 ")])):
        if lines:
            words = [] if version == "-4" else ["-6"]
            made.run(place, ["ip", *words, "-batch", "-"], "\n".join(lines) + "\n")
