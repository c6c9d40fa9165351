"""Facts of this host: its users, its table of services, its addresses and settings, and portsock's configuration file."""

import os
import stat
import sys
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from functools import lru_cache

from portsock.errors import ReadError, UsageError
from portsock.model import Host, Process
from portsock.port_numbers import EMPTY, Services, default_ephemeral, parse_services
from portsock.sources.failures import is_absent, note

NETNS_NAMES = "/run/netns"
"""The directory in which ip-netns(8) mounts named namespaces."""
_SYSCTLS = (
    "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports", "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ip_nonlocal_bind", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_syn_retries", "net.ipv4.tcp_syn_linear_timeouts",
    "net.ipv4.tcp_synack_retries", "net.ipv4.tcp_retries2", "net.ipv4.tcp_orphan_retries",
    "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_tw_reuse", "net.ipv4.tcp_max_syn_backlog", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_abort_on_overflow",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_migrate_req", "net.ipv6.bindv6only", "net.ipv6.ip_nonlocal_bind", "net.core.somaxconn",
)  # fmt: skip
_RANGE = _SYSCTLS[0]
_NO_WAIT = getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0)
"""A fifo or a terminal that took the file's place must not hold up the program."""
_LONGEST_CONFIGURATION = 1 << 20


def read_text(path: str, errors: str = "surrogateescape", most: int = -1) -> str | None:
    """Return the text of a small file, such as those under /proc, of at most `most` characters; None where it cannot be read.

    That is noted as a failure, unless there is no such file.
    """
    try:
        with open(path, encoding="utf-8", errors=errors) as file:
            return file.read(most)
    except OSError as error:
        note("file", path, error)
        return None


def effective_capabilities() -> int | None:
    """Return the mask of this process's effective capabilities, capabilities(7); None where it cannot be read."""
    _, found, rest = (read_text("/proc/self/status") or "").partition("\nCapEff:")
    return int(rest.split()[0], 16) if found else None


@lru_cache(maxsize=4096)
def user_name(uid: int) -> str | None:
    """Return the user's name, or None."""
    try:
        import pwd
    except ImportError:  # Windows has no such database
        return None
    for _ in range(2):  # libc reports a table that it could not read like a missing user
        try:
            return pwd.getpwuid(uid).pw_name
        except (KeyError, OverflowError):
            continue
    return None


def users(uids: Iterable[int]) -> dict[int, str]:
    """Return user names by uid, without uids that have no name."""
    return {uid: name for uid in uids if (name := user_name(uid)) is not None}


def read_processes(pids: Iterable[int], read: Callable[[int], Process], parents: bool) -> dict[int, Process]:
    """Return what `read` returns for these pids, with `parents` also for their ancestors."""
    found: dict[int, Process] = {}
    waiting = list(pids)
    while waiting:
        pid = waiting.pop()
        if pid in found:
            continue
        found[pid] = process = read(pid)
        if parents and process.ppid:
            waiting.append(process.ppid)
    return found


def groups(gids: Collection[int]) -> dict[int, str]:
    """Return group names by gid, without gids that have no name."""
    try:
        import grp
    except ImportError:
        return {}
    found = {}
    for gid in (*gids, *gids):  # again, since libc reports a table that it could not read like a missing group
        with suppress(KeyError, OverflowError):
            found[gid] = grp.getgrgid(gid).gr_name
    return found


def home(uid: int) -> str:
    """Return a user's home directory, or '/nonexistent'."""
    try:
        import pwd

        return pwd.getpwuid(uid).pw_dir
    except (ImportError, KeyError, OverflowError):
        return "/nonexistent"


def bound_sockets_listed(backend: str | None) -> bool:
    """Tell whether this backend lists TCP sockets that are bound, but neither listen nor are connected.

    netlink does since Linux 6.8 (net/ipv4/inet_diag.c, TCPF_BOUND_INACTIVE), /proc/net/tcp never does.
    """
    if backend != "netlink" or not sys.platform.startswith("linux"):
        return False
    major, _, rest = os.uname().release.partition(".")
    minor = rest.partition(".")[0].partition("-")[0]
    return major.isdecimal() and minor.isdecimal() and (int(major), int(minor)) >= (6, 8)


def services() -> Services:
    """Return the system's table of service names; empty where it has none."""
    path = "/etc/services"
    if sys.platform == "win32":
        path = os.path.join(os.environ.get("SYSTEMROOT", r"C:\Windows"), r"System32\drivers\etc\services")
    text = read_text(path, "replace")
    return EMPTY if text is None else parse_services(text)


def host(root: str = "/proc", facts: bool = False) -> Host:
    """Return facts of this host: names and ephemeral ports, with `facts` also addresses and kernel settings."""
    system, name = _names()
    read = _ephemeral(root) if system == "Linux" else None
    return Host(
        system,
        read or default_ephemeral(system),
        read is None,
        name,
        _addresses(root, system) if facts else None,
        _sysctls(root) if facts and system == "Linux" else {},
        *(_counters(root) if facts and system == "Linux" else ()),
    )


def _names() -> tuple[str, str | None]:
    """Return the names of the system and of the host."""
    if sys.platform == "win32":
        return "Windows", os.environ.get("COMPUTERNAME")
    uname = os.uname()
    return uname.sysname, uname.nodename or None


def _ephemeral(root: str) -> tuple[int, int] | None:
    words = (_sysctl(root, _RANGE) or "").split()
    if len(words) != 2 or not all(word.isascii() and word.isdigit() for word in words):
        return None
    return int(words[0]), int(words[1])


def _sysctls(root: str) -> dict[str, str]:
    """Return the settings that this kernel has and that may be read."""
    return {name: value for name in _SYSCTLS if (value := _sysctl(root, name)) is not None}


def _sysctl(root: str, name: str) -> str | None:
    value = read_text(f"{root}/sys/{name.replace('.', '/')}")
    return " ".join(value.split()) if value is not None else None


def addresses_in(process: str) -> frozenset[str] | None:
    """Return the addresses of the network namespace of a process: a pid, or 'thread-self'. Linux only."""
    return _addresses(f"/proc/{process}", "Linux")


def passive_opens(process: str = "thread-self") -> int | None:
    """Return how many TCP connections the network namespace of a process ever accepted; None if unknown. Linux only."""
    from portsock.parse.proc.counters import parse_passive_opens

    return parse_passive_opens(read_text(f"/proc/{process}/net/snmp") or "")


def _counters(root: str) -> tuple[dict[str, int], int | None]:
    """Return the counters of this thread's network namespace, and its inode number."""
    from portsock.parse.proc.counters import parse_counters, parse_snmp6

    base = f"{root}/thread-self" if os.path.isdir(f"{root}/thread-self") else root
    found = parse_counters(read_text(f"{base}/net/netstat") or "")
    found |= parse_counters(read_text(f"{base}/net/snmp") or "") | parse_snmp6(read_text(f"{base}/net/snmp6") or "")
    try:
        return found, os.stat(f"{base}/ns/net").st_ino
    except OSError:
        return found, None


def _addresses(root: str, system: str) -> frozenset[str] | None:
    """Return this host's addresses, IPv6 ones without zone; None where they cannot be read."""
    if system == "Linux":
        from portsock.parse.proc.addresses import parse_fib_trie, parse_if_inet6

        v4, v6 = read_text(f"{root}/net/fib_trie"), read_text(f"{root}/net/if_inet6")
        return None if v4 is None and v6 is None else frozenset(parse_fib_trie(v4 or "") | parse_if_inet6(v6 or ""))
    import psutil

    internet = {"AF_INET", "AF_INET6"}
    found = {
        address.address.partition("%")[0]
        for addresses in psutil.net_if_addrs().values()
        for address in addresses
        if getattr(address.family, "name", None) in internet
    }
    return frozenset(found)


def find_configuration(environ: Mapping[str, str]) -> str | None:
    """Return the path of the configuration file; None if no regular file is there.

    The directory is that of the XDG base directory specification, by which a relative one is ignored.
    """
    base = environ.get("XDG_CONFIG_HOME", "")
    path = f"{base if base.startswith('/') else os.path.expanduser('~/.config')}/portsock/config.toml"
    try:
        return path if stat.S_ISREG(os.stat(path).st_mode) else None
    except PermissionError:  # another user's home directory
        return None
    except OSError as error:
        if is_absent(error):
            return None
        raise ReadError(f"{path}: {error.strerror}; mend that, or use --no-config") from None


def read_configuration(path: str) -> str:
    """Return the text of the configuration file.

    Raises UsageError if it cannot be read, is too large or not UTF-8; as root also if another user can write it.
    """
    try:
        with open(path, encoding="utf-8", opener=lambda name, flags: os.open(name, flags | _NO_WAIT)) as file:
            _require_trusted(path, os.fstat(file.fileno()))
            text = file.read(_LONGEST_CONFIGURATION + 1)
            if len(text) > _LONGEST_CONFIGURATION:
                raise UsageError(f"{path}: more than {_LONGEST_CONFIGURATION} characters; shorten it, or use --no-config")
            return text
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror or error}; make it readable, or use --no-config") from None
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        raise UsageError(f"{path}:{line}: no UTF-8, which TOML is written in") from None


def _require_trusted(path: str, status: os.stat_result) -> None:
    """Raise UsageError for no regular file, and as root for a file of another user than root or the one who ran sudo."""
    if not stat.S_ISREG(status.st_mode):
        raise UsageError(f"{path}: no regular file; replace it, or use --no-config")
    if not hasattr(os, "geteuid") or os.geteuid() != 0:
        return
    if status.st_uid not in {0, sudo_uid()}:
        raise UsageError(
            f"{path}: belongs to uid {status.st_uid}, and root reads only root's own; chown it, or use --no-config"
        )
    if status.st_mode & stat.S_IWOTH:
        raise UsageError(f"{path}: everybody can write it, which root does not trust; chmod o-w, or use --no-config")


def sudo_uid() -> int | None:
    """Return the uid of the user who ran sudo; None without sudo."""
    return parse_uid(os.environ.get("SUDO_UID", ""))


def parse_uid(text: str) -> int | None:
    """Parse a uid in digits. None for any other text and for 2**32 - 1, which means no user."""
    usable = text.isascii() and text.isdigit() and len(text) <= 10 and int(text) < 2**32 - 1
    return int(text) if usable else None
