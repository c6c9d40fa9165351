"""JSON as a record of a host: its header says which host it is and what was asked for; tables do not ask for that."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

from portsock import __version__
from tests.support.contract import ask, schema_faults
from tests.support.live import on_linux

pytestmark = [pytest.mark.linux, on_linux]


@pytest.mark.parametrize(
    ("words", "filters"),
    [(["sockets"], []), (["ports", "-l"], []), (["procs"], ["procs"]), (["explain", "1"], ["explain", "1"])],
)
def test_every_answer_of_the_live_system_says_which_host_it_is_of(words: list[str], filters: list[str]) -> None:
    found = ask(*words, "--json").json()
    assert schema_faults(found) == []
    machine, own = found["machine"], os.stat("/proc/self/ns/net").st_ino
    assert (machine["system"], machine["kernel"], machine["netns"]) == ("Linux", os.uname().release, own)
    assert machine["version"] == __version__
    assert machine["boot_id"] == Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert any("127.0.0.1/8" in each["addresses"] for each in machine["interfaces"])
    assert ([each["id"] for each in found["covers"]["netns"]], found["covers"]["filters"]) == ([own], filters)


def test_a_record_that_is_read_keeps_its_host_and_covers_what_both_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(ask("sockets", "-t", "--json").out)
    first, again = ask("sockets", "-t", "--json").json(), ask("sockets", "-l", "22", "--from", str(path), "--json").json()
    assert again["machine"] == first["machine"]
    assert again["covers"] == first["covers"] | {"states": ["LISTEN"], "filters": ["22"]}
    path.write_text((Path(__file__).parents[1] / "fixtures/linux/ss-tuanp.out").read_text())
    again = ask("sockets", "--from", str(path), "--json").json()
    assert (again["machine"], again["covers"]) == (None, None)


def test_tables_ask_nothing_about_the_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    imported: Any = sys.modules
    for name in ("portsock.sources.machine", "portsock.sources.linux.routes.interfaces", "portsock.query.coverage"):
        monkeypatch.setitem(imported, name, None)
    for words in (["sockets"], ["ports"], ["procs"], ["sockets", "--csv"], ["explain", "1"]):
        assert ask(*words).status in (0, 1, 3)
    assert ask("ports", "--json").status == 4


def test_a_broken_file_by_its_own_name_is_a_usage_error_and_in_a_directory_a_notice(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(ask("sockets", "--json").out)
    (tmp_path / "b").write_text("hello\n")
    assert ask("sockets", "--from", str(tmp_path / "b")).status == 2
    found = ask("sockets", "--from", str(tmp_path), "--json")
    assert (found.status, found.json()["complete"]) == (0, False)
    assert f"{tmp_path / 'b'}: no socket listing" in found.err
    assert ask("sockets", "--from", str(tmp_path), "--strict").status == 3
