"""A direction from one group of codes to another, and whether it says more than two groups taken at random would.

The direction is the difference of the groups' means: an attribute vector (Larsen et al., 2016; the sums of words and faces of
Mikolov et al., 2013, and Radford et al., 2016). As with concept vectors (Kim et al., 2018), it counts only against those of random groups.
"""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal

import torch
from torch import Tensor
from torch.nn.functional import normalize

from selfsup_engine.device import one_thread
from selfsup_engine.errors import UserError

FEWEST = 3  # members of a group
FOLDS = 5
PAIRS = 200  # of random groups
LEVEL = 0.95  # share of random pairs that a direction must beat
WEAK = 0.8  # Cohen's d below which a difference is not large (Cohen, 1988)

Verdict = Literal["chance", "weak", "clear"]


@dataclass(frozen=True)
class Contrast:
    """axis: (D,) of length 1, as a link or a file keeps it (float16); length: how far the two means are apart.

    effect: Cohen's d along directions that were found without the members that are measured; ordered: the share of pairs, one of each
    group, of which B's lies further on, measured likewise; chance: the effect that 95 % of random pairs of groups stay under; share: of
    the random pairs, how many have a smaller effect; sizes: members of A and of B.
    """

    axis: Tensor
    length: float
    effect: float
    ordered: float
    chance: float
    share: float
    sizes: tuple[int, int]

    @property
    def verdict(self) -> Verdict:
        """chance: random groups would do as well; weak: they would not, but the groups overlap widely; clear: neither."""
        if self.share < LEVEL:
            return "chance"
        return "weak" if self.effect < WEAK else "clear"


def contrast(a: Tensor, b: Tensor, random: Iterable[tuple[Tensor, Tensor]]) -> Contrast:
    """The direction from group A (N, D) to group B (M, D), held against random pairs of groups that were made as these were.

    Raises:
        UserError: a group has fewer than three members, or there is no way from the one to the other.
    """
    if min(len(a), len(b)) < FEWEST:
        raise UserError(
            f"A group needs {FEWEST} members at the least, or its direction is a matter of luck; these have {len(a)} and {len(b)}."
        )
    way = b.mean(0) - a.mean(0)
    if float(way.norm()) < 1e-6:
        raise UserError(
            "A and B are the same in the mean: there is no direction from the one to the other. Change one."
        )
    with one_thread():  # many small sums: threads cost more than they bring
        effect, ordered = held_out(a, b)
        by_chance = torch.tensor([held_out(*pair)[0] for pair in random])
    return Contrast(
        axis=normalize(way, dim=0).half().float(),
        length=float(way.norm()),
        effect=effect,
        ordered=ordered,
        chance=float(by_chance.quantile(LEVEL)),
        share=float((by_chance < effect).float().mean()),
        sizes=(len(a), len(b)),
    )


def held_out(a: Tensor, b: Tensor) -> tuple[float, float]:
    """(Cohen's d, share of pairs in the right order) of groups (N, D) and (M, D), each member along a direction found without it.

    Cross-fitting in up to five folds: in many dimensions even random groups lie apart along the direction that was found from them.
    """
    found: tuple[float, float] = _scripted()(a, b, min(FOLDS, len(a), len(b)))
    return found


@cache
def _scripted() -> Any:
    """Some thirty-five small operations for each of two hundred pairs of groups: see `traced`. Traced, the groups' sizes would be fixed."""
    return torch.jit.script(_held_out)


def _held_out(a: Tensor, b: Tensor, folds: int) -> tuple[float, float]:
    fold_a, means_a = _means_without(a, folds)
    fold_b, means_b = _means_without(b, folds)
    ways, middles = normalize(means_b - means_a, dim=1), (means_a + means_b) / 2
    along_a = ((a - middles[fold_a]) * ways[fold_a]).sum(1).double()
    along_b = ((b - middles[fold_b]) * ways[fold_b]).sum(1).double()
    free = len(a) + len(b) - 2
    spread = math.sqrt(float((len(a) - 1) * along_a.var() + (len(b) - 1) * along_b.var()) / free)
    apart = float(along_b.mean() - along_a.mean())
    passed = torch.searchsorted(along_a.sort()[0], along_b)  # members of A that each of B has left behind
    return apart / max(spread, 1e-9), float(passed.double().mean()) / len(a)


def _means_without(group: Tensor, folds: int) -> tuple[Tensor, Tensor]:
    """The fold of each member (N,), and for each fold the mean (folds, D) of all members that are not in it."""
    fold = torch.arange(len(group)) % folds
    sums = torch.zeros(folds, group.shape[1]).index_add_(0, fold, group)
    left = len(group) - torch.bincount(fold, minlength=folds)
    return fold, (group.sum(0) - sums) / left[:, None]


def random_pairs(
    codes: Tensor, sizes: tuple[int, int], count: int = PAIRS, seed: int = 0
) -> Iterator[tuple[Tensor, Tensor]]:
    """Pairs of groups of these sizes, taken at random from codes (N, D), no code in both."""
    generator = torch.Generator().manual_seed(seed)
    for _ in range(count):
        chosen = codes[torch.randperm(len(codes), generator=generator)[: sum(sizes)]]
        yield chosen[: sizes[0]], chosen[sizes[0] :]
