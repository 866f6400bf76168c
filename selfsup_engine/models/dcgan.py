"""Generative adversarial networks of convolutions: a generator draws images from random numbers, a discriminator tells them from real ones.

Nothing in this file knows of files, jobs or pages. Pixels are in [-1, 1] throughout. The networks are in dcgan_networks.py.

Objectives: bce, the non-saturating loss of Goodfellow et al. (2014); hinge (Lim and Ye, 2017); relativistic, on pairs of a real and a
generated image (Jolicoeur-Martineau, 2019). Penalty: zero-centred, on real images alone or, with the relativistic loss, on both (R1,
Mescheder et al., 2018; R1 + R2, Huang et al., 2024). DiffAugment: Zhao et al., 2020. Averaged weights: Karras et al., 2018.
"""

from collections.abc import Mapping
from copy import deepcopy

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from selfsup_engine import fidelity, health
from selfsup_engine.augment import diff_augment
from selfsup_engine.device import Device
from selfsup_engine.features import feature_net, fidelity_scores
from selfsup_engine.health import Finding
from selfsup_engine.images import from_unit, montage, to_unit
from selfsup_engine.models import adam
from selfsup_engine.models.dcgan_networks import Dcgan, DcganConfig, d_loss, g_loss
from selfsup_engine.models.spec import ModelSpec, Preset, Report
from selfsup_engine.scores import LinearBaseline
from selfsup_engine.sources import ImageSet

LOOKED_AT = 512  # images of each kind behind a live figure
COMPONENTS = 32  # principal components of the pixels in which live samples are held against real images
SCORED = 10_000  # images of each kind behind a final score
EXHIBITED = 4_000  # training images at most that a run keeps, to say what is nearest to a sample


class DcganTask:
    """Training of one DCGAN: each step is one of D and one of G, on the same random numbers."""

    threads = 2

    def __init__(self, config: DcganConfig, device: Device) -> None:
        self.config, self.device = config, device
        self.model = Dcgan(config).to(device.torch, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.latest = deepcopy(self.model.generator)  # the one that learns; the model's own is its average
        self.model.generator.requires_grad_(False)
        self.steps = torch.zeros(())
        self.optimisers = {
            "g": self._adam(self.latest, config.learning_rate),
            "d": self._adam(self.model.discriminator, config.learning_rate * config.d_rate),
        }
        self._pixels: LinearBaseline | None = None
        self._baselines: dict[str, float] = {}
        self._settled = False
        self._shown: tuple[int, Tensor] | None = None

    def _adam(self, network: nn.Module, rate: float) -> torch.optim.Adam:
        betas = (self.config.beta1, self.config.beta2)
        optimiser = torch.optim.Adam(network.parameters(), rate, betas=betas, fused=True)
        optimiser.param_groups[0]["peak"] = rate
        adam.begin(optimiser)
        return optimiser

    def step(self, images: Tensor, seed: int, progress: float) -> dict[str, Tensor]:
        self.model.train()
        self.latest.train()
        random = torch.Generator(images.device).manual_seed(seed)
        fall = min(1.0, 2 - 2 * progress) if self.config.schedule == "linear" else 1.0
        for optimiser in self.optimisers.values():
            optimiser.param_groups[0]["lr"] = optimiser.param_groups[0]["peak"] * fall
        images = images.contiguous(memory_format=torch.channels_last)
        z = torch.randn((len(images), self.config.latent), generator=random, device=images.device)
        with self.device.autocast():
            drawn = self.model.draw(self.latest, z)

        self.model.discriminator.requires_grad_(True)
        every = self.config.penalty_every  # lazy regularisation (Karras et al., 2020, StyleGAN2)
        penalty = self.config.penalty * every if int(self.steps) % every == 0 else 0.0
        with self.device.autocast():
            seen_real, seen_drawn = self._augmented(images, random), self._augmented(drawn.detach(), random)
            seen_real.requires_grad_(penalty > 0)
            seen_drawn.requires_grad_(penalty > 0 and self.config.objective == "relativistic")
            real, fake = self.model.logits(seen_real).float(), self.model.logits(seen_drawn).float()
        loss_d = d_loss(self.config.objective, real, fake)
        objective = loss_d
        for logits, seen in ((real, seen_real), (fake, seen_drawn)):
            if seen.requires_grad:
                (slope,) = torch.autograd.grad(logits.sum(), seen, create_graph=True)
                objective = objective + penalty / 2 * slope.float().square().flatten(1).sum(1).mean()
        self._descend("d", objective)

        self.model.discriminator.requires_grad_(False)
        with self.device.autocast():
            if self.config.objective == "relativistic":
                with torch.no_grad():
                    real = self.model.logits(self._augmented(images, random)).float()
            fooled = self.model.logits(self._augmented(drawn, random)).float()
        loss_g = g_loss(self.config.objective, real.detach(), fooled)
        self._descend("g", loss_g)
        self._average()
        return {
            "loss/generator": loss_g.detach(),
            "loss/discriminator": loss_d.detach(),
            "opinion/of real images": real.detach().sigmoid().mean(),
            "opinion/of generated images": fake.detach().sigmoid().mean(),
        }

    def _augmented(self, images: Tensor, random: torch.Generator) -> Tensor:
        return (
            diff_augment(images, random)
            if self.config.augment
            else images.detach()
            if not images.requires_grad
            else images
        )

    def _descend(self, name: str, loss: Tensor) -> None:
        self.optimisers[name].zero_grad(set_to_none=True)
        loss.backward()
        self.optimisers[name].step()

    @torch.no_grad()
    def _average(self) -> None:
        """Takes G's latest weights into the average, whose memory grows with what there is to remember."""
        self.steps += 1
        decay = min(self.config.average, float((1 + self.steps) / (10 + self.steps)))
        latest, kept = list(self.latest.parameters()), list(self.model.generator.parameters())
        torch._foreach_lerp_(kept, latest, 1 - decay)
        for ours, theirs in zip(self.model.generator.buffers(), self.latest.buffers(), strict=True):
            ours.copy_(theirs)
        self._settled = False

    def settle(self) -> None:
        """Makes the averaged generator ready to draw, once for a state of the weights."""
        if not self._settled:
            self.model.settle()
        self._settled = True

    def _z(self, count: int, seed: int = 0) -> Tensor:
        return torch.randn((count, self.config.latent), generator=torch.Generator().manual_seed(seed)).to(
            self.device.torch
        )

    @torch.no_grad()
    def samples(self, count: int, seed: int = 0) -> Tensor:
        """Images (N, C, H, W) uint8 on the CPU, drawn by the model as it stands."""
        self.settle()
        self.model.eval()
        chunks = (from_unit(self.model.generate(z).float()) for z in self._z(count, seed).split(256))
        return torch.from_numpy(np.concatenate(list(chunks)))

    def shown(self) -> Tensor:
        """The samples that a look is about, from the same random numbers at each; drawn once for a state of the weights."""
        at = int(self.steps)
        if self._shown is None or self._shown[0] != at:
            self._shown = at, self.samples(LOOKED_AT)
        return self._shown[1]

    @torch.no_grad()
    def evaluate(self, images: Tensor) -> dict[str, float]:
        real = images[:LOOKED_AT]
        drawn = self.shown()
        if self._pixels is None:
            self._pixels = LinearBaseline.fit(real.cpu(), COMPONENTS)
        return {
            "frechet": self._distance(drawn, real.cpu()),
            "diversity": fidelity.diversity(drawn, real.cpu()),
            "opinion/of real images": float(self.model.judge(to_unit(real)).mean()),
            "opinion/of generated images": float(self.model.judge(to_unit(drawn.to(images.device))).mean()),
        }

    def _distance(self, images: Tensor, others: Tensor) -> float:
        """The Frechet distance of two sets of uint8 images, on [0, 1], in the principal components of real images' pixels."""
        pixels = self._pixels
        assert pixels is not None
        a, b = ((to_unit(x).flatten(1) - pixels.mean) @ pixels.components / 2 for x in (images, others))
        return fidelity.frechet(a, b)

    def baselines(self, images: ImageSet) -> dict[str, float]:
        if not self._baselines:
            real = images.test[:LOOKED_AT].cpu()
            self._pixels = self._pixels or LinearBaseline.fit(real, COMPONENTS)
            self._baselines = {"other real images": self._distance(images.train[:LOOKED_AT].cpu(), real)}
        return self._baselines

    def preview(self, images: ImageSet) -> dict[str, NDArray[np.uint8]]:
        return {"samples": montage(self.shown()[:64].numpy(), 8, gap=1)}

    @torch.no_grad()
    def health(self, images: ImageSet, losses: Mapping[str, float], progress: float) -> list[Finding]:
        drawn, real = self.shown()[: LOOKED_AT // 2], images.train[:EXHIBITED].cpu()
        known, unseen = (
            float(self.model.judge(to_unit(part[:LOOKED_AT])).mean()) for part in (images.train, images.test)
        )
        found = health.mode_collapse(losses["diversity"])
        found += health.balance(losses["opinion/of real images"], losses["opinion/of generated images"], progress)
        found += health.memorisation(drawn, real, images.test[: LOOKED_AT // 2].cpu(), known - unseen, progress)
        return found

    @torch.no_grad()
    def report(self, images: ImageSet) -> Report:
        self.model.eval()
        test = images.test[:SCORED].cpu()
        drawn = self.samples(len(test), seed=2)
        net = feature_net(images)
        scores = fidelity_scores(net, test, drawn) | {"diversity": fidelity.diversity(drawn, test)}
        scores["frechet_floor"] = fidelity.frechet(net.of(test), net.of(images.train[: len(test)]))
        exhibit = {"images": images.train[:EXHIBITED].cpu()}
        if images.train_labels is not None:
            exhibit["labels"] = images.train_labels[:EXHIBITED].cpu()
        return Report(scores, exhibit, montage(self.shown()[:98].numpy(), 14))

    def _parts(self) -> dict[str, tuple[nn.Module, torch.optim.Adam]]:
        return {"g": (self.latest, self.optimisers["g"]), "d": (self.model.discriminator, self.optimisers["d"])}

    def state(self) -> dict[str, Tensor]:
        tensors = {f"model.{name}": tensor for name, tensor in self.model.state_dict().items()}
        tensors |= {f"latest.{name}": tensor for name, tensor in self.latest.state_dict().items()}
        for part, (network, optimiser) in self._parts().items():
            tensors |= adam.state(network, optimiser, f"adam.{part}")
        return tensors | {"steps": self.steps}

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        for prefix, network in (("model.", self.model), ("latest.", self.latest)):
            network.load_state_dict({n.removeprefix(prefix): t for n, t in state.items() if n.startswith(prefix)})
        for part, (network, optimiser) in self._parts().items():
            adam.load_state(network, optimiser, state, f"adam.{part}")
        self.steps.copy_(state["steps"])
        self._settled, self._shown = False, None


SPEC = ModelSpec(
    family="dcgan",
    config=DcganConfig,
    presets={
        "default": Preset(
            DcganConfig(
                learning_rate=1e-3,
                batch=64,
                objective="relativistic",
                norm="none",
                penalty=1.0,
                penalty_every=4,
                beta1=0.0,
                beta2=0.99,
                average=0.998,
            ),
            "Default",
            "Pairs of a real and a drawn picture are compared, a penalty keeps the comparison smooth, and samples are drawn by the average of the weights: far better in the same time.",
        ),
        "reference": Preset(
            DcganConfig(learning_rate=2e-4, batch=64),
            "Reference",
            "The DCGAN of 2016, to compare with.",
            suits=lambda channels, size: False,
        ),
    },
    model=Dcgan,
    task=DcganTask,
)
