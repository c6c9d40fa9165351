"""The README's pictures."""

from pathlib import Path
from xml.etree import ElementTree

from tests.screenshots.__main__ import MARGIN, PICTURES, WIDTH, picture

SVG = "{http://www.w3.org/2000/svg}"


def test_markup_in_names_stays_text_and_columns_stay_in_place() -> None:
    root = ElementTree.fromstring(picture("portsock ports", "PROTO  PROCESS\n\x1b[32mtcp\x1b[0m    <b>&x[7]\n"))  # noqa: S314
    _, header, row = root.findall(f"{SVG}text")
    assert [(cell.text, cell.get("x")) for cell in row] == [
        ("tcp", f"{MARGIN}.0"),
        ("<b>&x[7]", f"{MARGIN + 7 * WIDTH:.1f}"),
    ]
    assert row[1].get("x") == header[1].get("x")
    assert row[0].get("class") == "green"


def test_each_picture_shows_the_command_that_it_is_named_after() -> None:
    for name in PICTURES:
        root = ElementTree.parse(Path(__file__).parent / "screenshots" / f"{name}.svg").getroot()  # noqa: S314
        first = root.find(f"{SVG}text")
        assert first is not None
        assert "".join(first.itertext()).startswith(f"$ portsock {name}")
