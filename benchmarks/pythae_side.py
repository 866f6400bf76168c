"""The network of a race in pythae's clothes, trained by pythae's trainer. Imported only where pythae is installed."""

import logging
import tempfile
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import torch
from pythae.data.datasets import BaseDataset
from pythae.models import AE, VAE, AEConfig, VAEConfig
from pythae.models.base.base_utils import ModelOutput
from pythae.models.nn import BaseDecoder, BaseEncoder
from pythae.trainers import BaseTrainer, BaseTrainerConfig
from pythae.trainers.training_callbacks import TrainingCallback
from torch import Tensor, nn

from benchmarks.races import Race
from benchmarks.watch import Over, Watch
from selfsup_engine.images import to_unit


class Encoder(BaseEncoder):
    """Images to the codes, or to the two numbers of each code's distribution."""

    def __init__(self, layers: nn.Module, variational: bool) -> None:
        super().__init__()
        self.layers, self.variational = layers, variational

    def forward(self, x: Tensor) -> ModelOutput:
        out = self.layers(x)
        if not self.variational:
            return ModelOutput(embedding=out)
        mean, log_variance = out.chunk(2, dim=1)
        return ModelOutput(embedding=mean, log_covariance=log_variance)


class Decoder(BaseDecoder):
    """Codes to images."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, z: Tensor) -> ModelOutput:
        return ModelOutput(reconstruction=self.layers(z))


class Counting(TrainingCallback):
    """Counts each step; the exception that ends the race passes through the trainer."""

    def __init__(self, step: Callable[[int], None], batch: int) -> None:
        self.step, self.batch = step, batch

    def on_train_step_end(self, training_config: Any, **kwargs: Any) -> None:
        """pythae calls it after every batch."""
        self.step(self.batch)


def trained(
    race: Race, data: dict[str, Tensor], model: Any, watch: Watch, look: Callable[[nn.Module], float]
) -> nn.Module:
    """`model` after training; its layers are shared with pythae's model."""
    logging.disable(logging.INFO)
    shape, codes = tuple(data["train"].shape[1:]), model.code_size
    networks = {"encoder": Encoder(model.encoder, race.variational), "decoder": Decoder(model.decoder)}
    if race.variational:
        dressed = VAE(VAEConfig(input_dim=shape, latent_dim=codes, reconstruction_loss="mse"), **networks)
    else:
        dressed = AE(AEConfig(input_dim=shape, latent_dim=codes), **networks)
    watch.look = lambda: look(model)
    with tempfile.TemporaryDirectory() as place:
        settings = BaseTrainerConfig(
            output_dir=place,
            num_epochs=100_000,
            learning_rate=race.rate,
            per_device_train_batch_size=race.batch,
            optimizer_cls="Adam",
            no_cuda=True,
        )
        images = BaseDataset(to_unit(data["train"]), torch.zeros(len(data["train"])))
        trainer = BaseTrainer(dressed, images, None, settings, [Counting(watch.step, race.batch)])
        with suppress(Over):
            trainer.train()
    return model
