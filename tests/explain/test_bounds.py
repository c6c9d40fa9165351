"""Explanations of very many sockets: what is not shown is not built, and nothing takes the square of their number."""

import json
import time
from pathlib import Path

import pytest

from tests.support.contract import ask

_MANY = 4000


def _answer(tmp_path: Path, rows: list[str], *words: str) -> str:
    path = tmp_path / "listing"
    path.write_text("\n".join(rows) + "\n")
    answer = ask("explain", *words, "--from", str(path))
    assert answer.status == 0
    return answer.out.decode()


@pytest.mark.parametrize(
    "row",
    [
        'tcp LISTEN 0 0 192.0.2.1:{port} *:* users:(("web",pid={pid},fd=1))',
        'tcp LISTEN 0 0 192.0.2.1:80 *:* users:(("web",pid=7,fd={pid}))\n'
        'tcp LISTEN 0 0 0.0.0.0:80 *:* users:(("web",pid=7,fd=1))',
        "a {pid} b 1u IPv4 7 0t0 TCP *:80 (LISTEN)",
        "a b {pid} 1 tcp4 192.0.2.1:80 192.0.2.2:99",
    ],
    ids=["processes", "one port", "holders of a listener", "holders of a connection"],
)
def test_an_explanation_of_thousands_of_listeners_takes_no_square_of_their_number(tmp_path: Path, row: str) -> None:
    rows = [row.format(port=number + 1, pid=number + 1) for number in range(_MANY)]
    rows = ["USER COMMAND PID FD PROTO LOCAL ADDRESS FOREIGN ADDRESS", *rows] if " tcp4 " in row else rows
    begun = time.process_time()
    _answer(tmp_path, rows, "proc:*", "0.0.0.0/0")
    assert time.process_time() - begun < 4


def test_findings_of_a_kind_are_limited_and_say_so(tmp_path: Path) -> None:
    rows = [f'tcp LISTEN 0 0 [::]:{number + 1} [::]:* users:(("web",pid={number + 1},fd=1))' for number in range(300)]
    (explanation,) = json.loads(_answer(tmp_path, rows, "--json", "::/0"))["explanations"]
    same = [found for found in explanation["findings"] if found["code"] == "wildcard_v6_takes_ipv4"]
    assert len(same) == 50
    assert same[-1]["evidence"][-1].startswith("… and more of this kind")
    assert len(explanation["sockets"]) == 300
