"""One borrower: standing, the life in pictures, and the timeline. Without an id, the borrowers at highest risk."""

from __future__ import annotations

import sqlite3
import threading
from collections import OrderedDict

from streams.console import dues, event_words, queries, story
from streams.console.charts import life
from streams.console.charts.time import Span
from streams.console.dues import Due, LoanDues
from streams.console.pages import timeline
from streams.console.pages.ask import Ask, View, date, percent
from streams.console.queries import BorrowerRow
from streams.console.story import Heard, Said, Story
from streams.events.contacts import HoldCleared, HoldSet
from streams.events.decode import decode
from streams.events.outputs import CollectionAction, RiskTierChanged
from streams.evidence.money import money_text
from streams.ledger import derive
from streams.risk.tiers import TIERS

#: Stories folded lately are kept: a page that refreshes itself folds anew only when a record or a day has come.
STORIES_MAX = 64
#: A look ahead: due dates soon to come.
_AHEAD_DAYS = 45
#: So many entries are shown at first.
ENTRIES = 60


class Stories:
    """Stories by borrower, the ones asked for last. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[tuple[int, int, int], Story]] = OrderedDict()
        self._heard: dict[int, list[Heard]] = {}
        self._journal = ""

    def of(self, ask: Ask, borrower: BorrowerRow) -> Story:
        """The borrower's story, as of the records in this view of the file."""
        self._forget_others(queries.journal_id(ask.db))
        partition, own = queries.journal_of(ask.db, borrower.no)
        broadcast = self._broadcast(ask.db, partition)
        key = (partition, own[-1][0] if own else -1, broadcast[-1][0] if broadcast else -1)
        with self._lock:
            kept = self._kept.get(borrower.borrower_id)
        if kept is None or kept[0] != key:
            kept = (key, story.tell(borrower.borrower_id, partition, own, broadcast))
        with self._lock:
            self._kept[borrower.borrower_id] = kept
            self._kept.move_to_end(borrower.borrower_id)
            while len(self._kept) > STORIES_MAX:
                self._kept.popitem(last=False)
        return kept[1]

    def _forget_others(self, journal: str) -> None:
        """What came from a journal that is no more counts for nothing."""
        with self._lock:
            if journal != self._journal:
                self._kept.clear()
                self._heard.clear()
                self._journal = journal

    def _broadcast(self, db: sqlite3.Connection, partition: int) -> list[Heard]:
        """What everybody of a partition was told; decoded once, for all borrowers."""
        with self._lock:
            heard = self._heard.get(partition, [])
        more = queries.broadcast(db, partition, heard[-1][0] if heard else -1)
        if more:
            heard = [*heard, *((offset, decode(value)) for offset, value in more)]
            with self._lock:
                self._heard[partition] = heard
        return heard


def listed(ask: Ask) -> View:
    """The page without an id."""
    rows = [
        {"id": row.borrower_id, "tier": TIERS[row.tier], "since": date(row.since), "ppm": row.ppm,
         "percent": percent(row.ppm)}
        for row in queries.worst(ask.db)
    ]  # fmt: skip
    return {"worst": rows, "borrowers": queries.borrowers(ask.db)}


def unknown(ask: Ask, borrower_id: str) -> View:
    """The page of an id that nothing has."""
    key = borrower_id.encode("utf-8", "replace")
    return {
        "id": borrower_id,
        "similar": queries.similar(ask.db, borrower_id[: max(3, len(borrower_id) - 3)]),
        "refused": queries.refused_with_key(ask.db, key),
    }


def view(ask: Ask, borrower: BorrowerRow, stories: Stories) -> View:
    """The page of a borrower."""
    told = stories.of(ask, borrower)
    alerts, others = queries.published(ask.db, borrower.no)
    found = _both(told.said, [*alerts, *others])
    today = max(told.day, told.row.business_day if told.row else 0)
    loans = dues.loans(told.told, today)
    span = Span(_first(told, today), today + (_AHEAD_DAYS if any(not _over(loan) for loan in loans) else 0))
    entries = timeline.entries(ask.language, told.told, found.said, found.published)
    everything = "all" in ask.query
    return {
        "id": borrower.borrower_id,
        "now": _now(ask, told, borrower),
        "life": _life(ask, span, today, told, found.said) if told.points else None,
        "loans": [_loan(ask, span, loan) for loan in loans],
        "entries": entries if everything else entries[:ENTRIES],
        "more": 0 if everything else max(0, len(entries) - ENTRIES),
        "equal": found.equal,
        "differ": found.differ,
        "refused": queries.refused_with_key(ask.db, borrower.borrower_id.encode()),
    }


class _Both:
    """What was said, published records first, and how both sources compare."""

    def __init__(self, said: list[Said], published: set[str], equal: int, differ: int) -> None:
        self.said, self.published, self.equal, self.differ = said, published, equal, differ


def _both(folded: list[Said], on_topics: list[Said]) -> _Both:
    by_id = {timeline.id_of(each): each for each in on_topics}
    own = {timeline.id_of(each): each for each in folded}
    differ = sum(own.get(key) != each for key, each in by_id.items())
    said = [by_id.get(key, each) for key, each in own.items()]
    said += [each for key, each in by_id.items() if key not in own]
    return _Both(said, set(by_id), len(by_id) - differ, differ)


def _first(told: Story, today: int) -> int:
    days = [each.event.business_date.toordinal() for each in told.told]
    return min([today - 30, *days])


def _over(loan: LoanDues) -> bool:
    return bool(loan.closed_on or loan.written_off_on)


def _now(ask: Ask, told: Story, borrower: BorrowerRow) -> View:
    row = told.row
    if row is None:
        return {"tier": TIERS[borrower.tier], "since": date(borrower.since), "percent": percent(borrower.ppm)}
    day = max(told.day, row.business_day)
    standing = derive(row.account, day).standing
    holds = [hold for hold in row.facts.holds if hold.from_day <= day and not 0 < hold.until_day <= day]
    return {
        "tier": TIERS[row.tier],
        "since": date(row.tier_since),
        "percent": percent(row.ppm),
        "days_past_due": standing.days_past_due,
        "arrears": money_text(standing.arrears_minor, row.currency),
        "exposure": money_text(standing.exposure_minor, row.currency),
        "next_due": date(standing.next_due_day),
        "holds": [event_words.value_words(ask.language, hold.kind.value) for hold in holds],
        "model": told.model,
    }


def _life(ask: Ask, span: Span, today: int, told: Story, said: list[Said]) -> View:
    words = life.Words(
        name=ask.say("borrower.curve"),
        tiers=[ask.say(f"tier.{tier}") for tier in TIERS],
        alerts=ask.say("lane.alerts"),
        actions=ask.say("lane.actions"),
        holds=ask.say("lane.holds"),
        today=ask.say("today"),
    )
    alerts = [_alert_sign(ask, each) for each in said if isinstance(each, RiskTierChanged)]
    actions = [_action_sign(ask, each) for each in said if isinstance(each, CollectionAction)]
    drawing = life.life(span, today, told.points, alerts, actions, _pauses(ask, told), words)
    rows = [
        (date(point.day), percent(point.ppm), TIERS[point.tier], point.days_past_due)
        for point in reversed(_changes(told.points))
    ]
    return {"svg": drawing, "rows": rows}


def _changes(points: list[story.Point]) -> list[story.Point]:
    """At most one point a month and each change of tier: as many rows as a person reads."""
    kept: list[story.Point] = []
    for point in points:
        month = date(point.day)[:7]
        if kept and date(kept[-1].day)[:7] == month and kept[-1].tier == point.tier:
            kept.pop()
        kept.append(point)
    return kept


def _alert_sign(ask: Ask, alert: RiskTierChanged) -> life.Sign:
    shape = {"UP": "up", "DOWN": "down", "RETRACT": "cross"}[alert.direction]
    kind = f"alert-{alert.direction} tier-{alert.to_tier}"
    title = f"{alert.business_date} {ask.say('tier.' + alert.from_tier)} → {ask.say('tier.' + alert.to_tier)}"
    return life.Sign(alert.business_date.toordinal(), shape, kind, title)


def _action_sign(ask: Ask, action: CollectionAction) -> life.Sign:
    verdict = "WITHHELD" if action.withheld else action.decision.verdict
    title = f"{action.business_date} {ask.say('step.' + action.stage)}: {ask.say('verdict.' + verdict)}"
    return life.Sign(action.business_date.toordinal(), "tick", f"verdict-{verdict}", title)


def _pauses(ask: Ask, told: Story) -> list[life.Pause]:
    accepted = [each.event for each in told.told if not each.refused and not each.repeats]
    cleared = {each.hold_id: each.business_date.toordinal() for each in accepted if isinstance(each, HoldCleared)}
    pauses = []
    for hold in accepted:
        if isinstance(hold, HoldSet):
            ends = [day.toordinal() for day in (hold.until_date,) if day] + [cleared.get(hold.hold_id, 0)]
            until = min((day for day in ends if day), default=0)
            kind = event_words.value_words(ask.language, hold.kind)
            pauses.append(life.Pause(hold.from_date.toordinal(), until, f"{kind} ({hold.hold_id})"))
    return pauses


def _loan(ask: Ask, span: Span, loan: LoanDues) -> View:
    rows = [_due(ask, loan, due) for due in loan.dues]
    titles = [f"{row['day']}: {row['amount']}, {row['state']}" for row in rows]
    name = f"{ask.say('borrower.dues')} {loan.loan_id}"
    passed = [due for due in loan.dues if due.state != "DUE"]
    return {
        "id": loan.loan_id,
        "product": loan.product,
        "svg": life.installments(span, loan.dues, name, titles),
        "rows": rows,
        "counts": [
            (state, sum(due.state == state for due in passed)) for state in ("ON_TIME", "LATE", "PART", "MISSED")
        ],
    }


def _due(ask: Ask, loan: LoanDues, due: Due) -> View:
    late = f" ({ask.say('due.late', late=event_words.days(ask.language, due.late_days))})" if due.late_days else ""
    return {
        "number": due.number,
        "day": date(due.day),
        "amount": money_text(due.amount_minor, loan.currency),
        "paid": money_text(due.paid_minor, loan.currency),
        "met": date(due.met_day),
        "kind": due.state,
        "state": ask.say(f"due.{due.state}") + late,
    }
