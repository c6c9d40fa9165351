"""Declare options in groups. Neither Typer nor inspect is imported: a plain command line is read without them."""

from collections.abc import Callable
from typing import Any


class Option:
    """An option, or the arguments behind all options."""

    def __init__(
        self,
        *names: str,
        help: str,
        panel: str = "",
        metavar: str | None = None,
        completes: str = "",
        hidden: bool = False,
        first: Callable[..., bool] | None = None,
    ) -> None:
        """See flag(), value() and arguments()."""
        self.names, self.help, self.panel, self.metavar = names, help, panel, metavar
        self.completes, self.hidden, self.first = completes, hidden, first


def flag(*names: str, help: str, panel: str, hidden: bool = False, first: Callable[..., bool] | None = None) -> Option:
    """Declare an option without a value. `first` is called before the other options are read, and returns its value."""
    return Option(*names, help=help, panel=panel, hidden=hidden, first=first)


def value(*names: str, metavar: str, help: str, panel: str, completes: str = "") -> Option:
    """Declare an option with a value. `completes` names what TAB offers for it, see completions/generate.py."""
    return Option(*names, metavar=metavar, help=help, panel=panel, completes=completes)


def arguments(metavar: str, help: str) -> Option:
    """Declare the arguments that are no options."""
    return Option(metavar=metavar, help=help)


def declared(group: Any) -> dict[str, Option]:
    """Return what flag() and value() returned for the fields of an option group."""
    return {name: hint.__metadata__[0] for name, hint in group.__annotations__.items()}
