"""What a finished model is scored by, and the simple models that a generator is held against."""

import torch
from torch import Tensor

from selfsup_engine import sources
from selfsup_engine.device import pick
from selfsup_engine.features import FeatureNet, feature_net, fidelity_scores
from selfsup_engine.images import from_unit, to_unit
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import Decodes, Encodes, check_config, preset_config, spec
from selfsup_engine.runs import RunFolder
from selfsup_engine.scores import LinearBaseline
from selfsup_engine.sources import ImageSet

SCORED = 10_000  # images of each kind behind a figure
COMPONENTS = 64
CODE, AUTOENCODER_STEPS, AUTOENCODER_BATCH = 16, 1_500, 128


def evaluate(folder: RunFolder, data: str | None = None) -> dict[str, float]:
    """The scores of a run on the test split of a source (its own, if None), computed anew from its saved weights.

    For an autoencoder: mse on [0, 1] pixels, psnr in dB, pca_mse (as many components), mean_mse (the mean image's), and knn5
    (accuracy of the five nearest codes' vote, where labels exist). For a GAN: frechet_FEATURES and its floor, precision, recall,
    density, coverage, diversity.

    Raises:
        UserError: the run is not trained, or the source cannot be had.
    """
    run = folder.run
    task = spec(run.family).task(check_config(run.family, run.config), pick())
    task.model.load_state_dict(load_model(folder).state_dict())
    return task.report(_images(folder, data)).scores


def _images(folder: RunFolder, data: str | None) -> ImageSet:
    config = check_config(folder.run.family, folder.run.config)
    return sources.load(data or folder.run.source).fitted(config.channels, config.size).to(pick().torch)


def beside(folder: RunFolder, data: str | None = None) -> dict[str, dict[str, float]]:
    """What `yardsticks` gives for the images that a run learned from, or for others.

    Raises:
        UserError: the source cannot be had.
    """
    images = _images(folder, data)
    return yardsticks(images, feature_net(images))


def yardsticks(images: ImageSet, net: FeatureNet) -> dict[str, dict[str, float]]:
    """By name, what simple models of a data set reach where a generator is scored: the samples of each against the test images.

    Real images of the training split are the floor. The others draw from a Gaussian: fitted to the pixels' principal components, and
    to the codes of a small autoencoder, which is trained here for some seconds (Ghosh et al., 2020, for the idea).
    """
    real = images.test[:SCORED].cpu()
    drawn = {
        "real training images: the floor": images.train[: len(real)].cpu(),
        f"Gaussian of {COMPONENTS} principal components": gaussian_of_pixels(images.train, len(real)),
        f"Gaussian of an autoencoder's {CODE} numbers": gaussian_of_codes(images, len(real)),
    }
    return {name: fidelity_scores(net, real, some) for name, some in drawn.items()}


def _drawn_like(codes: Tensor, count: int) -> Tensor:
    """`count` draws (count, D) from the Gaussian fitted to codes (N, D)."""
    power, axes = torch.linalg.eigh(torch.cov(codes.double().T))
    noise = torch.randn(count, codes.shape[1], generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    drawn: Tensor = codes.mean(0) + (noise * power.clamp_min(0).sqrt()) @ axes.T
    return drawn.float()


def gaussian_of_pixels(images: Tensor, count: int) -> Tensor:
    """Images (count, C, H, W) uint8 drawn from the Gaussian fitted to the principal components of images (N, C, H, W) uint8."""
    images = images[:SCORED].cpu()
    linear = LinearBaseline.fit(images, COMPONENTS)
    codes = _drawn_like((to_unit(images).flatten(1) - linear.mean) @ linear.components, count)
    pixels = linear.mean + codes @ linear.components.T
    return torch.from_numpy(from_unit(pixels.clamp(-1, 1).reshape(count, *images.shape[1:])))


def gaussian_of_codes(images: ImageSet, count: int) -> Tensor:
    """Images (count, C, H, W) uint8: decodes of the Gaussian fitted to the codes of an autoencoder trained on the training images."""
    _, channels, size, _ = images.train.shape
    shape = {"channels": channels, "size": size, "code": CODE, "batch": AUTOENCODER_BATCH}
    config = preset_config("autoencoder", None, shape)[1]
    device = pick()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        task = spec("autoencoder").task(config, device)
    random = torch.Generator().manual_seed(0)
    for step in range(AUTOENCODER_STEPS):
        chosen = torch.randint(len(images.train), (AUTOENCODER_BATCH,), generator=random)
        batch = to_unit(images.train[chosen.to(images.train.device)].to(device.torch))
        task.step(batch, step, step / AUTOENCODER_STEPS)
    model = task.model.eval()
    assert isinstance(model, Encodes) and isinstance(model, Decodes)
    with torch.inference_mode():
        codes = model.encode(to_unit(images.train[:SCORED].to(device.torch))).float().cpu()
        chunks = _drawn_like(codes, count).to(device.torch).split(1024)
        return torch.cat([torch.from_numpy(from_unit(model.decode(chunk).float())) for chunk in chunks])
