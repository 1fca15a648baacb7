"""The book under watch: takes changes and what people say, and at each closed date finds what must be told.

A pure fold: (state, closed date) -> alerts. In order: what people said, the day's flows and stock, the outage guard, then
for each part of the book its indicators, drift and stage; last, a summary where tier changes were too many to read.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct, field, structs

from streams.events.outputs import PortfolioAlert, PortfolioProposal
from streams.events.portfolio import PortfolioControl, ProposalDecided, ReserveStated, StageSignedOff
from streams.portfolio import alerts, drift, incident, indicators, sequential, stages, storm, whole
from streams.portfolio.alerts import Subject
from streams.portfolio.book import MILLION, Segment
from streams.portfolio.classes import Pack
from streams.portfolio.history import DAYS_KEPT, History, Line, Stock, stock_on
from streams.portfolio.indicators import Figure, of_loans
from streams.portfolio.playbook import Playbook
from streams.portfolio.stages import LEVEL, StageState
from streams.portfolio.sums import Cells, Closing, Flows, Sums, merge_cells
from streams.portfolio.views import currency, is_whole, label

#: A drift that has been quiet for so many days is over.
DRIFT_QUIET_DAYS = 14


class Part(Struct):
    """What is remembered of one part of the book.

    Attributes:
        history: its days.
        stage: where it stands.
        proposals: of the stages it went through lately; those of the present one may still be decided.
        drift_alert: id of the standing drift alert; empty for none.
        drift_seen: the last day on which the drift was seen.
        figures: as of the last closed day; empty for a part that is too small to be judged.
    """

    history: History = field(default_factory=History)
    stage: StageState = field(default_factory=StageState)
    proposals: list[PortfolioProposal] = field(default_factory=list)
    drift_alert: str = ""
    drift_seen: int = 0
    figures: dict[str, Figure] = field(default_factory=dict)


class Book(Struct):
    """Everything but the sums.

    Attributes:
        parts: by label.
        guard: the outage guard.
        incident_alert: id of the alert of the open incident.
        reserves: stated reserve by currency, minor units.
        said: what people said, each with the day (ordinal) it counts on, until that is closed.
        through: the last closed date (ordinal): figures are as of its opening.
    """

    parts: dict[str, Part] = field(default_factory=dict)
    guard: incident.Guard = field(default_factory=incident.Guard)
    incident_alert: str = ""
    reserves: dict[str, int] = field(default_factory=dict)
    said: list[tuple[int, PortfolioControl]] = field(default_factory=list)
    through: int = 0


class Closed(Struct):
    """What closing a date gave: what to tell, and which rows to write.

    Attributes:
        alerts: in order.
        days: whose changes wait no more (ordinal).
        segments: whose stock moved.
        lines: days whose lines changed.
        freeze: the incident whose freeze is set, changed or (if it is over) lifted; None: nothing to tell.
    """

    alerts: list[PortfolioAlert]
    days: list[int]
    segments: set[Segment]
    lines: set[int]
    freeze: Freeze | None = None


class Freeze(Struct, frozen=True):
    """What must wait for what a rail or data incident affects.

    Attributes:
        incident_id: id of the alert that raised it.
        since: the incident's first day (ordinal).
        affected: processors and feeds.
        over: nothing has to wait any more.
    """

    incident_id: str
    since: int
    affected: tuple[str, ...]
    over: bool


class Monitor:
    """The fold. Give it changes and sayings, and close dates in rising order."""

    def __init__(self, playbook: Playbook, stage_pack: Pack, detector: drift.Detector) -> None:
        self.book = Book()
        self.sums = Sums()
        self._playbook = playbook
        self._pack = stage_pack
        self._detector = detector
        self._views = playbook.all_views()
        self._usual: dict[str, sequential.Usual] = {}

    def hear(self, said: PortfolioControl, open_from: int = 0) -> None:
        """Take what a person says; it counts when its business date closes, and never on a day before `open_from`."""
        self.book.said.append((max(said.business_date.toordinal(), open_from), said))

    def close(self, day: int) -> Closed:
        """Every partition has closed `day` (ordinal): judge the book as of its opening."""
        assert day > self.book.through, "dates close in rising order"
        closing = self.sums.close(day)
        found = self._heed(day)
        told, self.book.through = day - 1, day
        cells = self._cells()
        lines = {told}
        for name in sorted(cells.keys() | self.book.parts.keys()):
            part = self.book.parts.setdefault(name, Part())
            part.figures = {}
            stock = stock_on(day, cells.get(name, {}), self._pack, self._playbook.loss_given_default_ppm)
            lines.update(part.history.append(told, stock))
        lines |= self._flows(closing)
        alerts_of_feeds, freeze = self._guard(day, closing)
        found += alerts_of_feeds
        self._usual = {}
        judged = [name for name, part in sorted(self.book.parts.items()) if self._is_judged(name, part, told)]
        for name in judged:
            found += self._part(name, self.book.parts[name], day, len(judged))
        found += self._storms(day, closing)
        return Closed(found, closing.days, closing.touched, lines, freeze)

    def _is_judged(self, name: str, part: Part, told: int) -> bool:
        """A small part has no stage, and one that is the whole book would only say everything twice."""
        if is_whole(name) or part.stage.stage != "NORMAL" or part.drift_alert:
            return True
        total = self.book.parts[currency(name)].history.at(told)
        line = part.history.at(told)
        assert total is not None, "the whole book has a line of every day"
        assert line is not None, "and so has each of its parts"
        return self._playbook.loans_min <= line.stock.loans < total.stock.loans

    def _cells(self) -> dict[str, Cells]:
        cells: dict[str, Cells] = {}
        for segment, held in self.sums.stock.items():
            for view in self._views:
                merge_cells(cells.setdefault(label(segment, view), {}), held)
        return cells

    def _flows(self, closing: Closing) -> set[int]:
        for (day, segment), flows in closing.flows.items():
            for view in self._views:
                part = self.book.parts.get(label(segment, view))
                if part is not None:
                    part.history.note(day, flows)
        return {day for day, _ in closing.flows}

    def _heed(self, day: int) -> list[PortfolioAlert]:
        """Let what was said under dates before `day` count."""
        due = [each for each in self.book.said if each[0] < day]
        self.book.said = [each for each in self.book.said if each[0] >= day]
        found = []
        for _, said in sorted(due, key=lambda each: (each[0], each[1].business_date, each[1].event_id)):
            match said:
                case ReserveStated():
                    self.book.reserves[said.reserve.currency] = said.reserve.amount_minor
                case StageSignedOff():
                    if (part := self.book.parts.get(said.segment)) is not None:
                        stages.sign_off(part.stage, said.stage, said.signed_by)
                case ProposalDecided():
                    found += self._decide(day, said)
        return found

    def _decide(self, day: int, said: ProposalDecided) -> list[PortfolioAlert]:
        part = self.book.parts.get(said.segment)
        if part is None:
            return []
        for place, proposal in enumerate(part.proposals):
            if proposal.proposal_id == said.proposal_id:
                decided = structs.replace(proposal, state=said.decision, decided_by=said.decided_by)
                part.proposals[place] = decided
                words = f"{said.proposal_id}: {said.decision} by {said.decided_by}."
                subject = Subject(said.segment, day, part.stage.stage, part.stage.stage)
                alert = alerts.make(subject, "PROPOSALS", self._playbook, (words, words), proposals=[decided])
                return [structs.replace(alert, alert_id=f"{said.proposal_id}/{said.decision}")]
        return []

    def _guard(self, day: int, closing: Closing) -> tuple[list[PortfolioAlert], Freeze | None]:
        book, told = self.book, day - 1
        for (at, mark), counts in closing.marks.items():
            book.guard.note(at, mark, counts)
        lines = [part.history.at(told) for name, part in book.parts.items() if is_whole(name)]
        exposed, missed = indicators.hazard(line for line in lines if line is not None)
        before = list(book.guard.incident.affected) if book.guard.incident else []
        ended = book.guard.close(told, exposed, missed)
        if ended is not None:
            clears, book.incident_alert = book.incident_alert, ""
            lifted = Freeze(clears, ended.since, tuple(ended.affected), over=True)
            return [self._incident(day, ended, clears=clears)], lifted
        now, found = book.guard.incident, list[PortfolioAlert]()
        if now is None:
            return found, None
        if not book.incident_alert:
            found = [self._incident(day, now, figure=of_loans(missed, exposed))]
            book.incident_alert = found[0].alert_id
        changed = now.affected != before
        return found, Freeze(book.incident_alert, now.since, tuple(now.affected), over=False) if changed else None

    def _incident(
        self, day: int, found: incident.Incident, *, clears: str | None = None, figure: Figure | None = None
    ) -> PortfolioAlert:
        return alerts.make(
            Subject(alerts.FEEDS, day, "NORMAL", "NORMAL"),
            "DATA_OR_RAIL_INCIDENT",
            self._playbook,
            alerts.incident_words(found, ended=clears is not None),
            clears=clears,
            figures=[alerts.say("new_miss_hazard", figure)] if figure else [],
            affected=found.affected,
        )

    def _part(self, name: str, part: Part, day: int, parts: int) -> list[PortfolioAlert]:
        told = day - 1
        part.figures = indicators.indicators(part.history, told)
        if is_whole(name):
            reserve = self.book.reserves.get(name)
            part.figures |= whole.figures(name, part.history, told, self.sums.stock, self.book.guard.marks, reserve)
        if told in self.book.guard.frozen:  # whatever rose, it was the outage
            return self._clear_drift(name, part, day) if part.drift_alert else []
        risen = self._detector(self._days(part.history)) or self._struck(name, part, told, parts)
        part.figures["new_miss_drift"] = drift.as_figure(risen)
        found = self._drift(name, part, day, risen)
        stages.look(part.stage, self._playbook, part.figures, whole=is_whole(name))
        line = part.history.at(told)
        assert line is not None, "the day's line was just added"
        return [*found, *self._step(name, part, day, line.stock)]

    def _struck(self, name: str, part: Part, told: int, parts: int) -> drift.Drift | None:
        """Whether some of those who pay have stopped together."""
        if sequential.is_quiet(part.history, told):
            return None
        unit, frozen = currency(name), frozenset(self.book.guard.frozen)
        if unit not in self._usual:
            whole_days = sequential.days_of(self.book.parts[unit].history, told, frozen)
            self._usual[unit] = sequential.Usual(whole_days, told)
        days = sequential.days_of(part.history, told, frozen)
        return sequential.judge(days, self._usual[unit], parts, whole=is_whole(name))

    def _days(self, history: History) -> list[tuple[int, int, int]]:
        frozen = set(self.book.guard.frozen)
        days = history.values("hazard", _day_hazard, DAYS_KEPT, history.lines[-1].day)
        return [each for each in days if each[0] not in frozen] if frozen else days

    def _drift(self, name: str, part: Part, day: int, risen: drift.Drift | None) -> list[PortfolioAlert]:
        if risen is None:
            over = part.drift_alert and day - part.drift_seen >= DRIFT_QUIET_DAYS
            return self._clear_drift(name, part, day) if over else []
        part.drift_seen = day
        if part.drift_alert:
            return []
        subject = Subject(name, day, part.stage.stage, part.stage.stage)
        share = risen.missed * MILLION // risen.exposed
        figure = Figure(share, risen.low_ppm, risen.high_ppm, risen.missed, risen.exposed)
        said = alerts.say("new_miss_hazard", figure, risen.baseline_ppm)
        words = alerts.drift_words(name, risen)
        alert = alerts.make(subject, "DRIFT", self._playbook, words, figures=[said], affected=risen.detectors)
        part.drift_alert = alert.alert_id
        return [alert]

    def _clear_drift(self, name: str, part: Part, day: int) -> list[PortfolioAlert]:
        clears, part.drift_alert = part.drift_alert, ""
        subject = Subject(name, day, part.stage.stage, part.stage.stage)
        words = alerts.drift_over_words(name)
        return [alerts.make(subject, "DRIFT", self._playbook, words, clears=clears)]

    def _step(self, name: str, part: Part, day: int, stock: Stock) -> list[PortfolioAlert]:
        before = stages.step(part.stage, self._playbook, day)
        stage = part.stage.stage
        if stage == before:
            return []
        kept = [structs.replace(p, state="WITHDRAWN") if p.state == "PROPOSED" else p for p in part.proposals]
        withdrawn = [new for old, new in zip(part.proposals, kept, strict=True) if new is not old]
        part.proposals = alerts.proposals(self._playbook, name, stage, day)
        reserve = self.book.reserves.get(currency(name)) if is_whole(name) else None
        subject = Subject(name, day, before, stage, stock.loss_minor, reserve)
        held = [trigger for trigger in self._playbook.triggers if trigger.id in part.stage.held]
        up = [trigger for trigger in held if LEVEL[trigger.stage] >= LEVEL[stage]]
        return [
            alerts.make(
                subject,
                "STAGE",
                self._playbook,
                alerts.stage_words(subject, up),
                figures=alerts.figures_of(held, part.figures),
                proposals=[*part.proposals, *withdrawn],
            )
        ]

    def _storms(self, day: int, closing: Closing) -> Iterable[PortfolioAlert]:
        by_unit: dict[str, dict[Segment, Flows]] = {}
        for (at, segment), flows in closing.flows.items():
            if at == day - 1:
                by_unit.setdefault(segment[0], {})[segment] = flows
        for unit, flows_of in sorted(by_unit.items()):
            summary = storm.summarize(flows_of)
            if summary.changes > self._playbook.tier_changes_budget:
                stage = self.book.parts[unit].stage.stage if unit in self.book.parts else "NORMAL"
                words = alerts.storm_words(unit, summary, self._playbook.tier_changes_budget)
                yield alerts.make(Subject(unit, day, stage, stage), "TIER_CHANGES_SUMMARY", self._playbook, words)


def _day_hazard(line: Line) -> tuple[int, int, int]:
    return (line.day, *indicators.hazard((line,)))
