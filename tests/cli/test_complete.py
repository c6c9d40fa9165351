"""The live values that `portsock --complete` prints."""

from typing import Any

import pytest

from portsock.cli import complete
from portsock.cli.complete import run
from portsock.model import Family, Owner, Process, Snapshot, Socket, UnixEndpoint
from tests.support.factory import snapshot, socket

WEB, EVIL, AGENT = Owner(7, 3, "web", "www"), Owner(8, 3, "evil\x1b[31m", "dev"), Owner(9, 3, "agent", "dev")
UNIX: dict[str, Any] = {"family": Family.UNIX, "protocol": "unix", "owners": (AGENT,)}
SOCKETS = [
    socket("0.0.0.0:80", user="www", owners=(WEB,)),
    socket("[::]:80", user="www", owners=(WEB,)),
    socket("127.0.0.1:53", protocol="udp", user="dev", owners=(EVIL,)),
    socket("127.0.0.1:5353", protocol="udp", user="dev", owners=()),
    socket("127.0.0.1:80", "127.0.0.1:40000", user="www", owners=(WEB,)),
    socket(UnixEndpoint(b"/run/x.sock"), **UNIX),
    socket(UnixEndpoint(b"bus", True), **UNIX),
    socket(UnixEndpoint(b"/run/bad\nline"), **UNIX),
]
PROCESSES = [Process(7, "web", unit="web.service", container="shop"), Process(8, "evil"), Process(9, "agent")]


@pytest.fixture(autouse=True)
def system(monkeypatch: pytest.MonkeyPatch) -> None:
    """A system with these sockets."""

    def load(protocols: frozenset[str], states: object) -> Snapshot:  # noqa: ARG001 - the interface of _load
        found: list[Socket] = [each for each in SOCKETS if each.protocol in protocols]
        return snapshot(found, processes={(None, process.pid): process for process in PROCESSES})

    monkeypatch.setattr(complete, "_load", load)


@pytest.mark.parametrize(
    ("words", "values"),
    [
        (("ports",), {"53": r"evil\x1b[31m", "80": "web", "5353": "udp, no process known"}),
        (("ports", "5"), {"53": r"evil\x1b[31m", "5353": "udp, no process known"}),
        (("targets", "tcp/"), {"tcp/80": "web"}),
        (("targets", "udp/5"), {"udp/53": r"evil\x1b[31m", "udp/5353": "udp, no process known"}),
        (("targets", "8"), {"80": "web"}),
        (("pids",), {"7": "web", "8": r"evil\x1b[31m", "9": "agent"}),
        (("targets", "pid:7"), {"pid:7": "web"}),
        (("processes",), {"agent": "pid 9", "web": "pid 7"}),
        (("targets", "proc:w"), {"proc:web": "pid 7"}),
        (("users",), {"dev": "holds sockets", "www": "holds sockets"}),
        (("targets", "user:w"), {"user:www": "holds sockets"}),
        (("targets", "unit:"), {"unit:web.service": "pid 7"}),
        (("targets", "container:"), {"container:shop": "pid 7"}),
        (("targets", "/run"), {"/run/x.sock": "agent"}),
        (("targets", "@"), {"@bus": "agent"}),
        (("targets", "unix:/run"), {"unix:/run/x.sock": "agent"}),
    ],
)
def test_values_of_a_kind_are_printed_with_their_descriptions(
    words: tuple[str, ...], values: dict[str, str], capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert run(words) == 0
    printed = capfdbinary.readouterr().out.decode()
    assert printed == "".join(f"{value}\t{about}\n" for value, about in values.items())


def test_an_error_is_not_printed_into_the_line_that_is_typed(
    monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    def fail(*_: object) -> Snapshot:
        raise OSError("cannot read")

    monkeypatch.setattr(complete, "_load", fail)
    assert run(("ports", "")) == 1
    assert capfdbinary.readouterr() == (b"", b"")
