"""Random rulesets in the kernel, real first packets through them, and what portsock says of each.

    .venv/bin/python -m tests.support.firewall.trial --rulesets 2000 --seed 1

Prints how many verdicts agreed, how many were 'cannot tell', and each wrong one with the smallest ruleset that still shows it.
Counted by packet: a verdict is wrong where one of the readers, or the answer about all sources, is.

'refusal not heard' counts packets that portsock says are rejected, that did not arrive anywhere, and for which nobody heard a
reset or an ICMP message. (Where portsock says 'drop', an answer is wrong.) It is no wrong verdict: the refusal is a packet of
its own, which may not get as far as those who listen. Rules of output, postrouting and egress may drop it, and portsock is not
asked about it. No way leads back to sources that neighbours spoof. Of its own packets the host learns it as an errno, which
is not the same for every reject. Where none of these is so, 'reject' without an answer is wrong.
"""

import argparse
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NamedTuple

from portsock.errors import UsageError as InputError
from portsock.network import Network
from portsock.parse.rulesets import read
from portsock.rulesets import Match, Meta, Reject, Ruleset, Table
from portsock.sources.linux.firewall import rules
from portsock.sources.linux.routes import network
from tests.support.firewall import verdicts
from tests.support.firewall.grammar import Grammar
from tests.support.firewall.packets import Ears, Fate, Packet, ears
from tests.support.firewall.phrases import PORTS
from tests.support.firewall.rules import TableText, Text, render, smaller
from tests.support.firewall.verdicts import AGREED, CANNOT_TELL, UNHEARD, WRONG, Said
from tests.support.firewall.worlds import HOST, LAN, POD, WAN, Refused, World, addresses_of, sources_of, world

PACKETS = 120
_PATIENCE = 0.2
"""Seconds for which a packet that was not seen is waited for, before a verdict is called wrong."""
READINGS = ("netlink", "json", "text")


class Wrong(NamedTuple):
    """A verdict that the kernel contradicts."""

    reading: str
    packet: Packet
    said: Said
    fate: Fate
    rules: str

    def __str__(self) -> str:
        return f"{self.packet}\n  read by {self.reading}, portsock says: {self.said}\n  kernel: {self.fate}\n{self.rules}"


class Count(NamedTuple):
    """What a trial counts."""

    rulesets: int
    verdicts: Counter[str]
    reasons: Counter[str]
    wrong: list[Wrong]
    seconds: float

    def __str__(self) -> str:
        counts = ", ".join(f"{name} {self.verdicts[name]:,}" for name in (AGREED, UNHEARD, CANNOT_TELL, WRONG))
        return f"rulesets {self.rulesets:,}, packets {self.verdicts['packets']:,}: {counts}, {self.seconds:.0f} s"


class Bench(NamedTuple):
    """The world, its raw sockets, and what portsock knows of the host's network."""

    world: World
    ears: Ears
    network: Network

    def load(self, text: str) -> None:
        """Put a ruleset in the place of the host's. Raises Refused."""
        self.world.run(HOST, ["nft", "-f", "-"], text)
        self.world.forget(HOST)

    def vary(self, chance: random.Random) -> "Bench":
        """Set the host's sysctls at random, mostly as they are by default on a router."""
        filters = {"eth0": chance.choices((0, 1, 2), (6, 1, 1))[0], "eth1": chance.choices((0, 1, 2), (8, 1, 1))[0]}
        for device, value in filters.items():
            self.world.set(HOST, f"ipv4/conf/{device}/rp_filter", str(value))
        # As where br_netfilter is not loaded: with it chains of IP see bridged packets too, before the bridge's ingress.
        for name in ("bridge/bridge-nf-call-iptables", "bridge/bridge-nf-call-ip6tables"):
            self.world.set(HOST, name, "0")
        for name in ("ipv4/ip_forward", "ipv6/conf/all/forwarding"):
            self.world.set(HOST, name, str(int(chance.random() < 0.95)))
        with self.world.inside(HOST):
            return self._replace(network=network.load())

    def readings(self, with_text: bool = True) -> dict[str, Ruleset]:
        """Return the host's rules, as each of the three readers reads them."""
        with self.world.inside(HOST):
            found = {"netlink": rules.load()}
        if any(_listed_without_family(table) for table in found["netlink"].tables):
            return found
        text = self.world.run(HOST, ["nft", "-a", "list", "ruleset"])
        if with_text:
            found["text"] = read(text)
        if "flags dormant" not in text:  # nft 1.0.6 leaves that out of JSON
            with suppress(InputError):  # and it writes no JSON at all of some rulesets
                found["json"] = read(self.world.run(HOST, ["nft", "-j", "list", "ruleset"]))
        return found


def _listed_without_family(table: Table) -> bool:
    """Tell whether nft lists a rule for both IP versions that is for one of them.

    nft 1.0.6 lists 'meta nfproto ipv4 reject with tcp reset' without its first condition. 'ip saddr' would stand there.
    """
    return table.family == "inet" and any(
        Reject("tcp reset") in rule.statements
        and any(isinstance(one, Match) and one.left == Meta("nfproto") for one in rule.statements)
        and not any(isinstance(one, Match) and "base='network'" in repr(one.left) for one in rule.statements)
        for chain in table.chains.values()
        for rule in chain.rules
    )


@contextmanager
def bench() -> Iterator[Bench]:
    """Make a world to try rulesets in."""
    with world() as made, ears(made) as listening:
        with made.inside(HOST):
            known = network.load()
        yield Bench(made, listening, known)


def packets(chance: random.Random, number: int = PACKETS) -> list[Packet]:
    """Return random packets: most of them for the host, some for what is behind it, some from the host itself."""
    found: list[Packet] = []
    while len(found) < number:
        place = chance.choices((WAN, LAN, POD, HOST), (8, 4, 2, 3))[0]
        source = chance.choice(addresses_of(HOST) if place == HOST else sources_of(place))
        destinations = _destinations(chance, place)
        protocol, port = chance.choice(("tcp", "tcp", "udp")), chance.choice((*PORTS, *PORTS, chance.randint(1, 65535)))
        for destination in destinations:
            if (":" in source) == (":" in destination) and _sendable(place, source, destination):
                found.append(
                    Packet(protocol, place, source, destination, port, chance.choice((0, 0, 65534)) if place == HOST else 0)
                )
                break
    return found


def _destinations(chance: random.Random, place: str) -> list[str]:
    """Return addresses in random order, those of the host first in most cases."""
    own = [address for address in addresses_of(HOST) if place == HOST or address not in {"127.0.0.1", "::1"}]
    near = [address for other in (WAN, LAN, POD) if other != place for address in addresses_of(other)]
    chance.shuffle(own)
    chance.shuffle(near)
    return own + near if chance.random() < 0.75 else near + own


def _sendable(place: str, source: str, destination: str) -> bool:
    """Tell whether a socket of the place can send this: loopback addresses do not leave their host."""
    loopback = {"127.0.0.1", "::1"}
    return place != HOST or ((source in loopback) <= (destination in addresses_of(HOST)) and (
        (destination in loopback) <= (source in addresses_of(HOST))))  # fmt: skip


def install(made: Bench, ruleset: Text) -> Text | None:
    """Load a ruleset, without the rules that nft refuses. Returns what was loaded, None where that is nothing."""
    for _ in range(25):
        text = render(ruleset)
        try:
            made.load(text)
        except Refused as error:
            line = re.search(r":(\d+):\d+-\d+: Error", str(error))
            if line is None:
                return None
            ruleset = _without(ruleset, text.split("\n")[int(line[1]) - 1])
        else:
            return ruleset
    return None


def _without(ruleset: Text, line: str) -> Text:
    def kept(table: TableText) -> TableText:
        chains = tuple(chain._replace(rules=tuple(rule for rule in chain.rules if rule != line)) for chain in table.chains)
        return table._replace(chains=tuple(chain for chain in chains if chain.head != line))

    return tuple(kept(table) for table in ruleset)


def try_one(
    made: Bench, sent: list[Packet], count: Count, muffled: bool, ruleset: Text | None = None, with_text: bool = True
) -> None:
    """Compare the verdicts on all packets under what is loaded. `ruleset` is what can be shrunk where one is wrong."""
    count.verdicts["packets"] += len(sent)
    fates = made.ears.send(sent)
    readings = made.readings(with_text)
    worst = None
    for packet, fate in zip(sent, fates, strict=True):
        results = {}
        for reading, said in _sayings(made, readings, packet, fate):
            result = verdicts.judge(said, packet, fate, muffled)
            if result == WRONG:
                again = made.ears.send([packet], _PATIENCE)[0]
                said = dict(_sayings(made, readings, packet, again))[reading]
                result = verdicts.judge(said, packet, again, muffled)
                if result == WRONG and worst is None:
                    worst = Wrong(reading, packet, said, again, "")
            results[reading] = result
            if result == CANNOT_TELL and reading == "netlink":
                count.reasons.update(said.reasons or ("no reason is given",))
            count.verdicts[f"{reading}: {result}"] += 1
        count.verdicts[WRONG if WRONG in results.values() else results["netlink"]] += 1
    if worst:
        least = shrink(made, ruleset, worst.packet, worst.reading) if ruleset else ()
        count.wrong.append(worst._replace(rules=render(least) if least else ""))


def _sayings(made: Bench, readings: dict[str, Ruleset], packet: Packet, fate: Fate) -> Iterator[tuple[str, Said]]:
    """Yield what is said of a packet: by each reading, and asked about all sources."""
    for reading, ruleset in readings.items():
        yield reading, verdicts.said_of(ruleset, made.network, packet, fate.source_port)
    if packet.place != HOST:
        yield "all sources", verdicts.said_of_all(readings["netlink"], made.network, packet)


def _muffled(ruleset: Text) -> bool:
    """Tell whether rules may stop a reset or an ICMP message on its way out of the host."""
    return any("hook output" in head or "hook postrouting" in head or "hook egress" in head for table in ruleset
               for chain in table.chains if (head := chain.head))  # fmt: skip


def shrink(made: Bench, ruleset: Text, packet: Packet, reading: str) -> Text:
    """Return the smallest ruleset that portsock is still wrong about, by leaving out one part after the other."""
    shrunk = True
    while shrunk:
        shrunk = False
        for less in smaller(ruleset):
            if _is_wrong(made, less, packet, reading):
                ruleset, shrunk = less, True
                break
    return ruleset


def _is_wrong(made: Bench, ruleset: Text, packet: Packet, reading: str) -> bool:
    try:
        made.load(render(ruleset))
    except Refused:
        return False
    fate = made.ears.send([packet])[0]
    said = dict(_sayings(made, made.readings(), packet, fate)).get(reading)
    return said is not None and verdicts.judge(said, packet, fate, _muffled(ruleset)) == WRONG


def run(
    rulesets: int, seed: int, made: Bench, most: int = 10, shrinking: bool = True, number_of_packets: int = PACKETS
) -> Count:
    """Try random rulesets until `most` wrong verdicts were found."""
    start = time.monotonic()
    count = Count(0, Counter(), Counter(), [], 0)
    tried = 0
    for number in range(rulesets):
        chance = random.Random(f"{seed} {number}")  # noqa: S311 - a trial has to be repeatable
        made = made.vary(chance)
        ruleset = install(made, Grammar(chance.getrandbits(48)).ruleset())
        if ruleset is None:
            count.verdicts["refused by nft"] += 1
            continue
        tried += 1
        before = len(count.wrong)
        try_one(made, packets(chance, number_of_packets), count, _muffled(ruleset), ruleset if shrinking else None)
        for wrong in count.wrong[before:]:
            print(f"Ruleset {number} of seed {seed}: {wrong}", flush=True)
        if len(count.wrong) >= most:
            break
    return count._replace(rulesets=tried, seconds=time.monotonic() - start)


def main() -> None:
    """Read the command line, try, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rulesets", type=int, default=100)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="print rulesets as they are, not the smallest that is wrong")
    parser.add_argument("--most", type=int, default=10, help="stop after this many wrong verdicts")
    options = parser.parse_args()
    with bench() as made:
        count = run(options.rulesets, options.seed, made, options.most, shrinking=not options.plain)
    print(count)
    for reason, number in count.reasons.most_common(12):
        print(f"  {number:6,} cannot tell: {reason}")
    sys.exit(bool(count.wrong))


if __name__ == "__main__":
    main()
