"""What goes wrong with a model, said in plain words, each finding with its number and what to try. Pure functions of figures."""

from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:  # events.jsonl is read, findings and all, by pages that have no need of torch
    from torch import Tensor


class Finding(BaseModel):
    """One thing that is going wrong, or the word that nothing is, for a person who does not know the term."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    level: Literal["good", "warning", "problem"]
    name: str
    message: str
    number: float
    advice: str = ""


COLLAPSED = 1e-3  # spread of the codes, relative to their size, under which all images share a point
DEAD = 1e-2  # spread of one dimension, relative to the widest, under which it says nothing
BY_HEART = (
    0.5  # training error, relative to the held-out one, under which it has learned its pictures and not their kind
)
TINY = 1e-9  # the error of a baseline that makes none: all images are the same
SILENT_KL = 0.01  # nats: a dimension under this equals its prior (Burda et al., 2016, call a unit active above it)


def collapsed_code(codes: "Tensor") -> list[Finding]:
    """All images at one point: the spread of the codes (N, D) over their typical size is next to nothing."""
    if len(codes) < 2:
        return []
    spread = float(codes.std(0).max())
    ratio = spread / max(float(codes.abs().mean()), 1e-6)
    if ratio >= COLLAPSED and spread > 1e-5:
        return []
    return [
        Finding(
            level="problem",
            name="Collapsed code",
            message=f"All images have the same code (their spread is {ratio:.1g} of its size), so all get the same picture.",
            number=ratio,
            advice="Start again with another seed, a lower learning rate, or batch normalisation.",
        )
    ]


def dead_dimensions(codes: "Tensor") -> list[Finding]:
    """Dimensions of the codes (N, D) in which all images agree."""
    spread = codes.std(0, correction=0)
    dead = [d + 1 for d in range(codes.shape[1]) if float(spread[d]) < DEAD * float(spread.max())]
    if not dead or len(dead) == codes.shape[1]:
        return []
    which = ", ".join(map(str, dead[:6])) + (" …" if len(dead) > 6 else "")
    return [
        Finding(
            level="warning",
            name="Dead dimensions",
            message=f"{len(dead)} of {codes.shape[1]} dimensions of the code are the same for every image ({which}).",
            number=len(dead),
            advice="They carry nothing: take a smaller code, or train longer with a lower learning rate.",
        )
    ]


def posterior_collapse(kl: "Tensor", beta: float) -> list[Finding]:
    """Dimensions of a variational code whose KL (D,), in nats, is nil: they ignore the image."""
    silent = int((kl < SILENT_KL).sum())
    if not silent:
        return []
    everywhere = silent == len(kl)
    return [
        Finding(
            level="problem" if everywhere else "warning",
            name="Posterior collapse",
            message=f"{silent} of {len(kl)} dimensions carry under {SILENT_KL} nats: the decoder ignores them.",
            number=silent,
            advice=f"Lower beta (now {beta:g})" + (" to a tenth." if everywhere else ", or take a smaller code."),
        )
    ]


def against_baselines(
    mse: float, train_mse: float, mean_mse: float, pca_mse: float, components: int, progress: float
) -> list[Finding]:
    """The held-out error (on [0, 1] pixels) against that of the training images, of the mean image, and of PCA with as many components.

    `progress` in [0, 1]: being behind PCA at the start is no news, so that is said from half time on only.
    """
    if train_mse < BY_HEART * mse and mse > pca_mse and progress > 0.1:
        return [
            Finding(
                level="warning",
                name="Learned by heart",
                message=f"The error is {train_mse:.4f} on the pictures it trains on, and {mse:.4f} on those it has not seen.",
                number=mse / max(train_mse, TINY),
                advice="More pictures are the remedy; else a smaller code, weight decay, or a shorter training.",
            )
        ]
    if mse > 0.98 * mean_mse and progress > 0.1:
        return [
            Finding(
                level="problem",
                name="Nothing learned",
                message=f"The error {mse:.4f} is not below that of always answering the mean image, {mean_mse:.4f}.",
                number=mse / max(mean_mse, TINY),
                advice="Start again with a tenth of the learning rate, or with another seed.",
            )
        ]
    if mse > pca_mse and progress > 0.5:
        return [
            Finding(
                level="warning",
                name="Behind PCA",
                message=f"The error {mse:.4f} is above that of a linear model with {components} components, {pca_mse:.4f}.",
                number=mse / max(pca_mse, TINY),
                advice="Train longer, or take wider layers.",
            )
        ]
    return []


def no_better_than_its_input(mse: float, input_mse: float, progress: float) -> list[Finding]:
    """The held-out error of a model that puts something back, against that of leaving its input as it is, both on [0, 1] pixels."""
    if mse < 0.98 * input_mse or progress <= 0.1:
        return []
    return [
        Finding(
            level="problem",
            name="Nothing put back",
            message=f"The error {mse:.5f} is not below that of leaving the picture as it was shown, {input_mse:.5f}.",
            number=mse / max(input_mse, TINY),
            advice="Train longer; else start again with a third of the learning rate, or with a residual output.",
        )
    ]


ALIKE = 0.15  # diversity of samples, relative to real images, under which they are one and the same
POOR = 0.6  # and under which much of the set is missing
SURE = 0.97  # opinion beyond which the discriminator is sure
COPIED = 0.35  # distance to the nearest training image, relative to that of unseen ones, under which an image is a copy


def mode_collapse(diversity: float) -> list[Finding]:
    """All samples alike, or nearly: their `diversity` relative to real images (see `fidelity.diversity`)."""
    if diversity >= POOR:
        return []
    whole = diversity < ALIKE
    return [
        Finding(
            level="problem" if whole else "warning",
            name="Mode collapse" if whole else "Little variety",
            message=f"Two samples differ by {diversity:.0%} of what two real pictures differ by"
            + (": the generator draws the same thing, whatever it is given." if whole else "."),
            number=diversity,
            advice="Start again with another seed, a larger batch, or DiffAugment."
            if whole
            else "At the start this is usual. If it stays: a larger batch, or a lower learning rate.",
        )
    ]


def balance(real: float, drawn: float, progress: float) -> list[Finding]:
    """One of the two networks has won: D's mean opinion of held-out `real` and of `drawn` images, in [0, 1]."""
    if progress < 0.05:
        return []
    if real > SURE and drawn < 1 - SURE:
        return [
            Finding(
                level="warning",
                name="D is winning",
                message=f"The discriminator is right nearly always ({real:.2f} for real, {drawn:.2f} for generated): the generator learns little from it.",
                number=real - drawn,
                advice="A gradient penalty, DiffAugment, or a lower rate for D.",
            )
        ]
    if drawn > real + 0.05:
        return [
            Finding(
                level="warning",
                name="G is winning",
                message=f"The discriminator takes generated pictures for more real ({drawn:.2f}) than real ones ({real:.2f}): it has nothing to teach.",
                number=drawn - real,
                advice="A higher rate for D, or a wider network.",
            )
        ]
    return []


def memorisation(drawn: "Tensor", train: "Tensor", unseen: "Tensor", gap: float, progress: float) -> list[Finding]:
    """Samples that copy training images, or a D that knows those by heart. uint8 images (N, C, H, W).

    gap: D's mean opinion of training images less that of unseen ones (the overfitting heuristic of Karras et al., 2020, ADA).
    """
    from selfsup_engine.scores import nearest

    train, drawn, unseen = (images.flatten(1).float() for images in (train, drawn, unseen))
    usual = float(nearest(unseen, train, 1)[0].median())
    ratio = float(nearest(drawn, train, 1)[0].median()) / max(usual, 1e-9)
    if ratio < COPIED and usual > 1e-6:
        return [
            Finding(
                level="problem",
                name="Memorised",
                message=f"Samples are copies of training pictures: they lie {ratio:.0%} as far from them as unseen real pictures do.",
                number=ratio,
                advice="More pictures are the remedy; else DiffAugment, or a shorter training.",
            )
        ]
    if gap > 0.35 and progress > 0.1:
        return [
            Finding(
                level="warning",
                name="D learns by heart",
                message=f"The discriminator finds its training pictures more real than unseen ones, by {gap:.2f}.",
                number=gap,
                advice="Turn on DiffAugment, or train on more pictures.",
            )
        ]
    return []
