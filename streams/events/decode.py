"""Bytes to typed event, or a refusal that a person understands.

One pass on the fast path: msgspec decodes straight into the struct that `type` names. Only a record that fails
is looked at again, slowly, to say what is wrong with it.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, get_args

import msgspec

from streams.events import contacts, control, loans, payments, portfolio
from streams.events.envelope import BorrowerEvent, Event

if TYPE_CHECKING:
    from collections.abc import Sequence

    from streams.events.fields import Installment

#: A bigger value is refused unread: no event comes near it, and decoding it would stall the partition.
VALUE_BYTES_MAX = 1_048_576
#: A business date or an instant this far past the record's own Kafka timestamp is a wrong clock.
AHEAD_DAYS_MAX = 2
#: Loans older than this do not exist; an earlier date is a unit mistake (seconds for milliseconds, say).
EARLIEST = dt.date(1970, 1, 1)
EPOCH = EARLIEST.toordinal()
#: Of an unknown value, so much is shown.
SHOWN_CHARACTERS = 64

InputEvent = (
    loans.LoanTopicEvent
    | payments.PaymentTopicEvent
    | payments.MissedTopicEvent
    | contacts.ContactTopicEvent
    | control.ControlEvent
    | portfolio.PortfolioControl
    | portfolio.FreezeChanged
)

#: Which events each input topic carries: one place, also read by the schema generator.
TYPES_BY_TOPIC: dict[str, tuple[type[Event], ...]] = {
    "loans": get_args(loans.LoanTopicEvent),
    "payments": get_args(payments.PaymentTopicEvent),
    "missed-installments": (payments.InstallmentMissed,),
    "contacts": get_args(contacts.ContactTopicEvent),
    "business-dates": (control.BusinessDateAdvanced,),
    "models": (control.ModelActivated, control.MeasuresActivated),
    "controls": (control.PolicyActivated, *get_args(portfolio.PortfolioControl), portfolio.FreezeChanged),
}

_decoder: msgspec.json.Decoder[InputEvent] = msgspec.json.Decoder(InputEvent)
_TOPIC_BY_TYPE = {struct: topic for topic, structs in TYPES_BY_TOPIC.items() for struct in structs}
_TOPIC_BY_TAG = {str(struct.__struct_config__.tag): topic for struct, topic in _TOPIC_BY_TYPE.items()}


class Refusal(Exception):
    """The record cannot be taken. The text is for the person who reads the dead letter; `code` is for counting."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


def decode(value: bytes) -> InputEvent:
    """Decode a record that was validated before (the journal's): an error here is ours, not the producer's."""
    return _decoder.decode(value)


def accept(topic: str, key: bytes | None, value: bytes | None, timestamp_ms: int) -> InputEvent:
    """Decode and check one record of an input topic.

    Args:
        topic: the input topic's canonical name (without a prefix).
        key: the record's key; must be the borrower id for events that have a borrower.
        value: the record's bytes.
        timestamp_ms: the record's Kafka timestamp in ms since 1970 (UTC): the clock that "the future" is measured by,
            so the verdict is the same on every replay.

    Raises:
        Refusal: the record goes to `dead-letters` with this reason.
    """
    if value is None:
        raise Refusal(
            "empty", "The record has no value (a tombstone). Events are never deleted: send a correcting event."
        )
    if len(value) > VALUE_BYTES_MAX:
        raise Refusal("too_large", f"The value has {len(value):,} bytes; at most {VALUE_BYTES_MAX:,} are accepted.")
    try:
        event = _decoder.decode(value)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise _diagnose(value, error) from None
    expected = _TOPIC_BY_TYPE[type(event)]
    if expected != topic:
        raise Refusal("wrong_topic", f"A {event.__struct_config__.tag} belongs on topic {expected}, not {topic}.")
    if isinstance(event, BorrowerEvent):
        _check_key(key, event.borrower_id)
    _check_times(event, timestamp_ms)
    _check_content(event)
    return event


def _check_key(key: bytes | None, borrower_id: str) -> None:
    if key is None:
        raise Refusal(
            "null_key", f"The record has no key. Send borrower_id ({borrower_id}) as the key: it fixes the order."
        )
    if key != borrower_id.encode():
        shown = key[:SHOWN_CHARACTERS].decode("utf-8", "backslashreplace")
        raise Refusal("wrong_key", f"The key is {shown!r} but borrower_id is {borrower_id!r}: they must be equal.")


def _check_times(event: Event, timestamp_ms: int) -> None:
    occurred_at = event.occurred_at
    if occurred_at.utcoffset() != dt.timedelta(0):
        raise Refusal("time_not_utc", f"occurred_at {occurred_at.isoformat()} is not in UTC: send it with Z or +00:00.")
    # An ordinal, not a date: a producer may set any 64-bit timestamp, and no date holds it.
    latest = EPOCH + timestamp_ms // 86_400_000 + AHEAD_DAYS_MAX
    for name, day in (("occurred_at", occurred_at.date()), ("business_date", event.business_date)):
        if day.toordinal() > latest:
            raise Refusal("time_in_future", f"{name} {day} lies in the future of the record's own timestamp.")
        if day < EARLIEST:
            raise Refusal("time_too_old", f"{name} {day} is before {EARLIEST}: check the unit and the clock.")


def _check_content(event: InputEvent) -> None:
    match event:
        case loans.ScheduleSet() | loans.LoanRestructured():
            _check_schedule(event.installments)
        case (
            loans.LoanOpened(opened_on=day) | loans.LoanClosed(closed_on=day) | loans.LoanWrittenOff(written_off_on=day)
        ):
            _check_fact_day(day, event.business_date)
        case payments.PaymentReceived(value_date=dt.date() as day):
            _check_fact_day(day, event.business_date)
        case _:
            pass


def _check_fact_day(day: dt.date, business_date: dt.date) -> None:
    if day > business_date:
        raise Refusal(
            "day_after_booking", f"The fact's day {day} is after the business date {business_date} that books it."
        )
    if day < EARLIEST:
        raise Refusal("time_too_old", f"The fact's day {day} is before {EARLIEST}: check the unit and the clock.")


def _check_schedule(installments: Sequence[Installment]) -> None:
    previous = installments[0]
    for installment in installments[1:]:
        if installment.number != previous.number + 1:
            raise Refusal(
                "schedule_numbers",
                f"Installment {installment.number} follows {previous.number}: numbers must rise by one.",
            )
        if installment.due_date < previous.due_date:
            raise Refusal(
                "schedule_order",
                f"Installment {installment.number} is due {installment.due_date}, before number {previous.number}.",
            )
        previous = installment


_FIELD_ERROR = re.compile(r"^(?P<what>.*?)(?: - at `\$(?P<path>.*)`)?$", re.DOTALL)


def _diagnose(value: bytes, error: Exception) -> Refusal:
    """Say what is wrong with a record that did not decode: encoding, JSON, type, version or field."""
    try:
        value.decode("utf-8")
    except UnicodeDecodeError as bad:
        return Refusal("not_utf8", f"The value is not UTF-8: byte {bad.start} is 0x{value[bad.start]:02x}.")
    try:
        raw = msgspec.json.decode(value)
    except (msgspec.DecodeError, RecursionError) as bad:
        return Refusal("not_json", f"The value is not JSON: {bad}.")
    if not isinstance(raw, dict):
        return Refusal("not_object", f"The value is JSON but not an object ({type(raw).__name__}).")
    return _diagnose_object(raw, error)


def _diagnose_object(raw: dict[str, object], error: Exception) -> Refusal:
    tag = raw.get("type")
    if tag is None:
        return Refusal("missing_type", "The field type is missing: it names the event, for example payment_received.")
    if not isinstance(tag, str) or tag not in _TOPIC_BY_TAG:
        shown = repr(tag)[:SHOWN_CHARACTERS]
        return Refusal("unknown_type", f"Unknown event type {shown}. Known: {', '.join(sorted(_TOPIC_BY_TAG))}.")
    version = raw.get("schema_version")
    if type(version) is int and version != 1:
        return Refusal(
            "unknown_version", f"{tag} has schema_version {version}; this Forewarn knows version 1. Upgrade it first."
        )
    found = _FIELD_ERROR.match(str(error))
    what, path = (found["what"], found["path"]) if found else (str(error), None)
    where = f"field {path.lstrip('.')}" if path else "the event"
    return Refusal("bad_field", f"{tag}, {where}: {what}.")
