"""A process that declares a command line of gigabytes costs neither time nor memory."""

import pytest

from tests.support.attacks.laboratory import attack
from tests.support.live import as_root, on_linux

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]
MIB = 1 << 20
COMM = "a-name-of-15-ch"
"""A name that the kernel may have cut: the whole one is taken from the command line."""


@pytest.mark.parametrize("arguments", [("ports", "-l"), ("ports", "-l", "--json"), ("procs", "--json")])
def test_a_declared_command_line_of_2_gb_takes_neither_memory_nor_time(arguments: tuple[str, ...]) -> None:
    with attack("huge_argv", 0, 1, COMM) as place:
        usual = place.portsock(*arguments)
    with attack("huge_argv", 2048 * MIB, 1, COMM) as place:
        beside = place.soon(*arguments, address_space=500 * MIB)
        (port,) = place.pids("huge")
    assert usual.status == beside.status == 0, beside.stderr
    assert str(port) in beside.stdout
    assert beside.memory - usual.memory < 30 * 1024


def test_a_command_line_that_is_too_long_is_shown_cut_and_marked() -> None:
    with attack("huge_argv", 64 * MIB, 1, "bomb") as place:
        answer = place.soon("ports", "-l", "--json", address_space=500 * MIB).json
        (pid,) = place.pids("huge").values()
    (process,) = (each for each in answer["processes"] if each["pid"] == pid)
    assert process["cmdline"][:3] == ["/usr/bin/argv-bomb", "--first", "--second"]
    assert process["cmdline"][-1].endswith("…")
    assert len(process["cmdline"]) <= 4097
    assert sum(map(len, process["cmdline"])) <= 129 * 1024


def test_four_huge_command_lines_are_cut_like_one() -> None:
    with attack("huge_argv", 2048 * MIB, 4, COMM) as place:
        answer = place.soon("sockets", "--json", address_space=500 * MIB).json
        owners = {socket["local"]["port"]: socket["owners"][0]["pid"] for socket in answer["sockets"]}
        assert owners == place.pids("huge") | place.pids("healthy")
