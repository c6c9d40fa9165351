"""Inference of who chose a port, from the ranges of this host and of most systems."""

import pytest

from portsock.explain.ephemeral import chosen_by_peer, chosen_here
from portsock.model import Netns, OwnerStatus, Peer
from tests.support.explain_factory import HOST
from tests.support.factory import socket

RESERVING = HOST._replace(sysctls={"net.ipv4.ip_local_reserved_ports": "50070"})


@pytest.mark.parametrize(
    ("port", "words"),
    [
        (32767, "outside"),
        (32768, "probably chosen"),
        (60999, "probably chosen"),
        (61000, "outside"),
        (50070, "which is in net"),
    ],
)
def test_a_port_of_this_host(port: int, words: str) -> None:
    assert words in chosen_here(port, RESERVING)
    near = socket("127.0.0.1:80", f"127.0.0.1:{port}")
    assert words in chosen_by_peer(port, near, RESERVING)
    peer = Peer(5, None, None, OwnerStatus.KNOWN, ())
    assert words in chosen_by_peer(port, near._replace(peer=peer), RESERVING)


@pytest.mark.parametrize(
    ("port", "words"), [(50070, "probably chosen"), (61000, "probably chosen"), (5000, "or a NAT on the way")]
)
@pytest.mark.parametrize("netns", [None, Netns(7)])
def test_a_port_of_another_host_or_namespace(port: int, words: str, netns: Netns | None) -> None:
    peer = netns and Peer(5, netns, None, OwnerStatus.KNOWN, ())
    assert words in chosen_by_peer(port, socket("10.0.0.1:80", f"10.0.0.2:{port}", peer=peer), RESERVING)
