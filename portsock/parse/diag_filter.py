"""Port filters for the kernel: inet_diag's bytecode (struct inet_diag_bc_op, inet_diag_bc_run() in net/ipv4/inet_diag.c).

An operation is a code and two jumps in bytes: `yes` forward where it holds, `no` where it does not. A filter accepts a socket
by jumping exactly to its end, and rejects it by jumping 4 bytes beyond.
"""

import struct

from portsock.request import PortFilter

_OPERATION = struct.Struct("=BBH")
_JUMP, _SOURCE_GE, _SOURCE_LE, _DESTINATION_GE, _DESTINATION_LE = 1, 2, 3, 4, 5
_COMPARISON = 8
"""Bytes of a comparison: the operation, and one that carries the port where the second jump would be."""


def port_filter(ports: PortFilter) -> bytes:
    """Accepts a socket whose local port (or, with side 'either', whose remote port) is in one of the ranges."""
    tests = [(_SOURCE_GE, _SOURCE_LE, bounds) for bounds in ports.ranges]
    if ports.side == "either":
        tests += [(_DESTINATION_GE, _DESTINATION_LE, bounds) for bounds in ports.ranges]
    blocks = len(tests)
    size = 2 * _COMPARISON + _OPERATION.size
    total = blocks * size
    code = b""
    for index, (least, most, (first, last)) in enumerate(tests):
        left = total - index * size
        missed = size if index < blocks - 1 else left + _OPERATION.size
        code += _compare(least, first, missed)
        code += _compare(most, last, missed - _COMPARISON)
        code += _OPERATION.pack(_JUMP, _OPERATION.size, left - 2 * _COMPARISON)
    return code


def _compare(operation: int, port: int, missed: int) -> bytes:
    return _OPERATION.pack(operation, _COMPARISON, missed) + _OPERATION.pack(0, 0, port)
