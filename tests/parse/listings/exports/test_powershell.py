"""PowerShell's objects as table, list, CSV and JSON."""

import json

import pytest

from portsock.errors import UsageError
from portsock.model import InetEndpoint, State
from portsock.parse.listings.decoding import text_lines
from portsock.port_numbers import EMPTY
from portsock.records import Holder
from tests.support.factory import read, read_fixture, read_with_notices, read_without_notices


def test_powershell_table() -> None:
    listener, connected, waiting, bound = read_fixture("windows/powershell-table.txt")
    assert (listener.state, listener.local, listener.remote) == (State.LISTEN, InetEndpoint("::", 49668), None)
    assert (connected.remote, connected.holders) == (InetEndpoint("2001:db8::9", 443), (Holder(5120, None),))
    assert (waiting.state, waiting.holders) == (State.TIME_WAIT, ())
    assert (bound.state, bound.protocol) == (State.BOUND, "tcp")


@pytest.mark.parametrize("name", ["powershell-list.txt", "powershell.csv", "powershell.json"])
def test_powershell_objects_in_every_layout(name: str) -> None:
    records = {record.local: record for record in read_fixture(f"windows/{name}")}
    connected = records[InetEndpoint("192.0.2.15", 50012)]
    assert (connected.state, connected.remote) == (State.ESTABLISHED, InetEndpoint("198.51.100.7", 443))
    assert connected.holders == (Holder(5120, None),)
    assert sum(record.state is State.LISTEN for record in records.values()) == 1


def test_powershell_json_has_udp_as_its_class() -> None:
    udp = read_fixture("windows/powershell.json")[2]
    assert (udp.protocol, udp.state, udp.holders) == ("udp", State.UNCONN, (Holder(4, None),))


def test_sockets_of_which_no_column_names_the_protocol_are_reported() -> None:
    (record,), (notice,) = read_with_notices(
        "LocalAddress LocalPort OwningProcess\n------------ --------- -------------\n0.0.0.0           137             4"
    )
    assert (record.protocol, record.holders) == ("unknown", (Holder(4, None),))
    assert (notice.code, notice.amount, notice.incomplete) == ("protocol_unknown", 1, True)


def test_powershell_cuts_addresses_with_dots() -> None:
    (record,) = read_without_notices("LocalAddress LocalPort RemotePort State\n2001:db8:1...      443      50000 Established")
    assert record.local == InetEndpoint("2001:db8:1", 443, truncated=True)


def test_calculated_columns_have_spaces_in_names_and_values() -> None:
    listener, connected, waiting = read_fixture("exports/powershell-names.txt")
    assert (listener.state, listener.holders) == (State.LISTEN, (Holder(2120, None, "web server"),))
    assert (connected.remote, connected.holders) == (InetEndpoint("198.51.100.7", 443), (Holder(5120, None, "browser"),))
    assert (waiting.state, waiting.holders) == (State.TIME_WAIT, ())


def test_a_blank_cell_moves_no_other_value() -> None:
    header = "LocalAddress LocalPort RemoteAddress RemotePort State       AppliedSetting PID Name"
    dashes = "------------ --------- ------------- ---------- -----       -------------- --- ----"
    row = "0.0.0.0           8080 0.0.0.0                0 Listen                     812 web"
    (record,) = read_without_notices(f"{header}\n{dashes}\n{row}".replace(" Name", " ProcessName"))
    assert (record.state, record.holders) == (State.LISTEN, (Holder(812, None, "web"),))


def test_keys_above_arrays_name_the_protocol() -> None:
    listener, connected, udp = read_fixture("exports/powershell-script.json")
    assert [record.protocol for record in (listener, connected, udp)] == ["tcp", "tcp", "udp"]
    assert listener.holders == (Holder(2120, None, "web server"),)
    assert udp.local == InetEndpoint("::", 123)


def test_whole_cim_instances_are_read_also_where_only_their_properties_are_left() -> None:
    tcp, udp = read_fixture("exports/powershell-cim.json")
    assert (tcp.state, tcp.remote, tcp.holders) == (
        State.ESTABLISHED,
        InetEndpoint("198.51.100.7", 443),
        (Holder(5120, None),),
    )
    assert (udp.protocol, udp.local, udp.holders) == ("udp", InetEndpoint("0.0.0.0", 5353), (Holder(1300, None),))


ONE = {"LocalAddress": "::1", "LocalPort": 631, "RemoteAddress": "::", "RemotePort": 0, "State": 2, "OwningProcess": 7}


@pytest.mark.parametrize(
    "document",
    [
        ONE,
        [ONE],
        {"value": [ONE], "Count": 1},
        [{"value": [ONE], "Count": 1}],
        {"host": "x", "result": {"network": {"tcp": [ONE]}}},
        [[ONE]],
        ONE | {"State": "Listen"},
        ONE | {"State": {"value": "Listen", "Value": 2}},
        ONE | {"State": {"Value": "Listen", "value": 2}, "LocalPort": "631"},
        ["@{LocalAddress=::1; LocalPort=631; RemoteAddress=::; RemotePort=0; State=Listen; OwningProcess=7}"],
        {"tcp": "none", "x": ["@{LocalAddress=::1; LocalPort=631; RemoteAddress=::; State=Listen; OwningProcess=7}"]},
        {"CimInstanceProperties": [{"Name": name, "Value": value, "CimType": 1} for name, value in ONE.items()]},
        {"CimInstanceProperties": 'Caption LocalAddress = "::1" LocalPort = 631 State = 2 OwningProcess = 7'},
    ],
)
@pytest.mark.parametrize("indent", [None, 4])
def test_every_shape_of_converttojson(document: object, indent: int | None) -> None:
    (record,) = read_without_notices(json.dumps(document, indent=indent))
    assert (record.protocol, record.state, record.local) == ("tcp", State.LISTEN, InetEndpoint("::1", 631))
    assert record.holders == (Holder(7, None),)


def test_documents_may_follow_each_other() -> None:
    udp = {"LocalAddress": "0.0.0.0", "LocalPort": 53, "CimClass": {"CimClassName": "MSFT_NetUDPEndpoint"}}
    found = read_without_notices(json.dumps([ONE], indent=2) + "\n" + json.dumps(udp, indent=2) + "\n")
    assert [record.protocol for record in found] == ["tcp", "udp"]


def test_a_broken_line_of_json_lines_is_counted() -> None:
    (record,), (notice,) = read_with_notices(json.dumps(ONE) + '\n{"LocalAddress": "::1", "LocalP')
    assert record.local == InetEndpoint("::1", 631)
    assert (notice.code, notice.amount, notice.incomplete) == ("lines_skipped", 1, True)


def test_objects_that_are_no_sockets_are_counted_with_their_keys() -> None:
    found, notices = read_with_notices(
        json.dumps({"tcp": [ONE, {"LocalPort": 80, "OwningProcess": 4}, {"LocalAddress": "::"}]})
    )
    assert len(found) == 1
    assert [(notice.code, notice.amount, notice.incomplete) for notice in notices] == [
        ("sockets_skipped", 1, True),
        ("objects_skipped", 1, True),
    ]
    assert notices[1].message == "1 object has no local address, and was skipped (keys: LocalPort, OwningProcess)"


def test_objects_of_another_kind_leave_the_answer_complete() -> None:
    _, (notice,) = read_with_notices(json.dumps({"tcp": [ONE], "processes": [{"Id": 4, "Path": "x"}] * 3}))
    assert (notice.amount, notice.incomplete) == (3, False)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ([{"LocalPort": 80, "OwningProcess": 4}], "no object has a local address .keys: LocalPort, OwningProcess."),
        ({"tcp": [], "udp": []}, "no object has a local address .keys: tcp, udp."),
        ([{"a\nb": 1}], r"no object has a local address .keys: 'a\\nb'."),
        ([], "it has no objects"),
        (
            ['MSFT_NetTCPConnection (InstanceID = "::++80++::++0")'],
            "its objects were cut by ConvertTo-Json; repeat it with -Depth 4",
        ),
        ([{"ClassId2e4f51ef21dd47e99d3c952918aff9cd": "033ecb2b"}], "leave Format-Table out before ConvertTo-Json"),
        ([{"LocalAddress": "x y", "LocalPort": 1}], "no address or port of 1 objects can be read"),
    ],
)
def test_json_without_sockets_is_refused_with_the_reason(document: object, reason: str) -> None:
    with pytest.raises(UsageError, match=reason):
        list(read(json.dumps(document).split("\n"), EMPTY))


CSV = """"LocalAddress","LocalPort","RemoteAddress","RemotePort","State","PID","ProcessName"
"::","135","::","0","Listen","900","svchost"
"192.0.2.15","50012","198.51.100.7","443","Established","5120","web ""b"", x"
"""


@pytest.mark.parametrize("mark", [",", ";", "\t"])
@pytest.mark.parametrize("type_line", ["", "#TYPE Selected.Microsoft.Management.Infrastructure.CimInstance\r\n"])
@pytest.mark.parametrize("codec", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_of_any_delimiter_and_encoding(mark: str, type_line: str, codec: str) -> None:
    text = type_line + CSV.replace('","', f'"{mark}"').replace("\n", "\r\n")
    listener, connected = read(text_lines([text.encode(codec)], 10**6), EMPTY)
    assert (listener.state, listener.holders) == (State.LISTEN, (Holder(900, None, "svchost"),))
    assert connected.holders == (Holder(5120, None, 'web "b", x'),)


def test_a_line_break_inside_quotes_is_part_of_the_field() -> None:
    text = CSV.replace("web ", "web\n").replace("svchost", "a\n\nb")
    assert [record.holders for record in read_without_notices(text)] == [
        (Holder(900, None, "a\n\nb"),),
        (Holder(5120, None, 'web\n"b", x'),),
    ]


def test_rows_with_too_few_fields_are_counted() -> None:
    found, (notice,) = read_with_notices(CSV + '"192.0.2.15"\n"192.0.2.15","x"\n')
    assert len(found) == 2
    assert (notice.code, notice.amount) == ("lines_skipped", 2)


def test_unknown_states_stay_as_they_are_spelt() -> None:
    records = read_without_notices(CSV.replace("Established", "Etabliert?").replace("Listen", "77"))
    assert [(record.state, record.state_raw) for record in records] == [(None, "77"), (None, "Etabliert?")]


def test_a_quote_that_is_never_closed_swallows_no_row() -> None:
    rows = "".join(f'"::1","{port}","::","0","Listen","7","x"\n' for port in range(80, 90))
    found = read_without_notices(CSV + '"::1","70","::","0","Listen","7","x\n' + rows)
    assert {record.local.port for record in found if isinstance(record.local, InetEndpoint)} >= {70, *range(80, 90)}


def test_single_quotes_in_two_rows_do_not_make_one_row_of_them() -> None:
    rows = "".join(f"::1,{port},{name}\n" for port, name in ((80, 'a"b'), (81, "c"), (82, 'd"e')))
    found = read_without_notices(f"LocalAddress,LocalPort,State\n{rows}")
    assert [record.local.port for record in found if isinstance(record.local, InetEndpoint)] == [80, 81, 82]


def test_another_header_begins_another_table() -> None:
    found = read_without_notices(CSV + '"LocalAddress","LocalPort","CimClass"\n"::","53","MSFT_NetUDPEndpoint"\n')
    assert [record.protocol for record in found] == ["tcp", "tcp", "udp"]


def test_objects_of_a_list_without_addresses_are_counted() -> None:
    listing = "LocalAddress : ::1\nLocalPort : 631\nState : Listen\n\nOwningProcess : 7\n\nLocalPort : 80\n"
    (record,), (notice,) = read_with_notices(listing)
    assert record.local == InetEndpoint("::1", 631)
    assert (notice.code, notice.amount) == ("sockets_skipped", 2)


def test_lines_that_look_like_a_header_but_have_values_are_none() -> None:
    with pytest.raises(UsageError):
        read_with_notices("LocalAddress LocalPort State ------------ --------- ----- ::1 631 Listen")
    with pytest.raises(UsageError):
        read_with_notices("LocalAddress,LocalPort,State,::1,631,Listen")


def test_a_list_without_addresses_is_refused() -> None:
    with pytest.raises(UsageError, match="no socket of this powershell listing has a local address and a port"):
        read_with_notices("LocalPort : 80\nState : Listen\n\nLocalPort : 81\n")


def test_the_default_table_of_udp_endpoints_is_known_by_its_width() -> None:
    (record,) = read_without_notices(f"{'LocalAddress':<41}LocalPort\n{'-' * 12:<41}{'-' * 9}\n{'::':<41}5353     \n")
    assert (record.protocol, record.local) == ("udp", InetEndpoint("::", 5353))
