"""Port filters for the kernel: inet_diag's bytecode (struct inet_diag_bc_op, inet_diag_bc_run() in net/ipv4/inet_diag.c).

An operation is a code and two forward jumps in bytes: `yes` where it holds, `no` where it does not. A filter accepts a socket
by jumping exactly to its end. It rejects the socket by jumping 4 bytes beyond.
"""

import struct

from portsock.records import PortFilter

_OPERATION = struct.Struct("=BBH")
_JUMP, _SOURCE_GE, _SOURCE_LE, _DESTINATION_GE, _DESTINATION_LE = 1, 2, 3, 4, 5
_COMPARISON = 8
"""Bytes of a comparison: the operation, then a second one that carries the port in place of its `no` jump."""
_BLOCK = 2 * _COMPARISON + _OPERATION.size
_FARTHEST = 2**16 - 1
"""The longest jump in bytes."""


def port_filter(ports: PortFilter) -> bytes | None:
    """Return a filter for sockets whose port on this side ('either': local or remote port) is in one of the ranges.

    Returns None for no ranges, and for too many to fit into a filter.
    """
    ranges = _merged(ports.ranges)
    tests = [] if ports.side == "remote" else [(_SOURCE_GE, _SOURCE_LE, bounds) for bounds in ranges]
    if ports.side != "local":
        tests += [(_DESTINATION_GE, _DESTINATION_LE, bounds) for bounds in ranges]
    blocks, size = len(tests), _BLOCK
    total = blocks * size
    if not tests or total + _OPERATION.size > _FARTHEST:
        return None
    code = b""
    for index, (least, most, (first, last)) in enumerate(tests):
        left = total - index * size
        missed = size if index < blocks - 1 else left + _OPERATION.size
        code += _compare(least, first, missed)
        code += _compare(most, last, missed - _COMPARISON)
        code += _OPERATION.pack(_JUMP, _OPERATION.size, left - 2 * _COMPARISON)
    return code


def _merged(ranges: tuple[tuple[int, int], ...]) -> list[tuple[int, int]]:
    """Return the same ports in as few ranges as possible."""
    found: list[tuple[int, int]] = []
    for first, last in sorted(ranges):
        if found and first <= found[-1][1] + 1:
            found[-1] = (found[-1][0], max(found[-1][1], last))
        else:
            found.append((first, last))
    return found


def _compare(operation: int, port: int, missed: int) -> bytes:
    return _OPERATION.pack(operation, _COMPARISON, missed) + _OPERATION.pack(0, 0, port)
