"""The parts of an explanation, the attempts to bind among them. output.text and output.json each have their renderer."""

from collections.abc import Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from portsock.model import InetEndpoint, Owner, Socket, State
from portsock.records import Contact, Identity

if TYPE_CHECKING:
    from portsock.network import Neighbour, Path, Route
    from portsock.reach.types import Outcome


class Way(NamedTuple):
    """The options that a program sets on its new socket before bind(2)."""

    reuseaddr: bool = False
    reuseport: bool = False
    v6only: bool | None = None
    """IPv6 only; None leaves the system's default (net.ipv6.bindv6only)."""
    device: str | None = None
    """SO_BINDTODEVICE, or the zone of a link-local address."""


class Blocker(NamedTuple):
    """A socket that is in the way."""

    inode: int | None
    local: InetEndpoint
    state: State | None
    owners: tuple[Owner, ...]


class Attempt(NamedTuple):
    """bind(2) of a new socket, and for TCP listen(2) after it."""

    protocol: str
    address: str
    port: int
    options: tuple[str, ...]
    """Options the program sets first: 'SO_REUSEADDR', 'SO_REUSEPORT'."""
    v6only: bool | None
    """None for IPv4."""
    identity: Identity
    ok: bool | None
    """True where both calls would succeed now; None: it depends on something that cannot be seen, which `reason` names."""
    errno: str | None
    """'EADDRINUSE', 'EACCES', 'EADDRNOTAVAIL', 'EINVAL' where ok is False; None there: one of two, which `reason` names."""
    blockers: tuple[Blocker, ...]
    """The most important first; of sockets that count alike only some."""
    reason: str | None
    """The reason why not, or what it depends on; where ok is True: what was assumed, if anything."""
    tried: bool = False
    """The outcome is the kernel's own answer (--try)."""
    elsewhere: bool = False
    """EADDRNOTAVAIL for an address that this host has: on another device, or not ready."""


class Remote(NamedTuple):
    """Facts about the way to one endpoint. The caller collects them, since explain does no I/O."""

    protocol: str
    """'tcp' or 'udp'."""
    address: str
    """Without zone."""
    port: int
    path: "Path | None" = None
    """How the kernel would send; None for an endpoint of this host, and where the kernel was not asked."""
    barrier: "Route | None" = None
    """Where `path` failed: the route that is the reason, if it is one."""
    neighbour: "Neighbour | None" = None
    """The gateway, or the host itself on the same link; None where the kernel has no entry for it."""
    outcome: "Outcome | None" = None
    """What the rules of this host do with its packets; None where they were not asked."""
    contact: Contact | None = None
    """What a real attempt met with (--connect)."""


class Severity(StrEnum):
    """The importance of a finding. Only WARNING requires an action."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"


class Part(StrEnum):
    """The names of an answer's sections, in the order in which they are shown."""

    PORT = "port"
    SOCKET = "socket"
    CONNECTION = "connection"
    PROCESS = "process"
    EXPOSURE = "exposure"
    BINDING = "binding"
    PATH = "path"


class Section(NamedTuple):
    """One section of an answer: paragraphs, and for BINDING and PATH the facts that they summarize."""

    paragraphs: tuple[str, ...]
    attempts: tuple[Attempt, ...] = ()
    remote: Remote | None = None
    ports: tuple[int, int] | None = None
    """Of PATH: the ephemeral ports left towards the endpoint, and all of them."""


class Finding(NamedTuple):
    """A remarkable fact about the sockets, found by a rule."""

    code: str
    """Stable: the value of a portsock.explain.texts.findings.Code."""
    severity: Severity
    title: str
    """One sentence with the number or name that matters."""
    detail: str
    """The meaning."""
    evidence: tuple[str, ...]
    """The numbers and sockets that it is based on."""
    advice: str
    """The remedy."""


class Reading(NamedTuple):
    """One of several meanings that a target has on this host."""

    meaning: str
    command: str
    """The command that explains exactly this one."""


class Command(NamedTuple):
    """A command worth typing, and its purpose."""

    line: str
    purpose: str
    minor: bool = False
    """Of use only where there is no better one; a short answer leaves it out then."""


class PathFacts(NamedTuple):
    """Facts of the file system about a unix socket's path. The caller collects them, since explain does no I/O."""

    exists: bool
    is_socket: bool | None = None
    """The file at the path is a socket; None where there is no file or it could not be seen."""
    inode: tuple[int, int] | None = None
    """Device and inode number of the file, to compare with Socket.vfs."""
    mode: int | None = None
    """Permission bits, as in st_mode & 0o7777."""
    owner: str | None = None
    """'USER:GROUP' of the file."""
    foreign: frozenset[int] = frozenset()
    """Inodes of sockets with this path whose processes see other files (mount namespace, root directory)."""
    through: str | None = None
    """A path from here to the file of such a socket, if that is still the one it was bound to."""
    bound: bool | None = None
    """Where no socket of the snapshot is bound to the file: one is, according to the kernel, in whatever network namespace.
    None where that is not known."""


class Row(NamedTuple):
    """A line of the short answer."""

    label: str
    """A word such as 'Reach', which names what the text is about."""
    text: str


class Explanation(NamedTuple):
    """The answer to one target."""

    target_input: str
    target_kind: str
    summary: str
    """The answer in one sentence."""
    picture: tuple[str, ...]
    """The ends and their holders, one a line, not to be wrapped."""
    sockets: tuple[Socket, ...]
    sections: Mapping[Part, Section]
    """In the order of Part; an empty section is absent."""
    findings: tuple[Finding, ...] = ()
    next: tuple[Command, ...] = ()
    readings: tuple[Reading, ...] = ()
    """The meanings of an ambiguous target, the one that was answered first; empty where there is only one."""
    notes: tuple[str, ...] = ()
    """Assumptions of the answer."""
    found: bool = True
    """Something matched the target."""
    headline: str = ""
    """The first line of the short answer: the gravest finding, if one is the answer; else empty, and the summary is it."""
    sketch: tuple[str, ...] = ()
    """The picture of the short answer."""
    rows: tuple[Row, ...] = ()
    """The lines of the short answer below the picture."""
