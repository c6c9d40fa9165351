"""Facts of processes, from a made-up /proc and compared with psutil on the real one."""

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from portsock.model import Process
from portsock.sources import failures
from portsock.sources.linux import owners, processes
from tests.support.live import as_root

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="reads Linux's /proc")

STAT = "{pid} ({comm}) S {ppid} 1 1 0 -1 {flags} 0 0 0 0 0 0 0 0 20 0 1 0 {started} 0 0 0\n"


def process(
    root: Path,
    pid: int,
    comm: str = "web",
    cmdline: bytes = b"web\0",
    ppid: int = 1,
    flags: int = 0,
    started: int = 100,
    exe: str = "/usr/bin/web",
    cgroup: str = "0::/system.slice/web.service\n",
) -> None:
    home = root / str(pid)
    home.mkdir(parents=True)
    (home / "stat").write_text(STAT.format(pid=pid, comm=comm, ppid=ppid, flags=flags, started=started), encoding="utf-8")
    (home / "cmdline").write_bytes(cmdline)
    (home / "cgroup").write_text(cgroup, encoding="utf-8")
    (home / "exe").symlink_to(exe)


def boot(root: Path) -> None:
    (root / "stat").write_text("cpu 1\nbtime 1700000000\n", encoding="ascii")


def wait_for_echo(child: subprocess.Popen[bytes]) -> None:
    """Wait until a cat runs: just after the fork it may have neither its name nor its arguments."""
    assert child.stdin is not None
    assert child.stdout is not None
    child.stdin.write(b"started\n")
    assert child.stdout.read(8) == b"started\n"


def one(root: Path, pid: int = 50) -> Process:
    return processes.facts([pid], str(root))[pid]


def test_all_facts_of_a_process(tmp_path: Path) -> None:
    process(tmp_path, 50, cmdline=b"web\0--port\0" + b"80\0")
    boot(tmp_path)
    found = one(tmp_path)
    assert (found.name, found.comm, found.exe, found.exe_deleted) == ("web", "web", "/usr/bin/web", False)
    assert found.cmdline == ("web", "--port", "80")
    assert (found.uid, found.ppid, found.unit, found.container) == (os.getuid(), 1, "web.service", None)
    assert found.started_at == 1700000000 + 100 / os.sysconf("SC_CLK_TCK")


def test_unknown_boot_time_leaves_the_start_unknown(tmp_path: Path) -> None:
    process(tmp_path, 50)
    assert one(tmp_path).started_at is None
    (notice,) = failures.take()
    assert notice.message == f"file {tmp_path}/stat could not be read (it has no time of boot)"


def test_a_process_that_has_ended_has_only_its_pid(tmp_path: Path) -> None:
    assert one(tmp_path) == Process(50)


def test_a_reused_pid_has_no_facts(tmp_path: Path) -> None:
    process(tmp_path, 50, started=200)
    assert processes.facts([50], str(tmp_path), started={50: 100})[50] == Process(50)
    assert processes.facts([50], str(tmp_path), started={50: 200})[50].name == "web"


def test_start_times_of_a_walk_identify_processes(tmp_path: Path) -> None:
    process(tmp_path, 50)
    for directory in ("fd", "task"):
        (tmp_path / "50" / directory).mkdir()
    (tmp_path / "50" / "fd" / "3").symlink_to("socket:[9]")
    found = owners.find(None, str(tmp_path))
    assert processes.facts([50], str(tmp_path), started=found.started)[50].name == "web"
    shutil.rmtree(tmp_path / "50")
    process(tmp_path, 50, comm="other", started=101)
    assert processes.facts([50], str(tmp_path), started=found.started)[50] == Process(50)


def test_parents_are_returned_on_request(tmp_path: Path) -> None:
    process(tmp_path, 50, ppid=40)
    process(tmp_path, 40, ppid=1, comm="shell")
    process(tmp_path, 1, ppid=0, comm="init")
    assert set(processes.facts([50], str(tmp_path))) == {50}
    assert set(processes.facts([50], str(tmp_path), parents=True)) == {50, 40, 1}


def test_a_cycle_of_parents_ends(tmp_path: Path) -> None:
    process(tmp_path, 50, ppid=51)
    process(tmp_path, 51, ppid=50)
    assert set(processes.facts([50], str(tmp_path), parents=True)) == {50, 51}


def test_deleted_executable_is_marked(tmp_path: Path) -> None:
    process(tmp_path, 50, exe="/usr/bin/web (deleted)")
    assert (one(tmp_path).exe, one(tmp_path).exe_deleted) == ("/usr/bin/web", True)


def test_an_executable_named_deleted_is_not_marked(tmp_path: Path) -> None:
    program = tmp_path / "web (deleted)"
    program.touch()
    process(tmp_path, 50, exe=str(program))
    shutil.copy("/proc/self/mountinfo", tmp_path / "50")
    (tmp_path / "50" / "root").symlink_to("/")
    (tmp_path / "50" / "ns").mkdir()
    (tmp_path / "50" / "ns" / "mnt").symlink_to(os.readlink("/proc/self/ns/mnt"))
    assert (one(tmp_path).exe, one(tmp_path).exe_deleted) == (str(program), False)


def test_a_kernel_thread_has_no_arguments_and_a_zombie_unknown_ones(tmp_path: Path) -> None:
    process(tmp_path, 2, cmdline=b"", flags=0x200000)
    process(tmp_path, 50, cmdline=b"")
    assert one(tmp_path, 2).cmdline == ()
    assert one(tmp_path).cmdline is None


def test_undecodable_bytes_are_kept(tmp_path: Path) -> None:
    process(tmp_path, 50, cmdline=b"web\0\xff\0")
    assert one(tmp_path).cmdline == ("web", "\udcff")


@pytest.mark.linux
def test_facts_of_real_processes_equal_those_of_psutil() -> None:
    import psutil

    with socket.create_server(("127.0.0.1", 0)) as listener:
        child = subprocess.Popen(
            ["cat", "-u"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, pass_fds=[listener.fileno()]
        )
        try:
            wait_for_echo(child)
            pids = [os.getpid(), child.pid]
            found = processes.facts(pids)
            for pid in pids:
                other, ours = psutil.Process(pid), found[pid]
                assert (ours.name, ours.exe, ours.user) == (other.name(), other.exe(), other.username())
                assert (ours.ppid, ours.uid) == (other.ppid(), other.uids().effective)
                assert ours.cmdline == tuple(other.cmdline())
                assert ours.started_at is not None
                assert abs(ours.started_at - other.create_time()) < 1.1
        finally:
            child.communicate()


@pytest.mark.linux
def test_long_names_of_real_processes_are_complete(tmp_path: Path) -> None:
    program = tmp_path / "a-daemon-with-a-long-name"
    shutil.copy(shutil.which("cat") or "/bin/cat", program)
    child = subprocess.Popen([str(program), "-u"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    try:
        wait_for_echo(child)
        assert processes.facts([child.pid])[child.pid].name == "a-daemon-with-a-long-name"
        program.unlink()
        found = processes.facts([child.pid])[child.pid]
        assert (found.exe, found.exe_deleted) == (str(program), True)
    finally:
        child.communicate()


def test_a_command_line_is_read_only_where_it_is_wanted_or_decides_the_name(tmp_path: Path) -> None:
    boot(tmp_path)
    for pid, comm, exe in ((50, "web", "/usr/bin/web"), (51, "a-web-server-of", "/usr/bin/a-web-server-of-ours")):
        process(tmp_path, pid, comm=comm, exe=exe)
        (tmp_path / str(pid) / "cmdline").unlink()
        os.mkfifo(tmp_path / str(pid) / "cmdline")  # opening it would wait for ever
    found = processes.facts([50, 51], str(tmp_path), commands=False)
    assert [(each.name, each.cmdline) for each in found.values()] == [("web", None), ("a-web-server-of-ours", None)]
    assert failures.take() == ()
    process(tmp_path, 52, comm="a-web-server-of", exe="/usr/bin/python3", cmdline=b"python3\0/opt/a-web-server-of-ours\0")
    assert processes.facts([52], str(tmp_path), commands=False)[52].name == "a-web-server-of-ours"


def test_a_command_line_that_cannot_be_read_in_time_is_unknown_and_named_in_a_notice(tmp_path: Path) -> None:
    boot(tmp_path)
    for pid in (50, 51, 52):
        process(tmp_path, pid)
    for pid in (50, 52):
        (tmp_path / str(pid) / "cmdline").unlink()
        os.mkfifo(tmp_path / str(pid) / "cmdline")
    found = processes.facts([50, 51, 52], str(tmp_path))
    assert [(each.name, each.cmdline) for each in found.values()] == [("web", None), ("web", ("web",)), ("web", None)]
    (notice,) = failures.take()
    assert notice.message == "command line of process 50, 52 could not be read (its memory is locked)"
    for pid in (50, 52):
        os.close(os.open(tmp_path / str(pid) / "cmdline", os.O_WRONLY))


def add_context(root: Path, pid: int = 50, limit: str = "1024", loginuid: str = "0", session: str = "7") -> None:
    home = root / str(pid)
    (home / "fd").mkdir()
    rows = [
        "Limit                     Soft Limit           Hard Limit           Units     ",
        "Max processes   9   9   processes",
    ]
    rows.append(f"Max open files            {limit:21}1048576              files     ")
    (home / "limits").write_text("\n".join(rows) + "\n", encoding="ascii")
    (home / "loginuid").write_text(loginuid, encoding="ascii")
    (home / "sessionid").write_text(session, encoding="ascii")
    (home / "cwd").symlink_to("/srv/web (deleted)")


def test_context_is_read_only_on_request(tmp_path: Path) -> None:
    boot(tmp_path)
    process(tmp_path, 50)
    add_context(tmp_path)
    plain, asked = one(tmp_path), processes.facts([50], str(tmp_path), context=True)[50]
    assert (plain.descriptor_limit, plain.cwd, plain.login_uid, plain.login_session) == (None, None, None, None)
    assert (asked.descriptor_limit, asked.cwd, asked.login_uid, asked.login_user) == (1024, "/srv/web (deleted)", 0, "root")
    assert (asked.login_session, asked.state, plain.state) == (7, "sleeping", "sleeping")
    assert failures.take() == ()


def test_what_no_login_started_has_no_session(tmp_path: Path) -> None:
    process(tmp_path, 50)
    add_context(tmp_path, limit="unlimited", loginuid="4294967295", session="4294967295")
    asked = processes.facts([50], str(tmp_path), context=True)[50]
    assert (asked.descriptor_limit, asked.login_uid, asked.login_user, asked.login_session) == (None, None, None, None)


def test_context_that_fails_is_noted_unless_the_kernel_has_no_such_file(tmp_path: Path) -> None:
    boot(tmp_path)
    process(tmp_path, 50)
    add_context(tmp_path)
    (tmp_path / "50" / "sessionid").unlink()
    (tmp_path / "50" / "limits").unlink()
    (tmp_path / "50" / "limits").mkdir()
    asked = processes.facts([50], str(tmp_path), context=True)[50]
    assert (asked.descriptor_limit, asked.login_uid, asked.login_session) == (None, 0, None)
    (notice,) = failures.take()
    assert notice.message == "limits of process 50 could not be read (Is a directory)"


@pytest.mark.linux
def test_context_of_a_real_process_follows_its_descriptors_limit_and_signals(tmp_path: Path) -> None:
    import resource

    where = tmp_path / "gone"
    where.mkdir()
    child = subprocess.Popen(["cat", "-u"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0, cwd=where)
    try:
        wait_for_echo(child)
        resource.prlimit(child.pid, resource.RLIMIT_NOFILE, (77, 77))
        where.rmdir()
        os.kill(child.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED)
        found = processes.facts([child.pid], context=True)[child.pid]
        counted = len(os.listdir(f"/proc/{child.pid}/fd"))
        assert (found.state, found.descriptor_limit, found.cwd) == ("stopped", 77, f"{where} (deleted)")
        assert found.descriptors == (counted if os.stat("/proc/self/fd").st_size else None)
    finally:
        os.kill(child.pid, signal.SIGCONT)
        child.communicate()


@pytest.mark.linux
@pytest.mark.root
@as_root
def test_the_login_that_started_a_process_is_named() -> None:
    """Writing loginuid is what pam_loginuid(8) does, and makes the kernel number a session."""
    if not os.path.exists("/proc/self/loginuid"):
        pytest.skip("this kernel keeps no login uid (CONFIG_AUDIT)")
    login = "echo 65534 > /proc/self/loginuid && exec cat -u"
    child = subprocess.Popen(["sh", "-c", login], stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    try:
        wait_for_echo(child)
        found = processes.facts([child.pid], context=True)[child.pid]
        assert (found.uid, found.login_uid, found.login_user) == (0, 65534, "nobody")
        assert found.login_session == int(Path(f"/proc/{child.pid}/sessionid").read_text())
    finally:
        child.communicate()


def test_facts_that_fail_are_noted_and_the_others_stay(tmp_path: Path) -> None:
    boot(tmp_path)
    process(tmp_path, 50)
    (tmp_path / "50" / "cgroup").unlink()
    (tmp_path / "50" / "cgroup").mkdir()
    found = one(tmp_path)
    assert (found.name, found.unit) == ("web", None)
    (notice,) = failures.take()
    assert notice.message == "control group of process 50 could not be read (Is a directory)"
