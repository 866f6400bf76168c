"""Entrances that do what none may do, to see that the harness tells."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

from selfsup_engine.errors import UserError
from tests.fuzzing.harness import MEMORY, Case


def honest(place: Path) -> Case:
    """Refuses, or does its work."""

    def case(random: Random) -> None:
        if random.random() < 0.5:
            raise UserError("This is no picture. Choose another.")

    return case


def raises(place: Path) -> Case:
    """Lets an error of the libraries through, at times."""

    def case(random: Random) -> None:
        if random.random() < 0.5:
            raise KeyError("missing")

    return case


def computes(place: Path) -> Case:
    """Never ends."""
    done = []

    def case(random: Random) -> None:
        done.append(1)
        while len(done) > 4:  # the first ones are let pass
            pass

    return case


def swells(place: Path) -> Case:
    """Takes more memory than it may."""
    done = []

    def case(random: Random) -> None:
        done.append(1)
        if len(done) == 8:
            bytearray(MEMORY + 100_000_000)

    return case


def dies(place: Path) -> Case:
    """Takes the process with it."""
    done = []

    def case(random: Random) -> None:
        done.append(1)
        if len(done) == 8:
            os._exit(3)

    return case


def tells(place: Path) -> Case:
    """Says where files lie."""

    def case(random: Random) -> None:
        raise UserError(f"{place} cannot be read.")

    return case
