"""Conditions and statements of random rules, in nft's words."""

import random
from typing import NamedTuple

PORTS = (22, 53, 80, 443, 5432, 8080, 9000)
NETS = {
    "ip": ("10.1.0.0/16", "10.9.0.0/24", "192.0.2.0/26", "192.0.2.64/26", "203.0.113.0/25", "203.0.113.128/25",
           "172.17.0.0/16", "127.0.0.0/8", "198.51.100.0/24", "10.2.0.0-10.5.255.255", "192.0.2.192-192.0.2.255"),
    "ip6": ("2001:db8:1::/64", "2001:db8:ff::/48", "fd00:1::/64", "fd00:17::/64", "::1", "fd00:2::-fd00:5::ffff"),
}  # fmt: skip
"""Without overlaps: elements of one set may have none."""
HOSTS = {
    "ip": ("192.0.2.2", "192.0.2.77", "203.0.113.5", "203.0.113.130", "10.1.0.2", "10.1.5.9", "10.9.0.3", "172.17.0.2",
           "172.17.0.3", "127.0.0.1"),
    "ip6": ("2001:db8:1::2", "2001:db8:ff::5", "fd00:1::2", "fd00:1::99", "fd00:17::2", "::1"),
}  # fmt: skip
OWN = {
    "ip": ("192.0.2.1", "192.0.2.9", "10.1.0.1", "172.17.0.1", "127.0.0.1"),
    "ip6": ("2001:db8:1::1", "fd00:1::1", "fd00:17::1", "::1"),
}
TARGETS = {"ip": ("172.17.0.2", "172.17.0.3", "10.1.0.2", "192.0.2.2"), "ip6": ("fd00:17::2", "fd00:1::2")}
"""Where a translation may lead: neighbours' addresses."""
DEVICES = ("eth0", "eth1", "docker0", "lo")
MARKS = (1, 2, 3, 0x10, 0x100)


class Place(NamedTuple):
    """Where a rule stands, and what all its conditions speak of: nft refuses a rule for IPv4 and IPv6, or for TCP and UDP."""

    family: str
    hook: str
    version: str = "ip"
    """ip or ip6."""
    protocol: str = "tcp"
    """tcp, udp or th, which is both."""

    @property
    def ports_of(self) -> str:
        """The words before 'dport'."""
        return "meta l4proto { tcp, udp } th" if self.protocol == "th" else self.protocol

    @property
    def tracked(self) -> bool:
        """Whether connection tracking has seen its packets."""
        return self.hook not in {"ingress", "egress"}


def named(declaration: str) -> str:
    """Return what stands for the name of a set in a condition."""
    return f"⟨{declaration}⟩"


class Words:
    """A source of random conditions. Sets with a name stand in them as ⟨declaration⟩."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance

    def some(self, values: tuple[str, ...] | tuple[int, ...], most: int = 4) -> list[str]:
        """Return some of the values, each once."""
        return [str(value) for value in self.chance.sample(values, self.chance.randint(1, min(most, len(values))))]

    def sign(self) -> str:
        """Return an operator: equal, mostly without a sign."""
        return self.chance.choices(("", "!= "), (4, 1))[0]

    def ports(self) -> str:
        """Return what a port is compared with."""
        pick = self.chance.choice
        low = pick(PORTS)
        return pick((
            str(low),
            str(low),
            f"{self.sign()}{low}",
            f"{self.sign()}{low}-{low + self.chance.choice((1, 60, 1000))}",
            f"{pick(('>=', '<', '>', '<='))} {low}",
            f"{self.sign()}{{ {', '.join(self.some(PORTS))} }}",
            "{ " + ", ".join(self.disjoint_ports()) + " }",
            f"{self.sign()}@{named('type inet_service; elements = { ' + ', '.join(self.some(PORTS)) + ' }')}",
            f"@{named('type inet_service; flags interval; elements = { ' + ', '.join(self.disjoint_ports()) + ' }')}",
        ))  # fmt: skip

    def disjoint_ports(self) -> list[str]:
        """Return ports and ranges without overlaps."""
        return self.some(("22", "53-79", "80", "81-442", "443", "5000-5999", "8000-8999", "9002-65535"), 3)

    def addresses(self, version: str, pool: tuple[str, ...]) -> str:
        """Return what an address is compared with."""
        kind = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}[version]
        nets = NETS[version]
        one = self.chance.choice(pool)
        mask = {"ip": "255.255.0.0", "ip6": "ffff:ffff::"}[version]
        masked = {"ip": ("10.1.0.0", "192.0.0.0"), "ip6": ("fd00:1::", "2001:db8::")}[version]
        hosts, intervals = ", ".join(self.some(pool, 5)), ", ".join(self.some(nets, 5))
        return self.chance.choice((
            f"{self.sign()}{one}",
            f"{self.sign()}{self.chance.choice(nets)}",
            f"{self.sign()}{{ {hosts} }}",
            f"{self.sign()}{{ {intervals} }}",
            f"{self.sign()}@{named(f'type {kind}; elements = {{ {hosts} }}')}",
            f"{self.sign()}@{named(f'type {kind}; flags interval; elements = {{ {intervals} }}')}",
            f"& {mask} {self.chance.choice(('==', '!='))} {self.chance.choice(masked)}",
        ))  # fmt: skip

    def device(self) -> str:
        """Return what the name of a device is compared with."""
        pick = self.chance.choice
        names = tuple(f'"{name}"' for name in DEVICES)
        wild = named("type ifname; flags interval; elements = { " + pick(('"eth*"', '"lo", "dock*"')) + " }")
        return pick((
            f"{self.sign()}{pick(names)}",
            f'{self.sign()}"{pick(("eth*", "d*", "l*", "docker*"))}"',
            f"{self.sign()}{{ {', '.join(self.some(names, 3))} }}",
            f"{self.sign()}@{named('type ifname; elements = { ' + ', '.join(self.some(names, 3)) + ' }')}",
            f"{self.sign()}@{wild}",
        ))  # fmt: skip

    def transport(self, place: Place) -> str:
        """Return a condition on protocol and ports."""
        pick = self.chance.choice
        choices = [f"{place.ports_of} dport {self.ports()}"] * 5
        choices += [f"{place.ports_of} sport {pick(('1024-65535', '>= 32768', '< 1024', '!= 0-1023', '20000-40000'))}"]
        if place.protocol != "th":
            choices += [f"meta l4proto {self.sign()}{place.protocol}"]
        if place.protocol == "tcp":
            choices += ["tcp flags & (fin|syn|rst|ack) == syn", "tcp flags syn", "tcp flags & (syn|ack) == syn|ack"]
            choices += ["tcp flags != syn"]
        return pick(choices)

    def network(self, place: Place) -> str:
        """Return a condition on addresses."""
        version = place.version
        if self.chance.random() < 0.65:
            return f"{version} saddr {self.addresses(version, HOSTS[version])}"
        return f"{version} daddr {self.addresses(version, OWN[version] + HOSTS[version][:2])}"

    def meta(self, place: Place) -> str:
        """Return a condition on what the kernel knows of a packet."""
        pick = self.chance.choice
        choices = [f"meta mark {self.sign()}{pick(MARKS)}", f"meta mark & 0xff == {pick(MARKS[:4])}", "meta mark != 0"]
        choices += [f"meta mark {{ {', '.join(self.some(MARKS))} }}", "meta mark 0", f"meta mark & {pick(MARKS)} != 0"]
        if place.hook not in {"output", "postrouting", "egress"}:
            choices += [f"iifname {self.device()}"] * 5 + [
                f'iif {self.sign()}"{pick(("lo", "eth0"))}"',
                "meta iiftype loopback",
            ]
            choices += ["meta pkttype host", "meta pkttype { broadcast, multicast }", "meta pkttype != host"]
        if place.hook in {"forward", "output", "postrouting"}:
            choices += [f"oifname {self.device()}"] * 5 + [f'oif {self.sign()}"{pick(("lo", "eth0"))}"']
        if place.hook == "output":
            choices += [f"meta skuid {self.sign()}{pick((0, 65534))}"] * 2
        if place.family == "netdev":
            # In inet tables nft 1.0.6 leaves them out of what it lists before 'reject with tcp reset'.
            choices += ["meta protocol ip", "meta protocol != ip6"] if place.version == "ip" else ["meta protocol ip6"]
        if place.family == "inet":
            choices += ["meta nfproto ipv4" if place.version == "ip" else "meta nfproto ipv6"]
        if place.protocol != "th":
            choices += [f"{place.version} {'protocol' if place.version == 'ip' else 'nexthdr'} {place.protocol}"] * 2
        return pick(choices)

    def tracking(self, place: Place) -> str:
        """Return a condition on the connection."""
        pick = self.chance.choice
        own, nets = pick(OWN[place.version]), pick(NETS[place.version][:4])
        choices = [f"ct original {place.version} daddr {own}", f"ct original {place.version} saddr {nets}"]
        if place.protocol != "th":
            choices += [f"meta l4proto {place.protocol} ct original proto-dst {pick(PORTS)}"] * 2
        return pick((
            *choices, "ct state new", "ct state new", "ct state { established, related }", "ct state established,related",
            "ct state invalid",
            "ct state untracked", "ct state != new", "ct state new,untracked", "ct state { new, untracked }", "ct status dnat",
            "ct status != dnat", "ct status & dnat == dnat", "ct status snat", "ct status assured", "ct direction original",
            "ct direction reply", f"ct mark {self.sign()}{pick(MARKS)}", "ct mark != 0", "ct status confirmed",
            "ct state vmap { invalid : drop, established : accept, related : accept }",
        ))  # fmt: skip

    def route(self, place: Place) -> str:
        """Return a condition on the routes."""
        choices = [
            "fib daddr type local",
            "fib daddr type != local",
            "fib daddr type { local, broadcast }",
            "fib daddr type unicast",
        ]
        choices += ["fib saddr type local", "fib saddr type != unicast", "fib daddr type { broadcast, multicast, anycast }"]
        if place.hook == "prerouting" or (place.hook == "input" and self.chance.random() < 0.5):
            choices += ["fib saddr . iif oif missing", "fib saddr . iif oif exists", "fib saddr . iif oif 0"]
            choices += ["fib saddr . mark . iif oif missing", f'fib saddr oifname "{self.chance.choice(("eth0", "eth1"))}"']
            choices += [f'fib saddr oif "{self.chance.choice(("eth0", "lo"))}"', "fib saddr oif missing"]
            choices += ["fib daddr . iif type local", "fib daddr . iif type != local"]
        return self.chance.choice(choices)

    def joined(self, place: Place) -> str:
        """Return a condition on a concatenation."""
        version, protocol = place.version, place.ports_of
        kind = {"ip": "ipv4_addr", "ip6": "ipv6_addr"}[version]

        def address() -> str:
            return self.chance.choice(HOSTS[version])

        def net() -> str:
            return self.chance.choice(NETS[version])

        pairs = ", ".join({f"{address()} . {self._port()}": 0 for _ in range(self.chance.randint(1, 6))})
        net_pair = f"{net()} . {self.chance.choice(('22', '50-500', '8000-9000', '2-65535'))}"
        plain = named(f"type {kind} . inet_service; elements = {{ {pairs} }}")
        wide = named(f"type {kind} . inet_service; flags interval; elements = {{ {net_pair}, {address()} . 1 }}")
        protocols = "type inet_proto . inet_service; elements = { tcp . 80, udp . 53, tcp . 8080 }"
        if place.protocol == "th":
            return f"meta l4proto . th dport {self.sign()}@{named(protocols)}"
        choices = [
            f"{version} saddr . {protocol} dport {self.sign()}{{ {pairs} }}",
            f"{version} saddr . {protocol} dport @{plain}",
        ]
        choices += [f"{version} saddr . {protocol} dport {self.sign()}@{wide}"] * 2
        if place.hook not in {"output", "postrouting", "egress"}:
            devices = ", ".join(f'"{name}" . {self._port()}' for name in self.chance.sample(DEVICES, 2))
            choices += [f"iifname . {protocol} dport {{ {devices} }}"] * 2
            choices += [
                f'{version} saddr . iifname . {protocol} dport {{ {address()} . "eth0" . 80, {net()} . "lo" . 22-9000 }}'
            ]
        return self.chance.choice(choices)

    def _port(self) -> str:
        return str(self.chance.choice(PORTS))
