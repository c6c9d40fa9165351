"""Wrappers in which people paste listings, put around any text, for trials."""

import html
import json
import textwrap
from collections.abc import Callable

Lines = list[str]


def each(dress: str) -> Callable[[Lines], Lines]:
    """Put every line into a form, in which {n} is its number."""
    return lambda lines: [
        dress.replace("{n}", str(n)).replace("{n6}", f"{n:6}").replace("{line}", line) for n, line in enumerate(lines, 1)
    ]


def seconds(dress: str) -> Callable[[Lines], Lines]:
    """Put every line into a form in which {t} is a time that goes on."""
    return lambda lines: [
        dress.replace("{t}", f"10:{n // 60 % 60:02}:{n % 60:02}").replace("{n}", str(n)).replace("{line}", line)
        for n, line in enumerate(lines)
    ]


def markdown_table(lines: Lines) -> Lines:
    """Make a table of the words of each line; columns are those that two spaces part."""
    rows = [[cell.strip() for cell in line.replace("\t", "  ").split("  ") if cell.strip()] for line in lines if line.strip()]
    width = max(map(len, rows))
    made = ["| " + " | ".join([*row, *[""] * (width - len(row))]) + " |" for row in rows]
    return [made[0], "|" + "---|" * width, *made[1:]]


def html_cells(lines: Lines) -> Lines:
    rows = [[html.escape(cell.strip()) for cell in line.split("  ") if cell.strip()] for line in lines if line.strip()]
    return ["<table>", *("<tr><td>" + "</td><td>".join(row) + "</td></tr>" for row in rows), "</table>"]


def mail_wrapped(lines: Lines, width: int = 72, mark: str = "") -> Lines:
    """Break lines at spaces, as mail programs do."""
    return [
        mark + part
        for line in lines
        for part in textwrap.wrap(
            line, width, break_long_words=False, break_on_hyphens=False, replace_whitespace=False, drop_whitespace=True
        )
        or [""]
    ]


def terminal_wrapped(lines: Lines, width: int = 80) -> Lines:
    """Break lines at the right edge of a terminal."""
    return [line[at : at + width] for line in lines for at in range(0, max(len(line), 1), width)]


def one_line(lines: Lines) -> Lines:
    return [" ".join(line.strip() for line in lines)]


def ansible(lines: Lines) -> Lines:
    result = {
        "plays": [
            {"tasks": [{"hosts": {"web1": {"changed": True, "rc": 0, "stdout": "\n".join(lines), "stdout_lines": lines}}}]}
        ]
    }
    return json.dumps(result, indent=4).split("\n")


def ansible_lines(lines: Lines) -> Lines:
    return json.dumps({"changed": True, "rc": 0, "stdout_lines": lines}, indent=4).split("\n")


WRAPPERS: dict[str, Callable[[Lines], Lines]] = {
    "journald": seconds("Nov 21 {t} web1 ports[4711]: {line}"),
    "journald iso": seconds("2026-11-21T{t}+0100 web1 ports[4711]: {line}"),
    "syslog 3164": seconds("<30>Nov 21 {t} web1 ports[4711]: {line}"),
    "syslog 5424": seconds("<30>1 2026-11-21T{t}.003Z web1 ports 4711 - - {line}"),
    "kubectl --prefix": each("[pod/web-5d9c7b-x2x/main] {line}"),
    "docker compose": each("web-1  | {line}"),
    "compose, times": seconds("web-1  | 2026-11-21T{t}.123456789Z {line}"),
    "cri log": seconds("2026-11-21T{t}.123456789Z stdout F {line}"),
    "teleport": each("node | {line}"),
    "ssm": each("ec2-host: {line}"),
    "ip: (pdsh, xargs)": each("192.0.2.7: {line}"),
    "dshbak": each("[1] 10:00:00 [SUCCESS] {line}"),
    "iso time": seconds("2026-11-21T{t}Z {line}"),
    "ts": seconds("Nov 21 {t} {line}"),
    "date time": seconds("2026-11-21 {t},123 {line}"),
    "cat -n": each("{n6}\t{line}"),
    "cat -n, spaces": each("{n6}  {line}"),
    "grep -n": each("{n}:{line}"),
    "grep -H": each("captures/ports.txt:{line}"),
    "grep -Hn": each("ports.txt:{n}:{line}"),
    "numbers.": each("{n}. {line}"),
    "#>": each("#> {line}"),
    "# ": each("# {line}"),
    "// ": each("// {line}"),
    "-- ": each("-- {line}"),
    ";; ": each(";; {line}"),
    "- ": each("- {line}"),
    "* ": each("* {line}"),
    "  * ": each("  * {line}"),
    "> ": each("> {line}"),
    ">>> ": each(">>> {line}"),
    "> > > > > ": each("> > > > > {line}"),
    "| ": each("| {line}"),
    "frame": each("│ {line} │"),
    "4 spaces": each("    {line}"),
    "tab": each("\t{line}"),
    "[code]": lambda lines: ["Hi all,", "[code]" + lines[0], *lines[1:], "[/code]", "thanks"],
    "[quote]": lambda lines: ["[quote=alice]", *lines, "[/quote]"],
    "html": lambda lines: ["<pre><code>" + html.escape(lines[0]), *map(html.escape, lines[1:]), "</code></pre>"],
    "html br": lambda lines: [html.escape(line).replace("  ", "&nbsp; ") + "<br>" for line in lines],
    "html one line": lambda lines: ["<p>" + "<br/>".join(map(html.escape, lines)) + "</p>"],
    "html table": html_cells,
    "markdown table": markdown_table,
    "backticks": each("`{line}`"),
    "quoted strings": lambda lines: [json.dumps(line) + "," for line in lines],
    "mail 72": mail_wrapped,
    "mail 76, quoted": lambda lines: mail_wrapped(lines, 76, "> "),
    "terminal 80": terminal_wrapped,
    "terminal 120": lambda lines: terminal_wrapped(lines, 120),
    "one line": one_line,
    "3 on a line": lambda lines: [lines[0], *(" ".join(lines[at : at + 3]) for at in range(1, len(lines), 3))],
    "prose around": lambda lines: ["Hello,", "this is what I see on web1:", "", *lines, "", "Any idea?", "-- ", "Alice"],
    "ansible": ansible,
    "ansible lines": ansible_lines,
    "ansible ad-hoc": lambda lines: ["web1 | CHANGED | rc=0 >>", *lines],
    "ansible ad-hoc json": lambda lines: (
        "web1 | SUCCESS => " + json.dumps({"changed": False, "stdout": "\n".join(lines)}, indent=4)
    ).split("\n"),
    "journald + html": lambda lines: [html.escape(f"Nov 21 10:00:00 web1 ports[1]: {line}") for line in lines],
}
