"""The GAN sampler: a sheet of samples, the current one with its sliders, and the tools below."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import arithmetic, by_example, cache, explorers, forms, markup, sampler_directions, steering_tools, words
from dashboard.components.instrument import Scene, Setting, Slider, instrument
from dashboard.components.picture_grid import picture_grid
from dashboard.history import History
from dashboard.state import keep, rerun, save
from dashboard.views import Method, SamplerTool, SamplerView
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.spot import Spot, numbers_of
from selfsup_engine.images import Pixels, montage
from selfsup_engine.runs import RunFolder

if TYPE_CHECKING:
    from selfsup_engine.exploring.sampling import Sampler

KEPT = {"method", "near", "tool", "pace", "spread"}
"""What of a view stays from model to model: all else is a place in one of them."""
COLUMNS, ROWS = 6, 6
METHODS: dict[Method, str] = {"activations": "GANSpace", "weights": "SeFa"}
ABOUT: dict[Method, str] = {
    "activations": "Directions in which the first layer's activations vary most, named after what they change most.",
    "weights": "Directions that the first layer's weights amplify most, named after what they change most.",
}
TOOLS = {
    "Shelf": steering_tools.shelf,
    "More like this": steering_tools.more_like_this,
    "Plane": steering_tools.plane,
    "Your picture": steering_tools.own_picture,
    "Directions": sampler_directions.directions,
    "Arithmetic": arithmetic.of_samples,
}


def steer(folder: RunFolder, view: SamplerView) -> None:
    """Everything below the choice of the model."""
    sampler = cache.sampler(folder)
    explorers.same_weights(folder, view)
    view.at = str(of_this_model(sampler, Spot.parse(view.at)) if view.at else sampler.opening)
    shelf_of_this_model(sampler, view)
    describe(sampler)
    explorers.look_inside(folder, at=view.at)
    past = History(f"{folder.name}-{view.weights}")
    left, right = st.columns([7, 4], gap="large")
    with left:
        dragged = current(sampler, view, past)
        if not dragged:  # what a hand only passes by is no step
            past.note((view.at, view.shelf))  # only now: a hand may just have let go of a slider
        buttons(sampler, view, past)
    with right:
        sheet(sampler, view)
    tools: dict[SamplerTool, str] = {
        "Shelf": f"Shelf ({len(steering_tools.kept(view))})",
        "More like this": "More like this",
        "Plane": "Plane",
        "Your picture": "Your picture",
        "Directions": "Directions",
        "Arithmetic": "Arithmetic",
    }
    view.tool = forms.following(
        "gan-tool", view.tool, lambda: forms.choice("Tool", tools, view.tool, "gan-tool", hide_label=True)
    )
    with st.container(border=True, key="tool"):
        TOOLS[view.tool](sampler, view)
    save(view)


def of_this_model(sampler: Sampler, spot: Spot) -> Spot:
    """A link's sample, or as much of it as this model knows, with a word on what it does not."""
    try:
        sampler.z(spot)
    except UserError as error:
        st.warning(words.plain(error))
        known = spot.moved({name: by for name, by in spot.moves if sampler.knows(name)})
        return known if not spot.code or len(numbers_of(spot.code)) == sampler.latent_size else sampler.opening
    return spot


def shelf_of_this_model(sampler: Sampler, view: SamplerView) -> None:
    """Leaves out what a link has on the shelf and this model cannot draw."""
    spots = steering_tools.kept(view)
    fitting = []
    for spot in spots:
        try:
            sampler.z(spot)
        except UserError:
            continue
        fitting.append(spot)
    if len(fitting) < len(spots):
        st.warning("Some samples of the link's shelf are another model's; they were left out.")
    if len(fitting) > steering_tools.MOST:
        st.warning(f"The shelf holds {steering_tools.MOST}: the first ones of the link were left out.")
    view.shelf = steering_tools.shelf_of(fitting)


def describe(sampler: Sampler) -> None:
    """What the model is, in one line, with its distance beside the floor."""
    result = sampler.run.result
    assert result is not None
    said = [f"learned from {words.source_title(sampler.run.source)}, {sampler.size} px"]
    scores = result.scores
    name = next((name for name in ("frechet_classifier", "frechet_rotations") if name in scores), None)
    if name:
        called, form = words.SCORES[name]
        floor = scores.get("frechet_floor", 0.0)
        said.append(
            f"{called} {form.format(scores[name])}; of real pictures {form.format(floor)}, smaller is nearer to them"
        )
    if {"precision", "recall"} <= set(result.scores):
        said.append(
            f"{result.scores['precision']:.0%} of its pictures lie among real ones, {result.scores['recall']:.0%} of the real ones among its own"
        )
    markup.show(markup.muted("  ·  ".join(said)))


def current(sampler: Sampler, view: SamplerView, past: History) -> bool:
    """The current sample with its sliders; gives whether a hand is on one. A fragment: a drag reruns this and nothing else."""
    names = cache.given_names(view.weights)
    with st.container(horizontal=True, vertical_alignment="center"):
        view.method = forms.following(
            "gan-method",
            view.method,
            lambda: forms.choice("Directions", METHODS, view.method, "gan-method", hide_label=True),
        )
        markup.show(markup.muted(ABOUT[view.method]))

    moved = dict(Spot.parse(view.at).moves)
    other: Method = "weights" if view.method == "activations" else "activations"
    shown = [*sampler.directions[view.method], *(d for d in sampler.directions[other] if d.id in moved)]
    ids = {d.id for d in sampler.directions[view.method]}
    called = {d.id: d.name if d.id in ids else f"{d.name} ({METHODS[other]})" for d in shown}
    found = [Slider(d.id, names.get(d.id, called[d.id]), d.change) for d in shown]
    sliders = [*(Slider(one.id, one.name, cache.change_along(sampler, one)) for one in sampler.kept), *found]
    whole = [True]  # while the page is drawn, and not this fragment alone
    dragged = [False]

    @lru_cache(1)
    def before(here: Spot) -> Pixels:
        image: Pixels = sampler.images([here])[0]
        return image

    @st.fragment
    def live() -> None:
        spot = Spot.parse(view.at)
        locked = tuple(sorted(filter(None, view.locked.split("."))))
        base = Spot(spot.seed, spot.index, spot.code)

        def draw(setting: Setting) -> Scene:
            here = base.within(setting.truncation)
            moves = {
                one: by for one, by in setting.moves if sampler.knows(one)
            }  # another tab may just have deleted one
            seen = sampler.look(sampler.z(here.moved(moves)))
            return Scene(
                seen.picture,
                before(here),
                sampler.exhibit.images[seen.near].numpy(),
                seen.near,
                None if seen.opinion is None else round(seen.opinion, 3),
                sampler.z(here).tolist(),
            )

        played = instrument(
            Setting(spot.moves, spot.truncation, locked), sliders, draw, key=f"instrument-{sampler.name}"
        )
        setting = played.setting
        view.at = str(base.within(setting.truncation).moved(dict(setting.moves)))
        view.locked = ".".join(setting.locked)
        dragged[0] = played.dragged
        keep(view)
        if played.renamed:
            name_direction(sampler, view, *played.renamed)
        if whole[0]:  # the rest of the page is drawn anew in any case, and with it a button that was pressed meanwhile
            return
        if played.rest:
            past.note((view.at, view.shelf))
            save(view)
        if played.refresh or played.renamed:
            rerun(view)

    live()
    whole[0] = False
    return dragged[0]


def name_direction(sampler: Sampler, view: SamplerView, direction: str, name: str) -> None:
    """Calls a slider what the person renamed it to."""
    if direction in {one.id for one in sampler.kept}:
        by_example.call(view.weights, direction, name)
        return
    try:
        cache.give_name(view.weights, direction, name)
    except UserError as error:
        st.error(words.plain(error))


def buttons(sampler: Sampler, view: SamplerView, past: History) -> None:
    """What can be done with the current sample."""
    with st.container(horizontal=True):
        spots = steering_tools.kept(view)
        here = Spot.parse(view.at)
        on_shelf = here in spots
        if st.button(
            "On the shelf" if on_shelf else "Keep",
            icon=":material/bookmark_added:" if on_shelf else ":material/bookmark_add:",
            key="keep",
            type="primary",
            disabled=on_shelf,
        ):
            steering_tools.put_on_shelf(view, [*spots, here])
            rerun(view)
        back = st.button("Undo", icon=":material/undo:", key="undo", disabled=not past.can_undo)
        again = st.button("Redo", icon=":material/redo:", key="redo", disabled=not past.can_redo)
        if back or again:
            view.at, view.shelf = past.undo() if back else past.redo()
            rerun(view)
        st.download_button(
            "PNG",
            lambda: steering_tools.enlarged_png(sampler.images([Spot.parse(view.at)])[0]),  # as it is at the click
            f"{sampler.name}-sample.png",
            "image/png",
            icon=":material/download:",
            key="sample-png",
            on_click="ignore",
        )
    what = "a point of its own" if here.code else f"no. {here.index} of seed {here.seed}"
    markup.show(markup.muted(f"Sample: {what}. The link in the address bar draws exactly this picture."))


def sheet(sampler: Sampler, view: SamplerView) -> None:
    """Samples of a seed, to choose from."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        seed = forms.following(
            "gan-seed", view.seed, lambda: forms.whole_number("Seed", 0, 2**31 - 1, view.seed, "gan-seed", width=124)
        )
        if seed is not None and seed != view.seed:
            view.seed, view.first = seed, 0
        if st.button("", icon=":material/casino:", key="other-seed", help="Another seed"):
            show(view, seed=random.randrange(100_000), first=0)
        if st.button(
            "", icon=":material/chevron_left:", key="sheet-back", help="The samples before", disabled=not view.first
        ):
            show(view, seed=view.seed, first=max(0, view.first - COLUMNS * ROWS))
        if st.button("", icon=":material/chevron_right:", key="sheet-on", help="The next samples"):
            show(view, seed=view.seed, first=view.first + COLUMNS * ROWS)
    here = Spot.parse(view.at)
    spots = [Spot(view.seed, view.first + i).within(here.truncation) for i in range(COLUMNS * ROWS)]
    at = here.index - view.first if not here.code and here.seed == view.seed else -1
    pressed = picture_grid(
        cache.samples(sampler, spots),
        key="sheet",
        columns=COLUMNS,
        label="Samples: press one to steer it",
        names=[f"no. {spot.index} of seed {spot.seed}" for spot in spots],
        selected=at if 0 <= at < len(spots) else -1,
    )
    if pressed is not None:
        locked = set(view.locked.split("."))
        stay = {name: value for name, value in here.moves if name in locked}
        view.at = str(spots[pressed].moved(stay))
        rerun(view)

    view.near = forms.following(
        "gan-near", view.near, lambda: st.toggle("Nearest training pictures", view.near, key="gan-near")
    )
    images = cache.samples(sampler, spots)
    if view.near:
        nearest = sampler.exhibit.images[[found[0] for found in sampler.nearest(images)]].numpy()
        with st.container(key="near-sheet"):
            markup.show(
                markup.eyebrow("The training picture nearest to each, in the same place"),
                markup.img(montage(nearest, COLUMNS, gap=2).transpose(2, 0, 1), "nearest training pictures"),
            )
    st.download_button(
        "Sheet as PNG",
        lambda: steering_tools.sheet_png(images, COLUMNS),
        f"{sampler.name}-seed-{view.seed}.png",
        "image/png",
        icon=":material/download:",
        key="sheet-png",
        on_click="ignore",
    )


def show(view: SamplerView, seed: int, first: int) -> None:
    """Turns the sheet."""
    view.seed, view.first = seed, min(first, 899_999)
    rerun(view)
