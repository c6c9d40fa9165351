"""The README's pictures from a real run: `python -m tests.screenshots` writes the .svg files next to this one.

Needs root, nginx and redis-server. The pictures take the page's colors, so that they are readable on light and dark pages.
"""

import re
import subprocess
import sys
from collections.abc import Iterator
from html import escape
from pathlib import Path

from tests.support.live import ENVIRONMENT
from tests.support.readme import again_inside, servers

HERE = Path(__file__).parent
PICTURES = {
    "ports": "portsock ports --listening --color always --no-config",
    "explain": "portsock explain 6379 --color always --no-config",
}
CLASSES = {"1": "bold", "31": "red", "32": "green", "35": "magenta", "36": "cyan"}
"""Classes of the style below, by the SGR parameters (ECMA-48) that portsock uses."""

STYLE = """
rect { fill: #ffffff; stroke: #d0d7de } text { fill: #1f2328; font: 14px Menlo, Consolas, 'DejaVu Sans Mono', monospace }
.bold { font-weight: bold } .dim { fill: #6e7781 }
.red { fill: #cf222e } .green { fill: #116329 } .magenta { fill: #8250df } .cyan { fill: #1b7c83 }
@media (prefers-color-scheme: dark) {
rect { fill: #0d1117; stroke: #30363d } text { fill: #e6edf3 } .dim { fill: #8b949e }
.red { fill: #ff7b72 } .green { fill: #56d364 } .magenta { fill: #d2a8ff } .cyan { fill: #56d4dd } }
"""
LINE, WIDTH, MARGIN = 20, 8.43, 16
"""Height of a line, width of a character and margin, in pixels."""


def picture(prompt: str, output: str) -> str:
    """Return the terminal's text as SVG."""
    lines = [f'<tspan class="dim">$</tspan> {escape(prompt)}', *map(_colored, output.splitlines())]
    longest = max(len(re.sub(r"\x1b\[[\d;]*m", "", line)) for line in (f"$ {prompt}", *output.splitlines()))
    width, height = longest * WIDTH + 2 * MARGIN, len(lines) * LINE + 2 * MARGIN
    texts = "\n".join(
        f'<text x="{MARGIN}" y="{MARGIN + LINE * number - 5}">{line}</text>' for number, line in enumerate(lines, 1) if line
    )
    size = f'width="{width:.0f}" height="{height}" viewBox="0 0 {width:.0f} {height}"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" {size}>\n<style>{STYLE}</style>\n'
        f'<rect x="0.5" y="0.5" width="{width - 1:.0f}" height="{height - 1}" rx="6"/>\n{texts}\n</svg>\n'
    )


def _colored(line: str) -> str:
    return "".join(_spans(line))


def _spans(line: str) -> Iterator[str]:
    """Yield the line's pieces, each placed at its column: the viewer's font may not have a fixed width."""
    current, column = "", 0
    for part in re.split(r"(\x1b\[[\d;]*m| {2,})", line):
        if part.startswith("\x1b["):
            current = CLASSES.get(part[2:-1], "")
            continue
        if part.strip():
            style = f' class="{current}"' if current else ""
            yield f'<tspan x="{MARGIN + column * WIDTH:.1f}"{style}>{escape(part)}</tspan>'
        column += len(part)


def main() -> None:
    if sys.argv[1:] != ["inside"]:
        again_inside("tests.screenshots")
        return
    with servers():
        for name, command in PICTURES.items():
            done = subprocess.run(command.split(), capture_output=True, text=True, check=True, env=ENVIRONMENT)
            shown = command.replace(" --color always", "").replace(" --no-config", "")
            (HERE / f"{name}.svg").write_text(picture(shown, done.stdout), "utf-8")


if __name__ == "__main__":
    main()
