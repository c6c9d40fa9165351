"""Several captures: directories, patterns, files of Ansible, and the host that each is labelled with."""

import json
import os
from pathlib import Path

import pytest

from portsock.errors import UsageError
from portsock.model import Machine, Notice, Snapshot
from portsock.normalize.snapshot import normalize
from portsock.output.context import Context
from portsock.output.json.document import answer
from portsock.port_numbers import EMPTY
from portsock.records import Collection
from portsock.sources.capture import collect
from tests.support.factory import LINUX, snapshot, socket

SS = (Path(__file__).parents[1] / "fixtures" / "linux" / "ss-tuanp.out").read_text()
BROKEN = "hello\nworld\n"


def record(name: str | None, machine_id: str | None = None, taken_at: float | None = None, lines: bool = False) -> str:
    """Return what portsock prints of a host with one socket."""
    machine = Machine(machine_id, None, "Linux", None, None, None, None) if machine_id else None
    shot: Snapshot = snapshot([socket()], host=LINUX._replace(name=name))._replace(machine=machine, taken_at=taken_at)
    return "".join(answer("sockets", shot, shot.sockets, Context(), lines))


def read(*captures: str | Path) -> list[Collection]:
    return collect([str(each) for each in captures], None, EMPTY)


def names(*captures: str | Path) -> list[str | None]:
    return [each.host.name for each in read(*captures)]


def codes(*captures: str | Path) -> list[tuple[str, int | None, bool]]:
    return [(each.code, each.amount, each.incomplete) for each in read(*captures)[0].remarks]


def fill(folder: Path, **files: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / name).write_text(text)
    return folder


def test_the_header_names_the_host_of_several_unless_a_label_is_given(tmp_path: Path) -> None:
    fill(tmp_path, a=record("web"), b=record("db"), c=SS)
    assert names(tmp_path / "a", f"x={tmp_path / 'b'}", tmp_path / "c") == ["web", "x", "c"]
    assert normalize(read(tmp_path / "a")).host.name == "web"
    assert normalize(read(f"x={tmp_path / 'a'}")).host.name == "x"


def test_captures_of_one_host_are_told_apart_by_their_time_or_else_their_file(tmp_path: Path) -> None:
    fill(tmp_path, a=record("web", "1", 0), b=record("web", "1", 60), c=record("web", "1"), d=record("web", "2", 120))
    assert names(tmp_path / "a", tmp_path / "b") == ["web@1970-01-01T00:00:00Z", "web@1970-01-01T00:01:00Z"]
    assert names(tmp_path / "a", tmp_path / "c") == [f"web@{tmp_path / 'a'}", f"web@{tmp_path / 'c'}"]
    # Another machine of that name is not the same one at another time.
    assert names(tmp_path / "a", tmp_path / "d") == [f"web@{tmp_path / 'a'}", f"web@{tmp_path / 'd'}"]
    assert names(tmp_path / "c", tmp_path / "c") == ["web#1", "web#2"]
    assert names(f"web={tmp_path / 'a'}", tmp_path / "b") == ["web", "web@1970-01-01T00:01:00Z"]


def test_a_label_that_is_given_twice_is_said_to_be(tmp_path: Path) -> None:
    fill(tmp_path, a=SS, b=SS)
    assert names(f"web={tmp_path / 'a'}", f"web={tmp_path / 'b'}") == ["web", "web"]
    assert codes(f"web={tmp_path / 'a'}", f"web={tmp_path / 'b'}") == [("host_repeated", 2, False)]


@pytest.mark.parametrize("lines", [False, True])
def test_answers_in_one_file_are_the_same_as_in_several(tmp_path: Path, lines: bool) -> None:
    texts = [record("web", lines=lines), record("db", lines=lines)]
    fill(tmp_path, a=texts[0], b=texts[1], both="".join(texts))
    several, one = normalize(read(tmp_path / "a", tmp_path / "b")), normalize(read(tmp_path / "both"))
    assert one.sockets == several.sockets
    assert (one.processes, one.notices, one.complete) == (several.processes, several.notices, several.complete)
    assert [(each.name, each.host) for each in one.source.inputs] == [(str(tmp_path / "both"), name) for name in ("web", "db")]
    assert names(f"x={tmp_path / 'both'}") == ["x/web", "x/db"]


def test_answers_in_one_file_without_a_host_are_numbered(tmp_path: Path) -> None:
    fill(tmp_path, both=record(None) * 3)
    assert len(set(names(tmp_path / "both"))) == 3
    fill(tmp_path, odd=record("web#1") + record("web") * 2 + record("web#1"))
    assert len(set(names(tmp_path / "odd"))) == 4


def test_labels_of_any_captures_differ(tmp_path: Path) -> None:
    odd = ["web", "web#1", f"web@{tmp_path / 'x'}", "web@1970-01-01T00:00:00Z", None]
    fill(tmp_path, x="".join(record(name, taken_at=taken) for name in odd for taken in (0, 0, 1, None)))
    assert len(set(names(tmp_path / "x", tmp_path / "x"))) == 40


def test_thousands_of_hosts_are_read_in_linear_time(tmp_path: Path) -> None:
    several = 1500
    fill(tmp_path, many="".join(record(f"web{number}", lines=True) for number in range(several)))
    found = normalize(read(tmp_path / "many"))
    assert (len(found.sockets), len({each.host for each in found.sockets})) == (several, several)


def test_every_regular_file_of_a_directory_is_read_in_order(tmp_path: Path) -> None:
    folder = fill(tmp_path / "caps", b=record("web"), a=SS, _hidden="")
    (folder / "_hidden").rename(folder / ".hidden")
    (folder / "sub").mkdir()
    if hasattr(os, "mkfifo"):
        os.mkfifo(folder / "fifo")
    (folder / "link").symlink_to(folder / "a")
    assert names(folder) == ["a", "web", "link"]
    assert codes(folder) == [("inputs_left_out", 3 if hasattr(os, "mkfifo") else 2, False)]
    assert names(f"x={folder}") == ["x/a", "x/web", "x/link"]


def test_a_pattern_is_expanded_and_a_file_of_its_very_name_is_no_pattern(tmp_path: Path) -> None:
    folder = fill(tmp_path / "caps", a=record("web"), b=record("db"), c=record("app"))
    assert names(f"{folder}/[ab]") == ["web", "db"]
    assert codes(f"{tmp_path}/cap*/*") == []
    fill(folder, **{"[ab]": record("odd")})
    assert normalize(read(f"{folder}/[ab]")).host.name == "odd"
    with pytest.raises(UsageError, match="no file has such a name"):
        read(f"{folder}/*.json")


def test_a_broken_file_among_others_is_named_and_makes_the_answer_incomplete(tmp_path: Path) -> None:
    folder = fill(tmp_path / "caps", a=record("web"), b=BROKEN, c=record("db"), d="")
    found = normalize(read(folder))
    assert ([each.host for each in found.sockets], found.complete) == (["web", "db"], False)
    broken = [each for each in found.notices if each.code == "input_unreadable"]
    assert [each.message for each in broken] == [f"{folder}/b: no socket listing", f"{folder}/d: empty: nothing to read"]
    with pytest.raises(UsageError, match="no socket listing"):
        read(folder / "a", folder / "b")
    with pytest.raises(UsageError, match="no socket listing"):
        read(folder, folder / "b")


def test_a_directory_of_broken_files_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = fill(tmp_path / "caps", a=BROKEN, b=BROKEN)
    with pytest.raises(UsageError, match=r"none of 2 files can be read: .*/a: no socket listing"):
        read(folder)
    with pytest.raises(UsageError, match=r"^[^\n]*/b: no socket listing$"):
        read(fill(tmp_path / "one", b=BROKEN))
    with pytest.raises(UsageError, match="nothing in it"):
        read(fill(tmp_path / "none"))
    fill(tmp_path / "good", a=record("web"))
    with pytest.raises(UsageError, match="none of 2 files"):
        read(tmp_path / "good", folder)


def test_of_many_broken_files_the_first_are_named_and_the_rest_counted(tmp_path: Path) -> None:
    folder = fill(tmp_path / "caps", zz=record("web"), **{f"b{number:03}": BROKEN for number in range(100)})
    found = codes(folder)
    assert sum(amount or 0 for code, amount, incomplete in found if code == "input_unreadable" and incomplete) == 100
    assert len(found) < 30


RESULT = {"changed": True, "cmd": ["ss", "-tuanp"], "rc": 0, "stderr": "", "failed": False}


@pytest.mark.parametrize("key", ["stdout", "stdout_lines"])
def test_files_of_ansible_are_named_after_their_hosts(tmp_path: Path, key: str) -> None:
    value = SS if key == "stdout" else SS.split("\n")
    text = json.dumps(RESULT | {key: value})
    folder = fill(tmp_path / "tree", **{"web1.example": text, "db1.example": json.dumps(RESULT | {"stdout": record("inner")})})
    assert names(folder) == ["db1.example", "web1.example"]
    assert len(normalize(read(folder)).sockets) == 10
    assert names(fill(tmp_path / "one", web1=text)) == ["web1"]
    assert names(folder / "web1.example") == [None]


def test_a_host_of_ansible_without_output_is_named_and_the_others_are_read(tmp_path: Path) -> None:
    failed = json.dumps({"unreachable": True, "msg": "Failed to connect", "changed": False})
    folder = fill(tmp_path / "tree", web1=json.dumps(RESULT | {"stdout": SS}), db1=failed)
    found = read(folder)
    assert [each.host.name for each in found] == ["web1"]
    assert [each.code for each in found[0].remarks] == ["input_unreadable"]


@pytest.mark.parametrize("lines", [False, True])
def test_an_answer_about_several_hosts_is_read_as_those_it_was_made_of(tmp_path: Path, lines: bool) -> None:
    fill(tmp_path, a=record("web"), b=record("db"), c=record("app"), ss=SS)
    first = normalize(read(tmp_path / "a", tmp_path / "b", tmp_path / "ss"))
    first = first.with_notices((Notice("of_host", 1, "db: something"), Notice("of_all", 1, "anything")))
    (tmp_path / "both").write_text(
        "".join(answer("sockets", first, first.sockets, Context(EMPTY, False, first.processes), lines))
    )
    again = normalize(read(tmp_path / "both"))
    assert again.sockets == first.sockets
    assert again.processes.keys() >= first.processes.keys()
    assert [each.message for each in again.notices if each.code == "of_host"] == ["db: something"]
    assert not again.complete
    assert names(tmp_path / "both", tmp_path / "c") == ["web", "db", "ss", "app"]
    third = normalize(read(tmp_path / "both", tmp_path / "c"))
    assert len(third.sockets) == len(first.sockets) + 1
    assert {host for host, _ in third.processes} == {"web", "db", "ss", "app"}
