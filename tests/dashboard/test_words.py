"""Numbers, units and titles as all pages say them."""

from __future__ import annotations

import pytest

from dashboard import words
from selfsup_engine.events import State
from selfsup_engine.runs import RunFolder


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-3, "0 s"),
        (0.2, "0 s"),
        (12, "12 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3599, "59 min 59 s"),
        (3600, "1 h 0 min"),
        (7500, "2 h 5 min"),
        (7 * 86_400, "168 h 0 min"),
    ],
)
def test_durations(seconds: float, said: str) -> None:
    assert words.duration(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (1536, "1.5 kB"),
        (123_456, "123 kB"),
        (1_000_000, "1.0 MB"),
        (260_000_000, "260 MB"),
        (2_700_000_000, "2.7 GB"),
        (5_000_000_000_000, "5000.0 GB"),
    ],
)
def test_sizes(count: float, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0, "0"), (1234, "1,234"), (999_999, "999,999"), (1_133_586, "1.1 M"), (2.5e9, "2500.0 M")]
)
def test_numbers(count: float, said: str) -> None:
    assert words.number(count) == said


def test_every_state_has_a_word() -> None:
    assert set(words.STATES) == set(State.__args__)  # type: ignore[attr-defined]
    assert len(set(words.STATES.values())) == len(words.STATES)


def test_a_source_that_is_gone_keeps_its_own_name() -> None:
    assert words.source_title("fashion-mnist") == "Fashion-MNIST"
    assert words.source_title("upload:0123456789abcdef") == "upload"
    assert words.source_title("npz:gone/noto_emoji.npz") == "noto emoji"
    assert words.source_title("patches:gone?side=256") == "patches of photos"
    assert words.source_title("nonsense") == "nonsense"


def test_a_run_is_called_by_its_title_or_by_what_it_is(trained: RunFolder) -> None:
    assert words.title(trained).startswith("Shapes")
    assert words.title(trained).endswith(", 2 numbers, mlp")
    trained.save(trained.run.model_copy(update={"title": "My best"}))
    assert words.title(trained) == "My best"


def test_an_error_stands_beside_its_baseline(trained: RunFolder) -> None:
    result = trained.run.result
    assert result is not None
    said = words.one_line(trained)
    assert f"{result.scores['mse']:.4f}" in said
    assert f"{result.scores['pca_mse']:.4f}" in said
    trained.save(trained.run.model_copy(update={"result": None}))
    assert words.one_line(trained) == words.source_title(trained.run.source)


def test_a_model_without_a_baseline_is_still_described(trained: RunFolder) -> None:
    result = trained.run.result
    assert result is not None
    bare = result.model_copy(update={"scores": {"mse": 0.05}})  # as in a file that somebody uploads
    trained.save(trained.run.model_copy(update={"result": bare}))
    assert words.one_line(trained)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a run-1: 2, well.", "a run-1: 2, well."),
        ("![x](y)", r"\!\[x\](y)"),
        ("<b>`c`*d*_e_", r"\<b\>\`c\`\*d\*\_e\_"),
        (":red[x] :smile:", r"\:red\[x\] \:smile\:"),
        ("https://x.org WWW.x.org me@x.org", "https\\:/\u2060/x.org WWW\u2060.x.org me\u2060@x.org"),
    ],
)
def test_text_of_somebody_elses_stays_text_where_markdown_is_read(text: str, shown: str) -> None:
    assert words.plain(text) == shown
