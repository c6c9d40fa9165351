"""Texts that are no targets, and the target that each of them plainly means: URLs, error messages, 'pid 55'.

The words of an error message are looked for in the order in which they stand. Credentials are left out of everything returned.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from portsock.addresses import number_of
from portsock.port_numbers import Services

MOST = 20_000
"""Characters that are read of a text: a stack trace has its message in the first lines."""


class Pasted(NamedTuple):
    """The reading of a text."""

    targets: tuple[str, ...]
    """Targets in the text, the likeliest first: the first one that parses is meant. Empty where there are none."""
    error: str | None = None
    """The errno name of the error that the text reports."""
    hosts: tuple[str, ...] = ()
    """Endpoints whose hosts are names, in the form HOST:PORT; they are targets where names may be looked up."""
    scheme: str | None = None
    """The scheme of the URL that the text is."""


_ERRORS = (
    (
        "EADDRINUSE",
        r"WSAEADDRINUSE|EADDRINUSE|AddrInUse|address (?:is )?(?:already )?in use|already allocated|already in use|is in use"
        r"|connection in use|only one usage of each socket|\b10048\b|errno 98\b|errno 48\b|os error 98\b|\(98\)",
    ),
    (
        "EADDRNOTAVAIL",
        r"EADDRNOTAVAIL|can(?:not|'t) assign requested address|address not available|AddrNotAvailable|\b10049\b",
    ),
    (
        "ECONNREFUSED",
        r"ECONNREFUSED|ConnectionRefused|connection refused|actively refused|\brefused\b|\b10061\b|errno 111\b|\(111\)",
    ),
    ("ECONNRESET", r"ECONNRESET|ConnectionReset|connection (?:was )?reset|forcibly closed|\b10054\b|errno 104\b"),
    ("ETIMEDOUT", r"ETIMEDOUT|(?:connection|operation|connect|request) timed out|i/o timeout|\b10060\b|errno 110\b"),
    ("EHOSTUNREACH", r"EHOSTUNREACH|no route to host|host is unreachable|\b10065\b|errno 113\b"),
    ("ENETUNREACH", r"ENETUNREACH|network is unreachable|\b10051\b|errno 101\b"),
    ("EPIPE", r"\bEPIPE\b|broken ?pipe|errno 32\b"),
    ("EMFILE", r"\bEMFILE\b|too many open files|\b10024\b|errno 24\b"),
    ("EACCES", r"\bEACCES\b|permission denied|\b10013\b|forbidden by its access permissions|errno 13\b"),
)
"""Errno name → what runtimes print for it, the most certain first."""

_URL = re.compile(r"(?<![\w+.-])([A-Za-z][A-Za-z0-9+.-]{0,30})://([^\s\"'<>,;(){}|\\^`]*)")
_WHOLE_URL = re.compile(r"(?:jdbc:)?([A-Za-z][A-Za-z0-9+.-]{0,30})://(.*)", re.DOTALL)
_IPV4 = r"\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}"
_BRACKETED = re.compile(r"\[([^\[\]]{1,60})\]:(\d{1,5})")
_PAIR = re.compile(
    rf"({_IPV4}:\d{{1,5}}|\[[^\[\]\s]{{1,60}}\]:\d{{1,5}})\s?->\s?({_IPV4}:\d{{1,5}}|\[[^\[\]\s]{{1,60}}\]:\d{{1,5}})"
)
_TUPLE = re.compile(r"\(\s?['\"]([^'\"\s]{0,60})['\"],\s?(\d{1,5})\b")
_PORT = re.compile(r"\bports?(?:\s?[:=#]|\s(?:number\s)?)\s?['\"]?(\d{1,5})(?![\w.]*\w)", re.IGNORECASE)
_SOCKET_FILE = re.compile(r"(?:\bunix:(?://)?|\bunix\s|['\"\s(])['\"]?(/[^\s'\",:;()]{1,200})")
_BREAKS = re.compile(r"[\s\"'(){}<>,;=@/|]+")
_WILDCARD = re.compile(r"^(?:\*|0\.0\.0\.0|\[::\]):(?=\d+$)")
"""A program that binds a wildcard is in the way of whatever has the port on any address, and the other way round."""
_NAMED = re.compile(r"([A-Za-z][A-Za-z0-9_-]*(?:\.[A-Za-z0-9_-]+)*):(\d{1,5})")
_HOST_AND_PORT = re.compile(
    r"\b(?:host|to|at|for)[ =:]['\"]?(?!localhost)([A-Za-z][\w-]*(?:\.[\w-]+)*)['\"]?,? port[ =:]{1,2}['\"]?(\d{1,5})\b",
    re.IGNORECASE,
)
_SOURCE_FILE = re.compile(
    r"\.(?:[cm]?[jt]sx?|py|go|rs|rb|php|java|kt|scala|cs|c|cc|cpp|h|ex|erl|lua|pl|swift)$", re.IGNORECASE
)
_CREDENTIALS = re.compile(r"(://)[^\s\"'<>]*@|(?<![\w.:/+-])[\w.+-]+:[^\s\"'<>@/]+@(?=[\w\[])")

_WRITTEN_OUT = re.compile(r"\s*(\w+)\s*(?::\s*|\s)\s*#?([^\s:,]+)\s*[.?]?\s*", re.ASCII)
KINDS = {
    "pid": "pid:", "process": "proc:", "proc": "proc:", "program": "proc:", "port": ":", "user": "user:", "unit": "unit:",
    "service": "unit:", "container": "container:", "inode": "inode:", "tcp": "tcp/", "udp": "udp/",
}  # fmt: skip
"""Words before a name or number → the form of target that they mean."""

_SCHEMES = {
    "ws": "http", "wss": "https", "postgres": "postgresql", "mariadb": "mysql", "rediss": "redis", "sftp": "ssh", "scp": "ssh",
    "mongodb+srv": "mongodb", "mqtts": "secure-mqtt", "git+ssh": "ssh", "svn+ssh": "ssh", "git+https": "https",
}  # fmt: skip
"""URL scheme → the service of which it takes the port, where that has another name."""
_DEFAULT_PORTS = {
    "http": 80, "https": 443, "postgresql": 5432, "mysql": 3306, "redis": 6379, "amqp": 5672, "amqps": 5671, "mongodb": 27017,
    "mqtt": 1883, "secure-mqtt": 8883, "nats": 4222, "ssh": 22, "ftp": 21, "ldap": 389, "ldaps": 636, "smtp": 25, "imap": 143,
    "clickhouse": 9000, "memcached": 11211, "kafka": 9092, "sqlserver": 1433, "rtsp": 554, "vnc": 5900, "rdp": 3389,
    "git": 9418, "bolt": 7687, "neo4j": 7687, "cassandra": 9042, "stomp": 61613, "etcd": 2379, "consul": 8500,
    "zookeeper": 2181,
}  # fmt: skip
"""Ports of schemes that a table of services may lack."""


def masked(text: str) -> str:
    """Return the text without user names and passwords in front of a host."""
    return _CREDENTIALS.sub(lambda found: (found[1] or "") + "...@", text[:MOST]) if "@" in text else text


def read_pasted(text: str, services: Services) -> Pasted | None:
    """Read a text that is no target; None where nothing in it is understood."""
    text = " ".join(text[:MOST].split())
    written_out = _WRITTEN_OUT.fullmatch(text)
    if written_out and written_out[1].lower() in KINDS:
        return Pasted(_of_kind(written_out[1].lower(), written_out[2]))
    whole = _WHOLE_URL.fullmatch(text)
    if whole and " " not in text:
        place = url_place(whole[1], whole[2], services)
        targets, hosts = _sorted([place] if place else [])
        return Pasted(targets, None, hosts, scheme=whole[1].lower())
    error = error_of(text)
    targets, hosts = _sorted(_places(text, services))
    if error == "EADDRINUSE":
        targets = tuple(_WILDCARD.sub(":", target) for target in targets)
    if error is None and (not targets or len(text.split()) < 2) and "@" not in text:
        return None
    return Pasted(targets, error, hosts) if error or targets else None


def error_of(text: str) -> str | None:
    """Return the errno name of the error that the text reports."""
    return next((name for name, pattern in _ERRORS if re.search(pattern, text[:MOST], re.IGNORECASE)), None)


def is_message(text: str) -> bool:
    """Tell whether the text is an error message, though it begins like a path: '/bin/x: bind: Address already in use'."""
    return ": " in text and any(letter.isspace() for letter in text) and error_of(text) is not None


def _of_kind(word: str, value: str) -> tuple[str, ...]:
    if word in ("process", "proc", "program") and value.isascii() and value.isdigit():
        return (f"pid:{value}",)
    return ("service:" + value, "unit:" + value) if word == "service" else (KINDS[word] + value,)


def url_place(scheme: str, rest: str, services: Services) -> str | None:
    """Return the target that a URL of this scheme names, None where none can be read; `rest` is what follows '://'."""
    scheme = scheme.lower()
    if scheme in ("unix", "http+unix"):
        path = _decoded(rest.partition("?")[0] if scheme == "unix" else rest.partition("/")[0])
        return path if path.startswith("/") and "\0" not in path else None
    authority = re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].partition(",")[0].rstrip(":.")
    if authority.startswith("["):
        host, closed, after = authority.partition("]")
        host, port = host + closed, after.removeprefix(":")
    else:
        host, _, port = authority.partition(":")
    if not re.fullmatch(r"\[[0-9A-Fa-f:.%\w]+\]|[\w.*-]+", host) or (port and not re.fullmatch(r"[0-9]{1,5}|\*", port)):
        return None
    port = port or str(_port_of_scheme(scheme, services) or "")
    transport = f"{scheme[:3]}/" if scheme in ("tcp", "tcp4", "tcp6", "udp", "udp4", "udp6") else ""
    if host in ("*", "+"):
        return f"{transport or ':'}{port}" if port else None
    return f"{transport}{host}:{port}" if port else f"{transport}{host.strip('[]')}"


def _decoded(text: str) -> str:
    """Replace '%2F' and the like by what they stand for, in ASCII."""
    return re.sub(r"%([0-7][0-9A-Fa-f])", lambda found: chr(int(found[1], 16)), text)


def _port_of_scheme(scheme: str, services: Services) -> int | None:
    """Return the port of a scheme: that of the service of this name over TCP, else a known one."""
    name = _SCHEMES.get(scheme, scheme)
    ports = sorted(services.ports(name), key=lambda pair: (pair[0] != "tcp", pair[1]))
    return _DEFAULT_PORTS.get(name) or (ports[0][1] if ports else None)


def _places(text: str, services: Services) -> Iterator[str]:
    """Yield the targets in a message, the likeliest first."""
    for found in _PAIR.finditer(text):
        if not any(end.endswith(":0") for end in found.groups()):
            yield f"{found[1]},{found[2]}"
    for found in _URL.finditer(text):
        place = url_place(found[1], found[2], services)
        if place:
            yield place
    text = _URL.sub(" ", masked(text))
    for found in _BRACKETED.finditer(text):
        yield f"{found[1]}:{found[2]}" if number_of(found[1]) and ":" not in found[1] else f"[{found[1]}]:{found[2]}"
    for found in _TUPLE.finditer(text):
        yield _joined(found[1], found[2])
    words = [word.rstrip(".:!?").rstrip("]") for word in _BREAKS.split(text)]
    yield from filter(None, map(_endpoint, words))
    port = _PORT.search(text)
    bare = [word for word in words if number_of(word.strip("[]").partition("%")[0]) or word.lower() == "localhost"]
    named = _HOST_AND_PORT.search(text)
    if port and not named:
        yield _joined(bare[0].strip("[]"), port[1]) if bare else f":{port[1]}"
    for found in _SOCKET_FILE.finditer(text):
        if found[1].endswith((".sock", ".socket")) or ".s.PGSQL." in found[1] or "unix" in found[0]:
            yield found[1]
    yield from bare
    if named:
        yield f"{named[1]}:{named[2]}"
    for word in words:
        host = _NAMED.fullmatch(word)
        if host and not _SOURCE_FILE.search(host[1]):
            yield word


def _endpoint(word: str) -> str | None:
    """Return the endpoint that a word of a message is, as a target; None for any other word."""
    host, colon, port = word.rpartition(":")
    if not colon or not (port.isascii() and port.isdigit() and len(port) <= 5):
        return None
    if host in ("", "*") or host.lower() == "localhost" or (":" not in host and number_of(host)):
        return word
    return f"[{host}]:{port}" if ":" in host and number_of(host.partition("%")[0]) else None


def _joined(host: str, port: str) -> str:
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def _sorted(places: "Iterator[str] | list[str]") -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the places without repetition: those that are targets, and those whose host is a name."""
    each = list(dict.fromkeys(places))
    names = [place for place in each if _is_host_name(place)]
    return tuple(place for place in each if place not in names), tuple(names)


def _is_host_name(place: str) -> bool:
    host = re.sub(r"^(?:tcp|udp)/", "", place).partition(":")[0]
    return host[:1].isalpha() and host.lower() != "localhost" and not number_of(place.partition("%")[0])
