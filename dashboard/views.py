"""What each page shows, as one typed object: flat fields with defaults, which a link says in short and a file says whole."""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from selfsup_engine.exploring import selection
from selfsup_engine.exploring.groups import Group
from selfsup_engine.exploring.spot import Spot

Colour = Literal["label", "error", "trust", "cluster"]
Way = Literal["linear", "spherical"]
Tool = Literal["Interpolate", "Dimensions", "Grid", "Your image", "Denoise", "Compress", "Directions", "Arithmetic"]


Pace = Literal["fast", "steady", "slow"]
Method = Literal["activations", "weights"]
SamplerTool = Literal["Shelf", "More like this", "Plane", "Your picture", "Directions", "Arithmetic"]


def in_link(value: float) -> str:
    """A number as the address bar says it."""
    return f"{value:.5g}"


Place = Annotated[
    float, Field(ge=-1e6, le=1e6, allow_inf_nan=False), AfterValidator(lambda value: float(in_link(value)))
]
"""A coordinate, kept no finer than a link can say it: so a link shows the same picture, not nearly the same."""


_DECIMAL = r"-?\d{1,6}(\.\d{1,9})?(e-0\d)?"
_LOOK = rf"({_DECIMAL}_{_DECIMAL}_{_DECIMAL}_(\d{{1,3}}(\.\d{{1,3}})*)?_[01])?"
Looks = Annotated[str, Field(max_length=6_000, pattern=rf"^{_LOOK}(~{_LOOK}){{0,4}}$")]
"""What is seen of each of several maps, as their component writes it."""


class View(BaseModel):
    """The state of a page: flat fields, each with a default that is left out of the address bar."""

    model_config = ConfigDict(extra="ignore", validate_assignment=True)

    def wanted(self) -> tuple[tuple[str, str], ...]:
        """The models that it shows: the name and the first digits of the weights' hash of each."""
        return ()


class StepView(View):
    """`snap`: the step at which the time machine stands; -1: the newest. `closer`: its map is there to be looked around on, too; `looks`: what of
    that is seen."""

    snap: int = Field(-1, ge=-1, le=10_000_000)
    closer: bool = False
    looks: Looks = ""


class TrainView(StepView):
    """`run`: the run that is watched; without one, the form: `data` to learn from, and the `family` of models."""

    run: str = Field("", max_length=64)
    data: str = Field("fashion-mnist", max_length=200)
    family: str = Field("autoencoder", max_length=32)


class ModelView(View):
    """`model`: which one is shown; `weights`: the first digits of their hash, so that a link can tell that they have changed."""

    model: str = Field("", max_length=64)
    weights: str = Field("", max_length=16)

    def wanted(self) -> tuple[tuple[str, str], ...]:
        return ((self.model, self.weights),) if self.model else ()


def _group(text: str) -> str:
    return str(Group.parse(text)) if len(text) > 1 else text


def _term(text: str) -> str:
    return text if text in ("", "here", "own") else str(Group.parse(text))


GroupText = Annotated[str, Field(max_length=8_000, pattern="^([lpis].*)?$"), AfterValidator(_group)]
"""A group of pictures or samples (see selfsup_engine.exploring.groups): of its letter alone, one that nothing is in yet."""

TermText = Annotated[str, Field(max_length=8_000), AfterValidator(_term)]
"""A term of A - B + C: the mean of a group, the point or sample that is chosen, or one's own picture."""


class ByExample(ModelView):
    """`ga`, `gb`: the groups between which a direction is looked for; `ta`, `tb`, `tc`: the terms of A - B + C."""

    ga: GroupText = ""
    gb: GroupText = ""
    ta: TermText = ""
    tb: TermText = ""
    tc: TermText = ""


class LatentView(ByExample):
    """`x`, `y`: the chosen point of the map; `a`, `b`: the two images between which is interpolated, by their numbers.

    `zoom`: of the map, 0 where all of it is seen, about `cx`, `cy`; `hide`: the classes that are not shown, by their numbers; `density`: how
    densely the points lie is drawn, too; `lasso`: the outline of the group that was circled (see selfsup_engine.exploring.selection).

    `sigma`: the noise of Denoise, a standard deviation on [0, 1] pixels; `every`: Dimensions shows all, not only the widest;
    `moves`: how far the picture is moved along directions, in their standard deviations, as in d48213377_1.5~d00000017_-1.
    """

    x: Place | None = None
    y: Place | None = None
    zoom: Place = 0.0
    cx: Place = 0.0
    cy: Place = 0.0
    hide: str = Field("", pattern=r"^(\d{1,3}(\.\d{1,3}){0,255})?$")
    density: bool = False
    lasso: Annotated[str, Field(max_length=2_000), AfterValidator(selection.checked)] = ""
    colour: Colour = "label"
    back: bool = False
    a: int = Field(-1, ge=-1, le=100_000)
    b: int = Field(-1, ge=-1, le=100_000)
    how: Way = "linear"
    tool: Tool = "Interpolate"
    sigma: float = Field(0.3, ge=0.0, le=0.6)
    every: bool = False
    moves: str = Field("", pattern=r"^(d\d{8}_-?\d{1,2}(\.\d{1,2})?(~|$)){0,80}$")


def _sample(text: str) -> str:
    return str(Spot.parse(text)) if text else ""


def _samples(text: str) -> str:
    return SHELF.join(map(_sample, filter(None, text.split(SHELF))))


SHELF = "~~"
"""Between the samples of a shelf, in a link."""


class SamplerView(ByExample):
    """`at`: the current sample (see selfsup_engine.exploring.spot), empty before one is chosen; `seed`, `first`: which samples the sheet shows; `near`:
    with the training picture that is nearest to each.

    `locked`: the sliders that stay, by name; `shelf`: the samples that were kept, in their order; `pace`: of the loop through it;
    `spread`: the angle of More like this, in radians.
    """

    at: Annotated[str, Field(max_length=6_000), AfterValidator(_sample)] = ""
    seed: int = Field(0, ge=0, lt=2**31)
    first: int = Field(0, ge=0, lt=900_000)
    near: bool = False
    method: Method = "activations"
    locked: str = Field("", pattern=r"^([a-z]\d{0,8}(\.[a-z]\d{0,8}){0,127})?$")
    tool: SamplerTool = "Shelf"
    shelf: Annotated[str, Field(max_length=30_000), AfterValidator(_samples)] = ""
    pace: Pace = "steady"
    spread: float = Field(0.5, ge=0.1, le=1.5)


OperationName = Literal["enhance", "recolour", "style", "flatten", "segment", "compose"]
Beside = Literal["photo", "classical"]
Seen = Literal["picture", "gradients"]
PhotoTool = Literal["Full size", "Figures", "Teach a style"]


class PhotoView(ModelView):
    """`photo` and `reference`: built-in photos, by name, or "own"; `settings`: those of the operation that are not its usual ones, as JSON.

    `beside`: what the divider shows on its left; `seen`: the photo, or its colour gradients; `region`: the region that the operation is kept
    to, as the shares of the photo's sides at which it was pressed and the detail of the segmentation: x, y, detail.
    """

    photo: str = Field("coffee", max_length=32)
    reference: str = Field("flower", max_length=32)
    operation: OperationName = "enhance"
    settings: str = Field("", max_length=4_000)
    beside: Beside = "photo"
    seen: Seen = "picture"
    region: str = Field("", pattern=r"^((0|1)(\.\d{1,4})?(,(0|1)(\.\d{1,4})?){2})?$")
    tool: PhotoTool = "Full size"


InsidePart = Literal["layer", "moves", "table", "learned"]


class InsideView(ModelView):
    """What is looked at inside a model, and what goes through it: `image`, a number of its exhibit (-1: one's own picture), or the sample
    `at`, or the built-in photo `photo`, by what the model takes.

    `layer`: of all in order, -1 for the one to begin with; `unit`: of that layer, -1 for the one that answers most.
    """

    image: int = Field(0, ge=-1, le=100_000)
    at: Annotated[str, Field(max_length=6_000), AfterValidator(_sample)] = ""
    photo: str = Field("coffee", max_length=32)
    layer: int = Field(-1, ge=-1, le=500)
    unit: int = Field(-1, ge=-1, le=10_000)
    part: InsidePart = "layer"


Sort = Literal["newest", "name", "score", "size", "steps"]


class LibraryView(View):
    """`q`: the search; `can`: the explorers that a model is to be shown by, of which one is enough, by their pages; `state`: the standings, of
    which one is enough; `tag`: the tags that it is to have, all of them; `sheet`: which sheet of one's own runs."""

    q: str = Field("", max_length=80)
    can: str = Field("", max_length=80, pattern=r"^([a-z]+(\.[a-z]+)*)?$")
    state: str = Field("", max_length=80, pattern=r"^([a-z]+(\.[a-z]+)*)?$")
    tag: str = Field("", max_length=250)
    sort: Sort = "newest"
    sheet: int = Field(0, ge=0, le=10_000)


Part = Literal["Training", "Time machine", "Log", "Settings"]


class RunView(StepView):
    """`run`: whose page it is, with the first digits of its weights' hash once it has any; `part`: what of it is shown below."""

    run: str = Field("", max_length=64)
    weights: str = Field("", max_length=16)
    part: Part = "Training"

    def wanted(self) -> tuple[tuple[str, str], ...]:
        return ((self.run, self.weights),) if self.run else ()


Order = Literal["differ", "worst", "best", "first"]


_MODEL = "[a-z0-9][a-z0-9-]{0,63}(@[0-9a-f]{1,16})?"


class CompareView(View):
    """`models`: their names, at most four, with their weights' hashes as far as they are known: "a@1f.b@2e"; `order`: which images are shown;
    `image`: the one that is seen large, by its number among those that are compared.

    `colour`: of the maps; `on` and `lasso`: the map on which a group was drawn, by its place, and its outline (see
    selfsup_engine.exploring.selection); `looks`: what of each map is seen; `seed` of the samples; `photo`: a built-in one.
    """

    models: str = Field("", pattern=rf"^({_MODEL}(\.{_MODEL}){{0,3}})?$")
    order: Order = "differ"
    image: int = Field(-1, ge=-1, le=100_000)
    colour: Colour = "label"
    on: int = Field(0, ge=0, le=7)
    lasso: Annotated[str, Field(max_length=2_000), AfterValidator(selection.checked)] = ""
    looks: Looks = ""
    seed: int = Field(0, ge=0, lt=2**31)
    photo: str = Field("coffee", max_length=32)

    def wanted(self) -> tuple[tuple[str, str], ...]:
        parts = (part.partition("@") for part in self.models.split(".") if part)
        return tuple((name, weights) for name, _, weights in parts)


PAGES: dict[str, type[View]] = {
    "latent": LatentView,
    "gan": SamplerView,
    "gradients": PhotoView,
    "compare": CompareView,
    "inside": InsideView,
    "run": RunView,
}
"""The pages whose whole state can be taken along, by the names of their files: the explorers, and a run with its time machine."""


def page_of(kind: type[View]) -> str:
    """The page that shows a kind of view."""
    return next(page for page, other in PAGES.items() if other is kind)
