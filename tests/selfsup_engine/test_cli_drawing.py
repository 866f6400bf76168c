"""The commands of a GAN: what they write is what Python draws, and each mistake is one clear line."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from selfsup_engine.exploring import metrics
from selfsup_engine.exploring.sampling import Sampler
from selfsup_engine.exploring.spot import Spot
from selfsup_engine.images import encode, montage
from selfsup_engine.kept_directions import Kept, KeptDirections, name_and_vector
from selfsup_engine.runs import Library, RunFolder
from tests.selfsup_engine.test_cli import answer, call, mistake


@pytest.fixture(autouse=True)
def _at_home(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SELFSUP_RUNS", str(library.root))


def grey(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image.convert("L"))


@pytest.mark.slow
def test_samples_are_those_of_python(gan: RunFolder, tmp_path: Path) -> None:
    sampler = Sampler(gan)
    made = answer("sample", gan.name, "-n", "9", "--seed", "4", "-o", str(tmp_path / "nine.png"))
    assert made["count"] == 9
    assert np.array_equal(grey(tmp_path / "nine.png"), montage(sampler.sample(9, seed=4), 3)[..., 0])
    call("sample", gan.name, "-n", "4", "--truncation", "0.5", "-o", str(tmp_path / "four.webp"))
    assert np.array_equal(grey(tmp_path / "four.webp"), montage(sampler.sample(4, truncation=0.5), 2)[..., 0])
    text = "4.2~t_0.8~g0_1.5~z3_-1"
    call("sample", gan.name, "--at", text, "-o", str(tmp_path / "one.png"))
    assert np.array_equal(grey(tmp_path / "one.png"), sampler.images([Spot.parse(text)])[0, 0])


@pytest.mark.parametrize(("suffix", "kind"), [(".gif", "GIF"), (".webp", "WEBP")])
@pytest.mark.parametrize(("loop", "frames"), [("--loop", 15), ("--no-loop", 11)])
def test_a_walk_is_a_film_of_its_samples(
    gan: RunFolder, tmp_path: Path, suffix: str, kind: str, loop: str, frames: int
) -> None:
    target = tmp_path / f"walk{suffix}"
    made = answer("walk", gan.name, "--seeds", "1,2,3", "--frames", "5", loop, "-o", str(target))
    assert made["frames"] == frames
    with Image.open(target) as film:
        assert (film.format, film.size) == (kind, (256, 256))
        assert film.n_frames == frames  # type: ignore[attr-defined]
        film.seek(5)
        drawn = Sampler(gan).images([Spot(2)])[0, 0].repeat(8, 0).repeat(8, 1)
        assert np.abs(np.asarray(film.convert("L")).astype(int) - drawn).max() <= (1 if suffix == ".gif" else 0)


@pytest.mark.slow
def test_an_inversion_says_where_and_whether(gan: RunFolder, tmp_path: Path) -> None:
    own = tmp_path / "own.png"
    own.write_bytes(encode(Sampler(gan).images([Spot(5, 1)])[0].transpose(1, 2, 0)))
    found = answer("invert", gan.name, str(own), "-o", str(tmp_path / "found.png"))
    assert found["representable"] is True and found["psnr"] > 30
    assert np.array_equal(grey(tmp_path / "found.png"), Sampler(gan).images([Spot.parse(found["at"])])[0, 0])
    noise = tmp_path / "noise.png"
    noise.write_bytes(encode(np.random.default_rng(0).integers(0, 256, (32, 32), dtype=np.uint8)))
    assert (
        "this generator cannot draw that" in call("invert", gan.name, str(noise), "-o", str(tmp_path / "n.png")).stdout
    )


@pytest.mark.slow
def test_a_gan_is_scored_with_its_floor_and_beside_simple_models(
    gan: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(metrics, "AUTOENCODER_STEPS", 30)
    scores = answer("evaluate", gan.name, "--compare")
    assert [set(figures) for figures in scores["beside"].values()] == 3 * [
        {"frechet_classifier", "precision", "recall", "density", "coverage"}
    ]
    assert "principal components" in call("evaluate", gan.name, "--compare").stdout
    assert {"frechet_classifier", "frechet_floor", "precision", "recall", "density", "coverage", "diversity"} <= set(
        scores
    )
    assert scores["frechet_classifier"] == pytest.approx(gan.run.result.scores["frechet_classifier"])  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("words", "hint"),
    [
        (("sample", "GAN", "-o", "a.gif"), "must end in .png, .jpg or .webp"),
        (("sample", "GAN", "-n", "0", "-o", "a.png"), "-n"),
        (("sample", "GAN", "--truncation", "-1", "-o", "a.png"), "--truncation"),
        (("sample", "GAN", "--at", "nonsense!", "-o", "a.png"), "is no sample"),
        (("sample", "GAN", "--at", "1.2~g77_1", "-o", "a.png"), "no direction g77"),
        (("sample", "GAN", "-o", "/dev/null/a.png"), "cannot be written"),
        (("walk", "GAN", "--seeds", "1,2", "-o", "a.png"), "must end in .gif or .webp"),
        (("walk", "GAN", "--seeds", "1", "-o", "a.gif"), "takes 2 to 64 seeds"),
        (("walk", "GAN", "--seeds", "1,-2", "-o", "a.gif"), "takes 2 to 64 seeds"),
        (("walk", "GAN", "--seeds", "one,two", "-o", "a.gif"), "--seeds takes whole numbers"),
        (("walk", "GAN", "-o", "a.gif"), "--seeds"),
        (("invert", "GAN", "TEXT", "-o", "a.png"), "text.png is not a picture"),
        (("invert", "GAN", "nowhere.png", "-o", "a.png"), "does not exist"),
        (("sample", "AE", "-o", "a.png"), "draws no samples"),
        (("decode", "GAN", "--z=0,0", "-o", "a.png"), "has no codes"),
    ],
)
def test_a_mistake_is_one_clear_line(
    gan: RunFolder, trained: RunFolder, tmp_path: Path, words: tuple[str, ...], hint: str
) -> None:
    (tmp_path / "text.png").write_text("no picture")
    known = {"GAN": gan.name, "AE": trained.name, "TEXT": str(tmp_path / "text.png")}
    assert hint in mistake(*(known.get(word, word) for word in words))


def test_a_sample_is_moved_along_a_direction_that_was_kept(gan: RunFolder, library: Library, tmp_path: Path) -> None:
    assert gan.run.result is not None
    fields = name_and_vector("mine", np.eye(100, dtype=np.float32)[3])
    kept = Kept(**fields, effect=1, chance=0.1, share=1, sizes=(5, 5), groups=("l0", "l1"))  # type: ignore[arg-type]
    KeptDirections(library.root, gan.run.result.weights).keep(kept)
    call("sample", gan.name, "--at", f"4.2~{kept.id}_2", "-o", str(tmp_path / "one.png"))
    assert np.array_equal(grey(tmp_path / "one.png"), Sampler(gan).images([Spot(4, 2).moved({"z3": 2})])[0, 0])


@pytest.mark.slow
def test_a_run_is_filmed_from_its_snapshots(trained: RunFolder, tmp_path: Path) -> None:
    film = tmp_path / "out.gif"
    made = answer("timelapse", trained.name, "-o", str(film))
    assert made["steps"][0] == 0 and made["steps"][-1] == 300
    with Image.open(film) as image:
        assert image.n_frames > 20
    assert ".gif" in mistake("timelapse", trained.name, "-o", str(tmp_path / "out.webp"))
