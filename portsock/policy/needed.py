"""Rules that something must meet: what was seen of each."""

from collections.abc import Callable, Iterator, Sequence

from portsock.policy import words
from portsock.policy.matching import MAYBE, NO, YES
from portsock.policy.subjects import Surroundings
from portsock.policy.types import Listener, Match, Result, Rule, Status
from portsock.policy.values import EPHEMERAL

Range = tuple[int, int]
_MOST = 5


class Needed:
    """The rules with must of one host. Each port that a rule lists must be there, of a range one."""

    def __init__(self, rules: Sequence[Rule], around: Surroundings) -> None:
        self.rules = rules
        self._ephemeral = around.ephemeral
        self._seen: dict[int, dict[Range | None, Match]] = {
            id(rule): dict.fromkeys(rule.selectors.get("port", (None,)), NO) for rule in rules
        }

    def see(self, rule: Rule, port: int, found: Match) -> None:
        """Note that a socket of this port matches, or may match, the rest of the rule."""
        seen = self._seen.get(id(rule))
        if seen is None:
            return
        for each in seen:
            first, last = self._ephemeral if each == EPHEMERAL else each or (0, 65535)
            if first <= port <= last and seen[each] < found:
                seen[each] = found

    def results(
        self, host: str | None, listeners: Sequence[Listener], blind: Callable[[Rule], str | None]
    ) -> Iterator[Result]:
        """Yield a result for each rule. `blind` says why something that meets the rule may not have been seen."""
        for rule in self.rules:
            seen = self._seen[id(rule)]
            missing = [each for each, found in seen.items() if found is not YES]
            if not missing:
                yield Result(host, Status.PASS, rule, None, f"line {rule.line} is met: {rule.words}")
                continue
            what = f"line {rule.line} requires {_ports(missing, rule)}{words.because(rule)}"
            hidden = blind(rule)
            if hidden is None and any(seen[each] is MAYBE for each in missing):
                hidden = "nobody can say whether what listens there is what a rule requires: run it as root"
            if hidden is not None and all(seen[each] is MAYBE or blind(rule) for each in missing):
                yield Result(host, Status.UNKNOWN, rule, None, f"{what}; nobody can say whether it is there", hidden)
                continue
            gone = [each for each in missing if seen[each] is NO]
            yield Result(host, Status.FAIL, rule, None, f"{_absent(gone, rule, listeners)}; {what}")


def _ports(ranges: Sequence[Range | None], rule: Rule) -> str:
    named = ", ".join("a port" if each is None else _port(each) for each in ranges[:_MOST])
    more = f" and {len(ranges) - _MOST} more" if len(ranges) > _MOST else ""
    rest = [f"{key} {text}" for key, text in rule.texts.items() if key not in ("port", "protocol", "hosts", "groups")]
    protocol = f"/{rule.texts['protocol']}" if "protocol" in rule.texts else ""
    return f"{named}{more}{protocol}" + (f" with {', '.join(rest)}" if rest else "")


def _port(ports: Range) -> str:
    if ports == EPHEMERAL:
        return "an ephemeral port"
    return str(ports[0]) if ports[0] == ports[1] else f"one of {ports[0]}-{ports[1]}"


def _absent(gone: Sequence[Range | None], rule: Rule, listeners: Sequence[Listener]) -> str:
    """Say what is there in place of what is missing."""
    protocols = {name for names, _ in rule.selectors.get("protocol", ()) for name in names}
    for each in gone:
        if each is None or each == EPHEMERAL or each[0] != each[1]:
            continue
        for listener in listeners:
            if listener.port == each[0] and (not protocols or listener.protocol in protocols):
                return f"{words.place(listener)} is {words.holder(listener)}"
    protocol = f"/{rule.texts['protocol']}" if "protocol" in rule.texts else ""
    named = ", ".join(_port(each) for each in gone[:_MOST] if each is not None)
    return f"nothing that it names listens on {named}{protocol}" if named else "nothing that it names listens"
