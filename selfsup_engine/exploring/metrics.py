"""What a finished model is scored by."""

from selfsup_engine import sources
from selfsup_engine.device import pick
from selfsup_engine.models.saved import load_model
from selfsup_engine.models.spec import check_config, spec
from selfsup_engine.runs import RunFolder


def evaluate(folder: RunFolder, data: str | None = None) -> dict[str, float]:
    """The scores of a run on the test split of a source (its own, if None), computed anew from its saved weights.

    For an autoencoder: mse on [0, 1] pixels, psnr in dB, pca_mse (as many components), mean_mse (the mean image's), and knn5
    (accuracy of the five nearest codes' vote, where labels exist).

    Raises:
        UserError: the run is not trained, or the source cannot be had.
    """
    run = folder.run
    config = check_config(run.family, run.config)
    device = pick()
    task = spec(run.family).task(config, device)
    task.model.load_state_dict(load_model(folder).state_dict())
    images = sources.load(data or run.source).fitted(config.channels, config.size).to(device.torch)
    return task.report(images).scores
