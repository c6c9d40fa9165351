"""Reading nf_tables: how dumps are put together, and what happens where they cannot be read."""

import errno
import sys
from pathlib import Path

import pytest

from portsock.parse.netlink.message import HEADER
from portsock.rulesets import Ruleset
from portsock.sources.linux.firewall import rules
from tests.parse.netlink.nftables.commands import COMMANDS
from tests.parse.netlink.nftables.constructs import RULES
from tests.parse.netlink.nftables.test_statements import pairs
from tests.support.live import as_root, run, runs_as, tool
from tests.support.netlink_replay import Channel, done, failed, message
from tests.support.nf_tables import NO_PROC, Replay, load_iptables, load_nft, namespace, recorded, replayed, visit

_FIRST_TABLE = 16 + 2
"""Where the generation of the rules is in the first message."""


def kinds(channel: Replay) -> list[int]:
    return [HEADER.unpack_from(request)[1] & 0xFF for request in channel.requests]


def test_without_tables_one_dump_is_all_that_is_asked_for() -> None:
    channel = Replay({})
    assert rules.load(NO_PROC, channel) == Ruleset()
    assert kinds(channel) == [1]


def test_objects_are_asked_for_where_rules_use_them() -> None:
    with_objects, without = Replay(recorded("nft")), Replay(recorded("iptables"))
    rules.load(NO_PROC, with_objects)
    rules.load(NO_PROC, without)
    assert 19 in kinds(with_objects)
    assert kinds(without) == [1, 4, 10, 7, 1]


def test_the_refusal_of_the_kernel_is_the_reason(tmp_path: Path) -> None:
    names = tmp_path / "thread-self" / "net"
    names.mkdir(parents=True)
    (names / "ip_tables_names").write_text("filter\n")
    found = rules.load(str(tmp_path), Channel([failed(errno.EPERM)]))
    assert found == Ruleset(refused="Operation not permitted")


def test_a_kernel_without_nf_tables_has_no_rules() -> None:
    assert rules.load(NO_PROC, Channel([failed(errno.EINVAL)])) == Ruleset()


def test_garbage_is_a_reason() -> None:
    found = rules.load(NO_PROC, Channel([message(0xA00, b"\2\0") + done()]))
    assert found.refused


def test_tables_of_the_older_kind_are_named(tmp_path: Path) -> None:
    names = tmp_path / "thread-self" / "net"
    names.mkdir(parents=True)
    (names / "ip_tables_names").write_text("nat\nfilter\n")
    (names / "ip6_tables_names").write_text("")
    found = rules.load(str(tmp_path), Replay({}))
    assert found.not_read == ("legacy iptables: filter, nat",)


class Changing(Replay):
    """A kernel whose rules change after the first dumps of tables."""

    def __init__(self, answers: dict[bytes, bytes], changes: int) -> None:
        super().__init__(answers)
        self.changes = changes

    def recv_into(self, buffer: memoryview, /) -> int:
        length = super().recv_into(buffer)
        if self.changes and kinds(self)[-1] == 1:
            self.changes -= 1
            buffer[_FIRST_TABLE] ^= 1
        return length


def test_rules_that_change_between_dumps_are_read_again() -> None:
    channel = Changing(recorded("nft"), 1)
    assert rules.load(NO_PROC, channel) == replayed("nft")
    assert kinds(channel).count(7) == 2


def test_rules_that_do_not_settle_are_said_to_have_changed() -> None:
    found = rules.load(NO_PROC, Changing(recorded("nft"), 99))
    assert found.not_read == ("rules that changed while they were read",)
    assert found.tables == replayed("nft").tables


@as_root
def test_rules_that_nft_loads_are_these_statements() -> None:
    tool("nft")
    with namespace() as name:
        load_nft(name)
        found = visit(name, rules.load)
    assert (found.refused, found.not_read) == (None, ())
    for chain, (_, cases) in RULES.items():
        for rule, (text, stated) in zip(found.tables[0].chains[chain].rules, cases, strict=True):
            assert list(rule.statements) == stated, text


@as_root
def test_rules_that_iptables_loads_are_these_statements() -> None:
    tool("ipset")
    if "v1.8.9 (nf_tables)" not in run([tool("iptables"), "--version"]).stdout:
        pytest.skip("the rules are those that iptables 1.8.9 writes with nf_tables")
    with namespace() as name:
        load_iptables(name)
        found = visit(name, rules.load)
    assert len(pairs(found.tables)) == len(COMMANDS)
    for command, stated, read in pairs(found.tables):
        assert read == stated, command


@as_root
def test_tables_of_iptables_legacy_are_not_read() -> None:
    command = tool("iptables-legacy")
    with namespace() as name:
        done_ = run(["ip", "netns", "exec", name, command, "-t", "nat", "-S"])
        if done_.returncode:
            pytest.skip(done_.stderr.strip())
        found = visit(name, rules.load)
    assert found == Ruleset(not_read=("legacy iptables: nat",))


def test_the_end_of_an_empty_dump_is_understood() -> None:
    assert rules.load(NO_PROC, Channel([done()])) == Ruleset()


@as_root
def test_users_without_the_capability_learn_the_reason() -> None:
    if not runs_as(65534):
        pytest.skip("user 65534 cannot run this Python")
    code = "from portsock.sources.linux.firewall.rules import load; print(load())"
    done_ = run([sys.executable, "-c", code], uid=65534)
    assert done_.stdout.strip() == repr(Ruleset(refused="Operation not permitted")), done_.stderr
