"""What happened to a borrower, line by line, newest first: events, and what followed from each."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from streams.console import event_words, words
from streams.console.event_words import money
from streams.console.pages.ask import percent
from streams.console.story import Said, Told
from streams.console.words import Language
from streams.events.contacts import ContactTopicEvent, HoldCleared, HoldSet
from streams.events.loans import LoanTopicEvent
from streams.events.outputs import (
    CollectionAction,
    CollectionActionWithdrawn,
    DelinquencyChanged,
    Reason,
    RiskTierChanged,
)
from streams.events.payments import InstallmentMissed, PaymentFailed, PaymentReversed

#: Between lines of one day: what was decided stands above the event that caused it.
_RANK = {"collection": 3, "alert": 2, "delinquency": 1}


class Entry(Struct, frozen=True):
    """One line.

    Attributes:
        day: ISO date.
        kind: what sort of line it is; also the class of its mark.
        text: the sentence.
        alert: the alert behind it, for the template to draw; None for others.
        reasons: of the alert, in the reader's language, with their contribution in log-odds.
        note: what a careful reader should know of it; empty for nothing.
        times: how often the same was said in a row; `since` is then the first day (ISO).
    """

    day: str
    kind: str
    text: str
    alert: RiskTierChanged | None = None
    reasons: tuple[tuple[str, str], ...] = ()
    note: str = ""
    times: int = 1
    since: str = ""


def id_of(said: Said) -> str:
    """What makes an output itself."""
    match said:
        case RiskTierChanged():
            return f"alert {said.alert_id}"
        case CollectionAction():
            return f"action {said.action_id}"
        case CollectionActionWithdrawn():
            return f"withdrawn {said.action_id}"
        case DelinquencyChanged():
            return f"change {said.change_id}"


def entries(language: Language, told: Iterable[Told], said: Iterable[Said], published: set[str]) -> list[Entry]:
    """The lines.

    Args:
        language: of the sentences.
        told: events of the journal.
        said: what followed from them.
        published: ids of what stood on a topic; what did not says so.
    """
    lines = [(each.event.business_date, 0, index, _event(language, each)) for index, each in enumerate(told)]
    for index, output in enumerate(said):
        line = _output(language, output, published=id_of(output) in published)
        lines.append((output.business_date, _RANK[line.kind], index, line))
    lines.sort(key=lambda line: line[:3], reverse=True)
    return _grouped([line for *_, line in lines])


def _grouped(lines: list[Entry]) -> list[Entry]:
    """The same measure proposed again and again is one line."""
    found: list[Entry] = []
    for line in lines:
        last = found[-1] if found else None
        if (
            last is not None
            and line.kind == "collection"
            and replace(line, day="") == replace(last, day="", times=1, since="")
        ):
            found[-1] = replace(last, times=last.times + 1, since=line.day)
        else:
            found.append(line)
    return found


def _event(language: Language, told: Told) -> Entry:
    event = told.event
    kind = "payment"
    if isinstance(event, HoldSet | HoldCleared):
        kind = "hold"
    elif isinstance(event, ContactTopicEvent):
        kind = "contact"
    elif isinstance(event, LoanTopicEvent):
        kind = "loan"
    elif isinstance(event, PaymentFailed | PaymentReversed | InstallmentMissed):
        kind = "missed"
    note = ""
    if told.refused:
        note = words.say(language, "borrower.refused_event", reason=told.refused)
    elif told.repeats:
        note = words.say(language, "borrower.repeat")
    return Entry(event.business_date.isoformat(), kind, event_words.sentence(language, event), note=note)


def _output(language: Language, said: Said, *, published: bool) -> Entry:
    day, note = said.business_date.isoformat(), "" if published else words.say(language, "borrower.not_published")
    match said:
        case RiskTierChanged():
            return Entry(day, "alert", _change(language, said), said, reasons(language, said), note)
        case DelinquencyChanged():
            return Entry(day, "delinquency", event_words.delinquency(language, said), note=note)
        case CollectionAction():
            return Entry(day, "collection", _action(language, said), note=note)
        case CollectionActionWithdrawn():
            step, why = words.say(language, f"step.{said.stage}"), words.say(language, f"withdrawn.{said.cause}")
            return Entry(day, "collection", f"{step}: {words.say(language, 'verdict.WITHDRAWN')} ({why})", note=note)


def _change(language: Language, alert: RiskTierChanged) -> str:
    if alert.direction == "RETRACT":
        return words.say(language, "alert.takes_back", id=alert.supersedes)
    before, after = percent(alert.probability_before_ppm), percent(alert.probability_ppm)
    cause = words.say(language, f"cause.{alert.cause}")
    late = words.say(
        language, "alert.late", late=event_words.days(language, alert.days_past_due), arrears=money(alert.arrears)
    )
    return f"{before} → {after} · {cause} · {late}"


def reasons(language: Language, alert: RiskTierChanged) -> tuple[tuple[str, str], ...]:
    """(text, contribution in log-odds) of each reason, strongest first."""
    return tuple((_reason(language, each), f"{each.contribution_millilogits / 1000:+.2f}") for each in alert.reasons)


def _reason(language: Language, reason: Reason) -> str:
    return reason.text_en if language == "en" else reason.text_zh


def _action(language: Language, action: CollectionAction) -> str:
    verdict = "WITHHELD" if action.withheld else action.decision.verdict
    step, kind = words.say(language, f"step.{action.stage}"), event_words.value_words(language, action.kind)
    what = step if step.lower() == kind.lower() else f"{step} ({kind})"
    said = f"{what}: {words.say(language, 'verdict.' + verdict)}"
    rules = ", ".join(action.decision.rule_ids)
    return f"{said} [{rules}]" if rules else said
