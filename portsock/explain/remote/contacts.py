"""What a real attempt met with, and what that shows."""

from portsock.endpoints import address_of
from portsock.explain.subject import Subject
from portsock.explain.texts import remote as texts
from portsock.explain.texts.remote import Cause
from portsock.explain.wording import plural
from portsock.model import State
from portsock.records import Contact

_ALIVE = frozenset({State.ESTABLISHED})


def contact_cause(subject: Subject, contact: Contact) -> tuple[Cause, dict[str, str]]:
    """Return the sentences about an attempt, and the values of their braces but those of every cause."""
    values = {"time": duration_text(contact.seconds), "errno": contact.errno or "", "call": contact.call, "meaning": ""}
    if contact.result == "icmp":
        who = _reporter(subject, contact)
        address = contact.reporter or ""
        values["reporter"] = texts.REPORTERS[who].format(address=address)
        values["name"] = icmp_text(contact)
        values["meaning"] = texts.ICMP_MEANINGS[who].format(address=subject.remote.address if subject.remote else "")
    elif contact.result == "local":
        values["meaning"] = texts.LOCAL_MEANINGS.get(contact.errno or "", texts.LOCAL_UNKNOWN)
    elif contact.result == "silence":
        values["meaning"] = _silence(subject, contact)
    return texts.CONTACTS[contact.result], values


def icmp_text(contact: Contact) -> str:
    """Return 'host unreachable (type 3, code 1)'; what is not known of it is left out."""
    if contact.icmp is None:
        return texts.ICMP_UNKNOWN
    kind, code = contact.icmp
    name = texts.ICMP.get((6 if ":" in (contact.reporter or "") else 4, kind, code), texts.ICMP_UNKNOWN)
    return f"{name} (type {kind}, code {code})"


def duration_text(seconds: float) -> str:
    """Return '0.4 ms', '12 ms' or '3 s'."""
    if seconds >= 1:
        return f"{seconds:.3g} s"
    return f"{seconds * 1000:.0f} ms" if seconds >= 0.01 else f"{seconds * 1000:.1f} ms"


def _reporter(subject: Subject, contact: Contact) -> str:
    """Return the key of who sent the ICMP error."""
    if contact.reporter is None:
        return "unknown"
    if subject.remote is not None and contact.reporter == subject.remote.address:
        return "end"
    return "own" if contact.reporter == contact.source else "other"


def _silence(subject: Subject, contact: Contact) -> str:
    """Return what silence may mean. Who has open connections to the host knows that it is up."""
    remote = subject.remote
    address = remote.address if remote is not None else ""
    alive = sum(each.state in _ALIVE and address_of(each.remote) == address for each in subject.snapshot.sockets)
    if contact.protocol == "tcp" and alive and address:
        count, verb = plural(alive, "connection"), "is" if alive == 1 else "are"
        return texts.SILENCES["alive"].format(address=address, count=count, verb=verb)
    return texts.SILENCES[contact.protocol]
