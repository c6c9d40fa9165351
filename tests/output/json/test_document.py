"""The JSON contract: what is written fits the schema that ships, and says what was seen."""

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import jsonschema
import pytest

from portsock.explain.types import Attempt, Blocker, Command, Explanation, Finding, Part, Reading, Section, Severity
from portsock.model import (
    Exposure,
    Family,
    InetEndpoint,
    Input,
    NetlinkEndpoint,
    Netns,
    Notice,
    Owner,
    OwnerReason,
    OwnerStatus,
    PacketEndpoint,
    Peer,
    Process,
    Role,
    Scope,
    SocketMemory,
    SocketType,
    Source,
    State,
    Timer,
    UnixEndpoint,
    VsockEndpoint,
)
from portsock.normalize.processes import group_processes
from portsock.output.context import Context
from portsock.output.json.document import answer, explanations
from portsock.port_numbers import parse_services
from portsock.records import Identity
from tests.support.factory import endpoint as inet
from tests.support.factory import port, snapshot, socket

SERVICES = Context(parse_services("http-alt 8080/tcp webcache\n"))
PYTHON_PROCESS = Process(
    18085, "python3", "python3", "/usr/bin/python3.11", ("python3", "-m", "http.server"), "dev", 1000, 1701, 1795283892.7
)


@cache
def schema() -> Any:
    return json.loads(files("portsock").joinpath("schema/portsock-1.schema.json").read_text("utf-8"))


def validate(document: Any) -> None:
    jsonschema.Draft202012Validator(schema()).validate(document)


def validate_record(record: Any) -> None:
    jsonschema.Draft202012Validator({"$ref": "#/$defs/record", "$defs": schema()["$defs"]}).validate(record)


def document(command: str, rows: Sequence[Any], context: Context = SERVICES, **changes: Any) -> Any:
    found = json.loads("".join(answer(command, snapshot(**changes), rows, context, lines=False)))
    validate(found)
    return found


ODD = [
    socket("[::]:8080", v6only=False),
    socket("127.0.0.1:5", state=State.TIME_WAIT, remote="127.0.0.1:6", owners=(), uid=None, inode=None,
           owner_status=OwnerStatus.NONE, owner_reason=OwnerReason.TIME_WAIT),
    socket(UnixEndpoint(b"/run/caf\xe9"), None, family=Family.UNIX, protocol="unix", peer_inode=5, shutdown=3,
           vfs=(8, 99)),
    socket(UnixEndpoint(None), None, family=Family.UNIX, protocol="unix", type=SocketType.DGRAM,
           state=State.UNCONN, role=Role.BOUND),
    socket(NetlinkEndpoint(0, 812, 1), NetlinkEndpoint(0, 0), family=Family.NETLINK, protocol="netlink", state=None),
    socket(PacketEndpoint(3, None), None, family=Family.PACKET, protocol="packet", state=None),
    socket(VsockEndpoint(4294967295, 22), None, family=Family.VSOCK, protocol="vsock"),
    socket(inet("0.0.0.0:*"), None, protocol="raw", number=1, state=State.UNCONN, type=SocketType.RAW),
    socket(state=None, state_raw="OUÇA", host="web1", netns=Netns(4026531840, "blue")),
    socket("10.0.0.1:4", "10.0.0.2:5", timer=Timer("keepalive", 7000, 0), memory=SocketMemory(*range(9)),
           info={"rtt_ms": 0.5, "cong": "cubic", "ecn": True, "rate": float("nan")}),
    socket("10.0.0.1:4", "10.0.0.2:5", peer=Peer(8, Netns(1), "db1", OwnerStatus.KNOWN, (Owner(9, 3, "psql", "pg"),))),
    socket(local=None, family=Family.INET, owner_status=OwnerStatus.UNREPORTED, owners=()),
]  # fmt: skip


def test_every_kind_of_socket_fits_the_schema() -> None:
    found = document("sockets", ODD)["sockets"]
    assert [item["local"] and item["local"]["kind"] for item in found] == [
        "inet", "inet", "unix", "unix", "netlink", "packet", "vsock", "inet", "inet", "inet", "inet", None,
    ]  # fmt: skip
    assert found[0]["local"] == {
        "kind": "inet", "address": "::", "port": 8080, "service": "http-alt", "scope": "unspecified", "zone": None,
    }  # fmt: skip
    assert found[1]["uid"] is None
    assert found[2]["local"] == {"kind": "unix", "path": r"/run/caf\xe9", "path_bytes": "L3J1bi9jYWbp", "abstract": False}
    assert found[7]["number"] == 1
    assert found[7]["local"]["port"] is None
    assert (found[8]["state"], found[8]["state_raw"], found[8]["host"]) == (None, "OUÇA", "web1")
    assert found[9]["info"] == {"rtt_ms": 0.5, "cong": "cubic", "ecn": True, "rate": None}


def test_optional_keys_are_present_only_with_a_value() -> None:
    plain = document("sockets", [socket("10.0.0.1:4", "10.0.0.2:5")])["sockets"][0]
    optional = {"number", "state_raw", "accept_queue", "accept_limit", "host", "info", "timer", "memory"}
    assert not optional & set(plain)
    assert {"accept_queue", "accept_limit"} <= set(document("sockets", [socket()])["sockets"][0])
    cut = InetEndpoint("2001:db8::1", 80, None, "web.example", "http", True, True)
    end = document("sockets", [socket(local=None)._replace(local=cut)])["sockets"][0]["local"]
    assert end["hostname"] == "web.example"
    assert end["label"] == "http"
    assert end["truncated"] is True
    assert end["port_guessed"] is True
    assert end["scope"] is None


def test_the_envelope_has_host_time_source_and_notices() -> None:
    notices = (Notice("owners_hidden", 12, "12 sockets held by processes that could not be read"),)
    found = document("sockets", [], notices=notices)
    assert found["host"] == "web-1"
    assert found["taken_at"] == "2026-11-21T18:00:00Z"
    assert found["source"] == {"kind": "live", "backend": "netlink"}
    assert found["complete"] is False
    assert found["notices"] == [{"code": "owners_hidden", "count": 12, "message": notices[0].message}]
    assert found["sockets"] == found["processes"] == []


def test_a_captured_listing_is_named() -> None:
    source = Source("capture", None, (Input("a.txt", "web1", "ss"), Input("b.txt", "web2", "lsof")))
    found = document("sockets", [socket(host="web1")], source=source, taken_at=None)
    assert found["source"]["format"] is None
    assert found["source"]["inputs"][1] == {"name": "b.txt", "host": "web2", "format": "lsof"}
    assert found["host"] is None
    assert found["taken_at"] is None
    assert found["processes"][0]["host"] == "web1"


def test_processes_holds_each_process_that_a_row_names_once() -> None:
    peer = Peer(8, None, None, OwnerStatus.KNOWN, (Owner(9, 3, "telnet", "dev"),))
    rows = [socket(), socket("127.0.0.1:8080", "127.0.0.1:5", peer=peer)]
    context = Context(processes={(None, 18085): PYTHON_PROCESS, (None, 1): Process(1, "systemd")})
    found = document("sockets", rows, context)["processes"]
    assert [(item["pid"], item["name"]) for item in found] == [(9, "telnet"), (18085, "python3")]
    assert found[1]["started_at"] == "2026-11-21T17:58:12Z"


def test_ports_carry_their_sockets() -> None:
    rows = [port(), port(53, protocol="udp", state=State.UNCONN, connections=None, netns=Netns(7, "red"), host="h")]
    found = document("ports", rows)["ports"]
    assert found[0]["sockets"][0]["local"]["port"] == 8080
    assert found[1]["connections"] is None
    assert found[1]["netns"] == {"id": 7, "name": "red"}


def test_procs_carry_sockets_without_owners() -> None:
    rows = group_processes([socket(), socket("127.0.0.1:8080", "127.0.0.1:5")], {(None, 18085): PYTHON_PROCESS})
    found = document("procs", rows)["procs"]
    assert len(found) == 1
    assert [item["local"]["port"] for item in found[0]["listening"]] == [8080]
    assert len(found[0]["sockets"]) == 2
    assert "owners" not in found[0]["sockets"][0]
    assert found[0]["exe"] == "/usr/bin/python3.11"


@pytest.mark.parametrize(("command", "rows", "kind"), [("sockets", ODD, "socket"), ("ports", [port()], "port")])
def test_json_lines_hold_the_same_as_the_document(command: str, rows: list[Any], kind: str) -> None:
    notices = (Notice("owners_hidden", 1, "1 socket"),)
    lines = "".join(answer(command, snapshot(notices=notices), rows, SERVICES, lines=True)).splitlines()
    records = [json.loads(line) for line in lines]
    for record in records:
        validate_record(record)
    whole = document(command, rows, notices=notices)
    assert records[0] == {"record": "header"} | {
        key: whole[key] for key in ("schema", "command", "host", "taken_at", "source", "machine", "covers")
    }
    assert records[1 : 1 + len(rows)] == [{"record": kind} | item for item in whole[command]]
    assert [item["record"] for item in records[1 + len(rows) : -1]] == ["process"] * len(whole["processes"])
    assert records[-1] == {"record": "end", "complete": False, "notices": whole["notices"]}


@pytest.mark.parametrize(
    ("name", "enum", "null"),
    [
        ("family", Family, False),
        ("type", SocketType, True),
        ("state", State, True),
        ("role", Role, False),
        ("scope", Scope, True),
        ("exposure", Exposure, True),
        ("owner_status", OwnerStatus, False),
        ("owner_reason", OwnerReason, True),
    ],
)
def test_the_schema_lists_every_member(name: str, enum: Any, null: bool) -> None:
    assert schema()["$defs"][name]["enum"] == [*map(str, enum), *([None] if null else [])]


def test_the_schema_is_strict_about_what_the_contract_promises() -> None:
    good = document("sockets", [socket()])
    for path, value in [
        (("schema",), "portsock/2"),
        (("taken_at",), "yesterday"),
        (("sockets", 0, "recv_q"), -1),
        (("sockets", 0, "state"), "SLEEPING"),
        (("sockets", 0, "local", "port"), 65536),
        (("sockets", 0, "owners", 0, "pid"), "18085"),
        (("sockets", 0, "owners"), None),
        (("source", "kind"), "dream"),
    ]:
        bad = json.loads(json.dumps(good))
        place = bad
        for step in path[:-1]:
            place = place[step]
        place[path[-1]] = value
        with pytest.raises(jsonschema.ValidationError):
            validate(bad)
    del good["sockets"][0]["accept_queue"]
    with pytest.raises(jsonschema.ValidationError, match="accept_queue"):
        validate(good)


def test_explanations_fit_the_schema() -> None:
    end = inet("0.0.0.0:80")
    blocker = Blocker(5, end, State.LISTEN, (Owner(7, 3, "caf\udce9", "dev"),))
    identity = Identity(1000, False)
    attempt = Attempt("tcp", "0.0.0.0", 80, ("SO_REUSEADDR",), None, identity, False, "EADDRINUSE", (blocker,), "taken")
    finding = Finding("close_wait", Severity.WARNING, "title", "detail", ("12 sockets",), "advice")
    sections = {Part.PORT: Section(("Port 80.",)), Part.BINDING: Section(("Taken.",), (attempt,))}
    answers = [
        Explanation("80", "port", "Port 80.", (), (socket(),), sections, (finding,), (Command("portsock ports", "x"),)),
        Explanation("x\udce9", "unix", "Nothing.", (), (), {}, readings=(Reading("a", "b"),), found=False),
    ]
    found = json.loads("".join(explanations(answers, snapshot(), SERVICES)))
    validate(found)
    assert [item["pid"] for item in found["processes"]] == [18085]
    made = found["explanations"][0]["sections"]["binding"]["attempts"][0]
    assert made["blockers"][0]["owners"][0]["name"] == r"caf\xe9"
    assert found["explanations"][1]["target"]["input"] == r"x\xe9"
    made["ok"] = "yes"
    with pytest.raises(jsonschema.ValidationError):
        validate(found)


@pytest.mark.parametrize("remote", [None, "10.0.0.2:0"])
def test_port_zero_is_a_number_and_not_null(remote: str | None) -> None:
    row = socket("10.0.0.1:0", remote, state=State.BOUND, role=Role.UNKNOWN, accept_queue=None)
    for each in (row, row._replace(shutdown=1)):  # written from parts, and as a dictionary
        found = document("sockets", [each])["sockets"][0]
        assert (found["state"], found["local"]["port"]) == ("BOUND", 0)
        assert (found["remote"] and found["remote"]["port"]) == (0 if remote else None)
    assert document("ports", [port(0, state=State.BOUND)])["ports"][0]["port"] == 0


@pytest.mark.parametrize("number", [0, 1, 99, 100, 101, 250])
def test_no_row_is_lost_between_chunks(number: int) -> None:
    rows = [socket("10.0.0.1:4", "10.0.0.2:5", inode=inode + 1) for inode in range(number)]
    assert [row["inode"] for row in document("sockets", rows)["sockets"]] == [row.inode for row in rows]


def test_a_process_on_another_host_is_listed_with_its_host() -> None:
    peer = Peer(8, None, "db1", OwnerStatus.KNOWN, (Owner(9, 3, "psql", "pg"),))
    found = document("sockets", [socket("10.0.0.1:4", "10.0.0.2:5", host="web1", peer=peer)])["processes"]
    assert [(item.get("host"), item["pid"]) for item in found] == [("db1", 9), ("web1", 18085)]


def test_a_resolved_name_is_the_hostname_of_its_endpoint() -> None:
    context = Context(hostnames={"10.0.0.2": "db.example"})
    found = document("sockets", [socket("10.0.0.1:4", "10.0.0.2:5")], context)["sockets"][0]
    assert found["remote"]["hostname"] == "db.example"
    assert "hostname" not in found["local"]


def test_a_deleted_executable_and_all_buffer_memory_are_written() -> None:
    gone = PYTHON_PROCESS._replace(exe_deleted=True)
    row = socket("10.0.0.1:4", "10.0.0.2:5", memory=SocketMemory(*range(9)))
    found = document("sockets", [row], Context(processes={(None, 18085): gone}))
    assert found["processes"][0]["exe_deleted"] is True
    assert list(found["sockets"][0]["memory"].values()) == list(range(9))


@pytest.mark.parametrize("lines", [False, True])
def test_a_process_with_many_sockets_is_written_in_parts_as_others_are_at_once(lines: bool) -> None:
    owner = Owner(18085, 4, "python3", "dev")
    held = [socket(f"10.0.0.1:{number}", owners=(owner,), inode=number) for number in range(1, 252)]
    rows = group_processes(held, {(None, 18085): PYTHON_PROCESS})
    found = snapshot(held, {(None, 18085): PYTHON_PROCESS})
    pieces = list(answer("procs", found, rows, SERVICES, lines))
    assert max(map(len, pieces)) < len("".join(pieces)) / 2
    text = "".join(pieces).splitlines()
    row = json.loads(text[1]) if lines else json.loads("".join(text))["procs"][0]
    few = json.loads("".join(answer("procs", found, group_processes(held[:3], found.processes), SERVICES, False)))["procs"][0]
    assert list(row) == (["record"] if lines else []) + list(few)
    assert row["sockets"][:3] == few["sockets"]
    assert [each["inode"] for each in row["sockets"]] == list(range(1, 252))
    assert len(row["listening"]) == 251
