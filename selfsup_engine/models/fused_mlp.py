"""The training step of a dense autoencoder written out: forward, backward and Adam over buffers that are made once.

For networks this small, autograd's bookkeeping and fresh memory for every result take as long as a third of the arithmetic. Nothing here is
approximate: gradients are those of autograd within float error. Whoever trains need not know of it: parameters, their order, the
optimiser and its state stay what they are; only where they lie in memory is chosen here.

Inside the network an image is a column, and below the outputs of a layer stands a row of ones. So a layer's bias is one more row of its
weight: neither it nor its slope costs an operation of its own, and all that is done number by number runs through memory in one piece.
"""

import torch
from torch import Tensor, nn

from selfsup_engine.device import Device, multiply_by_onednn, onednn_multiplies
from selfsup_engine.models.autoencoder_networks import Autoencoder, AutoencoderConfig

_aten = torch.ops.aten

SMALL = 1 << 22
"""Multiplications of a product up to which MKL is the faster one where oneDNN is preferred: that takes some 16 us longer to begin, and most of a deep
network's products are small."""


def fits(config: AutoencoderConfig, device: Device) -> bool:
    """Whether a step of such a network can be taken here: dense, without normalisation or a distribution for a code, on a CPU in float32."""
    plain = config.network == "mlp" and not config.norm and config.objective != "variational"
    return plain and device.torch.type == "cpu" and device.autocast_dtype is None


def _parts(block: Tensor) -> tuple[Tensor, Tensor]:
    """A layer's weight (outputs, inputs) and bias, as views of both in one: (inputs + 1, outputs)."""
    return block[:-1].T, block[-1]


class FusedMlp:
    """Steps of AdamW on the mean squared error of `model`, plus code_decay x the codes' mean square."""

    def __init__(self, model: Autoencoder, optimiser: torch.optim.AdamW, config: AutoencoderConfig) -> None:
        self.config, self.optimiser = config, optimiser
        first, *others = self.layers = [layer for layer in model.modules() if isinstance(layer, nn.Linear)]
        self.code = len(self.layers) // 2  # the layer whose input is the code
        self.blocks = [torch.cat([layer.weight.detach().T, layer.bias.detach()[None]]) for layer in others]
        self.learned = [first.weight.detach(), first.bias.detach(), *self.blocks]
        self.slopes_learned, averages, squares = [[torch.zeros_like(t) for t in self.learned] for _ in range(3)]
        self.counts = torch.zeros(
            2 * len(self.layers)
        )  # of steps, one for each of the model's parameters, which saves it
        self.gradients = self._in_order(self.slopes_learned)
        columns = [self._in_order(tensors) for tensors in (self.learned, averages, squares)]
        for parameter, here, average, square, count in zip(model.parameters(), *columns, self.counts, strict=True):
            parameter.data = here
            optimiser.state[parameter] = {"step": count, "exp_avg": average, "exp_avg_sq": square}
        self.moments = averages, squares, list(self.counts[: len(self.learned)])
        self._rows, self._left_to_mkl = 0, False

    @staticmethod
    def _in_order(tensors: list[Tensor]) -> list[Tensor]:
        """Of what is learned, or of its slopes: the weight and the bias of each layer in turn."""
        return tensors[:2] + [part for block in tensors[2:] for part in _parts(block)]

    def _make_room(self, rows: int) -> None:
        """Buffers for a batch: of each layer its output before and after the bend, and the slope of the objective by the former."""
        if rows == self._rows:
            return
        self._rows = rows
        *inner, last = [layer.out_features for layer in self.layers]
        self.with_ones = [torch.ones(size + 1, rows) for size in inner]
        self.after = [each[:-1] for each in self.with_ones]
        self.before = [torch.empty(size, rows) for size in inner] if self.config.activation == "silu" else self.after
        self.slopes = [torch.empty(size, rows) for size in inner]
        self.drawn, self.error = torch.empty(rows, last), torch.empty(rows, last)
        preferred = onednn_multiplies()
        self._small = [preferred and rows * layer.weight.numel() <= SMALL for layer in self.layers]

    @torch.no_grad()
    def slope(self, seen: Tensor, images: Tensor) -> Tensor:
        """The mean squared error, a scalar, of redrawing `images` from `seen`, both (N, C, H, W) in [-1, 1]; `gradients` takes the slopes."""
        inputs, targets = seen.flatten(1), images.flatten(1)
        self._make_room(len(inputs))
        last = len(self.layers) - 1
        weight, bias = self.learned[:2]
        for i in range(last):
            self._leave_to_mkl(self._small[i])
            if i == 0:
                torch.addmm(bias[:, None], weight, inputs.T, out=self.before[0])
            else:
                torch.mm(self.blocks[i - 1].T, self.with_ones[i - 1], out=self.before[i])
            self._bend(i)
        # tanh(a) is 2 sigmoid(2 a) - 1, and sigmoid costs a ninth: so half the error is s - (x + 1) / 2, its slope by a 2 s (1 - s).
        drawn, error = self.drawn, self.error
        self._leave_to_mkl(self._small[last])
        torch.addmm(drawn, self.with_ones[-1].T, self.blocks[-1], beta=0, alpha=2, out=drawn).sigmoid_()
        torch.sub(drawn, targets, alpha=0.5, out=error).sub_(0.5)
        mse: Tensor = torch.linalg.vector_norm(error).square_().mul_(4 / error.numel())
        _aten.sigmoid_backward.grad_input(error, drawn, grad_input=error)
        scale, turned = 16 / error.numel(), error
        for i in range(last, 0, -1):
            self._leave_to_mkl(self._small[i])
            mine, below, block = self.slopes_learned[i + 1], self.slopes[i - 1], self.blocks[i - 1]
            torch.addmm(mine, self.with_ones[i - 1], turned, beta=0, alpha=scale, out=mine)
            torch.addmm(below, block[:-1], turned.T, beta=0, alpha=scale, out=below)
            self._unbend(i - 1)
            scale, turned = 1.0, below.T
        self._leave_to_mkl(self._small[0])
        torch.mm(self.slopes[0], inputs, out=self.slopes_learned[0])
        torch.sum(self.slopes[0], 1, out=self.slopes_learned[1])
        self._leave_to_mkl(False)
        return mse

    def _leave_to_mkl(self, wanted: bool) -> None:
        """Has MKL compute products from now on, or who did before."""
        if wanted != self._left_to_mkl:
            self._left_to_mkl = wanted
            multiply_by_onednn(not wanted)

    def _bend(self, i: int) -> None:
        """A layer's result, `after`, from its output before the bend; a code is not bent."""
        before, after = self.before[i], self.after[i]
        if i == self.code - 1:
            if before is not after:
                after.copy_(before)
        elif self.config.activation == "relu":
            torch.relu_(after)
        elif self.config.activation == "tanh":
            torch.tanh_(after)
        else:
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
        averages, squares, counts = self.moments
        self.counts.add_(1)
        _aten._fused_adamw_(  # what AdamW itself calls, without its look at every tensor of the lists
            self.learned,
            self.slopes_learned,
            averages,
            squares,
            [],
            counts,
            lr=group["lr"],
            beta1=group["betas"][0],
            beta2=group["betas"][1],
            weight_decay=group["weight_decay"],
            eps=group["eps"],
            amsgrad=False,
            maximize=False,
        )
        return mse
