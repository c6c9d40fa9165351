"""A policy written from a host with listeners of all kinds in four network namespaces, and violations made for real."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.support.live import as_root, on_linux, portsock, takes_long, tool, waiting

pytestmark = [on_linux, as_root, pytest.mark.linux, pytest.mark.root]

LISTENERS = [sys.executable, str(Path(__file__).parents[1] / "support" / "listeners.py")]
OF_ALL_KINDS = (
    "tcp:0.0.0.0:7001", "tcp6only:[::]:7001", "tcp:[::]:7002", "tcp:127.0.0.1:7003", "tcp:[::1]:7003", "udp:0.0.0.0:7004",
    "udp:[::]:7005", "udp:127.0.0.1:7006", "tcp:127.0.0.1:0", "udp:0.0.0.0:0",
)  # fmt: skip


class Lab(NamedTuple):
    """A network namespace for portsock to be in, three more by name, and the file with the policy of all four."""

    pid: int
    names: list[str]
    policy: Path
    stack: ExitStack

    def start(self, *arguments: str) -> Any:
        """Start a program with these sockets, until the test ends; 'in:NAME' in front names another network namespace."""
        where = f"/proc/{self.pid}/ns/net"
        if arguments[0].startswith("in:"):
            where = f"/run/netns/{arguments[0].removeprefix('in:')}"
            arguments = arguments[1:]
        enter = [tool("nsenter"), f"--net={where}", "--"]
        return self.stack.enter_context(waiting([*enter, *LISTENERS, *arguments]))


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as stack:
        names = [f"check-{os.getpid()}-{letter}" for letter in "abc"]
        for name in names:
            done = subprocess.run(["ip", "netns", "add", name], capture_output=True, text=True, check=False)
            if done.returncode:
                pytest.skip(f"ip netns add: {done.stderr.strip()}")
            stack.callback(subprocess.run, ["ip", "netns", "delete", name], check=False)
            subprocess.run(["ip", "-n", name, "link", "set", "lo", "up"], check=True)
        loopback = 'ip link set lo up && exec "$@"'
        own = stack.enter_context(
            waiting([tool("unshare"), "--net", "--", "sh", "-c", loopback, "sh", *LISTENERS, *OF_ALL_KINDS])
        )
        found = Lab(own["pid"], names, tmp_path / "policy.yaml", stack)
        for name in names:
            found.start(f"in:{name}", *OF_ALL_KINDS)
        yield found


def words(lab: Lab) -> list[str]:
    """Return the options that choose the namespaces of the lab alone."""
    return [word for name in (str(lab.pid), *lab.names) for word in ("--netns", name)]


def test_what_write_prints_holds_on_forty_listeners_in_four_namespaces_and_each_violation_is_found(
    lab: Lab, tmp_path: Path
) -> None:
    chosen = words(lab)
    written = portsock("check", "--write", *chosen, pid=lab.pid)
    assert written.returncode == 0
    lab.policy.write_text(written.stdout)
    held = portsock("check", str(lab.policy), *chosen, pid=lab.pid)
    assert (held.returncode, held.stdout) == (0, f"no violation, {pass_count(held.stdout)} pass: {lab.policy} holds\n"), held
    assert pass_count(held.stdout) >= 30
    copy = tmp_path / "intruder"
    shutil.copy(os.path.realpath(sys.executable), copy)
    blue = f"in:{lab.names[0]}"
    violations = {
        "7101/tcp on all IPv4 addresses": ("tcp:0.0.0.0:7101",),
        "7102/tcp on all addresses": ("tcp:[::]:7102",),
        "7103/tcp on all IPv6 addresses": ("tcp6only:[::]:7103",),
        "7104/tcp on 127.0.0.1": ("tcp:127.0.0.1:7104",),
        "7105/tcp on ::1": ("tcp:[::1]:7105",),
        "7106/udp on all IPv4 addresses": ("udp:0.0.0.0:7106",),
        "7107/udp on 127.0.0.1": ("udp:127.0.0.1:7107",),
        "7001/udp on 127.0.0.1": ("udp:127.0.0.1:7001",),
        "7003/tcp on 127.0.0.2": ("user:65534", "tcp:127.0.0.2:7003"),
        "7006/udp on all IPv6 addresses": ("udp6only:[::]:7006",),
        "7004/tcp on 127.0.0.1": ("tcp:127.0.0.1:7004",),
        f"7108/tcp on all IPv4 addresses in {lab.names[0]}": (blue, "tcp:0.0.0.0:7108"),
        f"7109/udp on 127.0.0.1 in {lab.names[0]}": (blue, "udp:127.0.0.1:7109"),
        f"7003/tcp on 127.0.0.3 in {lab.names[0]}": (blue, "user:65534", "tcp:127.0.0.3:7003"),
        "7003/tcp on 127.0.0.4": (f"exec:{copy}", "tcp:127.0.0.4:7003"),
    }
    for opened in violations.values():
        lab.start(*opened)
    found = portsock("check", str(lab.policy), *chosen, "--json", pid=lab.pid)
    assert found.returncode == 1
    failed = [each["message"] for each in json.loads(found.stdout)["results"] if each["status"] == "fail"]
    missing = [what for what in violations if not any(message.startswith(f"{what} is held by ") for message in failed)]
    assert missing == []
    assert len(failed) == 15
    assert any(message.startswith("7003/tcp on 127.0.0.4 is held by intruder") for message in failed)


def pass_count(verdict: str) -> int:
    return int(verdict.partition(" pass")[0].rpartition(" ")[2])


@takes_long
def test_a_restart_in_another_order_is_no_violation(lab: Lab) -> None:
    written = portsock("check", "--write", "--netns", str(lab.pid), pid=lab.pid)
    lab.policy.write_text(written.stdout)
    more = lab.start("tcp:127.0.0.1:0", "udp:0.0.0.0:0")
    held = portsock("check", str(lab.policy), "--netns", str(lab.pid), pid=lab.pid)
    assert held.returncode == 0, (more, held.stdout)


def test_an_owner_that_another_user_cannot_see_is_unknown_and_never_a_pass(lab: Lab) -> None:
    os.chmod(lab.policy.parent, 0o755)  # noqa: S103 - another user reads it
    lab.policy.write_text("version: 1\nlisteners:\n  - {program: 'python*'}\n")
    held = portsock("check", str(lab.policy), pid=lab.pid)
    assert held.returncode == 0, held
    blind = portsock("check", "-", pid=lab.pid, uid=65534)
    assert blind.returncode == 2
    blind = portsock("check", str(lab.policy), pid=lab.pid, uid=65534)
    if "cannot be read" in blind.stderr:
        pytest.skip("the directory of tests is not for other users")
    assert blind.returncode == 3, blind
    assert "the owners were not seen: run it as root" in blind.stdout
