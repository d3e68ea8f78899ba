"""The memory of one restoration does not grow from step to step."""

import os
import subprocess
import sys

import pytest

SIDE = 224
STEPS = f"""
import numpy as np
from dipcli import api, tasks
from dipcli.system import memory

def resident():
    return int(open("/proc/self/statm").read().split()[1]) * 4096

memory.reuse()
image = (np.random.default_rng(0).random(({SIDE}, {SIDE}, 3)) * 255).astype(np.uint8)
task = tasks.denoise(image, sigma=25.0)
settings = task.settings("auto", iters=300, passes=2, stop="none", channels=(8, 8))
used = {{}}
observe = lambda step: used.update({{step.index: resident()}})
api.restore(task, settings, api.runtime_for("cpu", 0), [observe])
print(used[300] - used[270])  # all of one size, and the memory has settled
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_steps_leave_nothing_behind_that_keeps_memory_from_being_used_again():
    env = os.environ | {"OMP_NUM_THREADS": "1"}
    ran = subprocess.run(
        [sys.executable, "-c", STEPS], capture_output=True, text=True, env=env, check=True
    )
    picture = SIDE * SIDE * 3 * 4
    assert int(ran.stdout) < 2 * picture  # a loss kept as a tensor: 7 of 30 steps'
