"""The book under watch: takes changes and what people say, and at each closed date finds what must be told.

A pure fold: (state, closed date) -> alerts. Decides the order: what people said (`people`), the day's stock and flows, the
outage guard (`rails`), then each part of the book that is large enough (`judging`); last, a summary where tier changes were
too many to read (`storm`).
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.events.outputs import PortfolioAlert
from streams.events.portfolio import PortfolioControl
from streams.portfolio import alerts, drift, people, rails, storm
from streams.portfolio.alerts import Subject
from streams.portfolio.book import Segment
from streams.portfolio.classes import Pack
from streams.portfolio.history import stock_on
from streams.portfolio.judging import Judge
from streams.portfolio.playbook import Playbook
from streams.portfolio.state import Book, Closed, Part
from streams.portfolio.sums import Cells, Closing, Flows, Sums, merge_cells
from streams.portfolio.views import currency, is_whole, label


class Monitor:
    """The fold. Give it changes and sayings, and close dates in rising order."""

    def __init__(self, playbook: Playbook, stage_pack: Pack, detector: drift.Detector) -> None:
        self.book = Book()
        self.sums = Sums()
        self._playbook = playbook
        self._pack = stage_pack
        self._detector = detector
        self._views = playbook.all_views()

    def hear(self, said: PortfolioControl, open_from: int = 0) -> None:
        """Take what a person says; it counts when its business date closes, and never on a day before `open_from`."""
        self.book.said.append((max(said.business_date.toordinal(), open_from), said))

    def close(self, day: int) -> Closed:
        """Every partition has closed `day` (ordinal): judge the book as of its opening."""
        book = self.book
        assert day > book.through, "dates close in rising order"
        closing = self.sums.close(day)
        found = people.heed(book, self._playbook, day)
        book.through = day
        lines = self._write_lines(day) | self._flows(closing)
        of_rails, freeze = rails.guard(book, self._playbook, day, closing)
        found += of_rails
        judged = [name for name, part in sorted(book.parts.items()) if self._is_judged(name, part, day - 1)]
        judge = Judge(book, self.sums, self._playbook, self._detector, day, len(judged))
        for name in judged:
            found += judge.judge(name)
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

    def _write_lines(self, day: int) -> set[int]:
        """Add the line of the day before to every part; returns the days whose lines changed."""
        cells, lines = self._cells(), {day - 1}
        for name in sorted(cells.keys() | self.book.parts.keys()):
            part = self.book.parts.setdefault(name, Part())
            part.figures = {}
            stock = stock_on(day, cells.get(name, {}), self._pack, self._playbook.loss_given_default_ppm)
            lines.update(part.history.append(day - 1, stock))
        return lines

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
