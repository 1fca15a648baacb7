"""How often the sequential test rings when nothing happens, and how large a part must be for it to find a strike in time.

    python -m tests.portfolio.ally_quiet [ROUNDS]

The due dates of June 2018 to March 2020 are those of the Ally loans; whether each is met is drawn by the real rates of its
promptness class and its day of the month, and by nothing else. So whatever rings is a false alarm. Before that, parts of
several sizes with the real mix of classes, a tenth of their book, in which 40 % of those who pay stop; and how often
parts of such a size ring when nothing happens.
"""

from __future__ import annotations

import datetime as dt
import math
import sys
from collections import Counter, defaultdict

import numpy as np
import numpy.typing as npt
from rich.console import Console
from rich.table import Table

from streams.events.envelope import BorrowerEvent
from streams.events.loans import LoanOpened
from streams.portfolio import sequential
from streams.portfolio.book import PROMPTNESS_CLASSES, vintage
from streams.portfolio.sequential import YEAR_DAYS, Day, Usual
from streams.sandbox.datasets import ally
from tests.portfolio.ally_strikes import FIRST, LAST, WATCHED_DAYS, due_dates

PAST_DAYS = 200
ADMITTED = sequential.ALARMS_A_YEAR
DAYS = LAST - FIRST + 1 + PAST_DAYS
BOUNDS = (1.0, 4.0, 12.0, 24.0)
SIZES, SHARE, QUICK_DAYS, LOOKED_DAYS, TRIALS = (5, 10, 20, 40, 80), 0.4, 3, 14, 100
#: Ten parts of one size over so many years.
CALM_PARTS, CALM_YEARS = 10, 6
Counts = npt.NDArray[np.int64]
Rates = npt.NDArray[np.float64]


def counted() -> tuple[list[tuple[str, str]], Counts, Counts]:
    """(region, vintage) of each cell; due dates and misses by cell, day and promptness class."""
    lives: dict[str, list[BorrowerEvent]] = defaultdict(list)
    for event in ally.events():
        if isinstance(event, BorrowerEvent):
            lives[event.borrower_id].append(event)
    places: dict[tuple[str, str], list[tuple[int, int, bool]]] = defaultdict(list)
    for life in lives.values():
        opened = next(event for event in life if isinstance(event, LoanOpened))
        cell = (opened.region or "-", vintage(opened.opened_on.toordinal()))
        places[cell] += [each for each in due_dates(life) if FIRST - PAST_DAYS <= each[0] <= LAST]
    due = np.zeros((len(places), DAYS, PROMPTNESS_CLASSES), np.int64)
    missed = np.zeros_like(due)
    for at, of_cell in enumerate(places.values()):
        for day, kind, is_missed in of_cell:
            due[at, day - FIRST + PAST_DAYS, kind] += 1
            missed[at, day - FIRST + PAST_DAYS, kind] += is_missed
    return list(places), due, missed


def rates_of(due: Counts, missed: Counts) -> Rates:
    """The chance of a miss by day and class."""
    by_class = missed.sum((0, 1)) / np.maximum(1, due.sum((0, 1)))
    month = np.array([dt.date.fromordinal(FIRST - PAST_DAYS + at).day for at in range(DAYS)])
    seen, expected = missed.sum((0, 2)), (due * by_class).sum((0, 2))
    factor = np.array([(seen[month == day].sum() + 10) / (expected[month == day].sum() + 10) for day in range(1, 32)])
    chances: Rates = np.minimum(sequential.USUAL_MAX, by_class * factor[month - 1][:, None])
    return chances


def members(cells: list[tuple[str, str]], due: Counts) -> dict[str, list[int]]:
    """The cells of the whole book and of each part with a due date a day or more."""
    found: dict[str, list[int]] = defaultdict(list)
    for at, (region, quarter) in enumerate(cells):
        for name in ("USD", f"USD/region={region}", f"USD/vintage={quarter}"):
            found[name].append(at)
    return {name: own for name, own in found.items() if due[own, PAST_DAYS:].sum() >= LAST - FIRST + 1}


def days_of(due: Counts, missed: Counts) -> list[Day]:
    """A part's days."""
    rows = zip(due.tolist(), missed.tolist(), strict=True)
    return [Day(FIRST - PAST_DAYS + at, tuple(n), tuple(m)) for at, (n, m) in enumerate(rows)]


def loudest(parts: dict[str, list[Day]], at: int) -> dict[str, float]:
    """By part, the highest bound at which it would ring on a day: alarms a year that the bound admits."""
    before, lately = slice(at - PAST_DAYS + 1, at + 1), slice(at - sequential.WINDOW_DAYS + 1, at + 1)
    usual, found = Usual(parts["USD"][before], FIRST - PAST_DAYS + at), {}
    for name, days in parts.items():
        if sum(sum(day.missed) for day in days[lately]) < sequential.MISSED_MIN:
            continue
        for bound in BOUNDS:
            sequential.ALARMS_A_YEAR = bound
            if sequential.judge(days[before], usual, len(parts), whole=name == "USD") is not None:
                found[name] = bound
                break
    return found


def power(console: Console, due: Counts, missed: Counts, parts: int) -> None:
    """Of how many strikes each is found in time, by due dates a day."""
    sequential.ALARMS_A_YEAR = ADMITTED
    totals = due.sum((0, 1))
    rates = missed.sum((0, 1)) / np.maximum(1, totals)
    titles = (
        f"{SHARE:.0%} found within {QUICK_DAYS} days",
        "half of them by day",
        "19 of 20 by day",
        "false alarms a year",
    )
    table = Table("due dates a day", *titles, title=f"{TRIALS} strikes each; {CALM_PARTS} parts in calm years")
    for size in SIZES:
        mix = size * totals / totals.sum()
        delays = sorted(_delay(np.random.default_rng(trial), mix, rates, parts) for trial in range(TRIALS))
        quick = sum(delay <= QUICK_DAYS for delay in delays)
        by = (delays[len(delays) // 2 - 1], delays[len(delays) * 95 // 100 - 1])
        told = ("-" if day > LOOKED_DAYS else str(day) for day in by)
        table.add_row(str(size), f"{quick / TRIALS:.0%}", *told, f"{calm(mix, rates):.2f}")
    console.print(table)


def _delay(chance: np.random.Generator, due: Rates, rates: Rates, parts: int) -> int:
    """On which day of the strike it is found; more than LOOKED_DAYS if it is not."""
    length = PAST_DAYS + LOOKED_DAYS
    own, rest = chance.poisson(due, (length, len(due))), chance.poisson(9 * due, (length, len(due)))
    missed, elsewhere = chance.binomial(own, rates), chance.binomial(rest, rates)
    missed[PAST_DAYS:] += chance.binomial(own[PAST_DAYS:] - missed[PAST_DAYS:], SHARE)
    part, book = days_of(own, missed), days_of(own + rest, missed + elsewhere)
    for at in range(PAST_DAYS, length):
        before = slice(at - PAST_DAYS + 1, at + 1)
        if sequential.judge(part[before], Usual(book[before], part[at].day), parts) is not None:
            return at - PAST_DAYS + 1
    return LOOKED_DAYS + 1


def calm(due: Rates, rates: Rates) -> float:
    """How often a year parts of one size ring together when nothing happens, a fortnight of rings counted once."""
    chance, length, rang = np.random.default_rng(1), PAST_DAYS + CALM_YEARS * YEAR_DAYS, 0
    own = chance.poisson(due, (CALM_PARTS, length, len(due)))
    missed = chance.binomial(own, rates)
    book = days_of(own.sum(0), missed.sum(0))
    parts, last = [days_of(*each) for each in zip(own, missed, strict=True)], [-WATCHED_DAYS - 1] * CALM_PARTS
    for at in range(PAST_DAYS, length):
        before = slice(at - PAST_DAYS + 1, at + 1)
        usual = Usual(book[before], book[at].day)
        for place, days in enumerate(parts):
            if sequential.judge(days[before], usual, CALM_PARTS) is not None:
                rang += at - last[place] > WATCHED_DAYS
                last[place] = at
    return rang / CALM_YEARS


def main(rounds: int) -> None:
    """Draw, judge every day, and print what rang; then what is found."""
    console = Console()
    cells, due, missed = counted()
    chances, groups = rates_of(due, missed), members(cells, due)
    power(console, due, missed, len(groups))
    rang: Counter[float] = Counter()
    for round_ in range(rounds):
        drawn = np.random.default_rng(round_).binomial(due, chances[None])
        parts = {name: days_of(due[own].sum(0), drawn[own].sum(0)) for name, own in groups.items()}
        last: dict[tuple[str, float], float] = {}
        for at in range(PAST_DAYS, DAYS):
            for name, least in loudest(parts, at).items():
                for bound in BOUNDS:
                    if bound >= least:
                        rang[bound] += at - last.get((name, bound), -math.inf) > WATCHED_DAYS
                        last[name, bound] = at
    years = rounds * (LAST - FIRST + 1) / YEAR_DAYS
    table = Table("the bound admits a year", "rang a year", title=f"{years:.0f} years, {len(groups)} parts together")
    for bound in BOUNDS:
        table.add_row(f"{bound:.0f}", f"{rang[bound] / years:.2f}")
    console.print(table)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 22)
