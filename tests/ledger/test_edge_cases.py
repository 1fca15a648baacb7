"""The edge cases of lending that a careful engineer tests, by name; numbers refer to the domain reference."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import msgspec
import pytest

from streams.ledger import Account, arrears, bucket, derive, standing, wake_after
from streams.ledger.outcomes import Applied, LateFact
from tests.ledger.book import Book
from tests.strategies import closed, every, monthly, opened, paid, restructured, scheduled, went_back, written_off

if TYPE_CHECKING:
    from streams.ledger import LedgerEvent

D = dt.date
OPENED = D(2023, 1, 1)
DUE = [D(2023, month, 15) for month in range(2, 13)] + [D(2024, 1, 15)]


def plus(day: dt.date, days: int) -> dt.date:
    """Some days later."""
    return day + dt.timedelta(days=days)


def book(amount_minor: int = 100, grace_days: int = 0) -> Book:
    """A loan of 12 equal installments, due on the 15th from February 2023."""
    return Book(opened(OPENED, grace_days=grace_days), scheduled(OPENED, monthly(DUE[0], 12, amount_minor)))


class TestMoney:
    """Money and allocation: edge cases 1 to 8."""

    def test_one_minor_unit_short_is_overdue(self) -> None:
        """1: paying all but one cent leaves days past due as they were."""
        loan = book()
        loan.take(paid(DUE[0], 99))

        assert loan.days_past_due(plus(DUE[0], 40)) == 40
        assert loan.loan(plus(DUE[0], 1)).arrears_minor == 1

    def test_one_payment_over_three_installments(self) -> None:
        """2: paying two and a part of the third moves days past due to the third's due date, not to zero."""
        loan = book()
        loan.take(paid(plus(DUE[2], 5), 250))

        assert loan.days_past_due(plus(DUE[2], 5)) == 5
        assert loan.loan(plus(DUE[2], 5)).oldest_unmet_number == 3
        assert loan.loan(plus(DUE[2], 5)).arrears_minor == 50

    def test_two_partial_payments_of_a_day_add_up(self) -> None:
        """3: exactly the due amount."""
        loan = book()
        loan.take(paid(DUE[0], 60, "A"))
        loan.take(paid(DUE[0], 40, "B"))

        assert loan.days_past_due(plus(DUE[0], 20)) == 0
        assert loan.periods(OPENED, plus(DUE[0], 1))[0].paid_minor == 100

    def test_too_much_is_a_credit_that_pays_on_the_due_date(self) -> None:
        """4: no negative arrears; the next installment counts as met on its due day, neither early nor late."""
        loan = book()
        loan.take(paid(plus(DUE[0], -3), 230))
        before, after = loan.loan(plus(DUE[0], 1)), loan.loan(plus(DUE[2], 1))
        first, second, third = loan.periods(OPENED, plus(DUE[2], 1))

        assert (before.arrears_minor, before.allocated_minor, before.credit_minor) == (0, 200, 30)
        assert (first.lateness_days, second.lateness_days) == (-3, 0)
        assert (second.paid_minor, second.days_past_due) == (0, 0)
        assert (third.arrears_minor, third.days_past_due) == (70, 1)
        assert after.days_past_due == 1

    def test_an_early_part_and_a_payment_in_time_meet_on_the_payments_day(self) -> None:
        """4: a credit alone would meet it on the due day; the payment that completes it says when."""
        loan = book()
        loan.take(paid(DUE[0], 130, "A"))
        loan.take(paid(plus(DUE[1], -2), 70, "B"))

        assert loan.periods(DUE[0], plus(DUE[1], 1))[1].lateness_days == -2

    def test_early_repayment_of_some_does_not_hide_the_next_miss(self) -> None:
        """5: three installments ahead, the fifth is missed on its own date."""
        loan = book()
        loan.take(paid(DUE[0], 400))

        assert loan.days_past_due(plus(DUE[3], 10)) == 0
        assert loan.days_past_due(plus(DUE[4], 1)) == 1

    def test_early_repayment_of_all_leaves_nothing_due(self) -> None:
        """5: never overdue again."""
        loan = book()
        loan.take(paid(DUE[0], 1200))

        assert loan.days_past_due(plus(DUE[-1], 300)) == 0
        assert loan.loan(plus(DUE[-1], 300)).outstanding_minor == 0

    def test_money_for_no_loan_pays_the_oldest_of_three(self) -> None:
        """6: oldest due date first across loans; the rest goes to the installment that falls due next."""
        three = Book()
        for at, loan_id in enumerate(["L1", "L2", "L3"]):
            three.take(opened(OPENED, loan_id))
            three.take(scheduled(OPENED, monthly(plus(DUE[0], at), 12, 100), loan_id))
        three.take(paid(plus(DUE[0], 2), 250, "P", None))

        late = plus(DUE[0], 10)
        assert [three.loan(late, loan_id).days_past_due for loan_id in ("L1", "L2", "L3")] == [0, 0, 8]
        assert three.loan(late, "L3").arrears_minor == 50
        assert arrears(three.account, late.toordinal()) == 50
        assert standing(three.account, late.toordinal(), 2).broken_promises == 2

    def test_the_last_money_for_no_loan_counts_on_the_loan_it_closes(self) -> None:
        """6: a loan takes money on its closing day, and none after while another is open."""
        two = book()
        two.take(opened(OPENED, "L2"))
        two.take(scheduled(OPENED, monthly(D(2023, 6, 1), 3, 100), "L2"))
        two.take(closed(DUE[0]))
        two.take(paid(DUE[0], 70, "P", None))
        two.take(paid(plus(DUE[0], 1), 30, "Q", None))

        assert two.loan(plus(DUE[0], 1), "L1").allocated_minor == 70
        assert two.loan(plus(DUE[0], 1), "L2").allocated_minor == 30

    def test_money_for_no_loan_passes_by_a_loan_without_schedule(self) -> None:
        """6: nothing is due on it yet."""
        two = Book(opened(OPENED, "L0"), opened(OPENED), scheduled(OPENED, monthly(DUE[0], 12, 100)))
        two.take(paid(DUE[0], 70, "P", None))

        assert two.loan(DUE[0]).allocated_minor == 70

    def test_amounts_beyond_a_float_stay_exact(self) -> None:
        """8: above 2^53 a float would lose the last unit."""
        loan = book(10**15)
        for at, day in enumerate(DUE):
            loan.take(paid(day, 10**15 - (at == 11), f"P{at}"))

        assert loan.loan(plus(DUE[-1], 1)).arrears_minor == 1
        assert loan.loan(plus(DUE[-1], 1)).allocated_minor == 12 * 10**15 - 1

    @pytest.mark.parametrize("currency", ["JPY", "CNY", "KWD"])
    def test_minor_units_of_any_currency(self, currency: str) -> None:
        """8: the number of decimals never enters the counting."""
        money = {"amount_minor": 100, "currency": currency}
        loan = Book(opened(OPENED, principal=money), scheduled(OPENED, monthly(DUE[0], 2, 100), currency=currency))
        loan.take(paid(DUE[0], 100, amount=money))

        assert loan.clean
        assert loan.at(plus(DUE[0], 1)).currency == currency
        assert loan.days_past_due(plus(DUE[1], 1)) == 1

    def test_the_rounding_remainder_lands_on_the_last_installment(self) -> None:
        """8: 1000 in three is 333, 333, 334."""
        installments = monthly(DUE[0], 3, 333)
        installments[-1] = msgspec.structs.replace(installments[-1], amount_minor=334)
        loan = Book(opened(OPENED), scheduled(OPENED, installments), paid(DUE[0], 999))

        assert loan.loan(plus(DUE[2], 1)).arrears_minor == 1


class TestReversal:
    """Reversals and late facts: edge cases 11 to 18."""

    @pytest.mark.parametrize("later", [45, 60])
    def test_a_reversal_days_later_reopens_from_the_original_due_date(self, later: int) -> None:
        """11: ACH returns may take 60 calendar days."""
        loan = book()
        loan.take(paid(DUE[0], 100, "P"))
        on = plus(DUE[0], later)
        loan.compact(on)

        assert loan.take(went_back(on, "P")) == LateFact(DUE[0].toordinal())
        assert loan.days_past_due(on) == later

    def test_part_of_a_payment_goes_back(self) -> None:
        """12: twice; each counts once."""
        loan = book()
        loan.take(paid(DUE[0], 150, "P"))
        loan.take(went_back(plus(DUE[0], 5), "P", 50, "R1"))
        assert loan.days_past_due(plus(DUE[0], 6)) == 0
        loan.take(went_back(plus(DUE[0], 6), "P", 1, "R2"))

        assert loan.days_past_due(plus(DUE[0], 6)) == 6
        assert loan.loan(plus(DUE[0], 6)).arrears_minor == 1

    def test_a_reversal_before_its_payment_waits_for_it(self) -> None:
        """12: out of order is as in order."""
        loan = book()
        loan.take(went_back(DUE[0], "P"))
        loan.take(paid(plus(DUE[0], 1), 100, "P", value_date=DUE[0]))

        assert loan.clean
        assert loan.days_past_due(plus(DUE[0], 30)) == 30

    @pytest.mark.parametrize("named", [True, False])
    def test_a_chargeback_on_a_closed_loan_reopens_it(self, named: bool) -> None:
        """13: for a payment that named the loan, and for one that did not."""
        loan = book()
        loan.take(opened(OPENED, "L2"))
        loan.take(scheduled(OPENED, monthly(D(2024, 2, 1), 3, 100), "L2"))
        loan.take(paid(DUE[0], 1200, "P", "L1" if named else None))
        loan.take(closed(plus(DUE[0], 1)))
        assert not loan.loan(plus(DUE[0], 20)).active
        loan.take(went_back(plus(DUE[0], 50), "P"))

        assert loan.loan(plus(DUE[0], 50)).active
        assert loan.days_past_due(plus(DUE[0], 50)) == 50

    def test_a_sold_loan_stays_closed(self) -> None:
        """13, 52: the chargeback is the buyer's affair."""
        loan = book()
        loan.take(paid(DUE[0], 100, "P"))
        loan.take(closed(plus(DUE[0], 1), reason="SOLD"))
        loan.take(went_back(plus(DUE[0], 50), "P"))

        assert not loan.loan(plus(DUE[0], 50)).active

    def test_a_reversal_of_money_after_the_closing_does_not_reopen(self) -> None:
        """13: it was not what closed the loan."""
        loan = book()
        loan.take(closed(DUE[0]))
        loan.take(paid(plus(DUE[0], 9), 100, "P"))
        loan.take(went_back(plus(DUE[0], 20), "P"))

        assert not loan.loan(plus(DUE[0], 30)).active

    def test_a_backdated_payment_corrects_a_miss(self) -> None:
        """14: it says from which day; derived anew, the miss never was."""
        loan = book()
        missed = loan.periods(OPENED, plus(DUE[0], 5))
        found = loan.take(paid(plus(DUE[0], 6), 100, value_date=DUE[0]))
        corrected = loan.periods(OPENED, plus(DUE[0], 6))

        assert found == LateFact(DUE[0].toordinal())
        assert (missed[0].days_past_due, corrected[0].days_past_due) == (1, 0)
        assert loan.days_past_due(plus(DUE[0], 3)) == 0

    def test_two_corrections_cross(self) -> None:
        """17: a correction of a correction, in both orders, ends the same."""
        facts: list[LedgerEvent] = [
            paid(plus(DUE[0], 9), 100, "P", value_date=DUE[0]),
            went_back(plus(DUE[0], 9), "P"),
            paid(plus(DUE[0], 9), 100, "P2", value_date=plus(DUE[0], 2)),
        ]
        one, other = book(), book()
        for fact in facts:
            one.take(fact)
        for fact in reversed(facts):
            other.take(fact)
        on = plus(DUE[0], 20)

        assert one.clean
        assert other.clean
        assert one.at(on) == other.at(on)
        assert one.periods(OPENED, plus(DUE[1], 1))[1].lateness_days == 2

    def test_an_event_that_is_behind_the_rows_clock_is_a_late_fact(self) -> None:
        """18: a payment booked yesterday that arrives today counts from yesterday."""
        loan = book()

        assert loan.take(paid(DUE[0], 100), today=plus(DUE[0], 1)) == LateFact(DUE[0].toordinal())
        assert loan.take(paid(DUE[1], 100), today=DUE[1]) == Applied()


class TestOrder:
    """Arrival order: edge case 22."""

    def test_money_and_schedule_before_the_loan(self) -> None:
        """22: whatever comes first waits; the end is the same."""
        events: list[LedgerEvent] = [opened(OPENED), scheduled(OPENED, monthly(DUE[0], 12, 100)), paid(DUE[0], 100)]
        one, other = Book(*events), Book(*reversed(events))
        on = plus(DUE[1], 7)

        assert other.clean
        assert other.at(on) == one.at(on)
        assert other.days_past_due(on) == 7

    def test_before_the_loan_opens_nothing_is_derived(self) -> None:
        """22: a schedule alone is no debt."""
        loan = Book(scheduled(OPENED, monthly(DUE[0], 12, 100)), paid(DUE[0], 100))

        assert loan.days_past_due(plus(DUE[1], 7)) == 0
        assert loan.at(plus(DUE[1], 7)).standing.loans_active == 0
        assert loan.loan(plus(DUE[1], 7)).credit_minor == 100

    def test_a_schedule_that_comes_late(self) -> None:
        """22: an open loan without a schedule owes its principal, and nothing is due."""
        loan = Book(opened(OPENED, amount_minor=1200), paid(DUE[0], 50))
        standing = loan.at(plus(DUE[0], 9)).standing

        assert (standing.exposure_minor, standing.days_past_due, standing.next_due_day) == (1150, 0, 0)
        assert loan.take(scheduled(plus(DUE[0], 9), monthly(DUE[0], 12, 100))) == LateFact(DUE[0].toordinal())
        assert loan.days_past_due(plus(DUE[0], 9)) == 9


class TestTime:
    """Days, months and thresholds: edge cases 26 to 33."""

    def test_due_today_is_not_overdue(self) -> None:
        """26: whatever the hour anywhere, the business date decides."""
        loan = book()

        assert loan.days_past_due(DUE[0]) == 0
        assert loan.loan(DUE[0]).arrears_minor == 0
        assert loan.days_past_due(plus(DUE[0], 1)) == 1

    @pytest.mark.parametrize(
        ("days", "expected"), [(0, 0), (1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4), (360, 4), (361, 4)]
    )
    def test_bucket_edges(self, days: int, expected: int) -> None:
        """28: M1 is 1 to 30, M2 31 to 60, M3 61 to 90, M4 beyond."""
        loan = book()
        found = loan.loan(plus(DUE[0], days))

        assert bucket(days) == expected
        assert (found.days_past_due, found.bucket) == (days, expected)

    def test_inclusive_and_exclusive_counting_of_the_same_loan(self) -> None:
        """28: due 31 March; RBI's special mention 1 starts on 30 April (>= 30), Basel's "more than 30" on 1 May."""
        loan = Book(opened(OPENED), scheduled(OPENED, monthly(D(2023, 3, 31), 12, 100)))

        assert loan.days_past_due(D(2023, 4, 30)) == 30
        assert loan.loan(D(2023, 4, 30)).bucket == 1
        assert loan.loan(D(2023, 5, 1)).bucket == 2
        assert loan.days_past_due(D(2023, 5, 30)) == 60
        assert loan.days_past_due(D(2023, 6, 29)) == 90

    @pytest.mark.parametrize(("year", "expected"), [(2023, 1), (2024, 2)])
    def test_days_past_due_across_the_end_of_february(self, year: int, expected: int) -> None:
        """29: due 28 February, looked at on 1 March, in a common and in a leap year."""
        loan = Book(opened(D(2022, 12, 1)), scheduled(D(2022, 12, 1), monthly(D(year, 2, 28), 3, 100)))

        assert loan.days_past_due(D(year, 3, 1)) == expected

    def test_a_loan_opened_on_a_leap_day(self) -> None:
        """29: due on the 29th, in February 2025 on the 28th."""
        loan = Book(opened(D(2024, 2, 29)), scheduled(D(2024, 2, 29), monthly(D(2024, 3, 29), 24, 100)))
        loan.take(paid(D(2025, 1, 29), 1100))

        assert loan.days_past_due(D(2025, 2, 28)) == 0
        assert loan.days_past_due(D(2025, 3, 1)) == 1
        assert loan.at(D(2025, 3, 1)).standing.days_on_book == 366

    def test_waking_walks_through_every_change_of_missed_days(self) -> None:
        """32: the system was down for months; no state is skipped and each has its date."""
        loan = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 1, 100)))
        day, walked = DUE[0].toordinal(), []
        while day := wake_after(loan.account, day):
            walked.append((day - DUE[0].toordinal(), derive(loan.account, day).bucket))

        assert walked == [(1, 1), (30, 1), (31, 2), (60, 2), (61, 3), (90, 3), (91, 4)]

    def test_a_due_date_moved_behind_a_weekend_counts_from_there(self) -> None:
        """33: the platform's schedule is the truth about conventions."""
        saturday, monday = D(2023, 4, 15), D(2023, 4, 17)
        installments = monthly(DUE[0], 12, 100)
        installments[2] = msgspec.structs.replace(installments[2], due_date=monday)
        loan = Book(opened(OPENED), scheduled(OPENED, installments), paid(DUE[0], 200))

        assert saturday.weekday() == 5
        assert loan.days_past_due(monday) == 0
        assert loan.days_past_due(plus(monday, 1)) == 1

    def test_two_installments_on_one_day_are_one_period(self) -> None:
        """Principal and insurance due together: both must be met."""
        installments = every(0, DUE[0], 2, 50)
        loan = Book(opened(OPENED), scheduled(OPENED, installments), paid(DUE[0], 60))
        (period,) = loan.periods(OPENED, plus(DUE[0], 1))

        assert (period.due_minor, period.paid_minor, period.arrears_minor, period.days_past_due) == (100, 60, 40, 1)
        assert loan.loan(OPENED).allocated_minor == 0
        assert loan.loan(plus(DUE[0], 1)).cadence_days == 0


class TestGrace:
    """Grace: edge case 36."""

    def test_grace_shifts_delinquent_and_not_the_contractual_count(self) -> None:
        """36: with 5 days of grace the bucket starts on due + 6; days past due on due + 1."""
        loan = book(grace_days=5)
        inside, beyond = loan.loan(plus(DUE[0], 5)), loan.loan(plus(DUE[0], 6))

        assert (inside.days_past_due, inside.days_past_due_adjusted, inside.bucket) == (5, 0, 0)
        assert (beyond.days_past_due, beyond.days_past_due_adjusted, beyond.bucket) == (6, 1, 1)
        assert wake_after(loan.account, plus(DUE[0], 1).toordinal()) == plus(DUE[0], 6).toordinal()

    def test_paying_inside_grace_is_never_delinquent_but_late(self) -> None:
        """36: the lateness is seen by the trend."""
        loan = book(grace_days=5)
        loan.take(paid(plus(DUE[0], 4), 100))
        loan.take(paid(plus(DUE[1], 5), 100))

        assert loan.at(plus(DUE[1], 6)).bucket == 0
        assert [each.lateness_days for each in loan.periods(DUE[0], plus(DUE[2], 1))] == [0, 4, 5]


class TestRestructure:
    """Restructure: edge cases 41 and 42."""

    def test_a_restructure_resets_the_count_and_keeps_it_as_a_fact(self) -> None:
        """41: 45 days past due become 0, and are remembered; a second restructure keeps the worse."""
        loan = book()
        on = plus(DUE[0], 45)
        loan.take(restructured(on, monthly(plus(on, 30), 12, 60)))
        first = loan.at(on).standing
        again = plus(on, 40)
        loan.take(restructured(again, monthly(plus(again, 30), 20, 40), version=3))
        second = loan.at(again).standing

        assert (first.days_past_due, first.arrears_minor, first.arrears_spell_days) == (0, 0, 0)
        assert (first.restructures, first.days_past_due_before_restructure) == (1, 45)
        assert (second.restructures, second.days_past_due_before_restructure) == (2, 45)
        assert loan.days_past_due(plus(DUE[0], 44)) == 44

    def test_money_before_a_restructure_stays_with_the_old_terms(self) -> None:
        """41: the lender's new installments already reckon with it."""
        loan = book()
        loan.take(paid(DUE[0], 40))
        on = plus(DUE[0], 10)
        loan.take(restructured(on, monthly(plus(on, 30), 4, 100)))
        late = plus(on, 31)

        assert loan.loan(late).settled_minor == 40
        assert loan.loan(late).arrears_minor == 100

    def test_a_restructure_of_the_future_waits_for_its_day(self) -> None:
        """41: the row wakes on it."""
        loan = book()
        start = plus(DUE[0], 20)
        loan.take(restructured(plus(DUE[0], 5), monthly(plus(start, 9), 4, 100), effective_on=start))

        assert loan.days_past_due(plus(start, -1)) == 19
        assert wake_after(loan.account, plus(start, -1).toordinal()) == start.toordinal()
        assert loan.days_past_due(start) == 0

    def test_a_re_age_is_reversed_by_the_original_schedule(self) -> None:
        """42: the whole old schedule, sent again under a higher version, counts from the original due dates."""
        loan = book()
        loan.take(paid(DUE[0], 100))
        on = plus(DUE[1], 40)
        loan.take(restructured(on, monthly(plus(on, 30), 12, 60)))
        found = loan.take(scheduled(plus(on, 2), monthly(DUE[0], 12, 100), version=3))
        standing = loan.at(plus(on, 2)).standing

        assert found == LateFact(DUE[0].toordinal())
        assert standing.days_past_due == 42
        assert (standing.restructures, standing.days_past_due_before_restructure) == (1, 40)
        assert loan.loan(plus(on, 2)).allocated_minor == 100

    def test_new_terms_are_corrected_without_touching_the_old(self) -> None:
        """42: a schedule that starts inside the restructure replaces only that."""
        loan = book()
        on = plus(DUE[0], 40)
        loan.take(restructured(on, monthly(plus(on, 30), 12, 60)))
        found = loan.take(scheduled(plus(on, 2), monthly(plus(on, 20), 12, 60), version=3))

        assert found == Applied()
        assert loan.loan(plus(on, 21)).days_past_due == 1
        assert loan.days_past_due(plus(on, -1)) == 39

    def test_a_higher_version_from_an_earlier_day_replaces_the_later_terms(self) -> None:
        """42: the restructure is corrected to have begun earlier."""
        loan = book()
        loan.take(restructured(plus(DUE[0], 40), monthly(plus(DUE[0], 70), 12, 60)))
        earlier = restructured(
            plus(DUE[0], 41), monthly(plus(DUE[0], 70), 12, 60), version=3, effective_on=plus(DUE[0], 10)
        )

        assert loan.take(earlier) == LateFact(plus(DUE[0], 10).toordinal())
        assert loan.at(plus(DUE[0], 41)).standing.days_past_due_before_restructure == 10
        assert loan.at(plus(DUE[0], 41)).standing.restructures == 1


class TestBorrower:
    """Several loans: edge case 45."""

    def test_three_loans_are_as_late_as_the_latest(self) -> None:
        """45: 0, 5 and 95 days past due; closing the bad one releases the borrower."""
        three = Book()
        for loan_id, first in (("L1", 100), ("L2", 95), ("L3", 5)):
            three.take(opened(OPENED, loan_id))
            three.take(scheduled(OPENED, monthly(plus(OPENED, first), 1, 100), loan_id))
        on = plus(OPENED, 100)
        before = three.at(on)
        three.take(closed(on, "L3", "SETTLED"))
        after = three.at(on)

        assert [each.days_past_due for each in before.positions] == [0, 5, 95]
        assert (before.standing.days_past_due, before.bucket) == (95, 4)
        assert (after.standing.days_past_due, after.standing.loans_active) == (5, 2)

    def test_the_spell_of_a_borrower_runs_over_loans(self) -> None:
        """Late on one loan, then on the other, without a day in between: one spell."""
        two = Book(opened(OPENED), scheduled(OPENED, monthly(DUE[0], 1, 100)))
        two.take(opened(OPENED, "L2"))
        two.take(scheduled(OPENED, monthly(plus(DUE[0], 10), 1, 100), "L2"))
        two.take(paid(plus(DUE[0], 11), 100))
        standing = two.at(plus(DUE[0], 20)).standing

        assert (standing.days_past_due, standing.arrears_spell_days) == (10, 20)

    def test_sums_are_in_the_currency_of_the_loan_that_drives(self) -> None:
        """Dollars and yen are never added."""
        yen = {"amount_minor": 5000, "currency": "JPY"}
        two = book()
        two.take(opened(OPENED, "L2", principal=yen))
        two.take(scheduled(OPENED, monthly(DUE[0], 2, 900), "L2", currency="JPY"))
        two.take(paid(DUE[0], 100))
        derived = two.at(plus(DUE[0], 3))

        assert (derived.currency, derived.standing.arrears_minor) == ("JPY", 900)
        assert derived.standing.exposure_minor == 1800

    def test_rolling_delinquency(self) -> None:
        """One installment behind for months: never above 31 days past due, yet one long spell (Reg X)."""
        loan = book()
        for due in DUE[1:8]:
            loan.take(paid(plus(due, 1), 100))
        standing = loan.at(plus(DUE[7], 1)).standing

        assert max(loan.days_past_due(plus(DUE[0], days)) for days in range(200)) == 31
        assert standing.days_past_due == 1
        assert standing.arrears_spell_days == (DUE[7] - DUE[0]).days + 1


class TestEnd:
    """Write-off, closing and after: edge cases 50 to 54."""

    def test_a_write_off_freezes_the_count(self) -> None:
        """50: no more aging; the loan is out of behavioral scoring but its claim is seen."""
        loan = book()
        on = plus(DUE[0], 120)
        loan.take(written_off(on, 900))
        found = loan.loan(plus(on, 200))

        assert (found.days_past_due, found.bucket, found.active, found.written_off) == (120, 4, False, True)
        assert (found.arrears_minor, found.wake_day) == (900, 0)
        assert loan.at(plus(on, 200)).standing.written_off

    def test_a_recovery_is_not_a_cure(self) -> None:
        """51: it lowers the claim and nothing else."""
        loan = book()
        on = plus(DUE[0], 120)
        loan.take(written_off(on, 900))
        loan.take(paid(plus(on, 10), 500))
        found = loan.loan(plus(on, 10))

        assert (found.days_past_due, found.recovered_minor, found.arrears_minor) == (120, 500, 400)
        assert found.allocated_minor == 0

    def test_money_valued_by_the_write_off_day_still_pays_installments(self) -> None:
        """51: it came before the claim was given up."""
        loan = book()
        on = plus(DUE[0], 20)
        loan.take(written_off(on, 900))
        loan.take(paid(plus(on, 3), 100, value_date=on))

        assert loan.loan(plus(on, 3)).days_past_due == 0
        assert loan.loan(plus(on, 3)).recovered_minor == 0

    def test_more_is_recovered_than_was_written_off(self) -> None:
        """53: the claim is nothing, never negative; all of the money is seen."""
        loan = book()
        loan.take(written_off(DUE[0], 900))
        loan.take(paid(plus(DUE[0], 10), 1000))
        found = loan.loan(plus(DUE[0], 10))

        assert (found.recovered_minor, found.arrears_minor, found.outstanding_minor) == (1000, 0, 0)

    @pytest.mark.parametrize("reason", ["PAID", "EARLY_REPAID", "SETTLED", "SOLD", "CANCELED"])
    def test_a_closed_loan_owes_nothing(self, reason: str) -> None:
        """52, 54: for whatever reason; a settlement for less leaves no arrears."""
        loan = book()
        loan.take(paid(plus(DUE[1], 3), 50))
        loan.take(closed(plus(DUE[1], 4), reason=reason))
        found = loan.loan(plus(DUE[1], 90))

        assert (found.days_past_due, found.arrears_minor, found.outstanding_minor, found.active) == (0, 0, 0, False)
        assert loan.periods(plus(DUE[1], 4), plus(DUE[5], 1)) == []
        assert loan.account.loans[0].closed_reason == reason

    def test_a_written_off_loan_is_sold(self) -> None:
        """52: closed after the write-off; the default stays a fact, the money stays seen."""
        loan = book()
        loan.take(paid(DUE[0], 30))
        loan.take(written_off(plus(DUE[0], 100), 900))
        loan.take(paid(plus(DUE[0], 120), 200))
        assert loan.loan(plus(DUE[0], 130)).wake_day == 0
        loan.take(closed(plus(DUE[0], 140), reason="SOLD"))
        found = loan.loan(plus(DUE[0], 150))

        assert loan.loan(plus(DUE[0], 130)).wake_day == plus(DUE[0], 140).toordinal()
        assert (found.days_past_due, found.written_off) == (0, True)
        assert (found.allocated_minor, found.recovered_minor) == (30, 200)

    def test_no_installment_falls_due_from_the_end_on(self) -> None:
        """50: the periods stop before the day of closing or write-off."""
        loan = book()
        loan.take(written_off(DUE[1], 900))

        assert [each.due_day for each in loan.periods(OPENED, plus(DUE[4], 1))] == [DUE[0].toordinal()]


def test_an_account_without_loans() -> None:
    """A borrower known only by a complaint: zeros, no currency, nothing to wake for."""
    derived = derive(Account(), OPENED.toordinal())

    assert derived.standing.loans_active == 0
    assert (derived.currency, derived.wake_day, derived.positions) == ("", 0, ())
    assert (derived.standing.days_on_book, derived.standing.amount_minor) == (0, -1)
