"""One borrower's story: late, alerted, paid late but with an earlier value date, alert retracted."""

from __future__ import annotations

import datetime as dt
import itertools
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import msgspec

from streams.evidence.entry import Entry, Kind, Source, entry_from_record
from streams.evidence.exhibit import Request
from streams.evidence.note import SigningKey

if TYPE_CHECKING:
    from collections.abc import Callable

ORIGIN = "lender.example/evidence"
START = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
KEY = SigningKey(ORIGIN, bytes(range(32)))
NEXT_KEY = SigningKey(ORIGIN, bytes(range(1, 33)))
MALLORY = SigningKey(ORIGIN, bytes(range(2, 34)))


class Story:
    """Makes entries of one borrower with rising offsets."""

    def __init__(self, borrower_id: str = "B1", loan_id: str = "L1", partition: int = 0) -> None:
        self.borrower_id, self.loan_id, self.partition = borrower_id, loan_id, partition
        self.offset = -1

    def entry(self, day: str, event_type: str, /, **fields: Any) -> Entry:  # noqa: ANN401  JSON
        """One journal event, or another kind by `as_kind`."""
        self.offset += 1
        as_kind, loan = Kind(fields.pop("as_kind", "event")), fields.pop("loan", True)
        body: dict[str, Any] = {
            "type": event_type,
            "schema_version": 1,
            "event_id": f"{self.borrower_id}-{self.offset}",
            "source": "core",
            "borrower_id": self.borrower_id,
            "business_date": day,
            "occurred_at": f"{day}T08:00:00Z",
            "idempotency_key": f"{self.loan_id}-k{self.offset}",
        }
        if loan:
            body["loan_id"] = self.loan_id
        source = Source(topic="journal", partition=self.partition, offset=self.offset)
        return entry_from_record(as_kind, body | fields, source, f"{day}T09:00:00.000000Z", "preserve", "ntp")

    def opening(self) -> list[Entry]:
        """The contract: six installments of 1,000.00."""
        rows = [{"number": n, "due_date": f"2026-0{n + 1}-10", "amount_minor": 100_000} for n in range(1, 7)]
        return [
            self.entry(
                "2026-01-10",
                "loan_opened",
                opened_on="2026-01-10",
                principal=cny(570_000),
                installment_count=6,
                product="phone",
            ),
            self.entry("2026-01-10", "schedule_set", schedule_version=1, currency="CNY", installments=rows),
        ]

    def middle(self) -> list[Entry]:
        """One installment on time, one missed; an alert, its contacts, and money whose value date was earlier."""
        alert: dict[str, Any] = {
            "as_kind": "alert",
            "loan": False,
            "alert_sequence": 1,
            "journal_sequence": 6,
            "cause": "DAYS_PAST_DUE",
        }
        return [
            self.entry("2026-02-10", "payment_received", payment_id="P1", amount=cny(100_000), method="AUTODEBIT"),
            self.entry(
                "2026-03-10", "payment_failed", payment_id="P2", amount=cny(100_000), failure="INSUFFICIENT_FUNDS"
            ),
            self.entry(
                "2026-03-15",
                "risk_tier_changed",
                **alert,
                alert_id="B1/1",
                from_tier="NORMAL",
                to_tier="WATCH",
                direction="UP",
                days_past_due=5,
                supersedes=None,
                policy_version="cn-2026.1",
            ),
            self.entry(
                "2026-03-16",
                "collection_action",
                as_kind="action",
                action_id="A1",
                kind="CALL",
                verdict="DENY",
                rule_ids=["CN-H1"],
                packs=["cn@2026.1"],
            ),
            self.entry(
                "2026-03-16",
                "collection_action",
                as_kind="action",
                action_id="A2",
                kind="CALL",
                verdict="ALLOW",
                rule_ids=[],
                packs=["cn@2026.1"],
            ),
            self.entry(
                "2026-03-16", "contact_attempted", attempt_id="T1", channel="CALL", contact_point_id="tel-5551234"
            ),
            self.entry("2026-03-16", "contact_outcome", attempt_id="T1", outcome="CONVERSATION"),
            self.entry("2026-03-16", "promise_made", promise_id="Q1", amount=cny(100_000), due_on="2026-03-20"),
            self.entry("2026-03-17", "dispute_raised", dispute_id="D1", scope="AMOUNT"),
            self.entry("2026-03-18", "hold_set", hold_id="H1", kind="OTHER", from_date="2026-03-18"),
            self.entry(
                "2026-03-20",
                "payment_received",
                payment_id="P3",
                amount=cny(100_000),
                value_date="2026-03-10",
                method="TRANSFER",
            ),
            self.entry(
                "2026-03-20",
                "risk_tier_changed",
                **alert,
                alert_id="B1/2",
                from_tier="WATCH",
                to_tier="NORMAL",
                direction="RETRACT",
                days_past_due=0,
                supersedes="B1/1",
                policy_version="cn-2026.1",
            ),
        ]


def cny(amount: int) -> dict[str, Any]:
    """Money in minor units."""
    return {"amount_minor": amount, "currency": "CNY"}


def other(borrower_id: str, count: int, partition: int) -> list[Entry]:
    """Entries of another borrower, to fill the tree between."""
    story = Story(borrower_id, f"L-{borrower_id}", partition)
    return [story.entry("2026-02-01", "payment_received", payment_id=f"X{n}", amount=cny(5_000)) for n in range(count)]


def policy() -> Entry:
    """The rule pack that the actions name."""
    body = {"type": "policy_activated", "name": "cn", "version": "2026.1", "kind": "pack", "text": "pack: cn"}
    return Entry(kind=Kind.POLICY_ACTIVATION, body=body, recorded_at="2026-01-02T00:00:00Z", actor="sequence")


def request_for(loan_id: str, **fields: object) -> Request:
    """A request with everything filled in."""
    base = Request(
        loan_id=loan_id,
        case="2026-CN-77",
        legal_basis="court order 12/2026",
        requested_by="staff-9",
        as_of=dt.date(2026, 4, 1),
    )
    return msgspec.structs.replace(base, **fields)


def at(day: str, hour: int = 12) -> dt.datetime:
    """Noon of a day, UTC."""
    return dt.datetime.fromisoformat(day).replace(hour=hour, tzinfo=dt.UTC)


def counted_salt() -> Callable[[], bytes]:
    """Salts that differ and repeat from run to run."""
    numbers = itertools.count()
    return lambda: sha256(b"salt %d" % next(numbers)).digest()[:16]
