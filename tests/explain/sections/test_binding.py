"""Section BINDING."""

import pytest

from portsock.explain.sections.binding import section
from portsock.explain.types import Blocker, Part
from portsock.model import InetEndpoint, State
from tests.support.explain_factory import answer, attempt, part, seen, web


def test_the_binding_section_names_user_blockers_and_reason() -> None:
    free = attempt(address="::1", ok=True, errno=None, blockers=(), reason=None, v6only=False)
    explanation = answer("80", web(), attempts=[attempt(), attempt(options=("SO_REUSEADDR",)), free])
    said = part(explanation, Part.BINDING)
    assert "a program run as dev" in said
    assert "(in the way: 0.0.0.0:80 LISTEN nginx[500]):" in said
    assert said.count("A listener holds it.") == 1
    assert len(explanation.sections[Part.BINDING].attempts) == 3
    assert list(explanation.sections)[-1] is Part.BINDING


def test_without_attempts_there_is_no_binding_part() -> None:
    assert Part.BINDING not in answer("80", web()).sections


@pytest.mark.parametrize(
    ("verdict", "errno", "words"),
    [(True, "EACCES", True), (True, "EPERM", True), (True, "EADDRINUSE", False), (False, "EACCES", False)],
)
def test_a_refusal_that_neither_socket_nor_privilege_explains_is_a_policys(verdict: bool, errno: str, words: bool) -> None:
    judged = attempt(ok=verdict, errno=None if verdict else "EACCES", blockers=(), reason=None)
    tried = attempt(ok=False, errno=errno, blockers=(), reason=None, tried=True)
    said = part(answer("80", web(), attempts=[judged, tried]), Part.BINDING)
    assert ("a policy refused it" in said) is words


def test_binding_that_always_fails_is_said_in_one_sentence() -> None:
    said = part(answer("80", web(), attempts=[attempt(), attempt(options=("SO_REUSEADDR",))]), Part.BINDING)
    assert "could not bind it now in any way: EADDRINUSE (in the way: 0.0.0.0:80 LISTEN nginx[500]). A listener" in said


def test_a_trial_is_compared_with_the_verdict() -> None:
    tried = attempt(ok=True, errno=None, blockers=(), reason=None, tried=True)
    said = part(answer("80", web(), attempts=[attempt(), tried]), Part.BINDING)
    assert "tcp 0.0.0.0:80 with no option: free; the verdict was EADDRINUSE." in said
    assert "takes the port for an instant" in said


def test_binding_that_always_succeeds_is_said_in_one_sentence() -> None:
    free = attempt(ok=True, errno=None, blockers=(), reason=None)
    assert "could bind it now, in every way, unless a policy forbids it" in part(
        answer("8080", seen([]), attempts=[free]), Part.BINDING
    )


def test_open_verdicts_give_their_reason_before_refusals_and_reuseport_before_nothing() -> None:
    attempts = [
        attempt(reason="plain."),
        attempt(options=("SO_REUSEADDR",), reason="addr."),
        attempt(options=("SO_REUSEPORT",), ok=None, errno=None, reason="port."),
    ]
    said = answer("80", web(), attempts=attempts).sections[Part.BINDING].paragraphs
    assert said[1:] == ("Port.", "Addr.")


@pytest.mark.parametrize("state", [State.BOUND, State.UNCONN, State.CLOSED, None])
def test_connections_are_not_named_where_a_passive_socket_is(state: State | None) -> None:
    waiting = Blocker(1, InetEndpoint("0.0.0.0", 80), state, ())
    connection = Blocker(2, InetEndpoint("10.0.0.7", 80), State.ESTABLISHED, ())
    said = part(answer("80", web(), attempts=[attempt(blockers=(waiting, connection))]), Part.BINDING)
    assert f"(in the way: {' '.join(filter(None, ('0.0.0.0:80', state)))}, with connections)" in said


def test_a_reason_that_begins_with_an_address_keeps_its_spelling() -> None:
    reason = "fe80::2%va is not an address of the device va, but of wa"
    assert section([attempt(errno="EADDRNOTAVAIL", reason=reason)]).paragraphs[1] == f"{reason}."


def test_the_reason_of_both_options_comes_after_those_of_each() -> None:
    both = attempt(options=("SO_REUSEADDR", "SO_REUSEPORT"), reason="both")
    one = attempt(options=("SO_REUSEADDR",), reason="one")
    assert section([attempt(reason="none"), both, one]).paragraphs[1:] == ("One.", "None.")
