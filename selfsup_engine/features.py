"""Features in which sets of images are compared: those of a small network that was trained for this on the very data.

With labels it learned to tell the classes apart ("classifier"), without to tell by how many quarter turns an image was rotated
("rotations": Gidaris et al., 2018). It is trained once for a data set and kept in the data folder, so that figures of different
models on the same data are in the same features. A generator never sees it.
"""

import hashlib
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from selfsup_engine import fidelity
from selfsup_engine.images import to_unit
from selfsup_engine.models.saved import read_tensors, write_tensors
from selfsup_engine.sources import ImageSet, data_root

STEPS, EPOCHS, BATCH, RATE = 800, 12, 128, 2e-3  # whichever of the first two ends sooner
FEATURES = 64
COMPARED = 5_000  # images of each kind for precision and the like: their cost grows with the square
VERSION = 1  # of what is written here: another one trains the kept networks anew


@dataclass(frozen=True)
class FeatureNet:
    """name: what it was trained to tell, "classifier" or "rotations"; `of` gives the features."""

    name: str
    layers: nn.Sequential

    @torch.inference_mode()
    def of(self, images: Tensor) -> Tensor:
        """Features (N, 64) float32 on the CPU of uint8 images (N, C, H, W)."""
        device = next(self.layers.parameters()).device
        return torch.cat([self.layers[:-2](to_unit(chunk.to(device))).float().cpu() for chunk in images.split(1024)])


def _network(channels: int, size: int, answers: int) -> nn.Sequential:
    side = size
    layers: list[nn.Module] = []
    for before, after in ((channels, 32), (32, 64), (64, 128)):
        layers += [nn.Conv2d(before, after, 3, 2, 1, bias=False), nn.BatchNorm2d(after), nn.ReLU()]
        side = (side + 1) // 2
    return nn.Sequential(
        *layers, nn.Flatten(), nn.Linear(128 * side**2, FEATURES), nn.ReLU(), nn.Linear(FEATURES, answers)
    )


def feature_net(images: ImageSet) -> FeatureNet:
    """The network for a data set, kept from before or trained now (some seconds)."""
    labels = images.train_labels if images.classes else None
    name = "classifier" if labels is not None else "rotations"
    digest = hashlib.sha256(images.train.cpu().numpy().tobytes()).hexdigest()[:16]
    path = data_root() / "features" / f"{name}-{images.train.shape[-1]}-{digest}-{VERSION}.safetensors"
    device = images.train.device
    with torch.random.fork_rng(devices=[]):  # whoever trains beside this has a randomness of its own
        torch.manual_seed(0)
        answers = len(images.classes) if labels is not None else 4
        layers = _network(images.train.shape[1], images.train.shape[-1], answers).to(device)
        if path.exists():
            layers.load_state_dict(read_tensors(path))
        else:
            _train(layers, images.train, labels)
            write_tensors(path, layers.state_dict())
    return FeatureNet(name, layers.eval().requires_grad_(False))


@torch.enable_grad()
def _train(layers: nn.Sequential, images: Tensor, labels: Tensor | None) -> None:
    steps = min(STEPS, 50 + EPOCHS * len(images) // BATCH)
    random = torch.Generator().manual_seed(0)
    optimiser = torch.optim.AdamW(layers.parameters(), RATE, weight_decay=0.05)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
    layers.train()
    for _ in range(steps):
        chosen = torch.randint(len(images), (BATCH,), generator=random)
        batch = to_unit(images[chosen.to(images.device)])
        if labels is None:
            turns = torch.randint(4, (BATCH,), generator=random)
            batch = torch.stack([image.rot90(int(turn), (1, 2)) for image, turn in zip(batch, turns, strict=True)])
            answers = turns
        else:
            answers = labels.cpu()[chosen]
        loss = F.cross_entropy(layers(batch), answers.to(images.device))
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        schedule.step()


def fidelity_scores(net: FeatureNet, real: Tensor, drawn: Tensor) -> dict[str, float]:
    """Frechet distance, named after the features it is in, and precision, recall, density and coverage, of uint8 images."""
    a, b = net.of(real), net.of(drawn)
    found = fidelity.manifold(a[:COMPARED], b[:COMPARED])
    return {f"frechet_{net.name}": fidelity.frechet(a, b)} | vars(found)
