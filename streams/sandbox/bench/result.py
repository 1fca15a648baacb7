"""What was measured, as it is kept: runs, their medians, and the ratios that the goals are about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import Struct

#: Share of the cores' time from which on they count as all busy.
_BUSY = 0.9


class Run(Struct, frozen=True, kw_only=True):
    """One run of one contender. CPU is of the work's own processes; what runs beside them and the broker stand apart."""

    events: int
    seconds: float
    cpu_us_per_event: float
    beside_cpu_us_per_event: float
    beside_behind_seconds: float
    broker_cpu_us_per_event: float
    resident_bytes_max: int
    alerts: int

    @property
    def events_per_second(self) -> float:
        """The speed."""
        return self.events / self.seconds


class Spread(Struct, frozen=True, kw_only=True):
    """Of a figure over all rounds."""

    median: float
    min: float
    max: float

    @classmethod
    def of(cls, figures: Sequence[float]) -> Spread:
        """Of at least one figure."""
        return cls(median=round(median(figures), 1), min=round(min(figures), 1), max=round(max(figures), 1))


class Row(Struct, frozen=True, kw_only=True):
    """One contender over all rounds."""

    name: str
    title: str
    guarantee: str
    settings: str
    ticks: str
    versions: dict[str, str]
    events_per_second: Spread
    cpu_us_per_event: Spread
    beside_cpu_us_per_event: float
    beside_behind_seconds: float
    broker_cpu_us_per_event: float
    resident_bytes_max: int
    alerts: int
    rounds: int


class Skipped(Struct, frozen=True, kw_only=True):
    """A contender that could not run, and why."""

    name: str
    title: str
    why: str


def ratios(rows: Mapping[str, Row], cores: int) -> dict[str, float]:
    """The ratios of medians that can be had from these rows.

    `plain_faust`, `quix` and `bare` are how many times as fast Forewarn with one worker is; `cpu_over_bare_us` is what it
    costs above the bare loop; `workers_2_over_1` is as if the broker stood on another machine, see `without_broker`.
    """
    found: dict[str, float] = {}
    one = rows.get("forewarn_1")
    if one is None:
        return found
    others = {"plain_faust": "faust_pickled", "faust_table": "faust_table", "quix": "quix", "bytewax": "bytewax"}
    for ratio, name in (others | {"bare": "bare"}).items():
        if (other := rows.get(name)) is not None:
            found[ratio] = one.events_per_second.median / other.events_per_second.median
    if (bare := rows.get("bare")) is not None:
        found["cpu_over_bare_us"] = one.cpu_us_per_event.median - bare.cpu_us_per_event.median
    if (two := rows.get("forewarn_2")) is not None:
        found["workers_2_over_1_as_run"] = two.events_per_second.median / one.events_per_second.median
        found["workers_2_over_1"] = without_broker(two, cores) / without_broker(one, cores)
    return {name: round(value, 3) for name, value in found.items()}


def without_broker(row: Row, cores: int) -> float:
    """Events per second with the broker's share of the cores given back, where all cores were busy."""
    us = 1e6 / row.events_per_second.median
    busy_us = row.cpu_us_per_event.median + row.beside_cpu_us_per_event + row.broker_cpu_us_per_event
    return 1e6 / (us - row.broker_cpu_us_per_event / cores if busy_us > _BUSY * us * cores else us)
