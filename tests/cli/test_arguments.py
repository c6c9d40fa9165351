"""Every command line ends with a documented exit status, and none with an internal error."""

import io
import os

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portsock.cli.console import Console
from portsock.cli.main import run
from tests.support.live import on_linux

TARGETS = """
    8080 tcp/22 53/udp 8000-9000 0 :::80 ::1:631 [::1]:80 fe80::1%lo 10.0.0.0/8 10.0.0.0/8:443 1.2.3.4:5,6.7.8.9:10
    A->B 127.0.0.1:40000- localhost:3000 http service:http *:80 ::ffff:1.2.3.4 pid:1 proc:* user:root user:0
    unit:x.service container:web fd:1/2 inode:5 socket:[71] /run/x.sock unix:rel @abstract CLOSE_WAIT port
    EADDRINUSE 99999 300.1.1.1:80 ８０ 80_80 nginx http://localhost:8080/x postgres://a:b@[::1]/x unix:///run/x pid port
    refused address:in:use listen: tcp Recv-Q 5-tuple
"""
OPTIONS = """
    -l; -a; -tulnp; -x; -4; -6; --all-families; --json; --jsonl; --csv; --count; --pids; -n; --strict; --exact;
    --established; --state time-wait,closing; --state NAPPING; --owners none; --owners how; --backend procfs;
    --backend psutil; --backend none; --sort -port; --format github; --format odd; --columns process;
    --columns help; --port 22; --local 0.0.0.0; --remote x; --user root; --process [; --exclude 22;
    --from /nonexistent; --from -; --from-format ss; --lisening; --netns nowhere
"""
MARKS = st.sampled_from(list(":/[]%,-*@.0\x00\x1bé‮ "))


@st.composite
def targets(draw: st.DrawFn) -> str:
    """Draw a target, or one with a character inserted or replaced."""
    text = draw(st.sampled_from(TARGETS.split()))
    if draw(st.booleans()):
        return text
    at = draw(st.integers(0, len(text)))
    return text[:at] + draw(MARKS) + text[at + draw(st.integers(0, 1)) :]


def run_portsock(arguments: list[str]) -> tuple[int, str, str]:
    out, err = io.BytesIO(), io.StringIO()
    status = run(arguments, Console(out, err, io.BytesIO(), False, False, "utf-8", 0, os.environ))
    return status, out.getvalue().decode(), err.getvalue()


@on_linux
@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    st.sampled_from(["ports", "sockets", "procs", "explain"]),
    st.lists(targets(), max_size=2),
    st.lists(st.sampled_from(OPTIONS.split(";")), max_size=3),
)
def test_no_command_line_ends_in_an_internal_error(command: str, words: list[str], options: list[str]) -> None:
    given_options = [] if command == "explain" else " ".join(options).split()
    status, out, err = run_portsock([command, *given_options, *words])
    assert status in {0, 1, 2, 3}, err
    assert "internal error" not in err
    assert "\x1b" not in out + err
    assert status != 2 or len(err.splitlines()) == 1


@on_linux
@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=4))
def test_random_words_are_answered_or_refused_in_one_line(words: list[str]) -> None:
    status, _, err = run_portsock(words)
    assert status in {0, 1, 2, 3}
    assert status != 2 or len(err.splitlines()) <= 1


_TEXTS = st.text(max_size=40) | st.sampled_from(
    ["9" * 5000, "bind: address already in use ", "http://", "port ", "pid ", ":::"]
)


@on_linux
@settings(max_examples=40, deadline=None)
@given(st.lists(_TEXTS | targets(), min_size=1, max_size=4).map("".join), st.booleans())
def test_any_text_is_explained_or_refused_in_one_line(text: str, named: bool) -> None:
    status, out, err = run_portsock(["explain", "--", text] if named else ["--", text])
    assert status in {0, 1, 2, 3}, err
    assert "internal error" not in err
    assert (status == 2) == (out == "")
    assert status != 2 or len(err.splitlines()) == 1
    assert all(letter.isprintable() or letter == "\n" for letter in out)
