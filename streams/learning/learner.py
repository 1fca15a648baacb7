"""The one learner: turns each business date's matured labels into the next version of the weights.

Rule 1: the result depends on the labels and their dates only. They are put in order here (observation day, head,
borrower), so neither partitions nor arrival order matter. Learning each label once is the caller's promise.
Rule 2: both classes of a cohort are learned together, at the horizon; the guard may keep a cohort out.
Rule 3: figures are prequential: a label is judged by the probability that was published when it was observed. While
another version is pinned, the learner's own weights of then are judged in the shadow beside it.
Rule 4: a head leans on one that learns more or sooner (`learning.priors`), as of the end of each learned day.
Rule 5: challengers learn the same labels in the same order and give figures, nothing else.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

import msgspec
import numpy as np
from msgspec import Struct

from streams.learning import level
from streams.learning.belief import Belief, BeliefState
from streams.learning.challenger import NAME as ADAGRAD
from streams.learning.challenger import Challenger, ChallengerState
from streams.learning.cohort import Cohort, cohorts, segments_of, terms_matrix
from streams.learning.copies import Copies, as_of, keep
from streams.learning.figures import LEARNER, Watch, judge, key
from streams.learning.guard import LabelGuard
from streams.learning.priors import LEANS
from streams.risk.design import LAYOUT, SEGMENTS
from streams.risk.heads import HEADS, MILLION, PRIOR_VERSION, Scorer, Weights, prior_head, probability_ppm

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.events.outputs import LabelMatured

#: Published weights are rounded, so that the last bit of a C library's `exp` does not become a new version.
DIGITS = 9


class HeadState(Struct, array_like=True):
    """One head as bytes; `beliefs` are in the order of `design.SEGMENTS`."""

    name: str
    beliefs: list[BeliefState]
    labels: int
    guard: LabelGuard
    watch: Watch
    challenger: ChallengerState
    copies: Copies = msgspec.field(default_factory=list)
    level: tuple[float, float] = (0.0, 0.0)


class LearnerState(Struct, array_like=True):
    """All heads, and the layout their vectors have."""

    layout: int
    heads: list[HeadState]


class _Layout(Struct, array_like=True):
    """As much of the state as every release can read."""

    layout: int


class _Head:
    """One head while it learns."""

    def __init__(self, name: str, *, challenged: bool = True) -> None:
        self.name = name
        self.challenged = challenged
        self.copies: Copies = []
        self.beliefs = [Belief(name) for _ in SEGMENTS]
        self.labels = 0
        self.level, self.level_variance = 0.0, level.VARIANCE.get(name, 0.0)
        self.guard = LabelGuard()
        self.watch = Watch()
        self.challenger = Challenger(prior_head(name)[0])

    def learn(self, day: int, cohort: Cohort) -> dict[str, str]:
        """Judge a cohort, and learn it unless it is quarantined; returns its figures."""
        rows = cohort.inputs.tolist()
        shadows = {LEARNER: self._own(cohort, rows)}
        if self.challenged:
            shadows[ADAGRAD] = self.challenger.probabilities(cohort.observed_day, rows)
        figures = judge(cohort, shadows, self.watch)
        positives = int(cohort.outcomes.sum())
        if not self.guard.admits(cohort.observed_day, len(cohort.outcomes), positives):
            return figures | {"quarantined": "1"}
        terms, segments = terms_matrix(cohort.inputs), segments_of(cohort.inputs)
        if self.level_variance:
            hand = self.beliefs[0].hand_logits(terms)
            self.level, self.level_variance = level.learn(self.level, self.level_variance, hand, cohort.outcomes)
        for number, belief in enumerate(self.beliefs):
            mine = segments == number
            belief.learn(terms[mine], cohort.outcomes[mine])
        if self.challenged:
            self.challenger.learn(day, rows, [outcome > 0 for outcome in cohort.outcomes.tolist()])
        self.labels += len(cohort.outcomes)
        return figures | {"quarantined": "0"}

    def _own(self, cohort: Cohort, rows: list[list[int]]) -> list[float] | None:
        """What the learner's newest version of then would have said; None if that is what was published."""
        known = as_of(self.copies, cohort.observed_day)
        version = dt.date.fromordinal(known[0]).isoformat() if known else PRIOR_VERSION
        if cohort.versions == (version,):
            return None
        scorer = Scorer(np.frombuffer(known[1], "<f8").tolist() if known else prior_head(self.name))
        return [probability_ppm(scorer.logit(row)) / MILLION for row in rows]

    def lean(self, other: _Head) -> None:
        """Move the prior's means towards what another head has learned."""
        for mine, its in zip(self.beliefs, other.beliefs, strict=True):
            mine.lean(its, self.level)

    def published(self) -> tuple[float, ...]:
        """The present means as they are published."""
        return tuple(round(float(weight), DIGITS) for belief in self.beliefs for weight in belief.mean)

    def state(self) -> HeadState:
        """As bytes."""
        return HeadState(
            name=self.name,
            beliefs=[belief.state() for belief in self.beliefs],
            labels=self.labels,
            guard=self.guard,
            watch=self.watch,
            challenger=self.challenger.state(),
            copies=self.copies,
            level=(self.level, self.level_variance),
        )

    @classmethod
    def restored(cls, state: HeadState, *, challenged: bool) -> _Head:
        """From bytes."""
        head = cls(state.name, challenged=challenged)
        head.beliefs = [Belief.restored(state.name, each) for each in state.beliefs]
        head.labels = state.labels
        head.level, head.level_variance = state.level
        head.guard, head.watch, head.copies = state.guard, state.watch, state.copies
        head.challenger = Challenger(0.0, state.challenger)
        return head


class Learner:
    """All heads. A pure function of the labels that it has been given.

    Args:
        challenged: whether the challenger learns along. It changes figures, never weights.
    """

    #: Codec version of `to_bytes`.
    VERSION = 2

    def __init__(self, *, challenged: bool = True) -> None:
        self._challenged = challenged
        self._heads = {name: _Head(name, challenged=challenged) for name in HEADS}

    def learn_day(self, day: dt.date, labels: Iterable[LabelMatured]) -> tuple[Weights, dict[str, str]]:
        """Learn one business date's labels.

        Args:
            day: the date that every journal partition has closed; names the version.
            labels: all labels that matured by it and were not learned before, in any order.

        Returns:
            The next version, and its provenance: the figures of each cohort, `<head>@<month-end>.<line>.<figure>` (see
            `learning.figures`; `learning.health` reads them), and `<head>.learned`, all labels so far.

        Raises:
            ValueError: a label names an unknown head, or its observation is of another release.
        """
        figures: dict[str, str] = {}
        for cohort in cohorts(labels):
            head = self._heads.get(cohort.head)
            if head is None:
                raise ValueError(f"A label names the head {cohort.head!r}; this release learns {sorted(self._heads)}.")
            found = head.learn(day.toordinal(), cohort)
            figures |= {key(cohort.head, cohort.observed_day, name): value for name, value in found.items()}
            figures[f"{cohort.head}.learned"] = str(head.labels)
        for name, lean in LEANS.items():
            self._heads[name].lean(self._heads[lean.on])
        weights = self.weights(day)
        for name, vector in zip(HEADS, weights.heads, strict=True):
            keep(self._heads[name].copies, day.toordinal(), np.array(vector).astype("<f8").tobytes())
        return weights, figures

    def weights(self, day: dt.date) -> Weights:
        """The present means, as the version of this day."""
        vectors = tuple(self._heads[name].published() for name in HEADS)
        assert all(math.isfinite(weight) for vector in vectors for weight in vector)
        return Weights(day.isoformat(), day.toordinal(), vectors)

    def challenger_weights(self) -> Weights:
        """The challenger's present weights as a version, named after the last learned day: how a person may promote it."""
        copies = self._heads[HEADS[0]].copies
        day = dt.date.fromordinal(copies[-1][0]) if copies else dt.date(1970, 1, 1)
        vectors = tuple(
            tuple(round(weight, DIGITS) for weight in self._heads[name].challenger.head()) for name in HEADS
        )
        return Weights(f"{day.isoformat()}.{ADAGRAD}", day.toordinal(), vectors)

    def quarantined(self) -> dict[str, tuple[int, ...]]:
        """Observation days (ordinal) that were not learned, by head."""
        return {name: tuple(head.guard.quarantined) for name, head in self._heads.items()}

    def to_bytes(self) -> bytes:
        """Everything, exactly; `from_bytes` goes on as this one would."""
        return msgspec.msgpack.encode(LearnerState(LAYOUT, [self._heads[name].state() for name in HEADS]))

    @classmethod
    def from_bytes(cls, body: bytes, *, challenged: bool = True) -> Learner:
        """Read back what `to_bytes` gave.

        Raises:
            ValueError: the state is of another layout of features. Replay the labels with this release.
        """
        layout = msgspec.msgpack.decode(body, type=_Layout).layout
        if layout != LAYOUT:
            raise ValueError(
                f"The learner's state has layout {layout}, this release {LAYOUT}: replay the labels topic."
            )
        state = msgspec.msgpack.decode(body, type=LearnerState)
        learner = cls(challenged=challenged)
        learner._heads = {head.name: _Head.restored(head, challenged=challenged) for head in state.heads}
        return learner
