"""Loans, installments, the allocation of payments and days past due: pure folds.

State: `Account` (all loans of one borrower; a msgspec struct, encode it with msgspec.msgpack). Days are ordinals.

    apply(account, event, today) -> Outcomes      any event of topics loans, payments, missed-installments; `today` is
                                                  the row's business day after it has advanced to the event's
    compact(account, today) -> Outcomes           fold facts older than WINDOW_DAYS into the base; cheap if none
    derive(account, day, broken_promises=0) -> Derived   all in one pass: standing, positions, bucket, wake_day
    standing(account, day, broken_promises=0) -> Standing
    position(account, loan, day) -> Position      one loan: the three counters, arrears, bucket, where the money went
    periods(account, loan, after_day, through_day) -> list[Period]
                                                  due dates with after_day < due day + 1 <= through_day
    closing(account, loan, after_day, through_day) -> Period | None
                                                  what paying the loan off says, if it closed on such a day
    days_past_due(account, day), arrears(account, day), wake_after(account, day) -> int
    bucket(days_past_due) -> int                  M0 to M4

Outcomes (streams.ledger.outcomes): Applied, LateFact(from_day), Pending, Duplicate, Refused, Quarantined, Disagreement.
"""

from streams.ledger.account import WINDOW_DAYS, Account, Loan
from streams.ledger.allocation import ALLOCATION_RULE
from streams.ledger.apply import LedgerEvent, apply
from streams.ledger.closing import closing
from streams.ledger.compact import compact
from streams.ledger.derive import Derived, arrears, days_past_due, derive, position, standing, wake_after
from streams.ledger.facts import Period, Position, Standing, bucket
from streams.ledger.history import periods

__all__ = [
    "ALLOCATION_RULE",
    "WINDOW_DAYS",
    "Account",
    "Derived",
    "LedgerEvent",
    "Loan",
    "Period",
    "Position",
    "Standing",
    "apply",
    "arrears",
    "bucket",
    "closing",
    "compact",
    "days_past_due",
    "derive",
    "periods",
    "position",
    "standing",
    "wake_after",
]
