"""What holds for every history: against brute force, and against itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.events.loans import LoanOpened
from streams.events.payments import PaymentReceived, PaymentReversed
from streams.ledger import Account, apply, closing, compact, derive, periods, position, wake_after
from streams.ledger.outcomes import Applied, LateFact, Pending
from tests.ledger.naive import Naive
from tests.strategies import amounts, histories, paid, went_back

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.ledger import Derived, LedgerEvent
    from streams.ledger.outcomes import Outcome


def folded(events: Iterable[LedgerEvent]) -> Account:
    """The account after the events, never compacted."""
    account = Account()
    for event in events:
        apply(account, event, event.business_date.toordinal())
    return account


def ahead(events: list[LedgerEvent], days: int) -> int:
    """A day some days after the last event."""
    return events[-1].business_date.toordinal() + days


@settings(deadline=None)
@given(histories(), st.integers(0, 100))
def test_one_loan_is_as_brute_force_says(events: list[LedgerEvent], days: int) -> None:
    """Every derived figure of a running loan equals the one found installment by installment and day by day."""
    account, day = folded(events), ahead(events, days)
    naive = Naive(account, 0)

    if naive.runs(day):
        expected = naive.running(day)
        actual = msgspec.structs.asdict(position(account, account.loans[0], day))
        assert {name: actual[name] for name in expected} == expected


@settings(deadline=None)
@given(histories(loans_max=3, steps_max=12), st.integers(0, 100))
def test_several_loans_are_as_brute_force_says(events: list[LedgerEvent], days: int) -> None:
    """The same with money that names no loan, split cent by cent."""
    account, day = folded(events), ahead(events, days)

    for at, found in enumerate(derive(account, day).positions):
        naive = Naive(account, at)
        if naive.runs(day):
            expected = naive.running(day)
            actual = msgspec.structs.asdict(found)
            assert {name: actual[name] for name in expected} == expected


@settings(deadline=None)
@given(histories(loans_max=2, steps_max=15), st.integers(0, 100))
def test_periods_are_as_brute_force_says(events: list[LedgerEvent], days: int) -> None:
    """Every period of the loan's whole life."""
    account, day = folded(events), ahead(events, days)
    after = events[0].business_date.toordinal()

    for at, loan in enumerate(account.loans):
        naive = Naive(account, at)
        expected = [naive.period(due) for due in naive.period_days(after, day)]
        actual = [msgspec.structs.asdict(period) for period in periods(account, loan, after, day)]
        assert actual == expected


def settled_daily(events: Iterable[LedgerEvent]) -> Account:
    """The account after the events, compacted and encoded after each."""
    account = Account()
    for event in events:
        today = event.business_date.toordinal()
        compact(account, today)
        apply(account, event, today)
        account = msgspec.msgpack.decode(msgspec.msgpack.encode(account), type=Account)
    return account


@settings(deadline=None)
@given(histories(loans_max=3), st.integers(0, 100))
def test_an_encoded_account_decodes_to_itself(events: list[LedgerEvent], days: int) -> None:
    """A batch may or may not decode a row between two events: it must not matter."""
    account = folded(events)
    decoded = msgspec.msgpack.decode(msgspec.msgpack.encode(account), type=Account)

    assert decoded == account
    assert derive(decoded, ahead(events, days)) == derive(account, ahead(events, days))


@settings(deadline=None)
@given(histories(loans_max=3))
def test_replays_are_equal(events: list[LedgerEvent]) -> None:
    """The same events give the same bytes."""
    assert msgspec.msgpack.encode(settled_daily(events)) == msgspec.msgpack.encode(settled_daily(events))


@settings(deadline=None)
@given(histories(loans_max=2), st.integers(0, 60))
def test_compaction_changes_nothing_inside_the_window(events: list[LedgerEvent], days: int) -> None:
    """Standings of every day of the window and periods due in it are the same, whatever was folded before."""
    day = ahead(events, days)
    whole, small = folded(events), folded(events)
    compact(small, day)

    for at in (day, day + 45, small.folded_through + 1):
        if at > small.folded_through:
            assert derive(small, at).standing == derive(whole, at).standing
    for loan in small.loans:
        before = next(each for each in whole.loans if each.loan_id == loan.loan_id)
        edge = small.folded_through
        assert periods(small, loan, edge, day) == periods(whole, before, edge, day)
        assert closing(small, loan, edge, day) == closing(whole, before, edge, day)


def answered(events: Iterable[LedgerEvent], *, compacting: bool) -> tuple[Account, list[Outcome]]:
    """The account and its answers, compacted before each event or never."""
    account = Account()
    outcomes: list[Outcome] = []
    for event in events:
        today = event.business_date.toordinal()
        if compacting:
            outcomes += compact(account, today)
        outcomes += apply(account, event, today)
    return account, outcomes


@settings(deadline=None)
@given(histories(loans_max=2))
def test_compacting_every_day_is_the_same_as_never(events: list[LedgerEvent]) -> None:
    """As long as no fact came too late for the window."""
    small, answers = answered(events, compacting=True)
    whole, expected = answered(events, compacting=False)

    if answers == expected:
        day = ahead(events, 0)
        assert derive(small, day).standing == derive(whole, day).standing


@settings(deadline=None)
@given(histories(loans_max=3))
def test_money_is_conserved(events: list[LedgerEvent]) -> None:
    """What was received and did not go back is allocated, credit, settled by a restructure, or recovered."""
    account, left = Account(), dict[str, int]()
    for event in events:
        (answer, *_) = apply(account, event, event.business_date.toordinal())
        if isinstance(answer, Applied | LateFact | Pending):
            if isinstance(event, PaymentReceived):
                left[event.payment_id] = event.amount.amount_minor
            elif isinstance(event, PaymentReversed):
                left[event.payment_id] -= event.amount.amount_minor if event.amount else left[event.payment_id]

    day = ahead(events, 0)
    first_opened = min(loan.opened_on for loan in account.loans)
    waiting = sum(each.amount_minor - each.reversed_minor for each in account.pool if each.value_day < first_opened)
    found = [
        each.allocated_minor + each.credit_minor + each.settled_minor + each.recovered_minor
        for each in derive(account, day).positions
    ]
    assert min(left.values(), default=0) >= 0
    assert sum(found) + waiting == sum(left.values())
    kept = [loan.loan_id for loan in account.loans]
    compact(account, day)
    if kept == [loan.loan_id for loan in account.loans]:
        assert [
            each.allocated_minor + each.credit_minor + each.settled_minor + each.recovered_minor
            for each in derive(account, day).positions
        ] == found


@settings(deadline=None)
@given(histories(loans_max=3, steps_max=10), st.data())
def test_the_order_of_payments_of_one_day_does_not_matter(events: list[LedgerEvent], data: st.DataObject) -> None:
    """Named and unnamed, in any order: the same standing and periods."""
    on = events[-1].business_date
    ids = st.sampled_from(["L1", "L1", None])
    payments = [
        paid(on, data.draw(amounts), f"same-{at}", data.draw(ids)) for at in range(data.draw(st.integers(2, 5)))
    ]
    shuffled = data.draw(st.permutations(payments))
    one, other = folded([*events, *payments]), folded([*events, *shuffled])

    day = ahead(events, data.draw(st.integers(0, 60)))
    assert derive(one, day) == derive(other, day)
    assert periods(one, one.loans[0], 0, day) == periods(other, other.loans[0], 0, day)


@settings(deadline=None)
@given(histories(loans_max=3, endings=False), st.data())
def test_a_reversal_undoes_its_payment(events: list[LedgerEvent], data: st.DataObject) -> None:
    """Paid and gone back, in whatever order the two arrive, is as if never paid."""
    at, later = sorted([data.draw(st.integers(2, len(events))), data.draw(st.integers(2, len(events)))])
    before, between, after = events[:at], events[at:later], events[later:]
    known = [event.loan_id for event in before if isinstance(event, LoanOpened)]
    loan_id = data.draw(st.sampled_from([*known, None]))
    one: LedgerEvent = paid(before[-1].business_date, data.draw(amounts), "undone", loan_id)
    other: LedgerEvent = went_back((before + between)[-1].business_date, "undone")
    first, second = data.draw(st.sampled_from([(one, other), (other, one)]))
    never, undone = folded(events), folded([*before, first, *between, second, *after])

    day = ahead(events, data.draw(st.integers(0, 60)))
    assert derive(undone, day) == derive(never, day)
    for loan, same in zip(undone.loans, never.loans, strict=True):
        assert periods(undone, loan, 0, day) == periods(never, same, 0, day)


@settings(deadline=None)
@given(histories(loans_max=2, restructures=False, endings=False), st.integers(0, 200))
def test_days_past_due_grow_by_one_a_day(events: list[LedgerEvent], days: int) -> None:
    """Never negative; a day without an event adds exactly one once something is overdue."""
    account, day = folded(events), ahead(events, days)
    today, tomorrow = derive(account, day).standing, derive(account, day + 1).standing

    assert today.days_past_due >= 0
    if today.days_past_due:
        assert tomorrow.days_past_due == today.days_past_due + 1
        assert tomorrow.arrears_spell_days == today.arrears_spell_days + 1
    assert today.arrears_spell_days >= today.days_past_due


def timeless(derived: Derived) -> list[tuple[object, ...]]:
    """What must not change before the wake day, per loan."""
    return [
        (
            each.active,
            each.written_off,
            each.bucket,
            each.arrears_minor,
            each.oldest_unmet_day,
            each.last_due_day,
            each.next_due_day,
            each.restructures,
            *(each.days_past_due >= limit for limit in (30, 60, 90)),
        )
        for each in derived.positions
    ]


@settings(deadline=None, max_examples=60)
@given(histories(loans_max=2), st.integers(0, 60))
def test_nothing_changes_by_time_alone_before_the_wake_day(events: list[LedgerEvent], days: int) -> None:
    """Waking only on wake days is as good as looking every day."""
    account, day = folded(events), ahead(events, days)
    wake = wake_after(account, day)

    assert wake == 0 or wake > day
    for quiet in range(day + 1, min(wake or day + 130, day + 130)):
        assert timeless(derive(account, quiet)) == timeless(derive(account, day))
