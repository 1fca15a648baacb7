"""Events without a borrower: time (`business-dates`), model versions (`models`) and policy (`controls`).

The sequencer copies each of them into every partition of the journal, so all of them act at an exact position.
"""

from __future__ import annotations

import datetime as dt
from typing import Annotated

from msgspec import Meta, field

from streams.events.envelope import Event
from streams.events.fields import Identifier, Word

Vector = Annotated[list[float], Meta(min_length=1, max_length=1024)]


class BusinessDateAdvanced(Event, tag="business_date_advanced", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """The lender's logical day is now `business_date`: every event of earlier days has been published."""


class ModelActivated(Event, tag="model_activated", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From here on, scores use these weights. `learned_through` is the last business date whose labels they hold."""

    version: Identifier
    learned_through: dt.date
    heads: dict[str, Vector]
    provenance: dict[str, str] = field(default_factory=dict)


class PolicyActivated(Event, tag="policy_activated", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From here on, this policy pack or plan (its whole text) holds; an empty text withdraws it."""

    kind: Word
    name: Word
    version: Identifier
    text: Annotated[str, Meta(max_length=262_144)]


class MeasuresActivated(Event, tag="measures_activated", frozen=True, forbid_unknown_fields=True, kw_only=True):
    """From here on, plans that choose by experience use these scores: by segment and measure, parts per million.

    A score is the optimistic cure rate less the cost of intrusion. `learned_through` is the last day whose outcomes it
    holds; `provenance` says on how many it rests.
    """

    version: Identifier
    learned_through: dt.date
    scores_ppm: Annotated[dict[str, dict[str, int]], Meta(max_length=1024)]
    provenance: dict[str, str] = field(default_factory=dict)


ControlEvent = BusinessDateAdvanced | ModelActivated | MeasuresActivated | PolicyActivated
