"""Names of units and containers without what changes at every start or login."""

import re
from functools import lru_cache

_HEX = r"[0-9a-f]{12,64}"
_UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
_POD = "[bcdfghjklmnpqrstvwxz2456789]"
"""Characters of the names that Kubernetes makes up: no vowels, and nothing that looks like one."""

_UNITS = tuple(
    (re.compile(pattern), kept)
    for pattern, kept in (
        (r"^session-c?\d+\.scope$", "session-*.scope"),
        (r"^run-(?:u\d+|r[0-9a-f]+|p\d+-i\d+|\d+)\.(\w+)$", r"run-*.\1"),
        (r"^(app-.*[^-\d].*|flatpak-.*)-\d+\.(scope|service)$", r"\1-*.\2"),
        (r"^(app-.*)@[0-9a-f]{16,}\.service$", r"\1@*.service"),
        # An instance for each connection: its number, and the two ends or the client's process and user.
        (r"^([^@]+)@\d+-(?:\d+-)?[^@]*:\d+-[^@]*:\d+\.service$", r"\1@*.service"),
        (r"^([^@]+)@\d+-\d+-\d+\.service$", r"\1@*.service"),
        (r"^(machine-\w+\\x2d)\d+(\\x2d.*\.scope)$", r"\1*\2"),
        (rf"^(.*[-.@]){_UUID}\.(scope|service)$", r"\1*.\2"),
        (rf"^(.*[-.@]){_HEX}\.(scope|service)$", r"\1*.\2"),
        (r"^(snap\..*)-\d+\.scope$", r"\1-*.scope"),
    )
)


@lru_cache(maxsize=4096)
def stable_unit(unit: str | None) -> str | None:
    """Return the unit's name; what systemd numbers anew each time becomes '*'. That of a user manager keeps its prefix."""
    if unit is None or len(unit) > 1024:
        return unit
    manager, slash, name = unit.rpartition("/")
    for pattern, kept in _UNITS:
        name, number = pattern.subn(kept, name)
        if number:
            break
    return manager + slash + name


_ID = re.compile(rf"^{_HEX}$")
_PARTS_OF_POD = re.compile(rf"-(?:{_POD}{{8,10}}-)?{_POD}{{5}}(?=$|[/_])|-{_UUID}(?=$|[/_])")


@lru_cache(maxsize=4096)
def stable_container(container: str | None) -> str | None:
    """Return the container's name; an id, and what Kubernetes adds to the name of a pod, become '*'."""
    if container is None or len(container) > 1024:
        return container
    return "*" if _ID.match(container) else _PARTS_OF_POD.sub("-*", container)
