"""The command line: `python -m selfsup_engine COMMAND`. With --json a command prints one JSON object and nothing else."""

import signal
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import click

from selfsup_engine import cli_drawing, cli_photo, events, files
from selfsup_engine.cli_base import Commands, Json, as_json, parse_fields, say, table
from selfsup_engine.errors import UserError, in_words
from selfsup_engine.runs import Budget, Library, Run, RunFolder, open_folder, runs_root


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
def main() -> None:
    """Train small self-supervised image models, and explore them."""


def watch(folder: RunFolder, as_json: bool) -> None:
    """Trains a run here, with a progress bar; Ctrl-C stops it and keeps the model."""
    from selfsup_engine.training.worker import claimed

    soon = time.monotonic() + 1  # a server that looks at the run holds its lock for a moment
    with files.told(folder.path), claimed(folder, wait=lambda: time.monotonic() < soon) as mine:
        if not mine:
            raise UserError(f"{folder.name} is being trained already, by another process. Pause it there first.")
        _train(folder, as_json)


def _train(folder: RunFolder, as_json: bool) -> None:
    from selfsup_engine.training.loop import train
    from selfsup_engine.training.worker import CONTROL, recorded, wish_or_end

    folder.file(CONTROL).unlink(missing_ok=True)
    interrupted: list[int] = []
    signal.signal(signal.SIGINT, lambda number, frame: interrupted.append(number))
    with click.progressbar(length=1000, label=folder.name, file=sys.stderr, show_eta=False, hidden=as_json) as bar:
        shown = 0
        for event in recorded(folder, train(folder, lambda: "stop" if interrupted else wish_or_end(folder))):
            match event:
                case events.Loading():
                    bar.label = event.message
                    bar.render_progress()
                case events.Metrics():
                    loss = "  ".join(f"{name} {value:.4f}" for name, value in event.losses.items())
                    bar.label = f"step {event.step}  {loss}  {event.rate:,.0f} images/s  {event.eta:.0f} s left"
                    bar.update(int(1000 * event.progress) - shown)
                    shown = int(1000 * event.progress)
                case events.Failed():
                    raise UserError(event.reason)
                case _:
                    pass
    run = folder.run
    if folder.status().state == "paused" or run.result is None:
        say(
            {"run": str(folder.path), "state": "paused"}, as_json, lambda: [f"{folder.path} is paused; resume goes on."]
        )
        return
    facts = {
        "run": str(folder.path),
        "steps": run.result.steps,
        "seconds": run.result.seconds,
        "scores": run.result.scores,
    }
    say(facts, as_json, lambda: [f"{folder.path}", *table(run.result.scores if run.result else {})])


@main.command()
@click.argument("family")
@click.option(
    "--data",
    required=True,
    help="A source: digits, shapes, mnist, fashion-mnist, kmnist, cifar10, photos, npz:PATH, folder:PATH, patches:PATH.",
)
@click.option("--preset", help="Named settings; the family's first if left out.")
@click.option("--seconds", type=float, help="Train so long.")
@click.option("--steps", type=int, help="Train so many steps.")
@click.option("--seed", type=int, default=0, show_default=True)
@click.option(
    "--set",
    "pairs",
    multiple=True,
    metavar="FIELD=VALUE",
    help="Another value for a field; `fields FAMILY` lists them.",
)
@click.option("--title", default="", help="A name for people.")
@click.option("--out", type=click.Path(path_type=Path), help="The run's folder; in the library if left out.")
@as_json
def train(
    family: str, data: str, preset: str | None, seconds: float | None, steps: int | None, seed: int,
    pairs: tuple[str, ...], title: str, out: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """Train a model of FAMILY on a source, for 60 s if nothing else is said."""
    from pydantic import ValidationError

    from selfsup_engine import sources
    from selfsup_engine.models.spec import preset_config

    sources.info(data)
    preset, config = preset_config(family, preset, parse_fields(pairs))
    try:
        untold = steps is None and seconds is None
        budget = Budget(seconds=60) if untold else Budget(steps=steps, seconds=seconds)
        run = Run(
            family=family,
            preset=preset,
            source=data,
            config=config.model_dump(mode="json"),
            budget=budget,
            seed=seed,
            title=title,
        )
    except ValidationError as error:
        raise UserError(f"This cannot be trained: {in_words(error)}.") from error
    watch(Library().create(run, out), as_json)


@main.command()
@click.argument("run")
@as_json
def resume(run: str, as_json: bool) -> None:
    """Go on with a RUN that was paused, stopped or cut off."""
    folder = open_folder(run)
    if folder.in_gallery or not folder.resumable:
        raise UserError(f"{folder.name} cannot go on: it is done, or its training state was not kept.")
    watch(folder, as_json)


@main.command()
@click.argument("family")
@as_json
def fields(family: str, as_json: bool) -> None:
    """The settings of FAMILY, with their ranges, and its presets."""
    from selfsup_engine.models.spec import spec

    found = spec(family)
    properties = found.config.model_json_schema()["properties"]
    presets = {name: preset.config.model_dump(mode="json") for name, preset in found.presets.items()}
    lines = [
        f"{name:<14} {about.get('description', '')} Default {about.get('default')}."
        for name, about in properties.items()
    ]
    say({"fields": properties, "presets": presets}, as_json, lambda: [*lines, f"presets: {', '.join(presets)}"])


@main.command("runs")
@as_json
def list_runs(as_json: bool) -> None:
    """The library: your runs and the gallery."""
    rows: list[Json] = []
    library = Library()
    for folder in [*library.runs(), *library.shown()]:
        run, status = folder.run, folder.status()
        scores = run.result.scores if run.result else {}
        rows.append(
            {"name": folder.name, "source": run.source, "preset": run.preset, "state": status.state, "scores": scores}
        )
    lines = [
        f"{row['name']:<40} {row['state']:<8} {row['source']:<16} mse {row['scores'].get('mse', float('nan')):.4f}"
        for row in rows
    ]
    say(
        {"runs": rows},
        as_json,
        lambda: lines or ["No runs yet. Train one: python -m selfsup_engine train autoencoder --data digits"],
    )


@main.command()
@click.argument("run")
@click.option("--data", help="Another source than the one it was trained on.")
@click.option(
    "--compare", is_flag=True, help="Of a GAN: beside it what real images and simple models reach (a minute more)."
)
@as_json
def evaluate(run: str, data: str | None, compare: bool, as_json: bool) -> None:
    """Score a RUN on the test split of its source, with the linear baselines beside it."""
    from selfsup_engine.exploring import metrics

    folder = open_folder(run)
    scores = metrics.evaluate(folder, data)
    facts: Json = {"run": folder.name, "data": data or folder.run.source, **scores}
    lines = table(scores)
    if compare:
        facts["beside"] = beside = metrics.beside(folder, data)
        for name, figures in beside.items():
            lines += ["", f"{name}:", *table(figures)]
    say(facts, as_json, lambda: lines)


def installed(package: str) -> str:
    """Its version, or that it is missing: the engine does without the app's packages."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


@main.command()
@click.option(
    "--check", is_flag=True, help="End with status 1 if something is not as it must be, for a supervisor to see."
)
@as_json
def doctor(check: bool, as_json: bool) -> None:
    """What this host offers: device, memory, disk, versions, data, what a training costs, and what works."""
    from selfsup_engine import host, readiness, sources
    from selfsup_engine.device import host_facts
    from selfsup_engine.training import estimate

    packages = ("streamlit", "torchvision", "plotly", "pillow", "pydantic", "safetensors", "scikit-learn")
    facts = host_facts() | {name: installed(name) for name in packages}
    facts |= {"data root": str(sources.data_root()), "runs": str(runs_root())}
    facts |= {name: sources.at_hand(name) for name in sources.SOURCES}
    facts["disk_free_gib"] = round(host.disk_free(runs_root()) / 2**30, 1)
    library = Library()
    facts["gallery models"] = len(library.shown())
    try:
        usual = estimate.usual()
        facts["usual training"] = (
            f"{usual.seconds:.0f} s: {usual.rate:,.0f} images/s, {usual.epochs:.1f} times through "
            f"{sources.SOURCES[estimate.USUAL[1]].title}, {usual.memory_bytes / 2**20:,.0f} MiB"
        )
    except UserError as error:
        facts["usual training"] = str(error)
    checks = readiness.checks(library, sources.data_root())
    facts |= {f"{one.name} in order": one.problem or "yes" for one in checks}
    say(facts, as_json, lambda: table(facts))
    if check and any(one.problem and one.needed for one in checks):
        sys.exit(1)


for command in (*cli_drawing.COMMANDS, cli_photo.photo):
    main.add_command(command)
