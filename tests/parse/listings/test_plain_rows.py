"""The fast ways of the readers read the same as their own parsers, line by line."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from portsock.errors import UsageError
from portsock.model import Snapshot
from portsock.parse.listings import json_text, portsock_json
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.losses import Losses
from portsock.parse.listings.own import documents as own_documents
from portsock.parse.listings.plain import own_rows
from portsock.parse.listings.plain.own_rows import PlainRows
from portsock.parse.listings.sections import Sections
from portsock.parse.listings.wrappers.hosts import SeveralHosts
from portsock.port_numbers import parse_services
from tests.bench.listings import LISTINGS, rows

SERVICES = parse_services("http 80/tcp\nhttps 443/tcp\ndomain 53/udp")
FIXTURES = sorted(path for path in Path("tests/fixtures").rglob("*") if path.is_file())
SS = """\
Netid State      Recv-Q Send-Q            Local Address:Port      Peer Address:Port  Process
tcp   LISTEN     0      128                    0.0.0.0:22             0.0.0.0:*      users:(("sshd",pid=7,fd=3))
tcp   ESTAB      0      36                   192.0.2.1:22    198.51.100.9:50001   users:(("s d",pid=9,fd=3),("x",pid=8,fd=4))
tcp   ESTAB      5      0      [::ffff:192.0.2.1]:443   [2001:db8::9]:50002          users:(("a b",pid=9,fd=5))
tcp   TIME-WAIT  0      0                    192.0.2.1:80       198.51.100.9:50003
udp   UNCONN     0      0                    127.0.0.1:53            0.0.0.0:*       users:(("named",pid=11,fd=6))
udp   ESTAB      0      0          192.0.2.1%eth0:68         192.0.2.254:67
tcp   CLOSE-WAIT 0      0              [fe80::1]%eth0:80  [fe80::2]:50004
tcp   LISTEN     0      5                         [::]:80                [::]:*
tcp   LISTEN     0      5                            *:81                   *:*
"""
WITHOUT_COLUMNS = "\n".join(line[17:] for line in SS.splitlines())
NETSTAT = """\
Active Internet connections (servers and established)
Proto Recv-Q Send-Q Local Address           Foreign Address         State       PID/Program name
tcp        0      0 0.0.0.0:22              0.0.0.0:*               LISTEN      7/sshd: /usr/sbin/s
tcp        0     36 192.0.2.1:22            198.51.100.9:50001      ESTABLISHED 9/sshd
tcp6       0      0 2001:db8::1:443         2001:db8::9:50002       ESTABLISHED 10/nginx: worker (2)
tcp6       0      0 2001:db8:1:2:3::443     2001:db8:9:2:3:4:5:5000 CLOSE_WAIT  -
tcp        0      0 192.0.2.1:80            198.51.100.9:50003      TIME_WAIT   -
tcp        0      0 192.0.2.1:80            198.51.100.9:50003      CLOSE       -
udp        0      0 127.0.0.1:53            0.0.0.0:*                           11/named
"""
WINDOWS = """\

Active Connections

  Proto  Local Address          Foreign Address        State           PID
  TCP    0.0.0.0:135            0.0.0.0:0              LISTENING       900
  TCP    192.0.2.1:50000        198.51.100.9:443       ESTABLISHED     0
 [svchost.exe]
  TCP    [::1]:445              [::1]:50001            TIME_WAIT       4
  TCP    [::ffff:192.0.2.1]:445 [fe80::1%3]:50001      CLOSE_WAIT      4
  TCP    192.0.2.1:445          198.51.100.9:50002     HERGESTELLT     4
  UDP    0.0.0.0:53             *:*                                    12
"""
LSOF = """\
COMMAND    PID     USER   FD   TYPE     DEVICE SIZE/OFF NODE NAME
sshd         7     root    3u  IPv4      10001      0t0  TCP *:22 (LISTEN)
sshd         7     root    4u  IPv6      10002      0t0  TCP *:22 (LISTEN)
ngi\\x20nx    9 www-data   5u  IPv4      10003      0t0  TCP 192.0.2.1:443->198.51.100.9:50001 (ESTABLISHED)
nginx       10 www-data   5u  IPv4      10003      0t0  TCP 192.0.2.1:443->198.51.100.9:50001 (ESTABLISHED)
nginx       10 www-data   5u  IPv4      10003      0t0  TCP 192.0.2.1:443->198.51.100.9:50001 (ESTABLISHED)
named       11     bind    6u  IPv4      10004      0t0  UDP 127.0.0.1:53
named       11     bind    7u  IPv6      10005      0t0  UDP [2001:db8::1]:53->[2001:db8::9]:4000
app         12     root    8u  IPv4 0xa1b2c3d4      0t0  TCP 192.0.2.1:80->web.example:http (CLOSE_WAIT)
app         12     root    9u  IPv4 0xa1b2c3d5      0t0  TCP 192.0.2.1:80->198.51.100.9:4 (CLOSE_WAIT)
"""
MADE = {name: "".join(text(rows(60))) for name, text in LISTINGS.items()}
TEXTS = {"ss": SS, "ss without Netid": WITHOUT_COLUMNS, "netstat": NETSTAT, "Windows": WINDOWS, "lsof": LSOF, **MADE}
TOKENS = [
    "0.0.0.0:0", "0.0.0.0:*", "[::]:*", "[::]:22", "::1:22", "*:80", "*:*", "192.0.2.1%eth0:5", "00080", "65536", "-", "tcp",
    "udp", "tcp6", "UNCONN", "LISTEN", "99999999999999999999", "\u0663", "\x1b[1m", "\xa0", "\t", "users:((", "))", "1/x (y)",
    'users:(("a",pid=1,fd=2))', "(LISTEN)", "0", "12/a b", "x" * 600, "192.0.2.1:http", "fe80::1:80", "\x1c",
]  # fmt: skip


class SlowSections(Sections):
    """Reads without the fast ways."""

    def _read_plain(self, lines: list[str], at: int) -> tuple[tuple[()], int]:  # noqa: ARG002
        return (), at


class LineByLine(Capture):
    """Reads without the fast ways."""

    def _new_sections(self) -> Sections:
        return SlowSections(self._lines, self._services, Losses(self.too_long))


def read(kind: type[Capture], text: str) -> tuple[Any, ...]:
    capture = kind(SERVICES)
    try:
        records = list(capture.read(text.split("\n")))
    except (UsageError, SeveralHosts) as error:
        return (str(error),)
    return records, capture.notices(), capture.formats, capture.unprivileged, capture.snapshots


def text_of(path: Path) -> str:
    return path.read_bytes().decode("utf-8", "surrogateescape").replace("\r\n", "\n")


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_a_fixture_reads_the_same_line_by_line(path: Path) -> None:
    text = text_of(path)
    assert read(Capture, text) == read(LineByLine, text)


@pytest.mark.parametrize("name", TEXTS)
def test_made_rows_read_the_same_line_by_line(name: str) -> None:
    assert read(Capture, TEXTS[name]) == read(LineByLine, TEXTS[name])


@pytest.mark.parametrize("name", MADE)
def test_most_rows_of_a_plain_listing_take_the_fast_way(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    slow: list[str] = []
    whole = Sections._read_line

    def counted(self: Sections, line: str, number: int) -> Any:
        slow.append(line)
        return whole(self, line, number)

    monkeypatch.setattr(Sections, "_read_line", counted)
    found, *_ = read(Capture, MADE[name])
    assert len(found) > 50
    assert len(slow) < 20  # the first lines are read twice, once for a trial


def test_names_that_resemble_descriptors_are_read_the_same_however_often_they_occur() -> None:
    head = SS.split("\n")[0]
    lists = ('"a,fd=3",pid=9,fd=3', '"b,fd=3",pid=8,fd=3', '"a,fd=3",pid=8,fd=3', '"a",pid=9,fd=3')
    rows = [f"tcp   ESTAB 0 0 192.0.2.1:22 198.51.100.9:{port} users:(({lists[port % 4]}))" for port in range(50000, 50012)]
    text = "\n".join((head, *rows))
    assert read(Capture, text) == read(LineByLine, text)
    assert {record.holders[0].name for record in read(Capture, text)[0]} >= {"a,fd=3", "a"}


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_changed_rows_read_the_same_line_by_line(data: st.DataObject) -> None:
    lines = TEXTS[data.draw(st.sampled_from(sorted(TEXTS)))].split("\n")[:12]
    for _ in range(data.draw(st.integers(1, 5))):
        at = data.draw(st.integers(0, len(lines) - 1))
        words = lines[at].split(" ")
        place = data.draw(st.integers(0, len(words) - 1))
        change = data.draw(st.sampled_from(["replace", "insert", "glue", "remove", "repeat"]))
        token = data.draw(st.sampled_from(TOKENS) | st.text(st.characters(exclude_characters="\n\r"), max_size=3))
        if change == "repeat":
            lines.insert(at, lines[data.draw(st.integers(0, len(lines) - 1))])
            continue
        words[place : place + (change != "insert")] = {"remove": [], "glue": [words[place] + token]}.get(change, [token])
        lines[at] = " ".join(words)
    text = "\n".join(lines)
    assert read(Capture, text) == read(LineByLine, text)


def own(text: str, fast: bool) -> Snapshot | str:
    try:
        with pytest.MonkeyPatch.context() as patch:
            if not fast:
                patch.setattr(PlainRows, "read", lambda _, lines: lines)
            return portsock_json.read_snapshots(text.split("\n"))[0]
    except ValueError as error:
        return str(error).partition(" (char")[0]


OWN = [text_of(path) for path in FIXTURES if path.suffix in (".json", ".jsonl") and '"portsock/1"' in path.read_text("utf-8")]


@pytest.fixture(scope="module")
def documents() -> list[str]:
    from portsock.model import Source
    from portsock.normalize.snapshot import normalize
    from portsock.output.context import Context
    from portsock.output.json.document import answer
    from portsock.records import Collection
    from tests.support.factory import LINUX

    found = []
    for text in (SS, NETSTAT, LSOF, MADE["ss -tanp"]):
        records, *_ = read(Capture, text)
        shot = normalize([Collection(Source("capture"), LINUX, None, records, None, {}, {}, ())])
        found += [
            "".join(answer("sockets", shot, shot.sockets, Context(SERVICES, False, {}), lines)) for lines in (False, True)
        ]
    return found + OWN


def test_own_rows_read_the_same_by_their_pattern(documents: list[str]) -> None:
    for text in documents:
        assert own(text, True) == own(text, False)
        rows = text.count('"family":')
        assert sum(not isinstance(row, str) for row in PlainRows().read(text.split("\n"))) * 2 > rows or text in OWN


def test_own_rows_with_the_same_parts_are_decoded_once(documents: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = documents[7].split("\n")
    assert lines[0].startswith('{"record":"header"')
    decoded: list[str] = []

    def decode(text: str) -> Any:
        decoded.append(text)
        return json_text.decode(text)

    for module in (own_rows, own_documents):
        monkeypatch.setattr(module, "decode", decode)
    assert len(portsock_json.read_snapshots(lines)[0].sockets) > 50
    own_lines = [line for line in lines if not line.startswith('{"record":"socket"')]
    assert len(decoded) <= len(own_lines) + 20
    assert not any("\n" in text for text in decoded)  # the lines are not tried as one document


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_changed_own_rows_read_the_same_by_their_pattern(documents: list[str], data: st.DataObject) -> None:
    text = data.draw(st.sampled_from(documents))
    text = "\n".join(text.split("\n")[:14] + text.split("\n")[-4:])
    for _ in range(data.draw(st.integers(1, 3))):
        at = data.draw(st.integers(0, len(text) - 1))
        token = data.draw(
            st.sampled_from(['"', "null", "0", "00", "-1", "}", "{", ",", "]", "\\", "\x01", "99999", "é", "true", ":", "\n"])
        )
        text = text[:at] + token + text[at + data.draw(st.integers(0, 4)) :]
    assert own(text, True) == own(text, False)
