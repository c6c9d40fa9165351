"""The types of a policy, and of what it says of sockets."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum
from typing import Any, NamedTuple

from portsock.model import Exposure, Netns, OwnerReason, OwnerStatus, Port
from portsock.normalize.offers import Program


class Match(IntEnum):
    """Whether a rule matches; the least of its selectors counts."""

    NO = 0
    MAYBE = 1
    YES = 2


class Status(StrEnum):
    """The words of the JSON."""

    PASS = "pass"  # noqa: S105 - no password
    FAIL = "fail"
    UNKNOWN = "unknown"


class Mistake(NamedTuple):
    """A mistake in a policy's text."""

    line: int
    text: str


class Rule(NamedTuple):
    """A rule of `listeners`, or of `ignore` where it has a reason."""

    line: int
    selectors: Mapping[str, tuple[Any, ...]]
    """By key; a socket must match one of the values of each."""
    texts: Mapping[str, str]
    """The values of each key as they were written, for messages."""
    must: bool = False
    forbid: bool = False
    comment: str | None = None
    reason: str | None = None

    @property
    def words(self) -> str:
        """Return the rule in few words: '22/tcp, program sshd'."""
        port = self.texts.get("port", "any port")
        protocol = self.texts.get("protocol")
        named = [f"{key} {text}" for key, text in self.texts.items() if key not in ("port", "protocol")]
        return ", ".join([f"{port}/{protocol}" if protocol else port, *named])


class Group(NamedTuple):
    """Hosts that share variables."""

    name: str
    hosts: tuple[str, ...]
    """Globs."""
    variables: Mapping[str, Any]
    line: int


class Listener(NamedTuple):
    """Listening or bound sockets of one port and the same programs, which one rule judges alike."""

    host: str | None
    netns: Netns | None
    protocol: str
    port: int
    addresses: tuple[str, ...]
    exposure: Exposure | None
    programs: tuple[Program, ...]
    owner_status: OwnerStatus
    owner_reason: OwnerReason | None
    ports: tuple[Port, ...] = ()


class Result(NamedTuple):
    """What the policy says of a listener, or of a rule that something must meet."""

    host: str | None
    status: Status
    rule: Rule | None
    listener: Listener | None
    message: str
    cause: str | None = None
    """Of what could not be judged: why, in words that results with the same cause share."""
    ignored: bool = False
