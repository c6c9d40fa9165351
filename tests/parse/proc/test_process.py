"""/proc/PID/stat and cmdline, and the name of a process."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portsock.output.json.strings import encodable
from portsock.output.text.escape import escape
from portsock.parse.proc.process import (
    CUT,
    MOST_ARGUMENTS,
    MOST_CMDLINE,
    parse_cmdline,
    parse_descriptor_limit,
    parse_login,
    parse_stat,
    shown_name,
    text,
)

STAT = b"42 (%s) S 7 42 42 0 -1 %d 1 2 3 4 5 6 7 8 20 0 3 0 12345 1 2 18446744073709551615\n"


@pytest.mark.parametrize("comm", [b"a", b"", b"a) S 1 (b", b"new\nline", b"\xff", b"tmux: server", b"(sd-pam)"])
def test_stat_survives_any_name(comm: bytes) -> None:
    stat = parse_stat(STAT % (comm, 4194304))
    assert stat is not None
    assert (stat.comm, stat.state, stat.ppid, stat.threads, stat.started) == (comm, "S", 7, 3, 12345)
    assert not stat.kernel_thread


def test_a_kernel_thread_is_recognised_by_its_flag() -> None:
    stat = parse_stat(STAT % (b"kthreadd", 2129984 | 0x200000))
    assert stat is not None
    assert stat.kernel_thread


@pytest.mark.parametrize("data", [b"", b"42", b"42 (a", b") (", b"42 (a) S 1 2", (STAT % (b"a", 1)).replace(b"12345", b"x")])
def test_an_incomplete_stat_is_none(data: bytes) -> None:
    assert parse_stat(data) is None


@given(st.binary(max_size=200))
def test_stat_of_any_bytes_does_not_raise(data: bytes) -> None:
    parse_stat(data)


@pytest.mark.parametrize(
    ("row", "limit"),
    [
        (b"Max open files            1024                 524288               files     ", 1024),
        (b"Max open files            unlimited            unlimited            files     ", None),
        (b"Max open files", None),
        (b"Max processes             63448                63448                processes ", None),
    ],
)
def test_the_soft_limit_on_descriptors(row: bytes, limit: int | None) -> None:
    head = b"Limit                     Soft Limit           Hard Limit           Units     \n"
    assert parse_descriptor_limit(head + row + b"\n") == limit


@pytest.mark.parametrize(("data", "number"), [(b"1000", 1000), (b"0\n", 0), (b"4294967295", None), (b"", None), (b"-1", None)])
def test_a_login_that_is_not_set_is_none(data: bytes, number: int | None) -> None:
    assert parse_login(data) == number


@given(st.binary(max_size=200))
def test_limits_and_logins_of_any_bytes_do_not_raise(data: bytes) -> None:
    parse_login(data)
    parse_descriptor_limit(b"Max open files " + data)


def test_arguments_may_be_empty() -> None:
    assert parse_cmdline(b"prog\0\0-x\0") == (b"prog", b"", b"-x")
    assert parse_cmdline(b"prog\0\0") == (b"prog", b"")
    assert parse_cmdline(b"") == ()


def test_a_process_title_is_one_argument_without_padding() -> None:
    assert parse_cmdline(b"nginx: worker process") == (b"nginx: worker process",)
    assert parse_cmdline(b"postgres: checkpointer \0\0\0\0\0") == (b"postgres: checkpointer ",)


@given(st.lists(st.binary(min_size=1, max_size=8).filter(lambda argument: b"\0" not in argument), min_size=1, max_size=5))
def test_every_command_line_survives(arguments: list[bytes]) -> None:
    assert parse_cmdline(b"\0".join(arguments) + b"\0") == tuple(arguments)


@pytest.mark.parametrize(
    ("comm", "arguments", "exe", "name"),
    [
        (b"nginx", [b"nginx: master process /usr/sbin/nginx -g daemon on;"], b"/usr/sbin/nginx", b"nginx"),
        (b"postgres", [b"postgres: main: walwriter "], b"/usr/lib/postgresql/15/bin/postgres", b"postgres"),
        (b"sshd", [b"sshd: dev [priv]"], b"/usr/sbin/sshd", b"sshd"),
        (b"(sd-pam)", [b"(sd-pam)"], b"/usr/lib/systemd/systemd", b"(sd-pam)"),
        (b"python3", [b"python3", b"-m", b"http.server"], b"/usr/bin/python3.11", b"python3"),
        (b"java", [b"java", b"-jar", b"x.jar"], b"/opt/jdk/bin/java", b"java"),
        (b"gunicorn", [b"gunicorn: worker [web]"], b"/usr/bin/python3.11", b"gunicorn"),
        (b"systemd-resolve", [b"/lib/systemd/systemd-resolved"], b"/lib/systemd/systemd-resolved", b"systemd-resolved"),
        (b"systemd-resolve", [b"/lib/systemd/systemd-resolved"], None, b"systemd-resolved"),
        (b"very-long-daemo", [b"python3", b"/opt/very-long-daemon-name"], b"/usr/bin/python3", b"very-long-daemon-name"),
        (b"very-long-daemo", [b"very-long-daemon-name: worker"], b"/usr/bin/python3", b"very-long-daemon-name"),
        (b"renamed-to-this", [b"prog"], b"/usr/bin/prog", b"renamed-to-this"),
        (b"MainThread", [b"node", b"server.js"], b"/usr/bin/node", b"node"),
        (b"MainThread", [b"node", b"server.js"], None, b"node"),
        (b"MainThread", [], None, b"MainThread"),
        (b"", [b"-bash"], None, b"bash"),
        (b"kworker/0:0-events_highpri", [], None, b"kworker/0:0-events_highpri"),
        (b"", [], None, b""),
    ],
)
def test_the_shown_name_is_the_name_people_use(comm: bytes, arguments: list[bytes], exe: bytes | None, name: bytes) -> None:
    assert shown_name(comm, tuple(arguments), exe) == name


@given(st.binary(max_size=40))
def test_text_keeps_every_byte_and_is_escaped_once(data: bytes) -> None:
    assert text(data).encode("utf-8", "surrogateescape") == data
    assert encodable(text(data)) == data.decode("utf-8", "backslashreplace")
    assert escape(text(b"\xff" + data)) == "\\xff" + escape(text(data))


def test_a_command_line_is_cut_by_bytes_and_by_arguments_and_marked() -> None:
    assert parse_cmdline(b"x" * MOST_CMDLINE + b"\0") == (b"x" * MOST_CMDLINE, CUT)
    assert parse_cmdline(b"x" * (MOST_CMDLINE - 1) + b"\0") == (b"x" * (MOST_CMDLINE - 1),)
    many = parse_cmdline(b"a\0" * (MOST_ARGUMENTS + 1))
    assert (len(many), many[-1]) == (MOST_ARGUMENTS + 1, CUT)
    assert parse_cmdline(b"a\0" * MOST_ARGUMENTS) == (b"a",) * MOST_ARGUMENTS
    assert parse_cmdline(b"nginx: worker process" + bytes(2 * MOST_CMDLINE)) == (b"nginx: worker process",)
