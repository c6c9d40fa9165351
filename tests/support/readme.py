"""Real output for the README: `python -m tests.support.readme` runs its console blocks and writes their output below them.

They run in namespaces of their own, in which nginx and redis run, too. Needs root, nginx, redis-server and nft.
"""

import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.live import ENVIRONMENT, ROOT

README = ROOT / "README.md"
RULES = """
table inet filter {
	set offices { type ipv4_addr; flags interval; elements = { 192.0.2.0/24 } }
	chain input {
		type filter hook input priority filter; policy drop;
		ct state established,related accept
		iifname "lo" accept
		ip saddr @offices tcp dport 80 accept
	}
}
"""
"""Rules that are there while a command runs that asks about them."""
RULED = ("--reach", "--source")
BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)
NGINX = """
worker_processes 2; pid {folder}/nginx.pid; error_log {folder}/error.log; user www-data;
events {{}}
http {{ access_log off; server {{ listen 80; listen [::]:80; return 200 "ok"; }} }}
"""


def commands(text: str) -> list[str]:
    """Return the commands of all console blocks, in order."""
    return [line[2:] for block in BLOCK.findall(text) for line in block.splitlines() if line.startswith("$ ")]


def regenerate(text: str) -> str:
    """Return the README with new output. A block of several commands shows commands only."""

    def replaced(match: re.Match[str]) -> str:
        lines = [line for line in match[1].splitlines() if line.startswith("$ ")]
        if len(lines) > 1:
            return match[0]
        with ruled(any(word in lines[0] for word in RULED)):
            done = subprocess.run(["sh", "-c", lines[0][2:]], capture_output=True, text=True, env=ENVIRONMENT)
        return f"```console\n{lines[0]}\n{done.stdout}{done.stderr}```"

    return BLOCK.sub(replaced, text)


@contextmanager
def ruled(wanted: bool) -> Iterator[None]:
    """Load the rules of the examples, and remove them afterwards."""
    if wanted:
        subprocess.run(["nft", "-f", "-"], input=RULES, text=True, check=True)
    yield
    if wanted:
        subprocess.run(["nft", "flush", "ruleset"], check=True)


@contextmanager
def servers() -> Iterator[None]:
    """Run nginx, redis and a client of redis."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder))
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "link", "add", "eth0", "type", "veth", "peer", "name", "eth1"], check=True)
    subprocess.run(["ip", "address", "add", "192.0.2.1/24", "dev", "eth0"], check=True)
    for device in ("eth0", "eth1"):
        subprocess.run(["ip", "link", "set", device, "up"], check=True)
    subprocess.run(["nginx", "-c", str(folder / "nginx.conf")], check=True)
    server = ["redis-server", "--bind", "127.0.0.1", "::1", "--save", "", "--dir", str(folder), "--logfile", os.devnull]
    with subprocess.Popen(server) as redis:
        time.sleep(1)
        with subprocess.Popen(["redis-cli", "subscribe", "news"], stdout=subprocess.DEVNULL) as client:
            time.sleep(0.5)
            yield
            client.terminate()
        redis.terminate()
    subprocess.run(["nginx", "-c", str(folder / "nginx.conf"), "-s", "stop"], check=True)
    shutil.rmtree(folder)


def again_inside(module: str) -> None:
    """Run a module of the tests, with the argument 'inside', in new network and PID namespaces."""
    tools = os.path.dirname(sys.executable)
    path = f"{tools}:/usr/sbin:{os.environ['PATH']}"
    again = ["unshare", "--net", "--pid", "--fork", "--mount-proc", sys.executable, "-m", module, "inside"]
    subprocess.run(again, check=True, cwd=ROOT, env={**os.environ, "PATH": path})


def main() -> None:
    if sys.argv[1:] != ["inside"]:
        again_inside("tests.support.readme")
        return
    with servers():
        README.write_text(regenerate(README.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    main()
