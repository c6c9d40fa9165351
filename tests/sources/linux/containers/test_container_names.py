"""Names of containers, from files made for the test."""

import json
import os
import sys
from pathlib import Path
from threading import Thread

import pytest

from portsock.parse.proc.cgroup import Placement, parse_cgroup
from portsock.sources.linux.containers import state
from portsock.sources.linux.containers.lookup import Containers
from portsock.sources.linux.local_files import open_path
from portsock.sources.system import home

posix = pytest.mark.skipif(sys.platform == "win32", reason="owners of files, fifos, symbolic links")
ID = "4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"
PROXY = "/usr/bin/docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80"


def docker(root: Path, config: object) -> None:
    directory = root / "var/lib/docker/containers" / ID
    directory.mkdir(parents=True)
    (directory / "config.v2.json").write_text(json.dumps(config), encoding="utf-8")


def podman(root: Path, entries: object) -> None:
    directory = root / "overlay-containers"
    directory.mkdir(parents=True)
    (directory / "containers.json").write_text(json.dumps(entries), encoding="utf-8")


def web(address: str = "172.17.0.2") -> dict[str, object]:
    return {"Name": "/web", "NetworkSettings": {"Networks": {"bridge": {"IPAddress": address, "GlobalIPv6Address": ""}}}}


def test_docker_container_has_its_name(tmp_path: Path) -> None:
    docker(tmp_path, web())
    assert Containers(str(tmp_path)).name(Placement(None, ID, "docker")) == "web"


def test_podman_container_has_its_name(tmp_path: Path) -> None:
    podman(tmp_path / "var/lib/containers/storage", [{"id": ID, "names": ["db"]}])
    assert Containers(str(tmp_path)).name(Placement(None, ID, "podman")) == "db"


def store_of(user: int, root: Path) -> Path:
    return Path(f"{root}{home(user)}") / ".local/share"


@posix
def test_rootless_container_has_the_name_that_its_user_gave_it(tmp_path: Path) -> None:
    me = os.getuid()
    podman(store_of(me, tmp_path) / "containers/storage", [{"id": ID, "names": ["mine"]}])
    podman(tmp_path / "var/lib/containers/storage", [{"id": ID, "names": ["theirs"]}])
    assert Containers(str(tmp_path)).name(Placement(None, ID, "podman", user=me)) == "mine"
    assert Containers(str(tmp_path)).name(Placement(None, ID, "podman")) == "theirs"


def test_below_a_users_manager_nothing_is_called_as_a_container_of_the_system(tmp_path: Path) -> None:
    docker(tmp_path, web())
    podman(tmp_path / "var/lib/containers/storage", [{"id": ID, "names": ["db"]}])
    for runtime in ("docker", "podman"):
        assert Containers(str(tmp_path)).name(Placement(None, ID, runtime, user=4999, manager=4999)) == ID[:12]


@posix
def test_the_user_of_a_delegated_unit_has_no_container_of_the_system(tmp_path: Path) -> None:
    """With Delegate= and User= the service can make a cgroup of any name."""
    podman(tmp_path / "var/lib/containers/storage", [{"id": ID, "names": ["db"]}])
    placement = parse_cgroup(f"0::/system.slice/ci.service/libpod-payload-{ID}\n")
    containers = Containers(str(tmp_path))
    assert containers.name(placement) == ID[:12]
    unit = tmp_path / "sys/fs/cgroup/systemd/system.slice/ci.service"
    unit.mkdir(parents=True)
    assert containers.name(placement) == "db"
    if os.getuid() == 0:
        os.chown(unit, 1, -1)
        assert containers.name(placement) == ID[:12]


def trap(kind: str, path: Path) -> None:
    good = json.dumps([{"id": ID, "names": ["bait"]}])
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "link":
        path.with_name("good").write_text(good, encoding="ascii")
        path.symlink_to("good")
    elif kind == "deep":
        path.write_text("[" * 200_000, encoding="ascii")
    elif kind == "long number":
        path.write_text("[" + "1" * 5000 + "]", encoding="ascii")
    elif kind == "large":
        path.write_text(good + " " * (4 << 20), encoding="ascii")
    else:
        path.write_text(good, encoding="ascii")


@posix
@pytest.mark.parametrize("kind", ["fifo", "link", "deep", "long number", "large", "plain"])
def test_a_state_file_is_only_read_where_it_is_one(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "containers.json"
    trap(kind, path)
    reported: list[object] = []
    reading = Thread(target=lambda: reported.append(state.parse_file(str(path), os.getuid(), 4 << 20)[0]), daemon=True)
    reading.start()
    reading.join(10)
    assert reported == ([[{"id": ID, "names": ["bait"]}]] if kind == "plain" else [None])


@posix
def test_a_state_file_of_another_user_is_not_read(tmp_path: Path) -> None:
    trap("plain", tmp_path / "containers.json")
    assert state.parse_file(str(tmp_path / "containers.json"), os.getuid() + 1, 4 << 20)[0] is None


@pytest.mark.parametrize("content", [[], {}, None, [None, {"id": ID}, {"id": ID, "names": [5]}], {"Name": 7}])
def test_unusable_state_files_leave_the_short_id(tmp_path: Path, content: object) -> None:
    docker(tmp_path, content)
    podman(tmp_path / "var/lib/containers/storage", content)
    assert Containers(str(tmp_path)).name(Placement(None, ID, None)) == ID[:12]


def test_no_container_has_no_name(tmp_path: Path) -> None:
    assert Containers(str(tmp_path)).name(Placement("a.service")) is None


@posix
def test_names_that_no_engine_accepts_are_not_read(tmp_path: Path) -> None:
    for at, name in enumerate(["/-all", "/a b", "/x\n", "/" + "a" * 256, "/.web", "/", "/$(reboot)"]):
        root = tmp_path / str(at)
        docker(root, {"Name": name})
        podman(root / "var/lib/containers/storage", [{"id": ID, "names": [name.removeprefix("/")]}])
        assert [Containers(str(root)).name(Placement(None, ID, engine)) for engine in ("docker", "podman")] == [ID[:12]] * 2


@posix
def test_state_files_are_read_once_and_only_up_to_a_budget(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One user's processes can be in any number of cgroups that are called as containers."""
    opened: list[bytes] = []
    real = open_path
    me = os.getuid()
    monkeypatch.setattr(state, "open_path", lambda path, **more: opened.append(path) or real(path, **more))  # type: ignore[func-returns-value]
    containers = Containers(str(tmp_path))
    placements = [Placement(None, f"{number:064x}", "docker", user=me, manager=me) for number in range(6000)]
    assert all(containers.name(placement) for placement in placements + placements)
    assert 0 < len(opened) <= 4096
    assert len(set(opened)) == len(opened)


@posix
def test_large_state_files_of_a_user_spend_the_budget(tmp_path: Path) -> None:
    me = os.getuid()
    config = json.dumps({"Name": "/web", "Padding": "x" * 1_000_000})
    for number in range(8):
        directory = store_of(me, tmp_path) / f"docker/containers/{number:064x}"
        directory.mkdir(parents=True)
        (directory / "config.v2.json").write_text(config, encoding="ascii")
    containers = Containers(str(tmp_path))
    names = [containers.name(Placement(None, f"{number:064x}", "docker", user=me, manager=me)) for number in range(8)]
    assert names == ["web"] * 4 + ["0" * 12] * 4
