"""The options, each declared once: spelling, value, help, panel, what TAB completes, and under it its text in the manual.

The completions, the manual, --help and the configuration file derive from this; `python man/generate.py` and `python
completions/generate.py` name an option that lacks something.
"""

from typing import Annotated, Any, NamedTuple

from portsock.cli.declare import arguments, declared, flag, value

SOURCE, FILTER, BINDING, REACHING, OUTPUT = PANELS = ("Source", "Filter", "Binding", "Reaching", "Output")
"""Headings of --help and of the manual, in their order. The configuration file may set options of OUTPUT only."""

Text = str | None
Texts = list[str] | None

Targets = Annotated[Texts, arguments("[TARGET]...", help="Ports, endpoints, networks, pid:N, proc:NAME, ...")]
Sides = Annotated[Texts, arguments("OLD [NEW]", help="Captured listings; - is standard input. NEW is this system by default.")]


def _configure(ctx: Any, ignored: bool) -> bool:
    """Take defaults from the configuration file, before any other option is read; without a file this is one stat(2).

    Return the option's value.
    """
    import os

    from portsock.sources.system import find_configuration

    path = None if ignored else find_configuration(ctx.obj.environ if ctx.obj else os.environ)
    if path is not None:
        from portsock.cli.config import load

        ctx.default_map = load(path, ctx.info_name or "", _choosing_options())
    return ignored


Json = Annotated[bool, flag("--json", help="one JSON object", panel=OUTPUT)]
Color = Annotated[str, value("--color", metavar="WHEN", help="auto, always, never", panel=OUTPUT, completes="colors")]
Rules = Annotated[Texts, value("--rules", metavar="FILE", help="its packet filter", panel=SOURCE, completes="files")]
NoConfig = Annotated[bool, flag("--no-config", help="ignore config file", panel=OUTPUT, first=_configure)]


Numeric = Annotated[bool, flag("-n", "--numeric", help="numbers, not names", panel=OUTPUT)]
Strict = Annotated[bool, flag("--strict", help="exit 3 if incomplete", panel=OUTPUT)]
Verbose = Annotated[bool, flag("-v", "--verbose", help="say sources used", panel=OUTPUT)]
Spaces = Annotated[Texts, value("-N", "--netns", metavar="NAME", help="namespace, or 'all'", panel=SOURCE, completes="netns")]
FromFormat = Annotated[
    Text, value("--from-format", metavar="FORMAT", help="its format; 'help' lists them", panel=SOURCE, completes="inputs")
]
Backend = Annotated[
    Text,
    value("--backend", metavar="NAME", help="read sockets by netlink, procfs or psutil", panel=SOURCE, completes="backends"),
]
OwnerSearch = Annotated[str, value("--owners", metavar="HOW", help="how to find owners", panel=SOURCE, completes="owners")]


class Collecting(NamedTuple):
    """Options for the source of the data, and for gaps in them."""

    netns: Spaces = None
    """Look into another network namespace: one by its name in ip-netns(8), that of a process by its PID, one by its number as
    in 'net:[4026532180]' or by the number alone, or 'all' of them. 'all' and a number find also a namespace to which only a
    socket leads, which a process holds that is in another one. May be repeated. Entering another namespace takes root.
    Without this option, the sockets of this namespace are shown, and for pid:N, fd:N/D, --pid and inode:N also those in the
    namespaces of that process or socket."""
    captures: Annotated[
        Texts,
        value(
            "--from", metavar="[HOST=]FILE", help="a captured listing; - is standard input", panel=SOURCE, completes="files"
        ),
    ] = None
    """Read a captured listing in place of this system. '-' is standard input. A directory stands for every regular file in it,
    without hidden ones and subdirectories, a quoted pattern ('caps/*.json') for what matches it; a file of these that cannot
    be read is named, and the others are read. A file may have the answers of several hosts after one another. Several listings
    are joined, and connections between their hosts are matched. HOST= labels the rows with a host name; otherwise the
    listing's own header names the host, or else the file does. Captures of one host differ in the time or the file behind its
    name."""
    from_format: FromFormat = None
    """Read the listing as this format in place of detecting it. 'help' lists the formats."""
    backend: Backend = None
    """Read sockets through this interface. On Linux the default is netlink; procfs reads /proc/net. Elsewhere it is psutil."""
    owners: OwnerSearch = "auto"
    """Find the processes that hold a socket in this way. auto takes the fastest one; walk reads /proc/PID/fd; bpf has the
    kernel list all descriptors, which takes root; none does not look for owners."""
    resolve: Annotated[bool, flag("--resolve", help="look up host names", panel=OUTPUT)] = False
    """Look up the names of addresses in DNS, and accept host names in a TARGET. Without this option and --connect
    nothing is sent over a network."""
    strict: Strict = False
    """Exit with status 3 if anything could not be seen, even if something was found."""
    verbose: Verbose = False
    """Say on standard error which backend was used and how owners were found."""


class Selecting(NamedTuple):
    """Options that select sockets."""

    listening: Annotated[bool, flag("-l", "--listening", help="listening or bound", panel=FILTER)] = False
    """Sockets that receive without being connected: listeners, and bound UDP sockets without a peer."""
    established: Annotated[bool, flag("--established", help="connected", panel=FILTER)] = False
    """Connections that are open in both directions."""
    all: Annotated[bool, flag("-a", "--all", help="every port in use", panel=FILTER)] = False
    """For ports: show also ports that only connections use. The other commands always show all sockets."""
    state: Annotated[Texts, value("--state", metavar="STATE", help="in this state", panel=FILTER, completes="states")] = None
    """A state as any tool spells it (ESTAB, TIME_WAIT, FinWait1), or one of the groups all, connected, synchronized,
    closing, bucket, big. May be repeated."""
    ipv4: Annotated[bool, flag("-4", "--ipv4", help="IPv4", panel=FILTER)] = False
    """IPv4 sockets."""
    ipv6: Annotated[bool, flag("-6", "--ipv6", help="IPv6", panel=FILTER)] = False
    """IPv6 sockets."""
    tcp: Annotated[bool, flag("-t", "--tcp", help="TCP", panel=FILTER)] = False
    """TCP sockets."""
    mptcp: Annotated[bool, flag("-M", "--mptcp", help="MPTCP", panel=FILTER)] = False
    """MPTCP sockets: a row for each connection, with its TCP subflows in a column."""
    udp: Annotated[bool, flag("-u", "--udp", help="UDP and UDP-Lite", panel=FILTER)] = False
    """UDP and UDP-Lite sockets."""
    unix: Annotated[bool, flag("-x", "--unix", help="unix sockets", panel=FILTER)] = False
    """Unix sockets."""
    raw: Annotated[bool, flag("-w", "--raw", help="raw and ICMP sockets", panel=FILTER)] = False
    """Raw sockets and ICMP (ping) sockets."""
    all_families: Annotated[bool, flag("--all-families", help="every family", panel=FILTER)] = False
    """Sockets of every address family: internet, unix, netlink, packet and vsock."""
    exact: Annotated[bool, flag("--exact", help="no wildcard sockets", panel=FILTER)] = False
    """For an endpoint, show only sockets bound to that very address. Without this option the wildcard socket that covers
    the address is shown, too."""
    local: Annotated[Texts, value("--local", metavar="T", help="local end is T", panel=FILTER, completes="targets")] = None
    """The local end is this port, address, endpoint, network or unix path."""
    remote: Annotated[Texts, value("--remote", metavar="T", help="remote end is T", panel=FILTER, completes="targets")] = None
    """The remote end is this port, address, endpoint, network or unix path."""
    port: Annotated[Texts, value("--port", metavar="N[-M]", help="port or range", panel=FILTER, completes="ports")] = None
    """A port, a range, or several: 80,8000-8100. For the command ports it is the local port; elsewhere either end."""
    pid: Annotated[Texts, value("--pid", metavar="N", help="held by process N", panel=FILTER, completes="pids")] = None
    """Sockets held by the process with this number, or by one of several: 812,813."""
    process: Annotated[
        Texts, value("--process", metavar="GLOB", help="held by this program", panel=FILTER, completes="processes")
    ] = None
    """Sockets held by processes whose name matches this glob: the name shown, the kernel's name, or the base name of the
    executable. Letter case counts."""
    user: Annotated[Texts, value("--user", metavar="USER", help="held by this user", panel=FILTER, completes="users")] = None
    """Sockets held by a process of this user, given by name or uid, or of one of several: root,nobody. If no holder is
    known, the user of the socket itself counts."""
    exclude: Annotated[
        Texts, value("--exclude", metavar="TARGET", help="leave these out", panel=FILTER, completes="targets")
    ] = None
    """Leave out what this TARGET matches."""


class Details(NamedTuple):
    """Extra kernel requests of `sockets`, made only with these options."""

    info: Annotated[bool, flag("-i", "--info", help="TCP details", panel=OUTPUT)] = False
    """Show TCP details as ss -i does: round-trip time, window, retransmits, bytes."""
    timers: Annotated[bool, flag("-o", "--timers", help="pending timers", panel=OUTPUT)] = False
    """Show pending timers of the kernel, as ss -o does."""
    memory: Annotated[bool, flag("-m", "--memory", help="buffer memory", panel=OUTPUT)] = False
    """Show buffer memory in bytes, as ss -m does."""


class Arranging(NamedTuple):
    """Options that only `procs` has."""

    tree: Annotated[bool, flag("--tree", help="as a process tree", panel=OUTPUT)] = False
    """Show child processes under their parents. Ancestors that hold none of the sockets are shown, too."""


class Reaching(NamedTuple):
    """Options of `ports` and `explain` for the packet filter."""

    reach: Annotated[bool, flag("--reach", help="who can connect", panel=OUTPUT)] = False
    """Show who can really connect, given the packet filter of the network namespace: the column reach, and the key reach in
    JSON. Without this option, tables show it where there are rules, and explain says it. Reading the rules takes root."""
    rules: Rules = None
    """With --from: the packet filter of the host that the listing is of, as 'nft list ruleset', 'nft -j list ruleset' or
    iptables-save prints it. HOST= is the label that the listing has. May be repeated."""
    source: Annotated[
        Texts, value("--source", metavar="ADDR", help="can this one connect", panel=OUTPUT, completes="targets")
    ] = None
    """Ask for one source, an address or a network: who else can connect is left out. ADDR%IFACE comes in through that device.
    May be repeated."""


class Explaining(NamedTuple):
    """Options that only `explain` has, and those of Printing that it shares."""

    identity: Annotated[Text, value("--as", metavar="USER", help="judge for this user", panel=BINDING, completes="users")] = (
        None
    )
    """Judge whether this user could bind. The default is the user who runs portsock; under sudo, the user who called it."""
    attempt: Annotated[
        Text,
        value(
            "--try", metavar="WAY", help="ask the kernel: plain, reuseaddr, reuseport, both", panel=BINDING, completes="ways"
        ),
    ] = None
    """Ask the kernel: bind a socket to the endpoint, plain, with SO_REUSEADDR, SO_REUSEPORT or both, and close it at once."""
    v6only: Annotated[bool, flag("--v6only", help="try with IPV6_V6ONLY", panel=BINDING)] = False
    """Set IPV6_V6ONLY on the socket of --try."""
    connect: Annotated[bool, flag("--connect", help="try one connection", panel=REACHING)] = False
    """Try to reach the endpoint for real: open one TCP connection and close it at once, or for udp/ADDRESS:PORT send one empty
    datagram. The other end sees it. Says whether it was accepted, refused (RST), answered by an ICMP error and from whom,
    refused by this host, or met with silence. Nothing is sent without this option."""
    timeout: Annotated[
        Text, value("--timeout", metavar="S", help="seconds to wait; 3", panel=REACHING, completes="seconds")
    ] = None
    """Wait so many seconds for an answer to --connect, 3 by default."""
    long: Annotated[bool, flag("--long", help="all that is known", panel=OUTPUT)] = False
    """Print all that is known: each part of the answer at length, every finding with its evidence, and the table of binds."""
    brief: Annotated[bool, flag("--brief", help="only first sentence", panel=OUTPUT)] = False
    """Print only the first sentence of each answer."""
    json: Json = False
    color: Color = "auto"
    no_config: NoConfig = False


class Checking(NamedTuple):
    """Options that only `check` has, and those of Printing that it shares."""

    write: Annotated[bool, flag("--write", help="print a policy", panel=OUTPUT)] = False
    """Print a policy that allows what listens now, here or in the captures. Read it before you keep it."""
    report: Annotated[
        Text, value("--format", metavar="NAME", help="text, junit or sarif", panel=OUTPUT, completes="reports")
    ] = None
    """Print the results as text, as JUnit's XML for a CI system, or as SARIF 2.1.0 for code scanning."""
    rules: Rules = None
    json: Json = False
    color: Color = "auto"
    no_config: NoConfig = False


class Printing(NamedTuple):
    """Options for the output of a table."""

    json: Json = False
    """Print one JSON object, which portsock-json(5) describes."""
    jsonl: Annotated[bool, flag("--jsonl", help="one JSON line a row", panel=OUTPUT)] = False
    """Print one JSON object a line: a header, the rows, and an end that says whether everything was seen."""
    csv: Annotated[bool, flag("--csv", help="comma-separated", panel=OUTPUT)] = False
    """Print comma-separated values; those that are absent are empty. A text that a spreadsheet would take for a formula
    (it begins with =, +, - or @), and one that begins with an apostrophe, gets one apostrophe in front. Programs remove it,
    or read --json."""
    format: Annotated[Text, value("--format", metavar="NAME", help="github, html, dot", panel=OUTPUT, completes="formats")] = (
        None
    )
    """Print the table in this layout of tabulate (github, html, psql, tsv ...), or as table or csv.
    For sockets and procs also mermaid or dot: a picture of who talks to whom, as text for Mermaid or Graphviz. Programs have
    the ports that they listen on, whatever their pids. Arrows lead from client to server, with port and number of connections.
    Many remote addresses of one service are one. A large picture has only the most frequent connections, and says so."""
    columns: Annotated[
        Text, value("--columns", metavar="A,B", help="columns, or 'help'", panel=OUTPUT, completes="columns")
    ] = None
    """Show these columns, in this order. 'help' lists them."""
    sort: Annotated[Text, value("--sort", metavar="[-]COLUMN", help="order of the rows", panel=OUTPUT, completes="sort")] = (
        None
    )
    """Sort the rows by this column; with '-' before it, in descending order. Rows without the value come last."""
    counting: Annotated[bool, flag("--count", help="number of rows only", panel=OUTPUT)] = False
    """Print only the number of rows."""
    pids: Annotated[bool, flag("--pids", help="PIDs only, for kill", panel=OUTPUT)] = False
    """Print only the process ids of the holders, each once, one a line. PID 1 is never printed. Refused with --from."""
    no_header: Annotated[bool, flag("-H", "--no-header", help="no header line", panel=OUTPUT)] = False
    """Print no header line."""
    numeric: Numeric = False
    """Print numbers in place of service and host names."""
    wide: Annotated[bool, flag("-W", "--wide", help="never shorten", panel=OUTPUT)] = False
    """Shorten and leave out nothing on a terminal, however long the lines. Without it a line below the table names what was
    left out; +3 stands for three more, lo for loopback addresses. In a pipe nothing is ever shortened."""
    color: Color = "auto"
    """Color by meaning. auto colors on a terminal only."""
    no_config: NoConfig = False
    """Ignore the configuration file. Use this in scripts."""
    extended: Annotated[bool, flag("-e", help="accepted: --columns shows more", panel=OUTPUT, hidden=True)] = False
    processes: Annotated[bool, flag("-p", help="accepted: owners are always shown", panel=OUTPUT, hidden=True)] = False


class Comparing(NamedTuple):
    """Options of `diff`, those of Collecting and Printing that it shares among them."""

    netns: Spaces = None
    from_format: FromFormat = None
    backend: Backend = None
    owners: OwnerSearch = "auto"
    connections: Annotated[bool, flag("--connections", help="who talks to whom", panel=FILTER)] = False
    """Compare also who is connected to whom: by direction, program, network of the peer (loopback, /24 of IPv4, /64 of IPv6)
    and port of the service, with the number of connections before and after. Ports that the system picked do not count."""
    strict: Strict = False
    verbose: Verbose = False
    json: Json = False
    numeric: Numeric = False
    color: Color = "auto"
    no_config: NoConfig = False


GROUPS = (Selecting, Collecting, Details, Arranging, Reaching, Explaining, Comparing, Checking, Printing)


def _choosing_options() -> set[str]:
    """Return the long names of all options that choose sockets, with underscores."""
    options = [option for group in (Selecting, Collecting, Reaching, Comparing) for option in declared(group).values()]
    names = [name for option in options if option.panel in (FILTER, SOURCE) for name in option.names]
    return {name.removeprefix("--").replace("-", "_") for name in names if name.startswith("--")}
