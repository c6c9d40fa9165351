"""Real servers, restarted and changed, with what portsock says of each: run by `trial()` in namespaces of their own.

Run inside it prints a line of JSON for each case: its name, the exit status, kinds of changes and codes of what was blind.
"""

import json
import os
import pwd
import random
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

NEEDED = ("nginx", "redis-server", "dnsmasq", "postgres", "initdb", "unshare", "setpriv")
_DEBIAN = sorted(map(str, Path("/usr/lib/postgresql").glob("*/bin")), reverse=True)
_PATH = os.pathsep.join([os.environ.get("PATH", ""), "/usr/sbin", *_DEBIAN])
_UNPRIVILEGED = 65534
_PICKED = """
import socket, sys, time
held = socket.create_server(("127.0.0.1", 0)), socket.socket(type=socket.SOCK_DGRAM)
held[1].bind(("0.0.0.0", 0))
time.sleep(3600)
"""


def found(name: str) -> str | None:
    """Return the path of a server's program, or None."""
    return shutil.which(name, path=_PATH)


def trial(restarts: int) -> list[dict[str, Any]]:
    """Run the servers in new network, PID and mount namespaces, and return what portsock said in each case."""
    inside = ["unshare", "--net", "--pid", "--fork", "--mount", "--mount-proc", "--kill-child", "--"]
    command = [*inside, sys.executable, "-m", "tests.support.servers", str(restarts)]
    root = Path(__file__).parents[2]
    done = subprocess.run(command, capture_output=True, text=True, cwd=root, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


class Servers:
    """The servers, and how each is started now."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self.dice = random.Random(1)  # noqa: S311 - a trial has to be repeatable
        self.redis = shutil.copy(str(found("redis-server")), folder / "redis-server")
        self.bind, self.redis_user, self.dual, self.workers = "127.0.0.1", 0, False, 2
        self.data = folder / "data"
        self.data.mkdir()
        shutil.chown(self.data, "postgres", "postgres")
        _as_user(pwd.getpwnam("postgres").pw_uid, str(found("initdb")), "-D", str(self.data), "-A", "trust", "--no-sync")

    def start(self) -> None:
        """Start all servers in a random order, and wait until they listen."""
        names = ["nginx", "redis", "postgres", "dnsmasq", "picked"]
        self.dice.shuffle(names)
        for name in names:
            self.running[name] = subprocess.Popen(
                getattr(self, f"_{name}")(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd=self.folder
            )
        for port in (8080, 6379, 5432, 53):
            _wait(lambda port=port: _answers(port))
        _wait(lambda: _children(self.running["nginx"].pid) == self.workers)
        time.sleep(0.3)

    def stop(self) -> None:
        """Stop all servers, and wait until they have ended."""
        for process in self.running.values():
            process.terminate()
        for process in self.running.values():
            process.wait(30)

    def restart(self) -> None:
        """Start them anew: other pids, another order, another number of workers, sockets for one family or for both."""
        self.stop()
        self.dual, self.workers = not self.dual, self.dice.randint(1, 4)
        self.start()

    def _nginx(self) -> list[str]:
        listen = "listen [::]:8080 ipv6only=off;" if self.dual else "listen 0.0.0.0:8080; listen [::]:8080 ipv6only=on;"
        (self.folder / "nginx.conf").write_text(
            f"daemon off; worker_processes {self.workers}; user nobody nogroup; pid {self.folder}/nginx.pid;"
            f"error_log /dev/null; events {{}} http {{ access_log off; server {{ {listen} }} }}\n"
        )
        return [str(found("nginx")), "-c", str(self.folder / "nginx.conf")]

    def _redis(self) -> list[str]:
        words = [str(self.redis), "--port", "6379", "--bind", *self.bind.split(), "--save", "", "--protected-mode", "no"]
        return [*_drop(self.redis_user), *words]

    def _postgres(self) -> list[str]:
        options = ["-c", "listen_addresses=127.0.0.1,::1", "-c", f"unix_socket_directories={self.data}"]
        return [*_drop(pwd.getpwnam("postgres").pw_uid), str(found("postgres")), "-D", str(self.data), "-F", *options]

    def _dnsmasq(self) -> list[str]:
        options = ["--keep-in-foreground", "--conf-file=/dev/null", "--no-resolv", "--no-hosts", "--bind-interfaces"]
        return [str(found("dnsmasq")), *options, "--listen-address=127.0.0.1,::1", "--user=nobody", "--pid-file="]

    def _picked(self) -> list[str]:
        return [sys.executable, "-c", _PICKED]


def _drop(uid: int) -> list[str]:
    return ["setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", "--"] if uid else []


def _as_user(uid: int, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*_drop(uid), *command], capture_output=True, text=True, check=True, timeout=120)


def _answers(port: int) -> bool:
    with socket.socket() as client:
        return client.connect_ex(("127.0.0.1", port)) == 0


def _children(pid: int) -> int:
    return len(Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def _wait(ready: Any) -> None:
    until = time.monotonic() + 30
    while not ready():
        assert time.monotonic() < until, "a server does not start"
        time.sleep(0.02)


def _capture(path: Path, uid: int = 0) -> None:
    path.write_text(_as_user(uid, sys.executable, "-m", "portsock", "sockets", "--json", "--no-config").stdout)


def _report(case: str, *arguments: str, uid: int = 0) -> None:
    command = [*_drop(uid), sys.executable, "-m", "portsock", "diff", "--json", "--no-config", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    answer = json.loads(done.stdout)
    changes = [(change["kind"], change["subject"]["port"]) for change in answer["changes"]]
    blind = sorted({(each["code"], each["side"]) for each in answer["blind"]})
    print(json.dumps({"case": case, "status": done.returncode, "changes": changes, "blind": blind}), flush=True)


def main(arguments: Sequence[str]) -> None:
    """Run all cases."""
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    with tempfile.TemporaryDirectory() as text:
        folder = Path(text)
        folder.chmod(0o755)
        servers = Servers(folder)
        servers.start()
        base, unseen = folder / "base.json", folder / "unseen.json"
        _capture(base)
        for _ in range(int(arguments[0])):
            servers.restart()
            _report("restart", str(base))
        _capture(unseen, _UNPRIVILEGED)
        servers.restart()
        _report("nobody before", str(unseen))
        _report("nobody before, programs left out", "--owners", "none", str(unseen))
        _report("nobody after", str(base), uid=_UNPRIVILEGED)
        _change(servers, str(base))
        servers.stop()


def _change(servers: Servers, base: str) -> None:
    """Change one thing at a time."""
    further = socket.create_server(("127.0.0.1", 9999))
    _report("a new listener", base)
    further.close()
    for case, field, value in (
        ("loopback to all", "bind", "0.0.0.0"),
        ("another user", "redis_user", _UNPRIVILEGED),
        ("another binary", "redis", shutil.copy(servers.redis, servers.folder / "redis-other")),
    ):
        usual = getattr(servers, field)
        setattr(servers, field, value)
        servers.restart()
        _report(case, base)
        setattr(servers, field, usual)
    servers.restart()
    shutil.copy(servers.redis, servers.folder / "new")
    (servers.folder / "new").rename(servers.redis)
    _report("a binary replaced while it runs", base)
    servers.running["redis"].terminate()
    servers.running["redis"].wait(30)
    _report("a server that ended", base)


if __name__ == "__main__":
    main(sys.argv[1:])
