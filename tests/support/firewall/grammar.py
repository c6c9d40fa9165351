"""Random rulesets: base chains of every type, hook and priority, and all that portsock.reach claims to know."""

import random
import re
from collections.abc import Sequence

from tests.support.firewall.phrases import DEVICES, HOSTS, MARKS, NETS, OWN, PORTS, TARGETS, Place, Words
from tests.support.firewall.rules import ChainText, TableText, Text

PRIORITIES = {
    "ingress": (-10, 0, 10),
    "egress": (0,),
    "prerouting": (-450, -300, -200, -150, -101, -99, 0, 50),
    "input": (-150, -10, 0, 0, 0, 10, 100),
    "forward": (-150, -10, 0, 0, 0, 10),
    "output": (-300, -150, -10, 0, 0, 101),
    "postrouting": (-150, 0, 99, 101, 300),
}
NAT_PRIORITIES = {
    "prerouting": (-100, -100, -110, -90, 0),
    "output": (-100, -110, 0),
    "postrouting": (100, 99, 300),
    "input": (100,),
}
_NAMED = re.compile("⟨([^⟩]*)⟩")


class Grammar:
    """A source of random rulesets; the same seed gives the same ones."""

    def __init__(self, seed: int, odd: float = 0.02) -> None:
        self.chance = random.Random(seed)  # noqa: S311 - a trial has to be repeatable
        self.words = Words(self.chance)
        self.odd = odd
        """How many conditions are of a kind about which nobody can know."""
        self._number = 0

    def ruleset(self) -> Text:
        """Return a ruleset of one to four tables."""
        self._number = 0
        families = self.chance.choices(("inet", "ip", "ip6", "netdev"), (6, 3, 2, 1), k=self.chance.choice((1, 1, 2, 2, 3, 4)))
        return tuple(self._table(family, f"t{number}") for number, family in enumerate(families))

    def _name(self, letter: str) -> str:
        self._number += 1
        return f"{letter}{self._number}"

    def _table(self, family: str, name: str) -> TableText:
        chains: list[ChainText] = []
        for hook, type_ in self._hooks(family):
            chains += self._base(family, hook, type_)
        found: dict[str, str] = {}

        def declare(match: re.Match[str]) -> str:
            return found.setdefault(match[1], "s" + str(len(found)))

        written = tuple(chain._replace(rules=tuple(_NAMED.sub(declare, rule) for rule in chain.rules)) for chain in chains)
        sets = tuple(
            f"{'map' if ' : ' in text.partition('elements')[0] else 'set'} {label} {{ {text.replace('; ', chr(10))}\n}}"
            for text, label in found.items()
        )
        return TableText(family, name, sets, written, dormant=self.chance.random() < 0.02)

    def _hooks(self, family: str) -> list[tuple[str, str]]:
        """Return the hooks that a table has chains at, with their types."""
        chance = self.chance
        if family == "netdev":
            return [("ingress", "filter")] * chance.choice((1, 2)) + ([("egress", "filter")] if chance.random() < 0.15 else [])
        hooks = [("input", "filter")] * chance.choice((0, 1, 1, 1, 2))
        for hook, type_, share in (
            ("forward", "filter", 0.5), ("prerouting", "filter", 0.3), ("prerouting", "nat", 0.4), ("prerouting", "nat", 0.1),
            ("output", "filter", 0.2), ("output", "nat", 0.15), ("output", "route", 0.07), ("postrouting", "nat", 0.25),
            ("postrouting", "filter", 0.1), ("input", "nat", 0.05), ("ingress", "filter", 0.1 if family == "inet" else 0),
        ):  # fmt: skip
            if chance.random() < share:
                hooks.append((hook, type_))
        chance.shuffle(hooks)
        return hooks or [("input", "filter")]

    def _base(self, family: str, hook: str, type_: str) -> list[ChainText]:
        """Return a base chain, behind the chains that it calls."""
        chance, place = self.chance, Place(family, hook)
        priority = chance.choice((NAT_PRIORITIES if type_ == "nat" else PRIORITIES)[hook])
        policy = "accept" if type_ != "filter" or chance.random() < (0.5 if hook in {"input", "forward"} else 0.93) else "drop"
        device = f'device "{chance.choice(DEVICES)}" ' if hook in {"ingress", "egress"} else ""
        head = f"type {type_} hook {hook} {device}priority {priority}; policy {policy};"
        called: list[ChainText] = []
        for _ in range(chance.choice((0, 0, 1, 2, 3))):
            rules = self._rules(place, type_, [chain.name for chain in called], chance.randint(1, 5))
            called.append(ChainText(self._name("c"), None, rules))
        length = chance.randint(1, 4) if hook in {"output", "postrouting", "ingress", "egress"} else chance.randint(2, 9)
        rules = self._rules(place, type_, [chain.name for chain in called], length)
        if hook in {"output", "egress"} or policy == "drop":
            rules = (*(self._answers(place) if hook in {"output", "egress"} else ()), *rules)
        return [*called, ChainText(self._name("b"), head, rules)]

    def _answers(self, place: Place) -> Sequence[str]:
        """Return rules that let resets and ICMP messages out: without them nobody hears of a refusal."""
        return ("tcp flags & rst == rst accept", "meta l4proto { icmp, ipv6-icmp } accept") if place else ()

    def _rules(self, place: Place, type_: str, chains: list[str], number: int) -> tuple[str, ...]:
        return tuple(self._rule(place, type_, chains) for _ in range(number))

    def _rule(self, place: Place, type_: str, chains: list[str]) -> str:
        """Return a rule: none to three conditions, and what it does."""
        chance = self.chance
        version = place.family if place.family in {"ip", "ip6"} else chance.choice(("ip", "ip", "ip6"))
        place = place._replace(version=version, protocol=chance.choice(("tcp", "tcp", "udp", "th")))
        parts = [self._condition(place) for _ in range(chance.choices((0, 1, 2, 3), (1, 10, 8, 2))[0])]
        if chance.random() < 0.1:
            parts.insert(chance.randint(0, len(parts)), chance.choice(("counter", "counter packets 0 bytes 0")))
        if chance.random() < 0.05:
            parts.append(chance.choice(self._remarks(place)))
        if chance.random() < 0.06:
            rate = ("limit rate 10000/second burst 10000 packets", "limit rate over 100000/second burst 9000 packets")
            parts.append(chance.choice((*rate, "limit rate 50000/minute burst 5000 packets", "quota over 500 mbytes")))
        if chance.random() < 0.14:
            parts.append(self._change(place))
        what = self._translation(place) if type_ == "nat" and chance.random() < 0.75 else self._verdict(place, type_, chains)
        text = " ".join([*parts, what])
        return text + (
            f' comment "{chance.choice(("web", "ssh from the office", "it; is {odd}"))}"' if chance.random() < 0.05 else ""
        )

    def _condition(self, place: Place) -> str:
        words, chance = self.words, self.chance
        if chance.random() < self.odd:
            version = place.version
            ttl = "ip ttl < 63" if version == "ip" else "ip6 hoplimit < 63"
            known = (f"{version} dscp cs1", ttl, "meta length < 60")
            return chance.choice(("numgen random mod 2 == 0", f"jhash {version} saddr mod 2 0", "meta cpu 0", *known))
        tracking = words.tracking if place.tracked else words.transport
        kinds = (words.transport, words.network, words.meta, tracking, words.route, words.joined)
        return chance.choices(kinds, (9, 7, 4, 3, 1.5, 2))[0](place)

    def _remarks(self, place: Place) -> tuple[str, ...]:
        """Return statements that change no verdict."""
        kind = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}[place.version]
        learned = f"@⟨type {kind}; flags dynamic,timeout; timeout 1m⟩ {{ {place.version} saddr }}"
        return ('log prefix "seen: "', f"add {learned}", f"update {learned}", "meta nftrace set 0", "meta priority set 1:1")

    def _change(self, place: Place) -> str:
        """Return a statement that later rules may see."""
        chance = self.chance
        marks = [f"meta mark set {chance.choice(MARKS)}"] * 4 + [f"meta mark set meta mark | {chance.choice(MARKS)}"]
        marks += ["meta mark set meta mark & 0xfffffffe"]
        marks += [f"meta mark set {place.ports_of.split()[-1]} dport map {{ 22 : 1, 80 : 2, 443 : 3 }}"] * (
            place.protocol != "th"
        )
        marks += [f"meta mark set {place.version} saddr map {{ {NETS[place.version][0]} : 1, {NETS[place.version][2]} : 2 }}"]
        if place.tracked:
            marks += [f"ct mark set {chance.choice(MARKS)}"] * 2 + ["ct mark set meta mark", "meta mark set ct mark"]
            marks += ["meta mark set ct mark & 0xff", "ct mark set ct mark | 1"]
        return chance.choice(marks)

    def _verdict(self, place: Place, type_: str, chains: list[str]) -> str:
        """Return the end of a rule."""
        chance = self.chance
        if type_ == "nat":
            return chance.choice(("accept", "return", "counter", *(f"jump {name}" for name in chains), "accept"))
        kinds = ["accept"] * 8 + ["drop"] * 5 + ["return", "continue", "counter"]
        if place.hook in {"input", "forward", "output", "prerouting"}:
            kinds += [self._reject(place)] * 3
        if place.hook == "prerouting":
            kinds += ["notrack"] * 2 + ["drop"]
        if chains:
            kinds += [f"jump {chance.choice(chains)}"] * 6 + [f"goto {chance.choice(chains)}"] * 2
        kinds += [self._vmap(place, chains)] * 2
        return chance.choice(kinds)

    def _vmap(self, place: Place, chains: list[str]) -> str:
        """Return a verdict map."""
        chance = self.chance
        verdicts = (
            "accept",
            "drop",
            "accept",
            "drop",
            "return",
            "continue",
            *(f"jump {name}" for name in chains),
            *chains[:0],
        )
        version = place.version
        any_ = ", * : drop" if chance.random() < 0.15 else ""

        def pairs(keys: Sequence[str]) -> str:
            return ", ".join(f"{key} : {chance.choice(verdicts)}" for key in keys)

        kind = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}[version]
        ports, nets = pairs(self.words.disjoint_ports()), pairs(self.words.some(NETS[version], 5))
        single = pairs(self.words.some(PORTS))
        joined = pairs([f"{address} . {chance.choice(PORTS)}" for address in self.words.some(HOSTS[version])])
        named_map = f"⟨type inet_service : verdict; elements = {{ {single} }}⟩"
        to = f"{place.ports_of} dport"
        choices = [f"{to} vmap {{ {single}{any_} }}", f"{to} vmap {{ {ports} }}", f"{to} vmap @{named_map}"]
        choices += [f"{version} saddr vmap {{ {nets}{any_} }}"]
        choices += [f"{version} saddr . {to} vmap {{ {joined} }}"] * (place.protocol != "th")
        choices += [f"{version} saddr vmap @⟨type {kind} : verdict; flags interval; elements = {{ {nets} }}⟩"]
        choices += [f"meta l4proto vmap {{ {pairs(('tcp', 'udp'))} }}"] * (place.protocol == "th")
        choices += [f"meta mark vmap {{ {pairs(['0', '1', '2'])} }}"]
        if place.hook in {"prerouting", "input", "forward"}:
            choices += [f"iifname vmap {{ {pairs(self.words.some(tuple(chr(34) + d + chr(34) for d in DEVICES), 3))} }}"] * 2
        return chance.choice(choices)

    def _reject(self, place: Place) -> str:
        pick = self.chance.choice
        codes = (
            "net-unreachable",
            "host-unreachable",
            "port-unreachable",
            "prot-unreachable",
            "net-prohibited",
            "host-prohibited",
        )
        icmp = pick((*codes, "admin-prohibited"))
        icmp6 = pick(("no-route", "admin-prohibited", "addr-unreachable", "port-unreachable"))
        common = ["reject", *["reject with tcp reset"] * (place.protocol == "tcp")]
        four, six = f"reject with icmp type {icmp}", f"reject with icmpv6 type {icmp6}"
        icmpx = f"reject with icmpx type {pick(('no-route', 'port-unreachable', 'host-unreachable', 'admin-prohibited'))}"
        inet = [icmpx, icmpx, four if place.version == "ip" else six]
        return pick([*common, *{"ip": [four] * 3, "ip6": [six] * 3}.get(place.family, inet)])

    def _translation(self, place: Place) -> str:
        """Return a statement that changes addresses or ports."""
        chance, version = self.chance, place.version
        if place.hook in {"postrouting", "input"}:
            source = {"ip": "192.0.2.9", "ip6": "2001:db8:1::1"}[version]
            snat = f"snat {version if place.family == 'inet' else ''} to {source}"
            return snat if place.hook == "input" else chance.choice(("masquerade", "masquerade", snat))
        guard = chance.choice((f"{place.ports_of} dport {chance.choice(PORTS)} ", f"{place.ports_of} dport 1-65535 "))
        port = chance.choice(PORTS)
        if chance.random() < 0.35:
            return guard + chance.choice((f"redirect to :{port}", f"redirect to :{port}", "redirect"))
        to = f"dnat {version if place.family == 'inet' else ''} to "
        target = chance.choice(TARGETS[version] * 3 + OWN[version])
        other = chance.choice(TARGETS[version])
        shown = f"[{target}]" if version == "ip6" else target
        choices = [f"{guard}{to}{target}", f"{guard}{to}{shown}:{port}", f"{guard}{to}{shown}:{port}"]
        with_port = "" if place.protocol == "th" else place.protocol
        choices += [f"{to}{with_port} dport map {{ 80 : {target}, 443 : {other} }}"] * bool(with_port)
        choices += [f"{to}{version} daddr map {{ {OWN[version][0]} : {target}, {OWN[version][1]} : {other} }}"]
        if version == "ip" and with_port:
            choices += [f"{guard}{to}{with_port} dport map {{ 80 : {target} . {port}, 8080 : {other} . 80 }}"] * 2
            named = f"⟨type inet_service : ipv4_addr; elements = {{ 22 : {target}, 80 : {other} }}⟩"
            choices += [f"{guard}{to}{with_port} dport map @{named}"]
        return chance.choice(choices)
