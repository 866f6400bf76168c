"""Power laws: how something grows, as an exponent with its error, by least squares on logarithms."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Power:
    """y = factor * x ** exponent; error: the exponent's standard error, of the scatter about the line."""

    exponent: float
    error: float
    factor: float

    def __str__(self) -> str:
        return f"{self.exponent:.2f} ± {self.error:.2f}"

    def __call__(self, x: float) -> float:
        return self.factor * x**self.exponent

    @classmethod
    def through(cls, x: Sequence[float], y: Sequence[float]) -> "Power":
        """The line through log x and log y, all above 0.

        Raises:
            ValueError: there are fewer than three points, from which no error could be told, or all have one x.
        """
        if len(x) < 3 or len(set(x)) < 2:
            raise ValueError("it takes three points at two places or more")
        along, up = np.log(np.asarray(x, float)), np.log(np.asarray(y, float))
        centred = along - along.mean()
        slope = float(centred @ up / (centred @ centred))
        left = up - up.mean() - slope * centred
        error = float(np.sqrt(left @ left / (len(x) - 2) / (centred @ centred)))
        return cls(slope, error, float(np.exp(up.mean() - slope * along.mean())))
