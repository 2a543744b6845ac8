"""`vljepa demo` with the oracle in the place of the trained model."""

import sys
from pathlib import Path

from vljepa_ros.cli.main import main
from vljepa_ros.demo import options, session

if __name__ == "__main__":
    session.MODULES["semantic_state_node"] = "demo.oracle_node"
    options._model = lambda given: Path()
    sys.exit(main(["demo", *sys.argv[1:]]))
