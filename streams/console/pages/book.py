"""The book of a currency, or one part of it, as the portfolio agent keeps it: stage, tiers, delinquency, rolls, coverage."""

from __future__ import annotations

import threading

from markupsafe import Markup

from streams.agents.portfolio import new_monitor, restore, shipped_playbook, whole_parts
from streams.console import queries
from streams.console.charts import lines
from streams.console.charts.canvas import bar
from streams.console.event_words import DASH
from streams.console.pages import segments
from streams.console.pages.ask import Ask, View, date, percent
from streams.console.pages.segments import late_share
from streams.evidence.money import money_text
from streams.portfolio.history import Line
from streams.portfolio.indicators import Figure, indicators
from streams.portfolio.monitor import Monitor
from streams.portfolio.stages import SIGNED
from streams.portfolio.state import Part
from streams.risk.tiers import TIERS

MILLION = 1_000_000
_ROLLS = ("roll_0_1", "roll_1_2", "roll_2_3", "roll_3_4")
#: The rows that change with every closed date: while they are the same, so is the book.
_KEYS = (b"progress", b"book")


class Books:
    """The restored book, kept while its rows are the same. Safe between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._key: tuple[bytes | None, ...] = ()
        self._monitor = new_monitor()

    def monitor(self, rows: dict[bytes, bytes]) -> Monitor:
        """The book that the agent's rows hold."""
        key = tuple(rows.get(name) for name in _KEYS)
        with self._lock:
            if key != self._key:
                monitor = new_monitor()
                restore(monitor, rows)
                self._key, self._monitor = key, monitor
            return self._monitor


def view(ask: Ask, books: Books) -> View:
    """The page."""
    monitor = books.monitor(queries.book_rows(ask.db))
    found = {unit: part for unit, part in sorted(whole_parts(monitor).items()) if part.history.lines}
    notices = queries.notices(ask.db)
    if not found:
        return {"part": None, "notices": notices, "units": []}
    largest = max(found, key=lambda name: found[name].history.lines[-1].stock.loans)
    unit = ask.chosen("currency", (largest, *found))
    whole, dimension = found[unit], ask.chosen("by", segments.DIMENSIONS)
    parts = segments.parts_by(dimension, unit, monitor.book.parts)
    value = ask.query.get("part", "")
    part, reserve = parts.get(value, whole), monitor.book.reserves.get(unit)
    return {
        "part": part,
        "value": value if value in parts else None,
        "segments": segments.view(ask, unit, dimension, monitor.book.parts, whole),
        "units": list(found),
        "unit": unit,
        "through": date(part.history.lines[-1].day),
        "stage": part.stage.stage,
        "since": date(part.stage.since),
        "sign": part.stage.stage in SIGNED,
        "held": sorted(part.stage.held),
        "proposals": part.proposals,
        "notices": notices,
        **_pictures(ask, part, unit),
        "coverage": _coverage(part, unit, reserve) if part is whole else None,
    }


def _pictures(ask: Ask, part: Part, unit: str) -> View:
    kept = part.history.lines
    stock, figures = kept[-1].stock, indicators(part.history, kept[-1].day)  # rows hold no figures
    days = [line.day for line in kept]
    tiers = [(f"fill tier-{name}", [line.stock.tiers[tier] for line in kept]) for tier, name in enumerate(TIERS)]
    past_due = [
        lines.Line(f"past-{late}", tuple((line.day, late_share(line, late)) for line in kept)) for late in (30, 90)
    ]
    return {
        "tiers_svg": lines.layers(ask.say("book.tiers"), days, tiers),
        "tiers": [(name, stock.tiers[tier], _share(stock.tiers[tier], stock.loans)) for tier, name in enumerate(TIERS)],
        "past_due_svg": lines.shares(ask.say("book.past_due"), past_due),
        "past_due": _months(kept),
        "buckets": [
            (
                index,
                money_text(balance, unit),
                stock.counts[index],
                _bar(balance, stock.balance_minor, f"bucket-{index}"),
            )
            for index, balance in enumerate(stock.balances)
        ],
        "rolls": [_roll(name, figures[name]) for name in _ROLLS],
        "cure": _figure(figures["cure_rate"]),
        "loans": f"{stock.loans:,}",
        "balance": money_text(stock.balance_minor, unit),
        "ifrs": [
            (number, money_text(balance, unit), money_text(loss, unit), _bar(loss, stock.loss_minor, f"ifrs-{number}"))
            for number, (balance, loss) in enumerate(zip(stock.stages, stock.losses, strict=True), 1)
        ],
    }


def _share(part: int, whole: int) -> str:
    return percent(part * MILLION // whole) if whole else DASH


def _bar(part: int, whole: int, kind: str) -> Markup:
    return bar(part / whole if whole else 0.0, kind)


def _months(kept: list[Line]) -> list[tuple[str, str, str]]:
    """The shares at each month's end that is kept, newest first, for the table beside the picture."""
    ends = [line for line in kept if date(line.day + 1).endswith("-01")]
    return [(date(line.day), percent(late_share(line, 30)), percent(late_share(line, 90))) for line in reversed(ends)]


def _figure(figure: Figure) -> View | None:
    if not figure.of:
        return None
    return {
        "share": percent(figure.value_ppm),
        "interval": f"{percent(figure.low_ppm)} {DASH} {percent(figure.high_ppm)}",
        "count": f"{figure.count:,} / {figure.of:,}",
        "bar": bar(figure.value_ppm / MILLION, "roll"),
    }


def _roll(name: str, figure: Figure) -> tuple[int, int, View | None]:
    _, before, after = name.split("_")
    return int(before), int(after), _figure(figure)


def _coverage(part: Part, unit: str, reserve_minor: int | None) -> View | None:
    loss = part.history.lines[-1].stock.loss_minor
    if reserve_minor is None or not loss:
        return None
    wanted = [t.below_ppm for t in shipped_playbook().triggers if t.indicator == "coverage" and t.below_ppm is not None]
    target, value = max(wanted, default=MILLION), reserve_minor * MILLION // loss
    scale = 2 * target
    return {
        "value": f"{value / 10_000:.0f} %",
        "enough": value >= target,
        "target": f"{target / 10_000:.0f} %",
        "bar": bar(value / scale, "enough" if value >= target else "short", target / scale),
        "reserve": money_text(reserve_minor, unit),
        "loss": money_text(loss, unit),
    }
