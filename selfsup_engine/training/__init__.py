"""Training: the loop, what it says, and the process it runs in."""
