"""Captured listings: sections, noise, skipped lines, refusals."""

from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import InetEndpoint
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.registry import formats
from portsock.port_numbers import EMPTY
from tests.support.factory import read

LINUX = Path(__file__).parents[2] / "fixtures" / "linux"
SS = (LINUX / "ss-tuanp.out").read_text().rstrip("\n").split("\n")
NETSTAT = (LINUX / "netstat-anp.out").read_text().rstrip("\n").split("\n")
SS_SOCKETS = 9


def count(lines: list[str]) -> tuple[int, list[str]]:
    capture = Capture(EMPTY)
    return len(list(capture.read(lines))), [notice.message for notice in capture.notices()]


def test_two_formats_in_one_paste_are_two_sections() -> None:
    capture = Capture(EMPTY)
    records = list(capture.read([*SS, "", "and netstat says:", *NETSTAT]))
    assert (len(records), capture.formats, capture.system) == (SS_SOCKETS + 15, ["ss", "netstat-linux"], "Linux")


@pytest.mark.parametrize(
    "noise",
    [
        ["$ ss -tuanp"],
        ["root@web:~# ss -tuanp"],
        ["[dev@web ~]$ sudo ss -tuanp"],
        ["PS C:\\Users\\x> netstat -ano"],
        ["C:\\Users\\x>netstat -ano"],
        ["```console", "$ ss"],
        ["--", "", "\t"],
        ['[0] 0:bash*                         "web" 18:00 20-Nov-26'],
        ["────────────┼──────────"],
        ["(Not all processes could be identified, non-owned process info"],
    ],
)
def test_noise_around_a_listing_is_tolerated(noise: list[str]) -> None:
    assert count([*noise, *SS, *noise]) == (SS_SOCKETS, [])


def test_a_prompt_between_rows_ends_the_section_without_loss() -> None:
    assert count([*SS, "$ ss -tuanp", *SS])[0] == 2 * SS_SOCKETS


def test_quoted_and_bordered_and_numbered_rows_are_read() -> None:
    for dress in ("> {}", "│ {}", "12:{}", "ports.txt:{}"):
        assert count([SS[0], *(dress.format(row) for row in SS[1:])]) == (SS_SOCKETS, []), dress


def test_colours_are_removed() -> None:
    assert count([f"\x1b[31m{row}\x1b[0m" for row in SS]) == (SS_SOCKETS, [])


def test_a_skipped_line_is_reported_with_its_number() -> None:
    found, messages = count([*SS[:3], "what is this", *SS[3:]])
    assert (found, messages) == (SS_SOCKETS, ["1 line was not understood and skipped: line 4"])


def test_only_the_first_numbers_of_skipped_lines_are_reported() -> None:
    capture = Capture(EMPTY)
    list(capture.read([*SS, *("rubbish here" for _ in range(9))]))
    (notice,) = capture.notices()
    assert (notice.code, notice.amount, notice.incomplete) == ("lines_skipped", 9, True)
    assert notice.message.endswith("line 11, 12, 13, 14, 15 …")


def test_a_routing_table_behind_a_listing_is_ignored() -> None:
    routes = ["Kernel IP routing table", "Destination  Gateway  Genmask", "0.0.0.0  10.0.0.1  0.0.0.0"]
    assert count([*NETSTAT, *routes, *SS]) == (15 + SS_SOCKETS, [])


@pytest.mark.parametrize(
    "lines",
    [
        ["Kernel IP routing table", "Destination     Gateway         Genmask         Flags   MSS Window  irtt Iface"],
        ["Total: 9", "TCP:   3 (estab 0, closed 2, orphaned 0, timewait 2)", "Transport Total     IP        IPv6"],
        ["Ip:", "    302852 total packets received", "Tcp:", "    5 active connection openings"],
        ["sockets: used 1602", "TCP: inuse 35 orphan 0 tw 4 alloc 59 mem 22"],
        ["    PID TTY          TIME CMD", "   1234 pts/0    00:00:00 bash"],
        ["bash: netstat: command not found"],
        ["alice    pts/0        2026-11-20 18:43 (192.0.2.1)"],
        ["Kernel Interface table", "lo              65536        0      0      0 0             0      0      0      0 LRU"],
        [],
    ],
)
def test_other_text_is_refused_and_the_formats_are_named(lines: list[str]) -> None:
    with pytest.raises(UsageError, match=r"^(?:this is |no socket listing: tried .*ss, .*netstat-linux)") as refusal:
        list(read(lines, EMPTY))
    assert "\n" not in str(refusal.value)


def test_a_header_without_rows_is_an_empty_listing() -> None:
    assert list(read(SS[:1], EMPTY)) == []
    assert list(read(NETSTAT[:2], EMPTY)) == []


def test_a_listing_of_broken_rows_is_refused() -> None:
    with pytest.raises(UsageError, match="no row of this proc-net listing can be read: the first such line is 2"):
        list(read(["  sl  local_address rem_address   st", "   1: 00000000:0016 00000000:0000 0A"], EMPTY))


def test_only_a_forced_format_is_read() -> None:
    assert len(list(read([*SS, *NETSTAT], EMPTY, "ss"))) == SS_SOCKETS
    with pytest.raises(UsageError, match="no line of it is of the format 'ss'"):
        list(read(NETSTAT, EMPTY, "ss"))
    with pytest.raises(UsageError, match=r"unknown format 'sss': use one of .*ss"):
        read(SS, EMPTY, "sss")


def test_every_format_is_named_once_with_a_title() -> None:
    names = [name for name, title in formats() if title]
    assert len(names) == len(set(names)) == len(formats())


def test_rows_without_a_header_are_read() -> None:
    (record,) = read(["tcp   ESTAB  0      0          127.0.0.1:18004    127.0.0.1:32898"], EMPTY)
    assert (record.local, record.holders) == (InetEndpoint("127.0.0.1", 18004), None)
