"""Inputs with listings of several hosts."""

from collections.abc import Iterable, Iterator, Sequence

from portsock.errors import UsageError
from portsock.model import Notice


class SeveralHosts(Exception):
    """An input has listings of several hosts, which are read one by one."""

    def __init__(self, parts: Sequence[tuple[str, Iterable[str]]], notices: tuple[Notice, ...] = ()) -> None:
        super().__init__("listings of several hosts")
        self.parts = parts
        """Each host and the lines of its listing."""
        self.notices = notices


def output_of_ansible(lines: Iterable[str]) -> tuple[Iterator[str], tuple[Notice, ...]]:
    """Return the listing in what Ansible wrote, and notices. Raises UsageError, and SeveralHosts for several of them."""
    from portsock.parse.listings.wrappers import ansible

    try:
        parts, without = ansible.parts(lines)
    except (ValueError, RecursionError) as error:
        raise UsageError(
            f"no readable output of Ansible: {error if isinstance(error, ValueError) else 'nested too deeply'}"
        ) from None
    notices: tuple[Notice, ...] = ()
    if without:
        hosts = "1 host has" if without == 1 else f"{without} hosts have"
        notices = (Notice("hosts_without_listing", without, f"{hosts} no output in what Ansible wrote"),)
    if len(parts) > 1:
        raise SeveralHosts([(host or "unnamed", own) for host, own in parts], notices)
    return iter(parts[0][1] if parts else ()), notices
