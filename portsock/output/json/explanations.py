"""Serialize an explanation as an object of `explanations[]`, as the JSON contract has it."""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from portsock.explain.types import Attempt, Blocker, Explanation, Finding, Part, Remote, Section
from portsock.model import Endpoint, Owner, Socket
from portsock.normalize.order import in_order

Object = dict[str, Any]


class Maker(Protocol):
    """The maker of objects that explanations share with the other commands: portsock.output.json.objects.Objects."""

    def socket(self, socket: Socket) -> Object: ...

    def endpoint(self, endpoint: Endpoint, protocol: str) -> Object: ...

    def owners(self, owners: tuple[Owner, ...]) -> list[Object]: ...


def explanation_json(explanation: Explanation, make: Maker, valid: Callable[[str], str] = str) -> Object:
    """Return the object of one target. `valid` replaces what is no valid Unicode in a text: names can be any bytes."""
    return {
        "target": {"input": valid(explanation.target_input), "kind": explanation.target_kind},
        "found": explanation.found,
        "headline": valid(explanation.headline or explanation.summary),
        "summary": valid(explanation.summary),
        "readings": [{"meaning": valid(each.meaning), "command": valid(each.command)} for each in explanation.readings],
        "sockets": [make.socket(socket) for socket in in_order(explanation.sockets)],
        "sections": _sections(explanation.sections, make, valid),
        "notes": [valid(note) for note in explanation.notes],
        "findings": [_finding(finding, valid) for finding in explanation.findings],
        "next": [valid(command.line) for command in explanation.next],
    }


def _sections(sections: Mapping[Part, Section], make: Maker, valid: Callable[[str], str]) -> Object:
    made: Object = {}
    for part, section in sections.items():
        made[str(part)] = {"paragraphs": [valid(text) for text in section.paragraphs]}
        if part is Part.BINDING:
            made[str(part)]["attempts"] = [_attempt(attempt, make, valid) for attempt in section.attempts]
        if section.remote is not None:
            made[str(part)].update(_way(section.remote, section.ports, valid))
    return made


def _way(remote: Remote, ports: tuple[int, int] | None, valid: Callable[[str], str]) -> Object:
    path, neighbour, contact = remote.path, remote.neighbour, remote.contact
    route = path and {
        "kind": path.kind,
        "device": valid(path.device) if path.device is not None else None,
        "gateway": path.gateway,
        "source": path.source,
        "mtu": path.mtu,
        "errno": path.errno,
    }
    return {
        "protocol": remote.protocol,
        "address": remote.address,
        "port": remote.port,
        "route": route,
        "neighbour": neighbour and {"address": neighbour.address, "state": neighbour.state},
        "ephemeral_ports": ports and {"left": ports[0], "all": ports[1]},
        "connect": contact
        and {
            "result": contact.result,
            "seconds": round(contact.seconds, 6),
            "errno": contact.errno,
            "call": contact.call if contact.errno is not None and contact.result == "local" else None,
            "source": contact.source,
            "reporter": contact.reporter,
            "icmp": contact.icmp and {"type": contact.icmp[0], "code": contact.icmp[1]},
        },
    }


def _finding(finding: Finding, valid: Callable[[str], str]) -> Object:
    return {
        "code": finding.code,
        "severity": str(finding.severity),
        "title": valid(finding.title),
        "detail": valid(finding.detail),
        "evidence": [valid(line) for line in finding.evidence],
        "advice": valid(finding.advice),
    }


def _attempt(attempt: Attempt, make: Maker, valid: Callable[[str], str]) -> Object:
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
        "reason": valid(attempt.reason) if attempt.reason is not None else None,
        "tried": attempt.tried,
    }


def _blocker(blocker: Blocker, protocol: str, make: Maker) -> Object:
    return {
        "inode": blocker.inode,
        "local": make.endpoint(blocker.local, protocol),
        "state": blocker.state,
        "owners": make.owners(blocker.owners),
    }
