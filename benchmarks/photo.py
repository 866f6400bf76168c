"""What a model that restores is worth on photos, and what a slider's move costs. What photos cost at full size is in photos.py.

    python -m benchmarks.photo restore RUN FOLDER_OF_PICTURES
    python -m benchmarks.photo preview RUN PHOTO

restore: each picture is blurred by the 5-tap binomial filter twice, along both axes, rounded to 8 bits, and put back by the model, by unsharp
masks of several radii and strengths, and by two deconvolutions of scikit-image that are told the blur. Of each classical method the setting that is best
on these very pictures counts; the model has seen none of them. PSNR in dB of the pixels and of the colour gradients, mean over pictures.

preview: what a slider's move costs on the copy that the page shows, on one thread as in the server: the operation anew and the JPEG that
travels, without what is prepared once.
"""

import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from skimage.restoration import richardson_lucy, wiener
from torch import Tensor

from benchmarks.reporting import machine
from selfsup_engine import photofile
from selfsup_engine.exploring.photo import difference
from selfsup_engine.exploring.retouching.enhance import BASE, unsharp
from selfsup_engine.exploring.retouching.operation import Means
from selfsup_engine.exploring.retouching.operations import OPERATIONS
from selfsup_engine.exploring.retouching.recipe import means_of
from selfsup_engine.gradients import gradient
from selfsup_engine.images import encode, from_unit, to_unit
from selfsup_engine.models.color_gradient_networks import BINOMIAL, blurred
from selfsup_engine.runs import open_folder
from selfsup_engine.scaling import reduced
from selfsup_engine.scores import psnr

Method = Callable[[Tensor], Tensor]


def soft(photo: Tensor) -> Tensor:
    """A photo (3, H, W) uint8 under the filter twice, rounded to 8 bits."""
    return torch.from_numpy(from_unit(blurred(blurred(to_unit(photo[None])))))[0]


def scores(made: Tensor, photo: Tensor) -> tuple[float, float]:
    """PSNR of the pixels and of the gradients of (3, H, W) uint8."""
    one, two = made.float() / 255, photo.float() / 255
    return psnr(float((one - two).square().mean())), psnr(float((gradient(one) - gradient(two)).square().mean()))


def by_model(run: str) -> Method:
    model = means_of(open_folder(run)).model
    assert model is not None

    def restore(photo: Tensor) -> Tensor:
        change = difference(model, photo)
        return (photo.float() + 255 * change.float()).round().clamp(0, 255).to(torch.uint8)

    return restore


def kernel() -> np.ndarray:
    """The blur (9, 9) that the deconvolutions are told."""
    taps = np.convolve(BINOMIAL, BINOMIAL)
    return np.outer(taps, taps)


def deconvolved(channelwise: Callable[[np.ndarray], np.ndarray]) -> Method:
    """By a function of one channel (H, W) in [0, 1], on a photo that goes on beyond its border."""

    def restore(photo: Tensor) -> Tensor:
        pad = 12
        values = np.pad(photo.numpy() / 255.0, ((0, 0), (pad, pad), (pad, pad)), mode="edge")
        made = np.stack([channelwise(channel) for channel in values])[:, pad:-pad, pad:-pad]
        return torch.from_numpy((255 * made.clip(0, 1)).round().astype(np.uint8))

    return restore


def methods(run: str) -> dict[str, dict[str, Method]]:
    """By name, each with its settings."""
    psf = kernel()
    sharpened = {
        f"radius {radius}, strength {strength}": (
            lambda photo, r=radius, s=strength: unsharp(photo, strength=s, radius=r)
        )
        for radius in (1.0, 1.4, 2.0)
        for strength in (0.5, 0.75, 1.0, 1.5)
    }
    lucy = {
        f"{steps} iterations": deconvolved(lambda channel, n=steps: richardson_lucy(channel, psf, num_iter=n))
        for steps in (10, 20)
    }
    wieners = {
        f"balance {balance:g}": deconvolved(lambda channel, b=balance: wiener(channel, psf, b, clip=False))
        for balance in (1e-3, 3e-3, 1e-2)
    }
    return {
        "input": {"": lambda photo: photo},
        "unsharp mask": sharpened,
        "Richardson-Lucy": lucy,
        "Wiener": wieners,
        "ours": {run: by_model(run)},
    }


def restore(run: str, folder: Path) -> None:
    """Prints a table."""
    files = sorted(file for file in folder.iterdir() if file.suffix in (".jpg", ".png"))
    found: dict[tuple[str, str], list[tuple[float, float]]] = {}
    wanted = methods(run)
    for file in files:
        photo = photofile.read(file).pixels
        blurry = soft(photo)
        for name, settings in wanted.items():
            for setting, method in settings.items():
                found.setdefault((name, setting), []).append(scores(method(blurry), photo))
    print(f"{len(files)} pictures of {folder.name}, blurred twice; {machine()}")
    print("| method | best setting | PSNR | of the gradients |\n|---|---|---|---|")
    for name, settings in wanted.items():
        means = {setting: np.mean(found[name, setting], axis=0) for setting in settings}
        setting, (pixels, slopes) = max(means.items(), key=lambda item: item[1][0])
        print(f"| {name} | {setting} | {pixels:.2f} dB | {slopes:.2f} dB |")


def preview(run: str, photo: Path) -> None:
    """Prints a table."""
    torch.set_num_threads(1)
    small = reduced(photofile.read(photo).pixels, BASE)
    means = replace(means_of(open_folder(run)), reference=small)
    bare = Means(reference=small)
    print(f"preview of {photo.name}, {small.shape[2]} x {small.shape[1]}; {machine()}")
    print("| operation | prepared once | a slider's move | of it CPU |\n|---|---|---|---|")
    for name, kind in OPERATIONS.items():
        operation, given = kind(), means if name == "enhance" else bare
        began = time.perf_counter()
        prepared = operation.prepare(small, given)
        once = time.perf_counter() - began
        moves = []
        for _ in range(5):
            began, cpu = time.perf_counter(), time.process_time()
            encode(operation.apply(small, prepared).permute(1, 2, 0).numpy(), "jpeg", quality=92)
            moves.append((time.perf_counter() - began, time.process_time() - cpu))
        took, cpu = sorted(moves)[2]
        print(f"| {name} | {once:.2f} s | {1000 * took:.0f} ms | {1000 * cpu:.0f} ms |", flush=True)


def main() -> None:
    match sys.argv[1:]:
        case ["restore", run, folder]:
            restore(run, Path(folder))
        case ["preview", run, photo]:
            preview(run, Path(photo))
        case _:
            print(__doc__)


if __name__ == "__main__":
    main()
