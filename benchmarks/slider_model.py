"""What the sliders of `benchmarks.exploring` draw: a gallery model at a code that is moved along one direction. All three apps draw the same."""

import os
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from selfsup_engine.models.saved import load_model, read_tensors, write_tensors
from selfsup_engine.runs import GALLERY, RunFolder

MODEL = "fashion-16d"
PLACE = (-1.2, 0.3)  # of the map
LINK = f"/latent?model={MODEL}&x={PLACE[0]}&y={PLACE[1]}&tool=Directions&ga=l0&gb=l1"
"""The studio's page with a slider from T-shirts to trousers."""


def prepare(folder: Path) -> None:
    """Writes where the studio's slider begins and one of its steps, each (D,), for the other apps."""
    from selfsup_engine.exploring.between import between
    from selfsup_engine.exploring.groups import Group
    from selfsup_engine.exploring.latent import LatentSpace
    from selfsup_engine.exploring.moving import spread_along

    space = LatentSpace(RunFolder(GALLERY / MODEL))
    axis = between(space, Group.parse("l0"), Group.parse("l1")).axis
    start = space.lift(torch.tensor([PLACE]))[0]
    write_tensors(folder / "slider.safetensors", {"start": start, "step": spread_along(space, axis) * axis})


def opened() -> Any:
    """The model, with the slider's start and step beside it."""
    model: Any = load_model(RunFolder(GALLERY / MODEL))
    kept = read_tensors(Path(os.environ["LATENT"]) / "slider.safetensors")
    model.start, model.step_along = kept["start"], kept["step"]
    return model.eval()


@torch.no_grad()
def picture(model: Any, value: float) -> NDArray[np.uint8]:
    """The picture (H, W) at a value of the slider."""
    drawn = model.decode((model.start + value * model.step_along)[None])[0, 0]
    return ((drawn + 1) * 127.5).round().clamp(0, 255).byte().numpy()
