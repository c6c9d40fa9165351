"""The answer about the way to another host, from facts made by hand."""

from typing import Any

import pytest

from portsock.cli.explaining.remote import barrier
from portsock.explain.texts.remote import CONTACTS, ICMPX, REFUSALS
from portsock.explain.types import Explanation, Part, Remote
from portsock.model import Snapshot, State, Timer
from portsock.network import Neighbour, Network, Path, Route
from portsock.output.text.explanation import render_explanation
from portsock.output.text.short_answer import LINES, render_short
from portsock.reach.types import Outcome, RuleReference
from portsock.records import Contact
from tests.support.explain_factory import CURL, HOST, answer, seen
from tests.support.factory import tcp

THERE, THERE6 = "203.0.113.9:443", "[2001:db8::9]:443"
WAY = Path("203.0.113.9", "unicast", "eth0", "10.0.0.1", "10.0.0.7")
REMOTE = Remote("tcp", "203.0.113.9", 443, WAY, neighbour=Neighbour("10.0.0.1", 2, "REACHABLE"))
RULE = RuleReference("inet", "filter", "output", 12, "tcp dport 443 {x} drop", "no web")


def said(remote: Remote, target: str = THERE, snapshot: Snapshot | None = None) -> Explanation:
    return answer(target, snapshot or seen([]), remote=remote)


def row(explanation: Explanation, label: str) -> str:
    return " ".join(each.text for each in explanation.rows if each.label == label)


def contact(result: Any, **values: Any) -> Remote:
    return REMOTE._replace(contact=Contact("tcp", result, 0.5, source="10.0.0.7")._replace(**values))


def test_where_packets_go_is_the_answer_where_nothing_is_in_the_way() -> None:
    found = said(REMOTE)
    assert found.headline == (
        "Nothing here uses 203.0.113.9:443; packets to it would go through eth0, by the gateway 10.0.0.1."
    )
    assert row(found, "Route") == "from 10.0.0.7 through eth0, by the gateway 10.0.0.1 (REACHABLE)"
    assert row(found, "Now") == "no connection to it, and no attempt under way"
    assert row(found, "Ports") == row(found, "Bind") == ""
    assert found.next[0].line == "portsock explain --connect 203.0.113.9:443"
    near = said(REMOTE._replace(path=WAY._replace(gateway=None, mtu=1400), neighbour=None))
    assert row(near, "Route") == "from 10.0.0.7 through eth0, on the same link, MTU 1400"


def test_connections_attempts_and_the_ports_left_are_counted() -> None:
    records = [
        tcp("10.0.0.7:40000", THERE, inode=1),
        tcp("10.0.0.7:40001", THERE, inode=2, state=State.SYN_SENT, timer=Timer("on", 900, 2)),
        tcp("10.0.0.7:40002", THERE, inode=3, state=State.SYN_SENT, timer=Timer("on", 900, 3)),
        tcp("10.0.0.7:40003", THERE, inode=None, state=State.FIN_WAIT_2),
        tcp("10.0.0.7:40004", "203.0.113.9:80", inode=5),
        tcp("10.0.0.7:1000", THERE, inode=6),
        tcp("10.0.0.8:40005", THERE, inode=None, state=State.FIN_WAIT_2),
    ]
    snapshot = seen(records, {1: CURL.pid, 2: CURL.pid, 3: CURL.pid, 6: CURL.pid})
    found = said(REMOTE, snapshot=snapshot)
    assert row(found, "Now") == ("2 connections and 2 attempts under way (SYN_SENT, resent up to 3 times), of curl (pid 800)")
    assert row(found, "Ports") == "28228 of 28232 ephemeral ports left towards it"
    assert found.sections[Part.PATH].ports == (28228, 28232)
    assert "to reach 203.0.113.9:443 have no answer" in found.headline
    reserved = snapshot._replace(host=HOST._replace(sysctls={"net.ipv4.ip_local_reserved_ports": "40000-40009"}))
    assert said(REMOTE, snapshot=reserved).sections[Part.PATH].ports == (28222, 28222)


def test_ports_in_time_wait_that_can_be_reused_are_left() -> None:
    ended = seen([tcp("10.0.0.7:40000", THERE, inode=None, state=State.TIME_WAIT, timer=Timer("timewait", 5000, 0))])
    assert said(REMOTE, snapshot=ended).sections[Part.PATH].ports == (28231, 28232)
    reused = ended._replace(host=HOST._replace(sysctls={"net.ipv4.tcp_tw_reuse": "1"}))
    assert said(REMOTE, snapshot=reused).sections[Part.PATH].ports == (28232, 28232)


def test_nothing_is_said_to_be_sent_where_the_neighbour_is_silent() -> None:
    assert row(said(contact("silence")), "Note").startswith("SYN packets were sent")
    assert row(said(contact("silence")._replace(neighbour=Neighbour("10.0.0.1", 2, "FAILED"))), "Note") == ""


def test_no_route_leads_before_what_attempts_show() -> None:
    attempt = seen([tcp("10.0.0.7:40001", THERE, inode=2, state=State.SYN_SENT, timer=Timer("on", 900, 2))], {2: CURL.pid})
    found = said(Remote("tcp", "203.0.113.9", 443, Path("203.0.113.9", errno="ENETUNREACH")), snapshot=attempt)
    assert found.headline == "203.0.113.9:443: no route; connect(2) fails with ENETUNREACH."
    assert "1 attempt of curl" in row(found, "Also")
    assert row(found, "Route") == ""


@pytest.mark.parametrize(
    ("number", "kind"), [("EINVAL", "blackhole"), ("EHOSTUNREACH", "unreachable"), ("EACCES", "prohibit")]
)
def test_a_rule_may_be_what_refuses_where_no_route_does(number: str, kind: str) -> None:
    found = said(Remote("udp", "203.0.113.9", 443, Path("203.0.113.9", errno=number)))
    assert f" a {kind} route or rule " in found.headline
    assert found.headline.endswith(f"sendto(2) fails with {number}.")
    assert found.next[0].line == "ip rule; ip route show table all"


def test_the_narrowest_barrier_of_the_kind_is_named() -> None:
    routes = (
        Route("203.0.0.0/8", kind="blackhole"), Route("203.0.113.0/24", kind="blackhole"),
        Route("203.0.113.0/28", kind="prohibit"), Route("198.51.100.0/24", kind="blackhole"), Route("::/0", kind="blackhole"),
    )  # fmt: skip
    assert barrier(Network(routes=routes), "203.0.113.9", "blackhole") == routes[1]
    assert barrier(Network(routes=routes), "203.0.113.9", "unreachable") is None
    assert barrier(Network(routes=routes), "2001:db8::9", "blackhole") == routes[4]


@pytest.mark.parametrize("how", REFUSALS)
def test_a_rejecting_rule_is_quoted_with_the_error_that_programs_get(how: str) -> None:
    outcome = Outcome("reject", ("0.0.0.0/0",), rule=RULE, how=how)
    found = said(REMOTE._replace(outcome=outcome))
    assert found.headline.startswith("203.0.113.9:443: a rule of this host rejects it; connect(2) fails ")
    assert REFUSALS[how].tcp in found.headline
    assert row(found, "Means") == "inet filter output, handle 12: tcp dport 443 {x} drop (no web)"
    assert row(found, "Rules") == ""
    if REFUSALS[how].udp is not None:
        udp = said(REMOTE._replace(outcome=outcome, protocol="udp"), f"udp/{THERE}")
        assert udp.headline.endswith(": a rule of this host rejects it; sendto(2) fails with EPERM.")


@pytest.mark.parametrize("code", ICMPX)
def test_icmpx_is_read_for_the_version(code: str) -> None:
    outcome = Outcome("reject", (), rule=RULE, how=f"icmpx {code}")
    four, six = ICMPX[code]
    assert REFUSALS[f"icmp {four}"].tcp in said(REMOTE._replace(outcome=outcome)).headline
    there = REMOTE._replace(outcome=outcome, address="2001:db8::9")
    assert REFUSALS[f"icmpv6 {six}"].tcp in said(there, THERE6).headline


def test_a_dropping_rule_makes_connect_wait_and_sendto_fail() -> None:
    remote = REMOTE._replace(outcome=Outcome("drop", (), rule=RULE._replace(handle=None, text="policy drop", comment=None)))
    found = said(remote)
    assert found.headline.endswith(": a rule of this host drops it; connect(2) waits, then fails with ETIMEDOUT.")
    assert row(found, "Means") == "inet filter output: policy drop"
    assert said(remote._replace(protocol="udp"), f"udp/{THERE}").headline.endswith("sendto(2) fails with EPERM.")


def test_rules_that_let_it_through_that_redirect_and_that_are_not_understood() -> None:
    assert row(said(REMOTE._replace(outcome=Outcome("accept", ()))), "Rules") == "no rule of this host stops it"
    unknown = Outcome("unknown", (), reasons=("socket cgroupv2", "osf"))
    assert row(said(REMOTE._replace(outcome=unknown)), "Rules") == (
        "cannot tell whether a rule of this host stops it: socket cgroupv2; osf"
    )
    sent = Outcome("accept", (), to=("2001:db8::5", 80), to_rule=RULE._replace(text="dnat", comment=None))
    assert row(said(REMOTE._replace(outcome=sent)), "Rules") == (
        "a rule of this host sends it to [2001:db8::5]:80 instead: inet filter output, handle 12: dnat"
    )
    odd = Outcome("reject", (), rule=RULE, how="icmp something-new")
    assert "packets to it would go" in said(REMOTE._replace(outcome=odd)).headline
    assert "handle 12" in row(said(REMOTE._replace(outcome=odd)), "Rules")


@pytest.mark.parametrize("state", ["FAILED", "INCOMPLETE"])
def test_a_gateway_that_does_not_answer_is_the_cause(state: str) -> None:
    remote = REMOTE._replace(neighbour=Neighbour("10.0.0.1", 2, state))
    assert said(remote).headline == (
        f"203.0.113.9:443: the gateway 10.0.0.1 did not answer on eth0 (neighbour {state}); "
        "connect(2) fails with EHOSTUNREACH after about 3 s."
    )
    assert "STALE" not in said(REMOTE._replace(neighbour=Neighbour("10.0.0.1", 2, "STALE"))).headline


def test_what_an_attempt_met_with_is_the_answer() -> None:
    assert said(contact("accepted")).headline == "203.0.113.9:443 accepts connections: the handshake took 500 ms."
    assert said(contact("accepted")).found
    assert "a RST came back after 500 ms" in said(contact("reset", errno="ECONNREFUSED")).headline
    own = said(contact("icmp", errno="EHOSTUNREACH", reporter="10.0.0.7", icmp=(3, 13)))
    assert own.headline == (
        "203.0.113.9:443: this host itself answered ICMP administratively prohibited (type 3, code 13) after 500 ms; "
        "that is EHOSTUNREACH."
    )
    assert row(own, "Note") == ""
    end = said(contact("icmp", errno="EHOSTUNREACH", reporter="203.0.113.9", icmp=(3, 10)))
    assert ": the host answered ICMP host prohibited" in end.headline
    other = said(contact("icmp", errno="EHOSTUNREACH", reporter="198.51.100.1", icmp=(9, 99)))
    assert ": 198.51.100.1, on the way, answered ICMP error (type 9, code 99)" in other.headline
    assert ": some host answered ICMP error after" in said(contact("icmp", errno="ENETUNREACH")).headline
    local = said(contact("local", errno="EPERM", source=None))
    assert local.headline == "203.0.113.9:443: this host refuses at once: connect(2) fails with EPERM."
    assert "handshake" not in str(CONTACTS["silence"])


def test_silence_is_explained_by_what_is_known_of_the_host() -> None:
    assert said(contact("silence")).headline == "203.0.113.9:443: nothing came back within 500 ms."
    assert "or the host is down" in row(said(contact("silence")), "Means")
    alive = seen([tcp("10.0.0.7:40004", "203.0.113.9:80", inode=5)])
    assert row(said(contact("silence"), snapshot=alive), "Means") == (
        "203.0.113.9 is up, since 1 connection to it is open: a packet filter drops this."
    )
    assert said(contact("silence")).next[0].line == "tracepath -n 203.0.113.9"


def test_an_attempt_is_explained_by_a_cause_only_if_it_met_with_what_that_lets_expect() -> None:
    drops = Outcome("drop", (), rule=RULE)
    assert "a rule of this host drops it" in said(contact("silence")._replace(outcome=drops)).headline
    assert "accepts" in said(contact("accepted")._replace(outcome=drops)).headline
    assert "a RST came back" in said(contact("reset", errno="ECONNREFUSED")._replace(outcome=drops)).headline
    rejects = drops._replace(verdict="reject", how="icmp admin-prohibited")
    assert "nothing came back" in said(contact("silence")._replace(outcome=rejects)).headline
    waiting = contact("silence")._replace(neighbour=Neighbour("10.0.0.1", 2, "INCOMPLETE"))
    assert "the gateway 10.0.0.1 did not answer" in said(waiting).headline
    far = contact("icmp", errno="EHOSTUNREACH", reporter="198.51.100.1", icmp=(3, 13))._replace(outcome=rejects)
    assert "198.51.100.1" in said(far).headline
    near = contact("icmp", errno="EHOSTUNREACH", reporter="10.0.0.7", icmp=(3, 13))
    assert "a rule of this host rejects it" in said(near._replace(outcome=rejects)).headline
    failed = near._replace(neighbour=Neighbour("10.0.0.1", 2, "FAILED"))
    assert "administratively prohibited" in said(failed).headline
    asleep = failed._replace(contact=near.contact and near.contact._replace(icmp=(3, 1)))
    assert "the gateway 10.0.0.1 did not answer" in said(asleep).headline


def test_an_own_endpoint_that_was_tried_has_no_way() -> None:
    tried = Remote("tcp", "127.0.0.1", 80, contact=Contact("tcp", "reset", 0.5, "ECONNREFUSED", source="127.0.0.1"))
    found = said(tried, "127.0.0.1:80")
    assert " refuses: a RST came back " in found.headline
    assert (row(found, "Route"), row(found, "Now"), row(found, "Note")) == ("", "", "")
    assert found.sections[Part.PATH].ports is None


@pytest.mark.parametrize(
    "remote",
    [
        REMOTE,
        REMOTE._replace(neighbour=Neighbour("10.0.0.1", 2, "FAILED"), outcome=Outcome("accept", ())),
        contact("silence")._replace(outcome=Outcome("drop", (), rule=RULE)),
        contact("icmp", errno="EHOSTUNREACH", reporter="198.51.100.1", icmp=(3, 13)),
        Remote("tcp", "203.0.113.9", 443, Path("203.0.113.9", errno="EINVAL")),
    ],
)
def test_answers_are_short_and_have_everything_at_length(remote: Remote) -> None:
    found = said(remote)
    lines = render_short(found).splitlines()
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= 80
    assert "\nPath " in render_explanation(found)
