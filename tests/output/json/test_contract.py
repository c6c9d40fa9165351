"""Every field of the model, every key of the schema and every column belong together: none can be added to one alone."""

import json
from functools import cache
from importlib.resources import files
from typing import Any

import pytest

from portsock.model import (
    Coverage,
    Exposure,
    Family,
    InetEndpoint,
    Input,
    Interface,
    Machine,
    NetlinkEndpoint,
    Netns,
    Notice,
    Owner,
    OwnerReason,
    OwnerStatus,
    PacketEndpoint,
    Peer,
    Port,
    Process,
    Role,
    Socket,
    SocketMemory,
    SocketType,
    Source,
    State,
    Subflow,
    Timer,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.normalize.processes import ProcessRow
from portsock.output.columns import View
from portsock.output.context import Context
from portsock.output.json.envelope import envelope, notice_object
from portsock.output.json.objects import Objects
from portsock.output.json.processes import process_object
from portsock.output.tables.ports import PORTS
from portsock.output.tables.procs import PROCS
from portsock.output.tables.sockets import SOCKETS
from portsock.reachability import Reach, Reachable, RuleReference, Verdict
from tests.support.factory import port, snapshot, socket

OWNER = Owner(7, 3, "nginx", "www", 9)
INET = InetEndpoint("fe80::1", 80, "eth0", "web.example", "http", True, True)
PEER = Peer(8, Netns(2, "blue"), "db1", OwnerStatus.KNOWN, (OWNER,))
SOCKET = Socket(
    Family.IPV6, SocketType.STREAM, "tcp", 6, State.LISTEN, "LISTEN?", INET, INET, 1, 2, 3, 4, 1000, 5, 6, "eth0", False,
    Netns(1, "red"), Role.LISTENER, "www", "web1", OwnerStatus.PARTIAL, OwnerReason.OTHER_USER, (OWNER,), PEER, 9, 1, (8, 99),
    Timer("on", 5, 1), SocketMemory(*range(9)), {"rtt_ms": 0.5}, 11,
    (Subflow(State.ESTABLISHED, INET, INET),),
)  # fmt: skip
PROCESS = Process(
    7, "web", "nginx", "/bin/nginx", ("nginx",), "www", 33, 1, 0.0, "nginx.service", "web", True, "172.17.0.2:80", "web1",
    "sleeping", "docker", 12, 1024, "/srv", 1000, "dev", 3, "default",
)  # fmt: skip
RULE = RuleReference("inet", "filter", "input", 12, "tcp dport 80 drop", "no web")
VERDICT = Verdict("0.0.0.0/0", Reachable.REDIRECT, RULE, ("192.0.2.1", 80), "tcp reset")
REACH = Reach(Reachable.MIXED, (VERDICT,), RULE, ("192.0.2.1", 80), ("numgen",), ("limit rate 5/second",), 7)
PORT = Port(
    "tcp", 80, "http", "system", State.LISTEN, ("*",), Exposure.ALL, (SOCKET,), 3, OwnerStatus.PARTIAL, OwnerReason.OTHER_USER,
    (OWNER,), Netns(1, "red"), "web1", REACH,
)  # fmt: skip
INTERFACE = Interface("docker0", ("172.17.0.1/16",), 1, True)
MACHINE = Machine("5f0c", "b7", "Linux", "6.8.0", 1, (INTERFACE,), "0.1.0")
COVERS = Coverage(frozenset({"tcp"}), frozenset({State.LISTEN}), (Netns(1, "red"),), ("8080",))
INPUT = Input("a.txt", "web1", "ss")
MADE = Objects(Context())


@cache
def schema() -> Any:
    return json.loads(files("portsock").joinpath("schema/portsock-1.schema.json").read_text("utf-8"))


def keys_of(part: Any) -> set[str]:
    """The keys that a part of the schema describes, with those of the parts that it refers to."""
    found = set(part.get("properties", ()))
    for other in part.get("allOf", ()):
        found |= keys_of(other)
    if "$ref" in part:
        found |= keys_of(schema()["$defs"][part["$ref"].removeprefix("#/$defs/")])
    return found


def schema_keys(*path: str | int) -> set[str]:
    part = schema()["$defs"]
    for step in path:
        part = part[step]
    return keys_of(part)


KIND = {"kind"}
"""The key by which the kinds of endpoints are told apart."""


@pytest.mark.parametrize(
    ("value", "made", "path", "renamed", "added"),
    [
        (SOCKET, MADE.socket(SOCKET), ["socket"], {}, set()),
        (PROCESS, process_object(PROCESS), ["process"], {}, set()),
        (PORT, MADE.port(PORT), ["port"], {}, set()),
        (REACH, MADE.port(PORT)["reach"], ["reach"], {}, set()),
        (VERDICT, MADE.port(PORT)["reach"]["sources"][0], ["reach_source"], {}, set()),
        (RULE, MADE.port(PORT)["reach"]["rule"], ["rule"], {}, set()),
        (OWNER, MADE.owners((OWNER,))[0], ["owner"], {}, set()),
        (PEER, MADE.socket(SOCKET)["peer"], ["peer"], {}, set()),
        (Netns(1, "red"), MADE.socket(SOCKET)["netns"], ["netns"], {}, set()),
        (SOCKET.timer, MADE.socket(SOCKET)["timer"], ["unowned_socket", "properties", "timer"], {}, set()),
        (SOCKET.memory, MADE.socket(SOCKET)["memory"], ["unowned_socket", "properties", "memory"], {}, set()),
        # 'guessed' alone would not say what was guessed; service and scope follow from port and address.
        (INET, MADE.endpoint(INET, "tcp"), ["inet_endpoint"], {"guessed": "port_guessed"}, KIND | {"service", "scope"}),
        # Bytes that are not UTF-8 need a key of their own.
        (UnixEndpoint(b"/x", True, True), ..., ["unix_endpoint"], {}, KIND | {"path_bytes"}),
        (NetlinkEndpoint(0, 1, 2), ..., ["netlink_endpoint"], {}, KIND),
        (PacketEndpoint(3, 1), ..., ["packet_endpoint"], {}, KIND),
        (VsockEndpoint(3, 1), ..., ["vsock_endpoint"], {}, KIND),
        # 'incomplete' of all notices together is 'complete' of the document; 'silent' is about the terminal.
        (Notice("a", 1, "b"), notice_object(Notice("a", 1, "b")), ["notice"],
         {"amount": "count", "incomplete": None, "silent": None}, set()),
    ],
)  # fmt: skip
def test_every_field_is_a_key_of_the_json_and_of_the_schema(
    value: Any, made: Any, path: list[str], renamed: dict[str, str | None], added: set[str]
) -> None:
    assert None not in value, "the example must set every field"
    made = MADE.endpoint(value, path[0]) if made is ... else made
    keys = {renamed.get(name, name) for name in value._fields} - {None} | added
    assert set(made) == keys
    assert schema_keys(*path) == keys


def test_every_key_of_the_envelope_and_of_an_input_is_in_the_schema() -> None:
    head = envelope("sockets", snapshot(source=Source("capture", None, (INPUT,))))
    assert set(head) | {"processes"} == set(schema()["properties"])
    assert set(head["source"]["inputs"][0]) == set(Input._fields)


def test_every_key_of_the_host_and_of_what_is_covered_is_in_the_schema() -> None:
    head = envelope("sockets", snapshot()._replace(machine=MACHINE, covers=COVERS))
    assert None not in (*MACHINE, *INTERFACE, *COVERS), "the examples must set every field"
    assert set(head["machine"]) == set(Machine._fields) == schema_keys("machine")
    assert set(head["machine"]["interfaces"][0]) == set(Interface._fields) == schema_keys("interface")
    assert set(head["covers"]) == set(Coverage._fields) == schema_keys("covers")
    assert set(schema_keys("record", "allOf", 0, "then")) == set(head) - {"complete", "notices"}


ONLY_COLUMNS = {
    # Of the owners, joined by 'processes': their users, pids and facts; 'user' of a port is that of its sockets, too.
    "ports": {"user", "process", "pid", "unit", "container", "exe", "uid", "inode"},
    # Of the owners; of an endpoint: its service and scope; of 'info': one detail each.
    "sockets": {"process", "pid", "unit", "container", "exe", "service", "exposure"},
    # Counted over 'sockets'; 'cmdline' as one text.
    "procs": {"connections", "command"},
}
"""Columns whose values stand elsewhere in the JSON."""


@pytest.mark.parametrize(("view", "name"), [(PORTS, "port"), (SOCKETS, "socket"), (PROCS, "proc")])
def test_columns_have_the_names_of_the_json_keys(view: View[Any], name: str) -> None:
    details = {column.name for column in view.columns if column.needs == {"info"} and column.name != "info"}
    columns = {column.name for column in view.columns} - details
    assert columns - schema_keys(name) == ONLY_COLUMNS[view.command]


BARE_SOCKET = socket(None, type=None, state=None, recv_q=None, send_q=None, uid=None, user=None, inode=None, cookie=None)
FULL_ROWS = [(PORTS, PORT), (SOCKETS, SOCKET), (PROCS, ProcessRow(PROCESS, (SOCKET,)))]
BARE_ROWS = [
    (PORTS, port(state=None, exposure=None, connections=None, addresses=())),
    (SOCKETS, BARE_SOCKET),
    (PROCS, ProcessRow(Process(7), ())),
]


@pytest.mark.parametrize(("view", "row"), FULL_ROWS + BARE_ROWS)
def test_a_column_has_a_value_where_its_json_key_has_one(view: View[Any], row: Any) -> None:
    make = {"ports": MADE.port, "sockets": MADE.socket, "procs": MADE.proc}[view.command]
    made: Any = make(row)  # type: ignore[operator]
    columns = [column for column in view.columns if column.name not in ONLY_COLUMNS[view.command] | {"user", "sockets"}]
    texts = {column.name: bool(column.text(row, Context())) for column in columns if column.name in made}
    assert texts == {name: made[name] not in (None, []) for name in texts}


def test_each_tcp_detail_that_a_reader_can_give_is_described_with_its_unit() -> None:
    from portsock.parse.listings.ss import info
    from portsock.parse.netlink import tcp_info

    described = schema()["$defs"]["tcp_info"]["properties"]
    read = {name for name, _, _ in tcp_info._NAMES} | {name for name, _ in info._NAMES.values()}
    read |= {*info._LIMIT_NAMES.values(), "rtt_ms", "rtt_variation_ms", "total_retransmits", "congestion_control"}
    assert described.keys() == read
    for name, about in described.items():
        if name.endswith("_ms"):
            assert "millisecond" in about["description"], name
