"""The knowledge: complete, and nothing said twice."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from enum import Enum

import pytest

from portsock.explain import texts
from portsock.explain.sections.durations import backoff_seconds, duration_sentence, time_text
from portsock.explain.texts.addresses import EXPOSURES, SCOPES
from portsock.explain.texts.findings import FINDINGS, Code
from portsock.explain.texts.owners import REASONS, STATUSES
from portsock.explain.texts.ports import RANGES
from portsock.explain.texts.states import STATES
from portsock.explain.texts.words import WORDS
from portsock.explain.types import Command
from portsock.explain.vocabulary import Word
from portsock.model import Exposure, Host, OwnerReason, OwnerStatus, Scope, State
from portsock.port_numbers import Range
from tests.support.explain_factory import HOST

TABLES = [
    (State, STATES),
    (Scope, SCOPES),
    (Exposure, EXPOSURES),
    (Range, RANGES),
    (OwnerStatus, STATUSES),
    (OwnerReason, REASONS),
    (Code, FINDINGS),
    (Word, WORDS),
]


def strings(value: object) -> Iterator[str]:
    if isinstance(value, Command):
        yield value.purpose
    elif isinstance(value, str) and not isinstance(value, Enum):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from strings(item)


def sentences() -> Iterator[tuple[str, str]]:
    """(module, sentence) of all that the modules of texts hold."""
    for module in pkgutil.iter_modules(texts.__path__):
        loaded = importlib.import_module(f"{texts.__name__}.{module.name}")
        for name, value in vars(loaded).items():
            if not name.startswith("__"):
                for text in strings(value):
                    for sentence in re.split(r"(?<=[.!?])\s+", text):
                        yield module.name, sentence


@pytest.mark.parametrize(("members", "table"), TABLES, ids=lambda item: getattr(item, "__name__", ""))
def test_every_member_has_its_text(members: type[Enum], table: dict[Enum, object]) -> None:
    assert set(table) == set(members)
    assert all(any(text.strip() for text in strings(value)) for value in table.values())


def test_no_sentence_stands_twice() -> None:
    counts = Counter(sentence.lower().strip() for _, sentence in sentences() if len(sentence) > 30)
    assert [sentence for sentence, count in counts.items() if count > 1] == []
    assert len(counts) > 200


def test_no_text_promises_safety_or_claims_reach() -> None:
    for _, sentence in sentences():
        assert "open to the internet" not in sentence.lower()
        assert not re.search(r"\bsafe\b", sentence.lower())


@pytest.mark.parametrize("state", State)
def test_every_state_but_windows_own_has_a_duration_on_linux(state: State) -> None:
    text = duration_sentence(state, HOST)
    assert text
    assert "{" not in text


@pytest.mark.parametrize("system", ["Darwin", "FreeBSD", "Windows", "unknown"])
def test_time_wait_is_told_for_each_system_without_linux_numbers(system: str) -> None:
    text = duration_sentence(State.TIME_WAIT, Host(system, (49152, 65535), True))
    assert text
    assert "TCP_TIMEWAIT_LEN" not in text
    assert duration_sentence(State.FIN_WAIT_2, Host(system, (49152, 65535), True)) is None


def test_durations_come_from_live_sysctls_and_say_so_else_are_said_to_be_assumed() -> None:
    assert "after 30 s (tcp_fin_timeout = 30, live)" in str(duration_sentence(State.FIN_WAIT_2, HOST))
    assert "after 60 s (tcp_fin_timeout = 60, assumed default)" in str(
        duration_sentence(State.FIN_WAIT_2, HOST._replace(sysctls={}))
    )


def test_time_wait_does_not_follow_tcp_fin_timeout() -> None:
    assert "60 s" in str(duration_sentence(State.TIME_WAIT, HOST))


def test_syn_sent_counts_linear_timeouts_where_the_kernel_has_them() -> None:
    sysctls = {"net.ipv4.tcp_syn_retries": "6", "net.ipv4.tcp_syn_linear_timeouts": "4"}
    assert "131 s" in str(duration_sentence(State.SYN_SENT, HOST._replace(sysctls=sysctls)))
    assert "127 s" in str(duration_sentence(State.SYN_SENT, HOST))


def test_an_orphan_setting_of_zero_means_eight() -> None:
    text = duration_sentence(State.LAST_ACK, HOST._replace(sysctls={"net.ipv4.tcp_orphan_retries": "0"}))
    assert "after 8 resends" in str(text)
    assert "tcp_orphan_retries = 0, live" in str(text)


def test_backoff_doubles_up_to_two_minutes() -> None:
    assert backoff_seconds(1.0, 5) == 63
    assert backoff_seconds(1.0, 6) == 127
    assert round(backoff_seconds(0.2, 15), 1) == 924.6


@pytest.mark.parametrize(
    ("value", "text"), [(60, "60 s"), (924.6, "15 min"), (7875, "2 h 11 min"), (7200, "2 h"), (300000, "3 d")]
)
def test_times_are_told_in_the_unit_a_person_would_use(value: float, text: str) -> None:
    assert time_text(value) == text
