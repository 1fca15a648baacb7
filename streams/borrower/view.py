"""What a row means on a day: ledger, behavior and probability, all derived from its facts."""

from __future__ import annotations

from streams.borrower.promised import broken_promises
from streams.borrower.state import Borrower
from streams.ledger import closing, derive, periods
from streams.risk import model
from streams.risk.behavior import BehaviorState
from streams.risk.heads import Weights
from streams.risk.inputs import Period, Standing


class View:
    """A row as of the close of a day, under some weights."""

    __slots__ = ("assessment", "behavior", "derived", "standing")

    def __init__(self, borrower: Borrower, day: int, weights: Weights) -> None:
        self.derived = derive(borrower.account, day, broken_promises(borrower, day))
        self.standing = self.derived.standing
        self.behavior = behavior_on(borrower, day, self.standing)
        self.assessment = model.assess(self.behavior, self.standing, weights)

    @property
    def ppm(self) -> int:
        """Probability of default within 90 days, parts per million."""
        return self.assessment.default_ppm


def behavior_on(borrower: Borrower, day: int, standing: Standing) -> BehaviorState:
    """The base, and every period since; from the cache if it does not reach beyond the day."""
    if borrower.recent_through <= day:
        if _is_up_to_date(borrower, standing):  # most days: no due date has passed
            borrower.recent_through = day
            return borrower.recent
        for period in _periods(borrower, borrower.recent_through, day):
            model.observe(borrower.recent, period)
        borrower.recent_through = day
        return borrower.recent
    state = model.copy(borrower.base)
    for period in _periods(borrower, borrower.base_through, day):
        model.observe(state, period)
    return state


def _is_up_to_date(borrower: Borrower, standing: Standing) -> bool:
    """Whether no period has completed since `recent_through`; only asked where the standing tells: one running schedule."""
    loans = borrower.account.loans
    if len(loans) != 1 or standing.loans_active != 1 or len(loans[0].terms) != 1:
        return False
    return standing.next_due_day > 0 and standing.last_due_day < borrower.recent_through


def forget_recent(borrower: Borrower) -> None:
    """A late fact may have changed any period since the base: derive them again."""
    borrower.recent, borrower.recent_through = model.copy(borrower.base), borrower.base_through


def fold_base(borrower: Borrower, through_day: int) -> None:
    """Move the periods up to `through_day` into the base: nothing may correct them any more."""
    if through_day <= borrower.base_through:
        return
    for period in _periods(borrower, borrower.base_through, through_day):
        model.observe(borrower.base, period)
    borrower.base_through = through_day


def _periods(borrower: Borrower, after_day: int, through_day: int) -> list[Period]:
    account = borrower.account
    found = [p for loan in account.loans for p in periods(account, loan, after_day, through_day)]
    ends = [closing(account, loan, after_day, through_day) for loan in account.loans]
    found += [end for end in ends if end]
    found.sort(key=lambda period: period.due_day)
    return found
