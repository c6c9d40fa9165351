"""Words: recognised in any spelling, explained with an example from the snapshot."""

import pytest

from portsock.explain.vocabulary import Word, recognise_word
from portsock.explain.words import explain_word
from portsock.model import Snapshot, State
from portsock.output.text.explanation import render_explanation
from portsock.port_numbers import parse_services
from tests.support.explain_factory import CURL, SERVICES, captured, seen
from tests.support.factory import tcp


def plain(word: str, snapshot: Snapshot) -> str:
    explanation = explain_word(word, snapshot, SERVICES)
    assert explanation is not None
    return " ".join(render_explanation(explanation).split())


def busy() -> Snapshot:
    """A listener, the connection it accepted, and the client's end."""
    return seen(
        [
            tcp("127.0.0.1:8080", inode=1),
            tcp("127.0.0.1:8080", "127.0.0.1:40000", inode=2),
            tcp("127.0.0.1:40000", "127.0.0.1:8080", inode=3),
        ],
        {1: 700, 2: 700, 3: CURL.pid},
    )


@pytest.mark.parametrize("word", Word)
def test_every_word_is_recognised_in_any_case_and_explained_on_one_screen(word: Word) -> None:
    assert recognise_word(word.upper()) is word
    assert recognise_word(word.lower()) is word
    explanation = explain_word(word, busy(), SERVICES)
    assert explanation is not None
    lines = render_explanation(explanation).splitlines()
    assert len(lines) <= 45
    assert max(map(len, lines)) <= 80
    assert "{" not in "\n".join(lines)


@pytest.mark.parametrize("state", State)
def test_every_state_is_explained_with_cause_many_and_number(state: State) -> None:
    text = plain(state.lower().replace("_", "-"), busy())
    assert text.startswith(f"{state}:")
    assert f"in {state} now" in text
    assert f"portsock sockets --state {state.lower().replace('_', '-')}" in text


@pytest.mark.parametrize(
    ("spelling", "state"),
    [("ESTAB", State.ESTABLISHED), ("syn_rcvd", State.SYN_RECV), ("FinWait2", State.FIN_WAIT_2), ("listening", State.LISTEN)],
)
def test_states_are_recognised_in_any_tools_spelling(spelling: str, state: State) -> None:
    assert recognise_word(spelling) is state


@pytest.mark.parametrize("text", ["8080", "http", "nginx", "127.0.0.1", "pid:1", "", "ports"])
def test_other_text_is_no_word(text: str) -> None:
    assert recognise_word(text) is None
    assert explain_word(text, busy(), SERVICES) is None


def test_port_and_socket_answer_the_questions_that_people_have() -> None:
    text = plain("port", busy()) + plain("socket", busy())
    assert "accept(2) opens no new port" in text
    assert "Two programs can share one port" in text
    assert "SO_REUSEPORT on both" in text
    assert "A connection is identified by its protocol and both endpoints together" in text
    assert "The word has two senses" in text
    assert "53/tcp and 53/udp are two ports" in text


def test_port_shows_a_listener_with_what_it_accepted_as_example() -> None:
    text = plain("port", busy())
    assert "127.0.0.1:8080 LISTEN" in text
    assert "127.0.0.1:40000 → 127.0.0.1:8080 ESTABLISHED curl[800] → python3[700]" in text


def test_words_need_no_example_where_nothing_is_seen() -> None:
    text = plain("socket", seen([]))
    assert "for example" not in text


def test_connection_says_that_its_limit_is_not_65535() -> None:
    assert "far more than 65535" in plain("connection", busy())


def test_ephemeral_names_the_live_range() -> None:
    assert "Linux picks from 32768-60999 (live value of this host)" in plain("ephemeral", busy())


def test_ephemeral_of_a_listing_names_the_assumption() -> None:
    snapshot = busy()
    windows = snapshot._replace(host=snapshot.host._replace(system="Windows", ephemeral=(49152, 65535), assumed=True))
    assert "49152-65535 (assumed, the default of Windows)" in plain("ephemeral", windows)


def test_backlog_tells_ss_from_netstat() -> None:
    text = plain("backlog", busy())
    assert "netstat prints the same Recv-Q but 0 as Send-Q" in text
    assert "ListenOverflows" in text


def test_eacces_tells_how_to_bind_a_low_port_without_root() -> None:
    text = plain("EACCES", busy())
    assert "ip_unprivileged_port_start (1024 here)" in text
    assert "cap_net_bind_service" in text


def test_eaddrinuse_names_what_listings_do_not_show() -> None:
    text = plain("eaddrinuse", busy())
    for point in ("bound and idle", "TIME_WAIT", "child process", "excluded range", "SO_REUSEADDR on both"):
        assert point in text


def test_established_says_what_it_means_for_udp() -> None:
    assert "default peer" in plain("ESTABLISHED", busy())


def test_a_word_that_is_a_service_too_is_answered_as_word_and_shows_the_other_reading() -> None:
    explanation = explain_word("backlog", busy(), parse_services("backlog 4321/tcp"))
    assert explanation is not None
    assert [reading.command for reading in explanation.readings] == [
        "portsock explain backlog",
        "portsock explain service:backlog",
    ]


def test_the_listeners_own_limit_bounds_unfinished_handshakes() -> None:
    said = plain("backlog", seen([]))
    assert "the listener's own limit bounds them, too" in said
    assert "tcp_max_syn_backlog matters only without SYN cookies" in said


def test_time_wait_also_follows_a_simultaneous_close() -> None:
    assert "closed first, or both did at the same time" in plain("TIME_WAIT", seen([]))


def test_time_wait_is_there_for_the_peers_last_acknowledgement_first() -> None:
    said = plain("TIME_WAIT", seen([]))
    assert "to repeat the last acknowledgement if the peer did not get it" in said
    assert "a server without SO_REUSEADDR that is started again" in said
    assert "matter only" not in said


def test_a_few_close_wait_are_said_to_be_healthy() -> None:
    assert "A few for a moment are healthy" in plain("CLOSE_WAIT", seen([]))


def test_a_listing_without_owners_has_no_unknown_holder() -> None:
    connections = [tcp("10.0.0.7:80", f"10.0.0.9:{port}", inode=None, holders=None) for port in (40000, 40001)]
    said = plain("ESTABLISHED", captured(connections))
    assert "2 sockets are in ESTABLISHED now; the listing does not name their holders." in said
    assert "held by" not in said


def test_next_commands_of_a_word_read_the_same_listing() -> None:
    snapshot = captured([tcp("10.0.0.7:80", inode=None)])
    for word in ("TIME_WAIT", "port", "backlog", "eaddrnotavail"):
        explanation = explain_word(word, snapshot, SERVICES)
        assert explanation is not None
        lines = [command.line for command in explanation.next]
        assert all(line.startswith("portsock ") and line.endswith(" --from netstat.txt") for line in lines), lines
    assert explain_word("eaddrnotavail", snapshot, SERVICES).next == ()  # type: ignore[union-attr]
