"""`forewarn stress`: what would become of the present book, of its reserve, and how soon."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import msgspec

from streams.commands.context import with_settings
from streams.commands.options import json_option

if TYPE_CHECKING:
    from streams.files.stressed import Stressed
    from streams.learning.stress import Result
    from streams.portfolio.classes import Tally
    from streams.portfolio.monitor import Monitor
    from streams.portfolio.scenarios import Start
    from streams.settings import Settings

_IN = click.Path(exists=True, dir_okay=False, path_type=Path)
_OUT = click.Path(dir_okay=False, writable=True, path_type=Path)
#: The scenarios of the shipped file, in its order; named here so that `--help` need not read it.
NAMES = ("baseline", "adverse", "severe", "stop-pay", "processor-down", "unemployment")
MILLION = 1_000_000


class Given(msgspec.Struct, frozen=True):
    """The options, as checked by click."""

    paths: tuple[Path, ...]
    currency: str | None
    segment: str | None
    share: float | None
    reserve: int | None
    assumed_coverage: float
    required: float
    days: int
    seed: int
    svg: Path | None


@click.command(
    epilog="Example: forewarn stress all --file ally.jsonl.gz --reserve 250000000 --svg stress.svg",
)
@click.argument("scenario", type=click.Choice([*NAMES, "all"]))
@click.option("--file", "paths", multiple=True, type=_IN, help="Take the book of event files instead of the cluster's.")
@click.option("--currency", help="Which currency's book. Default: the one with most loans.")
@click.option("--segment", help="What stop-pay hits, as region=CA,product=auto. Default: the largest region.")
@click.option("--share", type=click.FloatRange(0, 100), help="Percent of its current loans that stop paying.")
@click.option("--reserve", type=click.IntRange(0), help="The reserve in minor units. Default: the one that was stated.")
@click.option(
    "--assumed-coverage",
    type=click.FloatRange(1, 1000),
    default=125.0,
    show_default=True,
    help="Percent of today's expected loss to take as reserve where none was stated.",
)
@click.option("--required", type=click.FloatRange(1, 1000), default=100.0, show_default=True, help="Coverage, percent.")
@click.option("--days", type=click.IntRange(1, 1095), default=180, show_default=True, help="How far to look.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Same seed, same figures.")
@click.option("--svg", type=_OUT, help="Draw coverage day by day into this file.")
@json_option
@with_settings
def stress(settings: Settings, scenario: str, *, as_json: bool, **options: Any) -> None:
    """Put the present book under SCENARIO: loss, coverage and days until the reserve no longer covers it.

    Without --file, the book is the one that the portfolio agent keeps on the cluster, as of the last closed date.
    """
    from streams.files import stressed

    given = msgspec.convert(options, Given)
    if given.share is not None and scenario not in {"stop-pay", "all"}:
        raise click.BadParameter(
            f"nobody stops paying in scenario {scenario}; use it with stop-pay.", param_hint="--share"
        )
    monitor = _of_files(given.paths) if given.paths else stressed.live(settings)
    asked = stressed.Asked(
        reserve_minor=given.reserve,
        assumed_coverage_ppm=round(given.assumed_coverage * 10_000),
        required_ppm=round(given.required * 10_000),
        share_ppm=None if given.share is None else round(given.share * 10_000),
        days=given.days,
        seed=given.seed,
    )
    try:
        start = stressed.start(monitor, given.currency, given.segment)
    except stressed.NoBook as error:
        raise click.ClickException(str(error)) from error
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--segment") from error
    told = stressed.stress(monitor, start, NAMES if scenario == "all" else (scenario,), asked)
    if given.svg is not None:
        given.svg.write_text(_drawn(told.results, given.days, given.required), encoding="utf-8")
    _say(told, _classes(monitor, start), as_json=as_json)


def _classes(monitor: Monitor, start: Start) -> dict[str, list[Tally]]:
    """The book by each classification that comes with Forewarn."""
    from streams.agents.portfolio import shipped_pack
    from streams.portfolio.classes import tally

    parts = [cells for segment, cells in monitor.sums.stock.items() if segment[0] == start.currency]
    return {name: tally(shipped_pack(name), start.day, parts) for name in ("ifrs9", "cn-five")}


def _of_files(paths: Sequence[Path]) -> Monitor:
    from rich.console import Console

    from streams.commands.progress import progress_bar
    from streams.files.assess import assess
    from streams.files.events import read

    events = read(paths)
    with progress_bar(Console(stderr=True), len(events), "assessing") as progress:
        return assess(events, progress=progress).monitor


def _say(told: Stressed, classes: Mapping[str, Sequence[Tally]], *, as_json: bool) -> None:
    from streams.commands.printing import print_json, print_table

    start, held = told.start, told.reserve_minor
    if as_json:
        head: Mapping[str, object] = {
            "as_of": dt.date.fromordinal(start.day),
            "currency": start.currency,
            "expected_loss_minor": start.loss_minor,
            "reserve_minor": held,
            "reserve_assumed": told.assumed,
            "classes": classes,
        }
        print_json({**head, "results": told.results})
        return
    click.echo(
        f"The book in {start.currency} as of {dt.date.fromordinal(start.day)}: expected loss {_money(start.loss_minor)}, "
        f"reserve {_money(held)}{' (assumed: none was stated)' if told.assumed else ''}."
    )
    if any(scenario.stop_pay_share_ppm for scenario in told.scenarios):
        hit, rest = sum(start.hit.loans), sum(start.rest.loans)
        click.echo(f"Those who stop paying are in {start.segment}: {hit:,} of {hit + rest:,} loans.")
    columns = (
        "scenario",
        "loss",
        "5 %",
        "95 %",
        "30+ at end",
        "coverage at end",
        "lowest",
        "days to breach",
        "paths in breach",
        "chart",
    )
    rows = []
    for result in told.results:
        low, middle, high = result.loss_minor
        breach = "none" if result.breach_day is None else str(result.breach_day)
        rows.append(
            (
                result.scenario,
                _money(middle),
                _money(low),
                _money(high),
                _percent(result.points[-1].past_due_30_ppm),
                _percent(result.coverage_end_ppm),
                _percent(result.coverage_least_ppm),
                breach,
                _percent(result.breach_share_ppm),
                _bars(result),
            )
        )
    print_table(columns, rows, right=columns[1:-1])
    for scenario in told.scenarios:
        click.echo(f"{scenario.name}: {scenario.text_en} ({scenario.source}.)")
    click.echo("Loss is lost so far plus still expected. The chart is coverage over time, full height 150 %.")
    _say_classes(classes)


def _say_classes(classes: Mapping[str, Sequence[Tally]]) -> None:
    """The book by regulatory class, each with how far its rule was verified."""
    from streams.commands.printing import print_table

    rows = [
        (pack, f"{each.name} {each.name_zh}".rstrip(), f"{each.loans:,}", _money(each.balance_minor), each.trust)
        for pack, tallies in classes.items()
        for each in tallies
    ]
    print_table(("classes", "class", "loans", "balance", "source verified"), rows, right=("loans", "balance"))


def _money(minor: int) -> str:
    """Minor units with two decimals, as a person reads them; exact amounts are in the JSON."""
    return f"{minor / 100:,.0f}"


def _percent(ppm: int | None) -> str:
    return "-" if ppm is None else f"{ppm / 10_000:.1f} %"


def _bars(result: Result, width: int = 24) -> str:
    """Coverage over time in block characters."""
    blocks = "▁▂▃▄▅▆▇█"
    last = len(result.points) - 1
    shown = [result.points[place * last // (width - 1)].coverage_ppm for place in range(width)]
    return "".join(" " if value is None else blocks[max(0, min(7, value * 8 // (MILLION * 3 // 2)))] for value in shown)


def _drawn(results: Sequence[Result], days: int, required: float) -> str:
    """Coverage day by day, one small chart a scenario, in one SVG file."""
    from streams.learning.chart import HEIGHT, WIDTH, Line, chart

    drawn = []
    for place, result in enumerate(results):
        points = [(p.day, p.coverage_ppm / MILLION) for p in result.points if p.coverage_ppm is not None]
        limit = Line([(0, required / 100), (days, required / 100)], dashed=True)
        top = max([required / 100, *(value for _, value in points)]) * 1.1
        one = chart(f"coverage: {result.scenario}", "days", "times", [Line(points), limit], (0, days), (0, top))
        drawn.append(one.replace("<svg ", f'<svg x="{place % 2 * WIDTH}" y="{place // 2 * HEIGHT}" ', 1))
    style = (
        "<style>svg{--a:#1f6feb;--b:#b35900;--faint:#888;--line:#ccc;font:12px sans-serif}"
        "polyline,path{fill:none}</style>"
    )
    height = (len(results) + 1) // 2 * HEIGHT
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{2 * WIDTH}" height="{height}" '
        f'viewBox="0 0 {2 * WIDTH} {height}">{style}{"".join(drawn)}</svg>\n'
    )
