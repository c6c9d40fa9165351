"""The text of a policy: a file or standard input, read up to a bound."""

from portsock.errors import UsageError

_MOST = (1 << 20) + 1
"""A policy has less; one byte more tells that it has not."""


def read_policy_file(path: str) -> bytes:
    """Return the bytes of a policy, '-' for stdin, at most one more than a policy may have. Raises UsageError."""
    name = "stdin" if path == "-" else path
    try:
        with open(0 if path == "-" else path, "rb", closefd=path != "-") as stream:
            found = bytearray()
            while len(found) < _MOST and (chunk := stream.read(_MOST - len(found))):
                found += chunk
            return bytes(found)
    except OSError as error:
        hint = "; portsock check --write prints one" if isinstance(error, FileNotFoundError) else ""
        raise UsageError(f"{name}: cannot be read: {error.strerror or error}{hint}") from None
