"""The lever that frees a port, from records: which one is named, and when none is."""

import pytest

from portsock.model import Netns, Process, State
from portsock.records import SocketRecord
from tests.support.explain_factory import NGINX, SYSTEMD, WORKER, answer, finding, seen
from tests.support.factory import tcp, udp

LISTENER = tcp("127.0.0.1:8080", accept_queue=0, accept_limit=128)


def advised(pids: int | tuple[int, ...], *processes: Process, records: tuple[SocketRecord, ...] = (LISTENER,)) -> list[str]:
    """The commands that are no look-ups of portsock's own, for holders of 8080."""
    answered = answer("8080", seen(list(records), {1: pids}, processes))
    return [command.line for command in answered.next if not command.line.startswith("portsock ")]


def many_syn_recv() -> list[SocketRecord]:
    return [tcp("127.0.0.1:8080", f"10.0.0.9:{40000 + i}", State.SYN_RECV, inode=None) for i in range(200)]


@pytest.mark.parametrize(
    "records",
    [
        [LISTENER, *many_syn_recv()],
        [tcp("127.0.0.1:8080", accept_queue=129, accept_limit=128)],
        [tcp("127.0.0.1:8080", accept_queue=100, accept_limit=128)],
    ],
)
def test_the_victim_of_its_clients_is_not_stopped(records: list[SocketRecord]) -> None:
    lines = [command.line for command in answer("8080", seen(records, {1: 500})).next]
    assert not any(word in line for line in lines for word in ("kill", "stop"))


def test_a_stopped_process_with_a_full_queue_is_no_victim() -> None:
    web = Process(60, "web", state="stopped")
    full = tcp("127.0.0.1:8080", accept_queue=129, accept_limit=128)
    assert advised(60, web, records=(full,)) == ["kill -CONT 60", "kill -KILL 60"]
    codes = [each.code for each in answer("8080", seen([full], {1: 60}, [web])).findings]
    assert codes[:2] == ["stopped_process", "accept_queue_full"]


@pytest.mark.parametrize(
    ("record", "ending"),
    [
        (tcp("127.0.0.1:8080", accept_queue=0, accept_limit=9), " connections to 8080/tcp will wait."),
        (tcp("127.0.0.1:8080", accept_queue=3, accept_limit=9), " connections to 8080/tcp wait, 3 in its queue."),
        (udp("127.0.0.1:8080", recv_q=1664), " what comes to 8080/udp waits, 1664 bytes of buffer used."),
        (udp("127.0.0.1:8080", recv_q=0), " what comes to 8080/udp waits."),
        (tcp("127.0.0.1:8080", "10.0.0.9:5", recv_q=1), " 1 byte from 10.0.0.9:5 waits to be read."),
        (tcp("127.0.0.1:8080", "10.0.0.9:5", recv_q=0), None),
        (tcp("127.0.0.1:8080", state=State.BOUND), None),
    ],
)
def test_what_waits_for_a_stopped_process_is_named(record: SocketRecord, ending: str | None) -> None:
    web = Process(60, "web", state="stopped")
    found = finding("stopped_process", answer("8080", seen([record], {1: 60}, [web])))
    head = "web (pid 60) is stopped by a signal, such as SIGSTOP or Ctrl-Z:"
    assert (found and found.title) == (ending and head + ending)
    running = seen([record], {1: (60, 61)}, [web, Process(61, "web", state="sleeping")])
    assert finding("stopped_process", answer("8080", running)) is None


def test_a_stopped_process_that_is_asked_for_is_named_without_a_socket_that_waits() -> None:
    web = Process(60, "web", state="tracing stop")
    asked = answer("pid:60", seen([tcp("127.0.0.1:8080", "10.0.0.9:5", inode=1)], {1: 60}, [web]))
    assert asked.findings[0].title == "web (pid 60) is stopped by a debugger."
    assert asked.next[0].line == "grep TracerPid /proc/60/status"


def test_a_stopped_service_is_stopped_by_systemd_which_continues_it() -> None:
    web = Process(60, "web", state="stopped", unit="web.service")
    assert advised(60, web) == ["kill -CONT 60", "systemctl stop web.service"]


def test_a_master_that_is_pid_1_of_its_container_is_not_ended_nor_is_its_worker() -> None:
    master, worker = NGINX._replace(pid=1, ppid=0, unit=None), WORKER._replace(pid=7, ppid=1)
    assert advised((1, 7), master, worker) == []
    assert advised(7, master, worker) == ["kill 7"]  # PID 1 does not hold it


def test_a_hundred_workers_without_master_are_neither_listed_nor_cut() -> None:
    orphans = [Process(pid, "web", ppid=1) for pid in range(60, 160)]
    assert advised(tuple(range(60, 160)), *orphans) == []
    assert advised((60, 61), *orphans[:2]) == ["kill 60 61"]


def test_workers_with_sockets_of_their_own_are_ended_by_the_parent_they_forked_from() -> None:
    master = Process(50, "web", "web", "/usr/bin/web", ("web", "-n", "2"), ppid=9)
    workers = [master._replace(pid=pid, ppid=50) for pid in (60, 61)]
    records = [tcp("0.0.0.0:8080", inode=1), tcp("0.0.0.0:8080", inode=2)]
    answered = answer("8080", seen(records, {1: 60, 2: 61}, [master, *workers]))
    assert answered.next[-1].line == "kill 50"
    others = [each._replace(cmdline=("web", str(each.pid))) for each in workers]
    apart = answer("8080", seen(records, {1: 60, 2: 61}, [master, *others]))
    assert not any(command.line.startswith("kill") for command in apart.next)


def test_a_session_of_sshd_is_not_ended_by_its_master() -> None:
    master = Process(50, "sshd", "sshd", "/usr/sbin/sshd", ("sshd: /usr/sbin/sshd [listener]",), ppid=1, unit="ssh.service")
    session = master._replace(pid=60, ppid=50, cmdline=("sshd: dev@pts/0",))
    assert advised(60, master, session) == ["kill 60"]
    assert advised(50, master, session) == ["systemctl stop ssh.service"]


def test_what_a_launcher_left_behind_does_not_stop_the_launcher() -> None:
    assert advised(60, Process(60, "python3", ppid=1, unit="cron.service")) == ["kill 60"]
    assert advised(60, Process(60, "sshd", ppid=1, unit="ssh.service")) == ["systemctl stop ssh.service"]


def test_a_part_of_a_larger_service_says_what_else_ends() -> None:
    main = Process(50, "libvirtd", "libvirtd", "/usr/sbin/libvirtd", ppid=1, unit="libvirtd.service")
    part = Process(60, "dnsmasq", "dnsmasq", "/usr/sbin/dnsmasq", ppid=50, unit="libvirtd.service")
    command = answer("8080", seen([LISTENER], {1: 60}, [main, part])).next[-1]
    assert command.line == "systemctl stop libvirtd.service"
    assert command.purpose == "stop the whole service, whose main program is libvirtd (pid 50)"


@pytest.mark.parametrize(
    ("unit", "line"),
    [
        ("web.service", "systemctl stop web.socket web.service"),
        ("user@1000.service/web.service", "systemctl --user -M 1000@ stop web.socket web.service"),
        ("web@1.service", "systemctl list-sockets --all"),
        (None, "systemctl list-sockets --all"),
    ],
)
def test_what_systemd_would_start_again_is_stopped_with_its_socket(unit: str | None, line: str) -> None:
    assert advised((SYSTEMD.pid, 60), Process(60, "web", unit=unit))[0] == line


def test_a_listener_of_a_users_manager_is_looked_up_there() -> None:
    manager = Process(40, "systemd", unit="user@1000.service/init.scope", uid=1000)
    assert advised(40, manager) == ["systemctl --user -M 1000@ list-sockets --all"]


def test_postgres_is_shut_down_by_its_master_with_int() -> None:
    master = Process(50, "postgres", "postgres", "/usr/lib/postgresql/15/bin/postgres", ppid=9, sigterm="caught")
    backend = master._replace(pid=60, ppid=50)
    assert advised((50, 60), master, backend) == advised(50, master) == ["kill -INT 50"]


@pytest.mark.parametrize(
    ("sigterm", "purpose"),
    [
        ("default", "end it, and with it its connections"),
        (None, "end it, and with it its connections"),
        ("caught", "it handles TERM itself, and may finish its connections first"),
        ("blocked", "it handles TERM itself, and may finish its connections first"),
        ("ignored", "end it, and with it its connections: it ignores TERM"),
    ],
)
def test_what_term_does_is_said_as_it_is(sigterm: str | None, purpose: str) -> None:
    command = answer("8080", seen([LISTENER], {1: 60}, [Process(60, "web", sigterm=sigterm)])).next[-1]
    assert (command.line, command.purpose) == (f"kill {'-KILL ' if sigterm == 'ignored' else ''}60", purpose)


@pytest.mark.parametrize(
    ("keeper", "line"),
    [
        (Process(50, "supervisord"), "supervisorctl status"),
        (Process(50, "runsv", cwd="/etc/sv/web"), "sv stop /etc/sv/web"),
        (Process(50, "s6-supervise", cwd="/run/service/web"), "s6-svc -d /run/service/web"),
        (Process(50, "supervise", cwd="/service/a b"), "svc -d '/service/a b'"),
        (Process(50, "PM2 v5.3.0: God"), "pm2 list"),
        (Process(50, "circusd"), "circusctl status"),
    ],
)
def test_a_supervisor_is_named_with_its_own_command_also_behind_a_shell(keeper: Process, line: str) -> None:
    assert advised(60, keeper, Process(60, "web", ppid=50)) == [line]
    assert advised(60, keeper, Process(55, "sh", ppid=50), Process(60, "web", ppid=55)) == [line]
    assert advised(60, keeper, Process(55, "web-master", ppid=50), Process(60, "web", ppid=55)) == ["kill 60"]


def test_a_supervisor_whose_directory_is_not_known_gives_no_command() -> None:
    assert advised(60, Process(50, "runsv"), Process(60, "web", ppid=50)) == []
    assert advised(60, Process(50, "xinetd"), Process(60, "web", ppid=50)) == []


def test_processes_of_two_containers_have_no_one_lever() -> None:
    both = [Process(pid, "web", container=name, container_runtime="docker") for pid, name in ((60, "a"), (61, "b"))]
    assert advised((60, 61), *both) == []
    assert advised((60, 61), both[0], both[1]._replace(container="a")) == ["docker stop a"]


def test_a_master_whose_main_thread_has_ended_is_one_as_long_as_it_holds_the_socket() -> None:
    master = NGINX._replace(unit=None, state="zombie")
    assert advised((500, 501), master, WORKER) == ["kill 500"]
    twins = [master._replace(pid=pid, ppid=500, state="sleeping") for pid in (60, 61)]
    assert advised((60, 61), master, *twins) == ["kill 60 61"]
    assert advised((60, 61), master._replace(state="sleeping"), *twins) == ["kill 500"]


def test_a_nearly_full_table_of_descriptors_is_a_notice_and_a_roomy_one_nothing() -> None:
    def found(count: int) -> str | None:
        web = Process(60, "web", descriptors=count, descriptor_limit=100)
        item = finding("descriptors_exhausted", answer("8080", seen([LISTENER], {1: 60}, [web])))
        return item and f"{item.severity}: {item.title}"

    assert found(89) is None
    assert found(90) == "notice: web (pid 60) has 90 of its 100 descriptors open."
    assert found(100) == "warning: web (pid 60) has 100 of its 100 descriptors open: accept(2) fails with EMFILE."


def test_two_programs_of_one_name_in_different_units_or_commands_are_not_ended_together() -> None:
    apart = [Process(pid, "python3", cmdline=("python3", f"{pid}.py"), ppid=1) for pid in (60, 61)]
    assert advised((60, 61), *apart) == []


def test_a_stopped_worker_with_waiting_data_continues_and_its_running_master_stays() -> None:
    records = [LISTENER, tcp("127.0.0.1:8080", "10.0.0.9:5", inode=2, recv_q=5)]
    workers = [WORKER._replace(pid=pid, state="stopped") for pid in (501, 502)]
    snapshot = seen(records, {1: (500, 501, 502), 2: 501}, [NGINX._replace(state="sleeping"), *workers])
    assert [command.line for command in answer("8080", snapshot).next] == ["kill -CONT 501", "portsock procs pid:500"]


def test_another_program_of_the_same_package_is_a_worker_and_one_of_a_shared_directory_an_heir() -> None:
    def made(directory: str) -> tuple[list[str], set[str]]:
        master = Process(50, "master", "master", f"{directory}/master", ppid=1)
        child = Process(60, "smtpd", "smtpd", f"{directory}/smtpd", ppid=50)
        snapshot = seen([LISTENER], {1: (50, 60)}, [master, child])
        return advised((50, 60), master, child), {each.code for each in answer("8080", snapshot).findings}

    assert made("/usr/lib/postfix/sbin") == (["kill 50"], set())
    assert made("/usr/bin") == (["kill 50 60"], {"inherited_descriptor"})


def test_servers_of_two_namespaces_are_not_ended_together() -> None:
    twins = [Process(pid, "web", cmdline=("web",), ppid=1) for pid in (60, 61)]
    for names, lines in ((("a", "a"), ["kill 60 61"]), (("a", "b"), [])):
        spaces = [Netns(ord(name), name) for name in names]
        records = [LISTENER._replace(inode=1, netns=spaces[0]), LISTENER._replace(inode=2, netns=spaces[1])]
        answered = answer("8080", seen(records, {1: 60, 2: 61}, twins))
        assert [command.line for command in answered.next if command.line.startswith("kill")] == lines
