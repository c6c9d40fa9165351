"""The states that both ends of a TCP connection can have at once: every run of a small model of RFC 9293, section 3.3.2."""

from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from portsock.model import State

_GONE = State.DELETE_TCB
"""An end that has been connected, so that no connection follows another."""
_SEND: dict[tuple[State, str], tuple[State, str]] = {
    (State.CLOSED, "connect"): (State.SYN_SENT, "SYN"),
    (State.ESTABLISHED, "close"): (State.FIN_WAIT_1, "FIN"),
    (State.CLOSE_WAIT, "close"): (State.LAST_ACK, "FIN"),
}
"""What the program of an end can do: its new state and the segment that it sends."""
_RECEIVE: dict[tuple[State, str], tuple[State, str | None]] = {
    (State.CLOSED, "SYN"): (State.SYN_RECV, "SYN+ACK"),
    (State.SYN_SENT, "SYN"): (State.SYN_RECV, "SYN+ACK"),
    (State.SYN_SENT, "SYN+ACK"): (State.ESTABLISHED, "ACK"),
    (State.SYN_RECV, "SYN+ACK"): (State.ESTABLISHED, None),
    (State.SYN_RECV, "ACK"): (State.ESTABLISHED, None),
    (State.ESTABLISHED, "FIN"): (State.CLOSE_WAIT, "ACK of FIN"),
    (State.FIN_WAIT_1, "FIN"): (State.CLOSING, "ACK of FIN"),
    (State.FIN_WAIT_2, "FIN"): (State.TIME_WAIT, "ACK of FIN"),
    (State.FIN_WAIT_1, "ACK of FIN"): (State.FIN_WAIT_2, None),
    (State.CLOSING, "ACK of FIN"): (State.TIME_WAIT, None),
    (State.LAST_ACK, "ACK of FIN"): (_GONE, None),
}
"""What an end does with a segment: its new state and its answer. Other segments are ignored. Segments arrive in order."""


class _Connection(NamedTuple):
    ours: State
    theirs: State
    to_us: tuple[str, ...] = ()
    to_them: tuple[str, ...] = ()

    def swapped(self) -> "_Connection":
        return _Connection(self.theirs, self.ours, self.to_them, self.to_us)


def _steps(now: _Connection) -> Iterator[_Connection]:
    """Yield the connection after each step that our end can take."""
    for action in ("connect", "close"):
        if (now.ours, action) in _SEND:
            state, segment = _SEND[now.ours, action]
            yield now._replace(ours=state, to_them=(*now.to_them, segment))
    if now.to_us:
        state, answer = _RECEIVE.get((now.ours, now.to_us[0]), (now.ours, None))
        yield now._replace(ours=state, to_us=now.to_us[1:], to_them=(*now.to_them, answer) if answer else now.to_them)


@cache
def reachable_pairs() -> frozenset[tuple[State, State]]:
    """Return all pairs of states in which both ends exist."""
    waiting = [_Connection(State.CLOSED, State.CLOSED)]
    seen = set(waiting)
    while waiting:
        now = waiting.pop()
        after = {*_steps(now), *(step.swapped() for step in _steps(now.swapped()))} - seen
        seen |= after
        waiting += after
    return frozenset((now.ours, now.theirs) for now in seen if not {now.ours, now.theirs} & {State.CLOSED, _GONE})
