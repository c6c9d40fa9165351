"""The parts of an answer, each made by a module of its own."""

from collections.abc import Callable, Sequence

from portsock.explain.bind import section
from portsock.explain.bind.types import Attempt
from portsock.explain.scene import Scene
from portsock.explain.sections import connection, exposure, port, process, socket
from portsock.explain.types import Part, Section

_PARTS: dict[Part, Callable[[Scene], list[str]]] = {
    Part.PORT: port.paragraphs,
    Part.SOCKET: socket.paragraphs,
    Part.CONNECTION: connection.paragraphs,
    Part.PROCESS: process.paragraphs,
    Part.EXPOSURE: exposure.paragraphs,
}


def sections(scene: Scene, attempts: Sequence[Attempt]) -> dict[Part, Section]:
    """The parts that have something to say, in their order."""
    made = {part: Section(tuple(text)) for part, make in _PARTS.items() if (text := make(scene))}
    if attempts:
        made[Part.BINDING] = section.section(attempts)
    return made
