"""Targets of container port forwarders, from their command lines."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

_DOCKER = frozenset({"docker-proxy", "rootlesskit-docker-proxy"})
_PODMAN = frozenset({"rootlessport", "rootlessport-child"})
FORWARDERS = _DOCKER | _PODMAN
"""Program names of port forwarders."""


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


def parse_docker_proxy(arguments: Sequence[str]) -> Forward | None:
    """Return the forward of a docker-proxy, or None for other commands.

    Source: moby cmd/docker-proxy, with Go flags '-host-ip IP -host-port N …'.
    """
    if not arguments or arguments[0].rpartition("/")[2] not in _DOCKER:
        return None
    flags = _flags(arguments[1:])
    try:
        host_port, port = int(flags["host-port"]), int(flags["container-port"])
        return Forward(flags.get("proto", "tcp"), flags.get("host-ip", ""), host_port, flags["container-ip"], port)
    except (KeyError, ValueError):
        return None


def is_rootlessport(arguments: Sequence[str]) -> bool:
    """Tell whether this is podman's forwarder for rootless containers. It gets its target through a pipe, not as arguments."""
    return bool(arguments) and arguments[0].rpartition("/")[2] in _PODMAN


def parse_conmon(arguments: Sequence[str]) -> tuple[str | None, str | None] | None:
    """Return (id, name) of the container that a conmon watches ('-c ID … -n NAME'), or None for other commands."""
    if not arguments or arguments[0].rpartition("/")[2] != "conmon":
        return None
    flags = _flags(arguments[1:])
    return flags.get("c") or flags.get("cid"), flags.get("n") or flags.get("name")


def _flags(arguments: Sequence[str]) -> dict[str, str]:
    """Return the options' values: '-name value' or '-name=value'. Of a repeated name the first counts."""
    flags: dict[str, str] = {}
    for argument, following in pairwise((*arguments, "")):
        if argument.startswith("-"):
            name, equals, value = argument.lstrip("-").partition("=")
            flags.setdefault(name, value if equals else following)
    return flags
