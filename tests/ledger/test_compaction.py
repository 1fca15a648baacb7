"""Folding what left the window: what stays, what is set aside, and how small a row is."""

from __future__ import annotations

import datetime as dt

import msgspec

from streams.ledger.account import WINDOW_DAYS
from streams.ledger.outcomes import Quarantined
from tests.ledger.book import Book
from tests.strategies import closed, failed, monthly, opened, paid, restructured, scheduled, went_back, written_off

D = dt.date
OPENED = D(2020, 1, 2)
DUE = [each.due_date for each in monthly(D(2020, 1, 15), 73, 1)]


def plus(day: dt.date, days: int) -> dt.date:
    """Some days later."""
    return day + dt.timedelta(days=days)


def car_loan(months: int) -> Book:
    """A 73-month car loan of which `months` installments were paid on time, compacted after each payment."""
    loan = Book(
        opened(
            OPENED,
            "19406600",
            1_364_918,
            installment_count=73,
            annual_rate_bps=704,
            credit_score=694,
            payment_to_income_bps=1165,
            region="FL",
        ),
        scheduled(OPENED, monthly(DUE[0], 73, 23_296), "19406600"),
    )
    for at in range(months):
        loan.take(paid(DUE[at], 23_296, f"P{at}", "19406600"))
        loan.compact(DUE[at])
    return loan


def test_a_good_loan_stays_small_however_old() -> None:
    """The row of a 73-month loan is as small after 60 payments as after 10."""
    sizes = [len(msgspec.msgpack.encode(car_loan(months).account)) for months in (10, 30, 60)]

    assert max(sizes) <= 200
    assert max(sizes) - min(sizes) <= 8


def test_only_the_window_is_kept() -> None:
    """Payments since the newest due date before the window; the rest is one sum."""
    loan = car_loan(30).account.loans[0]

    assert len(loan.payments) // 4 <= 1 + WINDOW_DAYS // 28
    assert loan.paid_minor == 23_296 * (30 - len(loan.payments) // 4)


def test_compacting_again_changes_nothing() -> None:
    """The second call has nothing to do."""
    loan = car_loan(30)
    before = msgspec.msgpack.encode(loan.account)

    assert loan.compact(DUE[29]) == ()
    assert msgspec.msgpack.encode(loan.account) == before


def test_a_reversal_inside_the_window_works_after_folding() -> None:
    """60 days later, with years in the base."""
    loan = car_loan(30)
    on = plus(DUE[27], 60)
    loan.compact(on)
    loan.take(went_back(on, "P27"))

    assert loan.days_past_due(on) == (on - DUE[28]).days  # the payment of May paid the installment of April
    assert loan.loan(on, "19406600").arrears_minor == 23_296


def test_a_period_due_on_the_windows_edge_still_comes() -> None:
    """It is complete one day later, inside the window, so its payments are kept."""
    edge = DUE[10]
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 24, 100)))
    for at in range(12):
        loan.take(paid(plus(DUE[at], -1), 100))
    before = loan.periods(edge, plus(edge, 1))
    loan.compact(plus(edge, WINDOW_DAYS))

    assert loan.account.folded_through == edge.toordinal()
    assert [(each.due_day, each.paid_minor, each.lateness_days) for each in before] == [(edge.toordinal(), 100, -1)]
    assert loan.periods(edge, plus(edge, 1)) == before


def test_the_spell_outlives_the_window() -> None:
    """A borrower late since the first month is known to be so after a year."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 24, 100)))
    for at in range(1, 13):
        loan.take(paid(plus(DUE[at], 2), 100))
        loan.compact(plus(DUE[at], 2))
    on = plus(DUE[12], 3)

    assert loan.loan(on).arrears_spell_days == (on - DUE[0]).days
    assert loan.days_past_due(on) == 3


def test_a_spell_that_began_on_a_dropped_loan_goes_on() -> None:
    """Late on a loan until it closed, late on the next from that day: one spell, though the first left the row."""
    start = plus(DUE[0], 10)
    two = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 1, 100)))
    two.take(opened(OPENED, "L2"))
    two.take(scheduled(OPENED, monthly(plus(start, -1), 1, 100), "L2"))
    two.take(closed(start, reason="SETTLED"))
    on = plus(start, WINDOW_DAYS + 1)
    before = two.at(on).standing
    two.compact(on)

    assert [each.loan_id for each in two.account.loans] == ["L2"]
    assert two.at(on).standing == before
    assert before.arrears_spell_days == (on - DUE[0]).days


def test_a_replaced_schedule_leaves_its_facts_behind() -> None:
    """The old terms go, the money on them and the days past due they ended with stay."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 24, 100)), paid(DUE[0], 70))
    on = plus(DUE[0], 40)
    loan.take(restructured(on, monthly(plus(on, 20), 12, 60)))
    loan.take(paid(plus(on, 20), 60))
    before = loan.loan(plus(on, 300))
    loan.compact(plus(on, 300))

    assert len(loan.account.loans[0].terms) == 1
    assert loan.loan(plus(on, 300)) == before
    assert (before.settled_minor, before.restructures, before.days_past_due_before_restructure) == (70, 1, 40)


def test_a_restructure_of_a_loan_without_schedule_keeps_earlier_money_apart() -> None:
    """The first terms known begin with the restructure; what came before does not count on them."""
    loan = Book(opened(OPENED), paid(DUE[0], 70), restructured(DUE[1], monthly(DUE[2], 12, 60)))
    assert loan.loan(plus(DUE[0], 1)).credit_minor == 70
    before = loan.loan(plus(DUE[9], 1))
    loan.compact(plus(DUE[9], 1))

    assert loan.loan(plus(DUE[9], 1)) == before
    assert (before.settled_minor, before.restructures) == (70, 1)


def test_money_before_the_first_due_date_waits_until_terms_are_known() -> None:
    """An open loan without a schedule folds nothing."""
    loan = Book(opened(OPENED), paid(DUE[0], 70))
    loan.compact(DUE[12])

    assert loan.loan(DUE[12]).credit_minor == 70
    assert loan.account.folded_through == 0


def test_a_loan_closed_long_ago_leaves_the_row() -> None:
    """A borrower of many small loans keeps a small row, and what matters about the old ones."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 3, 100)))
    loan.take(restructured(DUE[1], monthly(DUE[2], 3, 100)))
    loan.take(written_off(DUE[3], 300))
    loan.take(closed(DUE[4]))
    loan.take(opened(DUE[8], "L2"))
    loan.take(opened(DUE[8], "L3"))
    before = loan.at(DUE[9]).standing
    loan.compact(DUE[9])
    loan.compact(DUE[9])
    after = loan.at(DUE[9]).standing

    assert [each.loan_id for each in loan.account.loans] == ["L2", "L3"]
    assert after == before
    assert (after.restructures, after.written_off, after.days_on_book) == (1, True, (DUE[9] - OPENED).days)


def test_a_second_loan_dropped_keeps_the_first_opening() -> None:
    """The earliest opening counts, whichever leaves first."""
    loan = Book(opened(OPENED), opened(plus(OPENED, 5), "L2"), closed(DUE[0]), closed(DUE[0], "L2"))
    loan.compact(DUE[9])

    assert loan.account.loans == []
    assert loan.at(DUE[9]).standing.days_on_book == (DUE[9] - OPENED).days


def test_recoveries_are_folded_apart() -> None:
    """Money after the write-off stays a recovery in the base."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 12, 100)), paid(DUE[0], 30))
    loan.take(written_off(DUE[4], 900))
    loan.take(paid(plus(DUE[4], 3), 200))
    before = loan.loan(DUE[11])
    loan.compact(DUE[11])

    assert loan.account.loans[0].payments == ()
    assert loan.loan(DUE[11]) == before


def test_a_payment_split_over_loans_stays_split() -> None:
    """Old unnamed money becomes payments of its loans."""
    loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 12, 100)))
    loan.take(opened(OPENED, "L2"))
    loan.take(scheduled(OPENED, monthly(plus(DUE[0], 2), 12, 100), "L2"))
    loan.take(paid(plus(DUE[0], 5), 150, "P", None))
    loan.take(paid(DUE[7], 10, "Q", None))
    before = loan.at(DUE[8])
    loan.compact(DUE[8])

    assert [each.amount_minor for each in loan.account.pool] == [10]
    assert loan.at(DUE[8]) == before


class TestSetAside:
    """What waited for the whole window in vain is quarantined, never dropped in silence."""

    def test_a_reversal_without_payment(self) -> None:
        """Edge case 12: the payment never came."""
        loan = Book(opened(OPENED), went_back(DUE[0], "P", 7), went_back(DUE[0], "Q"))
        found = loan.compact(plus(DUE[0], WINDOW_DAYS))

        assert [each.code for each in found if isinstance(each, Quarantined)] == ["reversal_without_payment"] * 2
        assert loan.account.reversals == ()

    def test_a_matched_reversal_is_simply_forgotten(self) -> None:
        """It did what it was for."""
        loan = Book(opened(OPENED), paid(DUE[0], 7, "P"), went_back(DUE[0], "P"))

        assert loan.compact(plus(DUE[0], WINDOW_DAYS)) == ()
        assert loan.account.reversals == ()

    def test_a_loan_that_never_opened(self) -> None:
        """Edge case 22: its money is named."""
        loan = Book(scheduled(OPENED, monthly(DUE[0], 12, 100)), paid(plus(OPENED, 1), 100), opened(OPENED, "L2"))
        assert loan.compact(plus(OPENED, WINDOW_DAYS - 1)) == ()
        (found,) = loan.compact(plus(OPENED, WINDOW_DAYS))

        assert isinstance(found, Quarantined)
        assert "1 payments of 100 USD (minor units) and 1 schedules" in found.reason
        assert [each.loan_id for each in loan.account.loans] == ["L2"]

    def test_unnamed_money_that_no_loan_could_take(self) -> None:
        """The borrower had no loan on its value day."""
        loan = Book(paid(OPENED, 100, "P", None), opened(plus(OPENED, 9)))
        (found,) = loan.compact(plus(OPENED, WINDOW_DAYS))

        assert isinstance(found, Quarantined)
        assert found.code == "payment_without_loan"
        assert loan.account.pool == ()

    def test_failed_debits_are_kept_as_long_as_a_day_of_the_window_looks_back_to_them(self) -> None:
        """90 days before the window's edge."""
        loan = Book(opened(OPENED), failed(DUE[0]))
        loan.compact(plus(DUE[0], WINDOW_DAYS + 89))
        assert loan.account.failed_debits
        loan.compact(plus(DUE[0], WINDOW_DAYS + 90))

        assert loan.account.failed_debits == ()
