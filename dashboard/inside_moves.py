"""Which pixels change when a number moves: of the code, or of what a generator draws from."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import streamlit as st
import torch

from dashboard import cache, inside_pictures, latent_tools, markup
from dashboard.views import InsideView
from selfsup_engine.exploring import jacobian
from selfsup_engine.images import Pixels, from_unit
from selfsup_engine.pictures import about_grey, signed
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from torch import Tensor

    from selfsup_engine.exploring.inside import Inside, Journey
    from selfsup_engine.models.spec import Decodes, Samples

NUMBERS = 12  # of a generator's
STEP = 0.1  # of a standard deviation: a whole one leads far beyond what a straight line says of a bent function


def moves_part(inside: Inside, folder: RunFolder, view: InsideView, journey: Journey) -> None:
    """The Jacobian at this picture's code, a picture for each number, those that move most first."""
    colours = inside.shape[0] == 3
    markup.show(
        markup.muted(
            "How the drawn picture changes when one number grows a little, all others kept. "
            + (
                "Mid-grey stays as it is; a colour is what a pixel moves towards."
                if colours
                else "Red turns lighter, blue darker, black stays."
            )
            + " Below each: by how much a pixel changes in the mean, in percent of its whole range, for a tenth of that number's standard deviation."
        )
    )
    if inside.numbers:
        of_generator(inside, folder, journey)
    else:
        of_decoder(inside, journey)


def of_decoder(inside: Inside, journey: Journey) -> None:
    """For each number of a code, as far as it usually goes."""
    code = journey.stations[1][0].clone()
    spread = inside.exhibit.codes.std(0)
    found = jacobian.columns(cast("Decodes", inside.model).decode, code, STEP * torch.diag(spread))
    names = [f"number {i + 1}" for i in range(len(code))]
    strip(inside, "The numbers of the code, those that move most first", found, names, journey, "moves-png")


def of_generator(inside: Inside, folder: RunFolder, journey: Journey) -> None:
    """For the directions that were found in a generator, and for the first of the numbers themselves."""
    sampler, z = cache.sampler(folder), journey.stations[0][0].clone()
    generate = cast("Samples", inside.model).generate
    weights = inside.run.result.weights if inside.run.result else ""
    given = cache.given_names(weights)
    with st.spinner("Finding its directions…"):
        directions = sampler.directions["activations"]
    axes = torch.stack([direction.axis for direction in directions])
    names = [given.get(direction.id, direction.name) for direction in directions]
    found = jacobian.columns(generate, z, STEP * axes)
    strip(inside, "The directions of the sampler's sliders", found, names, journey, "moves-png")
    count = min(NUMBERS, len(z))
    found = jacobian.columns(generate, z, STEP * torch.eye(len(z))[:count])
    names = [f"number {i + 1}" for i in range(count)]
    markup.show("<br>")
    strip(inside, f"The first {count} of its {len(z)} random numbers", found, names, journey, "numbers-png")


def strip(inside: Inside, title: str, columns: Tensor, names: list[str], journey: Journey, key: str) -> None:
    """The picture at hand as it is drawn, and how it changes, all on one scale."""
    strengths = jacobian.strength(columns)
    order = strengths.argsort(descending=True).tolist()
    top = float(
        columns.abs().flatten().quantile(0.999)
    )  # brighter than the scale are a few pixels, darker would be all
    drawn = from_unit(journey.stations[1 if inside.numbers else -1][0])
    pictures = [(drawn, "as it is drawn")]
    pictures += [(changed(columns[i], top), f"{names[i]} · {float(strengths[i]):.1%}") for i in order]
    markup.show(
        inside_pictures.titled(title, top, colours=columns.shape[1] == 3, percent=True),
        markup.shots(pictures, width=132 if len(pictures) < 24 else 104, classes="edged"),
    )
    latent_tools.download([p for p, _ in pictures], min(8, len(pictures)), f"{inside.name}-{key.split('-')[0]}", key)


def changed(column: Tensor, top: float) -> Pixels:
    """One column (C, H, W) as a picture."""
    values = column.numpy().astype(np.float32)
    return about_grey(values, top) if len(values) == 3 else signed(values[0], top)
