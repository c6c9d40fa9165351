"""The commands worth typing after an answer, and the readings of an ambiguous target."""

import pytest

from portsock.model import Input, OwnerReason, Process, Source
from portsock.normalize.snapshot import normalize
from portsock.records import Unreadable
from tests.support.explain_factory import CURL, HOST, answer, seen, text, web
from tests.support.factory import collection, tcp, udp


@pytest.mark.parametrize("reason", [OwnerReason.OTHER_USER, OwnerReason.NOT_DUMPABLE, OwnerReason.HIDEPID, OwnerReason.DENIED])
def test_root_is_advised_where_root_would_help(reason: OwnerReason) -> None:
    snapshot = normalize([collection([tcp("0.0.0.0:80", uid=33)], {}, [Unreadable(9, 33, reason)], host=HOST)])
    helps = reason is not OwnerReason.DENIED
    assert ('sudo "$(command -v portsock)" explain 80' in {command.line for command in answer("80", snapshot).next}) == helps
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


@pytest.mark.parametrize("pids", [(1,), (1, 60), (60, 1)])
def test_no_command_ends_pid_1(pids: tuple[int, ...]) -> None:
    server = [Process(pid, "nginx", ppid=0 if pid == 1 else 1) for pid in pids]
    lines = [command.line for command in answer("8080", seen([tcp("127.0.0.1:8080")], {1: pids}, server)).next]
    assert lines == [f"portsock procs pid:{pids[0]}"]


def test_several_processes_of_one_program_are_ended_together() -> None:
    lines = [command.line for command in answer("8080", seen([tcp("127.0.0.1:8080")], {1: (700, 701)}, [TWIN])).next]
    assert lines[1] == "kill 700 701"


TWIN = Process(701, "python3", "python3", "/usr/bin/python3.11", ("python3", "server.py"), "dev", 1000, 1)


def test_nothing_is_ended_on_windows() -> None:
    snapshot = seen([tcp("127.0.0.1:8080")], {1: 700}, host=HOST._replace(system="Windows"))
    assert [command.line for command in answer("8080", snapshot).next] == ["portsock procs pid:700"]


def test_a_unit_of_a_user_is_stopped_by_that_users_manager() -> None:
    app = Process(60, "app", unit="user@1000.service/app.service")
    lines = [command.line for command in answer("8080", seen([tcp("127.0.0.1:8080")], {1: 60}, [app])).next]
    assert lines[1] == "systemctl --user -M 1000@ stop app.service"


def test_a_container_is_stopped_by_its_own_engine() -> None:
    def first(forwards_to: str) -> str:
        proxy = Process(60, "rootlessport", forwards_to=forwards_to)
        return answer("8080", seen([tcp("0.0.0.0:8080")], {1: 60}, [proxy])).next[0].line

    assert first("172.17.0.2:80 (web)").startswith("docker ")
    assert first("a rootless podman container").startswith("podman ")


def test_at_most_two_commands_are_suggested() -> None:
    records = [tcp("127.0.0.1:8080", accept_queue=9, accept_limit=2)]
    assert len(answer("8080", seen(records, {1: (1, 700)})).next) == 2


@pytest.mark.parametrize(
    ("uid", "user", "caller", "line"),
    [
        (0, "root", 0, "docker stop web"),
        (0, "root", None, "docker stop web"),
        (0, "root", 1000, "sudo docker stop web"),
        (1000, "dev", 1000, "docker stop web"),
        (1000, "dev", 0, "sudo -u dev env -C / DOCKER_HOST=unix:///run/user/1000/docker.sock docker stop web"),
        (1000, "dev", None, "sudo -u dev env -C / DOCKER_HOST=unix:///run/user/1000/docker.sock docker stop web"),
        (1000, "dev", 1001, "sudo -u dev env -C / DOCKER_HOST=unix:///run/user/1000/docker.sock docker stop web"),
        (1000, None, 0, "sudo -u '#1000' env -C / DOCKER_HOST=unix:///run/user/1000/docker.sock docker stop web"),
        (1000, "0", 0, "sudo -u '#1000' env -C / DOCKER_HOST=unix:///run/user/1000/docker.sock docker stop web"),
        (1000, "-i", 0, "sudo -u '#1000' env -C / DOCKER_HOST=unix:///run/user/1000/docker.sock docker stop web"),
        (1000, "AD\\dev", 0, "sudo -u '#1000' env -C / DOCKER_HOST=unix:///run/user/1000/docker.sock docker stop web"),
        (None, None, 0, "docker stop web"),
    ],
)
def test_a_container_is_stopped_as_the_user_that_runs_it(
    uid: int | None, user: str | None, caller: int | None, line: str
) -> None:
    """Root's container may have the same name as the user's."""
    proxy = Process(60, "docker-proxy", uid=uid, user=user, forwards_to="172.17.0.2:80 (web)")
    command = answer("8080", seen([tcp("0.0.0.0:8080")], {1: 60}, [proxy]), caller=caller).next[0]
    assert command.line == line
    shown = f", as user {'dev' if user == 'dev' else 1000}" if "-u" in line else ""
    assert command.purpose == f"stop the container{shown}"


def test_a_rootless_container_is_listed_by_its_users_podman() -> None:
    proxy = Process(60, "rootlessport", uid=1000, user="dev", forwards_to="a rootless podman container")
    command = answer("8080", seen([tcp("0.0.0.0:8080")], {1: 60}, [proxy]), caller=0).next[0]
    assert command.line == "sudo -u dev env -C / XDG_RUNTIME_DIR=/run/user/1000 podman ps"
    assert command.purpose == "find the container to stop, as user dev"


def test_a_service_is_not_stopped_for_a_holder_that_is_in_another() -> None:
    both = [Process(60, "app", unit="a.service"), Process(61, "app", unit="b.service")]
    lines = [command.line for command in answer("8080", seen([tcp("127.0.0.1:8080")], {1: (60, 61)}, both)).next]
    assert lines == ["portsock procs pid:60"]
