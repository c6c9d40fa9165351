"""Port forwarders of container engines: which processes are some, and the targets in their command lines.

A process writes its arguments itself, so they never make it a forwarder: the name of its executable does.
"""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from portsock.addresses import number_of
from portsock.parse.proc.cgroup import is_id

_DOCKER = frozenset({"docker-proxy", "rootlesskit-docker-proxy"})
_PODMAN = frozenset({"rootlessport"})
"""The executable of podman >= 4. Its child, 'rootlessport-child' in the arguments, runs the same file."""
_ENGINE = "podman"
_REEXECUTED = frozenset({"containers-rootlessport", "containers-rootlessport-child"})
"""First arguments with which podman < 4 starts itself (pkg/rootlessport, ReexecKey)."""
_PROTOCOLS = frozenset({"tcp", "udp", "sctp"})
_MOST_NAME = 255
_NAME = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-")


class Forward(NamedTuple):
    """One published port."""

    protocol: str
    host_address: str
    host_port: int
    address: str
    """The address in the container's network."""
    port: int

    def target(self) -> str:
        """Return 'address:port', an IPv6 address in brackets."""
        address = f"[{self.address}]" if ":" in self.address else self.address
        return f"{address}:{self.port}"


def is_forwarder(exe: str | None, arguments: Sequence[str]) -> bool:
    """Tell whether the executable is a forwarder's, or is podman in the part of one."""
    return is_docker_proxy(exe) or is_rootlessport(exe, arguments)


def may_be_forwarder(exe: str | None) -> bool:
    """Tell whether is_forwarder() can be true of this executable."""
    return _base(exe) in _DOCKER | _PODMAN | {_ENGINE}


def is_docker_proxy(exe: str | None) -> bool:
    """Tell whether this is docker's forwarder."""
    return _base(exe) in _DOCKER


def is_rootlessport(exe: str | None, arguments: Sequence[str]) -> bool:
    """Tell whether this is podman's forwarder for rootless containers. It gets its target through a pipe, not as arguments."""
    program = _base(exe)
    return program in _PODMAN or (program == _ENGINE and bool(arguments) and arguments[0] in _REEXECUTED)


def is_conmon(exe: str | None) -> bool:
    """Tell whether this is the monitor of a podman container."""
    return _base(exe) == "conmon"


def _base(exe: str | None) -> str:
    return (exe or "").rpartition("/")[2]


def parse_docker_proxy(arguments: Sequence[str]) -> Forward | None:
    """Return the forward of a docker-proxy, or None where the addresses or ports are none.

    Source: moby cmd/docker-proxy, with Go flags '-host-ip IP -host-port N …'.
    """
    flags = _flags(arguments[1:])
    protocol, host, address = flags.get("proto", "tcp"), flags.get("host-ip", ""), flags.get("container-ip", "")
    host_port, port = _port(flags.get("host-port")), _port(flags.get("container-port"))
    if protocol not in _PROTOCOLS or host_port is None or port is None or number_of(address) is None:
        return None
    return Forward(protocol, host, host_port, address, port) if not host or number_of(host) is not None else None


def parse_conmon(arguments: Sequence[str]) -> tuple[str | None, str | None]:
    """Return (id, name) of the container that a conmon watches ('-c ID … -n NAME'); None for what no engine would accept."""
    flags = _flags(arguments[1:])
    identity, name = flags.get("c") or flags.get("cid"), flags.get("n") or flags.get("name")
    return identity if identity and is_id(identity) else None, name if name and is_container_name(name) else None


def is_container_name(text: str) -> bool:
    """Tell whether docker and podman accept the text as a name: [a-zA-Z0-9][a-zA-Z0-9_.-]*, moby daemon/names."""
    return 0 < len(text) <= _MOST_NAME and text[0] not in "_.-" and _NAME.issuperset(text)


def _port(text: str | None) -> int | None:
    usable = text is not None and text.isascii() and text.isdigit() and len(text) <= 5 and 0 < int(text) < 65536
    return int(text) if text is not None and usable else None


def _flags(arguments: Sequence[str]) -> dict[str, str]:
    """Return the options' values: '-name value' or '-name=value'. Of a repeated name the first counts."""
    flags: dict[str, str] = {}
    for argument, following in pairwise((*arguments, "")):
        if argument.startswith("-"):
            name, equals, value = argument.lstrip("-").partition("=")
            flags.setdefault(name, value if equals else following)
    return flags
