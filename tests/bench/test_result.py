from __future__ import annotations

import shutil
import sys
from pathlib import Path

import msgspec
import pytest

from streams.sandbox.bench import environment, meter, show
from streams.sandbox.bench.contenders import BY_NAME, CONTENDERS
from streams.sandbox.bench.meter import Meter
from streams.sandbox.bench.result import Row, Skipped, Spread, ratios, without_broker
from streams.sandbox.bench.session import Outcome, machine


def row(name: str, speed: float, cpu_us: float, broker_us: float = 0.0) -> Row:
    """A row with these medians."""
    contender = BY_NAME[name]
    return Row(
        name=name,
        title=contender.title,
        guarantee=contender.guarantee,
        settings=contender.settings,
        ticks=contender.ticks,
        versions={"thing": "1.0"},
        events_per_second=Spread(median=speed, min=speed * 0.9, max=speed * 1.1),
        cpu_us_per_event=Spread(median=cpu_us, min=cpu_us, max=cpu_us),
        beside_cpu_us_per_event=0.0,
        beside_behind_seconds=0.0,
        broker_cpu_us_per_event=broker_us,
        resident_bytes_max=2**27,
        alerts=7,
        rounds=3,
    )


@pytest.fixture
def outcome() -> Outcome:
    """A whole comparison with figures of no meaning."""
    rows = [row(contender.name, 1_000.0 + number, 20.0) for number, contender in enumerate(CONTENDERS)]
    return Outcome(
        borrowers=10,
        days=20,
        events=12_345,
        partitions=4,
        rounds=3,
        machine=machine(),
        rows=rows,
        skipped=[Skipped(name="other", title="Another", why="it has no wheel")],
        ratios=ratios({found.name: found for found in rows}, 2),
        measures={"rows": {"rows": 1e6, "bytes_per_borrower": 1024.0, "cpu_us_per_event": 18.0}},
    )


def test_ratios_are_of_medians() -> None:
    """How many times as fast; and CPU as a difference."""
    rows = [
        row("forewarn_1", 3_000, 30),
        row("faust_pickled", 100, 900),
        row("quix", 1_500, 50),
        row("bare", 2_000, 28.5),
    ]
    found = ratios({one.name: one for one in rows}, 2)

    assert found == {"plain_faust": 30.0, "quix": 2.0, "bare": 1.5, "cpu_over_bare_us": 1.5}


def test_without_forewarn_there_is_no_ratio() -> None:
    """Nothing to compare."""
    assert ratios({"bare": row("bare", 1.0, 1.0)}, 2) == {}


def test_the_broker_s_share_is_given_back_where_it_was_taken() -> None:
    """Two cores, all busy: 100 µs of wall an event are 200 of CPU, of which the broker had 40, and so 20 of the wall."""
    assert without_broker(row("forewarn_2", 10_000, 160, broker_us=40), 2) == pytest.approx(12_500)
    assert without_broker(row("forewarn_1", 10_000, 90, broker_us=40), 2) == pytest.approx(10_000)


def test_a_meter_says_what_it_was_told(tmp_path: Path) -> None:
    """Lines in order, the first once, and nothing of a line that is half written."""
    path = tmp_path / "meter"
    assert meter.read(path) == []
    mine = Meter(path)
    mine.start()
    mine.start()
    mine.add(3)
    mine.add(4)
    with path.open("a") as file:
        file.write("12.5 0.")
    lines = meter.read(path)

    assert [line.done for line in lines] == [0, 3, 7]
    assert lines[0].at_s <= lines[1].at_s <= lines[2].at_s
    assert lines[2].resident_bytes > 2**20


def test_what_is_left_out_is_nobody_s_time(tmp_path: Path) -> None:
    """Neither seconds nor CPU."""
    clock = iter([10.0, 10.0, 15.0, 15.0])  # the first line, then from 10 to 15 left out, then the last line
    mine = Meter(tmp_path / "meter", lambda: next(clock))
    mine.start()
    with mine.left_out():
        pass
    mine.add(1)
    first, last = meter.read(tmp_path / "meter")

    assert last.cpu_s - first.cpu_s == 0.0


def test_the_page_says_all(outcome: Outcome) -> None:
    """Every contender with its guarantee, settings and versions; what was left out, by name and why; every ratio."""
    page = show.page(outcome)

    for contender in CONTENDERS:
        assert contender.title.strip() in page
        assert contender.guarantee in page
        assert contender.settings in page
    assert "Another | left out: it has no wheel" in page
    assert all(meaning in page for name, meaning in show.RATIOS.items() if name in outcome.ratios)
    assert set(outcome.ratios) == set(show.RATIOS)
    assert "| bytes per borrower | 1,024.0 |" in page
    assert "| 100,000,000 borrowers | 100 | 95.4 GiB | 2.0 min |" in page


def test_the_picture_fetches_nothing(outcome: Outcome) -> None:
    """One SVG with the figures in it, and no address but that of SVG's name space."""
    svg = show.picture(outcome)

    assert "1,000" in svg
    assert svg.count("http") == svg.count("http://www.w3.org")


def test_the_outcome_is_json_and_back(outcome: Outcome) -> None:
    """A program can read it."""
    assert msgspec.json.decode(msgspec.json.encode(outcome), type=Outcome) == outcome


def test_a_peer_without_its_packages_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Not installed, or no uv to make its environment: the reason is a sentence."""
    monkeypatch.setattr(environment, "_version", lambda name: None)
    with pytest.raises(environment.Missing, match="bytewax is not installed"):
        environment.ready(BY_NAME["bytewax"], tmp_path, print)
    monkeypatch.setattr(shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    with pytest.raises(environment.Missing, match="uv, which makes it, is not installed"):
        environment.ready(BY_NAME["quix"], tmp_path, print)
