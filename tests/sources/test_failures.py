"""Failures that an answer survives."""

import errno

from portsock.sources import failures


def failure(number: int, text: str = "no") -> OSError:
    return OSError(number, text)


def test_failures_with_one_reason_are_one_notice_that_names_each() -> None:
    for pid in (12, 15, 12):
        failures.note("process", pid, failure(errno.ENOMEM, "Cannot allocate memory"))
    failures.note("file", "/etc/services", failure(errno.EMFILE, "Too many open files"))
    notices = failures.take()
    assert [notice.message for notice in notices] == [
        "process 12, 15 could not be read (Cannot allocate memory)",
        "file /etc/services could not be read (Too many open files)",
    ]
    assert [notice.amount for notice in notices] == [2, 1]
    assert all(notice.incomplete for notice in notices)
    assert failures.take() == ()


def test_what_is_absent_is_no_failure() -> None:
    for number in (errno.ENOENT, errno.ESRCH, errno.ENOTDIR):
        failures.note("process", 12, failure(number))
    assert failures.take() == ()


def test_a_notice_names_a_hundred_and_counts_the_rest() -> None:
    for pid in range(103):
        failures.note_reason("process", pid, "it is late")
    (notice,) = failures.take()
    assert notice.message.endswith(", 98, 99 and 3 more could not be read (it is late)")
    assert notice.amount == 103
