"""Settings of every test."""

import os

import pytest
from hypothesis import settings

from portsock.sources import failures
from portsock.sources.linux import blocking

# A developer's own configuration must not change what is tested.
os.environ["XDG_CONFIG_HOME"] = "/nonexistent"

if "CI" not in os.environ:  # in CI hypothesis uses a profile of its own, with the same examples in every run
    # No deadline: the time of an example means nothing on a loaded machine.
    settings.register_profile("portsock", deadline=None, max_examples=100 if "PORTSOCK_LONG" in os.environ else 60)
    settings.load_profile("portsock")


@pytest.fixture(autouse=True)
def as_a_run_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget what another test could not read, and how long it waited for that."""
    failures.take()
    monkeypatch.setattr(blocking, "_OF_THIS_RUN", blocking.Patience())
