"""Every part of docs/benchmarks.md, one after another; with --write its figures are replaced.

    python -m benchmarks [--write] [--photos FOLDER] [--only exploring]

Exploring, photos and scaling take about ten minutes on a machine that does nothing else, training half an hour more.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.photos import BESIDE
from selfsup_engine.runs import ROOT

PARTS: dict[str, list[str]] = {
    "exploring": [],
    "crowd": [],
    "visitors": ["--memory"],
    "photos": [],
    "scaling": [],
    "training": [],
}
TAKES_PHOTOS = "photos", "scaling"


def main() -> None:
    """Each in a process of its own; one that fails does not keep the others from running."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="into docs/benchmarks.md")
    parser.add_argument("--photos", type=Path, default=BESIDE, help="a folder of large photos")
    parser.add_argument("--only", action="append", choices=PARTS)
    wanted = parser.parse_args()
    failed = []
    for name in wanted.only or PARTS:
        command = [sys.executable, "-m", f"benchmarks.{name}", *PARTS[name], *["--write"] * wanted.write]
        command += ["--photos", str(wanted.photos)] if name in TAKES_PHOTOS else []
        print(f"\n# {name}", flush=True)
        began = time.perf_counter()
        failed += [name] * bool(subprocess.run(command, cwd=ROOT, check=False).returncode)
        print(f"\n{name} took {time.perf_counter() - began:.0f} s", flush=True)
    if failed:
        sys.exit(f"These broke off: {', '.join(failed)}.")


if __name__ == "__main__":
    main()
