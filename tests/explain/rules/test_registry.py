"""The list of rules: complete, in order, each finding made by one."""

from portsock.explain.texts.findings import Code
from portsock.explain.types import Severity
from portsock.model import Process
from tests.support.explain_factory import answer, codes, seen
from tests.support.records import tcp


def test_a_normal_sshd_gives_no_finding() -> None:
    snapshot = seen(
        [
            tcp("0.0.0.0:22", inode=1, accept_queue=0, accept_limit=128),
            tcp(":::22", inode=2, accept_queue=0, accept_limit=128, v6only=True),
            tcp("10.0.0.7:22", "10.0.0.9:40000", inode=3),
        ],
        {1: 900, 2: 900, 3: 901},
        [
            Process(900, "sshd", "sshd", "/usr/sbin/sshd", user="root", uid=0, ppid=1, unit="ssh.service"),
            Process(901, "sshd", "sshd", "/usr/sbin/sshd", user="root", uid=0, ppid=900, unit="ssh.service"),
        ],
    )
    assert codes("22", snapshot) == set()


def test_the_most_severe_finding_comes_first() -> None:
    records = [tcp(":::5432", inode=1, v6only=False, accept_queue=9, accept_limit=2)]
    severities = [item.severity for item in answer("5432", seen(records, {1: 700})).findings]
    assert severities == sorted(severities, key=[Severity.WARNING, Severity.NOTICE, Severity.INFO].index)
    assert len(severities) == 3


def test_codes_are_stable_words() -> None:
    assert all(code.value == code.name.lower() for code in Code)
