"""Rules over sets of sources: chains, jumps, maps, and both ways on where something is not known."""

from collections.abc import Iterable
from typing import Any

from portsock.network import Network
from portsock.reach.path.routes import Routes
from portsock.reach.rules import actions
from portsock.reach.rules.branches import NEVER, Branch, Claim, Final, Way, apart, because, doubted, merged, met, negated, part
from portsock.reach.rules.keys import Piece, Pieces, uncovered
from portsock.reach.rules.lookup import Lookup
from portsock.reach.rules.packet import TRACKED, UNTRACKED, Group, Packet, Place
from portsock.reach.rules.runs import Prepared, Run, by_port, pass_run
from portsock.reach.sources import Bounds, take
from portsock.rulesets import (
    Assign,
    Chain,
    Limit,
    Match,
    Nat,
    Reject,
    Remark,
    Rule,
    Table,
    Unknown,
    Untracked,
    Verdict,
    VerdictMap,
)

DEEPEST = 17
MOST_STEPS = 1_000_000


class TooLong(Exception):
    """The rules take more steps than any that a kernel runs."""


class Machine:
    """Walk chains. What ends a packet's way is in `finals`."""

    def __init__(self, packet: Packet, network: Network, routes: Routes, prepared: Prepared) -> None:
        self.packet, self.network, self.routes, self.prepared = packet, network, routes, prepared
        self.finals: list[Final] = []
        self.claims: list[Claim] = []
        self.ordered: list[Claim] | None = None
        """The claims, the most telling first; made when all are there."""
        self.forked: list[Bounds] = []
        """Sources for which something that is not known made a difference."""
        self.references: list[tuple[Table, Chain, Rule | Run | None]] = []
        self.lookup = Lookup(packet, routes, prepared.keys)
        self.steps = 0
        self.table: Table
        self.chain: Chain
        self.accepted: list[Group] = []
        self.settled: list[Group] = []
        self.limits: dict[str, None] = {}
        self.rank: tuple[int, ...] | None = None

    # A base chain

    def base(self, table: Table, chain: Chain, groups: list[Group], place: Place, rank: tuple[int, ...] | None) -> list[Group]:
        """Return the groups that the base chain accepts. `rank` says how telling its accepting rules are."""
        assert chain.hook is not None
        self.table, self.accepted, self.rank = table, [], rank
        self.lookup.enter(table, place)
        for group in self.walk(chain, groups, 0):
            self.chain = chain
            branch = Branch(group.sources, group.environment, group.causes)
            if chain.hook.policy == "drop":
                self.end(branch, "drop", None)
            else:
                self.accept(branch, None)
        return merged(self.accepted)

    def walk(self, chain: Chain, groups: list[Group], depth: int) -> list[Group]:
        """Return the groups that come back from the chain."""
        if len(ports := by_port(groups)) > 1:
            return merged([came for some in ports for came in self.walk(chain, some, depth)])
        live, back = groups, list[Group]()
        self.chain = chain
        for rule in self.prepared.steps(chain, self.packet, groups):
            if not live:
                break
            fresh: list[Group] = []
            for group in live:
                if type(rule) is Run:
                    pass_run(self, rule, group)
                else:
                    self.step(rule, group, fresh, back, depth)  # type: ignore[arg-type]
            self.chain = chain
            if fresh or not all(group.sources for group in live):
                live = merged([group for group in live if group.sources] + fresh)
        return merged(live + back)

    def step(self, rule: Rule, group: Group, fresh: list[Group], back: list[Group], depth: int) -> None:
        """Take one group through one rule. What goes on in another way than it came is put into `fresh`."""
        self.steps += 1
        if self.steps > MOST_STEPS:
            raise TooLong
        branches = [Branch(group.sources, group.environment, group.causes)]
        way = Way(rule, group, fresh, back, depth)
        for statement in rule.statements:
            kind = type(statement)
            if kind is Match:
                branches = [after for branch in branches for after in self.match(statement, branch, way)]  # type: ignore[arg-type]
            elif kind is not Remark:
                branches = [after for branch in branches for after in self.act(statement, branch, way)]
            if not branches:
                return
            if len(branches) > 1:
                branches = apart(branches, group)
        for branch in branches:
            if branch.environment is not group.environment:
                fresh.append(self.move(group, branch))

    def move(self, group: Group, branch: Branch) -> Group:
        """Return the branch as a group of its own. Those who certainly took it leave the group."""
        sources = branch.sources.copy()
        if branch.certain:
            if branch.sources is group.sources:
                group.sources = []
            elif group.sources:
                take(group.sources, sources)
        if branch.doubt and not branch.environment.exceeded:
            self.forked.append(sources.copy())
        return Group(sources, branch.environment, branch.causes)

    # Statements

    def match(self, match: Match, branch: Branch, way: Way) -> Iterable[Branch]:
        """Return the branches that may go on."""
        value = self.lookup.value(match.left, branch.environment)
        known = met(value, match.keys) if type(value) is int else None
        if known is not None:
            return [branch] if known is not match.negated else self.parted(branch, [], way)
        sources = branch.sources
        pieces = self.lookup.keys(match.keys).find(value, sources)
        if match.negated:
            pieces = negated(pieces, sources)
        pieces = self.breaks(branch, [piece for piece in pieces if piece.found is not None], way)
        return [part(branch, piece) for piece in pieces]

    def breaks(self, branch: Branch, pieces: Pieces, way: Way) -> Pieces:
        """Let what leaves the rule before its end keep what the rule has changed. Return the pieces that go on."""
        if branch.environment is way.group.environment:
            return pieces
        rest = uncovered(pieces, branch.sources).copy()
        pieces = [piece._replace(sources=piece.sources.copy()) for piece in pieces]
        if rest:
            way.fresh.append(self.move(way.group, branch._replace(sources=rest)))
        return pieces

    def parted(self, branch: Branch, found: list[Branch], way: Way) -> list[Branch]:
        """Do so for a statement that does not go on where it finds no value."""
        pieces = [Piece(one.sources, True, None, one.certain and one.doubt == branch.doubt) for one in found]
        return [
            one._replace(sources=piece.sources) for one, piece in zip(found, self.breaks(branch, pieces, way), strict=True)
        ]

    def act(self, statement: Any, branch: Branch, way: Way) -> list[Branch]:
        """Do what a statement says. Return the branches for which the rule goes on."""
        rule, group = way.rule, way.group
        if isinstance(statement, Verdict):
            return self.verdict(statement, branch, way)
        if isinstance(statement, VerdictMap):
            return self.by_map(statement, branch, way)
        if isinstance(statement, Reject):
            how = actions.refusal(statement, self.packet)
            self.end(self.leave(group, branch), "reject" if how else "drop", rule, how)
            return []
        if isinstance(statement, Limit):
            return self.limit(statement, branch, way)
        if isinstance(statement, Nat):
            return self.translate(statement, branch, way)
        if isinstance(statement, Assign):
            return self.parted(branch, actions.assign(self.lookup, statement, branch), way)
        if isinstance(statement, Untracked):
            if branch.environment.tracked:
                return [branch]
            return [branch._replace(environment=branch.environment._replace(tracked=UNTRACKED))]
        assert isinstance(statement, Unknown)
        if statement.kind == "match" and statement.text.startswith(NEVER):
            return self.parted(branch, [], way)
        unsure = doubted(branch, statement.text)._replace(certain=False)
        if statement.kind == "action":
            if self.rank is None and self.lookup.place.hook in ("prerouting", "output"):
                elsewhere = unsure.environment._replace(address=None, port=None)
                self.settle(self.leave(group, unsure._replace(environment=elsewhere)))
            self.end(self.leave(group, unsure), "drop", rule)
            self.accept(self.leave(group, unsure), rule)
        return [unsure]

    def by_map(self, statement: VerdictMap, branch: Branch, way: Way) -> list[Branch]:
        """Take the verdicts of a map. The rule ends for those that it has none for."""
        value = self.lookup.value(statement.source, branch.environment)
        pieces = self.lookup.keys(statement.map).find(value, branch.sources)
        pieces = self.breaks(branch, [piece for piece in pieces if piece.found is not None], way)
        branches = [(part(branch, piece), piece.found) for piece in pieces]
        if len(branches) > 1:
            branches = [(one._replace(sources=one.sources.copy()), found) for one, found in branches]
        goes_on: list[Branch] = []
        for one, found in branches:
            goes_on += self.verdict(found, one, way)
        return goes_on

    def verdict(self, verdict: Verdict, branch: Branch, way: Way) -> list[Branch]:
        rule, group = way.rule, way.group
        kind = verdict.kind
        if kind == "continue":
            return [branch]
        if kind in ("drop", "stolen"):
            self.end(self.leave(group, branch), "drop", rule)
        elif kind == "accept":
            self.accept(self.leave(group, branch), rule)
        elif kind == "return":
            way.back.append(self.move(group, branch))
        elif kind in ("jump", "goto"):
            target, chain = self.table.chains.get(verdict.chain or ""), self.chain
            if target is None or way.depth >= DEEPEST:
                self.either(group, branch, rule, f"{kind} {verdict.chain}")
                return []
            came = self.walk(target, [self.move(group, branch)], way.depth + 1)
            self.chain = chain
            (way.fresh if kind == "jump" else way.back).extend(came)
        else:
            self.either(group, branch, rule, kind)
        return []

    def either(self, group: Group, branch: Branch, rule: Rule, text: str) -> None:
        """Note that the packet may be accepted or dropped."""
        unsure = self.leave(group, doubted(branch, text))
        self.end(unsure, "drop", rule)
        self.accept(unsure._replace(sources=unsure.sources.copy()), rule)

    def limit(self, limit: Limit, branch: Branch, way: Way) -> list[Branch]:
        """Take the way below the limit; look also at the one above it."""
        environment = branch.environment
        if environment.exceeded:
            return [branch] if not limit.over else self.parted(branch, [], way)
        self.limits[limit.text] = None
        causes = because(branch.causes, limit.text)
        above = Branch(branch.sources.copy(), environment._replace(exceeded=True), causes, False)
        if limit.over:
            self.breaks(branch, [], way)
            return [above]
        way.fresh.append(Group(above.sources, above.environment, causes))
        return [branch]

    def translate(self, nat: Nat, branch: Branch, way: Way) -> list[Branch]:
        """Send the packet elsewhere, and end the chain."""
        rule, group = way.rule, way.group
        if nat.family not in (None, "ip6" if self.packet.version == 6 else "ip"):
            return [branch]
        if branch.environment.tracked != TRACKED:
            return []
        if nat.kind == "tproxy":
            self.either(group, branch, rule, "tproxy")
            return []
        if nat.kind in ("snat", "masquerade"):
            for after in actions.sourced(self.lookup, nat, branch):
                self.settle(self.leave(group, after))
            return []
        found = actions.destinations(self.lookup, nat, branch, self.refer(rule))
        moves = list(zip(self.parted(branch, [one for one, _ in found], way), [known for _, known in found], strict=True))
        if len(moves) > 1:
            moves = [(after._replace(sources=after.sources.copy()), reachable) for after, reachable in moves]
        for after, reachable in moves:
            gone = self.leave(group, after)
            if reachable:
                self.settle(gone)
            else:
                self.end(gone, "drop", rule)
        return []

    # Ends

    def leave(self, group: Group, branch: Branch) -> Branch:
        """Take the branch out of its group."""
        moved = self.move(group, branch)
        return branch._replace(sources=moved.sources)

    def refer(self, rule: Rule | Run | None) -> int:
        self.references.append((self.table, self.chain, rule))
        return len(self.references) - 1

    def end(self, branch: Branch, verdict: str, rule: Rule | None, how: str | None = None) -> None:
        self.finals.append(Final(branch.sources, verdict, branch.environment, branch.causes, self.refer(rule), how))

    def accept(self, branch: Branch, rule: Rule | Run | None) -> None:
        sources, environment, causes = branch[:3]
        self.accepted.append(Group(sources, environment, causes))
        if self.rank is not None and not environment.exceeded:
            rank = (self.rank[0], int(rule is not None), *self.rank[1:])
            self.claims.append(Claim(sources.copy(), environment, branch.doubt, self.refer(rule), rank))

    def settle(self, branch: Branch) -> None:
        """Note a translation: no further chain of the hook is asked for one."""
        self.settled.append(Group(branch.sources, branch.environment, branch.causes))
