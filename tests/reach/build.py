"""Rulesets by hand, and what the evaluator says of them."""

from collections.abc import Iterable

from portsock.network import Device, Network, Route
from portsock.reach.incoming import incoming
from portsock.reach.sources import network as span
from portsock.reach.sources import number
from portsock.reach.types import Outcome, Probe
from portsock.rulesets import (
    Chain,
    Constant,
    Ct,
    Hook,
    Limit,
    Match,
    Meta,
    Name,
    Nat,
    Payload,
    Range,
    Rule,
    Ruleset,
    Set,
    Statement,
    Table,
    Unknown,
    Verdict,
)

ACCEPT, DROP, RETURN = Verdict("accept"), Verdict("drop"), Verdict("return")
SADDR, DADDR = Payload("network", 96, 32), Payload("network", 128, 32)
SPORT, DPORT = Payload("transport", 0, 16), Payload("transport", 16, 16)
HOST = "192.0.2.1"
SSH = Probe("tcp", HOST, 22, "eth0")
LO = Device(1, "lo", loopback=True, addresses=("127.0.0.1/8",), type=772)
ETH0 = Device(2, "eth0", addresses=(f"{HOST}/24",))
ETH1 = Device(3, "eth1", addresses=("198.51.100.1/24",))
DOCKER = Device(4, "docker0", addresses=("172.17.0.1/16",), kind="bridge")
ROUTES = (
    Route("0.0.0.0/0", device=2, gateway="192.0.2.254"),
    Route("192.0.2.0/24", device=2),
    Route("198.51.100.0/24", device=3),
    Route("172.17.0.0/16", device=4),
    Route("203.0.113.0/24", kind="blackhole"),
    Route("127.0.0.0/8", 255, "local", 1),
    Route(f"{HOST}/32", 255, "local", 2),
    Route("198.51.100.1/32", 255, "local", 3),
    Route("172.17.0.1/32", 255, "local", 4),
    Route("192.0.2.255/32", 255, "broadcast", 2),
)
NETWORK = Network((LO, ETH0, ETH1, DOCKER), ROUTES, forwarding4=True)


def rule(*statements: Statement, handle: int | None = None) -> Rule:
    return Rule(statements, handle, None, "text")


def source(*networks: str) -> Match:
    return Match(SADDR, tuple((Range(*span(text)),) for text in networks))


def is_(left: object, *values: int) -> Match:
    return Match(left, tuple((Range(value, value),) for value in values))  # type: ignore[arg-type]


def on(name: str) -> Match:
    return Match(Meta("iifname"), ((Name(name.rstrip("*"), name.endswith("*")),),))


def dnat(address: str, port: int | None = None) -> Nat:
    return Nat("dnat", "ip", Constant(number(address)), None, None if port is None else Constant(port))


def base(
    *rules: Rule, hook: str = "input", policy: str = "accept", priority: int = 0, type: str = "filter", name: str = ""
) -> Chain:
    return Chain(name or f"{hook}{priority}", rules, Hook(hook, type, priority, policy))


def table(*chains: Chain, sets: Iterable[Set] = (), family: str = "ip", name: str = "t") -> Table:
    return Table(family, name, {chain.name: chain for chain in chains}, {known.name: known for known in sets})


def ask(*tables: Table, probe: Probe = SSH, known: Network = NETWORK) -> dict[tuple[str, ...], Outcome]:
    """Return the outcomes by their sources."""
    return {one.sources: one for one in incoming(Ruleset(tables), known, probe)}


def only(*tables: Table, probe: Probe = SSH, known: Network = NETWORK) -> Outcome:
    """Return the one outcome for everybody."""
    outcomes = incoming(Ruleset(tables), known, probe)
    assert len(outcomes) == 1, outcomes
    return outcomes[0]


def verdict(*rules: Rule, policy: str = "accept", sets: Iterable[Set] = (), probe: Probe = SSH) -> str:
    """Return what an input chain does with everybody."""
    return only(table(base(*rules, policy=policy), sets=sets), probe=probe).verdict


MAYBE = Unknown("xt string")
NEW = is_(Ct("state"), 8)
LIMIT = Limit("limit rate 3/second")
OVER = Limit("limit rate over 3/second", True)
