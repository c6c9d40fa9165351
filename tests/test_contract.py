"""The contract holds on every input: whatever a listing says, the answer fits the schema and nothing fails inside.

PORTSOCK_FUZZ=20000 sets the number of examples of a long run.
"""

import os
import re
import socket
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.decoding import text_lines
from portsock.port_numbers import EMPTY
from tests.support.contract import JSON_COMMANDS, LINE_COMMANDS, LISTINGS, TEXT_COMMANDS, ask, broken
from tests.support.live import on_linux
from tests.support.mutations import LONG, mutated

EXAMPLES = int(os.environ.get("PORTSOCK_FUZZ", "300"))
COMMANDS = JSON_COMMANDS + LINE_COMMANDS + TEXT_COMMANDS


@pytest.mark.parametrize("path", LISTINGS, ids=lambda path: path.name)
def test_every_answer_from_every_listing_fits_the_schema(path: Path) -> None:
    """Try one command in four on each listing, another one on the next; with PORTSOCK_LONG all."""
    some = COMMANDS if "PORTSOCK_LONG" in os.environ else COMMANDS[LISTINGS.index(path) % 4 :: 4]
    assert [(command, error) for command in some for error in broken(command, path)] == []


@cache
def seeds() -> tuple[bytes, ...]:
    """Return the listings, and what portsock itself writes of them."""
    own = [ask(*command, "--from", str(path)).out for path in LISTINGS for command in (JSON_COMMANDS[:4] + LINE_COMMANDS)[::2]]
    return (*(path.read_bytes() for path in LISTINGS), *(text for text in own if 0 < len(text) < 30_000))


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(0, 2**64 - 1))
def test_every_answer_from_a_mutated_listing_fits_the_schema(tmp_path: Path, number: int) -> None:
    random = Random(number)  # noqa: S311 - not for cryptography
    path = tmp_path / "listing"
    path.write_bytes(mutated(random.choice(seeds()), random, random.choice(seeds())))
    command = random.choice(COMMANDS)
    assert broken(command, path) == [], command


def count(data: bytes) -> tuple[int | None, bool]:
    """Return the number of sockets in a listing, None for a refused one, and whether a notice says that some are missing."""
    capture = Capture(EMPTY)
    try:
        records = list(capture.read(text_lines([data], 10**6)))
    except UsageError:
        return None, True
    sockets = [socket for snapshot in capture.snapshots for socket in snapshot.sockets]
    return len(sockets or records), bool(capture.notices())


@pytest.mark.parametrize("path", LISTINGS, ids=lambda path: path.name)
def test_no_row_is_lost_without_a_notice_for_a_number_of_thousands_of_digits(path: Path) -> None:
    data = path.read_bytes()
    before, _ = count(data)
    matches = list(re.finditer(rb"(?<![0-9A-Za-z])\d+(?![0-9A-Za-z])", data))
    for match in matches if "PORTSOCK_LONG" in os.environ else matches[:: len(matches) // 10 + 1]:
        after, noticed = count(data[: match.start()] + LONG + data[match.end() :])
        assert noticed or (before is not None and after is not None and after >= before), match


LONG_WORDS = (
    "{}", "1-{}", "tcp/{}", "*:{}", "127.0.0.1:{}", "::1:{}", "{}.0.0.1", "10.0.0.0/{}", "fe80::1%{}", "pid:{}", "fd:{}/1",
    "fd:1/{}", "inode:{}", "user:{}", "http://127.0.0.1:{}/", "1.2.3.4:{},1.2.3.4:5", "[Errno {}] Address already in use",
)  # fmt: skip
LONG_OPTIONS = ("--port", "--pid", "--user", "--netns", "--local", "--state", "--sort", "--columns", "--format", "--from")


@pytest.mark.parametrize("digits", ["9" * 5000, "0" * 5000 + "80"], ids=["nines", "zeros"])
@pytest.mark.parametrize("command", ["ports", "explain"])
def test_arguments_of_thousands_of_digits_are_answered_or_refused(command: str, digits: str) -> None:
    listing = str(next(path for path in LISTINGS if path.name == "ss-tuanp.out"))
    asked: list[tuple[str, ...]] = [(word.format(digits), "--from", listing) for word in LONG_WORDS]
    asked += [(digits,), *((option, digits) for option in LONG_OPTIONS)] + (
        [("8080", "--as", digits)] if command == "explain" else []
    )
    for words in asked:
        assert ask(command, *words).status in (0, 1, 2, 3), words


@on_linux
@pytest.mark.linux
@pytest.mark.parametrize("command", ["procs", "ports", "explain"])
@pytest.mark.parametrize("captured", ["sockets", "procs"])
def test_sockets_have_one_order_live_and_from_a_capture(command: str, captured: str, tmp_path: Path) -> None:
    with ExitStack() as opened:
        listeners = [opened.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(6)]
        for listener in listeners:
            client = opened.enter_context(socket.create_connection(listener.getsockname()))
            opened.enter_context(listener.accept()[0])
            opened.enter_context(client)
            for end in socket.socketpair():
                opened.enter_context(end)
        words = [command, f"pid:{os.getpid()}", "--json", *(() if command == "explain" else ("--all-families",))]
        live = ask(*words).json()
        path = tmp_path / "capture.json"
        path.write_bytes(ask(captured, words[1], "--json", "--all-families").out)
        again = ask(*words, "--from", str(path)).json()
    rows = "explanations" if command == "explain" else command
    order, captured_order = [[each["inode"] for row in found[rows] for each in row["sockets"]] for found in (live, again)]
    assert order == [inode for inode in captured_order if inode in order]  # live, explain reads TCP and UDP only
    assert len(order) >= len(listeners)
