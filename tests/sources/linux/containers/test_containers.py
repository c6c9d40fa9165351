"""A fake container host made of files: facts of its processes, and their use in tables and answers."""

from pathlib import Path

import pytest

from portsock.explain.types import Part
from portsock.model import Netns, Process
from portsock.normalize.processes import group_processes
from portsock.output.columns import default_columns
from portsock.output.tables.procs import PROCS
from portsock.query.answer import select
from portsock.query.query import Query
from portsock.sources.linux import processes
from tests.sources.linux.containers.test_container_names import docker, podman, web
from tests.sources.linux.containers.test_forwarders import forwarder
from tests.sources.linux.test_processes import process
from tests.support.explain_factory import answer as explained
from tests.support.explain_factory import seen
from tests.support.factory import tcp
from tests.support.live import on_linux
from tests.support.query_factory import target

WEB = "4f797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"
DB = "5e797c539e6c745de61a93ca3ff892358ecbcaccd8414d5db545c38428142970"
POD = "74c13223-5a00-11e9-b385-42010a80018d"
PROXY = "docker-proxy -proto tcp -host-ip 0.0.0.0 -host-port 8080 -container-ip 172.17.0.2 -container-port 80"


@pytest.fixture
def host(tmp_path: Path) -> dict[int, Process]:
    """The processes of a host with Docker, Podman and Kubernetes, on version 2 and on version 1 of cgroups."""
    proc, files = tmp_path / "proc", tmp_path / "files"
    docker(files, web())
    podman(files / "var/lib/containers/storage", [{"id": DB, "names": ["db"]}])
    kubernetes = f"kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{POD.replace('-', '_')}.slice"
    for pid, cgroup in {
        10: f"0::/system.slice/docker-{WEB}.scope\n",
        11: f"0::/machine.slice/libpod-{DB}.scope/container\n",
        12: f"0::/{kubernetes}/cri-containerd-{WEB[::-1]}.scope\n",
        13: f"9:name=systemd:/docker/{WEB}\n4:memory:/docker/{WEB}\n",
        14: "0::/user.slice/user-1000.slice/user@1000.service/app.slice/dev.service\n",
        15: "12:pids:/system.slice/nginx.service\n1:name=systemd:/system.slice/nginx.service\n",
        16: "0::/\n",
    }.items():
        process(proc, pid, cgroup=cgroup)
    (proc / "self/ns").mkdir(parents=True)
    (proc / "self/ns/pid").symlink_to("pid:[1]")
    forwarder(proc, 20, "docker-proxy", PROXY, cgroup="0::/system.slice/docker.service\n")
    session = "0::/user.slice/user-1000.slice/session-3.scope\n"
    forwarder(proc, 21, "rootlessport", "rootlessport", {3: "pipe:[77]"}, cgroup=session)
    forwarder(proc, 22, "conmon", f"/usr/bin/conmon -c {DB} -n db", {5: "pipe:[77]"}, cgroup=session)
    forwarder(proc, 23, "docker-proxy", PROXY, cgroup=f"0::/system.slice/docker-{WEB}.scope\n")
    return processes.facts([*range(10, 17), 20, 21, 23], str(proc), files=str(files))


@on_linux
@pytest.mark.linux
@pytest.mark.parametrize(
    ("pid", "unit", "container", "target"),
    [
        (10, f"docker-{WEB}.scope", "web", None),
        (11, f"libpod-{DB}.scope", "db", None),
        (12, f"cri-containerd-{WEB[::-1]}.scope", WEB[::-1][:12], None),
        (13, None, "web", None),
        (14, "user@1000.service/dev.service", None, None),
        (15, "nginx.service", None, None),
        (16, None, None, None),
        (20, "docker.service", None, "172.17.0.2:80 (web)"),
        (21, "session-3.scope", None, "container db"),
        (23, f"docker-{WEB}.scope", "web", None),
    ],
)
def test_units_containers_and_targets(
    host: dict[int, Process], pid: int, unit: str | None, container: str | None, target: str | None
) -> None:
    assert (host[pid].unit, host[pid].container, host[pid].forwards_to) == (unit, container, target)


INSIDE = Process(910, "nginx", container="web", unit=f"docker-{WEB}.scope")
DOCKER = Process(920, "docker-proxy", unit="docker.service", forwards_to="172.17.0.2:80 (web)")
PODMAN = Process(921, "rootlessport", forwards_to="container db")
UNNAMED = Process(922, "docker-proxy", forwards_to="172.17.0.3:80")
RECORDS = [
    tcp("0.0.0.0:80", inode=1, netns=Netns(2, "web")),
    tcp("0.0.0.0:8080", inode=2, netns=Netns(1)),
    tcp("0.0.0.0:8081", inode=3, netns=Netns(1)),
    tcp("0.0.0.0:8082", inode=4, netns=Netns(1)),
]
HOST = seen(RECORDS, {1: 910, 2: 920, 3: 921, 4: 922}, [INSIDE, DOCKER, PODMAN, UNNAMED])


@pytest.mark.parametrize(
    ("text", "inodes"),
    [
        ("container:web", [1, 2]),
        ("container:db", [3]),
        ("container:172.17.0.3", []),
        ("unit:docker", [2]),
        ("unit:docker.service", [2]),
    ],
)
def test_a_container_is_found_with_the_ports_that_are_published_for_it(text: str, inodes: list[int]) -> None:
    assert [found.inode for found in select(HOST, Query(targets=(target(text),)), side="local")] == inodes


@pytest.mark.parametrize(("port", "command"), [(8080, "docker stop web"), (8081, "podman stop db"), (8082, "docker ps")])
def test_advice_stops_the_container_and_never_the_forwarder(port: int, command: str) -> None:
    answer = explained(str(port), HOST)
    assert answer.next[0].line == command
    assert not any(each.line.startswith("kill") for each in answer.next)
    (found,) = [each for each in answer.findings if each.code == "port_forwarder"]
    assert "do not kill the proxy" in found.advice


@pytest.mark.parametrize(
    ("unit", "command"),
    [
        ("nginx.service", "systemctl stop nginx.service"),
        ("user@1000.service/nginx.service", "systemctl --user -M 1000@ stop nginx.service"),
        ("user@1000.service/*.service", "kill 7"),
        ("user@1000.service/user@0.service/sshd.service", "kill 7"),
        ("user@-x.service/sshd.service", "kill 7"),
        ("user@1000.service/a b.service", "kill 7"),
        ("user@1000.service/run-7.scope", "kill 7"),
        ("app-a\\x2db.service", "systemctl stop 'app-a\\x2db.service'"),
        ("-x.service", "systemctl stop -- -x.service"),
        (None, "kill 7"),
    ],
)
def test_a_service_is_stopped_by_the_manager_that_started_it(unit: str | None, command: str) -> None:
    host = seen([tcp("0.0.0.0:80", inode=1)], {1: 7}, [Process(7, "nginx", unit=unit)])
    assert [each.line for each in explained("80", host).next][1:] == [command]


def test_a_users_unit_is_not_the_system_unit_of_that_name() -> None:
    records = [tcp("0.0.0.0:80", inode=1), tcp("0.0.0.0:81", inode=2)]
    host = seen(records, {1: 7, 2: 8}, [Process(7, unit="nginx.service"), Process(8, unit="user@1000.service/nginx.service")])
    for text, inode in (("unit:nginx", 1), ("unit:user@1000.service/nginx", 2)):
        assert [found.inode for found in select(host, Query(targets=(target(text),)), side="local")] == [inode]


def test_a_port_without_a_listener_may_be_published_by_packet_filter_rules() -> None:
    answer = explained("9090", HOST)
    assert "nft list ruleset" in [each.line for each in answer.next]
    assert "published by packet filter rules alone" in " ".join(answer.sections[Part.PORT].paragraphs)


def test_procs_has_a_column_for_containers_only_where_there_is_one() -> None:
    def names(*records: int) -> list[str]:
        rows = group_processes([HOST.sockets[at] for at in records], HOST.processes)
        return [column.name for column in default_columns(PROCS, rows)]

    assert "container" in names(0, 1)
    assert "container" not in names(1, 2)
