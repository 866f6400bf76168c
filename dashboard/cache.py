"""What is made once and shared by all sessions, or by all runs of one. The only owner of `st.cache_data` and `st.cache_resource`.

Everything is bounded. Opened models and what was made with them go into one `Bounded`, which is bounded by bytes, for their sizes differ by
thousands; what `st.cache_data` keeps is bounded by its number and, all together, by `server.maxCacheDataSize`. What was made of a
visitor's own files is the session's, and goes with it.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import streamlit as st
from streamlit.runtime.scriptrunner import get_script_run_ctx

from dashboard import visitor
from dashboard.bounded import Bounded
from dashboard.checkup import Checkup
from dashboard.warming import Warm
from selfsup_engine import memory
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.host import memory as host_memory
from selfsup_engine.images import Crop, Pixels, animate, encode, montage
from selfsup_engine.kept_directions import Kept, KeptDirections
from selfsup_engine.limits import public
from selfsup_engine.runs import Library, RunFolder
from selfsup_engine.sources import own
from selfsup_engine.training.hosted import HostedJobs
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.visitors import VisitorLibrary

if TYPE_CHECKING:
    from selfsup_engine.exploring.comparing import Comparison
    from selfsup_engine.exploring.contrast import Contrast
    from selfsup_engine.exploring.drawn import Drawn
    from selfsup_engine.exploring.groups import Group
    from selfsup_engine.exploring.inside import Inside
    from selfsup_engine.exploring.latent import LatentSpace
    from selfsup_engine.exploring.sampling import Sampler
    from selfsup_engine.exploring.timeline import Timeline
    from selfsup_engine.models.spec import Config
    from selfsup_engine.runs import Budget
    from selfsup_engine.training.estimate import Estimate

T = TypeVar("T")
SHARE, LEAST, MOST = 1 / 8, 64 * memory.MB, 256 * memory.MB
"""Of the memory that there is, for what all sessions share; and the limits of that, in bytes."""
MINE = 64 * memory.MB
"""Bytes for what was made of one visitor's own files."""
REST = 30.0  # seconds between two times that memory is given back


@st.cache_resource(show_spinner=False)
def shared() -> Bounded:
    """Opened models, and what was made with them."""
    return Bounded(round(min(max(SHARE * host_memory().total, LEAST), MOST)))


@st.cache_resource(scope="session", on_release=lambda theirs: leave(theirs), show_spinner=False)
def mine() -> Bounded:
    """What was made of this visitor's own files."""
    return Bounded(MINE)


_leaving = threading.Semaphore(1)


def leave(theirs: Bounded) -> None:
    """A visitor has left: what was theirs goes, and a moment later the system has its memory back."""
    theirs.clear()
    if _leaving.acquire(blocking=False):  # one of many who leave sees to it for all

        def work() -> None:
            memory.give_back()
            _leaving.release()

        timer = threading.Timer(REST, work)
        timer.daemon = True
        timer.start()


@st.cache_resource(show_spinner=False)
def host() -> Library:
    """The library of whoever runs the server: on a public host no page shows it."""
    return Library()


def library() -> Library:
    """The library of whoever asks: on a public host that visitor's, else the only one."""
    limits = public()
    return VisitorLibrary(host(), visitor.token(), limits) if limits else host()


@st.cache_resource(on_release=lambda jobs: jobs.close(), show_spinner=False)
def jobs() -> Jobs:
    """The queue of everyone, with its warm worker, for as long as the server lives. Whose run is meant, `library` says."""
    limits = public()
    queue = HostedJobs(host(), limits) if limits else Jobs(host())
    queue.run_forever()
    return queue


@st.cache_resource(show_spinner=False)
def checkup() -> Checkup:
    """The server's self-test, and what came of the last one."""
    return Checkup(host())


def warm_up() -> Warm:
    """Imports torch behind the first page's back, so that the second page need not wait for it; every page calls this, and so the end of
    every session is heard of."""
    if get_script_run_ctx(suppress_warning=True) is not None:  # the server, too, calls it, before anybody comes
        mine()
    return _warm_up()


@st.cache_resource(show_spinner=False)
def _warm_up() -> Warm:
    return Warm().begin()


def _opened(kind: str, folder: RunFolder, stamp: str, open_it: Callable[[RunFolder], T]) -> T:
    return once((kind, str(folder.path), stamp), lambda: open_it(folder))


def _weights(folder: RunFolder) -> str:
    run = folder.run
    return run.result.weights if run.result else ""


def latent_space(folder: RunFolder) -> LatentSpace:
    """An opened model; anew once its weights have changed."""

    def open_it(folder: RunFolder) -> LatentSpace:
        from selfsup_engine.exploring.latent import LatentSpace

        return LatentSpace(folder)

    return _opened("latent", folder, _weights(folder), open_it)


def sampler(folder: RunFolder) -> Sampler:
    """An opened generator, with the directions that are kept of it; anew once its weights have changed."""

    def open_it(folder: RunFolder) -> Sampler:
        from selfsup_engine.exploring.sampling import Sampler

        return Sampler(folder)

    weights, whose = _weights(folder), library().owner
    found = _opened("sampler", folder, weights, open_it)
    if whose:  # what one visitor keeps of a model is not another's, who has the same model open
        opened = found
        found = once(("sampler", str(folder.path), weights), lambda: copy.copy(opened), own=True)
    found.kept = directions(weights).all() if weights else ()
    return found


def inside(folder: RunFolder) -> Inside:
    """A model opened to be looked into; anew once its weights have changed."""

    def open_it(folder: RunFolder) -> Inside:
        from selfsup_engine.exploring.inside import Inside

        return Inside(folder)

    return _opened("inside", folder, _weights(folder), open_it)


def timeline(folder: RunFolder) -> Timeline:
    """A run over its steps, brought up to what there is now; what was looked at is kept."""

    def open_it(folder: RunFolder) -> Timeline:
        from selfsup_engine.exploring.timeline import Timeline

        return Timeline(folder)

    opened = _opened("timeline", folder, str(folder.run.created), open_it)
    opened.refresh()
    return opened


def comparison(folders: Sequence[RunFolder]) -> Comparison:
    """Models that encode and decode on the same images; asked once."""
    from selfsup_engine.exploring.comparing import Comparison

    spaces = [latent_space(folder) for folder in folders]

    def make() -> Comparison:
        made = Comparison(spaces)
        _ = made.columns  # now, and not at the first look
        return made

    return once(("comparison", *map(_whose, spaces)), make)


def samples(sampler: Sampler, spots: Sequence[Spot]) -> Pixels:
    """Images (N, C, H, W) of some points, drawn once."""
    return _samples(_whose(sampler), tuple(spots), sampler)


def _whose(model: Sampler | LatentSpace) -> str:
    return f"{model.name} {model.run.result.weights if model.run.result else ''}"


@st.cache_data(max_entries=64, show_spinner=False)
def _samples(whose: str, spots: tuple[Spot, ...], _sampler: Sampler) -> Pixels:
    return _sampler.images(spots)


def film(sampler: Sampler, stops: Sequence[Spot], frames: int, kind: Literal["gif", "webp"], side: int) -> bytes:
    """A loop through some points, as a file."""
    return _film(_whose(sampler), tuple(stops), frames, kind, side, sampler)


@st.cache_data(max_entries=16, show_spinner=False)
def _film(
    whose: str, stops: tuple[Spot, ...], frames: int, kind: Literal["gif", "webp"], side: int, _sampler: Sampler
) -> bytes:
    from selfsup_engine.exploring.sampling import walk

    return animate(_sampler.draw(walk([_sampler.z(stop) for stop in stops], frames)), kind, side=side)


def plane(sampler: Sampler, corners: Sequence[Spot], side: int) -> bytes:
    """The plane through three points as one PNG of side x side pictures, the first corner at the lower left."""
    return _plane(_whose(sampler), tuple(corners), side, sampler)


@st.cache_data(max_entries=16, show_spinner=False)
def _plane(whose: str, corners: tuple[Spot, ...], side: int, _sampler: Sampler) -> bytes:
    steps = [i / (side - 1) for i in range(side)]
    spots = [_sampler.on_plane(corners, u, v) for v in reversed(steps) for u in steps]
    return encode(montage(_sampler.images(spots), side), "png")


def given_names(weights: str) -> dict[str, str]:
    """What a person called the directions of a model, by their ids."""
    return library().names(weights)


def give_name(weights: str, direction: str, name: str) -> None:
    """Calls a direction something, for good."""
    library().give_name(weights, direction, name)


def directions(weights: str) -> KeptDirections:
    """The directions that were found by example and kept for the model with these weights."""
    return KeptDirections(library().root, weights)


def change_along(sampler: Sampler, kept: Kept) -> float:
    """How much a kept direction changes a generator's pictures; measured once."""
    import torch

    from selfsup_engine.exploring.directions import change_along as measure

    def find() -> float:
        with torch.inference_mode():
            return measure(sampler.model, torch.from_numpy(kept.numbers))

    return once(("change", _whose(sampler), kept.id), find)


def drawn(sampler: Sampler) -> Drawn:
    """Two thousand samples of a generator with what they show, drawn once."""
    from selfsup_engine.exploring.drawn import Drawn

    return once(("drawn", _whose(sampler)), lambda: Drawn(sampler))


def contrast(model: Sampler | LatentSpace, a: Group, b: Group) -> Contrast:
    """The direction from group A to group B in a model's space, held against random groups; found once."""
    from selfsup_engine.exploring.between import between
    from selfsup_engine.exploring.latent import LatentSpace

    def find() -> Contrast:
        return between(model, a, b) if isinstance(model, LatentSpace) else drawn(model).contrast(a, b)

    return once(("contrast", _whose(model), str(a), str(b)), find)


@st.cache_data(max_entries=64, show_spinner=False)
def estimate(family: str, config: Config, images: int, budget: Budget) -> Estimate:
    from selfsup_engine.training.estimate import estimate as measure

    return measure(family, config, images, budget)


def refuse_oversized(family: str, config: Config, images: int) -> None:
    """See `selfsup_engine.training.estimate.refuse_oversized`; here so that pages need not import torch to be drawn."""
    from selfsup_engine.training.estimate import refuse_oversized as refuse

    refuse(family, config, images)


@st.cache_data(max_entries=2, scope="session", show_spinner=False)
def prepared(files: list[tuple[str, bytes]], size: int, channels: int, crop: Crop) -> own.Prepared:
    """Uploads as a model would see them; opened once, whatever else changes on the page."""
    return own.prepare(files, size=size, channels=channels, crop=crop)


SOURCE_PICTURES = Path(__file__).parent / "static" / "sources"


def source_picture(name: str) -> Path | bytes | None:
    """Some images of a source as one picture: shipped with the app, else drawn once the source is on this machine."""
    shipped = SOURCE_PICTURES / f"{name}.png"
    if shipped.exists():
        return shipped
    from selfsup_engine import sources

    return _source_picture(name) if sources.is_local(name) else None


@st.cache_data(max_entries=32, show_spinner=False)
def _source_picture(name: str) -> bytes | None:
    from selfsup_engine import sources

    try:
        return encode(montage(sources.load(name).train[:18].numpy(), 6), "png")
    except UserError:
        return None


@st.cache_data(max_entries=16, show_spinner=False)
def _decoded_grid(whose: str, side: int, _space: LatentSpace) -> tuple[bytes, tuple[float, float, float, float]]:
    codes, columns, extent = _space.grid(side)
    return encode(montage(_space.decode(codes), columns), "png"), extent


def decoded_grid(space: LatentSpace, side: int = 21) -> tuple[bytes, tuple[float, float, float, float]]:
    """Decodes at even distances across the map as one PNG, and the extent x0, y0, x1, y1 that it covers."""
    return _decoded_grid(_whose(space), side, space)


def once(key: tuple[object, ...], make: Callable[[], T], own: bool = False) -> T:
    """What `make` gives, made once for a key that says all that it depends on. `own`: of a visitor's own files, so that nobody else asks for it."""
    made: T = (mine() if own else shared()).get(key, make)
    return made


def forget(key: tuple[object, ...]) -> None:
    """Has `once` make it anew."""
    shared().forget(key)


def model(folder: RunFolder) -> Any:
    """A loaded model; anew once its weights have changed."""

    def load() -> Any:
        from selfsup_engine.models.saved import load_model

        return load_model(folder)

    return once(("model", str(folder.path), _weights(folder)), load)
