"""How much things weigh."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from selfsup_engine import memory


@dataclass
class Held:
    first: object
    second: object = None


def test_a_weight_is_that_of_the_arrays_in_whatever_holds_them() -> None:
    weights = torch.nn.Linear(10, 5)
    assert memory.weight(weights) == pytest.approx(4 * 55, abs=40)  # and the names of its parts
    held = Held(np.zeros(100, np.float32), [b"12345", {"a": torch.zeros(3, dtype=torch.uint8)}])
    assert memory.weight(held) == 400 + 5 + len("a") + 3
    assert memory.weight(None, 3, len, memory) == 0


def test_what_is_held_twice_weighs_once_and_a_view_holds_all_of_it() -> None:
    pixels = np.zeros((100, 10), np.uint8)
    assert memory.weight([pixels, pixels]) == 1000
    assert memory.weight(pixels[3]) == 1000
    codes = torch.zeros(100, dtype=torch.uint8)
    assert memory.weight((codes, codes[:3], codes.view(10, 10))) == 100
    knot: list[object] = [b"123"]
    knot.append(knot)
    assert memory.weight(knot) == 3


def test_giving_back_harms_nothing() -> None:
    memory.few_heaps()
    memory.give_back()
    assert np.zeros(10).sum() == 0


AGAIN = """
import resource
import numpy as np
from selfsup_engine import memory

{setting}
faults = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_minflt
use = lambda: [np.ones({size}, np.uint8) for _ in range({blocks})]
use()
before = faults()
for _ in range(50):
    use()
print(faults() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only the GNU C library is told what to keep")
@pytest.mark.parametrize(
    ("setting", "blocks", "size"), [("memory.few_heaps()", 1, 2_000_000), ("memory.keep_heap()", 4, 20_000_000)]
)
def test_blocks_are_used_again(setting: str, blocks: int, size: int) -> None:
    def pages(setting: str) -> int:
        script = AGAIN.format(setting=setting, blocks=blocks, size=size)
        told = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
        return int(told.stdout)

    assert pages(setting) < pages("") / 10
