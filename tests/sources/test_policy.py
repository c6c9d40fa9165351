"""What an administrator forbids."""

import os
import sys
from pathlib import Path

import pytest

from portsock.sources import policy
from portsock.sources.linux import bpf
from tests.support.live import as_root

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="a file of root"),
    pytest.mark.root,
    as_root,
]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "policy"
    path.write_text("# on production\nno-bpf  # for now\n", encoding="ascii")
    path.chmod(0o644)
    return path


def test_without_a_file_nothing_is_forbidden(tmp_path: Path) -> None:
    assert policy.why_forbidden("bpf", str(tmp_path / "policy")) is None
    assert policy.why_forbidden("bpf", str(tmp_path / "none" / "policy")) is None


def test_a_word_forbids(file: Path) -> None:
    assert policy.why_forbidden("bpf", str(file)) == f"{file} forbids it"
    file.write_text("# no-bpf\n\n", encoding="ascii")
    assert policy.why_forbidden("bpf", str(file)) is None


def test_a_file_that_others_can_write_or_nobody_understands_forbids_all(file: Path) -> None:
    file.write_text("nobpf\n", encoding="ascii")
    assert policy.why_forbidden("bpf", str(file)) == f"{file} has the unknown word 'nobpf'; there is no-bpf"
    file.write_text("", encoding="ascii")
    for mode in (0o664, 0o646):
        file.chmod(mode)
        assert policy.why_forbidden("bpf", str(file)) == f"{file} is no regular file that root alone can write"
    file.chmod(0o644)
    os.chown(file, 65534, 65534)
    assert policy.why_forbidden("bpf", str(file)) == f"{file} is no regular file that root alone can write"
    file.unlink()
    os.mkfifo(file)
    assert policy.why_forbidden("bpf", str(file)) == f"{file} is no regular file that root alone can write"
    file.unlink()
    file.symlink_to("/etc/passwd")
    assert "cannot be read" in (policy.why_forbidden("bpf", str(file)) or "")


@pytest.mark.linux
@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="BPF")
def test_no_program_is_loaded_where_the_policy_forbids_it(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bpf, "why_forbidden", lambda what: policy.why_forbidden(what, str(file)))
    monkeypatch.delenv(bpf.FORBID, raising=False)
    with pytest.raises(bpf.BpfUnavailable, match="policy forbids it"):
        bpf.check()
