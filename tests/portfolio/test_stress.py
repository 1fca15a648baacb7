from __future__ import annotations

import datetime as dt
from importlib.resources import files
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from streams.agents.portfolio import shipped_pack, shipped_playbook
from streams.commands.stress import NAMES, stress
from streams.learning.stress import Result, run
from streams.portfolio import scenarios
from streams.portfolio.scenarios import Group, Start
from streams.sandbox.datasets import eventfile
from tests.portfolio.builders import FIRST, Days
from tests.portfolio.conftest import RealBook

SHIPPED = scenarios.load(
    files("streams.portfolio").joinpath("scenarios", "scenarios-2026.1.toml").read_text(encoding="utf-8")
)


#: Shares a day, parts per million, to M0 ... M4, closed, written off.
RATES = (
    (0, 6_000, 0, 0, 0, 500, 0),
    (40_000, 0, 9_000, 0, 0, 0, 0),
    (8_000, 3_000, 0, 12_000, 0, 0, 0),
    (4_000, 1_000, 1_000, 0, 16_000, 0, 0),
    (2_000, 0, 0, 1_000, 0, 0, 10_000),
)


def group(loans: int) -> Group:
    """Loans of 1,000.00, most of them current."""
    counts = (loans * 85 // 100, loans * 10 // 100, loans * 2 // 100, loans // 100, loans * 2 // 100)
    return Group(counts, tuple(count * 100_000 for count in counts), (10_000, 80_000, 300_000, 600_000, 1_000_000))


START = Start("CNY", FIRST, "CNY/region=S", group(10_000), group(30_000), RATES, 600_000)


def under(name: str, **options: int) -> Result:
    """A scenario on that book with a reserve of twice the expected loss."""
    return run(START, SHIPPED[name], reserve_minor=2 * START.loss_minor, **options)


def test_the_start_is_the_book_itself() -> None:
    """Both groups together are the stock; the expected loss is the book's own."""
    days = Days({"N": 9_000, "S": 3_000})
    days.live(40, lambda region: 0.05)
    monitor, whole = days.monitor, days.monitor.book.parts["CNY"].history
    lgd = shipped_playbook().loss_given_default_ppm
    found = scenarios.start(
        monitor.sums.stock, whole, monitor.book.through, "CNY", {"region": "S"}, shipped_pack("ifrs9"), lgd
    )

    assert (found.hit.loans[0], found.rest.loans[0]) == (3_000, 9_000)
    assert found.loss_minor == whole.lines[-1].stock.loss_minor > 0
    assert scenarios.largest(monitor.sums.stock, "CNY") == {"region": "N"}


def test_it_starts_from_the_book() -> None:
    """Day 0 is the book itself: its expected loss, to rounding, and no loss yet."""
    point = under("severe").points[0]

    assert point.expected_loss_minor == pytest.approx(START.loss_minor, rel=1e-6)
    assert point.written_off_loss_minor == 0
    assert point.coverage_ppm == pytest.approx(2_000_000, rel=1e-5)


def test_the_same_seed_gives_the_same_figures() -> None:
    """To the byte; another seed gives others."""
    assert msgspec.json.encode(under("adverse", seed=7)) == msgspec.json.encode(under("adverse", seed=7))
    assert under("adverse", seed=7).points != under("adverse", seed=8).points


def test_worse_scenarios_cost_more() -> None:
    """Baseline, adverse, severe, in this order."""
    losses = [under(name).loss_minor[1] for name in ("baseline", "adverse", "severe")]

    assert losses == sorted(losses)
    assert losses[2] > 2 * losses[0]


def test_stop_pay_ages_on_time() -> None:
    """40 % of the 85 % current in a quarter of the book: past due after five weeks, more than 30 days a month later."""
    calm, strike = under("baseline"), under("stop-pay")

    def more(day: int, name: str) -> float:
        return float(getattr(strike.points[day], name) - getattr(calm.points[day], name)) / 1_000_000

    assert more(37, "past_due_1_ppm") == pytest.approx(0.08, abs=0.01)
    assert more(37, "past_due_30_ppm") < 0.03
    assert more(70, "past_due_30_ppm") == pytest.approx(0.085, abs=0.01)


def test_an_outage_passes() -> None:
    """3 of 30 days' debits of the 85 % current are missed at its height; soon next to nothing is left of it."""
    calm, outage = under("baseline"), under("processor-down")

    peak = outage.points[3].past_due_1_ppm - calm.points[3].past_due_1_ppm
    left = outage.points[20].past_due_1_ppm - calm.points[20].past_due_1_ppm
    assert peak == pytest.approx(82_000, abs=6_000)
    assert abs(left) < peak / 10
    assert outage.loss_minor[1] < calm.loss_minor[1] * 1.25


def test_days_to_breach() -> None:
    """The first day on which coverage is below what is required; none where it never is."""
    result = under("severe", required_ppm=1_500_000)
    assert result.breach_day is not None
    below = [point.day for point in result.points if (point.coverage_ppm or 0) < 1_500_000]
    assert result.breach_day == below[0]
    assert under("baseline", required_ppm=1).breach_day is None


def test_the_command_says_all_scenarios(real: RealBook, tmp_path: Path) -> None:
    """Table, JSON and chart from an event file, the same every time."""
    path = tmp_path / "some.jsonl"
    some = [event for event in real.events if event.business_date < dt.date(2017, 9, 1)]
    eventfile.write(some, path)
    arguments = ["all", "--file", str(path), "--days", "60", "--svg", str(tmp_path / "chart.svg")]

    table = CliRunner().invoke(stress, arguments, catch_exceptions=False)
    first = CliRunner().invoke(stress, [*arguments, "--json"], catch_exceptions=False)
    again = CliRunner().invoke(stress, [*arguments, "--json"], catch_exceptions=False)

    assert all(name in table.stdout for name in NAMES)
    assert "Those who stop paying are in USD/region=" in table.stdout
    assert all(name in table.stdout for name in ("STAGE_2", "SPECIAL_MENTION", "关注", "UNVERIFIED"))
    assert first.stdout == again.stdout
    said = msgspec.json.decode(first.stdout.splitlines()[-1])
    assert [each["scenario"] for each in said["results"]] == list(NAMES)
    assert said["reserve_assumed"] is True
    assert (tmp_path / "chart.svg").read_text().count("<polyline") >= 2 * len(NAMES)


def test_an_unknown_segment_is_said(real: RealBook, tmp_path: Path) -> None:
    """One line: what is wrong and what there is."""
    path = tmp_path / "some.jsonl"
    eventfile.write([event for event in real.events if event.business_date < dt.date(2017, 7, 1)], path)

    wrong = CliRunner().invoke(stress, ["stop-pay", "--file", str(path), "--segment", "zodiac=leo"])
    absent = CliRunner().invoke(stress, ["stop-pay", "--file", str(path), "--segment", "region=ZZ"])

    assert "'zodiac' is no dimension" in wrong.output.replace("\n", " ")
    assert "No loan in USD is in region=ZZ" in absent.output
    assert "region is one of " in absent.output


def test_a_share_without_strikers_is_refused() -> None:
    """It would change nothing, and nobody would notice."""
    wrong = CliRunner().invoke(stress, ["baseline", "--share", "40"])

    assert wrong.exit_code != 0
    assert "nobody stops paying in scenario baseline" in wrong.output.replace("\n", " ")
