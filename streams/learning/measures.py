"""Learns per segment which collection measure cures most at least intrusion, with River's bandits.

Decides nothing by itself: `MeasureLearner.scores` publishes a table of integers, which becomes active through the
journal, and `streams.collections.choice.choose` picks among the measures that the gate permits. So the learner cannot
choose what is forbidden, and a replay needs no River.

Rule 1: learning is counting, so the order of outcomes does not matter and a replay gives the same scores.
Rule 2: only treated borrowers teach; the hold-out is counted for comparing (`holdout_effect`, `figures`).
Rule 3: a score is quantised to parts per million before it is compared or published.

Sources: Kaufmann, Cappe, Garivier (2012), On Bayesian upper confidence bounds for bandit problems; Horvitz, Thompson
(1952) and Swaminathan, Joachims (2015), The self-normalized estimator for counterfactual learning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping

import msgspec
from msgspec import Struct
from river import bandit
from river.bandit.base import ArmID

from streams.collections.choice import ANY_SEGMENT, HOLDOUT, PPM, MeasureScores
from streams.collections.facts import Trial
from streams.collections.terms import CONTACT_KINDS, ActionKind
from streams.collections.trials import NO_MEASURE, TrialOutcome
from streams.events.outputs import MeasureConcluded

#: What a contact costs the borrower in peace, expressed in cure rate: a visit must cure 10 percentage points more often
#: than a message to be preferred. A lender's own judgement; pass another mapping to change it.
INTRUSION_COST_PPM: Mapping[ActionKind, int] = {
    ActionKind.IM: 0,
    ActionKind.EMAIL: 0,
    ActionKind.SMS: 5_000,
    ActionKind.LETTER: 10_000,
    ActionKind.CALL: 30_000,
    ActionKind.VISIT: 100_000,
}
MEASURES = tuple(kind for kind in ActionKind if kind in CONTACT_KINDS)


#: Segments in a table, at most: those with the most experience. 1,000 take about 150 kB in the journal.
SEGMENTS_MAX = 1_000


class Tally(Struct, frozen=True, array_like=True):
    """How often a measure was followed by a cure, and how often not."""

    cured: int = 0
    not_cured: int = 0


#: How the names of segments end in which nothing is overdue: there a measure is a reminder before the due date.
EARLY = ":CURRENT"
#: Tallies per segment and measure: the learner's whole state.
Tallies = dict[str, dict[str, Tally]]


def _sum(first: Tally, second: Tally) -> Tally:
    return Tally(first.cured + second.cured, first.not_cured + second.not_cured)


def trial_of(told: MeasureConcluded) -> TrialOutcome:
    """The trial behind an outcome as `assess` told it."""
    trial = Trial(
        day=told.chosen_on.toordinal(),
        action_id=told.action_id,
        segment=told.segment,
        measure=told.measure,
        permitted=told.permitted,
        propensity_ppm=told.propensity_ppm,
        policy=told.policy,
        early=told.early,
    )
    return TrialOutcome(trial, told.cured, told.matured_on.toordinal() - 1)


class IntrusionAwareUCB(bandit.BayesUCB):
    """River's Bayes-UCB with the cost of intrusion taken off every arm's index, and no chance of its own.

    Ties go to the less intrusive measure. Works as any River policy, for example in `bandit.evaluate_offline`.

    Args:
        costs_ppm: per measure, parts per million of cure rate.
    """

    def __init__(self, costs_ppm: Mapping[ActionKind, int] = INTRUSION_COST_PPM) -> None:
        super().__init__()
        self.costs_ppm = costs_ppm

    def score_ppm(self, measure: ActionKind) -> int:
        """Optimistic cure rate of a measure less its cost, parts per million; may be negative."""
        index = float(self.compute_index(measure))
        return round(index * PPM) - self.costs_ppm.get(measure, 0)

    def _pull(self, arm_ids: list[ArmID]) -> ArmID:
        return max(
            [ActionKind(str(arm)) for arm in arm_ids],
            key=lambda arm: (self.score_ppm(arm), -self.costs_ppm.get(arm, 0)),
        )

    @property
    def n(self) -> int:
        """Outcomes learned."""
        return int(self._n)

    def restore(self, measure: ActionKind, tally: Tally) -> None:
        """Take over counts that were learned before, instead of repeating every update."""
        posterior = self._posteriors[measure]
        posterior.alpha += tally.cured
        posterior.beta += tally.not_cured
        seen = tally.cured + tally.not_cured
        self._counts[measure] += seen
        self._n += seen


class MeasureLearner:
    """The learner of one book: a policy per segment, and one over all segments for those without experience.

    Args:
        tallies: state to continue from, as `tallies()` gave it.
        costs_ppm: cost of intrusion per measure.
    """

    def __init__(
        self, tallies: Tallies | None = None, costs_ppm: Mapping[ActionKind, int] = INTRUSION_COST_PPM
    ) -> None:
        self._costs_ppm = costs_ppm
        self._tallies: Tallies = {}
        self._policies: dict[str, IntrusionAwareUCB] = {}
        for segment, measures in (tallies or {}).items():
            self._tallies[segment] = dict(measures)
            for measure, tally in measures.items():
                if measure != NO_MEASURE:
                    self._policy(segment).restore(ActionKind(measure), tally)

    def learn(self, outcome: TrialOutcome) -> None:
        """Learn from one matured trial; a withheld one is counted and teaches nothing."""
        trial = outcome.trial
        if trial.measure != NO_MEASURE and trial.measure not in CONTACT_KINDS:
            return
        for segment in (trial.segment, ANY_SEGMENT):
            if trial.measure != NO_MEASURE:
                self._policy(segment).update(ActionKind(trial.measure), outcome.cured)
            tally = self._tallies.setdefault(segment, {}).get(trial.measure, Tally())
            self._tallies[segment][trial.measure] = Tally(
                tally.cured + outcome.cured, tally.not_cured + (not outcome.cured)
            )

    def scores(self, version: str) -> MeasureScores:
        """The table to publish; `version` is recorded with every choice made from it."""
        known = sorted(self._policies, key=lambda segment: (-self._policies[segment].n, segment))[:SEGMENTS_MAX]
        scores = {
            segment: {str(measure): self._policies[segment].score_ppm(measure) for measure in MEASURES}
            for segment in sorted(known)
        }
        return MeasureScores(version, scores)

    def tallies(self) -> Tallies:
        """The whole state: what was learned, as counts."""
        return {segment: dict(measures) for segment, measures in sorted(self._tallies.items())}

    def figures(self) -> dict[str, str]:
        """What the table rests on: outcomes and cures, and early reminders against the untreated hold-out."""
        book = self._tallies.get(ANY_SEGMENT, {})
        treated = Tally()
        for measure, tally in book.items():
            treated = treated if measure == NO_MEASURE else _sum(treated, tally)
        early = [measures for segment, measures in self._tallies.items() if segment.endswith(EARLY)]
        reminded, withheld = Tally(), Tally()
        for measures in early:
            for measure, tally in measures.items():
                if measure == NO_MEASURE:
                    withheld = _sum(withheld, tally)
                else:
                    reminded = _sum(reminded, tally)
        groups = {"treated": treated, "reminded_early": reminded, "withheld": withheld}
        return {
            f"{name}.{count}": str(number)
            for name, tally in groups.items()
            for count, number in (("outcomes", tally.cured + tally.not_cured), ("cured", tally.cured))
        }

    def to_bytes(self) -> bytes:
        """The whole state."""
        return msgspec.msgpack.encode(self.tallies(), order="sorted")

    @classmethod
    def from_bytes(cls, body: bytes) -> MeasureLearner:
        """Read back what `to_bytes` gave."""
        return cls(msgspec.msgpack.decode(body, type=Tallies))

    def _policy(self, segment: str) -> IntrusionAwareUCB:
        if segment not in self._policies:
            self._policies[segment] = IntrusionAwareUCB(self._costs_ppm)
        return self._policies[segment]


class Estimate(Struct, frozen=True):
    """An estimated cure rate.

    Attributes:
        value: between 0 and 1 (the plain estimator may exceed 1 on few observations).
        standard_error: of `value`.
        self_normalized: the same with weights normed to their sum: less variance, a little bias.
        self_normalized_error: its standard error, by the delta method (Owen 2013, Monte Carlo theory, section 9.2).
        effective_count: how many observations the weights are worth; distrust the estimate when it is small.
        count: observations used.
    """

    value: float
    standard_error: float
    self_normalized: float
    self_normalized_error: float
    effective_count: float
    count: int


TargetPolicy = Callable[[str, tuple[str, ...]], str]


def ips_estimate(outcomes: Iterable[TrialOutcome], target: TargetPolicy) -> Estimate:
    """The cure rate another policy would have had, by inverse propensity scoring over the log.

    Unbiased only where every measure the target picks had a chance in the log: choices made in fixed order (propensity
    1) say nothing about other measures. Measures outside `permitted` do not count as picked.

    Args:
        outcomes: the log; the hold-out is left out of account.
        target: from segment and permitted measures to the measure it would choose.

    Raises:
        ValueError: there is no observation; collect outcomes with exploration on first.
    """
    logged = [outcome for outcome in outcomes if outcome.trial.policy != HOLDOUT]
    if not logged:
        raise ValueError("No outcomes to evaluate on: let the plan run with the bandit on and a floor of exploration.")
    weights = [_weight(outcome, target) for outcome in logged]
    terms = [weight * outcome.cured for weight, outcome in zip(weights, logged, strict=True)]
    count, total = len(logged), math.fsum(weights)
    value = math.fsum(terms) / count
    variance = math.fsum((term - value) ** 2 for term in terms) / max(count - 1, 1)
    squares = math.fsum(weight * weight for weight in weights)
    normed = math.fsum(terms) / total if total else 0.0
    spread = math.fsum((term - weight * normed) ** 2 for term, weight in zip(terms, weights, strict=True))
    return Estimate(
        value=value,
        standard_error=math.sqrt(variance / count),
        self_normalized=normed,
        self_normalized_error=math.sqrt(spread) / total if total else 0.0,
        effective_count=total * total / squares if squares else 0.0,
        count=count,
    )


def _weight(outcome: TrialOutcome, target: TargetPolicy) -> float:
    trial = outcome.trial
    return PPM / trial.propensity_ppm if target(trial.segment, trial.permitted) == trial.measure else 0.0


class HoldoutEffect(Struct, frozen=True):
    """What early reminders achieved: cure rate with them less cure rate without, and its standard error."""

    difference: float
    standard_error: float
    treated: int
    withheld: int


def holdout_effect(outcomes: Iterable[TrialOutcome]) -> HoldoutEffect:
    """Compare early measures with the untreated hold-out.

    Raises:
        ValueError: one of the two groups is empty; set `holdout_ppm` in the plan and wait for outcomes.
    """
    early = [outcome for outcome in outcomes if outcome.trial.early]
    withheld = [outcome.cured for outcome in early if outcome.trial.policy == HOLDOUT]
    treated = [outcome.cured for outcome in early if outcome.trial.policy != HOLDOUT]
    if not withheld or not treated:
        raise ValueError(
            f"There are {len(treated)} treated and {len(withheld)} withheld outcomes; both groups are needed. "
            "Set holdout_ppm in the plan and let outcomes mature."
        )
    rates = [sum(group) / len(group) for group in (treated, withheld)]
    spread = [rate * (1 - rate) / len(group) for rate, group in zip(rates, (treated, withheld), strict=True)]
    return HoldoutEffect(rates[0] - rates[1], math.sqrt(sum(spread)), len(treated), len(withheld))
