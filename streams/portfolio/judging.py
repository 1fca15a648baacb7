"""One part of the book on one closed date: its figures, whether its new misses drift, and where it stands.

Rule 1: a day inside a rail or data incident steps no stage and rings no drift; a drift that stands is taken back.
Rule 2: a drift is raised once, and is over when it has not been seen for `DRIFT_QUIET_DAYS`.
Rule 3: entering a stage proposes its measures; what was only proposed in the stage before is withdrawn.
"""

from __future__ import annotations

from msgspec import structs

from streams.events.outputs import PortfolioAlert
from streams.portfolio import alerts, drift, indicators, sequential, stages, whole
from streams.portfolio.alerts import Subject
from streams.portfolio.book import MILLION
from streams.portfolio.history import DAYS_KEPT, Line, Stock
from streams.portfolio.indicators import Figure
from streams.portfolio.playbook import Playbook
from streams.portfolio.stages import LEVEL
from streams.portfolio.state import Book, Part
from streams.portfolio.sums import Sums
from streams.portfolio.views import currency, is_whole

#: A drift that has been quiet for so many days is over.
DRIFT_QUIET_DAYS = 14


class Judge:
    """Judges the parts of a book as of the opening of a day; made anew for each."""

    def __init__(
        self, book: Book, sums: Sums, playbook: Playbook, detector: drift.Detector, day: int, parts: int
    ) -> None:
        """Make ready.

        Args:
            book: whose guard has judged the day before; changed.
            sums: the stock as of the opening of the day.
            playbook: the plan.
            detector: of drift in a part's own days.
            day: ordinal.
            parts: how many are judged: they share the false alarms of a year.
        """
        self._book, self._stock, self._playbook, self._detector = book, sums.stock, playbook, detector
        self._day, self._told, self._parts = day, day - 1, parts
        self._frozen = frozenset(book.guard.frozen)
        self._usual: dict[str, sequential.Usual] = {}

    def judge(self, name: str) -> list[PortfolioAlert]:
        """Judge a part; returns what must be told of it."""
        part, told = self._book.parts[name], self._told
        part.figures = indicators.indicators(part.history, told)
        if is_whole(name):
            reserve = self._book.reserves.get(name)
            part.figures |= whole.figures(name, part.history, told, self._stock, self._book.guard.marks, reserve)
        if told in self._frozen:  # whatever rose, it was the outage
            return self._clear_drift(name, part) if part.drift_alert else []
        risen = self._detector(self._days(part)) or self._struck(name, part)
        part.figures["new_miss_drift"] = drift.as_figure(risen)
        found = self._drift(name, part, risen)
        stages.look(part.stage, self._playbook, part.figures, whole=is_whole(name))
        line = part.history.at(told)
        assert line is not None, "the day's line was just added"
        return [*found, *self._step(name, part, line.stock)]

    def _days(self, part: Part) -> list[tuple[int, int, int]]:
        days = part.history.values("hazard", _day_hazard, DAYS_KEPT, part.history.lines[-1].day)
        return [each for each in days if each[0] not in self._frozen] if self._frozen else days

    def _struck(self, name: str, part: Part) -> drift.Drift | None:
        """Whether some of those who pay have stopped together."""
        if sequential.is_quiet(part.history, self._told):
            return None
        unit = currency(name)
        if unit not in self._usual:
            whole_days = sequential.days_of(self._book.parts[unit].history, self._told, self._frozen)
            self._usual[unit] = sequential.Usual(whole_days, self._told)
        days = sequential.days_of(part.history, self._told, self._frozen)
        return sequential.judge(days, self._usual[unit], self._parts, whole=is_whole(name))

    def _drift(self, name: str, part: Part, risen: drift.Drift | None) -> list[PortfolioAlert]:
        if risen is None:
            over = part.drift_alert and self._day - part.drift_seen >= DRIFT_QUIET_DAYS
            return self._clear_drift(name, part) if over else []
        part.drift_seen = self._day
        if part.drift_alert:
            return []
        share = risen.missed * MILLION // risen.exposed
        figure = Figure(share, risen.low_ppm, risen.high_ppm, risen.missed, risen.exposed)
        said = alerts.say("new_miss_hazard", figure, risen.baseline_ppm)
        words, subject = alerts.drift_words(name, risen), self._subject(name, part)
        alert = alerts.make(subject, "DRIFT", self._playbook, words, figures=[said], affected=risen.detectors)
        part.drift_alert = alert.alert_id
        return [alert]

    def _clear_drift(self, name: str, part: Part) -> list[PortfolioAlert]:
        clears, part.drift_alert = part.drift_alert, ""
        words = alerts.drift_over_words(name)
        return [alerts.make(self._subject(name, part), "DRIFT", self._playbook, words, clears=clears)]

    def _subject(self, name: str, part: Part) -> Subject:
        return Subject(name, self._day, part.stage.stage, part.stage.stage)

    def _step(self, name: str, part: Part, stock: Stock) -> list[PortfolioAlert]:
        before = stages.step(part.stage, self._playbook, self._day)
        stage = part.stage.stage
        if stage == before:
            return []
        kept = [structs.replace(p, state="WITHDRAWN") if p.state == "PROPOSED" else p for p in part.proposals]
        withdrawn = [new for old, new in zip(part.proposals, kept, strict=True) if new is not old]
        part.proposals = alerts.proposals(self._playbook, name, stage, self._day)
        reserve = self._book.reserves.get(currency(name)) if is_whole(name) else None
        subject = Subject(name, self._day, before, stage, stock.loss_minor, reserve)
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


def _day_hazard(line: Line) -> tuple[int, int, int]:
    return (line.day, *indicators.hazard((line,)))
