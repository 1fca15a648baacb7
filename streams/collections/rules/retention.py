"""retention: how long records of collection must be kept. For whoever deletes; the gate never asks it."""

from __future__ import annotations

from typing import Annotated, ClassVar

from msgspec import Meta

from streams.collections.rules.base import Rule


class RetentionRule(Rule, frozen=True, forbid_unknown_fields=True, kw_only=True, tag="retention"):
    """Records of the channels it names are kept at least `years` years."""

    kind: ClassVar[str] = "retention"

    years: Annotated[int, Meta(ge=1, le=30)]
