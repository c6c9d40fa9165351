"""A picture as data: programs and remote ends in boxes, and the connections between them. Its texts are not escaped."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

MOST_NODES = 60
MOST_EDGES = 150
"""More cannot be looked at, and Mermaid takes no text of more than 50,000 characters."""

Place = tuple[str, ...]
"""Titles of the boxes around a node, the outermost first."""
Item = tuple[int, str]
"""A port with its text, or -1 and the name of a socket without ports: sorted, they are by number."""


class Node(NamedTuple):
    """A program, or a remote end."""

    place: Place
    kind: str
    """'program', 'unseen' (its program is not known) or 'remote'."""
    lines: tuple[str, ...]
    service: Item = (-1, "")
    """What tells apart those whose program is not known: the port of each."""


class Edge(NamedTuple):
    """All connections between two nodes."""

    client: Node
    server: Node
    directed: bool
    """False where it is not known which of them is the server."""
    established: bool
    """False where all of the connections are being opened or closed."""
    services: Sequence[tuple[Item, int]]
    """Each with its number of connections, those with most first."""

    @property
    def amount(self) -> int:
        """Return the number of connections."""
        return sum(number for _, number in self.services)


class Picture(NamedTuple):
    """Nodes with what they listen on, edges, and remarks: sentences about what is not drawn."""

    nodes: Mapping[Node, Sequence[Item]]
    edges: Sequence[Edge]
    remarks: tuple[str, ...]


def bounded(nodes: Mapping[Node, Sequence[Item]], edges: Iterable[Edge], narrower: str) -> Picture:
    """Return the picture with the nodes and edges of most connections. `narrower`: a command that draws less."""
    by_amount = sorted(edges, key=lambda edge: (-edge.amount, edge))
    weights = dict.fromkeys(nodes, 0)
    for edge in by_amount:
        for node in {edge.client, edge.server}:
            weights[node] += edge.amount
    kept = set(sorted(nodes, key=lambda node: (-weights[node], -len(nodes[node]), node))[:MOST_NODES])
    drawn = [edge for edge in by_amount if edge.client in kept and edge.server in kept][:MOST_EDGES]
    remarks = []
    if len(drawn) < len(by_amount) or len(kept) < len(nodes):
        total, shown = (sum(edge.amount for edge in some) for some in (by_amount, drawn))
        remarks.append(
            f"drawn are {len(kept)} of {len(nodes)} programs and remote ends, and {shown} of {total} connections, the most "
            f"frequent; to see the others, narrow the picture, as in {narrower}"
        )
    ordered = sorted(kept, key=lambda node: (node.kind == "remote", node))
    return Picture({node: nodes[node] for node in ordered}, sorted(drawn), tuple(remarks))
