"""Stress scenarios as files, and what of the present book a stress test starts from.

Source: EBA/GL/2018/04 on institutions' stress testing (severe but plausible, baseline beside adverse). The multiples are
choices of the house.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from streams.portfolio.book import BUCKETS, DIMENSIONS, MILLION, Segment, bucket_on, roll
from streams.portfolio.classes import Pack
from streams.portfolio.history import History
from streams.portfolio.sums import Cells

Share = Annotated[int, Meta(ge=0, le=MILLION)]
Times = Annotated[int, Meta(ge=0, le=50 * MILLION)]
#: Daily rates are taken from so many of the last closed days.
RATES_DAYS = 180


class Scenario(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What happens. Multiples are parts per million of the book's own daily rates: 1_000_000 leaves them.

    Attributes:
        name: as the command takes it.
        text_en: what it is.
        text_zh: the same in Chinese.
        source: why these numbers.
        miss_times: of loans that are current becoming past due.
        roll_times: of past-due loans getting worse.
        cure_times: of past-due loans getting better.
        probability_times: of the probabilities of default behind expected loss.
        loss_given_default_add_ppm: added to the share lost in a default.
        ramp_days: the multiples grow to their full size over so many days.
        stop_pay_share_ppm: of the current loans in the hit segment, in the end.
        stop_pay_days: over so many days.
        outage_days: no debit is collected for so many days, and most is collected afterwards.
        outage_recovered_ppm: the share of that which comes within a week of the end.
    """

    name: str
    text_en: str
    text_zh: str
    source: str
    miss_times: Times = MILLION
    roll_times: Times = MILLION
    cure_times: Times = MILLION
    probability_times: Times = MILLION
    loss_given_default_add_ppm: Share = 0
    ramp_days: Annotated[int, Meta(ge=1, le=365)] = 1
    stop_pay_share_ppm: Share = 0
    stop_pay_days: Annotated[int, Meta(ge=1, le=90)] = 7
    outage_days: Annotated[int, Meta(ge=0, le=30)] = 0
    outage_recovered_ppm: Share = 950_000


class Group(Struct, frozen=True):
    """A part of the book at the start: loans and balance by bucket, and the mean loss probability behind each bucket."""

    loans: tuple[int, ...]
    balances: tuple[int, ...]
    loss_ppm: tuple[int, ...]


class Start(Struct, frozen=True):
    """What a stress test starts from, in one currency.

    Attributes:
        currency: ISO 4217.
        day: the date (ordinal) as of whose opening.
        segment: the part that stop-pay hits.
        hit: that part.
        rest: everything else.
        rates_ppm: by bucket, the share of its loans that moves to each bucket within a day, then closes, then is written
            off; what remains stays.
        loss_given_default_ppm: as the playbook says.
    """

    currency: str
    day: int
    segment: str
    hit: Group
    rest: Group
    rates_ppm: tuple[tuple[int, ...], ...]
    loss_given_default_ppm: int

    @property
    def loss_minor(self) -> int:
        """Expected loss now."""
        groups = (self.hit, self.rest)
        weighted = sum(b * ppm for group in groups for b, ppm in zip(group.balances, group.loss_ppm, strict=True))
        return weighted * self.loss_given_default_ppm // MILLION**2


def load(text: str) -> dict[str, Scenario]:
    """Read a file of scenarios, by name.

    Raises:
        ValueError: what is wrong with it, and where.
    """
    try:
        found = msgspec.convert(tomllib.loads(text), dict[str, list[Scenario]])
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"This is no file of scenarios: {error}") from error
    return {scenario.name: scenario for scenario in found.get("scenarios", [])}


def matches(segment: Segment, wanted: Mapping[str, str]) -> bool:
    """Whether a finest segment lies in the part that dimensions name."""
    return all(segment[DIMENSIONS.index(name)] == value for name, value in wanted.items())


def parse_segment(words: str) -> dict[str, str]:
    """`product=auto,region=CA` as dimensions.

    Raises:
        ValueError: names what is no dimension.
    """
    pairs = [word.partition("=") for word in words.replace("/", ",").split(",") if word]
    for name, equals, value in pairs:
        if name not in DIMENSIONS[1:] or not equals or not value:
            raise ValueError(
                f"{name!r} is no dimension of the book; write {DIMENSIONS[1]}=…, with {', '.join(DIMENSIONS[1:])}."
            )
    return {name: value for name, _, value in pairs}


def largest(stock: Mapping[Segment, Cells], currency: str) -> dict[str, str]:
    """The largest part of the book by region, else by channel, else by product; the whole book if it has one part."""
    for name in ("region", "channel", "product"):
        loans: dict[str, int] = {}
        for segment, cells in stock.items():
            if segment[0] == currency:
                value = segment[DIMENSIONS.index(name)]
                loans[value] = loans.get(value, 0) + sum(cell[0] for cell in cells.values())
        if len(loans) > 1:
            return {name: max(sorted(loans), key=lambda value: loans[value])}
    return {}


def start(
    stock: Mapping[Segment, Cells],
    history: History,
    day: int,
    currency: str,
    wanted: Mapping[str, str],
    stages: Pack,
    loss_given_default_ppm: int,
) -> Start:
    """What of the book a test starts from.

    Args:
        stock: the finest sums.
        history: of the whole book in this currency.
        day: the last closed date (ordinal).
        currency: ISO 4217.
        wanted: the part that stop-pay hits.
        stages: the IFRS 9 pack.
        loss_given_default_ppm: share lost in a default.
    """
    hit: Cells = {}
    rest: Cells = {}
    for segment, cells in stock.items():
        if segment[0] == currency:
            target = hit if matches(segment, wanted) else rest
            for key, amounts in cells.items():
                held = target.setdefault(key, [0, 0, 0, 0])
                for place, amount in enumerate(amounts):
                    held[place] += amount
    named = [f"{name}={wanted[name]}" for name in DIMENSIONS[1:] if name in wanted]
    return Start(
        currency,
        day,
        "/".join([currency, *named]),
        _group(hit, day, stages),
        _group(rest, day, stages),
        _rates(history, day - 1),
        loss_given_default_ppm,
    )


def _group(cells: Cells, day: int, stages: Pack) -> Group:
    loans, balances, weighted = [0] * BUCKETS, [0] * BUCKETS, [0] * BUCKETS
    for (oldest, tier), (count, balance, year, lifetime) in cells.items():
        bucket = bucket_on(day, oldest)
        loans[bucket] += count
        balances[bucket] += balance
        stage = stages.index(day - oldest if oldest else 0, tier)
        weighted[bucket] += (year, lifetime, balance * MILLION)[stage]
    loss = tuple(value // balance if balance else MILLION for value, balance in zip(weighted, balances, strict=True))
    return Group(tuple(loans), tuple(balances), loss)


def _rates(history: History, told: int) -> tuple[tuple[int, ...], ...]:
    """Daily rates by bucket from the flows and loan-days of the last half year."""
    lines = list(history.last(RATES_DAYS, told))
    rates = []
    for bucket in range(BUCKETS):
        loan_days = max(1, sum(line.stock.counts[bucket] for line in lines))
        to = [sum(line.count(roll(bucket, after)) for line in lines) for after in range(BUCKETS)]
        closed = sum(line.count("closed") for line in lines) if bucket == 0 else 0
        written_off = sum(line.count("written_off") for line in lines) if bucket == BUCKETS - 1 else 0
        rates.append(tuple(count * MILLION // loan_days for count in (*to, closed, written_off)))
    return tuple(rates)
