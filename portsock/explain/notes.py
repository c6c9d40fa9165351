"""What an answer assumes: of a listing nothing is known but what it prints."""

from portsock.explain.scene import Scene
from portsock.explain.sections.port import system
from portsock.explain.texts import phrases


def notes(scene: Scene) -> tuple[str, ...]:
    """Sentences about a captured listing; empty on the live system."""
    if not scene.captured:
        return ()
    host = scene.snapshot.host
    if not host.assumed:
        return (phrases.CAPTURE,)
    first, last = host.ephemeral
    return (f"{phrases.CAPTURE} {phrases.CAPTURE_RANGE.format(first=first, last=last, system=system(host))}",)
