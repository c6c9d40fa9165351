"""Time and memory of big captured listings, beside a plain loop that splits rows and writes JSON, and beside jc.

The listings are made from one seeded list of connections, as ss, netstat, lsof and portsock itself print them: a server with
clients, its own connections to others, TIME_WAIT, loopback pairs, listeners.
"""

import importlib.util
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.bench.measure import in_turn

_MEMORY = 12 << 30
"""Bytes that a measured command may have."""
_EACH = 100
"""Rows for each process."""
_ROWS_OF_JC = 20_000
"""jc takes minutes for a million rows."""
_WINDOWS = {"LISTEN": "LISTENING", "ESTAB": "ESTABLISHED"}
_LINUX = {"ESTAB": "ESTABLISHED", "CLOSE-WAIT": "CLOSE_WAIT", "TIME-WAIT": "TIME_WAIT"}


class Row(NamedTuple):
    """A socket. `pid` is 0 where no process has it."""

    state: str
    local: str
    remote: str
    pid: int
    fd: int
    name: str
    inode: int


def rows(number: int, seed: int = 15) -> Iterator[Row]:
    """Yield TCP sockets: 2 in 100 listen, 60 are a server's, 16 go out, 10 are in TIME_WAIT, 12 have both ends here."""
    chance = random.Random(seed)  # noqa: S311 - the same listing in every run
    processes = [
        (1000 + index * 7, chance.choice(("nginx", "postgres", "java", "envoy"))) for index in range(number // _EACH + 1)
    ]
    near = None
    for index in range(number):
        pid, name = chance.choice(processes)
        kind = chance.randrange(100)
        port, fd = chance.randrange(32768, 61000), chance.randrange(3, 900)
        far = f"198.51.{chance.randrange(256)}.{chance.randrange(256)}"
        ours = f"192.0.2.{chance.randrange(1, 20)}"
        state = "ESTAB" if kind % 11 else "CLOSE-WAIT"
        if near is not None:
            yield Row("ESTAB", near[1], near[0], pid, fd, name, index + 5000)
            near = None
        elif kind < 2:
            yield Row("LISTEN", f"{ours}:{chance.randrange(1, 20000)}", "0.0.0.0:*", pid, fd, name, index + 5000)
        elif kind < 62:
            yield Row(state, f"{ours}:443", f"{far}:{port}", pid, fd, name, index + 5000)
        elif kind < 78:
            yield Row(state, f"{ours}:{port}", f"{far}:{chance.choice((443, 5432, 6379))}", pid, fd, name, index + 5000)
        elif kind < 93:
            yield Row("TIME-WAIT", f"{ours}:443", f"{far}:{port}", 0, 0, "", 0)
        else:
            near = (f"127.0.0.1:{port}", f"127.0.0.1:{chance.randrange(1, 20000)}")
            yield Row("ESTAB", *near, pid, fd, name, index + 5000)


def ss(found: Iterator[Row]) -> Iterator[str]:
    """Yield the lines of `ss -tanp`."""
    yield "State      Recv-Q Send-Q   Local Address:Port     Peer Address:Port  Process\n"
    for state, local, remote, pid, fd, name, _ in found:
        holder = f' users:(("{name}",pid={pid},fd={fd}))' if pid else ""
        yield f"{state:<10} 0      {128 if state == 'LISTEN' else 0:<8} {local:>22} {remote:>22}{holder}\n"


def netstat(found: Iterator[Row]) -> Iterator[str]:
    """Yield the lines of `netstat -tanp`."""
    yield "Active Internet connections (servers and established)\n"
    yield "Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name    \n"
    for state, local, remote, pid, _, name, _ in found:
        holder = f"{pid}/{name}" if pid else "-"
        yield f"tcp        0      0 {local:<23} {remote:<23} {_LINUX.get(state, state):<11} {holder:<20}\n"


def windows(found: Iterator[Row]) -> Iterator[str]:
    """Yield the lines of `netstat -ano` of Windows."""
    yield "\r\nActive Connections\r\n\r\n  Proto  Local Address          Foreign Address        State           PID\r\n"
    for state, local, remote, pid, *_ in found:
        far = "0.0.0.0:0" if remote[-1] == "*" else remote
        word = _WINDOWS.get(state, state.replace("-", "_"))
        yield f"  TCP    {local:<22} {far:<22} {word:<15} {pid}\r\n"


def lsof(found: Iterator[Row]) -> Iterator[str]:
    """Yield the lines of `lsof -i -nP`, which lists only what processes have."""
    yield "COMMAND      PID     USER   FD   TYPE     DEVICE SIZE/OFF NODE NAME\n"
    for state, local, remote, pid, fd, name, inode in found:
        if state != "TIME-WAIT":
            ends = local if remote[-1] == "*" else f"{local}->{remote}"
            word = {"ESTAB": "ESTABLISHED"}.get(state, state.replace("-", "_"))
            yield f"{name:<9} {pid:>6} www-data {fd:>4}u  IPv4 {inode:>10}      0t0  TCP {ends} ({word})\n"


LISTINGS: dict[str, Callable[[Iterator[Row]], Iterator[str]]] = {
    "ss -tanp": ss, "netstat -tanp": netstat, "netstat -ano (Windows)": windows, "lsof -i -nP": lsof,
}  # fmt: skip
COMMANDS = {"ports": ("ports",), "count": ("sockets", "--count"), "json": ("sockets", "--json"), "table": ("sockets",)}
_OWN = {"own --json": "--json", "own --jsonl": "--jsonl"}
_JC = {"ss -tanp": "ss", "netstat -tanp": "netstat", "netstat -ano (Windows)": "netstat", "lsof -i -nP": "lsof"}

_PLAIN = """
import json, sys
STATE, LOCAL, REMOTE, OWNER = PLACES

def end(text):
    host, _, port = text.rpartition(":")
    return {"kind": "inet", "address": host, "port": port, "service": None, "scope": None, "zone": None}

for line in open(sys.argv[1]):
    text = line.strip().rstrip(",").removesuffix("]}")
    if text[:1] == "{" and text[-1] == "}":
        print(json.dumps(json.loads(text), separators=(",", ":")))
    elif len(words := line.split()) > max(STATE, LOCAL, REMOTE):
        print(json.dumps({
            "family": "ipv4", "type": "stream", "protocol": "tcp", "state": words[STATE], "role": None,
            "local": end(words[LOCAL]), "remote": end(words[REMOTE]), "recv_q": words[1], "send_q": words[2], "uid": None,
            "user": None, "inode": None, "cookie": None, "interface": None, "v6only": None, "netns": None,
            "owner_status": "known", "owner_reason": None,
            "owners": [{"pid": word, "fd": None, "name": None, "user": None} for word in words[OWNER:]], "peer": None,
        }, separators=(",", ":")))
"""
"""Writes an object of the same keys for each row, without looking at anything."""
_PLACES = {
    "ss -tanp": (0, 3, 4, 5), "netstat -tanp": (5, 3, 4, 6), "netstat -ano (Windows)": (3, 1, 2, 4),
    "lsof -i -nP": (9, 8, 8, 1), "own --json": (99,) * 4, "own --jsonl": (99,) * 4,
}  # fmt: skip
_AS_A_CHILD = "import resource, sys; resource.setrlimit(resource.RLIMIT_AS, ({0}, {0})); {1}"


def listings(number: int, rounds: int, portsock: Sequence[str]) -> Iterator[tuple[list[str], list[list[str]]]]:
    """Yield a table for each listing of that many rows: rows a CPU second and bytes a row of each command, and of others."""
    with tempfile.TemporaryDirectory() as folder:
        paths: dict[str, Path] = {}
        for name, text in LISTINGS.items():
            paths[name] = Path(folder, f"{len(paths)}.txt")
            with paths[name].open("w", newline="") as out:
                out.writelines(text(rows(number)))
        for name, option in _OWN.items():
            paths[name] = Path(folder, f"{len(paths)}.json")
            _write(paths[name], [*portsock, "sockets", "--from", str(paths["ss -tanp"]), option])
        for name, path in paths.items():
            yield [name, "CPU s", "rows/s", "bytes a row", "of the loop"], _measure(name, path, number, rounds, portsock)


def _measure(name: str, path: Path, number: int, rounds: int, portsock: Sequence[str]) -> list[list[str]]:
    limited = [portsock[0], "-c", _AS_A_CHILD.format(_MEMORY, portsock[2])]
    code = f"PLACES = {_PLACES[name]}\n{_PLAIN}"
    commands: dict[str, Sequence[str]] = {"plain loop": [sys.executable, "-c", code, str(path)]}
    for title, words in COMMANDS.items():
        commands[title] = [*limited, *words, "--from", str(path)]
    found = in_turn(commands, rounds, warm=False)
    base = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    loop = found["plain loop"].cpu
    table = []
    for title, runs in found.items():
        bytes_a_row = max(runs.peak * 1e6 - base, 0) / number
        table.append([title, f"{runs.cpu:.2f}", f"{number / runs.cpu:,.0f}", f"{bytes_a_row:.0f}", f"{runs.cpu / loop:.2f}"])
    if name in _JC and importlib.util.find_spec("jc"):
        table.append(_jc(name, path, min(number, _ROWS_OF_JC)))
    return table


def _jc(name: str, path: Path, number: int) -> list[str]:
    head = path.with_suffix(".head")
    with path.open(newline="") as given, head.open("w", newline="") as out:
        out.writelines(line for line, _ in zip(given, range(number), strict=False))
    code = f"import jc, json, sys; print(json.dumps(jc.parse('{_JC[name]}', open(sys.argv[1]).read(), quiet=True)))"
    command = [sys.executable, "-c", code, str(head)]
    try:
        cpu = in_turn({"jc": command}, 1, warm=False)["jc"].cpu
    except RuntimeError:
        said = subprocess.run(command, capture_output=True, text=True, check=False).stderr.strip().splitlines()
        return [f"jc: fails: {said[-1][:100] if said else 'says nothing'}", "", "", "", ""]
    return [f"jc, {number:,} rows", f"{cpu:.2f}", f"{number / cpu:,.0f}", "", ""]


def _write(path: Path, command: Sequence[str]) -> None:
    with path.open("wb") as out:
        subprocess.run(command, stdout=out, check=True)
