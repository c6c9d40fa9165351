"""What an explanation is made of: plain values, laid out by portsock.output.text.explanation and serialized by `objects`."""

from collections.abc import Mapping
from enum import StrEnum
from typing import NamedTuple

from portsock.explain.bind.types import Attempt
from portsock.model import Socket


class Severity(StrEnum):
    """How much a finding matters. Only WARNING asks for something to be done."""

    INFO = "info"
    NOTICE = "notice"
    WARNING = "warning"


class Part(StrEnum):
    """The parts of an answer, in the order in which they are shown."""

    PORT = "port"
    SOCKET = "socket"
    CONNECTION = "connection"
    PROCESS = "process"
    EXPOSURE = "exposure"
    BINDING = "binding"


class Section(NamedTuple):
    """One part of an answer: paragraphs of prose, and for BINDING the attempts they are about."""

    paragraphs: tuple[str, ...]
    attempts: tuple[Attempt, ...] = ()


class Finding(NamedTuple):
    """Something worth knowing about what was seen, found by a rule."""

    code: str
    """Stable: the value of a portsock.explain.texts.findings.Code."""
    severity: Severity
    title: str
    """One sentence with the number or name that matters."""
    detail: str
    """What it means."""
    evidence: tuple[str, ...]
    """What was seen: numbers and sockets."""
    advice: str
    """What to do about it."""


class Reading(NamedTuple):
    """One of several meanings that a target has here."""

    meaning: str
    command: str
    """What to type to ask for exactly this one."""


class Command(NamedTuple):
    """A command worth typing, and what for."""

    line: str
    purpose: str


class PathFacts(NamedTuple):
    """What the file system says of a unix socket's path. Pure input: whoever may ask the system fills it."""

    exists: bool
    is_socket: bool | None = None
    """Whether the file at the path is a socket; None where there is none or it could not be seen."""
    inode: tuple[int, int] | None = None
    """Device and inode number of the file, to compare with Socket.vfs."""
    mode: int | None = None
    """Permission bits, as in st_mode & 0o7777."""
    owner: str | None = None
    """'USER:GROUP' of the file."""
    foreign: frozenset[int] = frozenset()
    """Inodes of sockets with this path whose processes see other files (mount namespace, root): not to be compared."""
    through: str | None = None
    """Where the file of such a socket is from here, if it still is the one it was bound to."""


class Explanation(NamedTuple):
    """The answer to one target."""

    target_input: str
    target_kind: str
    summary: str
    """One sentence that answers."""
    picture: tuple[str, ...]
    """The ends and who holds them, one a line, not to be wrapped."""
    sockets: tuple[Socket, ...]
    sections: Mapping[Part, Section]
    """In the order of Part; a part with nothing to say is absent."""
    findings: tuple[Finding, ...] = ()
    next: tuple[Command, ...] = ()
    readings: tuple[Reading, ...] = ()
    """The meanings of an ambiguous target, the one that was answered first; empty where there is one."""
    notes: tuple[str, ...] = ()
    """What the answer assumes, and what it cannot know."""
    found: bool = True
    """Whether anything here matched the target."""
