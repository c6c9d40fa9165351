"""The configuration file: where it is, and its text."""

import os
import stat
from collections.abc import Mapping

from portsock.errors import UsageError


def find(environ: Mapping[str, str]) -> str | None:
    """Return the path of the configuration file; None if no regular file is there.

    The directory is that of the XDG base directory specification, by which a relative one is ignored.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    path = f"{base if base.startswith('/') else os.path.expanduser('~/.config')}/portsock/config.toml"
    try:
        return path if stat.S_ISREG(os.stat(path).st_mode) else None
    except OSError:
        return None


def read(path: str) -> str:
    """Return the text of the configuration file. Raises UsageError if it cannot be read or is not UTF-8."""
    try:
        with open(path, encoding="utf-8") as file:
            return file.read()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; make it readable, or use --no-config") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: no UTF-8, which TOML is written in") from None
