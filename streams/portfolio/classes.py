"""Regulatory classes and IFRS 9 stages, as packs: what the rule says by days past due and tier, who says so, how sure.

A class is no risk tier and no bucket (five state machines, kept apart). Packs are TOML files in `packs/`; each rule has its
source and a mark of trust. A pack whose source is UNVERIFIED says so wherever its figures are shown.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from streams.portfolio.book import TIER_NAMES
from streams.portfolio.sums import Cells

Trust = Literal["primary", "press", "code", "UNVERIFIED", "house"]


class Step(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One class, and from when on a loan is at least in it.

    Attributes:
        name: as the regulator calls it.
        name_zh: in Chinese; empty if it has no such name.
        days_past_due: from so many contractual days past due on.
        tier: or from this risk tier on; empty for never by tier.
        source: the rule.
        trust: how far the source was verified.
    """

    name: Annotated[str, Meta(min_length=1)]
    name_zh: str = ""
    days_past_due: Annotated[int, Meta(ge=0, le=36_500)]
    tier: str = ""
    source: Annotated[str, Meta(min_length=1)]
    trust: Trust


class Pack(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A classification: its steps from best to worst."""

    pack: Annotated[str, Meta(min_length=1)]
    version: Annotated[str, Meta(min_length=1)]
    note: str = ""
    steps: Annotated[tuple[Step, ...], Meta(min_length=2)]

    def __post_init__(self) -> None:
        """Refuse a pack with a gap or an order that is none."""
        floors = [step.days_past_due for step in self.steps]
        if floors[0] != 0 or floors != sorted(floors):
            raise ValueError(f"pack {self.pack}: days_past_due {floors} must begin with 0 and rise.")
        for step in self.steps:
            if step.tier and step.tier not in TIER_NAMES:
                raise ValueError(
                    f"pack {self.pack}, {step.name}: there is no tier {step.tier!r}; use {', '.join(TIER_NAMES)}."
                )

    def index(self, days_past_due: int, tier: int) -> int:
        """Which step a loan is in.

        Args:
            days_past_due: contractual, >= 0.
            tier: index into TIER_NAMES.
        """
        found = 0
        for place, step in enumerate(self.steps):
            by_tier = bool(step.tier) and tier >= TIER_NAMES.index(step.tier)
            if days_past_due >= step.days_past_due or by_tier:
                found = place
        return found


class Tally(Struct, frozen=True):
    """What of a book is in one class, and how far the rule that put it there was verified."""

    name: str
    name_zh: str
    loans: int
    balance_minor: int
    trust: Trust


def tally(pack: Pack, day: int, parts: Iterable[Cells]) -> list[Tally]:
    """Loans and balance by class at the opening of a day (ordinal), best class first."""
    counts, balances = [0] * len(pack.steps), [0] * len(pack.steps)
    for cells in parts:
        for (oldest, tier), (loans, balance, *_) in cells.items():
            place = pack.index(day - oldest if oldest else 0, tier)
            counts[place] += loans
            balances[place] += balance
    return [
        Tally(step.name, step.name_zh, count, balance, step.trust)
        for step, count, balance in zip(pack.steps, counts, balances, strict=True)
    ]


def load(text: str) -> Pack:
    """Read a pack.

    Raises:
        ValueError: what is wrong with it, and where.
    """
    try:
        return msgspec.convert(tomllib.loads(text), Pack)
    except (tomllib.TOMLDecodeError, msgspec.ValidationError) as error:
        raise ValueError(f"This is no classification pack: {error}") from error
