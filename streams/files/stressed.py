"""The present book under a scenario: where the book comes from, and what a stress test starts from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files

from msgspec import Struct, structs

from streams.agents.portfolio import new_monitor, restore, shipped_pack, shipped_playbook, whole_parts
from streams.engine import reading
from streams.engine import rows as frame
from streams.learning.stress import Result, run
from streams.portfolio import scenarios
from streams.portfolio.book import DIMENSIONS, MILLION
from streams.portfolio.monitor import Monitor
from streams.portfolio.scenarios import Scenario, Start
from streams.settings import Settings

#: So many values of a dimension are named where an unknown one was asked for.
VALUES_SHOWN = 60


class NoBook(Exception):
    """There is nothing to put under stress; the text says why, and what to do."""


class Asked(Struct, frozen=True, kw_only=True):
    """How a stress test is run.

    Attributes:
        reserve_minor: the reserve held; None: the one that was stated, or else the assumed one.
        assumed_coverage_ppm: of today's expected loss, to take as reserve where none was stated.
        required_ppm: coverage below which the reserve is breached.
        share_ppm: of the current loans of the segment that stop paying, where the scenario has some who do; None: its own.
        days: how far to look.
        seed: the same seed gives the same figures.
    """

    reserve_minor: int | None = None
    assumed_coverage_ppm: int = 1_250_000
    required_ppm: int = MILLION
    share_ppm: int | None = None
    days: int = 180
    seed: int = 1


class Stressed(Struct, frozen=True):
    """What a stress test gave.

    Attributes:
        start: the book that it started from.
        reserve_minor: the reserve that was held against it.
        assumed: nobody stated that reserve.
        scenarios: as asked for, in order.
        results: one each.
    """

    start: Start
    reserve_minor: int
    assumed: bool
    scenarios: list[Scenario]
    results: list[Result]


def live(settings: Settings) -> Monitor:
    """The book that the portfolio agent keeps on the cluster, as of the last committed closed date."""
    bodies: dict[bytes, bytes] = {}
    for record in reading.read_all(settings, ["portfolio-state"]):
        assert record.key is not None, "a row has a key"
        if record.value is None:
            bodies.pop(record.key, None)
        else:
            bodies[record.key] = frame.unpack(record.value)[3]
    monitor = new_monitor()
    restore(monitor, bodies)
    return monitor


def start(monitor: Monitor, currency: str | None = None, segment: str | None = None) -> Start:
    """What a stress test of a book starts from.

    Args:
        monitor: the book.
        currency: ISO 4217; None: the one with most loans.
        segment: the part that stop-pay hits, as `region=CA,product=auto`; None: the largest region.

    Raises:
        NoBook: there is none (of this currency, or in this segment).
        ValueError: the segment names a dimension that does not exist.
    """
    whole = {unit: part for unit, part in whole_parts(monitor).items() if part.history.lines}
    if not whole:
        raise NoBook("There is no book yet: no date was closed. Is the portfolio agent running?")
    unit = currency or max(sorted(whole), key=lambda name: whole[name].history.lines[-1].stock.loans)
    if unit not in whole:
        raise NoBook(f"There is no book in {unit}; there is one in {', '.join(sorted(whole))}.")
    if not any(each[0] == unit for each in monitor.sums.stock):
        raise NoBook(f"No loan in {unit} is active any more.")
    wanted = scenarios.parse_segment(segment) if segment else scenarios.largest(monitor.sums.stock, unit)
    if not any(each[0] == unit and scenarios.matches(each, wanted) for each in monitor.sums.stock):
        raise NoBook(f"No loan in {unit} is in {segment}. {_there_is(monitor, unit, wanted)}")
    through, lgd = monitor.book.through, shipped_playbook().loss_given_default_ppm
    history = whole[unit].history
    return scenarios.start(monitor.sums.stock, history, through, unit, wanted, shipped_pack("ifrs9"), lgd)


def _there_is(monitor: Monitor, unit: str, wanted: Mapping[str, str]) -> str:
    """The values that the named dimensions have."""
    found = []
    for name in wanted:
        values = sorted({each[DIMENSIONS.index(name)] for each in monitor.sums.stock if each[0] == unit})
        more = f" and {len(values) - VALUES_SHOWN} more" if len(values) > VALUES_SHOWN else ""
        found.append(f"{name} is one of {', '.join(values[:VALUES_SHOWN])}{more}")
    return f"Here {'; '.join(found)}."


def stress(monitor: Monitor, begun: Start, names: Sequence[str], asked: Asked) -> Stressed:
    """Put a book under scenarios."""
    stated = monitor.book.reserves.get(begun.currency) if asked.reserve_minor is None else asked.reserve_minor
    held = begun.loss_minor * asked.assumed_coverage_ppm // MILLION if stated is None else stated
    chosen = [_scenario(name, asked.share_ppm) for name in names]
    results = [
        run(begun, each, reserve_minor=held, required_ppm=asked.required_ppm, days=asked.days, seed=asked.seed)
        for each in chosen
    ]
    return Stressed(begun, held, stated is None, chosen, results)


def _scenario(name: str, share_ppm: int | None) -> Scenario:
    text = files("streams.portfolio").joinpath("scenarios", "scenarios-2026.1.toml").read_text(encoding="utf-8")
    found = scenarios.load(text)[name]
    if share_ppm is not None and found.stop_pay_share_ppm:
        return structs.replace(found, stop_pay_share_ppm=share_ppm)
    return found
