"""Texts without a reader, which are refused by name, with what to do instead."""

from pathlib import Path

import pytest

from portsock.endpoints import port_of
from portsock.errors import UsageError
from portsock.parse.listings.capture import Capture
from portsock.parse.listings.refused.recognition import unsupported
from portsock.port_numbers import EMPTY
from tests.support.factory import read

FIXTURES = sorted(
    path
    for folder in ("freebsd", "linux", "lsof", "macos", "windows")
    for path in (Path(__file__).parents[2] / "fixtures" / folder).rglob("*.*")
)
SS = ["State  Recv-Q Send-Q Local Address:Port Peer Address:Port", "LISTEN 0 5 127.0.0.1:80 0.0.0.0:*"]

TEXTS = {
    "a report of nmap": """
Starting Nmap 7.93 ( https://nmap.org ) at 2026-11-20 18:00 UTC
Nmap scan report for db.example (192.0.2.7)
PORT     STATE SERVICE
22/tcp   open  ssh""",
    "output of tcpdump": """
18:00:01.123456 IP 192.0.2.7.443 > 198.51.100.9.50412: Flags [S.], seq 1, ack 2, win 65160, length 0
18:00:01.123499 eth0  Out IP6 2001:db8::1.22 > 2001:db8::2.40000: Flags [.], ack 1, win 64, length 0""",
    "a list of containers": """
CONTAINER ID   IMAGE     COMMAND                  CREATED        STATUS        PORTS                  NAMES
0f1e2d3c4b5a   web:1.2   "/entrypoint.sh ngin…"   3 days ago     Up 3 days     0.0.0.0:8080->80/tcp   web""",
    "a list of Kubernetes objects": """
NAMESPACE   NAME    TYPE        CLUSTER-IP     EXTERNAL-IP   PORT(S)    AGE
default     web     ClusterIP   10.96.0.10     <none>        80/TCP     3d""",
    "a table of tracked connections (conntrack)": """
tcp      6 431999 ESTABLISHED src=192.0.2.7 dst=198.51.100.9 sport=50412 dport=443 src=198.51.100.9 dst=192.0.2.7 [ASSURED]
udp      17 29 src=192.0.2.7 dst=192.0.2.53 sport=40000 dport=53 [UNREPLIED] src=192.0.2.53 dst=192.0.2.7 mark=0 use=1
conntrack v1.4.7 (conntrack-tools): 2 flow entries have been shown.""",
    "a list of packet filter rules": """
Chain INPUT (policy ACCEPT)
target     prot opt source               destination
ACCEPT     tcp  --  anywhere             anywhere             tcp dpt:ssh""",
    "a table of routes": """
default via 192.0.2.1 dev eth0 proto dhcp src 192.0.2.7 metric 100
192.0.2.0/24 dev eth0 proto kernel scope link src 192.0.2.7""",
    "a list of network interfaces or their addresses": """
2: eth0: <BROADCAST,MULTICAST,UP,LOWER_UP> mtu 1500 qdisc fq_codel state UP group default qlen 1000
    inet 192.0.2.7/24 brd 192.0.2.255 scope global dynamic eth0""",
    "a summary of counters": """
Total: 9
TCP:   3 (estab 0, closed 2, orphaned 0, timewait 2)
Transport Total     IP        IPv6""",
    "a list of processes": """
USER         PID %CPU %MEM    VSZ   RSS TTY      STAT START   TIME COMMAND
root           1  0.0  0.1 167744 12800 ?        Ss   Nov19   0:04 /sbin/init""",
    "the status of services (systemctl)": """
● nginx.service - A high performance web server
     Loaded: loaded (/lib/systemd/system/nginx.service; enabled)
   Main PID: 812 (nginx)""",
    "output of curl": """
*   Trying 192.0.2.7:443...
* Connected to web.example (192.0.2.7) port 443 (#0)""",
    "a trace of system calls (strace)": """
[pid   812] connect(3, {sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr("192.0.2.7")}, 16) = 0""",
    "a table of PowerShell without LocalAddress": """
LocalPort OwningProcess State
--------- ------------- -----
135       944           Listen""",
    "a table of osquery's socket_events": """
+-----+-----+---------------+
| eid | pid | local_address |
+-----+-----+---------------+
| 1   | 812 | 192.0.2.1     |""",
    "a log": """
Nov 20 18:00:01 web sshd[812]: Accepted publickey for alice from 198.51.100.9 port 50412 ssh2""",
    "an error message, not a listing": """
bash: line 1: ss: command not found""",
    "a netstat listing of ESXi (esxcli network ip connection list)": """
Proto  Recv Q  Send Q  Local Address      Foreign Address    State        World ID  CC Algo  World Name
-----  ------  ------  -----------------  -----------------  -----------  --------  -------  ----------
tcp         0       0  127.0.0.1:8307     127.0.0.1:50412    ESTABLISHED   2098123  newreno  hostd-worker
udp         0       0  192.0.2.7:123      0.0.0.0:0                        2098456           ntpd""",
    "a NETSTAT listing of z/OS": """
MVS TCP/IP NETSTAT CS V2R4       TCPIP Name: TCPIP           18:00:00
User Id  Conn     Local Socket           Foreign Socket         State
-------  ----     ------------           --------------         -----
FTPD1    0000003B 0.0.0.0..21            0.0.0.0..0             Listen""",
    "a listing of Cisco's IOS or NX-OS": """
TCB       Local Address               Foreign Address             (state)
7F2A1C3D  192.0.2.1.22                198.51.100.9.50412          ESTAB""",
    "a listing of lsfd": """
COMMAND           PID   USER ASSOC  XMODE TYPE SOURCE MNTID INODE NAME
sshd              812   root     3   rw-  SOCK sockfs     9 20001 state=listen""",
    "a JSON export of Velociraptor's netstat": """
[{"Fd":3,"FamilyString":"IPv4","TypeString":"TCP","Status":"LISTEN","Laddr":{"IP":"0.0.0.0","Port":22},"Pid":812}]""",
}


def test_typical_lines_are_recognized() -> None:
    lines = [
        "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT", "-P INPUT ACCEPT", "table inet filter {",
        "pass in quick on em0 proto tcp", "Kernel IP routing table", "Routing tables", "Active Routes:", "IPv4 Route Table",
        "Destination     Gateway   Genmask", "Routing Table: IPv4", "en0: flags=8863<UP,BROADCAST> mtu 1500",
        "eth0      Link encap:Ethernet  HWaddr 00:00:5e:00:53:01", "Windows IP Configuration", "Iface      MTU   RX-OK",
        "Kernel Interface table", "Tcp:", "TcpExt: SyncookiesSent A", "sockets: used 1602", "TCP: inuse 35 orphan 0",
        "IPv4 Statistics", "top - 18:00:00 up 1 day", "UID   PID  PPID  C STIME",
        "alice    pts/0        2026-11-20 18:43 (192.0.2.1)",
        "  Mode   IfIndex Type           Local Address          Foreign",
        "USER     CMD          PID   FD MOUNT        INUM MODE", "zsh: command not found: ss",
        "cat: /root/x: Permission denied",
        '"LocalPort","PID"', "Interface List", "CCAlgo,ForeignAddress,LocalAddress,Proto,RecvQ,SendQ,State,WorldID,WorldName,",
        "sudo: a password is required", "curl: (7) Failed to connect to 192.0.2.7",
        "'ss' is not recognized as an internal or external command,",
        "ss: cannot open: Operation not permitted",
    ]  # fmt: skip
    assert [line for line in lines if unsupported(line) is None] == []


@pytest.mark.parametrize("path", FIXTURES, ids=lambda path: path.name)
def test_no_row_of_a_listing_is_taken_for_another_text(path: Path) -> None:
    lines = path.read_text("utf-8", "replace").splitlines()
    assert [line for line in lines if not line.startswith(("Nov ", "Routing ", "Cannot stat ")) and unsupported(line)] == []


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_without_a_reader_is_refused_by_name_with_the_next_step(name: str) -> None:
    with pytest.raises(UsageError) as refusal:
        list(Capture(EMPTY).read(TEXTS[name].split("\n")))
    message = str(refusal.value)
    assert message.startswith(f"this is {name}: ")
    assert len(message.partition("; ")[2]) > 20
    assert "\n" not in message


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("behind", [True, False])
def test_a_listing_beside_such_a_text_is_read(name: str, behind: bool) -> None:
    capture = Capture(EMPTY)
    other = TEXTS[name].strip().split("\n")
    if name in ("a log", "an error message, not a listing", "a JSON export of Velociraptor's netstat"):
        other = other[:1] if not behind else []  # a single line belongs to the listing that it follows, and is counted there
    records = list(capture.read([*SS, "", *other] if behind else [*other, "", *SS]))
    assert ([port_of(record.local) for record in records], capture.formats) == ([80], ["ss"])
    lists_sockets = any((kind := unsupported(line)) and kind.lists_sockets for line in other)
    assert [notice.code for notice in capture.notices()] == ["listing_skipped"] * lists_sockets


def test_a_kind_of_text_is_named_rather_than_the_error_in_front_of_it() -> None:
    with pytest.raises(UsageError, match=r"^this is a table of routes"):
        list(read(["bash: ss: command not found", "Kernel IP routing table"], EMPTY))


def test_a_table_that_resembles_netstat_is_refused_by_name_as_well() -> None:
    rows = [
        "Proto        Remote      Port      Local       Port  In Out  Stat TTY OutputIF",
        "17           0.0.0.0     0         192.0.2.1   67    0   0   2211  0",
    ]
    with pytest.raises(UsageError, match=r"^this is a listing of Cisco's"):
        list(read(rows, EMPTY))


def test_such_a_table_behind_rows_of_netstat_is_left_out_and_reported() -> None:
    capture = Capture(EMPTY)
    row = "tcp        0      0 127.0.0.1:22            0.0.0.0:*               LISTEN"
    esxcli = TEXTS["a netstat listing of ESXi (esxcli network ip connection list)"].strip().split("\n")
    assert len(list(capture.read([row, *esxcli]))) == 1
    assert [notice.code for notice in capture.notices()] == ["listing_skipped"]


def test_a_single_error_line_does_not_end_a_listing() -> None:
    capture = Capture(EMPTY)
    records = list(capture.read([*SS, "bash: x: command not found", "LISTEN 0 5 127.0.0.1:81 0.0.0.0:*"]))
    assert (len(records), [notice.code for notice in capture.notices()]) == (2, ["lines_skipped"])


def test_a_million_lines_of_other_text_cost_little() -> None:
    for letter in ("a", " ", "-", "1", ".", "src=", "a "):
        assert unsupported(letter * 1_000_000) is None
