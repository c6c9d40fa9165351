"""Targets and filters of a command line, parsed into a query."""

import pytest

from portsock.cli.options import Collecting, Selecting
from portsock.cli.query_parsing import parse_query
from portsock.errors import UsageError
from portsock.query.query import Query
from portsock.query.target import ServiceTarget
from tests.support.query_factory import SERVICES


def query(**selecting: object) -> Query:
    return parse_query(None, Selecting(**selecting), Collecting(), SERVICES)  # type: ignore[arg-type]


def test_values_may_be_repeated_or_listed() -> None:
    assert query(pid=["1,2", "3"]).pids == (1, 2, 3)
    assert query(port=["80,8000-8080"]).ports == ((80, 80), (8000, 8080))
    assert query(user=["root,nobody"]).users == ("root", "nobody")


@pytest.mark.parametrize(("option", "value"), [("pid", "1,x"), ("pid", "1,"), ("port", "80,"), ("port", "80,99999")])
def test_each_listed_value_is_checked(option: str, value: str) -> None:
    with pytest.raises(UsageError):
        query(**{option: [value]})


def test_a_local_end_may_be_a_service_at_any_address() -> None:
    (place,) = query(local=[":http"]).local
    assert isinstance(place, ServiceTarget)
    assert place.pairs == {("tcp", 80)}
