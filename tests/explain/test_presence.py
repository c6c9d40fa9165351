"""What holds no socket: whether it exists at all."""

import pytest

from portsock.explain.presence import presence_sentence
from portsock.query.target import NameTarget, NumberTarget
from tests.support.explain_factory import CURL, NGINX, WORKER

PROCESSES = [NGINX, WORKER, CURL._replace(container="web")]
HOLDS = "holds no socket that was asked for"


@pytest.mark.parametrize(
    ("kind", "name", "exists", "sentence"),
    [
        ("user", "deploy", True, f"user deploy exists, runs no process and {HOLDS}"),
        ("user", "deploy", False, "there is no user deploy"),
        ("user", "dev", True, f"user dev exists and {HOLDS}"),
        ("user", "1000", False, f"user 1000 exists and {HOLDS}"),
        ("proc", "nginx", None, f"nginx runs (pids 500 and 501) and {HOLDS}"),
        ("proc", "cur*", None, f"cur* runs (pid 800) and {HOLDS}"),
        ("proc", "redis", None, "no process named redis runs"),
        ("unit", "nginx", True, f"unit nginx runs (pid 500) and {HOLDS}"),
        ("unit", "redis", True, "unit redis is installed, but no process of it runs"),
        ("unit", "redis", False, "no unit redis runs or is installed"),
        ("container", "web", None, f"container web runs (pid 800) and {HOLDS}"),
        ("container", "db", None, "no container db runs here"),
    ],
)
def test_a_name_exists_or_does_not(kind: str, name: str, exists: bool | None, sentence: str) -> None:
    assert presence_sentence(NameTarget("", kind, name), PROCESSES, exists) == sentence


def test_a_process_exists_or_does_not() -> None:
    assert presence_sentence(NumberTarget("", "pid", 800), PROCESSES, None) == f"process 800 (curl) runs and {HOLDS}"
    said = presence_sentence(NumberTarget("", "fd", 800, 7), PROCESSES, None)
    assert said == "process 800 (curl) runs and has no socket as descriptor 7"
    assert presence_sentence(NumberTarget("", "pid", 9), PROCESSES, None) == "there is no process 9"
