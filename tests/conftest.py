"""Settings of every test."""

import os

import pytest
from hypothesis import settings

from portsock.sources import failures

# A developer's own configuration must not change what is tested.
os.environ["XDG_CONFIG_HOME"] = "/nonexistent"

if "CI" not in os.environ:  # in CI hypothesis uses a profile of its own, with the same examples in every run
    # No deadline: the time of an example means nothing on a loaded machine.
    settings.register_profile("portsock", deadline=None)
    settings.load_profile("portsock")


@pytest.fixture(autouse=True)
def without_earlier_failures() -> None:
    """Forget what another test could not read."""
    failures.take()
