"""Unix sockets of every kind in a network namespace of their own, compared with ss and lsof."""

import base64
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import ROOT, answer, as_root, on_linux, portsock, run, tool
from tests.support.unix_zoo import NAMES

pytestmark = [on_linux, as_root, pytest.mark.linux, pytest.mark.root]

ROW = re.compile(r"u_(str|dgr|seq)\s+(\S+)\s+(\d+)\s+(\d+)\s+(.*?) (\d+)\s+\* (\d+)(.*?)(?=\nu_|\Z)", re.DOTALL)
TYPES = {"str": "stream", "dgr": "dgram", "seq": "seqpacket"}


@pytest.fixture(scope="module")
def animals(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Any]]:
    at = tmp_path_factory.mktemp("u")
    command = [tool("unshare"), "--net", "--", sys.executable, "-m", "tests.support.unix_zoo", str(at)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True) as started:
        assert started.stdin
        assert started.stdout
        try:
            yield json.loads(started.stdout.readline()) | {"at": at}
        finally:
            started.stdin.close()
            started.wait(10)


@pytest.fixture(scope="module")
def sockets(animals: dict[str, Any]) -> dict[int, dict[str, Any]]:
    return by_inode(answer("sockets", "--unix", pid=animals["pid"])["sockets"])


def by_inode(sockets: list[dict[str, Any]]) -> dict[int, dict[str, Any]]:
    return {found["inode"]: found for found in sockets}


def name(end: dict[str, Any] | None) -> bytes | None:
    if end is None or end["path"] is None:
        return None
    path = base64.b64decode(end["path_bytes"]) if end["path_bytes"] else end["path"].encode()
    return b"@" + path if end["abstract"] else path


def owners(found: dict[str, Any]) -> frozenset[tuple[int, int]]:
    return frozenset((owner["pid"], owner["fd"]) for owner in found["owners"])


def test_every_socket_equals_that_of_ss_with_all_owners(animals: dict[str, Any], sockets: dict[int, dict[str, Any]]) -> None:
    theirs = set()
    listing = run([tool("ss"), "-HxapeO"], animals["pid"]).stdout
    for kind, state, receive, send, local, inode, peer, rest in ROW.findall(listing):
        held = frozenset((int(pid), int(fd)) for pid, fd in re.findall(r"pid=(\d+),fd=(\d+)", rest))
        shown = None if local == "*" else local.encode("utf-8", "surrogateescape")
        spelt = {"ESTAB": "ESTABLISHED"}.get(state, state)
        theirs.add((int(inode), TYPES[kind], spelt, int(receive), int(send), shown, int(peer) or None, held))
    mine = set()
    for inode, found in sockets.items():
        local = name(found["local"])
        shown = local and local.replace(b"\0", b"@")  # which is how ss prints it
        queues = found["recv_q"], found["send_q"]
        mine.add((inode, found["type"], found["state"], *queues, shown, found.get("peer_inode"), owners(found)))
    assert mine == theirs
    assert {found["type"] for found in sockets.values()} == set(TYPES.values())


def test_owners_and_peers_are_those_that_lsof_finds(animals: dict[str, Any], sockets: dict[int, dict[str, Any]]) -> None:
    theirs: dict[int, set[tuple[int, int]]] = {}
    far: dict[int, frozenset[tuple[int, int]]] = {}
    inode = pid = fd = 0
    for line in run([tool("lsof"), "+E", "-U", "-F", "pfin"], animals["pid"]).stdout.split("\n"):
        kind, value = line[:1], line[1:]
        if kind == "p":
            pid = int(value)
        elif kind == "f":
            fd = int(value)
        elif kind == "i":
            inode = int(value)
            theirs.setdefault(inode, set()).add((pid, fd))
        elif inode in sockets and (peer := re.search(r"->INO=(\d+) (.*)$", line)):
            found = re.findall(r"(\d+),\S+?,(\d+)u", peer[2])
            far[inode] = frozenset((int(process), int(descriptor)) for process, descriptor in found)
    assert {inode: owners(found) for inode, found in sockets.items()} == {
        inode: frozenset(theirs.get(inode, ())) for inode in sockets
    }
    inodes = animals["inodes"]
    # lsof lists unaccepted clients as peers of a listener, and senders as peers of a datagram socket.
    assert far.pop(inodes["waiting"]) == owners(sockets[inodes["waiting-client"]])
    assert far.pop(inodes["datagrams"]) == owners(sockets[inodes["sender"]])
    peers = {inode: found["peer"] for inode, found in sockets.items() if found["peer"] and inode != inodes["in-flight"]}
    assert {inode: owners(peer) for inode, peer in peers.items() if peer["owners"]} == far


@pytest.mark.parametrize("label", [*NAMES, "abstract", "packets"])
def test_both_ends_of_a_connection_are_peers(animals: dict[str, Any], sockets: dict[int, dict[str, Any]], label: str) -> None:
    listener, client, server = (sockets[animals["inodes"][label + end]] for end in ("", "-client", "-server"))
    assert (listener["role"], client["role"], server["role"]) == ("listener", "client", "server")
    assert client["remote"] == server["local"] == listener["local"]
    assert server["remote"] == client["local"]
    assert client["peer"]["owners"] == server["owners"]
    assert server["peer"]["owners"] == client["owners"]


def test_names_of_any_bytes_survive(animals: dict[str, Any], sockets: dict[int, dict[str, Any]]) -> None:
    for label, ending in NAMES.items():
        assert name(sockets[animals["inodes"][label]]["local"]) == str(animals["at"]).encode() + b"/" + ending
    assert name(sockets[animals["inodes"]["nul"]]["local"]) == b"@portsock test %d\0nul" % animals["pid"]


def test_a_row_stays_one_line_whatever_the_name(animals: dict[str, Any], sockets: dict[int, dict[str, Any]]) -> None:
    lines = portsock("sockets", "--unix", "--no-header", pid=animals["pid"]).stdout.splitlines()
    assert len(lines) == len(sockets)
    assert sum(r"two\x0alines" in line for line in lines) == 3
    assert sum(r"broken-\xff\xfe" in line for line in lines) == 3


def test_a_passed_descriptor_makes_a_second_owner(animals: dict[str, Any], sockets: dict[int, dict[str, Any]]) -> None:
    held = {owner["pid"]: owner["fd"] for owner in sockets[animals["inodes"]["plain"]]["owners"]}
    assert held.keys() == {animals["pid"], animals["child"]}
    assert held[animals["child"]] == animals["child_fd"]


def test_a_descriptor_in_flight_has_no_owner_but_a_reason(animals: dict[str, Any], sockets: dict[int, dict[str, Any]]) -> None:
    found = sockets[animals["inodes"]["in-flight"]]
    assert found["owners"] == []
    assert (found["owner_status"], found["owner_reason"]) in {
        ("unheld", "in_flight_candidate"),
        ("hidden", "denied"),  # a process that even root may not read could hold it
    }


def test_the_peer_of_an_unaccepted_client_is_the_listener_without_owner(
    animals: dict[str, Any], sockets: dict[int, dict[str, Any]]
) -> None:
    listener, client = (sockets[animals["inodes"][label]] for label in ("waiting", "waiting-client"))
    assert listener["accept_queue"] == 1
    assert (client["role"], client["remote"]) == ("client", listener["local"])
    assert client["peer"] == {"inode": None, "netns": None, "host": None, "owner_status": "none", "owners": []}
    row = portsock("sockets", f"inode:{client['inode']}", "--columns", "remote,peer", "--no-header", pid=animals["pid"])
    assert row.stdout.split(maxsplit=1) == [listener["local"]["path"], "- (not accepted yet)\n"]


def test_a_datagram_socket_that_others_use_is_bound_with_its_queue(
    animals: dict[str, Any], sockets: dict[int, dict[str, Any]]
) -> None:
    bound, sender = (sockets[animals["inodes"][label]] for label in ("datagrams", "sender"))
    assert (bound["role"], bound["remote"], bound["peer"], bound["recv_q"]) == ("bound", None, None, 100)
    assert sender["remote"] == bound["local"]
    assert sender["send_q"] > 0
    assert bound["inode"] in by_inode(answer("sockets", "-lx", pid=animals["pid"])["sockets"])


def test_shutdown_and_unread_bytes_are_reported(animals: dict[str, Any], sockets: dict[int, dict[str, Any]]) -> None:
    left, right = (sockets[animals["inodes"][label]] for label in ("pair-left", "pair-right"))
    assert (left["shutdown"], right["shutdown"], right["recv_q"]) == (2, 1, 6)


def test_peers_in_two_network_namespaces_are_joined(animals: dict[str, Any]) -> None:
    seen = by_inode(answer("sockets", "--unix", "--netns", "all", pid=animals["pid"])["sockets"])
    client, server = (seen[animals["inodes"][label]] for label in ("abroad-client", "abroad-server"))
    assert client["netns"] == server["netns"] != seen[animals["inodes"]["plain"]]["netns"]
    assert [owner["pid"] for owner in client["peer"]["owners"]] == [animals["pid"]]
    assert [owner["pid"] for owner in server["peer"]["owners"]] == [animals["abroad"]]
    sender, bound = (seen[animals["inodes"][label]] for label in ("abroad-sender", "datagrams"))
    assert sender["peer"]["netns"] == bound["netns"]
    assert sender["remote"] == bound["local"]


def test_a_peer_in_an_unlisted_namespace_has_its_owner(animals: dict[str, Any]) -> None:
    seen = by_inode(answer("sockets", "--unix", pid=animals["abroad"])["sockets"])
    assert animals["inodes"]["datagrams"] not in seen
    sender = seen[animals["inodes"]["abroad-sender"]]
    assert sender["remote"] is None
    assert sender["peer"]["inode"] == animals["inodes"]["datagrams"]
    assert [owner["pid"] for owner in sender["peer"]["owners"]] == [animals["pid"]]


def test_a_path_selects_the_listener_and_both_ends_of_its_connections(animals: dict[str, Any]) -> None:
    at: Path = animals["at"]
    found = answer("sockets", f"{at}/space".replace("space", "a b  c"), pid=animals["pid"])["sockets"]
    assert {socket["inode"] for socket in found} == {animals["inodes"]["space" + end] for end in ("", "-client", "-server")}


def test_as_another_user_sockets_are_listed_and_owners_hidden(
    animals: dict[str, Any], sockets: dict[int, dict[str, Any]]
) -> None:
    seen = answer("sockets", "--unix", pid=animals["pid"], uid=65534)
    assert seen["complete"] is False
    assert by_inode(seen["sockets"]).keys() == sockets.keys()
    assert {found["owner_status"] for found in seen["sockets"]} == {"hidden"}
    # A hidden peer still has its path, which both ends of a connection share.
    client = by_inode(seen["sockets"])[animals["inodes"]["plain-client"]]
    assert client["remote"]["path"] == str(animals["at"]) + "/plain"
