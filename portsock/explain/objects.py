"""An explanation as the object of the JSON contract: `explanations[]`."""

from collections.abc import Callable, Mapping
from typing import Any

from portsock.explain.attempt import Attempt, Blocker
from portsock.explain.types import Explanation, Part, Section
from portsock.model import InetEndpoint, Owner, Socket

Object = dict[str, Any]


def explanation_json(
    explanation: Explanation,
    socket_object: Callable[[Socket], Object],
    endpoint_object: Callable[[InetEndpoint, str], Object],
) -> Object:
    """The object of one target. The callables make the objects of a socket, and of an endpoint with its protocol."""
    return {
        "target": {"input": explanation.target_input, "kind": explanation.target_kind},
        "summary": explanation.summary,
        "found": explanation.found,
        "sockets": [socket_object(socket) for socket in explanation.sockets],
        "sections": _sections(explanation.sections, endpoint_object),
        "findings": [finding._asdict() | {"evidence": list(finding.evidence)} for finding in explanation.findings],
        "next": [command.line for command in explanation.next],
        "readings": [reading._asdict() for reading in explanation.readings],
    }


def _sections(sections: Mapping[Part, Section], endpoint_object: Callable[[InetEndpoint, str], Object]) -> Object:
    made: Object = {}
    for part, section in sections.items():
        made[part] = {"text": "\n\n".join(section.paragraphs)}
        if part is Part.BINDING:
            made[part]["attempts"] = [_attempt(attempt, endpoint_object) for attempt in section.attempts]
    return made


def _attempt(attempt: Attempt, endpoint_object: Callable[[InetEndpoint, str], Object]) -> Object:
    return {
        "protocol": attempt.protocol,
        "address": attempt.address,
        "port": attempt.port,
        "options": list(attempt.options),
        "v6only": attempt.v6only,
        "as": {"uid": attempt.identity.uid, "net_bind_service": attempt.identity.net_bind_service},
        "ok": attempt.ok,
        "errno": attempt.errno,
        "blockers": [_blocker(blocker, attempt.protocol, endpoint_object) for blocker in attempt.blockers],
        "reason": attempt.reason,
        "tried": attempt.tried,
    }


def _blocker(blocker: Blocker, protocol: str, endpoint_object: Callable[[InetEndpoint, str], Object]) -> Object:
    return {
        "inode": blocker.inode,
        "local": endpoint_object(blocker.local, protocol),
        "state": blocker.state,
        "owners": [_owner(owner) for owner in blocker.owners],
    }


def _owner(owner: Owner) -> Object:
    return {"pid": owner.pid, "fd": owner.fd, "name": owner.name, "user": owner.user}
