"""The sources that everyone has, in the order in which they are offered."""

from __future__ import annotations

from selfsup_engine.sources import cifar
from selfsup_engine.sources.base import SourceInfo

_IDX_FILES = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte", "t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte")


def _idx(folder: str) -> tuple[str, ...]:
    return tuple(f"{folder}/raw/{file}.gz" for file in _IDX_FILES)


_ALL = (
    SourceInfo(
        name="digits",
        title="Small digits",
        summary="Handwritten digits from 43 people, scanned at 8 x 8 pixels and drawn larger.",
        licence="CC BY 4.0 (E. Alpaydin and C. Kaynak, UCI Machine Learning Repository, 1998)",
        train=1438,
        test=359,
        size=28,
        channels=1,
    ),
    SourceInfo(
        name="shapes",
        title="Shapes",
        summary="Drawn shapes whose kind, colour, size, place and angle are known exactly.",
        licence="CC0 (drawn by this program)",
        train=4000,
        test=1000,
        size=32,
        channels=3,
    ),
    SourceInfo(
        name="photos",
        title="Photos",
        summary="Patches of six photos: a portrait, a cat, a cup, a rocket, a temple and a flower.",
        licence="public domain and Creative Commons (the photos of scikit-image and scikit-learn)",
        train=2040,
        test=360,
        size=64,
        channels=3,
    ),
    SourceInfo(
        name="mnist",
        title="MNIST",
        summary="Handwritten digits, the first data set of nearly everyone.",
        licence="CC BY-SA 3.0 (Y. LeCun and C. Cortes)",
        train=60_000,
        test=10_000,
        size=28,
        channels=1,
        download_mb=11.6,
        files=_idx("MNIST"),
    ),
    SourceInfo(
        name="fashion-mnist",
        title="Fashion-MNIST",
        summary="Ten kinds of clothes from the photos of a shop, in grey.",
        licence="MIT (Zalando SE)",
        train=60_000,
        test=10_000,
        size=28,
        channels=1,
        download_mb=30.9,
        files=_idx("FashionMNIST"),
    ),
    SourceInfo(
        name="kmnist",
        title="Kuzushiji-MNIST",
        summary="Ten characters of cursive Japanese, written before 1900.",
        licence="CC BY-SA 4.0 (KMNIST Dataset, created by CODH, adapted from Kuzushiji Dataset, created by NIJL and others)",
        train=60_000,
        test=10_000,
        size=28,
        channels=1,
        download_mb=21.2,
        files=_idx("KMNIST"),
    ),
    SourceInfo(
        name=cifar.NAME,
        title="CIFAR-10",
        summary="Small colour photos of animals and vehicles.",
        licence="none stated (A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009)",
        train=50_000,
        test=10_000,
        size=32,
        channels=3,
        download_mb=170.1,
        files=(cifar.FILE,),
    ),
)

SOURCES: dict[str, SourceInfo] = {source.name: source for source in _ALL}
