"""Both ends of a connection are joined where the client asked for a published port that leads to another one (DNAT)."""

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from portsock.model import Socket
from portsock.sources.linux import netlink
from portsock.sources.linux.joining import reuse
from tests.sources.linux.joining.test_crossing import read
from tests.support.crossing_lab import CLIENT, CLIENT_PORT, PORT, SERVER, Pair, inside, pair
from tests.support.live import as_root, on_linux, portsock, run, tool

pytestmark = [pytest.mark.linux, pytest.mark.root, on_linux, as_root]

PUBLISHED = 8080


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as made:
        yield made


def publish(ends: Pair, stack: ExitStack) -> dict[str, int]:
    """Connect to the published port. Returns the inodes of the sockets by namespace."""
    rules = f"""
        add table ip nat
        add chain ip nat pre {{ type nat hook prerouting priority -100 ; }}
        add rule ip nat pre tcp dport {PUBLISHED} dnat to {SERVER}:{PORT}
    """
    for rule in filter(None, map(str.strip, rules.splitlines())):
        done = run([tool("ip"), "netns", "exec", ends.server, tool("nft"), *rule.split()])
        if done.returncode:
            pytest.skip(f"nft {rule}: {done.stderr.strip()}")
    listener = inside(ends.server, lambda: socket.create_server((SERVER, PORT)))
    with listener:
        client = inside(ends.client, lambda: socket.create_connection((SERVER, PUBLISHED), 5, (CLIENT, CLIENT_PORT)))
        server, _ = listener.accept()
    stack.enter_context(client)
    stack.enter_context(server)
    return {ends.client: os.fstat(client.fileno()).st_ino, ends.server: os.fstat(server.fileno()).st_ino}


def peers(rows: dict[tuple[str | None, int | None], Socket]) -> dict[str | None, tuple[str | None, int | None] | None]:
    return {
        name: (row.peer.netns.name if row.peer.netns else None, row.peer.inode) if row.peer else None
        for (name, _), row in rows.items()
    }


def test_the_client_of_a_published_port_and_its_server_name_each_other(stack: ExitStack) -> None:
    ends = pair(stack, "st")
    inodes = publish(ends, stack)
    found = read(*ends)
    (client,) = (row for (name, _), row in found.items() if name == ends.client)
    (server,) = (row for (name, _), row in found.items() if name == ends.server)
    assert (client.remote, server.local) != (server.local, client.remote)
    assert peers(found) == {
        ends.client: (ends.server, inodes[ends.server]),
        ends.server: (ends.client, inodes[ends.client]),
    }
    assert client.peer is not None
    assert client.peer.owners == server.owners
    chosen = [word for name in ends for word in ("--netns", name)]
    line = next(line for line in portsock("sockets", "-t", *chosen).stdout.splitlines() if f"{SERVER}:{PUBLISHED}" in line)
    assert line.count(f"[{os.getpid()}/") == 2


def test_namespaces_with_the_same_addresses_join_none(stack: ExitStack) -> None:
    ends, twin = pair(stack, "st"), pair(stack, "uv")
    publish(ends, stack)
    publish(twin, stack)
    assert set(peers(read(*ends, *twin)).values()) == {None}
    assert None not in peers(read(*twin)).values()


def test_an_end_that_is_gone_afterwards_joins_none(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    ends = pair(stack, "st")
    publish(ends, stack)
    cookies = [row.cookie for row in read(*ends).values()]
    for gone in cookies:
        monkeypatch.setattr(reuse, "present", lambda *_, gone=gone: {cookie for cookie in cookies if cookie != gone})
        assert set(peers(read(*ends)).values()) == {None}


def test_a_namespace_whose_translations_may_not_be_read_joins_none(stack: ExitStack, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused() -> object:
        raise netlink.NetlinkRefused("Operation not permitted")

    ends = pair(stack, "st")
    publish(ends, stack)
    monkeypatch.setattr(netlink, "translations", refused)
    assert set(peers(read(*ends)).values()) == {None}
