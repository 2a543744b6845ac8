"""Two processes on one machine train one model: own data, averaged gradients, equal weights."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import yaml
from safetensors.torch import load_file
from tiny_pictures import tiny_model, write_pictures

WORKER = Path(__file__).with_name("torchrun_worker.py")
ROOT = WORKER.parents[2]


def test_two_processes_end_with_the_same_weights(tmp_path):
    write_pictures(tmp_path / "data")
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({
        "seed": 3, "data": str(tmp_path / "data"), "model": tiny_model().to_dict(),
        "wording": {"steps": 0},
        "vision": {"stage1_steps": 1, "stage2_steps": 3, "batch": 6, "rollout_batch": 4,
                   "max_rollout": 2, "read_first": 0.3, "warm_up": 1},
    }))
    # --standalone: a free port of its own
    process = subprocess.Popen(
        [sys.executable, "-m", "torch.distributed.run", "--standalone", "--local-addr", "127.0.0.1",
         "--nproc-per-node", "2", str(WORKER), str(tmp_path)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}, cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True,
    )
    try:
        output, _ = process.communicate(timeout=170)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    assert process.returncode == 0, output[-3000:]
    first, second = (tmp_path / "run" / f"process_{rank}" for rank in (0, 1))
    one, two = load_file(first / "after.st"), load_file(second / "after.st")
    assert one.keys() == two.keys()
    for key, value in one.items():
        torch.testing.assert_close(value, two[key], rtol=0, atol=0, msg=key)
    before = load_file(first / "before.st")
    assert any(not torch.equal(one[f"x_encoder.{k}"], v) for k, v in before.items())
    assert not np.array_equal(np.load(first / "drawn.npy"), np.load(second / "drawn.npy"))
    log = (tmp_path / "run" / "log.txt").read_text()
    assert log.count("vision 4/4") == 1  # one process writes
