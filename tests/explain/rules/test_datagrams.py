"""Findings about dropped datagrams."""

from typing import Any

import pytest

from portsock.explain.types import Finding, Severity
from portsock.model import SocketMemory
from tests.support.explain_factory import HOST, answer, codes, finding, seen
from tests.support.factory import OWN, udp

MEMORY = SocketMemory(0, 212992, 0, 212992, 0, 0, 0, 0, 17)


def dropped(memory: SocketMemory = MEMORY, **counters: Any) -> Finding:
    host = HOST._replace(counters=counters, netns=OWN.id)
    found = finding("datagrams_dropped", answer("53/udp", seen([udp("127.0.0.1:53", memory=memory)], {1: 700}, host=host)))
    assert found is not None
    return found


def test_no_drops_are_no_finding() -> None:
    assert codes("53/udp", seen([udp("127.0.0.1:53", memory=MEMORY._replace(drops=0))], {1: 700})) == set()


@pytest.mark.parametrize(
    ("counters", "severity", "title"),
    [
        ({"UdpRcvbufErrors": 17, "UdpInErrors": 17}, Severity.NOTICE, ", for its receive buffer was full."),
        ({"UdpRcvbufErrors": 9, "Udp6RcvbufErrors": 8, "UdpInErrors": 9, "Udp6InErrors": 8}, Severity.NOTICE,
         ", for its receive buffer was full."),
        ({"UdpRcvbufErrors": 0, "UdpInErrors": 17}, Severity.INFO, ", though no receive buffer was full."),
        ({"UdpRcvbufErrors": 16, "UdpInErrors": 17}, Severity.NOTICE, "."),
        ({"UdpRcvbufErrors": 17, "UdpInErrors": 18}, Severity.NOTICE, "."),
        ({}, Severity.NOTICE, "."),
    ],
)  # fmt: skip
def test_a_full_buffer_is_named_only_where_the_counters_show_it(
    counters: dict[str, Any], severity: Severity, title: str
) -> None:
    found = dropped(**counters)
    assert found.title == f"python3 (pid 700) has lost 17 datagrams at 127.0.0.1:53{title}"
    assert found.severity is severity
    assert ("buffer was full" in found.title + found.detail) is (title != ".")


@pytest.mark.parametrize(("used", "full"), [(191_693, True), (191_692, False)])
def test_a_buffer_that_is_full_now_is_evidence_enough(used: int, full: bool) -> None:
    found = dropped(MEMORY._replace(recv_used=used))
    assert (", for its receive buffer was full" in found.title) is full
    assert (found.severity is Severity.WARNING) is full


def test_drops_for_wrong_checksums_are_counted() -> None:
    assert "had no wrong checksum (3, InCsumErrors)" in dropped(UdpRcvbufErrors=0, UdpInErrors=17, UdpInCsumErrors=3).detail
