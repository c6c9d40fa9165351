"""Fixtures for decoding recorded answers."""

import pytest

from tests.parse.netlink.recorded_answers import FACTS


@pytest.fixture
def interfaces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Resolve interface numbers as on the host of the recording."""
    names = {number: name for name, number in FACTS["interfaces"].items()}
    monkeypatch.setattr("socket.if_indextoname", names.__getitem__)
