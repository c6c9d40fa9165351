"""The bind verdict against the kernel in random situations with devices, zones, users and leftovers: see bind_worlds.

PORTSOCK_LONG=1 runs the trial of 300 configurations; `python -m tests.support.bind_worlds` prints its table.
"""

import socket

import pytest

from portsock.cli.explaining.binding import attempts_of
from portsock.explain.bind.texts import TEXTS, Reason
from portsock.normalize.snapshot import normalize
from portsock.port_numbers import EMPTY
from portsock.query.target import parse_target
from portsock.records import Request
from portsock.sources.linux.collect import collect
from portsock.sources.system import host
from tests.support import bind_lab, bind_worlds
from tests.support.live import takes_long

pytestmark = [bind_lab.needs_root, pytest.mark.root, pytest.mark.linux]


def check(found: list[bind_worlds.Result], most_unknown: float) -> None:
    figures = bind_worlds.table(found)
    assert all(one.found for one in found), figures
    assert [one for one in found if one.wrong] == [], figures
    unknown = [one for one in found if one.ok is None]
    assert len(unknown) <= most_unknown * len(found), figures
    assert not [one for one in unknown if one.reason and "address of the device" in one.reason]


def test_no_verdict_is_wrong_in_random_situations() -> None:
    check(list(bind_worlds.results(seed=1, configurations=20)), most_unknown=0.03)


@takes_long
def test_no_verdict_is_wrong_in_five_trials_of_three_hundred_random_situations() -> None:
    found = [one for seed in range(1, 6) for one in bind_worlds.results(seed, configurations=300)]
    print(bind_worlds.table(found))
    check(found, most_unknown=0.02)


def test_the_reason_names_the_device_that_has_the_address() -> None:
    expected = {
        ("udp", "fe80::2%va"): TEXTS[Reason.OTHER_DEVICE].format(address="fe80::2%va", device="va", devices="wa"),
        ("tcp", "fe80::4%xa"): TEXTS[Reason.TENTATIVE].format(address="fe80::4%xa", unready="xa"),
        ("tcp", "fe80::77%va"): TEXTS[Reason.DUPLICATE].format(address="fe80::77%va", unready="va"),
        ("tcp", "127.0.0.1%none"): TEXTS[Reason.NO_DEVICE].format(zone="none"),
        ("tcp", "fe80::1%99"): TEXTS[Reason.NO_DEVICE].format(zone="99"),
        ("tcp", "ff12::5%va"): TEXTS[Reason.MULTICAST_STREAM].format(address="ff12::5%va"),
        ("udp", "ff12::5"): TEXTS[Reason.NO_ZONE].format(address="ff12::5"),
        ("udp", "ff12::5%va"): None,
        ("tcp", "fe80::2%wa"): None,
    }

    def work() -> list[bind_worlds.Result]:
        bind_worlds.make_devices()
        asked = [
            bind_worlds.Ask(protocol, address, port, False, False, True if ":" in address else None, 0)
            for port, (protocol, address) in enumerate(expected, 2001)
        ]
        return bind_worlds.compare(0, [((), one) for one in asked])

    found = bind_lab.in_namespace(work)
    assert [one for one in found if one.wrong or one.ok is None] == []
    assert {(one.ask.protocol, one.ask.address): one.reason for one in found} == expected


def test_a_wildcard_with_a_device_is_judged_on_that_device() -> None:
    def work() -> list[tuple[str, bool | None, str | None]]:
        bind_worlds.make_devices()
        with bind_lab.new_socket("0.0.0.0", device="va") as made:
            made.bind(("0.0.0.0", 2001))
            near = normalize([collect(Request(frozenset({"tcp"})))])._replace(host=host(facts=True))
            number = socket.if_nametoindex("va")
            return [
                (attempt.address, attempt.ok, attempt.errno)
                for device in ("va", "wa", "none", number)
                for attempt in attempts_of(parse_target(f"tcp/*%{device}:2001", EMPTY), near, "0", None, False)
                if not attempt.options and attempt.v6only is not False
            ]

    found = bind_lab.in_namespace(work)
    refused, free, missing = (False, "EADDRINUSE"), (True, None), (False, "ENODEV")
    assert [one[1:] for one in found] == [refused, refused, free, free, free, free, *[missing] * 3, refused, refused, free]
    assert [one[0] for one in found[:3]] == ["0.0.0.0%va", "127.0.0.1%va", "::%va"]
