"""The parts of an answer, each made by a module of its own."""

from collections.abc import Callable, Sequence

from portsock.explain import (
    part_connection,
    part_exposure,
    part_port,
    part_process,
    part_socket,
    verdicts,
)
from portsock.explain.attempt import Attempt
from portsock.explain.scene import Scene
from portsock.explain.types import Part, Section

_PARTS: dict[Part, Callable[[Scene], list[str]]] = {
    Part.PORT: part_port.paragraphs,
    Part.SOCKET: part_socket.paragraphs,
    Part.CONNECTION: part_connection.paragraphs,
    Part.PROCESS: part_process.paragraphs,
    Part.EXPOSURE: part_exposure.paragraphs,
}


def sections(scene: Scene, attempts: Sequence[Attempt]) -> dict[Part, Section]:
    """The parts that have something to say, in their order."""
    made = {part: Section(tuple(text)) for part, make in _PARTS.items() if (text := make(scene))}
    if attempts:
        made[Part.BINDING] = verdicts.section(attempts)
    return made
