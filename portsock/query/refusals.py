"""Errors for targets and values that do not parse: one line with the value and the nearest form that would.

Imported only when something is refused.
"""

from collections.abc import Iterable

from portsock.enums import parse_state
from portsock.errors import UsageError
from portsock.query.pasted import masked

_UNIT_ENDINGS = (".service", ".socket", ".scope", ".slice", ".timer")


def shown(text: str) -> str:
    """Quote the value on one line, without credentials, cut to 60 characters."""
    text = masked(text)
    cut = text if len(text) <= 60 else text[:57] + "..."
    return f"'{cut}'" if cut.isprintable() else ascii(cut)


def near(text: str, choices: Iterable[str], *, amount: int = 3) -> list[str]:
    """Return the choices most similar to the text, best first."""
    from difflib import get_close_matches

    return get_close_matches(text[:100], list(choices), amount, 0.65)


def plain_number(text: str) -> int | None:
    """Return the number that other digits, signs, spaces or underscores may stand for, None for no number."""
    try:
        return int(text[:40])
    except ValueError:
        return None


def port_refused(port: str, whole: str) -> UsageError:
    """Refuse a port that is no number from 0 to 65535."""
    number = plain_number(port)
    about = shown(port) if port == whole else f"{shown(port)} in {shown(whole)}"
    if not port:
        return UsageError(f"{shown(whole)} has no port after the ':'; write the port, or leave the ':' out")
    if port.isascii() and port.isdigit():
        return UsageError(f"{about} is no port: ports end at 65535")
    if number is not None and 0 <= number <= 65535:
        return UsageError(f"{about} is no port: a port is written in the digits 0 to 9 alone, here {number}")
    if number is not None:
        return UsageError(f"{about} is no port: ports are 0 to 65535")
    return UsageError(f"{about} is no port: write a number from 0 to 65535, or a range such as 8000-8100")


def range_refused(first: int, last: int, whole: str) -> UsageError:
    """Refuse a range that ends before it begins."""
    return UsageError(f"the port range in {shown(whole)} ends before it begins; write {last}-{first}")


def ipv4_refused(address: str, whole: str) -> UsageError:
    """Refuse digits and dots that are no IPv4 address."""
    about = shown(address) if address == whole else f"{shown(address)} in {shown(whole)}"
    parts = address.split(".")
    if len(parts) == 5 and all(parts):
        return UsageError(
            f"{about} is no IPv4 address; with a port it is written {shown('.'.join(parts[:4]) + ':' + parts[4])}"
        )
    if len(parts) != 4 or not all(parts):
        return UsageError(f"{about} is no IPv4 address: it takes four numbers from 0 to 255, as in 192.168.1.3")
    for part in parts:
        if len(part) > 3 or int(part) > 255:
            return UsageError(f"{about} is no IPv4 address: {shown(part)} is above 255, where an octet ends")
    return UsageError(f"{about} is no IPv4 address: write it without leading zeros, {'.'.join(str(int(p)) for p in parts)}")


def ipv6_refused(address: str, whole: str) -> UsageError:
    """Refuse text with colons that is no IPv6 address."""
    about = shown(address) if address == whole else f"{shown(address)} in {shown(whole)}"
    return UsageError(f"{about} is no IPv6 address; an address and a port are written as in [::1]:631")


def prefix_refused(prefix: str, longest: int, whole: str) -> UsageError:
    """Refuse a prefix length."""
    example = "10.0.0.0/8" if longest == 32 else "fd00::/8"
    return UsageError(f"{shown(prefix)} in {shown(whole)} is no prefix length: it is 0 to {longest}, as in {example}")


def protocol_refused(word: str, body: str, whole: str, protocols: Iterable[str]) -> UsageError:
    """Refuse a word after '/' that is no protocol."""
    known = list(protocols)
    if word.lower() in {"tcp4", "tcp6", "udp4", "udp6"}:
        plain = shown(f"{body}/{word[:3].lower()}")
        return UsageError(f"{shown(word)} in {shown(whole)} is no protocol here; write {plain} with -{word[3]}")
    close = near(word.lower(), known, amount=1)
    if close:
        return UsageError(f"{shown(word)} in {shown(whole)} is no protocol; did you mean {shown(body + '/' + close[0])}?")
    return UsageError(
        f"{shown(word)} in {shown(whole)} is no protocol ({', '.join(known)}); a unix socket's path is written unix:PATH"
    )


def url_refused(text: str) -> UsageError:
    """Refuse a URL."""
    from portsock.port_numbers import EMPTY
    from portsock.query.pasted import url_place

    scheme, _, rest = text.removeprefix("jdbc:").partition("://")
    place = url_place(scheme, rest, EMPTY)
    return UsageError(f"{shown(text)} is a URL, not a target" + (f"; write {shown(place)}" if place else ""))


def list_refused(text: str) -> UsageError:
    """Refuse a comma or arrow that does not join two endpoints."""
    parts = [part.strip() for part in text.split(",")]
    if all(part.isascii() and part.isdigit() for part in parts):
        apart = shown(" ".join(parts))
        return UsageError(f"{shown(text)} is no connection; several ports are several arguments: {apart[1:-1]}")
    return UsageError(
        f"{shown(text)} is no connection: that takes two endpoints, each with an address and one port, "
        "as in 127.0.0.1:8080,127.0.0.1:48976"
    )


def name_refused(name: str, whole: str, services: Iterable[str], protocols: Iterable[str], kinds: Iterable[str]) -> UsageError:
    """Refuse a word that is no service, or a host name that may not, or cannot, be looked up."""
    if plain_number(name) is not None:
        return port_refused(name, whole)
    if name == whole:
        return _word_refused(name, services, protocols)
    rest = whole.removeprefix(name + ":")
    if name.lower() == "port" and rest != whole:
        return UsageError(f"{shown(whole)} is no target; a port is written alone, as in {shown(rest)}")
    close = near(name.lower(), kinds, amount=1) if rest != whole else []
    if close:
        return UsageError(f"{shown(whole)} is no target; did you mean {shown(close[0] + ':' + rest)}?")
    return _host_refused(name)


def _host_refused(name: str) -> UsageError:
    return UsageError(
        f"{shown(name)} is neither an address nor a service, and no host of this name is known; --resolve asks DNS"
    )


def _word_refused(name: str, services: Iterable[str], protocols: Iterable[str]) -> UsageError:
    """Refuse a bare word."""
    about = shown(name)
    if name.endswith(_UNIT_ENDINGS):
        return UsageError(f"{about} is no target; for a systemd unit write {shown('unit:' + name)}")
    if name.endswith(".sock"):
        return UsageError(f"{about} is no target; for a unix socket write its whole path, or {shown('unix:' + name)}")
    if name.lower() in {*protocols, "unix"}:
        return UsageError(f"{about} is a protocol, not a target; write --{name.lower()}")
    state = parse_state(name)
    if state is not None:
        return UsageError(f"{about} is a state, not a target; write --state {state}")
    if "." in name or " " in name or not name.isprintable():
        return _host_refused(name)
    close = near(name.lower(), services)
    also = f"; services of a like name: {', '.join(close)}" if close else ""
    return UsageError(f"{about} is in no table of services; for a process write {shown('proc:' + name)}{also}")
