"""A small made-up stream of borrowers, scored and labelled month by month as the fold does it.

The books are invented by seed, only to test mechanics: no figure from here says anything about real loans.
"""

from __future__ import annotations

import datetime as dt
import random
from typing import NamedTuple

from streams.events.outputs import LabelMatured
from streams.learning.learner import Learner
from streams.risk import model
from streams.risk.heads import HEADS, Weights
from streams.risk.inputs import Period, Standing

FIRST_DAY = dt.date(2024, 1, 1).toordinal()
HORIZON = 90


class Row(NamedTuple):
    """One month-end of one borrower, with what became of it."""

    borrower_id: str
    day: int
    observation: bytes
    days_past_due: int
    outcome: bool


def rows(months: int = 14, borrowers: int = 60, seed: int = 1) -> list[Row]:
    """Borrowers who each month pay or not, with a rate of their own; 3 months unpaid are a default."""
    found = []
    for number in range(borrowers):
        chance = random.Random(seed * 1_000 + number)
        missing_rate = chance.choice([0.02, 0.1, 0.6])
        paid = [chance.random() > missing_rate for _ in range(months + 3)]
        owed = [sum(not each for each in paid[: month + 1]) for month in range(months + 3)]
        state = model.new_state()
        for month in range(months):
            day = FIRST_DAY + 30 * (month + 1)
            unmet = min(owed[month], 3)
            past_due = 1 + 30 * (unmet - 1) if unmet else 0
            model.observe(state, Period(day - 1, 100, 100 if paid[month] else 0, 100 * unmet, past_due))
            standing = Standing(
                as_of=day, days_past_due=past_due, installment_minor=100, arrears_minor=100 * unmet, cadence_days=30
            )
            outcome = not any(paid[month + 1 : month + 4])
            inputs = model.kept_inputs(model.assess(state, standing, model.prior_weights()))
            found.append(Row(f"B{number}", day, inputs, past_due, outcome))
    return sorted(found, key=lambda row: (row.day, row.borrower_id))


def label(row: Row, weights: Weights, head: str = HEADS[0], matured: int | None = None) -> LabelMatured:
    """The label of one row, with the probability of then."""
    ppm = model.score_inputs(row.observation, weights).ppm[HEADS.index(head)]
    return LabelMatured(
        borrower_id=row.borrower_id,
        observed_on=dt.date.fromordinal(row.day),
        matured_on=dt.date.fromordinal(matured or row.day + HORIZON),
        head=head,
        outcome=row.outcome,
        probability_ppm=ppm,
        model_version=weights.version,
        observation=row.observation,
    )


def run(stream: list[Row], horizon: int = HORIZON) -> tuple[list[int], Learner]:
    """Score each month with what had matured by then; returns the scores in order of the rows, and the learner."""
    learner, weights, waiting, scores = Learner(), model.prior_weights(), list[LabelMatured](), list[int]()
    for day in sorted({row.day for row in stream}):
        ready = [each for each in waiting if each.matured_on.toordinal() <= day]
        waiting = [each for each in waiting if each.matured_on.toordinal() > day]
        if ready:
            weights, _ = learner.learn_day(dt.date.fromordinal(day), ready)
        for row in (row for row in stream if row.day == day):
            scores.append(model.score_inputs(row.observation, weights).default_ppm)
            waiting.append(label(row, weights, matured=row.day + horizon))
    return scores, learner
