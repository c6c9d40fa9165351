"""Connections to another host, made in two network namespaces: what explain says of them, compared with `ss -tino`."""

import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.live import Place, as_root, on_linux, run, situation, takes_long, tool
from tests.support.transfers import FAR, NEAR, PORT

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root, takes_long]

SERVER = f"{FAR}:{PORT}"


@contextmanager
def transfer(name: str) -> Iterator[Place]:
    with situation(name, "transfers") as place:
        yield place


def ss(place: Place, port: int | None = None) -> str:
    """What ss prints of the connection."""
    filters = ["sport", "=", f":{port or place.port}"]
    return run([tool("ss"), "-Htino", *filters], pid=place.facts["pid"]).stdout


def number(pattern: str, text: str) -> int:
    """The number that the pattern's group finds."""
    match = re.search(pattern, text)
    assert match is not None, f"{pattern} not in: {text}"
    return int(match[1])


def findings(place: Place, target: object) -> dict[str, Any]:
    return {found["code"]: found for found in place.ask(target)["findings"]}


def pair(place: Place, name: str = "port") -> str:
    return f"{NEAR}:{place.facts[name]},{SERVER}"


def test_a_path_that_drops_everything() -> None:
    with transfer("black_hole") as place:
        seen = ss(place)
        found = findings(place, pair(place))
        assert found.keys() == {"peer_silent"}
        assert findings(place, SERVER).keys() == {"peer_silent"}
        title = found["peer_silent"]["title"]
        start = rf"python \(pid {place.facts['pid']}\) is stuck: {SERVER} "
        resends = number(start + r"has acknowledged nothing for \d s, after (\d) resends\.$", title)
        assert resends - number(r"timer:\(on,[^,]*,(\d)\)", seen) in (0, 1)
        assert (
            found["peer_silent"]["evidence"][0] == "waiting: 5000 bytes sent and not acknowledged; the peer's window is open"
        )
        assert "snd_wnd:" in seen


def test_a_packet_filter_of_this_host_that_drops_what_it_sends() -> None:
    """The kernel's timer is that of a closed window, and the window is open."""
    with transfer("refused_here") as place:
        seen = ss(place)
        assert "timer:(persist," in seen
        assert "notsent:5000" in seen
        for target in (pair(place), SERVER):
            found = findings(place, target)
            assert found.keys() == {"sending_refused"}
            assert found["sending_refused"]["title"].endswith(f"is stuck: this host drops what it sends to {SERVER}.")


def test_a_peer_that_does_not_read() -> None:
    with transfer("deaf_peer") as place:
        seen = ss(place)
        assert "timer:(persist," in seen
        assert "snd_wnd:" not in seen  # ss leaves out a window of 0
        found = findings(place, pair(place))
        assert found.keys() == {"peer_does_not_read"}
        assert f"the program at {SERVER} has read nothing for " in found["peer_does_not_read"]["title"]
        unsent = number(r"notsent:(\d+)", seen)
        first = f"waiting: {unsent} bytes not sent yet; the peer's window is closed"
        assert found["peer_does_not_read"]["evidence"][0] == first


def test_a_peer_that_did_not_read_and_then_went_away() -> None:
    with transfer("deaf_and_gone") as place:
        found = findings(place, SERVER)
        assert found.keys() == {"peer_silent"}
        assert re.search(r"after [34] unanswered window probes\.$", found["peer_silent"]["title"])


def test_a_program_here_that_does_not_read() -> None:
    with transfer("deaf_self") as place:
        assert findings(place, pair(place)).keys() == {"unread_data"}
        subprocess.run(["sleep", "4"], check=True)
        for target in (pair(place), SERVER):
            found = findings(place, target)
            assert found.keys() == {"program_does_not_read"}
            (waiting,) = {int(line.split()[1]) for line in ss(place).splitlines() if line.startswith("ESTAB")}
            title = found["program_does_not_read"]["title"]
            start = f"python (pid {place.facts['pid']}) does not read: {waiting} bytes from {SERVER} have waited for "
            assert title.startswith(start)
            assert found["program_does_not_read"]["severity"] == "warning"


def test_a_reader_that_is_slow() -> None:
    with transfer("slow_peer") as place:
        found = findings(place, SERVER)
        assert found.keys() == {"peer_reads_slowly"}
        percent = number(r"for (\d+) % of the sending time", found["peer_reads_slowly"]["title"])
        assert abs(number(r"rwnd_limited:\d+ms\((\d+)", ss(place)) - percent) <= 10


def test_a_path_that_loses_packets() -> None:
    with transfer("lossy_path") as place:
        found = findings(place, SERVER)
        assert found.keys() <= {"slowed_by_loss", "peer_silent"}  # five losses in a row are rare, one in 3000
        assert 8 <= number(r"(\d+) % of the bytes", found["slowed_by_loss"]["title"]) <= 60


def test_a_narrow_path_is_slow_and_alive() -> None:
    with transfer("narrow_path") as place:
        found = findings(place, SERVER)
        assert found.keys() == {"data_moves"}
        assert "acknowledged less than a second ago, at " in found["data_moves"]["title"]
        assert "the path sets the pace" in found["data_moves"]["detail"]


def test_an_idle_connection_has_no_finding_before_its_time() -> None:
    with transfer("idle") as place:
        assert findings(place, pair(place)) == {}
        sockets = place.ask(pair(place, "kept_alive"))["sockets"]
        assert sockets[0]["timer"]["kind"] == "keepalive"
        assert place.ask(pair(place))["sockets"][0].get("timer") is None


def test_a_few_half_closed_connections_are_healthy_and_the_fin_is_no_byte() -> None:
    with transfer("half_closed_peers") as place:
        assert findings(place, SERVER) == {}
        read, unread = place.explain(pair(place)), place.explain(pair(place, "unread"))
        assert ss(place, place.facts["unread"]).split()[1] == "1"
        assert "The program has read the end of the stream (Recv-Q 0)" in read
        assert "The program has not read as far as the end of the stream" in unread
        assert "In its queues" not in read + unread
        assert "leak" not in read + unread


def test_a_held_last_ack_ends_by_tcp_retries2_and_an_orphan_by_tcp_orphan_retries() -> None:
    with transfer("last_ack_held") as place:
        held, orphan, fin = (place.explain(pair(place, name)) for name in ("port", "orphan", "fin_wait"))
        assert "LAST_ACK" in held
        assert "A program still holds it: without the final acknowledgement it ends after about 15 min" in held
        assert "No process holds it: without the final acknowledgement it ends after 8 resends" in orphan
        assert "A program still holds it: without an answer it ends after about 15 min" in fin
        assert "In its queues" not in held + orphan + fin  # Recv-Q 1 and Send-Q 1 are the two FINs


def test_a_stopped_reader_on_this_host_is_named() -> None:
    with transfer("both_here") as place:
        found = findings(place, 8100)
        title = found["peer_does_not_read"]["title"]
        reader = f"python (pid {place.facts['end']}), which is stopped,"
        assert title.startswith(f"python (pid {place.facts['pid']}) waits: {reader} has read nothing for ")
        assert found["peer_does_not_read"]["advice"].startswith(f"kill -CONT {place.facts['end']} lets it continue.")
        subprocess.run(["sleep", "4"], check=True)
        assert findings(place, 8100).keys() >= {"program_does_not_read"}
        assert "peer_does_not_read" not in findings(place, 8100)


def test_handshakes_are_a_flood_only_once_their_senders_have_not_replied() -> None:
    with situation("forged") as place:
        assert "syn_recv_flood" not in findings(place, 8084)
        subprocess.run(["sleep", "1.2"], check=True)
        found = findings(place, 8084)["syn_recv_flood"]
        assert found["title"].startswith("10.99.0.1:8084 has 40 unfinished handshakes: 40 have had no reply")
        assert "from 40 addresses" in found["detail"]
        assert "SYN cookies sent so far in this network namespace: 0" in found["evidence"]


def test_datagrams_that_a_full_buffer_or_a_filter_dropped() -> None:
    with situation("overflowing_datagrams") as place:
        assert ", for its receive buffer was full." in findings(place, place.port)["datagrams_dropped"]["title"]
    with situation("filtered_datagrams") as place:
        found = findings(place, place.port)["datagrams_dropped"]
        assert found["title"].endswith(", though no receive buffer was full.")
        assert "has lost 5 datagrams" in found["title"]


def test_multicast_reaches_both_sockets_and_unicast_one() -> None:
    with situation("multicast_pair") as place:
        found = findings(place, "udp/5353")["shared_endpoint"]
        assert found["severity"] == "info"
        assert "Each multicast or broadcast datagram reaches all of them" in found["advice"]
        queues = sorted(socket["recv_q"] for socket in place.ask("udp/5353")["sockets"])
        assert 0 < queues[0] < queues[1]  # one datagram, two datagrams


def test_a_subflow_names_its_mptcp_connection() -> None:
    if not Path("/proc/sys/net/mptcp/enabled").exists():
        pytest.skip("no MPTCP in this kernel")
    with situation("mptcp_pair") as place:
        text = place.explain(f"tcp/127.0.0.1:{place.facts['client_port']}")
    assert f"It is a subflow of the MPTCP connection 127.0.0.1:{place.facts['client_port']} ↔ 127.0.0.1:8091 (inode " in text
