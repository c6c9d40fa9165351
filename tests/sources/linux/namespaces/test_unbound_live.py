"""Sockets without an address, which no table of the kernel lists, are those of the processes that are asked for."""

import os
import socket
from typing import Any

import pytest

from tests.support.live import answer, on_linux, portsock

pytestmark = [pytest.mark.linux, on_linux]


def rows(*arguments: str) -> dict[int, Any]:
    return {row["inode"]: row for row in answer("sockets", *arguments)["sockets"]}


def test_what_socket_2_alone_has_made_is_listed_for_its_process_and_for_its_descriptor() -> None:
    with (
        socket.socket() as tcp,
        socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as udp,
        socket.create_server(("127.0.0.1", 0)) as bound,
    ):
        of_process = rows(f"pid:{os.getpid()}")
        of_descriptor = rows(f"fd:{os.getpid()}/{udp.fileno()}")
        udp_alone = rows(f"pid:{os.getpid()}", "--udp")
        established = rows(f"pid:{os.getpid()}", "--established")
        everywhere = rows()
        inodes = [os.fstat(each.fileno()).st_ino for each in (tcp, udp, bound)]
        descriptor = tcp.fileno()
        text = portsock("explain", f"fd:{os.getpid()}/{descriptor}").stdout
    bare = {"local": None, "remote": None, "recv_q": None, "netns": None, "uid": os.getuid()}
    first, second = of_process[inodes[0]], of_process[inodes[1]]
    assert {key: first[key] for key in bare} == bare
    assert {key: second[key] for key in bare} == bare
    assert (first["protocol"], first["family"], first["state"]) == ("tcp", "ipv4", "CLOSED")
    assert (second["protocol"], second["family"], second["state"]) == ("udp", "ipv6", "UNCONN")
    assert {"pid": os.getpid(), "fd": descriptor}.items() <= first["owners"][0].items()
    assert of_process[inodes[2]]["local"] is not None
    assert of_descriptor.keys() == {inodes[1]}
    assert inodes[1] in udp_alone
    assert inodes[0] not in udp_alone
    assert not {inodes[0], inodes[1]} & (established.keys() | everywhere.keys())
    assert "is a TCP socket without an address" in " ".join(text.split())


def test_explain_counts_them() -> None:
    with socket.socket(), socket.socket():
        text = " ".join(portsock("explain", f"pid:{os.getpid()}").stdout.split("\n\n")[0].split())
    assert "2 sockets without an address" in text
