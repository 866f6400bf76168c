from __future__ import annotations

import pytest

from selfsup_engine.errors import UserError
from selfsup_engine.exploring.metrics import evaluate
from selfsup_engine.runs import RunFolder


@pytest.mark.parametrize("which", ["trained_once", "deep"])
def test_a_model_scored_anew_has_the_scores_it_was_saved_with(which: str, request: pytest.FixtureRequest) -> None:
    folder: RunFolder = request.getfixturevalue(which)
    result = folder.run.result
    assert result is not None
    assert evaluate(folder) == pytest.approx(result.scores)
    assert {"mse", "psnr", "pca_mse", "mean_mse", "knn5"} <= set(result.scores)


def test_a_model_is_scored_on_other_images_too(trained_once: RunFolder) -> None:
    result = trained_once.run.result
    assert result is not None
    other = evaluate(trained_once, "shapes:size=32,count=60")
    assert other["mse"] > 2 * result.scores["mse"]


def test_a_source_that_is_not_there_is_a_user_error(trained_once: RunFolder) -> None:
    with pytest.raises(UserError, match="There is no source"):
        evaluate(trained_once, "nothing")
