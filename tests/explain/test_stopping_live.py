"""The command that is advised to free a port, tried on real process trees: it frees the port, and what is nearer does not."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.live import ROOT, answer, as_root, on_linux, portsock, situation, takes_long, tool

pytestmark = [pytest.mark.linux, on_linux, takes_long]


class Tree(NamedTuple):
    facts: dict[str, int]

    def ask(self, target: object = None) -> Any:
        return answer("explain", str(target or self.facts["port"]))["explanations"][0]

    def advised(self, target: object = None) -> list[str]:
        """The commands that are no look-ups of portsock's own."""
        return [line for line in self.ask(target)["next"] if not line.startswith("portsock ")]

    def codes(self) -> set[str]:
        return {finding["code"] for finding in self.ask()["findings"]}

    def listens(self) -> bool:
        done = subprocess.run(
            [tool("ss"), "-Htln", f"sport = :{self.facts['port']}"], capture_output=True, text=True, check=True
        )
        return bool(done.stdout.strip())

    def is_freed_by(self, *lines: str) -> bool:
        """Run the commands, and tell whether nothing listens on the port after that."""
        for line in lines:
            subprocess.run(line.split(), check=True)
        for _ in range(50):
            if not self.listens():
                return True
            time.sleep(0.02)
        return False


def halt(pid: int) -> None:
    """Stop a process, and wait until it is: it might yet accept a connection."""
    os.kill(pid, signal.SIGSTOP)
    for _ in range(1000):
        if Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(") ")[2][0] == "T":
            return
        time.sleep(0.005)
    pytest.fail(f"process {pid} does not stop")


Plant = Callable[[str], Tree]


@pytest.fixture
def plant(tmp_path: Path) -> Iterator[Plant]:
    """Start a tree of tests.support.trees. What the test has left of its process group is ended with it."""
    started = []

    def start(name: str) -> Tree:
        command = [sys.executable, "-m", "tests.support.trees", name, str(tmp_path)]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=ROOT, text=True, start_new_session=True
        )
        started.append(process)
        assert process.stdout is not None
        return Tree(json.loads(process.stdout.readline()))

    yield start
    for process in started:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def test_a_single_server_is_ended(plant: Plant) -> None:
    tree = plant("single")
    assert tree.advised() == [f"kill {tree.facts['pid']}"]
    assert tree.codes() <= {"listener_in_ephemeral_range"}
    assert tree.is_freed_by(*tree.advised())


def test_a_server_that_ignores_term_is_ended_by_kill(plant: Plant) -> None:
    tree = plant("deaf")
    pid = tree.facts["pid"]
    assert tree.advised() == [f"kill -KILL {pid}"]
    assert not tree.is_freed_by(f"kill {pid}")
    assert tree.is_freed_by(*tree.advised())


def test_the_master_is_ended_and_not_a_worker(plant: Plant) -> None:
    tree = plant("prefork")
    lines = [f"kill {tree.facts['pid']}"]
    assert tree.advised() == tree.advised(f"pid:{tree.facts['worker']}") == lines
    assert "inherited_descriptor" not in tree.codes()
    assert not tree.is_freed_by(f"kill {tree.facts['worker']}")
    assert tree.is_freed_by(*lines)


def test_workers_that_would_outlive_their_master_are_ended_first(plant: Plant) -> None:
    tree = plant("naive")
    pid = tree.facts["pid"]
    assert tree.advised() == [f"pkill -P {pid}", f"kill {pid}"]
    assert tree.is_freed_by(*tree.advised())


def test_ending_such_a_master_alone_would_free_nothing(plant: Plant) -> None:
    tree = plant("naive")
    assert not tree.is_freed_by(f"kill {tree.facts['pid']}")


def test_a_worker_with_another_program_that_was_given_the_listener_is_no_accident(plant: Plant) -> None:
    tree = plant("handed_over")
    assert "inherited_descriptor" not in tree.codes()
    assert tree.advised()[-1] == f"kill {tree.facts['pid']}"
    assert str(tree.facts["worker"]) not in " ".join(tree.advised())


def test_a_child_that_inherited_the_listener_has_to_end_as_well(plant: Plant) -> None:
    tree = plant("inherited")
    pid, child = tree.facts["pid"], tree.facts["child"]
    found = next(each for each in tree.ask()["findings"] if each["code"] == "inherited_descriptor")
    assert found["title"] == (
        f"convert (pid {child}) holds the listener at 127.0.0.1:{tree.facts['port']} as well, by inheritance "
        f"from python (pid {pid})."
    )
    assert tree.advised() == [f"kill {pid} {child}"]
    assert not tree.is_freed_by(f"kill {pid}")
    subprocess.run(["kill", str(child)], check=True)
    assert tree.is_freed_by()


@as_root
@pytest.mark.root
def test_the_only_heir_is_ended() -> None:
    with situation("orphaned_child") as place:
        asked = place.ask(8088)
        found = next(each for each in asked["findings"] if each["code"] == "inherited_descriptor")
        helper = place.facts["end"]
        assert found["title"] == f"Only sleep (pid {helper}) still holds the listener at 127.0.0.1:8088, by inheritance."
        assert asked["next"][-1] == f"kill {helper}"


def test_a_stopped_server_is_found_and_term_would_wait(plant: Plant) -> None:
    tree = plant("single")
    pid, port = tree.facts["pid"], tree.facts["port"]
    halt(pid)
    with socket.create_connection(("127.0.0.1", port)), socket.create_connection(("127.0.0.1", port)):
        asked = tree.ask()
        found = asked["findings"][0]
        assert (found["code"], found["severity"]) == ("stopped_process", "warning")
        assert found["title"] == (
            f"python (pid {pid}) is stopped by a signal, such as SIGSTOP or Ctrl-Z: connections to {port}/tcp wait, "
            "2 in its queue."
        )
        assert asked["next"] == [f"kill -CONT {pid}", f"kill -KILL {pid}"]
        assert not tree.is_freed_by(f"kill {pid}")
        assert tree.is_freed_by(asked["next"][1])


def test_a_stopped_server_goes_on_by_the_first_of_the_commands(plant: Plant) -> None:
    tree = plant("single")
    halt(tree.facts["pid"])
    subprocess.run(tree.advised()[0].split(), check=True)
    assert "stopped_process" not in tree.codes()


def test_one_stopped_worker_of_several_is_no_stopped_listener(plant: Plant) -> None:
    tree = plant("prefork")
    halt(tree.facts["worker"])
    assert "stopped_process" not in tree.codes()
    assert tree.advised() == [f"kill {tree.facts['pid']}"]


def test_a_family_that_is_stopped_continues_by_its_master_and_its_children(plant: Plant) -> None:
    tree = plant("prefork")
    pid = tree.facts["pid"]
    os.killpg(pid, signal.SIGSTOP)
    for process in (pid, *map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split())):
        halt(process)
    assert tree.advised() == [f"kill -CONT {pid}", f"pkill -CONT -P {pid}"]
    for line in tree.advised():
        subprocess.run(line.split(), check=True)
    assert "stopped_process" not in tree.codes()


def test_what_a_debugger_has_stopped_is_not_continued_by_a_signal(plant: Plant) -> None:
    tree = plant("traced")
    server = tree.facts["server"]
    assert tree.ask()["findings"][0]["title"].startswith(f"python (pid {server}) is stopped by a debugger: connections to ")
    assert tree.advised()[0] == f"grep TracerPid /proc/{server}/status"
    assert not any("-CONT" in line for line in tree.advised())


def test_a_client_that_is_stopped_while_data_wait_is_named() -> None:
    code = "import socket, sys; s = socket.create_connection(('127.0.0.1', int(sys.argv[1]))); sys.stdin.read()"
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        subprocess.Popen([sys.executable, "-c", code, str(server.getsockname()[1])], stdin=subprocess.PIPE) as client,
    ):
        accepted, (_, port) = server.accept()
        with accepted:
            halt(client.pid)
            accepted.sendall(b"hello")
            asked = answer("explain", f"pid:{client.pid}")["explanations"][0]
            client.kill()
    assert asked["findings"][0]["title"].endswith(f": 5 bytes from 127.0.0.1:{server_port(asked)} wait to be read.")
    assert asked["next"][0] == f"kill -CONT {client.pid}"
    assert not any("KILL" in line for line in asked["next"])
    assert port


def server_port(asked: Any) -> int:
    return int(asked["sockets"][0]["remote"]["port"])


def test_a_supervisor_is_told_to_stop_what_it_would_start_again(plant: Plant, tmp_path: Path) -> None:
    tree = plant("supervised")
    assert tree.advised() == ["supervisorctl status"]
    text = portsock("explain", str(tree.facts["port"])).stdout
    assert f"supervisord (pid {tree.facts['pid']}) would start it again" in " ".join(text.split())
    assert plant("runsv").advised() == [f"sv stop {tmp_path}"]


def test_what_cron_started_is_ended_itself(plant: Plant) -> None:
    tree = plant("cron")
    assert tree.advised() == [f"kill {tree.facts['server']}"]
    assert tree.is_freed_by(*tree.advised())


def test_a_server_without_a_free_descriptor_is_found(plant: Plant) -> None:
    tree = plant("full")
    pid = tree.facts["pid"]
    found = next(each for each in tree.ask()["findings"] if each["code"] == "descriptors_exhausted")
    if found["severity"] == "warning":
        assert found["title"] == f"python (pid {pid}) has 64 of its 64 descriptors open: accept(2) fails with EMFILE."
    assert f"ls -l /proc/{pid}/fd" in tree.advised()


_UNIFIED = Path("/sys/fs/cgroup/unified")
CGROUPS = _UNIFIED if _UNIFIED.exists() else _UNIFIED.parent
"""The root of version 2, beside version 1 or alone."""


@pytest.fixture
def cgroup() -> Iterator[Callable[[str, int], None]]:
    """Move a process into a cgroup of this path, made for the test."""
    made: list[Path] = []

    def move(path: str, pid: int) -> None:
        where = CGROUPS
        for part in path.split("/"):
            where /= part
            if not where.exists():
                where.mkdir()
                made.append(where)
        (where / "cgroup.procs").write_text(str(pid), encoding="ascii")

    if not (CGROUPS / "cgroup.procs").exists() or not os.access(CGROUPS, os.W_OK):
        pytest.skip("needs a writable cgroup version 2")
    yield move
    for where in reversed(made):
        for _ in range(100):
            try:
                where.rmdir()
                break
            except OSError:
                for pid in (where / "cgroup.procs").read_text(encoding="ascii").split():
                    (CGROUPS / "cgroup.procs").write_text(pid, encoding="ascii")
                time.sleep(0.02)


@as_root
@pytest.mark.root
@pytest.mark.parametrize(
    ("path", "command"),
    [
        ("system.slice/portsock-web.service", "systemctl stop portsock-web.service"),
        (
            "user.slice/user-1234.slice/user@1234.service/app.slice/web.service",
            "systemctl --user -M 1234@ stop web.service",
        ),
        (f"system.slice/docker-{'ab' * 32}.scope", "docker stop abababababab"),
        (f"machine.slice/libpod-{'cd' * 32}.scope", "podman stop cdcdcdcdcdcd"),
        (
            f"user.slice/user-1234.slice/user@1234.service/user.slice/libpod-{'cd' * 32}.scope",
            "sudo -u '#1234' env -C / XDG_RUNTIME_DIR=/run/user/1234 podman stop cdcdcdcdcdcd",
        ),
        (f"system.slice/cri-containerd-{'ef' * 32}.scope", None),
        ("system.slice/cron.service", "kill"),
        ("user.slice/user-1234.slice/user@1234.service", "kill"),
        ("user.slice/user-1234.slice/session-3.scope", "kill"),
    ],
)
def test_the_service_or_container_is_stopped_and_no_process_of_it(
    plant: Plant, cgroup: Callable[[str, int], None], path: str, command: str | None
) -> None:
    tree = plant("single")
    pid = tree.facts["pid"]
    cgroup(path, pid)
    wanted = f"kill {pid}" if command == "kill" else command
    assert tree.advised() == ([] if wanted is None else [wanted])
    halt(pid)
    assert tree.advised()[0] == f"kill -CONT {pid}"
    if command != "kill":
        assert tree.advised()[1:] == ([] if wanted is None else [wanted])
