"""Autoencoders: an encoder squeezes an image into a few numbers, the code, and a decoder draws the image from them again.

Nothing in this file knows of files, jobs or pages. Pixels are in [-1, 1] throughout; figures are stated on [0, 1]. The networks are
in autoencoder_networks.py.

Objectives: plain (Hinton and Salakhutdinov, 2006), denoising (Vincent et al., 2008; masked patches after He et al., 2022) and
variational (Kingma and Welling, 2014; the weight beta after Higgins et al., 2017).
"""

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from selfsup_engine.device import Device
from selfsup_engine.health import Finding, against_baselines, collapsed_code, dead_dimensions, posterior_collapse
from selfsup_engine.images import from_unit, montage, to_unit
from selfsup_engine.models import adam, fused_mlp
from selfsup_engine.models.autoencoder_networks import Autoencoder, AutoencoderConfig
from selfsup_engine.models.spec import ModelSpec, Preset, Report
from selfsup_engine.pictures import draw_map, side_by_side
from selfsup_engine.scores import CHUNK, LinearBaseline, knn_accuracy, mse_per_image, psnr
from selfsup_engine.sources import ImageSet

EXHIBITED = 10_000  # test images at most that a run keeps, to be explored without its data set
MAPPED = 5_000  # test images on the map of a live run
LOOKED_AT = 2_000  # images behind a live figure: its error is 1 %, its cost a few steps


def gaussian_kl(mean: Tensor, log_variance: Tensor) -> Tensor:
    """KL of N(mean, variance) from N(0, 1) in nats, averaged over the batch, per dimension: (D,). Kingma and Welling, appendix B."""
    return 0.5 * (mean.square() + log_variance.exp() - 1 - log_variance).mean(0)


def damage(images: Tensor, config: AutoencoderConfig, generator: torch.Generator) -> Tensor:
    """Images in [-1, 1] with clipped Gaussian noise, or with a share of a 7 x 7 board of patches turned mid-grey."""
    if config.noise == "gaussian":
        noise = torch.randn(images.shape, generator=generator, device=images.device)
        return (images + 2 * config.sigma * noise).clamp(-1, 1)
    board = torch.rand((len(images), 1, 7, 7), generator=generator, device=images.device) < config.masked
    return images.masked_fill(F.interpolate(board.float(), images.shape[-2:]).bool(), 0.0)


class AutoencoderTask:
    """Training of one autoencoder: Adam on the mean squared error, plus beta x KL if variational."""

    def __init__(self, config: AutoencoderConfig, device: Device) -> None:
        self.config, self.device = config, device
        self.threads = 2 if config.network == "conv" or max(config.widths) > 128 else 1
        self.model = Autoencoder(config).to(device.torch)
        self.optimiser = torch.optim.AdamW(
            self.model.parameters(), lr=config.learning_rate, weight_decay=config.weight_decay, fused=True
        )
        self.looked_at = LOOKED_AT if config.network == "mlp" else LOOKED_AT // 4  # no look shall keep a stop waiting
        self._linear: LinearBaseline | None = None
        self._baselines: dict[str, float] = {}
        adam.begin(self.optimiser)
        fits = fused_mlp.fits(config, device)
        self._fused = fused_mlp.FusedMlp(self.model, self.optimiser, config) if fits else None

    def _losses(self, images: Tensor, generator: torch.Generator | None) -> tuple[Tensor, dict[str, Tensor]]:
        """The objective to descend, and the figures to show. Without a generator nothing is damaged or drawn at random."""
        seen = images
        if generator is not None and self.config.objective == "denoising":
            seen = damage(images, self.config, generator)
        with self.device.autocast():
            mean, log_variance = self.model.posterior(seen)
            codes = mean
            if generator is not None and self.model.variational:
                noise = torch.randn(mean.shape, generator=generator, device=mean.device)
                codes = mean + noise * (log_variance / 2).exp()
            error = F.mse_loss(self.model.decode(codes).float(), images)
        figures = {"mse": error.detach() / 4}
        objective = error
        if self.config.code_decay and not self.model.variational:  # as in regularised autoencoders (Ghosh et al., 2020)
            objective = objective + self.config.code_decay * mean.float().square().mean()
        if not self.model.variational:
            return objective, figures
        kl = gaussian_kl(mean.float(), log_variance.float()).sum()
        figures["kl"] = kl.detach()
        # Per pixel on both sides: with mse as -log p of unit-variance pixels / (pixels / 2), beta 1 is the evidence lower bound.
        return objective + self.config.beta * 2 * kl / images[0].numel(), figures

    def step(self, images: Tensor, seed: int, progress: float) -> dict[str, Tensor]:
        if not self.model.training:  # telling every layer anew takes as long as three of their products
            self.model.train()
        if self.config.schedule == "cosine":
            warm = min(1.0, 0.1 + progress / 0.02)
            for group in self.optimiser.param_groups:
                group["lr"] = self.config.learning_rate * warm * 0.5 * (1 + float(np.cos(np.pi * min(progress, 1.0))))
        generator = torch.Generator(images.device).manual_seed(seed)
        if self._fused:
            seen = damage(images, self.config, generator) if self.config.objective == "denoising" else images
            return {"mse": self._fused.step(seen, images) / 4}
        objective, figures = self._losses(images, generator)
        self.optimiser.zero_grad(set_to_none=True)
        objective.backward()
        self.optimiser.step()
        return figures

    @torch.no_grad()
    def evaluate(self, images: Tensor) -> dict[str, float]:
        self.model.eval()
        totals: dict[str, float] = {}
        for chunk in images[: self.looked_at].split(CHUNK):
            for name, value in self._losses(to_unit(chunk), None)[1].items():
                totals[name] = totals.get(name, 0.0) + float(value) * len(chunk)
        return {name: total / len(images[: self.looked_at]) for name, total in totals.items()}

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Codes (N, D) on the CPU of uint8 images, in batches."""
        self.model.eval()
        return torch.cat([self.model.encode(to_unit(chunk)).float().cpu() for chunk in images.split(CHUNK)])

    @torch.no_grad()
    def reconstruct(self, images: Tensor) -> Tensor:
        """What the decoder makes of uint8 images' codes: float (N, C, H, W) in [-1, 1] on the CPU."""
        self.model.eval()
        return torch.cat([self.model(to_unit(chunk)).float().cpu() for chunk in images.split(CHUNK)])

    @torch.no_grad()
    def preview(self, images: ImageSet) -> dict[str, NDArray[np.uint8]]:
        shown = images.test[:: max(1, len(images.test) // 16)][:16]
        inputs = to_unit(shown)
        if self.config.objective == "denoising":
            inputs = damage(inputs, self.config, torch.Generator(inputs.device).manual_seed(0))
        self.model.eval()
        rows = [from_unit(inputs), from_unit(self.model(inputs).float())]
        pictures = {"reconstructions": side_by_side(rows)}
        if self.config.code == 2:
            labels = None if images.test_labels is None else images.test_labels[:MAPPED].tolist()
            pictures["map"] = draw_map(self.encode(images.test[:MAPPED]).numpy(), labels)
        return pictures

    def linear(self, images: ImageSet) -> LinearBaseline:
        """PCA of the training images with as many components as the code has numbers; fitted once."""
        if self._linear is None:
            self._linear = LinearBaseline.fit(images.train.cpu(), self.config.code)
        return self._linear

    def baselines(self, images: ImageSet) -> dict[str, float]:
        if not self._baselines:
            mean_mse, pca_mse = self.linear(images).mse(images.test[: self.looked_at].cpu())
            self._baselines = {"mean image": mean_mse, f"PCA, {self.config.code} components": pca_mse}
        return self._baselines

    @torch.no_grad()
    def health(self, images: ImageSet, losses: Mapping[str, float], progress: float) -> list[Finding]:
        looked_at = images.test[: self.looked_at]
        mean_mse, pca_mse = self.baselines(images).values()
        train_mse = self.evaluate(images.train[: self.looked_at])["mse"]
        found = against_baselines(losses["mse"], train_mse, mean_mse, pca_mse, self.config.code, progress)
        found += collapsed_code(codes := self.encode(looked_at)) or dead_dimensions(codes)
        if self.model.variational and progress > 0.1:
            found += posterior_collapse(gaussian_kl(*self.model.posterior(to_unit(looked_at))).cpu(), self.config.beta)
        return found

    @torch.no_grad()
    def cover(self, images: ImageSet, codes: Tensor) -> NDArray[np.uint8]:
        """What a 2-D code draws all over the middle of its map; else held-out images over what is made of them. 7 to 4."""
        self.model.eval()
        if self.config.code == 2:
            low, high = codes.quantile(torch.tensor([0.03, 0.97]), dim=0)
            x, y = torch.linspace(float(low[0]), float(high[0]), 14), torch.linspace(float(high[1]), float(low[1]), 8)
            points = torch.stack([x.repeat(8), y.repeat_interleave(14)], dim=1).to(self.device.torch)
            return montage(from_unit(self.model.decode(points).float()), 14)
        shown = images.test[:: max(1, len(images.test) // 14)][:14]
        drawn = from_unit(self.model(to_unit(shown)).float())
        rows = [
            np.concatenate([from_unit(to_unit(shown[i : i + 7])), drawn[i : i + 7]]) for i in range(0, len(shown), 7)
        ]
        return montage(np.concatenate(rows), min(7, len(shown)))

    @torch.no_grad()
    def report(self, images: ImageSet) -> Report:
        kept = images.test[:EXHIBITED]
        test = images.test.cpu()
        errors = mse_per_image(self.reconstruct(images.test), test)
        mean_mse, pca_mse = self.linear(images).mse(test)
        mse = float(errors.mean())
        scores = {"mse": mse, "psnr": psnr(mse), "pca_mse": pca_mse, "mean_mse": mean_mse}
        codes = self.encode(images.test)
        if images.train_labels is not None and images.test_labels is not None:
            train_codes = self.encode(images.train)
            scores["knn5"] = knn_accuracy(train_codes, images.train_labels.cpu(), codes, images.test_labels.cpu())
        if self.model.variational:
            kl = gaussian_kl(*self.model.posterior(to_unit(kept[:LOOKED_AT])))
            scores |= {"kl": float(kl.sum())} | {f"kl_{d + 1}": float(nats) for d, nats in enumerate(kl)}
        exhibit = {"codes": codes[: len(kept)], "errors": errors[: len(kept)], "images": kept.cpu()}
        if images.test_labels is not None:
            exhibit["labels"] = images.test_labels[: len(kept)].cpu()
        return Report(scores, exhibit, self.cover(images, codes))

    def state(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        return tensors | adam.state(self.model, self.optimiser)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        self.model.load_state_dict({name[6:]: tensor for name, tensor in state.items() if name.startswith("model.")})
        adam.load_state(self.model, self.optimiser, state)


REFERENCE = AutoencoderConfig(
    widths=(128, 64, 32, 16, 8, 4), activation="relu", norm=False, learning_rate=1e-3, batch=128, schedule="constant"
)

SPEC = ModelSpec(
    family="autoencoder",
    config=AutoencoderConfig,
    presets={
        "mlp": Preset(
            AutoencoderConfig(learning_rate=2e-3, batch=256, code_decay=1e-4),
            "Dense",
            "Sees a picture as a list of pixels. Fast, and the best for small grey pictures of centred things.",
            suits=lambda channels, size: channels == 1 and size <= 32,
        ),
        "conv": Preset(
            AutoencoderConfig(
                network="conv", widths=(32, 64, 128), code=16, size=32, channels=3, norm=True, learning_rate=2e-3
            ),
            "Convolutional",
            "Sees neighbourhoods of pixels. Slower; the choice for colour and for larger pictures.",
        ),
        "reference": Preset(
            REFERENCE,
            "Reference",
            "The plain autoencoder of the textbooks, to compare with. With about a third of all seeds it learns nothing; health will say so.",
            suits=lambda channels, size: False,
            resizes=False,
        ),
    },
    model=Autoencoder,
    task=AutoencoderTask,
)
