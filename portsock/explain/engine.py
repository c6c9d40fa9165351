"""A target, and what was seen, into an explanation."""

from collections.abc import Sequence

from portsock.explain.bind.types import Attempt
from portsock.explain.next_commands import commands
from portsock.explain.notes import notes
from portsock.explain.picture import draw
from portsock.explain.readings import readings
from portsock.explain.rules.registry import findings
from portsock.explain.scene import Scene, make_scene
from portsock.explain.sections.registry import sections
from portsock.explain.summary import summarize
from portsock.explain.types import Explanation, PathFacts
from portsock.model import Snapshot, Socket
from portsock.port_numbers import Services
from portsock.query.target import Target


def explain(
    target: Target,
    snapshot: Snapshot,
    services: Services,
    attempts: Sequence[Attempt] = (),
    path: PathFacts | None = None,
) -> Explanation:
    """The answer to one target.

    The snapshot should hold all sockets of the families asked for, whether the target names them or not, since siblings and
    both ends are looked up in it. `attempts` are judged already; `path` is told for a unix path of this host.
    """
    scene = make_scene(target, snapshot, services, path)
    found = findings(scene)
    return Explanation(
        target.text,
        target.kind,
        summarize(scene),
        draw(scene),
        tuple(_sockets(scene)),
        sections(scene, attempts),
        found,
        commands(scene, found),
        readings(scene),
        notes(scene),
        bool(scene.here or scene.there or scene.processes or (path is not None and path.exists)),
    )


def _sockets(scene: Scene) -> list[Socket]:
    return [*scene.here, *scene.there]
