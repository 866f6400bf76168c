"""The families of models, one file each. `spec.py` says what a family is."""
