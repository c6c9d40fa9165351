"""Rulesets as ufw, firewalld, docker, kube-proxy and administrators write them: what portsock says of each, and the kernel.

    .venv/bin/python -m tests.support.firewall.scenes

Prints for each how many verdicts were 'cannot tell', and which expressions are the reason.
"""

import argparse
import random
import shutil
import sys
import time
from collections import Counter
from pathlib import Path

from tests.support.firewall.packets import Packet
from tests.support.firewall.trial import READINGS, Bench, Count, bench, packets, try_one
from tests.support.firewall.verdicts import CANNOT_TELL, UNHEARD
from tests.support.firewall.worlds import HOST, LAN, POD, WAN

FOLDER = Path(__file__).parents[2] / "fixtures" / "rulesets"
SCENES: dict[str, tuple[str, ...]] = {
    "ufw": ("ufw.v4.rules", "ufw.v6.rules"),
    "ufw and docker": ("ufw-docker.v4.rules", "ufw.v6.rules"),
    "firewalld": ("firewalld.nft",),
    "docker": ("docker.v4.rules",),
    "docker until 27": ("docker-isolation.v4.rules",),
    "docker with nftables": ("docker.nft",),
    "firewalld and docker": ("firewalld.nft", "docker.v4.rules"),
    "kube-proxy with nftables": ("kube-proxy.nft",),
    "kube-proxy with iptables": ("kube-proxy.v4.rules",),
    "iptables-nft": ("iptables.v4.rules", "iptables.v6.rules"),
    "nftables of a server": ("server.nft",),
}
_PROGRAMS = {".nft": ("nft", "-f"), ".v4.rules": ("iptables-nft-restore",), ".v6.rules": ("ip6tables-nft-restore",)}
PACKETS = 400
_SERVICES = (("tcp", "10.96.0.10", 80), ("tcp", "10.96.0.10", 9000), ("udp", "10.96.0.1", 53))
"""Of kube-proxy's rules: two addresses that no host has."""


def install(made: Bench, name: str) -> None:
    """Put the rules of a scene in the place of the host's. Raises Refused."""
    made.load("flush ruleset\n")
    for file in SCENES[name]:
        program = next(words for ending, words in _PROGRAMS.items() if file.endswith(ending))
        made.world.run(HOST, [*program, str(FOLDER / file)])


def missing(name: str) -> str | None:
    """Return a program that is not here and that the scene needs."""
    needed = {words[0] for ending, words in _PROGRAMS.items() for file in SCENES[name] if file.endswith(ending)}
    return next((program for program in sorted(needed) if shutil.which(program) is None), None)


def packets_for(name: str, chance: random.Random, number: int) -> list[Packet]:
    """Return random packets; where there are services, some for their addresses."""
    found = packets(chance, number)
    if "kube" in name:
        for place, source in ((WAN, "192.0.2.2"), (LAN, "10.1.0.2"), (POD, "172.17.0.2"), (HOST, "192.0.2.1")):
            found += [Packet(protocol, place, source, address, port) for protocol, address, port in _SERVICES]
    return found


def try_scene(made: Bench, name: str, seed: int = 1, number: int = PACKETS) -> Count:
    """Compare the verdicts under a scene."""
    count = Count(1, Counter(), Counter(), [], time.monotonic())
    install(made, name)
    chance = random.Random(f"{seed} {name}")  # noqa: S311 - a trial has to be repeatable
    # Their output chains let answers out, but for what they say is not to be sent.
    # Of what iptables wrote nft 1.0.6 prints some matches without their '!'.
    plain = all(file.endswith(".nft") for file in SCENES[name])
    try_one(made, packets_for(name, chance, number), count, muffled=True, with_text=plain)
    return count._replace(seconds=time.monotonic() - count.seconds)


def main() -> None:
    """Read the command line, try every scene, and print the counts."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--packets", type=int, default=PACKETS)
    parser.add_argument("names", nargs="*", default=list(SCENES))
    options = parser.parse_args()
    wrong = 0
    total: Counter[str] = Counter()
    with bench() as made:
        for name in options.names:
            if missing(name):
                print(f"{name}: not tried, {missing(name)} is not installed")
                continue
            count = try_scene(made, name, options.seed, options.packets)
            total += count.verdicts
            wrong += len(count.wrong)
            number = count.verdicts["packets"]
            shares = ", ".join(f"{reading} {count.verdicts[f'{reading}: {CANNOT_TELL}'] / number:.1%}" for reading in READINGS)
            print(f"{name}: {number} packets, {count.verdicts[UNHEARD]} refusals not heard, cannot tell: {shares}")
            for reason, times in count.reasons.most_common(5):
                print(f"    {times:5,} {reason}")
            for found in count.wrong:
                print(f"  wrong: {found}")
    print(
        f"all: {total['packets']:,} packets, cannot tell {total[CANNOT_TELL] / total['packets']:.1%}, wrong {total['wrong']}"
    )
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
