"""One of the processes of test_torchrun: the trainer's own `main`, stopped before the export.

Every process keeps its weights and the pictures it drew.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from safetensors.torch import save_file

from vljepa_ros.training import loop, run, sentence_bank

sentence_bank.WORDINGS, sentence_bank.QUESTION_WORDINGS = 4, 4
_train = loop.train


def train(trainer, folder, log, validate, minutes):
    drawn = []
    draw = trainer.scenario.draw

    def remember(*args, **options):
        clips = draw(*args, **options)
        drawn.append(clips.row)
        return clips

    trainer.scenario.draw = remember
    before = {k: v.clone() for k, v in trainer.model.x_encoder.state_dict().items()}
    _train(trainer, folder, log, lambda _: {}, minutes)
    own = folder / f"process_{loop.rank()}"
    own.mkdir(exist_ok=True)
    save_file({k: v.clone() for k, v in trainer.model.state_dict().items()}, own / "after.st")
    save_file(before, own / "before.st")
    np.save(own / "drawn.npy", np.concatenate(drawn))
    return 0  # as if time were up: no export


loop.train = train

if __name__ == "__main__":
    folder = Path(sys.argv[1])
    sys.exit(run.main(argparse.Namespace(
        config=folder / "config.yaml", out=folder / "run", minutes=None, threads=1,
    )))
