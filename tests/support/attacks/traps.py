"""Paths at which a look-up by root waits for ever: `python -m tests.support.attacks.traps`.

Below a FUSE mount whose daemon reads requests and never answers: a bind mount of a network namespace that nothing else keeps,
made by an unprivileged user in a user and mount namespace of its own; a deleted executable; the root directory of a process;
the path of a unix socket. The path of another unix socket is below an autofs mount whose daemon never answers.

Facts: `healthy`; `exe` and `chrooted` with pid and port; `netns` with the namespace's inode and the pid whose mount namespace
has it; `unix` with the paths by kind of mount; `touched`, a file with a line for each request to the FUSE and autofs daemons.

Without `allow_other`, and for a mount of a user namespace, the kernel refuses root at once: such a mount is no trap.
"""

import os
import shutil
import signal
import socket
import sys
from contextlib import suppress
from pathlib import Path
from typing import Any

from tests.support import fuse
from tests.support.attacks import program

_CLONE_NEWNS, _CLONE_NEWUSER, _CLONE_NEWNET = 0x20000, 0x10000000, 0x40000000
_MS_BIND = 0x1000
_kept: list[socket.socket] = []


def unix_listener(directory: Path) -> Path:
    """Bind a unix socket in a directory over which a mount will lie."""
    directory.mkdir()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(directory / "socket"))
    listener.listen()
    _kept.append(listener)
    return directory / "socket"


def mount_autofs(path: Path, log: Path) -> None:
    """Mount autofs with a daemon that notes the request for each access and never answers. This process group sees through."""
    os.setpgid(0, 0)
    reader, writer = os.pipe()
    options = f"fd={writer},pgrp={os.getpgrp()},minproto=5,maxproto=5,indirect"
    program.mount("portsock-test", path, "autofs", options=options)

    def note() -> None:
        os.close(writer)
        while os.read(reader, 4096):
            with log.open("a", encoding="utf-8") as file:
                file.write("autofs\n")

    program.spawn(lambda: 0, "autofs-daemon", then=note)


def below_user_namespace(path: Path) -> dict[str, int]:
    """Mount a network namespace at `path` that only this mount keeps, as an unprivileged user."""

    def work() -> int:
        program.check(program.libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWNET))
        inode = os.stat("/proc/self/ns/net").st_ino
        program.mount("/proc/self/ns/net", path, "none", _MS_BIND)
        program.check(program.libc.unshare(_CLONE_NEWNET))
        return inode

    pid, inode = program.spawn(work, "netns-trap", program.NOBODY)
    return {"pid": pid, "inode": inode}


def running(executable: Path) -> dict[str, int]:
    """Start a process with a listener that runs this copy of sleep(1)."""
    listener, port = program.listen()
    pid = os.posix_spawn(
        executable,
        [executable.name, str(fuse.LIFETIME)],
        dict(os.environ),
        file_actions=[(os.POSIX_SPAWN_DUP2, listener.fileno(), 100)],
    )
    listener.close()
    program.await_state([pid], "S")
    return {"pid": pid, "port": port}


def chrooted(path: Path, socket_directory: Path) -> dict[str, Any]:
    """Start a process whose root directory is `path`, with a TCP and a unix listener."""
    bound = []

    def work() -> None:
        bound.append(unix_listener(socket_directory))
        os.chroot(path)

    return {**program.listening_process(work, "chrooted"), "path": str(socket_directory / "socket")}


def main() -> None:
    program.limit()
    with program.private_directory() as directory:
        directory.chmod(0o755)
        paths = {kind: str(unix_listener(directory / kind)) for kind in ("fuse", "autofs")}
        log = directory / "log"
        files = {"ns": b"", "prog": Path(shutil.which("sleep") or "/bin/sleep").read_bytes(), "dir/": b""}
        mount = fuse.start(directory / "fuse", files, log)
        program.await_state([mount.daemon], "S")
        executable = running(mount.path / "prog")
        facts = {
            "netns": below_user_namespace(mount.path / "ns"),
            "exe": executable,
            "chrooted": chrooted(mount.path, directory / "outside"),
            "healthy": program.healthy(3),
        }
        (mount.path / "prog").unlink()
        mount_autofs(directory / "autofs", log)
        mount.mute()
        try:
            program.serve({**facts, "unix": paths, "touched": str(log)})
        finally:
            with suppress(ProcessLookupError):
                os.kill(executable["pid"], signal.SIGKILL)
            with suppress(ChildProcessError):
                mount.end()
            program.libc.umount2(os.fsencode(directory / "autofs"), 2)


if __name__ == "__main__":
    main(*sys.argv[1:])
