"""The command `check`: its verdict, reports, exit statuses and refusals."""

import json
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import pytest

from tests.support.contract import Answer, ask, schema_faults

SS = """Netid State  Recv-Q Send-Q Local Address:Port Peer Address:Port Process
tcp   LISTEN 0      128    0.0.0.0:22         0.0.0.0:*         users:(("sshd",pid=812,fd=3))
tcp   LISTEN 0      511    [::]:8443          [::]:*            users:(("nginx",pid=902,fd=6),("nginx",pid=901,fd=6))
tcp   ESTAB  0      0      192.0.2.10:22      198.51.100.7:5022 users:(("sshd",pid=990,fd=4))
udp   UNCONN 0      0      127.0.0.1:323      0.0.0.0:*         users:(("chronyd",pid=640,fd=5))
udp   ESTAB  0      0      192.0.2.10:41000   198.51.100.53:53  users:(("dig",pid=999,fd=5))
"""
POLICY = """version: 1
listeners:
  - {port: 22, protocol: tcp, program: sshd, must: true}
  - {port: [443, 8443], program: nginx}
  - {port: 323, protocol: udp, scope: loopback}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Change into a directory with a policy and a listing that meets it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "web1.ss").write_text(SS)
    (tmp_path / "policy.yaml").write_text(POLICY)
    return tmp_path


def check(*arguments: str) -> Answer:
    return ask("check", *arguments)


@pytest.mark.usefixtures("place")
def test_a_policy_that_holds_is_one_line() -> None:
    assert check("policy.yaml", "--from", "web1.ss") == (0, b"no violation, 4 pass: policy.yaml holds\n", "")


def test_violations_are_a_line_each_behind_the_verdict(place: Path) -> None:
    (place / "web1.ss").write_text(SS.replace("nginx", "node").replace("127.0.0.1:323", "0.0.0.0:323"))
    found = check("policy.yaml", "--from", "web1=web1.ss")
    assert found.status == 1
    assert found.out.decode().splitlines() == [
        "2 violations, 2 pass: policy.yaml does not hold",
        "fail     323/udp on all IPv4 addresses is held by chronyd; line 5 allows only scope loopback",
        "fail     8443/tcp on all IPv6 addresses is held by node; line 4 allows only nginx",
    ]


def test_what_cannot_be_judged_is_a_line_for_each_cause_and_never_a_pass(place: Path) -> None:
    (place / "web1.ss").write_text("\n".join(line.partition("users:")[0] for line in SS.splitlines() if "udp" not in line))
    found = check("policy.yaml", "--from", "web1.ss")
    assert found.status == 3
    lines = found.out.decode().splitlines()
    assert lines[0] == "4 could not be judged, nothing passes: nobody can say whether policy.yaml holds"
    assert lines[1].startswith("unknown  2 sockets (22/tcp, 8443/tcp): the listing does not name owners: ")
    assert any("the capture has nothing of udp" in line for line in lines)


def test_a_certain_violation_outranks_what_cannot_be_judged(place: Path) -> None:
    (place / "web1.ss").write_text(SS.replace("users:", "").replace("22 ", "24 "))
    assert check("policy.yaml", "--from", "web1.ss").status == 1


def test_each_host_is_judged_with_the_variables_of_its_group(place: Path) -> None:
    head = "variables: {tls: 443}\ngroups:\n  new: {hosts: web1, variables: {tls: 8443}}\nlisteners:"
    (place / "policy.yaml").write_text(POLICY.replace("listeners:", head).replace("[443, 8443]", '"${tls}"'))
    for name in ("web2", "web3"):
        (place / f"{name}.ss").write_text(SS.replace("8443", "443"))
    inputs = [word for name in ("web1", "web2", "web3") for word in ("--from", f"{name}={name}.ss")]
    assert check("policy.yaml", *inputs).out == b"no violation, 12 pass: policy.yaml holds on 3 hosts\n"
    (place / "web2.ss").write_text(SS)
    found = check("policy.yaml", *inputs)
    assert found.status == 1
    assert found.out.decode().splitlines()[1:] == [
        "fail     web2: 8443/tcp on all IPv6 addresses is held by nginx; no rule allows it"
    ]


def test_rules_for_hosts_need_the_name_of_the_host(place: Path) -> None:
    (place / "policy.yaml").write_text("version: 1\nlisteners:\n  - {port: 22, hosts: web1}\n")
    text = "portsock: the policy has rules for hosts, and the listing has no name: give it as --from HOST=FILE\n"
    assert check("policy.yaml", "--from", "web1.ss") == (2, b"", text)


def test_json_is_what_the_schema_says(place: Path) -> None:
    for policy in (
        POLICY,
        "version: 1\nlisteners:\n  - {port: 22, unit: ssh, must: true}\nignore: [{port: 323, reason: time}]\n",
    ):
        (place / "policy.yaml").write_text(policy)
        found = check("policy.yaml", "--json", "--from", "web1=web1.ss").json()
        assert schema_faults(found) == []
    assert (found["command"], found["policy"], found["status"]) == ("check", "policy.yaml", "fail")
    assert found["counts"] == {"pass": 1, "fail": 1, "unknown": 2}
    unknown, ignored, failed, required = found["results"]
    assert (ignored["ignored"], ignored["status"], ignored["line"]) == (True, "pass", 4)
    assert (unknown["status"], unknown["rule"], unknown["line"]) == ("unknown", "22, unit ssh, must", 3) or unknown[
        "line"
    ] == 3
    assert (failed["status"], failed["rule"], failed["socket"]["programs"][0]["name"]) == ("fail", None, "nginx")
    assert (required["socket"], required["status"]) == (None, "unknown")


def test_junit_counts_violations_as_failures_and_doubts_as_errors(place: Path) -> None:
    (place / "web1.ss").write_text(SS.replace("nginx", "no<d>e\x1b").replace('users:(("chronyd",pid=640,fd=5))', ""))
    (place / "policy.yaml").write_text(POLICY.replace("scope: loopback", "program: chronyd"))
    found = check("policy.yaml", "--format", "junit", "--from", "web1=web1.ss")
    assert found.status == 1
    root = ElementTree.fromstring(found.out)  # noqa: S314 - our own
    (suite,) = root.findall("testsuite")
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {"tests": "4", "failures": "1", "errors": "1"}
    assert (len(root.findall(".//failure")), len(root.findall(".//error"))) == (1, 1)
    failure = root.find(".//failure")
    assert failure is not None
    assert "no<d>e" in str(failure.get("message"))


def test_sarif_has_violations_and_doubts_at_their_lines(place: Path) -> None:
    (place / "web1.ss").write_text(SS.replace("nginx", "node"))
    found = check("policy.yaml", "--format", "sarif", "--from", "web1.ss")
    assert found.status == 1
    log = found.json()
    (alert,) = log["runs"][0]["results"]
    assert (log["version"], alert["ruleId"], alert["level"]) == ("2.1.0", "not-allowed", "error")
    where = alert["locations"][0]["physicalLocation"]
    assert (where["artifactLocation"]["uri"], where["region"]["startLine"]) == ("policy.yaml", 4)


def test_mistakes_are_a_line_each_with_file_and_line(place: Path) -> None:
    (place / "policy.yaml").write_text(POLICY.replace("22", "0o22").replace("8443", "99999"))
    assert check("policy.yaml", "--from", "web1.ss") == (
        2,
        b"",
        "portsock: policy.yaml:3: port: '0o22': write it in decimal: 18\n"
        "portsock: policy.yaml:4: port: '99999': ports end at 65535\n",
    )


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ((), "check what? Name a policy, as in portsock check policy.yaml; portsock check --write prints one"),
        (("a.yaml", "b.yaml"), "one policy at a time: a.yaml or b.yaml"),
        (("--write", "a.yaml"), "--write prints a policy and reads none: leave a.yaml out, or write > a.yaml"),
        (("--write", "--json"), "--write prints YAML; leave --json and --format out"),
        (("a.yaml", "--json", "--format", "junit"), "--json with --format: one of them; leave the other out"),
        (("a.yaml", "--format", "html"), "--format html: no such report; there are text, junit, sarif"),
        (("-", "--from", "-"), "- is the policy or the capture; name a file for one of them"),
        (("none.yaml",), "none.yaml: cannot be read: No such file or directory; portsock check --write prints one"),
        (("policy.yaml", "--netns", "all", "--from", "web1.ss"),
         "--netns with --from: a listing is of the network namespace that it was made in; leave one of them out"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("place")
def test_what_makes_no_sense_is_refused_in_one_line(words: tuple[str, ...], line: str) -> None:
    assert check(*words) == (2, b"", f"portsock: {line}\n")


def test_what_write_prints_holds_at_once(place: Path) -> None:
    written = check("--write", "--from", "web1.ss")
    assert written.status == 0
    (place / "new.yaml").write_bytes(written.out)
    assert check("new.yaml", "--from", "web1.ss").status == 0
    (place / "web1.ss").write_text(SS.replace("chronyd", "ntpd"))
    assert check("new.yaml", "--from", "web1.ss").status == 1


@pytest.mark.usefixtures("place")
def test_the_policy_may_come_from_standard_input() -> None:
    command = [sys.executable, "-m", "portsock", "check", "-", "--from", "web1.ss"]
    done = subprocess.run(command, input=POLICY.encode(), capture_output=True, timeout=60, check=False)
    assert (done.returncode, done.stdout) == (0, b"no violation, 4 pass: stdin holds\n")


def test_strict_is_3_where_there_may_be_more_owners(place: Path) -> None:
    captured = json.loads(ask("ports", "-l", "--json", "--from", "web1.ss").out)
    captured |= {
        "complete": False,
        "notices": [{"code": "owners_partial", "count": 1, "message": "1 socket may have more owners"}],
    }
    (place / "web1.json").write_text(json.dumps(captured))
    assert check("policy.yaml", "--from", "web1.json").status == 0
    assert check("policy.yaml", "--strict", "--from", "web1.json").status == 3


def test_the_library_for_yaml_is_imported_by_check_alone() -> None:
    code = (
        "import sys; from portsock.cli.main import run; run(['ports', '-l']); print('yaml' in sys.modules, file=sys.stderr);"
        "import portsock.cli.commands.check; print('yaml' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert [line for line in done.stderr.splitlines() if line in ("True", "False")] == ["False", "False"]
