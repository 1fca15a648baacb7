"""The book by one dimension: region, vintage, product or channel, each part beside the whole, the largest first.

Parts are those that the portfolio agent keeps, so a part's figures are the ones that its stage is judged by.
"""

from __future__ import annotations

from collections.abc import Mapping

from streams.console.charts import lines
from streams.console.charts.canvas import bar
from streams.console.event_words import DASH
from streams.console.pages.ask import Ask, View, percent
from streams.portfolio.book import MILLION
from streams.portfolio.history import Line
from streams.portfolio.indicators import Figure, indicators
from streams.portfolio.state import Part

#: By which the book may be looked at, the first one unless another is asked for.
DIMENSIONS = ("region", "vintage", "product", "channel")
#: So many parts are shown; a book has some dozens of regions and vintages.
ROWS_MAX = 60
LATE_DAYS = 30


def parts_by(dimension: str, unit: str, parts: Mapping[str, Part]) -> dict[str, Part]:
    """The parts of a currency's book that have loans now, by value; vintages newest first, else the largest first."""
    start = f"{unit}/{dimension}="
    found = {
        name.removeprefix(start): part
        for name, part in parts.items()
        if name.startswith(start) and part.history.lines and part.history.lines[-1].stock.loans
    }
    if dimension == "vintage":
        return dict(sorted(found.items(), reverse=True))
    return dict(sorted(found.items(), key=lambda item: (-item[1].history.lines[-1].stock.balance_minor, item[0])))


def late_share(line: Line, days: int = LATE_DAYS) -> int:
    """Of the balance, what is more than so many days past due (ppm)."""
    stock = line.stock
    return stock.past_due(days)[1] * MILLION // stock.balance_minor if stock.balance_minor else 0


def view(ask: Ask, unit: str, dimension: str, parts: Mapping[str, Part], whole: Part) -> View:
    """What the table of parts is given."""
    found = list(parts_by(dimension, unit, parts).items())
    shown = found[:ROWS_MAX]
    most = max((late_share(line) for _, part in shown for line in part.history.lines), default=0)
    overall = late_share(whole.history.lines[-1])
    balance = whole.history.lines[-1].stock.balance_minor
    return {
        "dimension": dimension,
        "dimensions": DIMENSIONS,
        "rows": [_row(ask, name, part, most, overall, balance) for name, part in shown],
        "left_out": len(found) - len(shown),
        "overall": percent(overall),
        "scale": percent(lines.round_share(most)),
    }


def _row(ask: Ask, name: str, part: Part, most: int, overall: int, balance: int) -> View:
    kept = part.history.lines
    stock, figures = kept[-1].stock, indicators(part.history, kept[-1].day)
    now, top = late_share(kept[-1]), lines.round_share(most)
    points = [(line.day, late_share(line)) for line in kept]
    return {
        "name": name,
        "spark": lines.spark(ask.say("book.part.spark", part=name), points, top),
        "bar": bar(now / top, "short" if now > overall else "past", min(1.0, overall / top)),
        "late": percent(now),
        "very_late": percent(late_share(kept[-1], 90)),
        "roll": _share(figures["roll_0_1"]),
        "loss": percent(figures["expected_loss_ratio"].value_ppm),
        "loans": f"{stock.loans:,}",
        "of_balance": percent(stock.balance_minor * MILLION // balance) if balance else DASH,
        "stage": part.stage.stage,
    }


def _share(figure: Figure) -> str:
    return percent(figure.value_ppm) if figure.of else DASH
