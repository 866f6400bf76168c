"""A run over its steps: what its model made of the same images, the same random numbers or the same photo at each snapshot.

Works on what lies in the run's folder alone, so also while the run goes on. Everything is computed on the CPU, once for a snapshot.
"""

import math
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal, cast

import torch
from torch import Tensor, nn

from selfsup_engine import builtin_photos, exhibit, photofile, snapshots, sources
from selfsup_engine.errors import UserError
from selfsup_engine.exploring.alignment import Codes, laid_over, middle_and_size
from selfsup_engine.exploring.latent import Plane
from selfsup_engine.exploring.moment import Moment, rows_of_two
from selfsup_engine.exploring.photo import Restyler, difference
from selfsup_engine.exploring.sampling import drawn_from
from selfsup_engine.images import Pixels, fit, from_unit, to_unit
from selfsup_engine.models.color_gradient_networks import taken_away
from selfsup_engine.models.saved import WEIGHTS, bare_model, fits, initial_model, load_model
from selfsup_engine.models.spec import Decodes, Encodes, Restyles, Samples
from selfsup_engine.runs import RunFolder
from selfsup_engine.scaling import reduced
from selfsup_engine.scores import CHUNK, mse_per_image, nearest, psnr

MAPPED = 2_000  # images on a map
SHOWN = 12  # images that are redrawn
DRAWN = 16  # samples
SEED = 0  # of the samples: the first ones of the sampler's first sheet
PHOTO = "china"  # the built-in photo from which the fewest models learned
PHOTO_PIXELS = {"restore": 100_000}
COLOURED_PIXELS = 50_000  # those that colour see scenes best at this size

Kind = Literal["codes", "samples", "photo"]


@dataclass(frozen=True)
class Given:
    """What a model is shown at each step. images: (N, C, S, S) uint8; labels: (N,) or None; shown: the numbers of those that are redrawn."""

    images: Tensor
    labels: Tensor | None
    classes: tuple[str, ...]

    @cached_property
    def shown(self) -> list[int]:
        return list(range(0, len(self.images), max(1, len(self.images) // SHOWN)))[:SHOWN]


class Timeline:
    """The steps of a run, and its model at each of them."""

    def __init__(self, folder: RunFolder) -> None:
        """Opens a run, trained or in training.

        Raises:
            UserError: its run.json is damaged, or its family gives nothing to look at.
        """
        self.folder, self.run = folder, folder.run
        self.bare = bare_model(self.run)
        found: list[tuple[Kind, type]] = [("codes", Encodes), ("samples", Samples), ("photo", Restyles)]
        kinds = [kind for kind, protocol in found if isinstance(self.bare, protocol)]
        if not kinds:
            raise UserError(
                f"{folder.name} is a {self.run.family}, of which there is nothing to be seen over its steps."
            )
        self.kind: Kind = kinds[0]
        self._moments: dict[tuple[int, int], Moment] = {}
        self._files: dict[int, tuple[Path | None, int]] = {}
        self._good: dict[tuple[Path, int], bool] = {}
        self._lock = threading.RLock()
        self.refresh()

    # ------------------------------------------------------------------------------------------------------ which steps

    def refresh(self) -> tuple[int, ...]:
        """The steps that there are now, rising: 0, each snapshot that can be read, and the finished model's."""
        result = self.folder.run.result
        files = snapshots.stored(self.folder)
        if result is not None and self.folder.file(WEIGHTS).exists():
            files[result.steps] = self.folder.file(WEIGHTS)
        kept: dict[int, tuple[Path | None, int]] = {0: (None, 0)}
        for step, path in sorted(files.items()):
            try:
                changed = path.stat().st_mtime_ns
            except OSError:
                continue  # cut off just now
            if (path, changed) not in self._good:
                self._good[path, changed] = fits(path, self.bare)
            if self._good[path, changed]:
                kept[step] = (path, changed)
        with self._lock:
            self._files = kept
            self._moments = {key: moment for key, moment in self._moments.items() if key in self._keys()}
        return self.steps

    def _keys(self) -> set[tuple[int, int]]:
        return {(step, changed) for step, (_, changed) in self._files.items()}

    @property
    def steps(self) -> tuple[int, ...]:
        """The steps of the last `refresh`."""
        return tuple(sorted(self._files))

    @property
    def missing(self) -> list[int]:
        """The steps that nobody has looked at yet: the newest first, then ever finer between those that are known."""
        files, moments = self._files, self._moments  # as they are now: others may look, too
        steps = sorted(files)
        order = list(dict.fromkeys(step for most in (1, 2, 3, 5, 9, 17, 33) for step in snapshots.thinned(steps, most)))
        return [s for s in dict.fromkeys([*order, *steps]) if (s, files[s][1]) not in moments]

    def model(self, step: int) -> nn.Module:
        """The model of a step, ready to be asked.

        Raises:
            UserError: there is none of that step.
        """
        path = self._files.get(step, (self.folder.path / "nowhere", 0))[0]
        model = initial_model(self.run) if path is None else load_model(self.folder, path)
        if isinstance(model, Samples) and (path is None or path.name != WEIGHTS):
            model.settle()
        return model

    # ------------------------------------------------------------------------------------------------------ what is shown

    @cached_property
    def given(self) -> Given:
        """The images of an encoder's map: those that the run keeps, or, before it has an exhibit, the same ones from its source.

        Raises:
            UserError: neither is at hand.
        """
        result = self.folder.run.result
        if self.folder.file(exhibit.FILE).exists() and result is not None:
            kept = exhibit.read(self.folder.path)
            images, labels, classes = kept.images, kept.labels, result.classes
        elif sources.is_local(self.run.source):
            loaded = sources.load(self.run.source)
            images = fit(loaded.test[:MAPPED], int(self.run.config["channels"]), int(self.run.config["size"]))
            labels, classes = loaded.test_labels, loaded.classes
        else:
            raise UserError(
                f"The images of {sources.called(self.run.source)} are not on this machine. They are there once the run has them."
            )
        return Given(images[:MAPPED], None if labels is None else labels[:MAPPED], classes)

    @cached_property
    def photo(self) -> tuple[Pixels, Pixels]:
        """What a model that restyles is shown, and the photo itself: (3, H, W) uint8 both."""
        pretext = cast(Restyles, self.bare).pretext
        photo = photofile.read(builtin_photos.read(PHOTO)).pixels
        photo = reduced(photo, PHOTO_PIXELS.get(pretext, COLOURED_PIXELS))
        seen = taken_away(pretext, to_unit(photo[None]), int(self.run.config.get("blur", 2)))
        return from_unit(seen)[0], photo.numpy()

    @property
    def shown(self) -> Pixels | None:
        """What the model is shown, laid out as a moment's `sheet`: (H, W, C) uint8. None for one that draws from random numbers."""
        if self.kind == "samples":
            return None
        if self.kind == "photo":
            return self.photo[0].transpose(1, 2, 0)
        return rows_of_two(self.given.images[self.given.shown].numpy())

    def moment(self, step: int) -> Moment:
        """What the model of a step makes of it all; computed once.

        Raises:
            UserError: there is no such step, or nothing to show to it.
        """
        with self._lock:
            key = (step, self._files.get(step, (None, -1))[1])
            if key not in self._moments:
                look = {"codes": self._codes, "samples": self._samples, "photo": self._photo}[self.kind]
                model = self.model(step)
                with torch.inference_mode():
                    self._moments[key] = look(step, model)
            return self._moments[key]

    def look(self, seconds: float = math.inf, progress: Callable[[float], None] = lambda share: None) -> list[Moment]:
        """Looks at what nobody has looked at yet, both ends first and then ever finer, for so long; gives all that were looked at, rising.

        Raises:
            UserError: there is nothing to show to the model.
        """
        _ = self.shown  # what would be wrong at every step is said, and no snapshot is blamed for it
        until = time.monotonic() + seconds
        while (missing := self.missing) and time.monotonic() < until:
            progress(1 - len(missing) / len(self.steps))
            try:
                self.moment(missing[0])
            except UserError:
                if self._files[missing[0]][0] is None:
                    raise
                self._drop(missing[0])
        moments = self._moments
        return [moments[key] for key in sorted(self._keys()) if key in moments]

    def _drop(self, step: int) -> None:
        """Leaves out a snapshot whose head is whole and whose body is not."""
        path, changed = self._files[step]
        if path is not None:
            self._good[path, changed] = False
        self.refresh()

    def _codes(self, step: int, model: nn.Module) -> Moment:
        given, encoder, decoder = self.given, cast(Encodes, model), cast(Decodes, model)
        codes = torch.cat([encoder.encode(to_unit(chunk)) for chunk in given.images.split(CHUNK)])
        figures: dict[str, float] = {}
        pictures = None
        if isinstance(model, Decodes):
            drawn = [decoder.decode(chunk) for chunk in codes.split(CHUNK)]
            errors = [mse_per_image(a, to_unit(b)) for a, b in zip(drawn, given.images.split(CHUNK), strict=True)]
            figures["mse"] = float(torch.cat(errors).mean())
            pictures = from_unit(torch.cat(drawn)[given.shown])
        figures["spread"] = middle_and_size(codes.double().numpy())[1]
        if given.labels is not None and bool(codes.isfinite().all()) and len(codes) > 6:
            figures["alike"] = self._alike(codes.clone(), given.labels)
        return Moment(step, codes.double().numpy(), pictures, None, figures)

    @staticmethod
    def _alike(codes: Tensor, labels: Tensor) -> float:
        """The share of images that have the label of most of their five nearest others."""
        votes = labels[nearest(codes, codes, 6)[1][:, 1:]]
        return float((votes.mode(dim=1).values == labels).float().mean())

    def _samples(self, step: int, model: nn.Module) -> Moment:
        sampler = cast(Samples, model)
        z = torch.stack([drawn_from(SEED, i, sampler.latent_size) for i in range(DRAWN)])
        return Moment(step, pictures=from_unit(sampler.generate(z)))

    def _photo(self, step: int, model: nn.Module) -> Moment:
        restyler = cast(Restyler, model)
        seen, photo = (torch.from_numpy(picture) for picture in self.photo)
        change = 255 * difference(restyler, seen).float()
        made = (seen.float() + change).round().clamp(0, 255).to(torch.uint8)
        figures = {}
        if restyler.pretext == "restore":  # colours that suit a scene need not be those that it had
            figures["psnr"] = psnr(float(mse_per_image(made[None], photo[None])[0]))
        return Moment(step, photo=made.numpy(), figures=figures)

    # ------------------------------------------------------------------------------------------------------ all together

    def maps(self, steps: Sequence[int]) -> list[Codes]:
        """The maps (N, 2) of some steps (rising), each laid over the next; the last lies as on the latent page.

        Codes of more than two numbers are aligned with all of them and then seen on the last one's plane: on a plane of its own, which
        two components lead may change from one snapshot to the next.
        """
        placed: list[Codes] = []
        for step in reversed(steps):
            codes = self.moment(step).codes
            assert codes is not None
            placed.append(laid_over(codes, placed[-1]) if placed else codes)
        last = torch.from_numpy(placed[0]).float()
        if self._files[steps[-1]][0] == self.folder.file(WEIGHTS):
            plane = Plane.of(exhibit.read_codes(self.folder.path))
        else:
            plane = Plane.of(last[last.isfinite().all(1)])
        return [plane.flat(torch.from_numpy(one).float()).double().numpy() for one in reversed(placed)]
