"""The emergency plan as a file: when a stage of stress is entered and left, and what is then proposed, by whom, until when.

A playbook that could not work (an exit above its entry, an indicator that does not exist) is refused as a whole when read.
"""

from __future__ import annotations

import tomllib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Struct

from streams.portfolio.book import MILLION
from streams.portfolio.views import View, parse

Ppm = Annotated[int, Meta(ge=0, le=100 * MILLION)]
Days = Annotated[int, Meta(ge=1, le=730)]
EntryStage = Literal["WATCH", "CONTAIN", "CRISIS"]
PlannedStage = Literal["WATCH", "CONTAIN", "CRISIS", "RECOVERY"]
Area = Literal["CREDIT", "RESERVES", "ASSETS", "COLLECTIONS", "COMMUNICATION"]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Name = Annotated[str, Meta(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9_.:-]+\Z")]

#: What a trigger may watch; `indicators` and `monitor` compute them.
INDICATORS = frozenset(
    [f"past_due_{days}_{kind}" for days in (30, 60, 90) for kind in ("count", "balance", "growth")]
    + [f"past_due_{days}_{kind}_average_3" for days in (30, 60, 90) for kind in ("count", "balance")]
    + [f"roll_{bucket}_{bucket + 1}" for bucket in range(4)]
    + ["cure_rate", "redefault_rate", "first_payment_default", "new_miss_hazard", "new_miss_drift", "tier_up_share"]
    + ["restructured_share", "expected_loss_ratio", "stage_2_and_3_balance", "coverage", "promise_kept"]
    + ["complaint_cluster_share", "concentration_hhi", "concentration_top_3"]
)
#: Known only for the whole book.
WHOLE_ONLY = frozenset(
    ["coverage", "promise_kept", "complaint_cluster_share", "concentration_hhi", "concentration_top_3"]
)


class Trigger(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One sign of stress.

    Attributes:
        id: names it in alerts.
        stage: the stage it speaks for.
        strength: one HARD or two SOFT triggers enter the stage.
        indicator: one of INDICATORS.
        above_ppm: holds when surely (lower limit of the interval) at or above this; or
        below_ppm: holds when surely at or below this.
        exit_ppm: stops holding only when the value itself is back past this.
        count_min: the indicator must stand on so many loans or events (its denominator).
        also: a level that must be reached as well, by indicator: growth from next to nothing is no crisis.
        whole: look at the whole book only, not at its parts.
        source: why this threshold.
    """

    id: Name
    stage: EntryStage
    strength: Literal["HARD", "SOFT"]
    indicator: str
    above_ppm: Ppm | None = None
    below_ppm: Ppm | None = None
    exit_ppm: Ppm
    count_min: Annotated[int, Meta(ge=0)] = 100
    also: dict[str, Ppm] = {}
    whole: bool = False
    source: Text

    def __post_init__(self) -> None:
        """Refuse a trigger that could never hold or never stop."""
        if self.indicator not in INDICATORS:
            raise ValueError(
                f"trigger {self.id}: no indicator {self.indicator!r}; use {', '.join(sorted(INDICATORS))}."
            )
        if (self.above_ppm is None) == (self.below_ppm is None):
            raise ValueError(f"trigger {self.id}: give above_ppm or below_ppm, one of the two.")
        if self.above_ppm is not None and self.exit_ppm > self.above_ppm:
            raise ValueError(
                f"trigger {self.id}: exit_ppm {self.exit_ppm} must not be above above_ppm {self.above_ppm}."
            )
        if self.below_ppm is not None and self.exit_ppm < self.below_ppm:
            raise ValueError(
                f"trigger {self.id}: exit_ppm {self.exit_ppm} must not be below below_ppm {self.below_ppm}."
            )


class Measure(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What to propose when a stage is entered, to whom, and within how many days to decide."""

    stage: PlannedStage
    area: Area
    action: Name
    text_en: Text
    text_zh: Text
    owner: Text
    due_days: Days
    whole: bool = False


class Periods(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """For how many closed days in a row triggers must hold to enter a stage, and be quiet to leave it."""

    enter: dict[EntryStage, Days]
    leave: dict[PlannedStage, Days]


class Playbook(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The whole plan.

    Attributes:
        playbook: its name.
        version: changes with every edit; alerts record both.
        note: for the reader.
        views: by which dimensions the book is looked at; the whole is always.
        loans_min: a smaller part has figures, but no stage.
        loss_given_default_ppm: share of the balance lost in a default.
        tier_changes_budget: so many tier changes a business day are read one by one; more are summarized.
        periods: days to enter and leave.
        triggers: at least one a stage.
        measures: at least one a stage.
    """

    playbook: Name
    version: Name
    note: str = ""
    views: tuple[str, ...]
    loans_min: Annotated[int, Meta(ge=1)]
    loss_given_default_ppm: Annotated[int, Meta(ge=1, le=MILLION)]
    tier_changes_budget: Annotated[int, Meta(ge=1)]
    periods: Periods
    triggers: tuple[Trigger, ...]
    measures: tuple[Measure, ...]

    def __post_init__(self) -> None:
        """Refuse a plan that leaves a stage without a way in, a way out or anything to do."""
        for stage in ("WATCH", "CONTAIN", "CRISIS"):
            if stage not in self.periods.enter or not any(trigger.stage == stage for trigger in self.triggers):
                raise ValueError(f"stage {stage} has no trigger or no periods.enter: it could never be entered.")
        for planned in ("WATCH", "CONTAIN", "CRISIS", "RECOVERY"):
            if planned not in self.periods.leave or not any(each.stage == planned for each in self.measures):
                raise ValueError(f"stage {planned} has no measure or no periods.leave.")
        if len({trigger.id for trigger in self.triggers}) < len(self.triggers):
            raise ValueError("two triggers have one id.")

    @property
    def label(self) -> str:
        """Name and version, as alerts record them."""
        return f"{self.playbook}@{self.version}"

    def all_views(self) -> tuple[View, ...]:
        """The whole book first, then each view once."""
        return tuple(dict.fromkeys(((), *map(parse, self.views))))


def load(text: str) -> Playbook:
    """Read a playbook.

    Raises:
        ValueError: what is wrong with it, and where.
    """
    try:
        playbook = msgspec.convert(tomllib.loads(text), Playbook)
        playbook.all_views()
    except (tomllib.TOMLDecodeError, msgspec.ValidationError, ValueError) as error:
        raise ValueError(f"This is no playbook: {error}") from error
    return playbook
