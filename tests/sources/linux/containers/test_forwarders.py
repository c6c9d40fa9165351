"""Port forwarders: which processes are believed to be some, and about whose containers. Processes are made up."""

import json
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from portsock.model import Process
from portsock.sources.linux import processes
from portsock.sources.linux.containers.lookup import Containers
from tests.sources.linux.containers.test_container_names import ID, docker, podman, store_of, web
from tests.sources.linux.test_processes import process
from tests.support.live import as_root

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc")
PROXY = "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80"
OTHER = 1
"""A user other than the system's."""


def forwarder(
    proc: Path,
    pid: int,
    program: str,
    line: str,
    descriptors: dict[int, str] | None = None,
    uid: int | None = None,
    **more: Any,
) -> Path:
    """Make a process that runs a program of this name, with the arguments of the line."""
    file = proc.parent / "bin" / program
    file.parent.mkdir(exist_ok=True)
    file.touch()
    cmdline = line.replace(" ", "\0").encode() + b"\0"
    process(proc, pid, program[:15], cmdline, exe=more.pop("exe", str(file)), **more)
    home = proc / str(pid)
    for directory in ("fd", "ns"):
        (home / directory).mkdir()
    (home / "ns/pid").symlink_to("pid:[1]")
    for number, target in (descriptors or {}).items():
        (home / "fd" / str(number)).symlink_to(target)
    if uid is not None:
        os.chown(home, uid, -1)
    return home


class Lab:
    """A made-up host: its /proc, and the root of its container stores."""

    def __init__(self, directory: Path) -> None:
        self.proc, self.files = directory / "proc", directory / "files"
        (self.proc / "self/ns").mkdir(parents=True)
        (self.proc / "self/ns/pid").symlink_to("pid:[1]")
        self.files.mkdir()

    def add(self, pid: int, program: str, line: str, descriptors: dict[int, str] | None = None, **more: Any) -> Path:
        return forwarder(self.proc, pid, program, line, descriptors, **more)

    def facts(self, *pids: int) -> dict[int, Process]:
        return processes.facts(pids, str(self.proc), files=str(self.files))

    def target(self, pid: int) -> str | None:
        return self.facts(pid)[pid].forwards_to


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_a_docker_proxy_names_its_target_and_container(lab: Lab) -> None:
    docker(lab.files, web())
    lab.add(5, "docker-proxy", PROXY)
    assert lab.target(5) == "172.17.0.2:80 (web)"


def test_a_docker_proxy_without_state_files_names_the_target(lab: Lab) -> None:
    lab.add(5, "docker-proxy", PROXY)
    assert lab.target(5) == "172.17.0.2:80"


def test_an_address_that_two_containers_claim_names_none(lab: Lab) -> None:
    docker(lab.files, web())
    twin = lab.files / "var/lib/docker/containers" / ID[::-1]
    twin.mkdir()
    (twin / "config.v2.json").write_text(json.dumps(web() | {"Name": "/twin"}), encoding="ascii")
    lab.add(5, "docker-proxy", PROXY)
    assert lab.target(5) == "172.17.0.2:80"


def test_only_directories_that_are_called_as_containers_are_read_and_not_all_of_a_great_many(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    docker(lab.files, web())
    store = lab.files / "var/lib/docker/containers"
    lab.add(5, "docker-proxy", PROXY)
    (store / ID).rename(store / "other")
    assert lab.target(5) == "172.17.0.2:80"
    (store / "other").rename(store / ID)
    monkeypatch.setattr("portsock.sources.linux.containers.state._MOST_CONTAINERS", 0)
    assert lab.target(5) == "172.17.0.2:80"


@pytest.mark.parametrize("argument", ["docker-proxy", "/usr/bin/docker-proxy", "rootlessport", "containers-rootlessport"])
def test_arguments_make_no_forwarder(lab: Lab, argument: str) -> None:
    docker(lab.files, web())
    lab.add(5, "sleep", PROXY.replace("/usr/bin/docker-proxy", argument), {3: "pipe:[1]"})
    lab.add(6, "conmon", f"conmon -c {ID} -n db", {3: "pipe:[1]"})
    assert lab.target(5) is None


@pytest.mark.parametrize("change", ["set-user-ID", "PID namespace", "no executable", "no namespace"])
def test_a_process_of_root_must_have_been_started_by_root_on_this_host(lab: Lab, change: str) -> None:
    exe = "/nonexistent/docker-proxy" if change == "no executable" else str(program(lab))
    home = lab.add(5, "docker-proxy", PROXY, exe=exe)
    assert (lab.target(5) is not None) == (change != "no executable")
    if change == "set-user-ID":
        program(lab).chmod(0o4755)
    elif change != "no executable":
        (home / "ns/pid").unlink()
        if change == "PID namespace":
            (home / "ns/pid").symlink_to("pid:[2]")
    assert lab.target(5) is None


def program(lab: Lab) -> Path:
    path = lab.proc.parent / "bin" / "docker-proxy"
    path.parent.mkdir(exist_ok=True)
    path.touch()
    return path


@as_root
@pytest.mark.root
def test_a_users_proxy_says_nothing_about_containers_of_the_system(lab: Lab) -> None:
    docker(lab.files, web())
    lab.add(5, "docker-proxy", PROXY, uid=OTHER)
    assert lab.target(5) == "172.17.0.2:80"
    own = store_of(OTHER, lab.files) / "docker/containers" / ID
    own.mkdir(parents=True)
    (own / "config.v2.json").write_text(json.dumps(web() | {"Name": "/mine"}), encoding="ascii")
    assert lab.target(5) == "172.17.0.2:80"  # root's file, not the user's
    os.chown(own / "config.v2.json", OTHER, -1)
    assert lab.target(5) == "172.17.0.2:80 (mine)"


def test_podmans_forwarder_is_tied_to_its_container_by_the_monitors_pipe(lab: Lab) -> None:
    lab.add(10, "conmon", f"/usr/bin/conmon -c {ID} -n other", {7: "pipe:[1]"})
    lab.add(11, "conmon", f"/usr/bin/conmon -c {ID} -n db", {7: "pipe:[2]"})
    lab.add(12, "rootlessport", "rootlessport", {3: "pipe:[2]"})
    lab.add(13, "rootlessport", "rootlessport", {3: "pipe:[3]"})
    lab.add(14, "podman", "containers-rootlessport", {3: "pipe:[1]"})
    lab.add(15, "podman", "podman run web", {3: "pipe:[1]"})
    lab.add(16, "rootlessport", "rootlessport-child", {3: "socket:[2]"})
    targets = [process.forwards_to for _, process in sorted(lab.facts(*range(12, 17)).items())]
    unnamed = "a rootless podman container"
    assert targets == ["container db", unnamed, "container other", None, unnamed]


def test_the_store_names_a_container_before_its_monitor_does(lab: Lab) -> None:
    podman(lab.files / "var/lib/containers/storage", [{"id": ID, "names": ["renamed"]}])
    lab.add(11, "conmon", f"/usr/bin/conmon -c {ID} -n db", {7: "pipe:[2]"})
    lab.add(12, "rootlessport", "rootlessport", {3: "pipe:[2]"})
    assert lab.target(12) == "container renamed"


@pytest.mark.parametrize(
    ("line", "target"),
    [
        (f"conmon -c {ID} -n -all", f"container {ID[:12]}"),
        (f"conmon -c {ID}", f"container {ID[:12]}"),
        ("conmon -c x -n -all", "a rootless podman container"),
    ],
)
def test_a_monitor_with_a_name_that_no_engine_accepts_gives_none(lab: Lab, line: str, target: str) -> None:
    lab.add(11, "conmon", line, {7: "pipe:[2]"})
    lab.add(12, "rootlessport", "rootlessport", {3: "pipe:[2]"})
    assert lab.target(12) == target


@pytest.mark.parametrize(
    ("program", "target"), [("sleep", "a rootless podman container"), ("conmon (deleted)", "container db")]
)
def test_a_monitor_is_known_by_its_executable(lab: Lab, program: str, target: str) -> None:
    lab.add(11, program, f"conmon -c {ID} -n db", {7: "pipe:[2]"})
    lab.add(12, "rootlessport", "rootlessport", {3: "pipe:[2]"})
    assert lab.target(12) == target


@as_root
@pytest.mark.root
def test_a_monitor_of_another_user_names_no_container(lab: Lab) -> None:
    lab.add(11, "conmon", f"conmon -c {ID} -n db", {7: "pipe:[2]"}, uid=OTHER)
    lab.add(12, "rootlessport", "rootlessport", {3: "pipe:[2]"})
    lab.add(13, "rootlessport", "rootlessport", {3: "pipe:[2]"}, uid=OTHER)
    assert lab.target(12) == "a rootless podman container"
    assert lab.target(13) == "container db"


def test_processes_are_searched_once_for_any_number_of_forwarders(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """400 forwarders took 11 times as long as none in 0.1.0: each searched all processes."""
    number = 400
    for pid in range(100, 100 + number):
        lab.add(pid, "rootlessport", "rootlessport", {3: f"pipe:[{pid}]"})
        lab.add(pid + number, "conmon", f"conmon -c {pid:064x} -n c{pid}", {4: f"pipe:[{pid}]"})
    calls: Counter[str] = Counter()
    for name in ("listdir", "scandir", "open", "readlink", "stat"):
        monkeypatch.setattr(os, name, counting(getattr(os, name), name, calls))
    containers = Containers(str(lab.files), str(lab.proc))
    exe = str(lab.proc.parent / "bin/rootlessport")
    found = {containers.forwards_to(pid, exe, os.getuid(), ("rootlessport",)) for pid in range(100, 100 + number)}
    assert found == {f"container c{pid}" for pid in range(100, 100 + number)}
    assert calls["listdir"] == 1
    assert calls["scandir"] == number
    assert calls["open"] < 6 * number
    assert calls["readlink"] < 8 * number


def counting(function: Any, name: str, calls: Counter[str]) -> Any:
    def counted(*arguments: Any, **options: Any) -> Any:
        calls[name] += 1
        return function(*arguments, **options)

    return counted


def test_a_monitor_with_many_descriptors_is_read_in_part(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.add(11, "conmon", f"conmon -c {ID} -n db", {number: f"pipe:[{number}]" for number in range(3000)})
    lab.add(12, "rootlessport", "rootlessport", {3: "pipe:[9999]"})
    calls: Counter[str] = Counter()
    monkeypatch.setattr(os, "readlink", counting(os.readlink, "readlink", calls))
    assert lab.target(12) == "a rootless podman container"
    assert calls["readlink"] < 300
