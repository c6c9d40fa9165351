"""How long states last."""

import pytest

from portsock.explain.sections.durations import backoff_seconds, duration_sentence, time_text
from portsock.model import Host, State
from tests.support.explain_factory import HOST


@pytest.mark.parametrize("state", State)
def test_every_state_but_windows_own_has_a_duration_on_linux(state: State) -> None:
    text = duration_sentence(state, HOST)
    assert text
    assert "{" not in text


@pytest.mark.parametrize("system", ["Darwin", "FreeBSD", "Windows", "unknown"])
def test_time_wait_has_a_duration_on_each_system_without_linux_numbers(system: str) -> None:
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


@pytest.mark.parametrize("state", [State.LAST_ACK, State.CLOSING, State.FIN_WAIT_1])
def test_a_close_that_a_program_still_holds_is_resent_as_long_as_data(state: State) -> None:
    held, orphan, either = (str(duration_sentence(state, HOST, held)) for held in (True, False, None))
    assert "A program still holds it" in held
    assert "about 15 min (tcp_retries2 = 15" in held
    assert "8" not in held
    assert "No process holds it" in orphan
    assert "after 8 " in orphan
    assert "15 min" not in orphan
    assert "nce no process holds it" in either


def test_half_closed_by_a_program_that_holds_it_has_no_limit() -> None:
    assert str(duration_sentence(State.FIN_WAIT_2, HOST, True)).endswith("so that there is no limit.")
    assert "30 s" in str(duration_sentence(State.FIN_WAIT_2, HOST, False))


def test_windows_time_wait_is_about_two_minutes() -> None:
    text = str(duration_sentence(State.TIME_WAIT, Host("Windows", (49152, 65535), True)))
    assert "about 2 minutes (TcpTimedWaitDelay" in text
    assert "120" not in text


def test_backoff_doubles_up_to_two_minutes() -> None:
    assert backoff_seconds(1.0, 5) == 63
    assert backoff_seconds(1.0, 6) == 127
    assert round(backoff_seconds(0.2, 15), 1) == 924.6


@pytest.mark.parametrize(
    ("value", "text"), [(60, "60 s"), (924.6, "15 min"), (7875, "2 h 11 min"), (7200, "2 h"), (300000, "3 d")]
)
def test_times_have_the_unit_a_person_would_use(value: float, text: str) -> None:
    assert time_text(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(179, "179 s"), (180, "3 min"), (7199, "119 min"), (172799, "47 h 59 min"), (172800, "2 d")]
)
def test_times_change_their_unit_at_3_minutes_2_hours_and_2_days(value: float, text: str) -> None:
    assert time_text(value) == text


def test_keepalive_breaks_a_connection_after_its_time_and_all_its_probes() -> None:
    names = {"time": "60", "probes": "4", "intvl": "15"}
    sysctls = {f"net.ipv4.tcp_keepalive_{name}": value for name, value in names.items()}
    text = str(duration_sentence(State.ESTABLISHED, HOST._replace(sysctls=sysctls)))
    assert "after 120 s (tcp_keepalive_time = 60, live)" in text
    assert "after 2 h 11 min (tcp_keepalive_time = 7200, assumed default)" in str(duration_sentence(State.ESTABLISHED, HOST))
