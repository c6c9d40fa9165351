"""Rows of BSD netstat's internet sections: [address …] Proto Recv-Q Send-Q Local Foreign [state] and many more columns."""

import re
from typing import Any, NamedTuple

from portsock.model import InetEndpoint
from portsock.parse.listings.endpoint_text import dotted_endpoint
from portsock.parse.listings.internet import internet_record
from portsock.port_numbers import Services
from portsock.records import Holder, SocketRecord

_HOST = 16
"""inetprint() cuts hosts to this many characters, and with the protocol control block's address (-A) names to 12."""
_QUEUE = re.compile(r"\d{1,10}/\d{1,10}/\d{1,10}")
_FRONT = frozenset({"tcp4", "tcp6", "tcp46"})


class Columns(NamedTuple):
    """What the line of column names tells."""

    width: int
    """Characters of the local address."""
    front: tuple[str, ...]
    """Names of the columns between protocol and local address."""
    after: tuple[str, ...]
    """Names of the columns behind the foreign address."""


def columns_of(header: str) -> Columns | None:
    """The columns that a header names; None where it names no addresses."""
    local, foreign = header.find("Local Address"), header.find("Foreign Address")
    if local < 0 or foreign < local:
        return None
    front = header[:local].partition("Proto")[2].split()
    return Columns(foreign - local - 1, tuple(front), tuple(header[foreign + len("Foreign Address") :].split()))


def is_internet_row(line: str, protocol: re.Pattern[str]) -> bool:
    """Whether it is a row with dotted endpoints; addresses of control blocks may stand before the protocol."""
    words = line[:400].split(None, 8)
    at = _at(words, protocol)
    if at is None:
        return False
    rest = [word for word in words[at + 1 : at + 6] if not word.isdecimal()]
    return len(rest) >= 2 and _dotted(rest[0]) and _dotted(rest[1])


def _at(words: list[str], protocol: re.Pattern[str]) -> int | None:
    """Where among the first words the protocol stands."""
    for at, word in enumerate(words[:3]):
        if protocol.fullmatch(word):
            return at
        if not all(character in "0123456789abcdef" for character in word):
            return None
    return None


def _dotted(word: str) -> bool:
    return word.rfind(".") > word.rfind(":") and len(word) > 2


def internet_row(line: str, columns: Columns | None, services: Services) -> SocketRecord | None:
    """The record of a row; without a header the columns are taken to be those of plain -n."""
    words = line.split(None, 60)
    at = next(index for index, word in enumerate(words[:3]) if not _is_hexadecimal(word))
    protocol = words[at]
    first = next((index for index in range(at + 1, len(words)) if not words[index].isdecimal()), len(words))
    if first + 1 >= len(words):
        return None
    width = columns.width if columns else 18 if at else 22
    local = _endpoint(words[first], protocol, services, width)
    remote = _endpoint(words[first + 1], protocol, services, width)
    if local is None or remote is None:
        return None
    more: dict[str, Any] = {}
    if first == at + 3 and (columns is None or columns.front[:2] == ("Recv-Q", "Send-Q")):
        more["recv_q"], more["send_q"] = _count(words[at + 1]), _count(words[at + 2])
    state, holders = _after(words[first + 2 :], columns.after if columns else ("(state)",))
    if holders is not None:
        more["holders"] = holders
    return internet_record(protocol, local, remote, state, **more)


def queue_row(line: str, services: Services) -> SocketRecord | None:
    """'tcp4  0/0/128  *.22' of -L: waiting for accept, incomplete, the most; older systems leave the protocol out."""
    words = line.split(None, 3)
    if len(words) == 2 and _QUEUE.fullmatch(words[0]):
        words = ["tcp", *words]
    if len(words) != 3 or not (words[0] in _FRONT or words[0] == "tcp") or not _QUEUE.fullmatch(words[1]):
        return None
    waiting, _, most = words[1].split("/")
    local = _endpoint(words[2], words[0], services, 46)
    if local is None:
        return None
    return internet_record(words[0], local, None, "LISTEN", accept_queue=int(waiting), accept_limit=int(most))


def _endpoint(text: str, protocol: str, services: Services, width: int) -> InetEndpoint | None:
    """An endpoint that may have been cut twice: its host to 16 characters, then the whole to the column's width."""
    host, _, port = text.rpartition(".")
    limit = 12 if width < 22 and any(character.isalpha() for character in host) and ":" not in host else _HOST
    cut = width <= 23 and len(host) == limit
    if len(text) < width or width >= 22 or not port.isdecimal() or len(port) >= 5 or int(port) > 6553:
        return dotted_endpoint(text, protocol, services, cut)
    endpoint = dotted_endpoint(host + ".0", protocol, services, cut)  # digits may be missing at its end
    return endpoint and endpoint._replace(port=None, label=f"{port}…")


def _after(words: list[str], names: tuple[str, ...]) -> tuple[str | None, tuple[Holder, ...] | None]:
    """(the state or None, the holders or None where no column tells) of the words behind the addresses."""
    state, at = None, 0
    for name in names:
        if at >= len(words):
            break
        word = words[at]
        if name == "(state)":
            if not word.isdecimal():
                state, at = word, at + 1
        elif name == "process:pid":
            end = next((index for index in range(at, len(words)) if _names_process(words[index])), None)
            if end is None:
                return state, None
            process, _, number = " ".join(words[at : end + 1]).rpartition(":")
            return state, (Holder(int(number), None, process or None),) if int(number) else ()
        elif name == "pid":
            pid = _count(word)
            return state, None if pid is None else (Holder(pid, None),) if pid else ()
        else:
            at += 1
    return state, None


def _names_process(word: str) -> bool:
    pid = word.rpartition(":")[2]
    return ":" in word and _count(pid) is not None


def _is_hexadecimal(word: str) -> bool:
    return all(character in "0123456789abcdef" for character in word)


def _count(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 20 else None
