"""A photo's regions: where they meet, how they nest, what they look like."""

import numpy as np
import pytest
import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.retouching import segment
from selfsup_engine.exploring.retouching.segment import hierarchy, in_mean_colors, region_at


def flat(height: int, width: int, color: tuple[int, int, int]) -> Tensor:
    return torch.tensor(color, dtype=torch.uint8)[:, None, None].expand(3, height, width).contiguous()


@pytest.fixture
def flag() -> Tensor:
    """A third red, two thirds blue, (3, 60, 90)."""
    return torch.cat([flat(60, 30, (200, 30, 40)), flat(60, 60, (30, 60, 190))], dim=2)


@pytest.fixture
def patchwork() -> Tensor:
    """Thirty squares of random colours under a little grain, (3, 100, 120)."""
    generator = torch.Generator().manual_seed(1)
    colors = torch.randint(0, 256, (3, 5, 6), generator=generator).repeat_interleave(20, 1).repeat_interleave(20, 2)
    grain = 6 * torch.randn(colors.shape, generator=generator)
    return (colors + grain).clamp(0, 255).round().to(torch.uint8)


def test_two_colors_are_two_regions_and_the_larger_is_number_0(flag: Tensor) -> None:
    labels = segment.segment(flag, detail=0.5)
    assert labels.dtype == torch.int32
    assert labels.unique().tolist() == [0, 1]
    edges = (labels == 1).sum(1)  # the red columns of each row
    assert ((edges - 30).abs() <= 1).all()
    assert (labels[:, 45:] == 0).all()


def test_no_detail_is_one_region_and_full_detail_many(patchwork: Tensor) -> None:
    tree = hierarchy(patchwork)
    assert tree.at(0).max() == 0
    assert tree.at(1).max() + 1 > 30
    numbers = [int(tree.at(detail / 10).max()) for detail in range(11)]
    assert numbers == sorted(numbers)


def test_the_squares_of_a_patchwork_are_found(patchwork: Tensor) -> None:
    labels = segment.segment(patchwork, detail=0.6)
    middles = labels[10::20, 10::20].flatten().tolist()
    assert len(set(middles)) >= 24  # of 30: random neighbours can be alike
    for row in range(5):
        for column in range(6):
            inner = labels[20 * row + 5 : 20 * row + 15, 20 * column + 5 : 20 * column + 15]
            assert (inner == inner[5, 5]).float().mean() > 0.9


def test_coarser_regions_are_unions_of_finer_ones(patchwork: Tensor) -> None:
    tree = hierarchy(patchwork)
    for coarse, fine in ((0.2, 0.4), (0.4, 0.6), (0.6, 1.0)):
        pairs = torch.stack([tree.at(fine).flatten(), tree.at(coarse).flatten()]).unique(dim=1)
        assert pairs.shape[1] == tree.at(fine).max() + 1


def test_labels_go_by_size_and_leave_no_number_out(patchwork: Tensor) -> None:
    areas = segment.segment(patchwork, detail=0.5).flatten().bincount()
    assert (areas > 0).all()
    assert (areas[:-1] >= areas[1:]).all()


def test_grain_is_no_boundary() -> None:
    values = 128 + 25 * torch.randn(3, 300, 300, generator=torch.Generator().manual_seed(0))
    assert segment.segment(values.clamp(0, 255).to(torch.uint8), detail=0.5).max() == 0


@pytest.mark.parametrize("size", [(1, 1), (1, 5000), (5000, 1), (2, 3), (40, 30)])
@pytest.mark.parametrize("color", [(0, 0, 0), (255, 255, 255), (128, 128, 128), (255, 0, 200)])
def test_a_photo_of_one_color_is_one_region(size: tuple[int, int], color: tuple[int, int, int]) -> None:
    tree = hierarchy(flat(*size, color))
    for detail in (0, 0.5, 1):
        assert torch.equal(tree.at(detail), torch.zeros(size, dtype=torch.int32))
    assert not tree.boundaries().any()


def test_a_large_photo_gets_the_regions_of_its_small_copy(flag: Tensor) -> None:
    small = flag.repeat_interleave(5, 1).repeat_interleave(5, 2)[:, :, :450]
    large = small.repeat_interleave(2, 1).repeat_interleave(2, 2)  # 0.5 MP: measured on a reduced copy
    few, many = segment.segment(small, detail=0.5), segment.segment(large, detail=0.5)
    assert many.shape == (600, 900)
    assert (many != few.repeat_interleave(2, 0).repeat_interleave(2, 1)).float().mean() < 0.01


def test_the_contour_map_above_a_level_is_where_the_regions_of_that_level_meet(patchwork: Tensor) -> None:
    tree = hierarchy(patchwork)
    contour = tree.boundaries()
    assert contour.min() == 0 and 0.5 < contour.max() <= 1
    for level in (0.05, 0.2, 0.4):
        labels = tree.small_labels(level)
        meet = np.zeros(labels.shape, bool)
        meet[:, :-1] |= labels[:, :-1] != labels[:, 1:]
        meet[:-1] |= labels[:-1] != labels[1:]
        assert np.array_equal(contour > level, meet)


def naively_merged(basins: np.ndarray, strength: np.ndarray, colors: np.ndarray) -> list[float]:
    """The heights of all mergers, each weight taken anew from the pixels."""
    basins, heights = basins.copy(), [0.0]
    while basins.max() > 0:
        sides: dict[tuple[int, int], list[float]] = {}
        for y, x in np.ndindex(basins.shape):
            for v, u in ((y, x + 1), (y + 1, x)):
                if v < basins.shape[0] and u < basins.shape[1] and basins[y, x] != basins[v, u]:
                    pair = min(basins[y, x], basins[v, u]), max(basins[y, x], basins[v, u])
                    sides.setdefault(pair, []).append(((strength[y, x] + strength[v, u]) / 2) ** 0.5)
        weights = {}
        for pair, roots in sides.items():
            one, other = (
                np.bincount(colors[basins == number], minlength=4) / (basins == number).sum() for number in pair
            )
            hellinger = (1 - (one * other) ** 0.5 @ np.ones(4)) ** 0.5
            areas = [(basins == number).mean() for number in pair]
            smaller = 1 / (1 / areas[0] + 1 / areas[1])
            size = (smaller / (smaller + 0.003)) ** 0.2
            weights[pair] = float(np.mean(roots) ** 1.4 * (0.02 + 0.98 * hellinger) ** 0.3 * size)
        first = min(weights, key=weights.__getitem__)
        heights.append(max(heights[-1], weights[first]))
        basins[basins == first[1]] = first[0]
        basins = np.unique(basins, return_inverse=True)[1].reshape(basins.shape)
    return heights[1:]


def test_merging_takes_the_weakest_boundary_each_time_as_a_naive_loop_does() -> None:
    generator = np.random.default_rng(0)
    basins = np.arange(20, dtype=np.int32).reshape(4, 5).repeat(3, 0).repeat(3, 1)
    strength, colors = generator.random(basins.shape, np.float32), generator.integers(0, 4, basins.shape)
    histograms = np.stack([np.bincount(colors[basins == number], minlength=4) for number in range(20)])
    areas = np.bincount(basins.ravel())
    _, heights = segment._merged(*segment._boundary_strengths(basins, strength), areas, histograms)
    assert heights[20:] == pytest.approx(naively_merged(basins, strength, colors))


def three_stripes(left: float, right: float, colors: tuple[int, int, int], widths: tuple[int, int, int]) -> np.ndarray:
    """The order in which stripes join (2): the numbers of the first two, of boundaries so strong and histograms of one bin each."""
    ends = np.array([0, 1]), np.array([1, 2]), np.array([left, right]), np.array([10, 10])
    parents, _ = segment._merged(*ends, np.array(widths), np.eye(3)[list(colors)] * np.array(widths)[:, None])
    return np.flatnonzero(parents == 3)


def test_of_two_boundaries_the_weaker_goes_first() -> None:
    assert three_stripes(0.5, 0.6, (0, 1, 2), (50, 50, 50)).tolist() == [0, 1]
    assert three_stripes(0.6, 0.5, (0, 1, 2), (50, 50, 50)).tolist() == [1, 2]


def test_of_two_equal_boundaries_the_one_between_like_colors_goes_first() -> None:
    assert three_stripes(0.5, 0.5, (0, 1, 1), (50, 50, 50)).tolist() == [1, 2]
    assert three_stripes(0.5, 0.5, (1, 1, 0), (50, 50, 50)).tolist() == [0, 1]


def test_of_two_equal_boundaries_the_one_of_a_small_region_goes_first() -> None:
    assert three_stripes(0.5, 0.5, (0, 1, 2), (1, 900, 900)).tolist() == [0, 1]
    assert three_stripes(0.5, 0.5, (0, 1, 2), (900, 900, 1)).tolist() == [1, 2]


def test_a_learned_strength_counts_instead_of_the_colors_in_any_unit() -> None:
    photo, strength = flat(60, 90, (90, 90, 90)), torch.zeros(30, 45)
    strength[:, 14:16] = 0.003
    labels = segment.segment(photo, detail=0.5, strength=strength)
    assert labels.shape == (60, 90)
    assert labels.unique().tolist() == [0, 1]
    assert (labels[:, :26] == 1).all() and (labels[:, 34:] == 0).all()
    assert torch.equal(labels, segment.segment(photo, detail=0.5, strength=1000 * strength))


def test_beside_a_learned_strength_the_colors_do_not_count(patchwork: Tensor) -> None:
    strength = segment.color_strength(patchwork)
    one, other = hierarchy(patchwork, strength=strength), hierarchy(flat(100, 120, (90, 90, 90)), strength=strength)
    assert one.heights.any() and np.array_equal(one.heights, other.heights)


def test_a_learned_strength_of_nothing_is_one_region(flag: Tensor) -> None:
    assert segment.segment(flag, detail=0.5, strength=torch.zeros(7, 9)).max() == 0


def test_a_click_selects_the_region_below_it(flag: Tensor) -> None:
    labels = segment.segment(flag, detail=0.5)
    mask = region_at(labels, 5, 50)
    assert mask.dtype == torch.bool
    assert torch.equal(mask, labels == 1)
    assert torch.equal(region_at(labels, 89, 0), ~mask)


@pytest.mark.parametrize("point", [(-1, 0), (0, -1), (90, 0), (0, 60)])
def test_a_click_outside_is_refused(flag: Tensor, point: tuple[int, int]) -> None:
    with pytest.raises(UserError, match="90 x 60"):
        region_at(segment.segment(flag, detail=0.5), *point)


def test_regions_are_drawn_in_their_mean_colors(patchwork: Tensor) -> None:
    photo = patchwork.repeat(1, 3, 1)  # more rows than are taken at a time
    labels = segment.segment(photo, detail=0.6)
    drawn = in_mean_colors(photo, labels)
    assert drawn.dtype == torch.uint8 and drawn.shape == photo.shape
    for number in (0, 3, int(labels.max())):
        mask = labels == number
        expected = photo[:, mask].double().mean(1)
        assert (drawn[:, mask] == drawn[:, mask][:, :1]).all()
        assert (drawn[:, mask][:, 0].double() - expected).abs().max() <= 0.5


def test_the_same_photo_gives_the_same_labels(patchwork: Tensor) -> None:
    assert torch.equal(segment.segment(patchwork, detail=0.7), segment.segment(patchwork, detail=0.7))


def test_progress_ends_at_1_and_may_cancel(patchwork: Tensor) -> None:
    shares: list[float] = []
    labels = segment.segment(patchwork, detail=0.5, progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1
    shares.clear()
    in_mean_colors(patchwork, labels, progress=shares.append)
    assert shares == sorted(shares) and shares[-1] == 1

    def cancel(share: float) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        segment.segment(patchwork, detail=0.5, progress=cancel)
