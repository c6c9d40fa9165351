"""Real rules in a real namespace, and what `ports` and `explain` say of them. An expert wrote down the answers first."""

import json
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.support.firewall.worlds import HOST, World, world
from tests.support.live import ENVIRONMENT, as_root, on_linux, runs_as

pytestmark = [on_linux, as_root, pytest.mark.skipif(shutil.which("nft") is None, reason="needs nft")]

INPUT = "table inet filter {{ chain input {{ type filter hook input priority filter; policy {policy}; {rules}\n}}\n}}"
NAT = "table ip nat {{ chain prerouting {{ type nat hook prerouting priority dstnat; {rules}\n}}\n}}"
PORTS = (6379, 8080, 9000)


@pytest.fixture(scope="module")
def place() -> Iterator[World]:
    """A host with listeners on PORTS of every IPv4 and IPv6 address, and one on loopback."""
    with world() as made, ExitStack() as stack:
        with made.inside(HOST):
            for port in PORTS:
                stack.enter_context(socket.create_server(("::", port), family=socket.AF_INET6, dualstack_ipv6=True))
            stack.enter_context(socket.create_server(("127.0.0.1", 7000)))
        yield made


def load(place: World, rules: str) -> None:
    place.run(HOST, ["nft", "-f", "-"], f"flush ruleset\n{rules}\n")


def portsock(place: World, *arguments: str, uid: int | None = None) -> subprocess.CompletedProcess[str]:
    user = [] if uid is None else ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    with place.inside(HOST):
        words = [*user, sys.executable, "-m", "portsock", *arguments]
        return subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, check=False)


def explained(place: World, *arguments: str) -> str:
    """Return the answer with its lines joined."""
    return " ".join(portsock(place, "explain", *arguments).stdout.split())


def cells(place: World, *arguments: str) -> dict[str, str]:
    """Return the column REACH by port."""
    done = portsock(place, "ports", "-l", "-n", "-H", "--format", "tsv", "--columns", "port,reach", *arguments)
    return dict(line.split("\t") for line in done.stdout.splitlines())


def test_a_policy_of_drop_with_an_allowed_network_names_both(place: World) -> None:
    load(place, INPUT.format(policy="drop", rules='iifname "lo" accept; ip saddr 10.1.0.0/16 tcp dport 8080 accept'))
    answer = explained(place, "8080")
    assert "Reach 10.1.0.0/16 and this host; everybody else dropped by inet filter input: policy drop" in answer
    assert cells(place) == {"6379": "lo", "7000": "lo", "8080": "10.1.0.0/16", "9000": "lo"}


def test_a_rejection_quotes_its_rule(place: World) -> None:
    load(place, INPUT.format(policy="accept", rules='iifname != "lo" tcp dport 8080 reject with tcp reset comment "no web"'))
    answer = explained(place, "8080")
    assert "everybody else refused by inet filter input, handle 2: " in answer
    assert "reject with tcp reset" in answer
    assert cells(place)["8080"] == "lo"


def test_a_restricted_redis_lets_in_its_clients_only(place: World) -> None:
    rules = "tcp dport 6379 ip saddr { 192.0.2.2, 10.1.0.0/16 } accept; tcp dport 6379 drop"
    load(place, INPUT.format(policy="accept", rules=rules))
    assert cells(place)["6379"] == "10.1.0.0/16,192.0.2.2"
    assert cells(place)["8080"] == "all"


def test_a_redirect_says_where_it_leads(place: World) -> None:
    load(place, NAT.format(rules="tcp dport 80 redirect to :8080"))
    answer = explained(place, "80")
    assert answer.startswith("80/tcp is sent on to port 8080 of this host; nothing listens on it here.")
    assert answer.endswith("Next portsock explain tcp/8080 what is on the port that they go to")


def test_the_next_step_from_a_published_port_is_who_listens_where_it_leads(place: World) -> None:
    load(place, NAT.format(rules='iifname "eth0" tcp dport 9100 dnat to 172.17.0.2:80'))
    assert "Next portsock ports --netns all tcp:172.17.0.2:80 who listens where they go" in explained(place, "9100")


def test_a_published_container_port_goes_past_the_input_chain(place: World) -> None:
    dnat = NAT.format(rules='iifname "eth0" tcp dport 9000 dnat to 172.17.0.2:80')
    load(place, dnat + "\n" + INPUT.format(policy="drop", rules='iifname "lo" accept'))
    found = json.loads(portsock(place, "explain", "--json", "9000").stdout)["explanations"][0]
    (finding,) = [each for each in found["findings"] if each["code"] == "port_redirected"]
    assert "172.17.0.2:80" in finding["title"]
    assert "pass no input chain" in finding["detail"]
    assert found["reach"]["to"] == {"address": "172.17.0.2", "port": 80}
    assert found["reach"]["rule"]["table"] == "nat"


def test_a_dropping_forward_chain_keeps_a_container_closed(place: World) -> None:
    dnat = NAT.format(rules='iifname "eth0" tcp dport 9000 dnat to 172.17.0.2:80')
    forward = "table ip f { chain forward { type filter hook forward priority 0; policy drop;\n}\n}\n"
    load(place, dnat + "\n" + forward)
    found = json.loads(portsock(place, "ports", "-l", "--json", "--reach", "9000").stdout)["ports"][0]["reach"]
    (through,) = [each for each in found["sources"] if each["source"] == "0.0.0.0/0%eth0"]
    assert through["verdict"] == "drop"
    assert through["rule"]["table"] == found["rule"]["table"] == "f"


def test_one_source_is_asked_about(place: World) -> None:
    load(place, INPUT.format(policy="drop", rules="ip saddr 10.1.0.0/16 tcp dport 8080 accept"))
    assert "Reach 10.1.2.3; let in by inet filter input, handle 2: ip saddr 10.1.0.0/16 tcp dport 8080 accept" in explained(
        place, "8080", "--source", "10.1.2.3"
    )
    assert "Reach 192.0.2.2 dropped by inet filter input: policy drop" in explained(place, "8080", "--source", "192.0.2.2")
    assert cells(place, "--source", "10.1.2.3")["8080"] == "10.1.2.3"


def test_without_rules_the_table_is_as_ever_and_explain_says_so(place: World) -> None:
    load(place, "")
    assert "EXPOSURE" in portsock(place, "ports", "-l").stdout
    assert "there are no firewall rules" in explained(place, "8080")


def test_rules_that_say_no_more_than_the_addresses_change_no_table(place: World) -> None:
    load(place, INPUT.format(policy="accept", rules="tcp dport 22 drop"))
    assert "EXPOSURE" in portsock(place, "ports", "-l").stdout
    load(place, INPUT.format(policy="accept", rules='iifname "eth0" tcp dport 8080 drop'))
    assert "REACH" in portsock(place, "ports", "-l").stdout


def test_what_is_not_modelled_is_a_question_mark_with_its_words(place: World) -> None:
    load(place, INPUT.format(policy="accept", rules="tcp dport 8080 numgen random mod 2 == 0 drop"))
    assert cells(place)["8080"] == "?"
    assert "numgen" in explained(place, "8080")


def test_another_user_gets_a_reason_and_no_guess(place: World) -> None:
    if not runs_as(65534):
        pytest.skip(f"user 65534 cannot run {sys.executable}")
    load(place, INPUT.format(policy="drop", rules=""))
    done = portsock(place, "ports", "-l", "--reach", "8080", uid=65534)
    assert done.returncode == 0
    assert "?" in done.stdout
    assert "the packet filter cannot be read (Operation not permitted)" in done.stderr
    plain = portsock(place, "ports", "-l", uid=65534)
    assert "EXPOSURE" in plain.stdout
    assert "REACH" not in plain.stdout


def test_a_file_that_has_no_rules_is_named(place: World, tmp_path: Path) -> None:
    listing = tmp_path / "ss"
    listing.write_text("LISTEN 0 128 0.0.0.0:8080 0.0.0.0:*\n")
    done = portsock(place, "ports", "--from", str(listing), "--rules", str(listing))
    assert done.returncode == 2
    assert done.stderr.startswith(f"portsock: {listing}: no table in the rules: LISTEN 0 128")
    assert "leave the option out" in portsock(place, "ports", "--rules", str(listing)).stderr


def test_rules_of_another_host_are_read_beside_its_listing(place: World, tmp_path: object) -> None:
    load(place, INPUT.format(policy="drop", rules='iifname "lo" accept; ip saddr 10.1.0.0/16 tcp dport 8080 accept'))
    for arguments in (["nft", "list", "ruleset"], ["nft", "-j", "list", "ruleset"]):
        folder = str(tmp_path)
        with open(f"{folder}/rules", "w") as file:
            file.write(place.run(HOST, arguments))
        with open(f"{folder}/ss", "w") as file:
            file.write("State Recv-Q Send-Q Local Address:Port Peer Address:Port\nLISTEN 0 128 0.0.0.0:8080 0.0.0.0:*\n")
        done = portsock(
            place, "ports", "-l", "--from", f"{folder}/ss", "--rules", f"{folder}/rules", "--columns", "reach", "-H"
        )
        assert done.stdout.split() == ["10.1.0.0/16"]
