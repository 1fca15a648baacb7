"""River's own AdaGrad logistic regression, learning the same labels in the same order as the champion, in the shadow.

It sees the features without hinges or segments (hinges hurt gradient descent). It is scored only on labels whose
observation is not older than the weights: a copy of the weights is kept from each day on which it learned.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from msgspec import Struct, field
from river import linear_model, optim

from streams.learning.copies import Copies, as_of, keep
from streams.risk.design import SEGMENTS, TERMS
from streams.risk.features import COUNT, NAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

LEARNING_RATE = 0.03
#: What it is called in figures, and after the version's name when it is promoted.
NAME = "adagrad"


class ChallengerState(Struct, array_like=True):
    """What is kept of it: float64 arrays, little-endian.

    `copies` are (day, intercept and weights), see `learning.copies`.
    """

    weights: bytes = b""
    squares: bytes = b""
    intercept: float = 0.0
    steps: int = 0
    copies: Copies = field(default_factory=list)


class Challenger:
    """One head's challenger."""

    def __init__(self, intercept: float, state: ChallengerState | None = None) -> None:
        self.model = linear_model.LogisticRegression(
            optimizer=optim.AdaGrad(LEARNING_RATE), intercept_init=intercept, intercept_lr=0.001
        )
        self._copies: Copies = []
        if state is not None:
            self._restore(state)

    def learn(self, day: int, inputs: Sequence[Sequence[int]], outcomes: Sequence[bool]) -> None:
        """Learn one day's labels in order, and keep a copy of the weights as of that day."""
        for row, outcome in zip(inputs, outcomes, strict=True):
            self.model.learn_one({name: value / 100 for name, value in zip(NAMES, row, strict=True) if value}, outcome)
        keep(self._copies, day, self._vector().astype("<f8").tobytes())

    def probabilities(self, observed_day: int, inputs: Sequence[Sequence[int]]) -> list[float] | None:
        """What it would have said on the day of the observation; None if it had learned nothing by then."""
        known = as_of(self._copies, observed_day)
        if known is None:
            return None
        vector = np.frombuffer(known[1], "<f8").tolist()
        weights = vector[1:]
        return [
            1 / (1 + math.exp(-max(min(_logit(vector[0], weights, row), 35.0), -35.0)))  # the logit is bounded
            for row in inputs
        ]

    def head(self) -> tuple[float, ...]:
        """Its present weights laid out as a head's: no hinges, each scorecard the same. So it can be promoted."""
        vector = self._vector().tolist()
        return (*vector, *[0.0] * (TERMS - len(vector))) * len(SEGMENTS)

    def _vector(self) -> np.ndarray:
        weights = self.model.weights
        return np.array([float(self.model.intercept), *(weights.get(name, 0.0) for name in NAMES)])

    def state(self) -> ChallengerState:
        """What to keep of it."""
        squares = self.model.optimizer.g2
        return ChallengerState(
            weights=self._vector()[1:].astype("<f8").tobytes(),
            squares=np.array([float(squares.get(name, 0.0)) for name in NAMES]).astype("<f8").tobytes(),
            intercept=float(self.model.intercept),
            steps=int(self.model.optimizer.n_iterations),
            copies=self._copies,
        )

    def _restore(self, state: ChallengerState) -> None:
        weights = np.frombuffer(state.weights, "<f8").tolist()
        squares = np.frombuffer(state.squares, "<f8").tolist()
        assert len(weights) == len(squares) == COUNT
        # River has no setter for learned weights; VectorDict is a mapping, and filling it is what learning does.
        for name, weight in zip(NAMES, weights, strict=True):
            self.model._weights[name] = weight  # noqa: SLF001
        self.model.optimizer.g2.update(zip(NAMES, squares, strict=True))
        self.model.intercept = state.intercept
        self.model.optimizer.n_iterations = state.steps
        self._copies = list(state.copies)


def _logit(intercept: float, weights: Sequence[float], row: Sequence[int]) -> float:
    return math.fsum([intercept, *(weight * value / 100 for weight, value in zip(weights, row, strict=True))])
