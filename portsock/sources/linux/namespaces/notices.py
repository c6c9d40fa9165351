"""Notices about network namespaces that were not read."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from portsock.model import Notice

if TYPE_CHECKING:
    from portsock.sources.linux.netns import Namespace


def unread_notice(unreadable: int) -> Notice:
    """Return the notice about namespaces of which only the number is known."""
    what = "1 other network namespace" if unreadable == 1 else f"{unreadable} other network namespaces"
    text = f"{what} may not be looked at from here: run as root on the host to see the sockets in there"
    return Notice("netns_denied", unreadable, text)


def denied_notice(denied: "Sequence[Namespace]") -> Notice:
    """Return the notice about namespaces that could not be entered."""
    names = [each.netns.name or f"net:[{each.netns.id}]" for each in denied]
    listed = ", ".join(names[:3]) + (", …" if len(names) > 3 else "")
    what = "1 network namespace" if len(names) == 1 else f"{len(names)} network namespaces"
    text = f"{what} could not be entered: {listed}; that takes root (CAP_SYS_ADMIN) on the host"
    return Notice("netns_denied", len(names), text)


def late_notice(number: int) -> Notice:
    """Return the notice about namespaces for which there was no time."""
    what = "1 network namespace was" if number == 1 else f"{number} network namespaces were"
    return Notice("netns_late", number, f"{what} not looked into for lack of time")
