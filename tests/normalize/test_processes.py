"""procs --tree on the live system."""

import os
import subprocess
import sys

import pytest

LISTENER = """
import socket, sys
listener = socket.create_server(("127.0.0.1", 0))
print(listener.getsockname()[1], flush=True)
sys.stdin.read()
"""


def portsock(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "portsock", "procs", "--no-config", *words], capture_output=True, text=True, timeout=60
    )


@pytest.mark.linux
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs /proc")
def test_a_process_stands_under_its_ancestors() -> None:
    with subprocess.Popen([sys.executable, "-c", LISTENER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        port = child.stdout.readline().strip()
        rows = portsock("--tree", "-H", "--columns", "pid,name,ppid", f"tcp/{port}").stdout.splitlines()
        child.communicate()
    pids = [int(row.split()[0]) for row in rows]
    assert pids[-2:] == [os.getpid(), child.pid]
    assert rows[-1].index("└") == rows[-2].index("└") + 2


@pytest.mark.parametrize("option", [("--sort", "pid"), ("--count",)])
def test_a_tree_has_an_order_and_rows_of_its_own(option: tuple[str, ...]) -> None:
    done = portsock("--tree", *option)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(f"portsock: --tree and {option[0]} exclude each other")
