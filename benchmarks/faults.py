"""What a kill costs: workers, servers and both are killed at random moments of training, over and over, and what is left is checked.

    python -m benchmarks.faults [--rounds 50] [--pairs 10] [--app 3] [--seed 0] [--steps 4000]

`--pairs`: how many further rounds two servers share the library, of which one, or both, are killed. `--app`: how many further rounds go through the real Streamlit server, with a browser (needs Chromium). Prints what was killed when, and
what became of it; ends with an error at the first file that cannot be read, model that is not the one of an undisturbed training,
file or process that is left over.
"""

import argparse
import contextlib
import hashlib
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
from PIL import Image
from safetensors.numpy import load_file

from benchmarks.fault_servers import PATIENCE, AppServer, QueueServer
from selfsup_engine import events, files
from selfsup_engine.models.spec import preset_config
from selfsup_engine.runs import Budget, Library, Run, RunFolder
from selfsup_engine.training.jobs import Jobs
from selfsup_engine.training.launcher import process_of
from selfsup_engine.training.worker import worker_of

VICTIMS = ("worker", "server", "both")
MOMENTS = ("any", "state", "snapshots", "previews", "model", "line")
"""When to kill: at any moment, or while files are written: the state, snapshots, previews, the finished model, the waiting line."""
KEPT = ("weights.safetensors", "exhibit.safetensors", "cover.png")
WAITING = 2  # runs that are not done yet, at all times


class NoLauncher:
    """Starts nothing: for whoever only asks."""

    def warm(self) -> None:
        """Nothing."""

    def start(self, folder: Path) -> str:
        """Nothing."""
        return ""

    def alive(self, handle: str) -> bool:
        """Whatever the real one says."""
        return process_of(handle) is not None

    def end(self, handle: str) -> str:
        """Nothing."""
        return ""

    def close(self) -> None:
        """Nothing."""


def wait(until: Callable[[], bool], what: str, seconds: float = PATIENCE) -> float:
    """Waits for something, and gives the seconds that it took."""
    began = time.monotonic()
    while not until():
        assert time.monotonic() - began < seconds, f"this did not happen: {what}"
        time.sleep(0.02)
    return time.monotonic() - began


def small_run(steps: int) -> Run:
    """The same small autoencoder of the digits each time: it trains a thousand steps a second."""
    config = preset_config("autoencoder", "mlp", {"widths": (32, 16), "batch": 64})[1].model_dump(mode="json")
    return Run(
        family="autoencoder", preset="mlp", source="digits", config=config, budget=Budget(steps=steps), title="small"
    )


class Trial:
    """Rounds of killing over one library."""

    def __init__(self, place: Path, steps: int, seed: int, start: Callable[[Path], QueueServer], servers: int) -> None:
        self.library = Library(place, place / "no-gallery")
        self.steps, self.start, self.random = steps, start, random.Random(seed)
        self.runs: list[RunFolder] = []
        self.said: Counter[str] = Counter()
        self.longest_orphan = 0.0
        self.children: set[psutil.Process] = set()
        self.servers = [start(self.library.root) for _ in range(servers)]
        with self.asking() as jobs:
            first = jobs.start(small_run(steps))
        self.settled(first, "done")
        self.wanted = {name: digest(first.file(name)) for name in KEPT}

    @contextlib.contextmanager
    def asking(self) -> Iterator[Jobs]:
        """Another server on the library, which never trains."""
        jobs = Jobs(self.library, NoLauncher())
        jobs.close()
        yield jobs

    def settled(self, folder: RunFolder, *states: str) -> str:
        """Waits until a run is in one of some states; gives it."""
        wait(lambda: folder.status().state in states, f"{folder.name} {folder.status()} becomes {states}")
        return folder.status().state

    def unfinished(self) -> list[RunFolder]:
        """Runs that are still to come to their end."""
        return [folder for folder in self.runs if folder.status().state != "done"]

    def round(self) -> None:
        """Kills once, starts again what was killed, and looks at everything."""
        with self.asking() as jobs:
            while len(self.unfinished()) < WAITING:
                self.runs.append(jobs.start(small_run(self.steps)))
        victim, moment = self.random.choice(VICTIMS), self.random.choice(MOMENTS)
        hit = self.await_moment(moment)
        killed = self.kill(victim)
        self.said[f"killed {victim}"] += 1
        self.said[f"while {hit}"] += 1
        half = self.asides()
        self.said["half-written files left behind"] += len(half)
        if killed:
            if self.random.random() < 0.5:  # otherwise the next server meets what is left of the last one
                self.no_orphans()
            self.servers += [self.start(self.library.root) for _ in killed]
        for folder in self.unfinished():
            with self.asking() as jobs:
                if self.settled(folder, "queued", "loading", "running", "finishing", "failed", "done") == "failed":
                    reason = folder.status().message
                    assert "Resume goes on" in reason, reason
                    self.said[f"marked: {reason.split(' ', 3)[3].partition('.')[0]}"] += 1
                    jobs.resume(folder)
        if len(killed) == len(self.servers):
            wait(lambda: not any(path.exists() for path in half), f"{half} are cleared away")
        self.check()

    def await_moment(self, moment: str) -> str:
        """Waits for a moment of the run that trains; gives what happened at it."""
        give_up = time.monotonic() + 10
        wait(lambda: any(process_of(worker_of(folder)) for folder in self.unfinished()), "a run trains")
        if moment == "any":
            time.sleep(self.random.uniform(0, 8))
            return "anything"
        places = [self.library.root] if moment == "line" else [folder.path for folder in self.unfinished()]
        names = {
            "state": ".state.",
            "model": (".weights.", ".exhibit.", ".cover.", ".run.json."),
            "line": ".line.json.",
        }
        below = moment if moment in ("snapshots", "previews") else ""
        while time.monotonic() < give_up and self.unfinished():
            for place in places:
                with contextlib.suppress(OSError):
                    for path in (place / below).iterdir():
                        if path.name.startswith(names.get(moment, ".")) and files.ASIDE.fullmatch(path.name):
                            return f"writing {moment}"
        return "anything"

    def kill(self, victim: str) -> list[QueueServer]:
        """SIGKILL to a worker, to one of the servers, or to all of both at once; gives the servers that it ended."""
        servers = {"worker": [], "server": [self.random.choice(self.servers)], "both": list(self.servers)}[victim]
        self.children = {child for server in servers for child in psutil.Process(server.pid).children(recursive=True)}
        workers = [process_of(worker_of(folder)) for folder in self.unfinished()]
        for server in servers:
            psutil.Process(server.pid).suspend()  # it sees nothing of what ends the worker
        if victim != "server":
            for worker in filter(None, workers):
                with contextlib.suppress(psutil.NoSuchProcess):
                    worker.send_signal(signal.SIGKILL)
        for server in servers:
            server.kill()
            self.servers.remove(server)
        return servers

    def no_orphans(self) -> None:
        """What a killed server had started ends by itself."""
        took = wait(lambda: not any(child.is_running() for child in self.children), f"{self.children} end")
        self.longest_orphan = max(self.longest_orphan, took)

    def asides(self) -> list[Path]:
        """Files that have not taken their place."""
        return [path for path in self.library.root.rglob(".*") if files.ASIDE.fullmatch(path.name)]

    def check(self) -> None:
        """Every file can be read, and every model is the one of an undisturbed training."""
        for path in self.library.root.rglob("*"):
            if files.ASIDE.fullmatch(path.name):
                continue
            with contextlib.suppress(FileNotFoundError):
                if path.suffix == ".safetensors":
                    load_file(path)
                elif path.suffix == ".png":
                    Image.open(path).load()
        for folder in [RunFolder(path.parent) for path in self.library.root.glob("[!.]*/run.json")]:
            assert folder.run.title == "small"
            if folder.usable:
                found = {name: digest(folder.file(name)) for name in KEPT}
                assert found == self.wanted, f"{folder.name} has another model"
            if folder.status().state == "done":
                assert folder.usable
                result = folder.run.result
                assert result is not None
                assert result.weights == self.wanted["weights.safetensors"][:16]
                assert result.steps == self.steps

    def end(self) -> None:
        """Lets all runs come to their end, and the server too; nothing is left over."""
        for folder in self.runs:
            while self.settled(folder, "done", "failed") == "failed":
                with self.asking() as jobs:
                    jobs.resume(folder)
        self.check()
        self.no_orphans()
        for server in self.servers:
            self.children = set(psutil.Process(server.pid).children(recursive=True))
            server.close()
            self.no_orphans()
        files.sweep(self.library.root)
        assert self.asides() == []
        again = [sum(isinstance(e, events.Started) for e in folder.history()) for folder in self.runs]
        self.said["runs that came to their end, each with the model of an undisturbed training"] = len(self.runs)
        self.said["beginnings of training that their events still tell"] = sum(again)


def digest(path: Path) -> str:
    """The SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def trial(
    rounds: int, seed: int, steps: int, start: Callable[[Path], QueueServer] = QueueServer, servers: int = 1
) -> Trial:
    """Some rounds over a library of their own, and the end."""
    with tempfile.TemporaryDirectory() as place:
        tried = Trial(Path(place), steps, seed, start, servers)
        try:
            for number in range(rounds):
                tried.round()
                print(f"round {number + 1} of {rounds}", file=sys.stderr, flush=True)
            tried.end()
        finally:
            for server in tried.servers:
                with contextlib.suppress(psutil.NoSuchProcess):
                    for child in psutil.Process(server.pid).children(recursive=True):
                        child.kill()
                server.kill()
    return tried


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--pairs", type=int, default=10)
    parser.add_argument("--app", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=4000)
    wanted = parser.parse_args()
    kinds: list[tuple[str, int, Callable[[Path], QueueServer], int]] = [
        ("the queue alone", wanted.rounds, QueueServer, 1),
        ("two servers on one library", wanted.pairs, QueueServer, 2),
    ]
    if wanted.app:
        kinds.append(("the Streamlit server", wanted.app, AppServer, 1))
    for name, rounds, start, servers in kinds:
        if not rounds:
            continue
        tried = trial(rounds, wanted.seed, wanted.steps, start, servers)
        print(f"\n{name}: {rounds} rounds")
        for said, count in sorted(tried.said.items()):
            print(f"| {said} | {count} |")
        print(f"| seconds until the last process of a killed server had ended, at most | {tried.longest_orphan:.1f} |")


if __name__ == "__main__":
    main()
