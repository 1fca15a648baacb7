"""The Ally used-car loans as events: 2,130 real loans, 43 months, one borrower each.

The filing gives facts by the month. What a converter must assume to tell them by the day, each with its evidence in
`docs/data.md`:

1. Days of payments are reconstructed from the interest paid, which accrues by the day (`paydays.py`). Where interest
   tells nothing, money comes on the due day. A month's money is one payment, except that one installment made up
   comes as a payment of its own, about 12 days after its due date (`narrative.py`).
2. The due day of a loan is known where it was past due when the file begins. Elsewhere it is the day that explains
   the first year's payments best (`paydays.py`).
3. A loan starts mid-life: its schedule holds what remained to be paid (`account.py`), installments overdue by then
   included, and money paid ahead by then is a payment on the first day.
4. Money meets the oldest installment first. A shortfall of at most 2 USD or 1 % moves to the last installment, with a
   new schedule. Every other shortfall is an `installment_missed` on the day after the due date.
5. Deferrals are not disclosed. Three full payments in a row that leave the arrears standing reveal one: the unmet
   installments then move behind the last one (`loan_restructured`), never before it could have been known.
6. A balance that vanishes without its payment is written off on the last day but one of its month, and so is one whose
   months end while it stands. What the car brought in is a payment on the last day, by a third party.
7. Ticks run daily from 2017-05-31 to 2020-12-31. No failed debits, contacts or promises: the filing has none.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from streams.sandbox.datasets.ally.facts import read_loans
from streams.sandbox.datasets.ally.narrative import tell
from streams.sandbox.datasets.ally.voice import SOURCE
from streams.sandbox.datasets.calendar import last_day
from streams.sandbox.datasets.eventfile import in_order, ticks

if TYPE_CHECKING:
    from streams.events.envelope import Event


def events() -> list[Event]:
    """Every event of the set, in order: a tick a day from the end of the first month to the end of the last."""
    loans = read_loans()
    first = last_day(min(loan.first_month for loan in loans))
    last_month = max(loan.months[-1].month for loan in loans)
    dates = ticks(SOURCE, dt.date.fromordinal(first), dt.date.fromordinal(last_day(last_month)))
    return in_order([*dates, *(event for loan in loans for event in tell(loan, last_month))])
