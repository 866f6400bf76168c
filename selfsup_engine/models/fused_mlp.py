"""The training step of a dense autoencoder written out: forward, backward and Adam over buffers that are made once.

For networks this small, autograd's bookkeeping and fresh memory for every result take as long as a third of the arithmetic. Nothing here is
approximate: gradients are those of autograd within float error. Whoever trains need not know of it: parameters, their order, the
optimiser and its state stay what they are.
"""

import torch
from torch import Tensor, nn
from torch.optim.adamw import adamw

from selfsup_engine.device import Device, multiply_by_onednn, onednn_multiplies
from selfsup_engine.models.autoencoder_networks import Autoencoder, AutoencoderConfig

_aten = torch.ops.aten

SMALL = 1 << 20
"""Multiplications of a product up to which MKL is the faster one where oneDNN is preferred: that takes some 16 us longer to begin, and most of a deep
network's products are small."""


def _leave(wanted: bool) -> None:
    """Leaves products to whoever computes them."""


def fits(config: AutoencoderConfig, device: Device) -> bool:
    """Whether a step of such a network can be taken here: dense, without normalisation or a distribution for a code, on a CPU in float32."""
    plain = config.network == "mlp" and not config.norm and config.objective != "variational"
    return plain and device.torch.type == "cpu" and device.autocast_dtype is None


class FusedMlp:
    """Steps of AdamW on the mean squared error of `model`, plus code_decay x the codes' mean square."""

    def __init__(self, model: Autoencoder, optimiser: torch.optim.AdamW, config: AutoencoderConfig) -> None:
        self.config, self.optimiser = config, optimiser
        self.layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
        self.code = len(self.layers) // 2  # the layer whose input is the code
        self.parameters = [p.detach() for p in model.parameters()]  # weight and bias of each layer in turn
        self.gradients = [torch.zeros_like(p) for p in self.parameters]
        states = [optimiser.state[p] for p in model.parameters()]
        self.moments = [[state[name] for state in states] for name in ("exp_avg", "exp_avg_sq", "step")]
        self._rows = 0

    def _make_room(self, rows: int) -> None:
        """Buffers for a batch: of each layer its output before and after the bend, and the slope of the objective by the former."""
        if rows != self._rows:
            self._rows = rows
            sizes = [(rows, layer.out_features) for layer in self.layers]
            self.before, self.slopes = [torch.empty(s) for s in sizes], [torch.empty(s) for s in sizes]
            self.after = [torch.empty(s) for s in sizes] if self.config.activation == "silu" else self.before
            self._large = [rows * layer.weight.numel() > SMALL for layer in self.layers]

    @torch.no_grad()
    def slope(self, seen: Tensor, images: Tensor) -> Tensor:
        """The mean squared error, a scalar, of redrawing `images` from `seen`, both (N, C, H, W) in [-1, 1]; `gradients` takes the slopes."""
        inputs, targets = seen.flatten(1), images.flatten(1)
        self._make_room(len(inputs))
        choose = multiply_by_onednn if onednn_multiplies() else _leave
        last = len(self.layers) - 1
        taken = [inputs, *self.after[:-1]]
        for i in range(last):
            choose(self._large[i])
            torch.addmm(self.parameters[2 * i + 1], taken[i], self.parameters[2 * i].T, out=self.before[i])
            if i != self.code - 1:
                self._bend(self.before[i], self.after[i])
            elif self.after is not self.before:
                self.after[i].copy_(self.before[i])
        # tanh(a) is 2 sigmoid(2 a) - 1, and sigmoid costs a ninth: so half the error is s - (x + 1) / 2, its slope by a 2 s (1 - s).
        drawn, error = self.before[last], self.slopes[last]
        choose(self._large[last])
        torch.addmm(self.parameters[-1], taken[last], self.parameters[-2].T, beta=2, alpha=2, out=drawn).sigmoid_()
        torch.sub(drawn, targets, alpha=0.5, out=error).sub_(0.5)
        mse: Tensor = torch.linalg.vector_norm(error).square_().mul_(4 / error.numel())
        _aten.sigmoid_backward.grad_input(error, drawn, grad_input=error)
        scale = 16 / error.numel()
        for i in range(last, -1, -1):
            slope = self.slopes[i]
            choose(self._large[i])
            torch.addmm(self.gradients[2 * i], slope.T, taken[i], beta=0, alpha=scale, out=self.gradients[2 * i])
            torch.sum(slope, 0, out=self.gradients[2 * i + 1])
            if i == last:
                self.gradients[-1].mul_(scale)
            if i:
                torch.addmm(
                    self.slopes[i - 1], slope, self.parameters[2 * i], beta=0, alpha=scale, out=self.slopes[i - 1]
                )
                self._unbend(i - 1)
            scale = 1.0
        choose(True)
        return mse

    def _bend(self, before: Tensor, after: Tensor) -> None:
        match self.config.activation:
            case "relu":
                torch.relu_(before)
            case "tanh":
                torch.tanh_(before)
            case "silu":
                _aten.silu.out(before, out=after)

    def _unbend(self, i: int) -> None:
        """From the slope by a layer's result to that by its output before the bend; at the code comes the pull towards zero."""
        slope = self.slopes[i]
        if i == self.code - 1:
            if self.config.code_decay:
                slope.add_(self.after[i], alpha=2 * self.config.code_decay / slope.numel())
        elif self.config.activation == "relu":
            _aten.threshold_backward.grad_input(slope, self.after[i], 0, grad_input=slope)
        elif self.config.activation == "tanh":
            _aten.tanh_backward.grad_input(slope, self.after[i], grad_input=slope)
        else:
            _aten.silu_backward.grad_input(slope, self.before[i], grad_input=slope)

    @torch.no_grad()
    def step(self, seen: Tensor, images: Tensor) -> Tensor:
        """One step; gives the mean squared error before it."""
        mse = self.slope(seen, images)
        group = self.optimiser.param_groups[0]
        averages, squares, steps = self.moments
        adamw(
            self.parameters,
            self.gradients,
            averages,
            squares,
            [],
            steps,
            fused=True,
            amsgrad=False,
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            lr=group["lr"],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            maximize=False,
        )
        return mse
