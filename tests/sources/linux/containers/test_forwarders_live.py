"""Real processes that are, or pretend to be, port forwarders; beside a container store that a mount namespace hides."""

import json
import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.sources.linux.containers.test_container_names import ID, web
from tests.support.live import as_root, on_linux, run, tool

pytestmark = [on_linux, as_root, pytest.mark.linux, pytest.mark.root]
WHERE = ["-proto", "tcp", "-host-ip", "0.0.0.0", "-host-port", "8080", "-container-ip", "172.17.0.2", "-container-port", "80"]
NOBODY = 65534
STORE = """
mount -t tmpfs none /var/lib && mkdir -p /var/lib/docker/containers/$1 && ip link set lo up || exit
printf %s "$2" > /var/lib/docker/containers/$1/config.v2.json
shift 2
exec "$@"
"""
HOLD = """
import os, socket, subprocess, sys
uid, caller, delete, *command = sys.argv[1:]
server = socket.create_server(("127.0.0.1", 0))
port = str(server.getsockname()[1])
def become():
    os.setgroups([]); os.setgid(int(uid)); os.setuid(int(uid))
how = {"executable": command[0], "stdin": -1, "stdout": -1, "pass_fds": [server.fileno()], "preexec_fn": become}
with subprocess.Popen(command[1:], **how) as holder:
    holder.stdout.readline()
    server.close()
    if delete == "yes":
        os.unlink(command[0])
    for asked in ("ports", "explain"):
        code = f"import os; os.geteuid = lambda: {caller}; from portsock.cli.main import run; run(['{asked}', '{port}'])"
        subprocess.run([sys.executable, "-c", code], check=True)
    holder.kill()
"""
STARTED = "echo started; read line"


def seen(command: Sequence[str], uid: int = 0, delete: bool = False, caller: int = 0) -> str:
    """Return what `ports` and `explain` say to `caller` of a port that this command (executable, arguments) holds."""
    own = [tool("unshare"), "--net", "--mount", "sh", "-c", STORE, "sh", ID, json.dumps(web())]
    done = run([*own, sys.executable, "-c", HOLD, str(uid), str(caller), "yes" if delete else "no", *command])
    assert done.returncode == 0, done.stderr
    return " ".join(done.stdout.split())


@pytest.fixture
def shell(tmp_path: Path) -> Path:
    """A shell called docker-proxy, in a directory that everyone may enter."""
    for directory in (tmp_path, tmp_path.parent, tmp_path.parent.parent):
        directory.chmod(0o755)
    program = tmp_path / "docker-proxy"
    shutil.copy(os.path.realpath("/bin/sh"), program)
    return program


@pytest.mark.parametrize("delete", [False, True])
def test_roots_docker_proxy_is_shown_with_its_container(shell: Path, delete: bool) -> None:
    text = seen([str(shell), "x", "-c", STARTED, *WHERE], delete=delete)
    assert " -> 172.17.0.2:80 (web)" in text
    assert "forwards it to 172.17.0.2:80 (web)." in text
    assert "docker stop web" in text


def test_arguments_of_a_docker_proxy_stop_no_container() -> None:
    """The attack on 0.1.0: it advised 'docker stop web'."""
    text = seen([os.path.realpath("/bin/sh"), "/usr/bin/docker-proxy", "-c", STARTED, *WHERE], NOBODY)
    assert "172.17.0.2:80 (web)" not in text
    assert "docker stop" not in text
    assert "Next" in text
    assert "kill " in text


def test_a_users_program_called_docker_proxy_stops_no_container_of_the_system(shell: Path) -> None:
    text = seen([str(shell), "docker-proxy", "-c", STARTED, *WHERE], NOBODY)
    assert "forwards it to 172.17.0.2:80." in text
    assert "web" not in text
    assert "sudo -u nobody env -C / DOCKER_HOST=unix:///run/user/65534/docker.sock docker ps" in text
    assert "sudo -u nobody" in text


def test_the_user_needs_no_sudo_for_own_containers(shell: Path) -> None:
    text = seen([str(shell), "docker-proxy", "-c", STARTED, *WHERE], NOBODY, caller=NOBODY)
    assert "Next docker ps find the container to stop" in text


def test_a_set_user_id_program_under_another_name_is_no_forwarder(shell: Path) -> None:
    """A hard link gives it the name (fs.protected_hardlinks=0), and its user chooses the arguments."""
    shell.chmod(0o4755)
    text = seen([str(shell), "docker-proxy", "-p", "-c", STARTED, *WHERE], NOBODY)
    assert "user root" in text
    assert "172.17.0.2" not in text.partition("Next")[2]
    assert "-> 172.17" not in text
    assert "docker stop" not in text


def test_root_of_another_pid_namespace_is_no_forwarder_of_this_host(shell: Path) -> None:
    inside = [tool("unshare"), "unshare", "--pid", "--fork", "--kill-child", str(shell), "-c", STARTED, *WHERE]
    text = seen(inside)
    assert "docker-proxy[" in text
    assert "-> 172.17" not in text
    assert "docker stop" not in text
