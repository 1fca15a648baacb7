"""What is worth knowing of each agent's memory, and where it is. One function an agent, called every few seconds."""

from __future__ import annotations

import calendar
import datetime as dt
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, cast

from streams.engine.processor import Processor
from streams.telemetry import metrics

if TYPE_CHECKING:
    from streams.agents.assess import Assessor
    from streams.agents.learn import LearningAgent
    from streams.agents.portfolio import PortfolioAgent
    from streams.agents.preserve import Preserver

Look = Callable[[], None]


def look_for(agent: str, processor: Processor) -> Look:
    """What to look at in this agent's process."""
    match agent:
        case "assess":
            return assess(cast("Assessor", processor))
        case "learn":
            return learn(cast("LearningAgent", processor))
        case "portfolio":
            return portfolio(cast("PortfolioAgent", processor))
        case "preserve":
            return preserve(cast("Preserver", processor))
        case _:
            return lambda: None


def unix_day(day: int) -> int:
    """Midnight (UTC) of an ordinal day as Unix time."""
    return calendar.timegm(dt.date.fromordinal(day).timetuple())


def assess(processor: Assessor) -> Look:
    """Clock, rows and bytes of each partition; tiers and waiting observations of all."""
    from streams.agents.walk import Walk

    walk = Walk(processor.shards)
    rows, dates = metrics.Series(metrics.STATE_ROWS), metrics.Series(metrics.BUSINESS_DATE)

    def look() -> None:
        shards = processor.shards().items()
        rows.fill({(str(partition),): shard.rows for partition, shard in shards})
        dates.fill({(str(partition),): unix_day(day) for partition, shard in shards if (day := shard.own.business_day)})
        walk.go_on()

    return look


def learn(processor: LearningAgent) -> Look:
    """Labels that wait."""
    return lambda: metrics.LABELS_WAITING.set(processor.waiting)


def preserve(processor: Preserver) -> Look:
    """How much is kept, how much of it is not signed, and since when."""
    metrics.CHECKPOINT_AT.set(time.time())
    signed = [0]

    def look() -> None:
        metrics.EVIDENCE_ENTRIES.set(processor.entries)
        metrics.EVIDENCE_UNSIGNED.set(processor.entries - processor.signed_entries)
        if processor.signed_entries != signed[0]:
            signed[0] = processor.signed_entries
            metrics.CHECKPOINT_AT.set(time.time())

    return look


def portfolio(processor: PortfolioAgent) -> Look:
    """Stage, coverage and indicators of each currency's whole book."""
    from streams.portfolio.book import MILLION
    from streams.portfolio.stages import LEVEL
    from streams.portfolio.views import is_whole

    currencies = metrics.Bounded()

    def look() -> None:
        for name, part in list(processor.monitor.book.parts.items()):
            if not is_whole(name):
                continue
            currency = currencies(name)
            metrics.STAGE.labels(currency).set(LEVEL[part.stage.stage])
            for indicator, figure in list(part.figures.items()):
                metrics.INDICATORS.labels(currency, indicator).set(figure.value_ppm / MILLION)
                if indicator == "coverage":
                    metrics.COVERAGE.labels(currency).set(figure.value_ppm / MILLION)

    return look
