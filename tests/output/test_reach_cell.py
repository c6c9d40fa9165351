"""The column REACH: who can really connect, in a word or as few networks."""

import pytest

from portsock.output.cells.reach import reach_text
from portsock.reachability import Reach, Reachable, Verdict

ACCEPT, DROP, REJECT, REDIRECT, MIXED, UNKNOWN = Reachable
EVERYBODY = ("0.0.0.0/0", ACCEPT), ("::/0", ACCEPT)


@pytest.mark.parametrize(
    ("sources", "text"),
    [
        (EVERYBODY, "all"),
        ((*EVERYBODY, ("lo", ACCEPT)), "all"),
        ((("lo", ACCEPT),), "lo"),
        ((("0.0.0.0/0", DROP), ("lo", ACCEPT)), "lo"),
        ((("0.0.0.0/0", DROP), ("lo", DROP)), "filtered"),
        ((("0.0.0.0/0", REJECT),), "filtered"),
        ((("10.0.0.0/8", ACCEPT), ("0.0.0.0/0", DROP)), "10.0.0.0/8"),
        ((("10.0.0.0/8", ACCEPT), ("192.0.2.7/32", ACCEPT), ("0.0.0.0/0", DROP)), "10.0.0.0/8,192.0.2.7"),
        ((("10.0.0.0/8", ACCEPT), ("172.16.0.0/12", ACCEPT), ("192.168.0.0/16", ACCEPT), ("0.0.0.0/0", DROP)), "lan"),
        ((("10.0.0.0/8", ACCEPT), ("8.8.8.0/24", ACCEPT), ("9.9.9.0/24", ACCEPT), ("0.0.0.0/0", DROP)), "3 networks"),
        ((("0.0.0.0/0", ACCEPT), ("192.0.2.7/32", DROP)), "all but 192.0.2.7"),
        ((("0.0.0.0/0", ACCEPT), ("::/0", DROP)), "IPv4"),
        ((("::/0", ACCEPT), ("0.0.0.0/0", DROP)), "IPv6"),
        ((("0.0.0.0/0", UNKNOWN),), "?"),
        ((), "?"),
        ((("10.0.0.0/8", ACCEPT), ("0.0.0.0/0", UNKNOWN)), "10.0.0.0/8,?"),
        ((("lo", ACCEPT), ("0.0.0.0/0", DROP), ("10.0.0.0/8", UNKNOWN)), "lo,?"),
        ((("0.0.0.0/0%eth1", ACCEPT), ("0.0.0.0/0%eth0", DROP)), "all%eth1"),
        ((("10.0.0.0/8%eth1", ACCEPT), ("0.0.0.0/0", DROP)), "10.0.0.0/8%eth1"),
        ((("0.0.0.0/0", ACCEPT), ("0.0.0.0/0%eth1", DROP)), "all but eth1"),
        ((*EVERYBODY, *((f"192.0.2.{number}/32", DROP) for number in range(5))), "all but 5 networks"),
    ],
)
def test_the_cell_says_who_is_let_in(sources: tuple[tuple[str, Reachable], ...], text: str) -> None:
    assert reach_text(Reach(MIXED, tuple(Verdict(*each) for each in sources))) == text


def test_networks_that_are_not_listed_count() -> None:
    kept_out = Verdict("192.0.2.7/32", DROP)
    everybody = tuple(Verdict(*each) for each in EVERYBODY)
    assert reach_text(Reach(MIXED, (kept_out, *everybody), left_out=99)) == "all but 100 networks"
    admitted = (Verdict("10.0.0.0/8", ACCEPT), Verdict("0.0.0.0/0", DROP))
    assert reach_text(Reach(MIXED, admitted, left_out=99)) == "100 networks"


def test_the_cell_says_where_a_rule_sends_packets() -> None:
    assert reach_text(Reach(REDIRECT, (Verdict("0.0.0.0/0", REDIRECT),), to=("10.0.0.2", 80))) == "to 10.0.0.2:80"
    assert reach_text(Reach(REDIRECT, (Verdict("::/0", REDIRECT),), to=("2001:db8::2", 80))) == "to [2001:db8::2]:80"


def test_a_port_whose_filter_was_not_asked_has_an_empty_cell() -> None:
    assert reach_text(None) == ""
