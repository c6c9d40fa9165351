"""An explanation as the object of the JSON contract: `explanations[]`."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from portsock.explain.bind.types import Attempt, Blocker
from portsock.explain.types import Explanation, Finding, Part, Section
from portsock.model import Endpoint, Owner, Socket

Object = dict[str, Any]


class Maker(Protocol):
    """Makes the objects that explanations share with the other commands: portsock.output.json.objects.Objects does."""

    def socket(self, socket: Socket) -> Object: ...

    def endpoint(self, endpoint: Endpoint, protocol: str) -> Object: ...

    def owners(self, owners: tuple[Owner, ...]) -> list[Object]: ...


def explanation_json(explanation: Explanation, make: Maker, sound: Callable[[str], str] = str) -> Object:
    """The object of one target. `sound` turns text that is no valid Unicode (names can be any bytes) into such as is."""
    return {
        "target": {"input": sound(explanation.target_input), "kind": explanation.target_kind},
        "found": explanation.found,
        "summary": sound(explanation.summary),
        "readings": [{"meaning": sound(each.meaning), "command": sound(each.command)} for each in explanation.readings],
        "sockets": [make.socket(socket) for socket in explanation.sockets],
        "sections": _sections(explanation.sections, make, sound),
        "notes": [sound(note) for note in explanation.notes],
        "findings": [_finding(finding, sound) for finding in explanation.findings],
        "next": [sound(command.line) for command in explanation.next],
    }


def _sections(sections: Mapping[Part, Section], make: Maker, sound: Callable[[str], str]) -> Object:
    made: Object = {}
    for part, section in sections.items():
        made[str(part)] = {"paragraphs": [sound(text) for text in section.paragraphs]}
        if part is Part.BINDING:
            made[str(part)]["attempts"] = [_attempt(attempt, make, sound) for attempt in section.attempts]
    return made


def _finding(finding: Finding, sound: Callable[[str], str]) -> Object:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "title": sound(finding.title),
        "detail": sound(finding.detail),
        "evidence": [sound(line) for line in finding.evidence],
        "advice": sound(finding.advice),
    }


def _attempt(attempt: Attempt, make: Maker, sound: Callable[[str], str]) -> Object:
    return {
        "protocol": attempt.protocol,
        "address": attempt.address,
        "port": attempt.port,
        "options": list(attempt.options),
        "v6only": attempt.v6only,
        "as": {"uid": attempt.identity.uid, "net_bind_service": attempt.identity.net_bind_service},
        "ok": attempt.ok,
        "errno": attempt.errno,
        "blockers": [_blocker(blocker, attempt.protocol, make) for blocker in attempt.blockers],
        "reason": sound(attempt.reason) if attempt.reason is not None else None,
        "tried": attempt.tried,
    }


def _blocker(blocker: Blocker, protocol: str, make: Maker) -> Object:
    return {
        "inode": blocker.inode,
        "local": make.endpoint(blocker.local, protocol),
        "state": blocker.state,
        "owners": make.owners(blocker.owners),
    }
