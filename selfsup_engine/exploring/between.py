"""The pictures of an autoencoder that are in a group, and the direction from one group of them to another."""

import torch
from torch import Tensor

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.contrast import FEWEST, Contrast, contrast, held_out, random_pairs
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.latent import LatentSpace
from selfsup_engine.exploring.selection import inside, vertices
from selfsup_engine.scores import nearest

PLACES = 40  # pairs of random places that are looked at


def members(group: Group, space: LatentSpace) -> Tensor:
    """The numbers (N,) of the kept pictures of an autoencoder that are in a group, in rising order.

    Raises:
        UserError: there are none, or they are samples of a generator.
    """
    kept = space.exhibit
    if group.kind == "label" and kept.labels is not None:
        found = kept.labels == group.label
    elif group.kind == "place":
        found = torch.from_numpy(inside(space.plane.flat(kept.codes).numpy(), vertices(group.what)))
    else:
        found = torch.zeros(len(kept.codes), dtype=torch.bool)
        found[[number for number in group.numbers if number < len(found)]] = True
    if not bool(found.any()):
        raise UserError(f"{space.name} has no pictures in this group. Choose another one.")
    return found.nonzero()[:, 0]


def between(space: LatentSpace, a: Group, b: Group) -> Contrast:
    """The direction from one group of an autoencoder's pictures to another, held against random groups of all its pictures.

    A picture that is in both counts in neither: it would be measured where it was learned from.

    Raises:
        UserError: a group has too few pictures, or there is no way from the one to the other.
    """
    of_a, of_b = members(a, space), members(b, space)
    of_a, of_b = of_a[~torch.isin(of_a, of_b)], of_b[~torch.isin(of_b, of_a)]
    codes = space.exhibit.codes
    return contrast(codes[of_a], codes[of_b], random_pairs(codes, (len(of_a), len(of_b))))


def effect_of_places(space: LatentSpace, sizes: tuple[int, int]) -> float:
    """The median effect between pairs of groups that are nothing but two places on the map: a random picture each, and those around it.

    Groups that were lassoed lie apart because they were chosen so; this says how far apart such groups usually are.
    """
    codes, flat = space.exhibit.codes, space.plane.flat(space.exhibit.codes)
    middles = torch.randint(len(codes), (PLACES, 2), generator=torch.Generator().manual_seed(0))
    around = nearest(flat[middles.flatten()], flat, max(sizes))[1].view(PLACES, 2, -1)
    found = []
    for a, b in around:
        a, b = a[: sizes[0]], b[: sizes[1]]
        a, b = a[~torch.isin(a, b)], b[~torch.isin(b, a)]
        if min(len(a), len(b)) >= FEWEST:
            found.append(held_out(codes[a], codes[b])[0])
    return float(torch.tensor(found).median()) if found else 0.0
