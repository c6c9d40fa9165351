"""State names of every tool, and groups of states."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.enums import GROUPS, parse_state
from portsock.model import State

SPELLINGS = {
    State.ESTABLISHED: "ESTAB ESTABLISHED Established established",
    State.SYN_SENT: "SYN-SENT SYN_SENT SYN_SEND SynSent",
    State.SYN_RECV: "SYN-RECV SYN_RECV SYN_RCVD SYN_RECEIVED SynReceived SYN_RCDV",
    State.FIN_WAIT_1: "FIN-WAIT-1 FIN_WAIT1 FIN_WAIT_1 FinWait1",
    State.FIN_WAIT_2: "FIN-WAIT-2 FIN_WAIT2 FIN_WAIT_2 FinWait2",
    State.TIME_WAIT: "TIME-WAIT TIME_WAIT TIMED_WAIT TimeWait time-wait",
    State.CLOSED: "CLOSE CLOSED Closed",
    State.CLOSE_WAIT: "CLOSE-WAIT CLOSE_WAIT CloseWait",
    State.LAST_ACK: "LAST-ACK LAST_ACK LastAck",
    State.LISTEN: "LISTEN LISTENING Listen listening",
    State.CLOSING: "CLOSING Closing",
    State.BOUND: "BOUND Bound bound-inactive",
    State.UNCONN: "UNCONN unconnected",
    State.CONNECTING: "CONNECTING",
    State.DELETE_TCB: "DELETE_TCB DeleteTcb",
}


def test_the_spelling_of_every_tool_is_a_state() -> None:
    for state, spellings in SPELLINGS.items():
        assert {parse_state(text) for text in spellings.split()} == {state}


def test_every_state_is_parsed_from_its_own_name() -> None:
    assert set(SPELLINGS) == set(State)
    assert all(parse_state(state) is state for state in State)


@pytest.mark.parametrize("text", ["", "SLEEPING", "OUÇA", "lısten", "ﬁn_wait1", "LISTEN\n", "01"])
def test_a_spelling_of_no_tool_is_no_state(text: str) -> None:
    assert parse_state(text) is None


@given(st.text())
def test_any_text_is_a_state_or_none(text: str) -> None:
    assert parse_state(text) in (None, *State)


def test_groups_are_those_of_ss() -> None:
    synchronized = GROUPS["connected"] - {State.SYN_SENT}
    assert GROUPS["synchronized"] == synchronized
    assert GROUPS["connected"].isdisjoint({State.LISTEN, State.CLOSED, State.UNCONN, State.BOUND})
    assert GROUPS["bucket"] | GROUPS["big"] == GROUPS["all"] == frozenset(State)
    assert GROUPS["bucket"] == {State.TIME_WAIT, State.SYN_RECV}
    assert GROUPS["bucket"].isdisjoint(GROUPS["big"])


def test_closing_is_every_state_after_one_side_has_closed() -> None:
    assert GROUPS["closing"] == GROUPS["synchronized"] - {State.ESTABLISHED, State.SYN_RECV}
