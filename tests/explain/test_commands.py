"""The commands worth typing after an answer, and the readings of an ambiguous target."""

import pytest

from portsock.model import (
    Input,
    OwnerReason,
    Source,
)
from portsock.normalize.snapshot import normalize
from portsock.records import Unreadable
from tests.support.explain_factory import CURL, HOST, answer, seen, text, web
from tests.support.records import collection, tcp, udp


@pytest.mark.parametrize("reason", [OwnerReason.OTHER_USER, OwnerReason.HIDEPID, OwnerReason.DENIED])
def test_root_is_advised_where_root_would_help(reason: OwnerReason) -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80", uid=33)], {}, [Unreadable(9, 33, reason)], host=HOST)])
    helps = reason is not OwnerReason.DENIED
    assert ("sudo portsock explain 80" in {command.line for command in answer("80", snapshot).next}) == helps
    assert ("as root." in text("80", snapshot)) == helps


def test_the_port_of_a_service_is_freed_by_stopping_its_unit() -> None:
    assert [command.line for command in answer("80", web()).next] == ["portsock procs pid:500", "systemctl stop nginx.service"]


def test_only_holders_of_listeners_are_offered_to_kill() -> None:
    assert [c.line for c in answer("8080", seen([tcp("127.0.0.1:8080")], {1: 700})).next] == [
        "portsock procs pid:700",
        "kill 700",
    ]
    assert not any(command.line.startswith("kill") for command in answer("50000", web()).next)


def test_a_number_that_is_also_a_pid_lists_its_readings_and_answers_the_port() -> None:
    explanation = answer("800", web())
    assert [(item.meaning, item.command) for item in explanation.readings] == [
        ("the port", "portsock explain :800"),
        ("the process with this number, curl", "portsock explain pid:800"),
    ]
    assert explanation.target_kind == "port"


def test_a_port_used_here_and_elsewhere_lists_both() -> None:
    snapshot = seen([tcp("0.0.0.0:80", inode=1), tcp("10.0.0.7:40000", "192.0.2.1:80", inode=2)], {1: 500, 2: CURL.pid})
    explanation = answer("80", snapshot)
    assert [item.command for item in explanation.readings] == ["portsock sockets --local 80", "portsock sockets --remote 80"]
    assert not any("192.0.2.1" in line for line in explanation.picture)


def test_an_unambiguous_target_has_no_readings() -> None:
    assert answer("80", web()).readings == ()
    assert answer("tcp/53", seen([tcp("127.0.0.1:53", inode=1), udp("127.0.0.1:53", inode=2)], {1: 1, 2: 500})).readings == ()


def test_a_listing_from_stdin_is_read_from_there_again() -> None:
    source = Source("capture", None, (Input("stdin", None, "ss"),))
    snapshot = normalize([collection([tcp("0.0.0.0:80")], source=source, host=HOST, ownership=None)])
    assert [command.line for command in answer("80", snapshot).next] == ["portsock sockets --from - 80"]
