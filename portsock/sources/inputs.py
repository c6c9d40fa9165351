"""What --from names: files, standard input, directories of files, and patterns that the shell was kept from expanding."""

import os
import stat
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from portsock.errors import UsageError
from portsock.model import Notice

_PATTERN = frozenset("*?[")


class Given(NamedTuple):
    """One file that is to be read."""

    path: str
    """'-' is standard input."""
    label: str | None
    """As typed before '='."""
    group: str | None = None
    """The directory or pattern that it was found by: one that is broken does not keep the others from being read."""
    folder: bool = False
    """The group is a directory, in which Ansible names a file after its host (--tree)."""


def split_label(text: str) -> tuple[str | None, str]:
    """Split 'web1=FILE' into (label, path). A text with '=' that names an existing file is a path without label."""
    label, sign, path = text.partition("=")
    if not sign or not label or not path or "/" in label or os.path.exists(text):
        return None, text
    return label, path


def find(captures: Sequence[str]) -> tuple[list[Given], tuple[Notice, ...]]:
    """Return the files to read, and notices about what was left out. Raises UsageError where there is none."""
    found: list[Given] = []
    notices: list[Notice] = []
    for text in captures:
        label, path = split_label(text)
        if path == "-" or not (os.path.isdir(path) or (_is_pattern(path) and not os.path.lexists(path))):
            found.append(Given(path, label))
            continue
        folder = os.path.isdir(path)
        files, left_out = _in_folder(path) if folder else _matching(path)
        if not files:
            raise UsageError(f"{path}: {_left_out(left_out) or 'nothing'} in it, and no file; give a captured listing"
                             if folder else f"{path}: no file has such a name")  # fmt: skip
        found += [Given(each, label, path, folder) for each in files]
        if left_out:
            were = "was" if sum(left_out.values()) == 1 else "were"
            text = f"{path}: {_left_out(left_out)} {were} left out"
            notices.append(Notice("inputs_left_out", sum(left_out.values()), text, incomplete=False))
    if sum(each.path == "-" for each in found) > 1:
        raise UsageError("--from - can be given once: stdin is one listing")
    return found, tuple(notices)


def _is_pattern(path: str) -> bool:
    return not _PATTERN.isdisjoint(path)


def _in_folder(path: str) -> tuple[list[str], dict[str, int]]:
    """Return the regular files of a directory, sorted, and how many of what else it has."""
    try:
        names = sorted(os.listdir(path))
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror or error}") from None
    shown = [name for name in names if not name.startswith(".")]
    files, left_out = _regular(os.path.join(path, name) for name in shown)
    if len(shown) < len(names):
        left_out["hidden file"] = len(names) - len(shown)
    return files, left_out


def _matching(pattern: str) -> tuple[list[str], dict[str, int]]:
    from glob import glob

    return _regular(sorted(glob(pattern)))


def _regular(paths: Iterable[str]) -> tuple[list[str], dict[str, int]]:
    """Return those that are regular files, or lead to one, and the number of each other kind: reading a fifo may wait."""
    files: list[str] = []
    others: dict[str, int] = {}
    for path in paths:
        try:
            mode = os.stat(path).st_mode
        except OSError:
            mode = stat.S_IFREG  # reading says why it cannot be read
        if stat.S_ISREG(mode):
            files.append(path)
        else:
            kind = "subdirectory" if stat.S_ISDIR(mode) else "special file"
            others[kind] = others.get(kind, 0) + 1
    return files, others


def _left_out(others: dict[str, int]) -> str:
    """Return in words what is no file to read."""
    several = {"subdirectory": "subdirectories", "special file": "special files", "hidden file": "hidden files"}
    return " and ".join(f"{number} {kind if number == 1 else several[kind]}" for kind, number in others.items())
