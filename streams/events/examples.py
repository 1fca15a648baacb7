"""One valid event of every type: the examples in the published schemas, in the README and in tests.

They tell one story: a phone loan of 1,200.00 CNY, its first installment missed, called about, promised and paid.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Literal, TypedDict

from streams.events import contacts, control, loans, outputs, payments, portfolio
from streams.events.fields import Installment, Money, NonNegativeMoney

if TYPE_CHECKING:
    from msgspec import Struct

BORROWER = "c-7f3a"
LOAN = "l-20260105-0042"
CURRENCY = "CNY"


class _Head(TypedDict):
    event_id: str
    schema_version: Literal[1]
    source: str
    occurred_at: dt.datetime
    business_date: dt.date
    idempotency_key: str


class _BorrowerHead(_Head):
    borrower_id: str


class _LoanHead(_BorrowerHead):
    loan_id: str


def _head(name: str, date: str) -> _Head:
    day = dt.date.fromisoformat(date)
    return {
        "event_id": f"ev-{name}",
        "schema_version": 1,
        "source": "core-banking",
        "occurred_at": dt.datetime.combine(day, dt.time(9, 30, tzinfo=dt.UTC)),
        "business_date": day,
        "idempotency_key": f"core-banking/{name}",
    }


def _borrower(name: str, date: str) -> _BorrowerHead:
    return {**_head(name, date), "borrower_id": BORROWER}


def _loan(name: str, date: str) -> _LoanHead:
    return {**_borrower(name, date), "loan_id": LOAN}


def _day(text: str) -> dt.date:
    return dt.date.fromisoformat(text)


def _money(amount_minor: int) -> Money:
    return Money(amount_minor, CURRENCY)


def _settled(amount_minor: int) -> NonNegativeMoney:
    return NonNegativeMoney(amount_minor, CURRENCY)


_SCHEDULE = [Installment(n, dt.date(2026, 1 + n, 5), 20_600) for n in range(1, 7)]
_EXTENDED = [Installment(n, dt.date(2026, 2 + n, 5), 20_600) for n in range(2, 7)]

LOAN_EVENTS: tuple[loans.LoanTopicEvent, ...] = (
    loans.LoanOpened(
        **_loan("opened", "2026-01-05"),
        opened_on=_day("2026-01-05"),
        principal=_money(120_000),
        installment_count=6,
        product="phone-6m",
        channel="merchant-app",
        region="GD",
        grace_days=3,
        annual_rate_bps=1800,
        credit_score=645,
        payment_to_income_bps=310,
    ),
    loans.ScheduleSet(
        **_loan("schedule-1", "2026-01-05"), schedule_version=1, currency=CURRENCY, installments=_SCHEDULE
    ),
    loans.LoanRestructured(
        **_loan("schedule-2", "2026-03-20"),
        effective_on=_day("2026-03-20"),
        kind="EXTENSION",
        schedule_version=2,
        currency=CURRENCY,
        installments=_EXTENDED,
    ),
    loans.LoanWrittenOff(
        **_loan("written-off", "2026-12-31"), written_off_on=_day("2026-12-31"), amount=_settled(82_400), reason="AGED"
    ),
    loans.LoanClosed(**_loan("closed", "2026-08-05"), closed_on=_day("2026-08-05"), reason="PAID"),
)

PAYMENT_EVENTS: tuple[payments.PaymentTopicEvent | payments.MissedTopicEvent, ...] = (
    payments.PaymentReceived(
        **_borrower("pay-1", "2026-02-16"),
        payment_id="p-1001",
        amount=_money(20_600),
        loan_id=LOAN,
        value_date=_day("2026-02-15"),
        method="WALLET",
    ),
    payments.PaymentFailed(
        **_borrower("debit-1", "2026-02-05"),
        payment_id="p-1000",
        amount=_money(20_600),
        failure="INSUFFICIENT_FUNDS",
        loan_id=LOAN,
        processor="rail-a",
    ),
    payments.PaymentReversed(
        **_borrower("reversal-1", "2026-02-20"),
        payment_id="p-1001",
        reversal_id="r-1",
        kind="CHARGEBACK",
        amount=_money(5_000),
    ),
    payments.InstallmentMissed(
        **_loan("missed-1", "2026-02-06"), number=1, due_date=_day("2026-02-05"), shortfall=_settled(20_600)
    ),
)

CONTACT_EVENTS: tuple[contacts.ContactTopicEvent, ...] = (
    contacts.ContactAttempted(
        **_borrower("attempt-1", "2026-02-09"),
        attempt_id="a-1",
        channel="CALL",
        contact_point_id="cp-91be",
        loan_id=LOAN,
    ),
    contacts.ContactOutcome(**_borrower("outcome-1", "2026-02-09"), attempt_id="a-1", outcome="CONVERSATION"),
    contacts.PromiseMade(
        **_borrower("promise-1", "2026-02-09"),
        promise_id="pr-1",
        amount=_money(20_600),
        due_on=_day("2026-02-15"),
        loan_id=LOAN,
    ),
    contacts.PromiseResolved(**_borrower("promise-1-end", "2026-02-16"), promise_id="pr-1", result="KEPT"),
    contacts.DisputeRaised(
        **_borrower("dispute-1", "2026-03-06"), dispute_id="d-1", scope="AMOUNT", loan_id=LOAN, amount=_money(1_200)
    ),
    contacts.DisputeResolved(**_borrower("dispute-1-end", "2026-03-13"), dispute_id="d-1", result="REJECTED"),
    contacts.ComplaintReceived(
        **_borrower("complaint-1", "2026-03-06"), complaint_id="k-1", category="CALL_TIME", text_fingerprint="f09c"
    ),
    contacts.ComplaintClosed(**_borrower("complaint-1-end", "2026-03-09"), complaint_id="k-1"),
    contacts.HoldSet(
        **_borrower("hold-1", "2026-03-10"),
        hold_id="h-1",
        kind="BREATHING_SPACE",
        from_date=_day("2026-03-10"),
        until_date=_day("2026-05-09"),
    ),
    contacts.HoldCleared(**_borrower("hold-1-end", "2026-04-01"), hold_id="h-1"),
    contacts.ConsentGiven(
        **_borrower("consent-1", "2026-01-05"),
        channel="SMS",
        expires_at=dt.datetime(2027, 1, 5, tzinfo=dt.UTC),
    ),
    contacts.ConsentWithdrawn(**_borrower("consent-1-end", "2026-03-10"), channel="SMS"),
    contacts.ContactPreferenceSet(
        **_borrower("preference-1", "2026-01-05"),
        time_zones=["Asia/Shanghai"],
        not_before="09:00",
        not_after="18:30",
        channels=["CALL", "SMS"],
    ),
    contacts.NoticeSent(
        **_borrower("notice-1", "2026-04-06"), kind="DEFAULT", delivered_on=_day("2026-04-08"), loan_id=LOAN
    ),
    contacts.GateConsulted(
        **_borrower("gate-1", "2026-02-16"),
        action="CALL",
        asked_about=dt.datetime(2026, 2, 16, 15, 5, tzinfo=dt.UTC),
        verdict="DEFER",
        rule_ids=["CN-H1"],
        packs=["base@2026.1", "cn@2026.1"],
        until=dt.datetime(2026, 2, 17, 0, 0, tzinfo=dt.UTC),
        loan_id=LOAN,
        contact_point_id="tel-1",
    ),
    contacts.LegalStepDecided(
        **_borrower("legal-1", "2026-06-15"),
        decision_id="legal-1",
        loan_id=LOAN,
        decision="DECLINED",
        decided_by="staff-17",
        finding="UNABLE",
        note="Lost the job in March; paid parts since.",
    ),
)

CONTROL_EVENTS: tuple[control.ControlEvent, ...] = (
    control.BusinessDateAdvanced(**_head("date-2026-02-06", "2026-02-06")),
    control.ModelActivated(
        **_head("model-2026-02-06", "2026-02-06"),
        version="2026-02-06.1",
        learned_through=_day("2026-02-05"),
        heads={"default_90d": [-5.1, 0.42, 1.7]},
        provenance={"labels": "18234"},
    ),
    control.MeasuresActivated(
        **_head("measures-2026-02-06", "2026-02-06"),
        version="measures-2026-02-06",
        learned_through=_day("2026-02-05"),
        scores_ppm={"phone-6m:WATCH:OVERDUE": {"IM": 412_000, "SMS": 396_500}},
        provenance={"treated.outcomes": "812", "treated.cured": "301"},
    ),
    control.PolicyActivated(
        **_head("policy-7", "2026-02-06"), kind="pack", name="house-rules", version="7", text='name = "house-rules"\n'
    ),
)

PORTFOLIO_EVENTS: tuple[portfolio.PortfolioControl | portfolio.FreezeChanged, ...] = (
    portfolio.ReserveStated(**_head("reserve-2026-02", "2026-02-06"), reserve=NonNegativeMoney(2_500_000_000, "CNY")),
    portfolio.StageSignedOff(
        **_head("sign-off-17", "2026-02-06"), segment="CNY/region=33", stage="CONTAIN", signed_by="risk-committee"
    ),
    portfolio.ProposalDecided(
        **_head("decision-18", "2026-02-06"),
        segment="CNY/region=33",
        proposal_id="CNY/region=33/2026-02-06/CONTAIN/open-hardship-scheme",
        decision="ENACTED",
        decided_by="head-of-collections",
    ),
    portfolio.FreezeChanged(
        **_head("freeze-19", "2026-02-06"),
        incident_id="*/2026-02-06/DATA_OR_RAIL_INCIDENT",
        since=dt.date(2026, 2, 5),
        scopes=("ESCALATION", "LEARNING"),
        affected=("processor:acquirer-2",),
    ),
)

OUTPUTS: tuple[Struct, ...] = (
    outputs.RiskTierChanged(
        borrower_id=BORROWER,
        business_date=_day("2026-02-06"),
        alert_id=f"{BORROWER}/1",
        alert_sequence=1,
        journal_sequence=5,
        from_tier="NORMAL",
        to_tier="WATCH",
        direction="UP",
        cause="MODEL",
        supersedes=None,
        probability_before_ppm=9_100,
        probability_ppm=64_300,
        reasons=(
            outputs.Reason(
                code="FAILED_DEBITS",
                text_en="A debit was refused for lack of funds in the last 90 days.",
                text_zh="近90天内有扣款因余额不足失败。",
                feature="failed_debits_90d",
                value="1",
                contribution_millilogits=820,
            ),
        ),
        days_past_due=1,
        exposure=_settled(123_600),
        arrears=_settled(20_600),
        next_downgrade_possible_on=_day("2026-03-06"),
        model_version="2026-02-06.1",
        policy_version="tiers.v1",
    ),
    outputs.DelinquencyChanged(
        borrower_id=BORROWER,
        business_date=_day("2026-02-06"),
        change_id=f"{BORROWER}/{LOAN}/1",
        loan_id=LOAN,
        product="phone-6m",
        from_bucket="M0",
        to_bucket="M1",
        cause="DUE_DATE_PASSED",
        days_past_due=1,
        arrears=_settled(20_600),
        balance=_settled(123_600),
    ),
    outputs.CollectionAction(
        borrower_id=BORROWER,
        business_date=_day("2026-02-06"),
        action_id=f"{BORROWER}/5/739653-0",
        journal_sequence=5,
        loan_id=LOAN,
        stage="REMINDER",
        kind="IM",
        actor="BOT",
        purpose="COLLECT",
        template="reminder-im",
        tier="WATCH",
        reasons=("tier=WATCH", "days_past_due=1", "arrears_minor=20600"),
        priority=10,
        not_before=dt.datetime(2026, 2, 6, tzinfo=dt.UTC),
        expires_at=dt.datetime(2026, 2, 9, tzinfo=dt.UTC),
        withheld=False,
        plan="installment@2026.1",
        choice=outputs.MeasureChoice(policy="FIXED", propensity_ppm=1_000_000, permitted=("IM", "SMS"), version=""),
        decision=outputs.ConductDecision(
            verdict="ALLOW",
            at=dt.datetime(2026, 2, 6, tzinfo=dt.UTC),
            until=None,
            rule_ids=(),
            packs=("base@2026.1", "cn@2026.1"),
            trail=(outputs.ConductFinding(rule_id="BASE-OPT-OUT", kind="consent", verdict="ALLOW"),),
        ),
    ),
    outputs.CollectionActionWithdrawn(
        borrower_id=BORROWER,
        business_date=_day("2026-02-07"),
        action_id=f"{BORROWER}/5/739653-0",
        journal_sequence=6,
        stage="REMINDER",
        cause="NOTHING_OVERDUE",
    ),
    outputs.PortfolioAlert(
        alert_id="CNY/region=33/2026-02-06/STAGE",
        business_date=_day("2026-02-06"),
        segment="CNY/region=33",
        kind="STAGE",
        state="RAISED",
        stage_before="WATCH",
        stage="CONTAIN",
        sign_off_required=True,
        figures=(
            outputs.PortfolioFigure(
                indicator="past_due_30_growth",
                value_ppm=2_140_000,
                low_ppm=1_820_000,
                high_ppm=2_510_000,
                count=214,
                of=3_006,
                threshold_ppm=1_700_000,
            ),
        ),
        proposals=(
            outputs.PortfolioProposal(
                proposal_id="CNY/region=33/2026-02-06/CONTAIN/open-hardship-scheme",
                area="COLLECTIONS",
                action="open-hardship-scheme",
                text_en="Open a hardship scheme, and cap what is placed with agencies.",
                text_zh="启动困难客户纾困方案并限制委外规模。",
                owner="head of collections",
                due_on=_day("2026-02-09"),
                state="PROPOSED",
            ),
        ),
        text_en="CNY/region=33: WATCH to CONTAIN, because of past-due-30-growth-contain, past-due-60-growth-contain.",
        text_zh="CNY/region=33 从 WATCH 升至 CONTAIN",
        playbook="installment@2026.1",
    ),
    outputs.DeadLetter(
        topic="payments",
        partition="0",
        offset="17",
        code="not_json",
        reason="The value is not JSON: Input data was truncated.",
    ),
)

INPUTS = (*LOAN_EVENTS, *PAYMENT_EVENTS, *CONTACT_EVENTS, *CONTROL_EVENTS, *PORTFOLIO_EVENTS)

#: By event type as it stands in the field `type`.
BY_TYPE: dict[str, Struct] = {str(event.__struct_config__.tag): event for event in (*INPUTS, *OUTPUTS)}
