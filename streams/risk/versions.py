"""Which model version is active: what was learned follows by itself, until a person decides otherwise.

Rule 1: a learned version becomes active where it stands in the journal, unless a person has pinned one.
Rule 2: a person's decision is an event too: it names a version with its weights and says whether it stays (`PINNED`) or
whether what is learned later follows again (`FOLLOWED`). It acts at its place in the journal, in every partition.
Rule 3: the rule is a function of the events of topic `models` in their order, so whoever reads them (a shard, `forewarn
models`, a dashboard) comes to the same answer.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

#: Where the decision stands in a version's provenance, with who decided it and why.
ACTIVATION, DECIDED_BY, REASON = "activation", "decided_by", "reason"


class Activation(StrEnum):
    """How a version came to be active."""

    LEARNED = "LEARNED"
    FOLLOWED = "FOLLOWED"
    PINNED = "PINNED"


def activation(provenance: Mapping[str, str]) -> Activation:
    """How a `model_activated` event wants to act.

    Raises:
        ValueError: it says something that this release does not know.
    """
    said = provenance.get(ACTIVATION, Activation.LEARNED)
    try:
        return Activation(said)
    except ValueError:
        known = ", ".join(Activation)
        raise ValueError(f"Provenance says activation {said!r}; this release knows {known}.") from None


def takes_over(how: Activation, *, pinned: bool) -> bool:
    """Whether a version becomes active, given that one is pinned or not. Afterwards one is if `how` is PINNED."""
    return how is not Activation.LEARNED or not pinned
