"""What the judge of the fault matrix lets pass. No root, no strace."""

import json
from typing import Any

import pytest

from tests.faults.calls import after_start, parse_trace
from tests.faults.judge import judge
from tests.faults.lab import Outcome
from tests.faults.matrix import plan

TABLE = "PROTO  PORT  STATE   PROCESS\ntcp    80    LISTEN  cat[4,6]\ntcp    90    LISTEN  cat[4]\n"
DENIED = "portsock: process 4 could not be read\n"


def hit(line: str) -> Outcome:
    return Outcome(0, TABLE, "", tuple(parse_trace([f"100 {line}\n"])))


ON_STAT = hit('openat(3</proc/4>, "stat", O_RDONLY) = -1 EIO (Input/output error) (INJECTED)')
PROCESS_GONE = hit('readlinkat(3</proc/4/fd>, "1", 0x1, 4096) = -1 ESRCH (No such process) (INJECTED)')
SELF_GONE = hit('newfstatat(AT_FDCWD</tmp>, "/proc/self/ns/net", 0x1, 0) = -1 ENOENT (No such file or directory) (INJECTED)')
NO_SERVICES = hit('openat(AT_FDCWD</tmp>, "/etc/services", O_RDONLY) = -1 ENOENT (No such file or directory) (INJECTED)')
SERVICES_DENIED = hit('openat(AT_FDCWD</tmp>, "/etc/services", O_RDONLY) = -1 EACCES (Permission denied) (INJECTED)')
PIPE_CLOSED = hit('write(1<pipe:[5]>, "PROTO", 5) = -1 EPIPE (Broken pipe) (INJECTED)')
NO_LISTING = hit("read(3</run/lab/listing.txt>, 0x1, 99) = -1 EIO (Input/output error) (INJECTED)")
IMPORT = hit("read(3</usr/lib/python3/x.pyc>, 0x1, 99) = -1 EIO (Input/output error) (INJECTED)")
USUAL = Outcome(0, TABLE, "", ())
LESS = TABLE.replace("4,6", "6")
UNHELD = LESS.replace("cat[4]", "- (kernel?)")
OUTSIDE = LESS.replace("cat[4]", "? (other PID namespace)")
NESTED = "no process of this PID namespace holds 1 socket: one outside, or the kernel; look from the host's PID namespace"


@pytest.mark.parametrize(
    ("run", "kind"),
    [
        (ON_STAT, "same"),
        (ON_STAT._replace(err=DENIED), "same"),
        (ON_STAT._replace(out=LESS, err=DENIED), "noticed"),
        (ON_STAT._replace(out=LESS), "silent"),
        (ON_STAT._replace(out=UNHELD), "unheld"),
        (ON_STAT._replace(out=OUTSIDE, err=f"portsock: {NESTED}\n"), "unheld"),
        (ON_STAT._replace(out=OUTSIDE, err=f"{DENIED.strip()}; {NESTED}\n"), "noticed"),
        (ON_STAT._replace(status=3, out="", err="portsock: no\n"), "refused"),
        (ON_STAT._replace(status=3, out=""), "no message"),
        (ON_STAT._replace(status=2, out="", err="portsock: no\n"), "status 2"),
        (NO_LISTING._replace(status=2, out="", err="portsock: no\n"), "refused"),
        (ON_STAT._replace(status=1, out="", err="portsock: nothing matches\n"), "status 1"),
        (ON_STAT._replace(status=4, out="", err="portsock: internal error\n"), "status 4"),
        (IMPORT._replace(status=4, out="", err="portsock: internal error\n"), "import"),
        (IMPORT._replace(status=4, out=""), "status 4"),
        (IMPORT._replace(status=1, err="Traceback (most recent call last):\n"), "traceback"),
        (ON_STAT._replace(status=1, err="Traceback (most recent call last):\n"), "traceback"),
        (ON_STAT._replace(err="free(): invalid pointer\n"), "stderr"),
        (ON_STAT._replace(status=-11), "signal -11"),
        (ON_STAT._replace(status=139), "signal 139"),
        (ON_STAT._replace(status=None), "hang"),
        (PROCESS_GONE._replace(out=LESS), "gone"),
        (PROCESS_GONE._replace(out=UNHELD), "unheld"),
        (PROCESS_GONE._replace(out=TABLE.replace("tcp    90    LISTEN  cat[4]\n", "")), "gone"),
        (PROCESS_GONE._replace(out=TABLE.replace("6]", "7]")), "gone"),
        (PROCESS_GONE._replace(out=TABLE.replace("PORT", "PART")), "silent"),
        (SELF_GONE._replace(out=LESS), "silent"),
        (NO_SERVICES._replace(out=LESS), "absent"),
        (SERVICES_DENIED._replace(out=LESS), "silent"),
        (PIPE_CLOSED._replace(out=TABLE[:10]), "closed"),
        (PIPE_CLOSED._replace(out="else"), "silent"),
        (PIPE_CLOSED._replace(out="", status=4), "status 4"),
    ],
)
def test_a_run_that_prints_a_table_is_judged(run: Outcome, kind: str) -> None:
    assert judge(USUAL, run).kind == kind


PROSE = "80/tcp is held by cat (pids 4 and 6), which listens.\nEnd it.\n"


@pytest.mark.parametrize(
    ("out", "kind"),
    [
        ("80/tcp is held by cat (pid 6), which listens.\n", "gone"),
        ("80/tcp is held by no process (probably the kernel).\n", "unheld"),
    ],
)
def test_prose_may_be_any_other_where_a_process_has_gone_but_not_call_its_socket_unheld(out: str, kind: str) -> None:
    assert judge(USUAL._replace(out=PROSE), PROCESS_GONE._replace(out=out)).kind == kind


def document(complete: bool = True, notice: str | None = None, **changes: Any) -> str:
    owned = {"owner_status": "known", "owner_reason": None, "owners": [{"pid": 4, "fd": 3}, {"pid": 6, "fd": 3}], **changes}
    other = {"owner_status": "known", "owner_reason": None, "owners": [{"pid": 9, "fd": 1}], "inode": 2}
    notices = [{"code": "x", "message": notice}] if notice else []
    processes = [{"pid": 6, "started_at": "11:00"}, {"pid": 4, "started_at": "then"}]
    rows = {"sockets": [owned, other], "processes": processes}
    return json.dumps({"taken_at": "2026-11-20T18:00:00Z", "complete": complete, "notices": notices, **rows})


NONE_LEFT: dict[str, Any] = {"owners": [], "owner_status": "raced", "owner_reason": "raced"}


@pytest.mark.parametrize(
    ("run", "out", "kind"),
    [
        (ON_STAT, document().replace("18:00:00", "18:00:01"), "same"),
        (ON_STAT, document(complete=False, notice="other"), "same"),
        (ON_STAT, document(owners=[]), "silent"),
        (ON_STAT, document(owners=[], complete=False), "silent"),
        (ON_STAT, document(owners=[], notice="some are hidden"), "complete true"),
        (ON_STAT, document(owners=[], notice="some are hidden", complete=False), "noticed"),
        (ON_STAT, document().replace('"then"', "null"), "silent"),
        (PROCESS_GONE, document(owners=[{"pid": 6, "fd": 3}]), "gone"),
        (PROCESS_GONE, document().replace('"then"', "null"), "gone"),
        (PIPE_CLOSED, document().replace("18:00:00", "18:00:01")[:40], "closed"),
        (PROCESS_GONE, document(owners=[{"pid": 4, "fd": 3}]), "silent"),
        (PROCESS_GONE, document(owners=[{"pid": 6, "fd": 3}], owner_status="unheld"), "unheld"),
        (ON_STAT, document(owners=[], owner_status="elsewhere", notice=NESTED, complete=False), "unheld"),
    ],
)
def test_a_run_that_prints_json_is_judged(run: Outcome, out: str, kind: str) -> None:
    assert judge(Outcome(0, document(), "", ()), run._replace(out=out)).kind == kind


@pytest.mark.parametrize(("status", "kind"), [("raced", "gone"), ("unheld", "unheld"), ("elsewhere", "unheld")])
def test_a_socket_whose_only_owner_has_gone_may_not_be_said_to_have_none(status: str, kind: str) -> None:
    usual = Outcome(0, document(owners=[{"pid": 4, "fd": 3}]), "", ())
    assert judge(usual, PROCESS_GONE._replace(out=document(**NONE_LEFT | {"owner_status": status}))).kind == kind


def test_the_order_of_rows_is_no_difference() -> None:
    usual = json.loads(document())
    usual["sockets"].reverse()
    assert judge(Outcome(0, document(), "", ()), Outcome(0, json.dumps(usual), "", ())).kind == "same"


TRACE = """\
7 openat(AT_FDCWD</w>, "/etc/ld.so.cache", O_RDONLY|O_CLOEXEC) = 3</etc/ld.so.cache>
7 newfstatat(3</etc/ld.so.cache>, "", {st_size=1}, AT_EMPTY_PATH) = 0
7 close(3</w/portsock/__pycache__/__main__.cpython-311.pyc>) = 0
7 openat(AT_FDCWD</w>, "/proc/12", O_RDONLY|O_CLOEXEC|O_DIRECTORY) = 3</proc/12>
7 openat(3</proc/12>, "stat", O_RDONLY|O_CLOEXEC <unfinished ...>
8 newfstatat(AT_FDCWD</w>, "/proc/self/ns/net", 0x1, 0) = 0
8 openat(AT_FDCWD</w>, "/run/netns/first", O_RDONLY) = -1 EACCES (Permission denied)
8 openat(AT_FDCWD</w>, "/run/netns/far", O_RDONLY) = -1 EACCES (Permission denied)
7 <... openat resumed>) = 4</proc/12/stat>
7 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE, 3</usr/lib/libz.so>, 0) = 0x7f
7 mmap(NULL, 4096, PROT_READ, MAP_PRIVATE|MAP_ANONYMOUS, -1, 0) = 0x7f
7 newfstatat(AT_FDCWD</w>, "/usr/lib/python3/x.py", 0x1, 0) = -1 ENOENT (No such file or directory)
7 brk(NULL) = 0x55
7 frobnicate(3</proc/12>) = 0
+++ exited with 0 +++
"""


def test_faults_are_those_of_calls_after_the_start_that_are_no_import() -> None:
    calls = list(parse_trace(TRACE.splitlines(keepends=True)))
    found = plan("ports", calls)
    aims = dict.fromkeys((fault.where, fault.ordinal, fault.path) for fault in found.faults)
    assert list(aims) == [
        ("openat /proc/N", 2, None),
        ("openat /proc/N/stat", 3, None),
        ("openat /run/netns/first", 1, "/run/netns/first"),  # the first thread's first is the start's
        ("openat /run/netns/far", 2, None),  # the first thread's second fails, too
    ]
    assert found.unlisted == {"frobnicate"}
    assert found.unreachable == 1  # strace cannot tell the second thread's /proc/self/ns/net from others
    assert {fault.errno for fault in found.faults if "far" in fault.where}.isdisjoint({"EACCES"})
    assert [call.path for call in after_start(calls)][:2] == ["/proc/12", "/proc/12/stat"]
