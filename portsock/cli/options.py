"""The options, each declared once. A command takes whole groups; `flatten` shows Typer the single options."""

import inspect
from collections.abc import Callable
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer


def flag(*names: str, help: str, panel: str, hidden: bool = False) -> Any:
    return typer.Option(*names, help=help, rich_help_panel=panel, hidden=hidden)


def value(*names: str, metavar: str, help: str, panel: str) -> Any:
    return typer.Option(*names, metavar=metavar, help=help, rich_help_panel=panel)


WHAT, FILTER, OUTPUT = "What", "Filter", "Output"

Targets = Annotated[
    list[str] | None, typer.Argument(metavar="[TARGET]...", help="Ports, endpoints, networks, pid:N, proc:NAME, ...")
]


Color = Annotated[str, value("--color", metavar="WHEN", help="auto, always or never", panel=OUTPUT)]


class Collecting(NamedTuple):
    """Where the data is from."""

    netns: Annotated[
        list[str] | None, value("--netns", "-N", metavar="NAME|PID|all", help="network namespaces", panel=WHAT)
    ] = None
    captures: Annotated[
        list[str] | None, value("--from", metavar="[HOST=]FILE|-", help="read a captured listing", panel=WHAT)
    ] = None
    from_format: Annotated[
        str | None, value("--from-format", metavar="FORMAT|help", help="its format, if not detected", panel=WHAT)
    ] = None
    backend: Annotated[str | None, value("--backend", metavar="NAME", help="netlink, procfs or psutil", panel=WHAT)] = None
    owners: Annotated[str, value("--owners", metavar="HOW", help="auto, none, walk or bpf", panel=WHAT)] = "auto"
    resolve: Annotated[bool, flag("--resolve", help="ask DNS for host names", panel=WHAT)] = False
    strict: Annotated[bool, flag("--strict", help="exit 3 where something could not be seen", panel=WHAT)] = False
    verbose: Annotated[bool, flag("--verbose", "-v", help="say on stderr how it was collected", panel=WHAT)] = False


class Selecting(NamedTuple):
    """Which sockets."""

    listening: Annotated[bool, flag("--listening", "-l", help="listeners and unconnected UDP", panel=FILTER)] = False
    established: Annotated[bool, flag("--established", help="established connections", panel=FILTER)] = False
    state: Annotated[
        list[str] | None, value("--state", metavar="STATE", help="in any tool's spelling, or a group", panel=FILTER)
    ] = None
    ipv4: Annotated[bool, flag("-4", "--ipv4", help="IPv4", panel=FILTER)] = False
    ipv6: Annotated[bool, flag("-6", "--ipv6", help="IPv6", panel=FILTER)] = False
    tcp: Annotated[bool, flag("--tcp", "-t", help="TCP", panel=FILTER)] = False
    udp: Annotated[bool, flag("--udp", "-u", help="UDP and UDP-Lite", panel=FILTER)] = False
    unix: Annotated[bool, flag("--unix", "-x", help="unix sockets", panel=FILTER)] = False
    raw: Annotated[bool, flag("--raw", "-w", help="raw and ICMP sockets", panel=FILTER)] = False
    all_families: Annotated[bool, flag("--all-families", help="every family there is", panel=FILTER)] = False
    local: Annotated[list[str] | None, value("--local", metavar="T", help="this local end", panel=FILTER)] = None
    remote: Annotated[list[str] | None, value("--remote", metavar="T", help="this remote end", panel=FILTER)] = None
    port: Annotated[list[str] | None, value("--port", metavar="N[-M]", help="a port", panel=FILTER)] = None
    pid: Annotated[list[str] | None, value("--pid", metavar="N", help="held by this process", panel=FILTER)] = None
    process: Annotated[
        list[str] | None, value("--process", metavar="GLOB", help="held by a process so named", panel=FILTER)
    ] = None
    user: Annotated[list[str] | None, value("--user", metavar="USER", help="held by this user", panel=FILTER)] = None
    exclude: Annotated[list[str] | None, value("--exclude", metavar="TARGET", help="leave these out", panel=FILTER)] = None
    exact: Annotated[bool, flag("--exact", help="an endpoint finds no wildcard socket", panel=FILTER)] = False
    all: Annotated[bool, flag("--all", "-a", help="also ports that only connections use", panel=FILTER)] = False


class Printing(NamedTuple):
    """How the answer is printed."""

    json: Annotated[bool, flag("--json", help="JSON, schema portsock/1", panel=OUTPUT)] = False
    jsonl: Annotated[bool, flag("--jsonl", help="one JSON object a line", panel=OUTPUT)] = False
    csv: Annotated[bool, flag("--csv", help="comma-separated values", panel=OUTPUT)] = False
    format: Annotated[
        str | None, value("--format", metavar="NAME", help="a layout of tabulate: github, html ...", panel=OUTPUT)
    ] = None
    columns: Annotated[str | None, value("--columns", metavar="A,B|help", help="which columns, in order", panel=OUTPUT)] = None
    sort: Annotated[str | None, value("--sort", metavar="[-]COLUMN", help="order of the rows", panel=OUTPUT)] = None
    no_header: Annotated[bool, flag("--no-header", "-H", help="no header line", panel=OUTPUT)] = False
    counting: Annotated[bool, flag("--count", help="only how many", panel=OUTPUT)] = False
    pids: Annotated[bool, flag("--pids", help="bare PIDs, for kill and xargs", panel=OUTPUT)] = False
    numeric: Annotated[bool, flag("--numeric", "-n", help="no service or host names", panel=OUTPUT)] = False
    wide: Annotated[bool, flag("--wide", "-W", help="never shorten a column", panel=OUTPUT)] = False
    color: Color = "auto"
    extended: Annotated[bool, flag("-e", help="accepted: --columns tells more", panel=OUTPUT, hidden=True)] = False
    processes: Annotated[bool, flag("-p", help="accepted: owners are always shown", panel=OUTPUT, hidden=True)] = False


class Details(NamedTuple):
    """What `sockets` asks of the kernel only then."""

    info: Annotated[bool, flag("--info", "-i", help="TCP details: rtt, retransmits, bytes", panel=WHAT)] = False
    timers: Annotated[bool, flag("--timers", "-o", help="pending timers", panel=WHAT)] = False
    memory: Annotated[bool, flag("--memory", "-m", help="buffer memory", panel=WHAT)] = False


def _configure(ctx: typer.Context, without: bool) -> None:
    """Take defaults from the configuration file, before any other option is read; without a file this is one stat(2)."""
    import os
    import stat

    environ = ctx.obj.environ if ctx.obj else os.environ
    base = environ.get("XDG_CONFIG_HOME", "")
    path = f"{base if base.startswith('/') else os.path.expanduser('~/.config')}/portsock/config.toml"
    try:
        if without or not stat.S_ISREG(os.stat(path).st_mode):
            return
    except OSError:
        return
    from portsock.cli.config import load

    ctx.default_map = load(path, ctx.info_name or "")


_NO_CONFIG = Annotated[
    bool,
    typer.Option(
        "--no-config", is_eager=True, callback=_configure, help="ignore the configuration file", rich_help_panel=OUTPUT
    ),
]
"""Every command's own. Eager: its callback must run before options are given their defaults."""


def flatten(command: Callable[..., int]) -> Callable[..., int]:
    """The command as Typer sees it: parameters that are option groups replaced by the options in them."""
    hints = get_type_hints(command, include_extras=True)
    groups: dict[str, type] = {}
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        group = hints[name]
        if isinstance(group, type) and hasattr(group, "_fields"):
            groups[name] = group
            parameters += _options(group)
        else:
            parameters.append(parameter.replace(annotation=group, kind=inspect.Parameter.KEYWORD_ONLY))

    parameters.append(inspect.Parameter("no_config", inspect.Parameter.KEYWORD_ONLY, default=False, annotation=_NO_CONFIG))

    def call(**values: Any) -> int:
        del values["no_config"]
        for name, group in groups.items():
            values[name] = group(**{field: values.pop(field) for field in group._fields})  # type: ignore[attr-defined]
        return command(**values)

    call.__name__ = command.__name__
    call.__doc__ = command.__doc__
    call.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    return call


def _options(group: Any) -> list[inspect.Parameter]:
    hints = get_type_hints(group, include_extras=True)
    defaults = group._field_defaults
    return [
        inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=defaults[name], annotation=hints[name])
        for name in group._fields
    ]
