"""The risk model as the borrower fold uses it: remember, assess, keep for learning, explain.

state = new_state()
observe(state, period)                          once a due date passed
assessment = assess(state, standing, weights)   after any event
assessment.default_ppm                          drives the tier
assessment.ppm                                  all heads, in the order of `heads.HEADS`
explain(assessment, weights)                    at most four named reasons
kept_inputs(assessment)                         the bytes to learn from when the outcome is known
"""

from __future__ import annotations

from struct import Struct
from typing import TYPE_CHECKING

from msgspec import structs

from streams.risk.behavior import BehaviorState, observe
from streams.risk.features import COUNT, features
from streams.risk.heads import HEADS, Scorer, Weights, prior_weights, probability_ppm
from streams.risk.reasons import explain_inputs

if TYPE_CHECKING:
    from streams.events.outputs import Reason
    from streams.risk.inputs import Standing

__all__ = [
    "HEADS",
    "Assessment",
    "BehaviorState",
    "Weights",
    "assess",
    "copy",
    "explain",
    "inputs_of",
    "kept_inputs",
    "new_state",
    "observe",
    "prior_weights",
    "score_inputs",
]

#: Scorers of the versions in use, by the identity of their weights (kept alive here, so an id cannot be reused).
_scorers: dict[int, tuple[Weights, tuple[Scorer, ...]]] = {}
_SCORERS_MAX = 64
#: One signed byte a feature.
_kept = Struct(f"{COUNT}b")


class Assessment:
    """What the model says about a borrower as of a day. Probabilities are parts per million."""

    __slots__ = ("_ppm", "inputs", "logit", "scorers")

    def __init__(self, inputs: tuple[int, ...], scorers: tuple[Scorer, ...]) -> None:
        self.inputs = inputs
        self.scorers = scorers
        self.logit = scorers[0].logit(inputs)
        self._ppm = [probability_ppm(self.logit), -1, -1, -1]

    @property
    def default_ppm(self) -> int:
        """Default within 90 days."""
        return self._ppm[0]

    @property
    def ppm(self) -> tuple[int, ...]:
        """Every head, in the order of `heads.HEADS`."""
        return tuple([self.ppm_of(head) for head in range(len(HEADS))])

    def ppm_of(self, head: int) -> int:
        """One head, by its index in `heads.HEADS`; the longer horizons are only computed when asked for."""
        if self._ppm[head] < 0:
            self._ppm[head] = probability_ppm(self.scorers[head].logit(self.inputs))
        return self._ppm[head]


def new_state() -> BehaviorState:
    """Of a borrower of whom nothing is known yet."""
    return BehaviorState()


def copy(state: BehaviorState) -> BehaviorState:
    """An independent copy: `observe` changes its argument."""
    return structs.replace(state)


def scorers_of(weights: Weights) -> tuple[Scorer, ...]:
    """The heads of a version, ready to score; built once a version."""
    found = _scorers.get(id(weights))
    if found is not None:
        return found[1]
    scorers = next((known[1] for known in _scorers.values() if known[0] == weights), None)
    if scorers is None:
        scorers = tuple(Scorer(vector) for vector in weights.heads)
    if len(_scorers) >= _SCORERS_MAX:
        _scorers.clear()
    _scorers[id(weights)] = (weights, scorers)
    return scorers


def assess(state: BehaviorState, standing: Standing, weights: Weights) -> Assessment:
    """Score a borrower as of the standing's day."""
    return Assessment(features(state, standing), scorers_of(weights))


def kept_inputs(assessment: Assessment) -> bytes:
    """The model's inputs as bytes, one signed byte a feature: exactly what was scored."""
    return _kept.pack(*assessment.inputs)


def inputs_of(observed: bytes) -> tuple[int, ...]:
    """The inputs that `kept_inputs` encoded.

    Raises:
        ValueError: the bytes are of another release's features.
    """
    if len(observed) != COUNT:
        raise ValueError(f"An observation of {len(observed)} bytes cannot be read: this release has {COUNT} features.")
    return _kept.unpack(observed)


def score_inputs(observed: bytes, weights: Weights) -> Assessment:
    """Score a kept observation, as `assess` scored it then under the same weights."""
    return Assessment(inputs_of(observed), scorers_of(weights))


def explain(assessment: Assessment, weights: Weights, limit: int = 4, *, improving: bool = False) -> tuple[Reason, ...]:
    """The named reasons that weigh most in the default score, largest first.

    Args:
        assessment: of the borrower.
        weights: that gave it.
        limit: how many at most.
        improving: what speaks for a lower tier instead of what raises the risk.
    """
    return explain_inputs(assessment.inputs, scorers_of(weights)[0], limit, improving=improving)
