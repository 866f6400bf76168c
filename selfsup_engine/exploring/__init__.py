"""Exploring: what can be done with a trained model. Sees only what was saved, never a module in training."""
