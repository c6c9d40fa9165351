"""The administrator's policy, /etc/portsock/policy: what portsock does not do on this host, whoever runs it.

One word a line, '#' begins a comment. The only word is 'no-bpf'. Unlike an environment variable it is in force under sudo.
Where the file is there, but cannot be trusted or understood, everything is forbidden that it could forbid.
"""

import os
import stat

PATH = "/etc/portsock/policy"
_WORDS = frozenset({"no-bpf"})
_LONGEST = 1 << 16
"""Bytes."""


def why_forbidden(what: str, path: str = PATH) -> str | None:
    """Return why something ('bpf') is forbidden here; None where it is not."""
    try:
        opened = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW)
        try:
            status = os.fstat(opened)
            if not stat.S_ISREG(status.st_mode) or status.st_uid != 0 or status.st_mode & 0o022:
                return f"{path} is no regular file that root alone can write"
            data = os.read(opened, _LONGEST)
        finally:
            os.close(opened)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    words = [line.partition("#")[0].strip() for line in data.decode("utf-8", "replace").split("\n")]
    unknown = next((word for word in words if word and word not in _WORDS), None)
    if unknown is not None:
        return f"{path} has the unknown word {unknown[:40]!r}; there is no-bpf"
    return f"{path} forbids it" if f"no-{what}" in words else None
