"""The knowledge: complete, and nothing said twice."""

import importlib
import pkgutil
import re
from collections import Counter
from collections.abc import Iterator
from enum import Enum

import pytest

from portsock.explain import texts
from portsock.explain.texts.addresses import EXPOSURES, SCOPES
from portsock.explain.texts.errnos import ERRNOS
from portsock.explain.texts.findings import FINDINGS, Code
from portsock.explain.texts.owners import REASONS, STATUSES
from portsock.explain.texts.ports import RANGES
from portsock.explain.texts.states import STATES
from portsock.explain.texts.terms import TERMS
from portsock.explain.texts.transfers import TRANSFERS
from portsock.explain.texts.words import WORDS
from portsock.explain.types import Command
from portsock.explain.vocabulary import Word
from portsock.model import Exposure, OwnerReason, OwnerStatus, Scope, State
from portsock.port_numbers import Range

TABLES = [
    (State, STATES),
    (Scope, SCOPES),
    (Exposure, EXPOSURES),
    (Range, RANGES),
    (OwnerStatus, STATUSES),
    (OwnerReason, REASONS),
    (Code, FINDINGS | TRANSFERS),
    (Word, {**WORDS, **TERMS, **ERRNOS}),
]


def strings(value: object) -> Iterator[str]:
    if isinstance(value, Command):
        yield value.purpose
    elif isinstance(value, str) and not isinstance(value, Enum):
        yield value
    elif isinstance(value, dict):
        for item in value.values():
            yield from strings(item)
    elif isinstance(value, tuple | list):
        for item in value:
            yield from strings(item)


def sentences() -> Iterator[tuple[str, str]]:
    """(module, sentence) of all that the modules of texts hold."""
    for module in pkgutil.iter_modules(texts.__path__):
        loaded = importlib.import_module(f"{texts.__name__}.{module.name}")
        for name, value in vars(loaded).items():
            if not name.startswith("__"):
                for text in strings(value):
                    for sentence in re.split(r"(?<=[.!?])\s+", text):
                        yield module.name, sentence


@pytest.mark.parametrize(("members", "table"), TABLES, ids=lambda item: getattr(item, "__name__", ""))
def test_every_member_has_its_text(members: type[Enum], table: dict[Enum, object]) -> None:
    assert set(table) == set(members)
    assert all(any(text.strip() for text in strings(value)) for value in table.values())


def test_no_sentence_stands_twice() -> None:
    counts = Counter(sentence.lower().strip() for _, sentence in sentences() if len(sentence) > 30)
    assert [sentence for sentence, count in counts.items() if count > 1] == []
    assert len(counts) > 200


def test_no_text_promises_safety_or_claims_reach() -> None:
    for _, sentence in sentences():
        assert "open to the internet" not in sentence.lower()
        assert not re.search(r"\bsafe\b", sentence.lower())
