"""The answer of `check` as JSON, and as SARIF 2.1.0 (OASIS), which code scanning services read."""

from collections.abc import Iterator

from portsock.model import Snapshot
from portsock.output.json.document import document, dumps
from portsock.output.json.envelope import envelope
from portsock.output.json.objects import netns_object
from portsock.output.json.processes import Object, program_object
from portsock.output.json.strings import encodable
from portsock.policy.types import Listener, Result, Rule, Status
from portsock.policy.verdict import Verdict, headline

_CHUNK = 100
_RULES = {
    "not-allowed": "Something listens that the policy does not allow.",
    "missing": "Something does not listen that the policy requires.",
    "not-judged": "Nobody can say whether the policy holds there.",
}
_UNRESERVED = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/")
_SARIF = "https://json.schemastore.org/sarif-2.1.0.json"


def policy_json(found: Verdict, snapshot: Snapshot) -> Iterator[str]:
    """Yield the document in chunks of text."""
    head = envelope("check", snapshot) | {
        "policy": encodable(found.name),
        "status": found.status,
        "counts": {status: found.counts[status] for status in Status},
    }
    return document(head, {"results": _pieces(found), "processes": ()})


def _pieces(found: Verdict) -> Iterator[str]:
    texts = _Texts()
    for begin in range(0, len(found.results), _CHUNK):
        yield ",\n".join(map(texts.result, found.results[begin : begin + _CHUNK]))


class _Texts:
    """JSON of results; what many have in common is written once."""

    def __init__(self) -> None:
        self._known: dict[object, str] = {}
        self._rules: dict[int, str] = {}
        """By identity: rules live as long as their results."""

    def result(self, result: Result) -> str:
        """Return one result."""
        rule, listener = result.rule, result.listener
        named = ("null", "null") if rule is None else (self._rules.get(id(rule)) or self._rule(rule), rule.line)
        socket = "null" if listener is None else self._socket(listener)
        host = "null" if result.host is None else self._once(result.host)
        ignored = "true" if result.ignored else "false"
        return (
            f'{{"host":{host},"status":"{result.status}","rule":{named[0]},"line":{named[1]},"ignored":{ignored},'
            f'"message":{dumps(encodable(result.message))},"socket":{socket}}}'
        )

    def _rule(self, rule: Rule) -> str:
        found = self._rules[id(rule)] = dumps(encodable(rule.words))
        return found

    def _once(self, text: str) -> str:
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = dumps(encodable(text))
        return found

    def _socket(self, listener: Listener) -> str:
        key = (listener.netns, listener.programs, listener.owner_status, listener.owner_reason)
        rest = self._known.get(key)
        if rest is None:
            rest = self._known[key] = dumps(_shared(listener))[1:]
        addresses = ",".join(map(self._once, listener.addresses))
        exposure = "null" if listener.exposure is None else f'"{listener.exposure}"'
        return (
            f'{{"protocol":{self._once(listener.protocol)},"port":{listener.port},"addresses":[{addresses}],'
            f'"exposure":{exposure},{rest}'
        )


def _shared(listener: Listener) -> Object:
    return {
        "netns": listener.netns and netns_object(listener.netns),
        "programs": list(map(program_object, listener.programs)),
        "owner_status": listener.owner_status,
        "owner_reason": listener.owner_reason,
    }


def sarif(found: Verdict, version: str) -> Iterator[str]:
    """Yield a SARIF log. It has what is wrong or in doubt: services show every result as an alert. `version`: portsock's."""
    rules = [{"id": name, "shortDescription": {"text": text}} for name, text in _RULES.items()]
    driver = {"name": "portsock", "version": version, "rules": rules}
    results = [_alert(found, result) for result in found.results if result.status is not Status.PASS]
    invocation = {"executionSuccessful": found.status is not Status.UNKNOWN}
    run = {
        "tool": {"driver": driver},
        "invocations": [invocation],
        "results": results,
        "properties": {"verdict": encodable(headline(found))},
    }
    yield dumps({"$schema": _SARIF, "version": "2.1.0", "runs": [run]}) + "\n"


def _alert(found: Verdict, result: Result) -> Object:
    kind = "missing" if result.listener is None else "not-allowed"
    failed = result.status is Status.FAIL
    message = result.message if result.cause is None else f"{result.message}; {result.cause}"
    text = f"{result.host}: {message}" if result.host is not None and len(found.hosts) > 1 else message
    return {
        "ruleId": kind if failed else "not-judged",
        "level": "error" if failed else "warning",
        "message": {"text": encodable(text)},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(found.name)},
                    "region": {"startLine": result.rule.line if result.rule is not None else 1},
                }
            }
        ],
    }


def _uri(name: str) -> str:
    """Return a path as a relative reference (RFC 3986)."""
    path = name.replace("\\", "/").encode("utf-8", "surrogateescape")
    return "".join(chr(byte) if chr(byte) in _UNRESERVED else f"%{byte:02X}" for byte in path)
