"""semantic_state_node on the toy model, as a process of its own."""

from test.nodes.fakes import ToyModel
from vljepa_ros.nodes.lifecycle import run
from vljepa_ros.nodes.semantic_state_node import SemanticStateNode

if __name__ == "__main__":
    run(lambda: SemanticStateNode(load=lambda path, device: ToyModel()))
