"""Selfsup Studio's engine: train small self-supervised image models and explore them. Usable alone, from Python and its CLI."""

import os

# Threads that wait for each other must not burn the processor meanwhile: a page and a training share it. Read when torch loads.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")
