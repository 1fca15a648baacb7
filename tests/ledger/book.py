"""One borrower's account, driven with dates instead of ordinals."""

from __future__ import annotations

from typing import TYPE_CHECKING

from streams.ledger import Account, apply, closing, compact, days_past_due, derive, periods, position
from streams.ledger.outcomes import Applied, Duplicate, LateFact, Pending

if TYPE_CHECKING:
    import datetime as dt

    from streams.ledger import Derived, LedgerEvent, Period, Position
    from streams.ledger.outcomes import Outcome, Outcomes


class Book:
    """An account and what it answered."""

    def __init__(self, *events: LedgerEvent) -> None:
        self.account = Account()
        self.outcomes: list[Outcome] = []
        for event in events:
            self.take(event)

    def take(self, event: LedgerEvent, today: dt.date | None = None) -> Outcome:
        """Apply an event; `today` is the row's day if it is later than the event's business date."""
        found = apply(self.account, event, (today or event.business_date).toordinal())
        self.outcomes += found
        return found[0]

    def compact(self, today: dt.date) -> Outcomes:
        """Fold as of a day."""
        return compact(self.account, today.toordinal())

    def at(self, day: dt.date) -> Derived:
        """All that follows at the close of a day."""
        return derive(self.account, day.toordinal())

    def loan(self, day: dt.date, loan_id: str = "L1") -> Position:
        """One loan at the close of a day."""
        loan = self.account.loan(loan_id)
        assert loan is not None
        return position(self.account, loan, day.toordinal())

    def days_past_due(self, day: dt.date) -> int:
        """Contractual, the most over the loans."""
        return days_past_due(self.account, day.toordinal())

    def periods(self, after: dt.date, through: dt.date, loan_id: str = "L1") -> list[Period]:
        """Periods completed between the close of two days."""
        loan = self.account.loan(loan_id)
        assert loan is not None
        return periods(self.account, loan, after.toordinal(), through.toordinal())

    def closing(self, after: dt.date, through: dt.date, loan_id: str = "L1") -> Period | None:
        """What paying the loan off said, if it completed between the close of two days."""
        loan = self.account.loan(loan_id)
        assert loan is not None
        return closing(self.account, loan, after.toordinal(), through.toordinal())

    @property
    def clean(self) -> bool:
        """Whether every event was simply taken."""
        return all(isinstance(each, Applied | LateFact | Pending | Duplicate) for each in self.outcomes)
