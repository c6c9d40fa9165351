"""Compare portsock with ss, netstat, lsof and psutil on a host with many sockets.

Prints tables of median times, of ratios within one round, of peak memory, of growth and of start-up. As root everything runs
in a network namespace of its own.
"""

import argparse
import os
import shutil
import socket
import sys
from collections.abc import Mapping, Sequence

from tests.bench.listings import listings
from tests.bench.load import Load, Running, running
from tests.bench.measure import Runs, in_turn
from tests.bench.shapes import SHAPES, shaped
from tests.bench.startup import imports, system

_INSIDE = "PORTSOCK_BENCH_INSIDE"
_BARE = [sys.executable, "-c", "pass"]
_PORTSOCK = [sys.executable, "-c", "from portsock.__main__ import main; main()"]
"""The same as the console script."""


def portsock(*arguments: str) -> list[str]:
    return [*_PORTSOCK, *arguments]


def comparisons(port: int) -> list[tuple[list[str], list[list[str]]]]:
    """Return commands of portsock, each with commands of other tools that answer the same question."""
    psutil = [sys.executable, "-c", "import psutil; psutil.net_connections('tcp')"]
    listening = [["ss", "-Htulnp"], ["netstat", "-tulnp"], ["lsof", "-nP", "-iTCP", "-sTCP:LISTEN"]]
    return [
        (portsock("ports", "--listening"), listening),
        (portsock("ports", "--listening", "--owners", "walk"), listening),
        (portsock("sockets", "--tcp", "--json"), [["ss", "-Htanp"], psutil]),
        (portsock("sockets", "--tcp"), [["ss", "-tanp"], ["netstat", "-tanp"], ["lsof", "-nP", "-iTCP"]]),
        (portsock("explain", f"tcp/{port}"), [["lsof", "-nP", f"-iTCP:{port}"]]),
    ]


def named(command: Sequence[str]) -> str:
    """Return the command as tables show it."""
    if command[: len(_PORTSOCK)] == _PORTSOCK:
        return " ".join(["portsock", *command[len(_PORTSOCK) :]])
    return " ".join(["python", *command[1:]] if command[0] == sys.executable else command)


def compare(there: Running, rounds: int) -> None:
    """Print medians and ratios under this load."""
    pairs = comparisons(there.port)
    missing = sorted({peer[0] for _, peers in pairs for peer in peers if shutil.which(peer[0]) is None})
    if missing:
        print(f"not installed here, and left out: {', '.join(missing)}")
    pairs = [(own, [peer for peer in peers if peer[0] not in missing]) for own, peers in pairs]
    commands = {named(command): command for own, peers in pairs for command in (own, *peers)}
    found = in_turn(commands, rounds)
    table(["command", "seconds", "peak MB", "output MB"], [row_of(name, runs) for name, runs in found.items()])
    ratios = []
    for own, peers in pairs:
        ratios += [[named(own), named(peer), f"{found[named(own)].ratio(found[named(peer)]):.2f}"] for peer in peers]
    table(["portsock", "against", "ratio"], ratios)


def row_of(name: str, runs: Runs) -> list[str]:
    return [name, f"{runs.seconds:.3f}", f"{runs.peak:.0f}", f"{runs.runs[0].output / 1e6:.1f}"]


def grow(base: Load, rounds: int) -> None:
    """Print how time and memory grow with the load."""
    rows = []
    commands = {"json": portsock("sockets", "--tcp", "--json"), "ports": portsock("ports", "--listening")}
    for factor in (0.1, 1, 4):
        load = Load(base.processes, max(round(base.connections * factor), 1), round(base.files * factor))
        with running(load):
            for runs in in_turn(commands, rounds).values():
                each = runs.peak * 1e3 / load.sockets
                figures = [f"{runs.seconds:.3f}", f"{runs.peak:.0f}", f"{each:.2f}"]
                rows.append([named(runs.command), str(load.sockets), *figures])
    rows.sort(key=lambda row: (row[0], int(row[1])))
    table(["command", "sockets", "seconds", "peak MB", "kB a socket"], rows)


def shapes(names: Sequence[str], rounds: int) -> None:
    """Print the CPU time of portsock and of ss under loads of other shapes."""
    rows = []
    for name in names or SHAPES:
        shape = SHAPES[name]
        with shaped(shape):
            for arguments, peer in shape.questions:
                command = portsock(*arguments.split())
                own, other = in_turn({"own": command, "peer": peer.split()}, rounds).values()
                figures = [f"{own.cpu:.3f}", f"{other.cpu:.3f}", f"{own.cpu_ratio(other):.2f}", f"{own.peak:.0f}"]
                rows.append([shape.about, named(command), peer, *figures])
    table(["load", "portsock", "against", "CPU s", "its CPU s", "ratio", "peak MB"], rows)


def start(rounds: int) -> None:
    """Print start-up against the bare interpreter, and what is imported."""
    commands = {"bare": _BARE, "version": portsock("--version"), "ports": portsock("ports", "--listening")}
    with socket.create_server(("127.0.0.1", 0)):  # so that there is something to show
        found = in_turn(commands, rounds)
        packages = imports(commands["ports"])
    bare = found["bare"]
    rows = [[named(runs.command), f"{runs.seconds * 1e3:.1f}", f"{runs.ratio(bare):.2f}"] for runs in found.values()]
    table(["quiet host", "ms", "of bare"], rows)
    print("imported by portsock ports --listening, -X importtime:")
    top = list(packages.items())[:12]
    table(["package", "ms", "modules"], [[name, f"{spent:.1f}", str(number)] for name, (spent, number) in top])


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(row[column]) for row in (header, *rows)) for column in range(len(header))]
    for row in (header, *rows):
        first, *rest = zip(row, widths, strict=True)
        print("  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in rest)]))
    print()


def enter_namespace(environ: Mapping[str, str]) -> None:
    """As root, start this program again in a new network namespace."""
    if os.geteuid() != 0 or environ.get(_INSIDE) or not shutil.which("unshare"):
        return
    again = 'ip link set lo up && exec "$@"'
    os.environ[_INSIDE] = "1"
    command = ["unshare", "--net", "--", "sh", "-c", again, "sh", sys.executable, "-m", "tests.bench", *sys.argv[1:]]
    os.execvp(command[0], command)  # noqa: S606 - no user input reaches the shell


def main() -> None:
    default = Load()
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--processes", type=int, default=default.processes)
    parser.add_argument("--connections", type=int, default=default.connections, help="of each process, both ends in it")
    parser.add_argument("--files", type=int, default=default.files, help="plain descriptors of each process")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--shapes", nargs="*", choices=SHAPES, help="loads of other shapes instead, all or these")
    parser.add_argument("--listings", nargs="?", type=int, const=1_000_000, metavar="ROWS", help="captured listings instead")
    parser.add_argument("--only", choices=["compare", "growth", "startup"], help="one table instead of all")
    options = parser.parse_args()
    load = Load(options.processes, options.connections, options.files)
    try:
        load.check()
    except ValueError as error:
        parser.error(str(error))
    if options.listings is not None:
        print(system())
        for header, lines in listings(options.listings, min(options.rounds, 3), _PORTSOCK):
            table(header, lines)
        return
    enter_namespace(os.environ)
    print(system())
    if options.shapes is not None:
        shapes(options.shapes, options.rounds)
        return
    if options.only in {None, "startup"}:
        start(3 * options.rounds)
    if options.only in {None, "compare"}:
        print(f"{load.processes} processes, {load.sockets} TCP sockets, {load.descriptors} descriptors")
        with running(load) as there:
            compare(there, options.rounds)
    if options.only in {None, "growth"}:
        grow(load, min(options.rounds, 5))


if __name__ == "__main__":
    main()
