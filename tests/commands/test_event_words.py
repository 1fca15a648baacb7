"""Every event as a sentence."""

import re

import msgspec
import pytest
from msgspec.structs import replace

from streams.commands.event_words import delinquency, sentence
from streams.events import examples
from streams.events.decode import InputEvent, decode
from streams.events.examples import INPUTS, LOAN
from streams.events.fields import Money
from streams.events.outputs import DelinquencyChanged
from streams.events.payments import PaymentReceived

SENTENCES = {
    "loan_opened": f"Loan {LOAN} opened on 2026-01-05: 1,200.00 CNY in 6 installments (phone-6m).",
    "schedule_set": f"Schedule 1 on loan {LOAN}: 6 installments from 2026-02-05 to 2026-07-05, 1,236.00 CNY in all.",
    "loan_written_off": f"Loan {LOAN} written off on 2026-12-31: 824.00 CNY (AGED).",
    "loan_closed": f"Loan {LOAN} closed on 2026-08-05: paid.",
    "payment_received": f"206.00 CNY paid on loan {LOAN} (wallet, counts from 2026-02-15; p-1001).",
    "payment_failed": f"Debit of 206.00 CNY failed on loan {LOAN}: insufficient funds (p-1000).",
    "payment_reversed": "50.00 CNY of payment p-1001 went back: chargeback.",
    "promise_made": f"Promised to pay 206.00 CNY by 2026-02-15 on loan {LOAN} (pr-1).",
    "contact_preference_set": "Contact preference set: Asia/Shanghai, 09:00 to 18:30, by call, sms.",
    "consent_given": "Consent given: sms.",
    "hold_set": "Hold h-1 set (breathing space): contact pauses from 2026-03-10 until 2026-05-09.",
    "notice_sent": f"Default notice delivered on 2026-04-08 on loan {LOAN}.",
}


def tag(event: InputEvent) -> str:
    """The event's type."""
    return str(event.__struct_config__.tag)


@pytest.mark.parametrize("event", INPUTS, ids=tag)
def test_every_event_has_a_sentence(event: InputEvent) -> None:
    """Of its own, without a field's name, an enum's or None in it."""
    said = sentence(decode(msgspec.json.encode(event)))

    assert said.endswith((".", ")."))
    assert not re.search(r"None|_minor|\b[A-Z]{3,}_[A-Z]+|[{}\[\]]", said)
    assert said == SENTENCES.get(tag(event), said)


def test_the_sentences_are_of_events_that_exist() -> None:
    """The table above is all used."""
    assert SENTENCES.keys() <= {tag(event) for event in INPUTS}


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Money(1_234_567, "JPY"), "1,234,567 JPY"),
        (Money(1_234_567, "KWD"), "1,234.567 KWD"),
        (Money(5, "USD"), "0.05 USD"),
    ],
    ids=["no decimals", "three decimals", "two decimals"],
)
def test_money_has_its_currency_s_decimals(amount: Money, text: str) -> None:
    """ISO 4217 exponents."""
    payment = next(event for event in INPUTS if isinstance(event, PaymentReceived))

    assert sentence(replace(payment, amount=amount)).startswith(f"{text} paid")


def test_a_payment_of_the_least_kind() -> None:
    """No loan, no value date, another payer."""
    payment = next(event for event in INPUTS if isinstance(event, PaymentReceived))
    bare = replace(payment, loan_id=None, value_date=None, payer="THIRD_PARTY", method="OTHER")

    assert sentence(bare) == "206.00 CNY paid (other by a third party; p-1001)."


def test_a_change_of_bucket() -> None:
    """From, to, why, and what is owed."""
    change = next(output for output in examples.OUTPUTS if isinstance(output, DelinquencyChanged))

    assert delinquency(
        replace(change, days_past_due=1, from_bucket="M0", to_bucket="M1", cause="DUE_DATE_PASSED")
    ).startswith(f"Loan {change.loan_id} moved from M0 to M1 (due date passed): 1 day past due, ")
