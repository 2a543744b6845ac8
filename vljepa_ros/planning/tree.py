"""What a search looked at, kept so that a decision can be explained."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

FATES = ("root", "open", "explored", "met", "fails", "no change", "merged", "beam", "too dear")
"""What became of an imagined state: not taken further ('open': nothing spoke against it), looked
behind, meets the goal; or dropped because the action is not expected to work, changes nothing,
leads where a cheaper way leads, found no room in the beam, or cannot beat the plan found."""


@dataclass(frozen=True)
class TreeNode:
    """One imagined state, reached from node ``parent`` (-1: the start) by action ``action_id``.

    ``distance``: to the goal, None where it was not read; ``cost``: of the steps so far;
    ``outcome``: what changes, in words; ``chosen``: on the plan.
    """

    parent: int
    action_id: str
    text: str
    depth: int
    works: float
    cost: float
    distance: float | None
    outcome: str
    fate: str = "open"
    chosen: bool = False


@dataclass
class SearchTree:
    """All nodes in the order in which they were imagined; node 0 is the start."""

    nodes: list[TreeNode] = field(default_factory=list)

    def add(self, node: TreeNode) -> int:
        """Take a node in and return its index."""
        self.nodes.append(node)
        return len(self.nodes) - 1

    def mark(self, index: int, fate: str) -> None:
        """Say what became of a node."""
        self.nodes[index] = replace(self.nodes[index], fate=fate)

    def choose(self, indices: list[int]) -> None:
        """Mark the plan."""
        for index in indices:
            self.nodes[index] = replace(self.nodes[index], chosen=True)

    def children(self, index: int) -> list[int]:
        return [i for i, node in enumerate(self.nodes) if node.parent == index]
