"""Judge the listening sockets of a host by a policy: every socket, and every rule that something must meet."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

from portsock.addresses import WILDCARDS, widest
from portsock.model import InetEndpoint, Socket
from portsock.normalize.offers import Offer
from portsock.policy import words
from portsock.policy.index import Index, merged
from portsock.policy.matching import MAYBE, NO, YES, address_number, failing, match, widest_scope
from portsock.policy.needed import Needed
from portsock.policy.subjects import Subject, Surroundings, subjects_of
from portsock.policy.types import Listener, Match, Result, Rule, Status
from portsock.policy.values import OF_OWNERS, Net

PASS, FAIL, UNKNOWN = Status.PASS, Status.FAIL, Status.UNKNOWN
_MOST_NETS = 100
"""Networks in a policy with which addresses are sorted into kinds; with more each address is a kind of its own."""
_MOST_NEAR = 200
"""Rules for a port among which the one is looked for that nearly allows a socket."""


class Ruleset(NamedTuple):
    """The rules of one host, in the order of the policy."""

    listeners: tuple[Rule, ...]
    ignore: tuple[Rule, ...]
    default: str


class Verdict(NamedTuple):
    """What the rules say of a subject."""

    status: Status
    rule: Rule | None
    """The rule that decides, or of which nobody can say whether it does."""
    ignored: bool = False
    needed: tuple[tuple[Rule, Match], ...] = ()
    """Rules with must, and whether they match."""
    keys: tuple[str, ...] = ()
    """The keys of the rule that do not match, or of which nobody can say."""


class Judge:
    """Judge the sockets of one host."""

    def __init__(self, ruleset: Ruleset, around: Surroundings) -> None:
        self._rules = Index(ruleset.listeners, around.ephemeral)
        self._ignore = Index(ruleset.ignore, around.ephemeral)
        self._default = ruleset.default
        self._around = around
        self._known: dict[tuple[Any, ...], Verdict] = {}
        values = (value for rule in (*ruleset.listeners, *ruleset.ignore) for value in rule.selectors.get("address", ()))
        self._nets = list(dict.fromkeys(value for value in values if isinstance(value, Net)))
        self._kinds: dict[str, str] = {}
        self.needed = Needed([rule for rule in ruleset.listeners if rule.must], around)

    def results(self, host: str | None, offers: Sequence[Offer]) -> Iterator[Result]:
        """Yield the results of all sockets, then of the rules that must be met, but for those that `Needed` leaves open."""
        for offer in offers:
            by_verdict: dict[object, tuple[Verdict, list[tuple[Subject, list[Socket]]]]] = {}
            for subject, sockets in subjects_of(offer).items():
                verdict = self._verdict(offer.port, subject)
                for rule, found in verdict.needed:
                    self.needed.see(rule, offer.port, found)
                same = (verdict.status, id(verdict.rule), verdict.ignored)
                by_verdict.setdefault(same, (verdict, []))[1].append((subject, sockets))
            for verdict, parts in by_verdict.values():
                yield self._result(host, offer, verdict, parts, alone=len(by_verdict) == 1)

    def _verdict(self, port: int, subject: Subject) -> Verdict:
        buckets = self._rules.of_port(port)
        single, wide, _ = buckets
        programs = subject.programs
        parts = [bucket.of(programs) if bucket.rules else () for bucket in (*buckets, *self._ignore.of_port(port))]
        # Its fields one by one: _replace() would take as long as the rest.
        key = (id(single), id(wide), *map(id, parts[2:]), self._kind(subject.address), subject.protocol, *subject[2:])
        found = self._known.get(key)
        if found is None:
            found = self._decide(merged(parts[:3]), merged(parts[3:]), subject)
            if found.status is FAIL and found.rule is None:
                found = self._explained(found, merged((single.rules[:_MOST_NEAR], wide.rules[:_MOST_NEAR], parts[2])), subject)
            self._known[key] = found
        return found

    def _kind(self, address: str | None) -> str | None:
        """Return a text that is the same for addresses that no rule tells apart."""
        if address is None or address in WILDCARDS or len(self._nets) > _MOST_NETS:
            return address
        found = self._kinds.get(address)
        if found is None:
            number = address_number(address)
            within = [str(place) for place, net in enumerate(self._nets) if number and net.contains(*number)]
            version = number[0] if number else None
            found = self._kinds[address] = f"{version} {widest_scope(address)} {','.join(within)}"
        return found

    def _decide(self, rules: Sequence[Rule], ignore: Sequence[Rule], subject: Subject) -> Verdict:
        doubts: list[tuple[Status, Rule]] = []
        needed = []
        final: tuple[Status, Rule | None] | None = None
        for rule in ignore:
            found = match(rule, subject, self._around)
            if found is YES:
                final = final or (PASS, rule)
            elif found is MAYBE:
                doubts.append((PASS, rule))
        ignored = final is not None
        for rule in rules:
            if final is not None and not rule.must:
                continue
            found = match(rule, subject, self._around)
            if rule.must and found is not NO:
                needed.append((rule, found if subject.listens else MAYBE))
            status = FAIL if rule.forbid else PASS
            if found is YES and final is None:
                final = status, rule
            elif found is MAYBE and final is None:
                doubts.append((status, rule))
        status, decided = final or (FAIL, None)
        for other, rule in doubts:
            if other is not status:
                keys = failing(rule, subject, self._around, MAYBE)
                return Verdict(UNKNOWN, rule, False, tuple(needed), tuple(keys))
        if status is FAIL and not subject.listens:
            return Verdict(UNKNOWN, decided, False, tuple(needed))
        return Verdict(status, decided, ignored, tuple(needed))

    def _explained(self, found: Verdict, rules: Sequence[Rule], subject: Subject) -> Verdict:
        """Return the verdict on what no rule allows with the rule that nearly does.

        With default: allow, only ports that a rule names are closed to others.
        """
        if self._default == "allow" and not any(
            "port" in rule.selectors and not rule.forbid and "protocol" not in failing(rule, subject, self._around)
            for rule in rules
        ):
            return found._replace(status=PASS)
        nearest, keys = self._nearest(rules, subject)
        return found._replace(rule=nearest, keys=tuple(keys))

    def _result(
        self, host: str | None, offer: Offer, verdict: Verdict, parts: list[tuple[Subject, list[Socket]]], *, alone: bool
    ) -> Result:
        subject = parts[0][0]
        addresses = offer.addresses if alone else _addresses([socket for _, sockets in parts for socket in sockets])
        exposure = widest([widest_scope(each.address) for each, _ in parts])
        listener = Listener(
            host, offer.netns, offer.protocol, offer.port, addresses, exposure, offer.programs, offer.owner_status,
            offer.owner_reason, offer.ports,
        )  # fmt: skip
        rule = verdict.rule
        if verdict.status is PASS:
            text = f"{words.place(listener)} is {words.holder(listener)}"
            if verdict.ignored and rule is not None:
                text += f"; line {rule.line} leaves it out{words.because(rule)}"
            elif rule is not None:
                text += f"; line {rule.line} allows it"
            return Result(host, PASS, rule, listener, text, None, verdict.ignored)
        if verdict.status is FAIL:
            if rule is not None and not verdict.keys:
                text = f"{words.place(listener)} is {words.holder(listener)}; line {rule.line} forbids it{words.because(rule)}"
                return Result(host, FAIL, rule, listener, text)
            return Result(host, FAIL, rule, listener, words.not_allowed(listener, rule, verdict.keys))
        why = words.cause(listener, verdict.keys, subject.listens)
        text = f"{words.place(listener)} is {words.holder(listener)}; " + (
            f"nobody can say whether line {rule.line} matches" if rule else "no rule allows it, if it listens"
        )
        return Result(host, UNKNOWN, rule, listener, text, why)

    def _nearest(self, rules: Sequence[Rule], subject: Subject) -> tuple[Rule | None, list[str]]:
        """Return the rule that allows most of the socket, and the keys that do not match.

        A rule that names neither the port nor who holds the socket has nothing to do with it.
        """
        best: tuple[Rule | None, list[str]] = None, []
        for rule in rules:
            keys = failing(rule, subject, self._around)
            related = "port" in rule.selectors or any(key in rule.selectors and key not in keys for key in OF_OWNERS)
            if rule.forbid or not related or "protocol" in keys:
                continue
            if best[0] is None or len(keys) < len(best[1]):
                best = rule, keys
        return best


def _addresses(sockets: Sequence[Socket]) -> tuple[str, ...]:
    texts = {
        socket.local.address or socket.local.hostname or "?" for socket in sockets if isinstance(socket.local, InetEndpoint)
    }
    return tuple(sorted(texts, key=lambda text: (":" in text, text)))
