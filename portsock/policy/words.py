"""What is said of sockets and rules: what, where, held by whom, and which line forbids it."""

from collections.abc import Sequence
from functools import lru_cache

from portsock.model import Netns, OwnerStatus
from portsock.normalize.offers import Program
from portsock.policy.types import Listener, Rule
from portsock.policy.values import OF_OWNERS

_ADDRESSES = {"*": "all addresses", "0.0.0.0": "all IPv4 addresses", "::": "all IPv6 addresses"}
_MOST = 3
_NOBODY = {
    OwnerStatus.HIDDEN: "a process that was not seen",
    OwnerStatus.UNREPORTED: "a program that the listing does not name",
    OwnerStatus.UNHELD: "no process, perhaps the kernel",
    OwnerStatus.ELSEWHERE: "no process of this PID namespace",
    OwnerStatus.NONE: "no process",
}
_CAUSES = {
    OwnerStatus.HIDDEN: "the owners were not seen: run it as root, or take the capture as root",
    OwnerStatus.UNREPORTED: "the listing does not name owners: take it with portsock ports -l --json as root, or ss -tulnp",
    OwnerStatus.UNHELD: "no process holds them, perhaps the kernel: leave program, user and unit out of their rule",
    OwnerStatus.ELSEWHERE: "no process of this PID namespace holds them: run it in the host's",
}
_FIELDS = "the source does not tell {} of their programs: run it as root, or take the capture by portsock as root"
_OTHER = {
    "reach": "the packet filter is not known: run it as root, or give --rules FILE",
    "netns": "the listing does not tell which network namespace is its own: take it by portsock ports -l --json",
    "address": "the listing does not give the whole address: take it with portsock ports -l --json",
    "scope": "the listing does not give the whole address: take it with portsock ports -l --json",
    "protocol": "the listing does not tell whether [::] takes IPv4, too: take it with ss -tulnp or portsock",
}
STATE = "the listing does not tell whether they listen: take it with portsock ports -l --json"


def place(listener: Listener) -> str:
    """Return what and where: '8080/tcp on 10.0.0.1 and ::1 in blue'."""
    named = [_ADDRESSES.get(address, address) for address in listener.addresses[:_MOST]]
    left = len(listener.addresses) - _MOST
    return f"{listener.port}/{listener.protocol} on {_listed(named, left)}{inside(listener.netns)}"


def inside(netns: Netns | None) -> str:
    """Return the network namespace where it has a name."""
    return f" in {netns.name}" if netns is not None and netns.name else ""


def holder(listener: Listener) -> str:
    """Return who holds a listener: 'held by nginx (root) and nginx (www-data)'."""
    return _holder(listener.programs, listener.owner_status)


@lru_cache(maxsize=4096)
def _holder(programs: tuple[Program, ...], status: OwnerStatus) -> str:
    if not programs:
        return f"held by {_NOBODY.get(status, 'nobody known')}"
    return f"held by {_listed([_program(program) for program in programs[:_MOST]], len(programs) - _MOST)}"


def _program(program: Program) -> str:
    where = program.container or program.unit
    details = ", ".join(filter(None, (program.user, where)))
    return f"{program.name or 'a program without a name'}{f' ({details})' if details else ''}"


def _listed(texts: Sequence[str], left: int) -> str:
    if left > 0:
        return f"{', '.join(texts)} and {left} more"
    return " and ".join([", ".join(texts[:-1]), texts[-1]] if len(texts) > 1 else texts)


def not_allowed(listener: Listener, nearest: Rule | None, keys: Sequence[str]) -> str:
    """Return the message about what no rule allows; `nearest` is the rule that nearly does, but for `keys`."""
    what = f"{place(listener)} is {holder(listener)}"
    return f"{what}; {allows_only(nearest, keys)}" if nearest is not None else f"{what}; no rule allows it"


def allows_only(rule: Rule, keys: Sequence[str]) -> str:
    """Say what a rule allows under the keys that do not match."""
    named = [_cut(rule.texts[key]) if key == "program" else f"{key} {_cut(rule.texts[key])}" for key in keys]
    return f"line {rule.line} allows only {' and '.join(named)}"


def _cut(text: str) -> str:
    text = text.replace(", ", " or ")
    return text if len(text) <= 80 else f"{text[:80]}…"


def because(rule: Rule) -> str:
    """Return the rule's comment or reason, as an addition."""
    text = rule.comment or rule.reason
    return f": {text}" if text else ""


def cause(listener: Listener, keys: Sequence[str], listens: bool) -> str:
    """Return why nobody can say whether a rule matches, in words for all sockets with that cause."""
    if not listens:
        return STATE
    for key in keys:
        if key in _OTHER:
            return _OTHER[key]
    owners = [key for key in keys if key in OF_OWNERS]
    if owners and not listener.programs:
        return _CAUSES.get(listener.owner_status, _CAUSES[OwnerStatus.HIDDEN])
    return _FIELDS.format(" and ".join(owners) or "enough")
