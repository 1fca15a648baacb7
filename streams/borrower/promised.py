"""Promises to pay, judged from the ledger's own payments: the one thing said to a collector that the model may know.

Rule: a promise is judged while the ledger still keeps the payments since the day it was made one by one
(`ledger.account.WINDOW_DAYS`); after that, the last judgement stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from streams.borrower.state import Borrower
from streams.collections.facts import Facts
from streams.collections.promises import Judgement, Payment, broken_count, judge, with_judgements
from streams.ledger.account import PAYMENT_WIDTH
from streams.ledger.allocation import payments_by_loan


def judge_promises(borrower: Borrower) -> None:
    """Write what the payments say today beside each promise."""
    if borrower.facts.promises:
        facts = with_judgements(borrower.facts, _judgements(borrower, borrower.business_day))
        if facts != borrower.facts:
            borrower.facts = facts


def broken_promises(borrower: Borrower, day: int) -> int:
    """Promises that were not kept by the close of a day: a feature of the model."""
    facts = borrower.facts
    if not facts.promises:
        return facts.broken_before
    return broken_count(with_judgements(facts, _judgements(borrower, day)))


def next_judgement(facts: Facts, today: int) -> int:
    """The next day on which a promise can turn out broken by time alone; 0 for none."""
    days = [promise.due_day + 1 for promise in facts.promises if not promise.result and promise.due_day >= today]
    return min(days, default=0)


def _judgements(borrower: Borrower, day: int) -> Sequence[Judgement]:
    """A promise older than the payments that the ledger keeps one by one stays as it was judged last."""
    account = borrower.account
    promises = [p for p in borrower.facts.promises if p.made_day > account.folded_through]
    if not promises:
        return ()
    payments = [
        Payment(paid[at], paid[at + 1] - paid[at + 2], loan.currency, loan.loan_id)
        for loan, paid in zip(account.loans, payments_by_loan(account), strict=True)
        for at in range(0, len(paid), PAYMENT_WIDTH)
    ]
    return judge(promises, payments, day)
