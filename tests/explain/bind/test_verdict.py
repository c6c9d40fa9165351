"""The verdict on all attempts to bind, in one line."""

from typing import Any

from portsock.explain.bind.verdict import verdict_line
from tests.support.explain_factory import attempt

FREE: dict[str, Any] = {"ok": True, "errno": None, "blockers": (), "reason": None}
WAYS: tuple[tuple[str, ...], ...] = ((), ("SO_REUSEADDR",), ("SO_REUSEPORT",))


def each_way(**changes: Any) -> list[Any]:
    return [attempt(options=options, **changes) for options in WAYS]


def test_what_is_free_or_in_use_everywhere_is_said_once() -> None:
    assert verdict_line([*each_way(**FREE), *each_way(address="127.0.0.1", **FREE)]) == "free"
    assert verdict_line([*each_way(), *each_way(address="127.0.0.1")]) == "in use (EADDRINUSE), whatever options are set"


def test_addresses_with_different_verdicts_are_named_without_options() -> None:
    line = verdict_line([*each_way(), *each_way(address="127.0.0.1", **FREE)])
    assert line == "in use (EADDRINUSE) on 0.0.0.0; free on 127.0.0.1"


def test_ipv6_alone_stands_behind_or_is_left_out() -> None:
    dual, alone = each_way(address="::", v6only=False), each_way(address="::", v6only=True, **FREE)
    assert verdict_line([*each_way(), *dual, *alone]) == ("in use (EADDRINUSE), whatever options are set; IPv6 alone is free")
    loopback = each_way(address="127.0.0.1", **FREE)
    assert verdict_line([*each_way(), *loopback, *dual, *alone]) == (
        "in use (EADDRINUSE) on 0.0.0.0 and [::]; free on 127.0.0.1"
    )


def test_an_option_that_helps_is_named() -> None:
    attempts = [attempt(), attempt(options=("SO_REUSEADDR",), **FREE), attempt(options=("SO_REUSEPORT",))]
    assert verdict_line(attempts) == "in use (EADDRINUSE), but free with SO_REUSEADDR"


def test_both_options_are_named_where_each_alone_does_not_help() -> None:
    both = attempt(options=("SO_REUSEADDR", "SO_REUSEPORT"), **FREE)
    assert verdict_line([*each_way(), both]) == "in use (EADDRINUSE), but free with SO_REUSEADDR and SO_REUSEPORT"
    one = attempt(options=("SO_REUSEPORT",), **FREE)
    assert verdict_line([attempt(), one, both]) == "in use (EADDRINUSE), but free with SO_REUSEPORT"


def test_an_address_of_another_host_takes_an_option_of_its_own() -> None:
    nowhere = each_way(errno="EADDRNOTAVAIL", reason="0.0.0.0 is not an address of this host")
    assert verdict_line(nowhere) == "no address of this host (EADDRNOTAVAIL) without IP_FREEBIND"
    elsewhere = each_way(errno="EADDRNOTAVAIL", reason="not there", elsewhere=True)
    assert verdict_line(elsewhere) == "not available there (EADDRNOTAVAIL) without IP_FREEBIND"
    assert verdict_line(each_way(errno="ENODEV")) == "no such device (ENODEV), whatever options are set"
    assert verdict_line(each_way(errno="EACCES")) == "not permitted (EACCES), whatever options are set"


def test_protocols_that_differ_are_named() -> None:
    assert verdict_line([*each_way(), *each_way(protocol="udp", **FREE)]) == (
        "tcp: in use (EADDRINUSE), whatever options are set; udp: free"
    )
