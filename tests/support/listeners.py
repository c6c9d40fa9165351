"""A program that opens the sockets that its arguments name, prints a line of JSON and holds them until its stdin closes.

An argument is PROTOCOL:ADDRESS:PORT, as in tcp:127.0.0.1:8080, udp:[::]:0 or tcp6only:[::]:80. 'exec:PATH' in front runs this
file by another executable, 'user:UID' as another user.
"""

import json
import os
import socket
import sys

_FAMILIES = {True: socket.AF_INET6, False: socket.AF_INET}


def opened(text: str) -> socket.socket:
    """Open one socket."""
    protocol, _, place = text.partition(":")
    address, _, port = place.rpartition(":")
    address = address.strip("[]")
    kind = socket.SOCK_DGRAM if protocol.startswith("udp") else socket.SOCK_STREAM
    found = socket.socket(_FAMILIES[":" in address], kind)
    found.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    if ":" in address:
        found.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, protocol.endswith("only"))
    found.bind((address, int(port)))
    if kind is socket.SOCK_STREAM:
        found.listen()
    return found


def main(arguments: list[str]) -> None:
    """Open the sockets and wait."""
    how = {}
    while arguments and arguments[0].partition(":")[0] in ("user", "exec"):
        key, _, value = arguments.pop(0).partition(":")
        how[key] = value
    if "exec" in how:
        rest = [f"{key}:{value}" for key, value in how.items() if key != "exec"]
        os.execv(how["exec"], [how["exec"], __file__, *rest, *arguments])  # noqa: S606 - it becomes the other executable
    held = [opened(text) for text in arguments]
    if "user" in how:
        os.setgroups([])
        os.setuid(int(how["user"]))
    print(json.dumps({"pid": os.getpid(), "ports": [each.getsockname()[1] for each in held]}), flush=True)
    sys.stdin.read()


if __name__ == "__main__":
    main(sys.argv[1:])
