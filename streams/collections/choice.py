"""Chooses one measure among the permitted ones, by fixed order or by what has been learned, with a known probability.

Pure: the learned scores arrive as a table of integers (`streams.learning.measures` makes it with River), and chance is
a hash of the journal position, so a replay chooses the same measure.

Rule 1: it is only ever given measures that the gate permits, and returns one of them.
Rule 2: the probability with which the chosen measure was chosen is recorded with it; without that, what was learned
could never be evaluated from the log (inverse propensity scoring).
Rule 3: with a learned table every permitted measure keeps at least `floor_ppm / n` of the chances.

Source: epsilon-greedy, Sutton and Barto, Reinforcement Learning, 2nd ed., section 2.2; Horvitz and Thompson (1952).
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b

from msgspec import Struct

from streams.collections.terms import ActionKind

PPM = 1_000_000
#: The segment whose scores serve for segments that have none of their own.
ANY_SEGMENT = "*"
FIXED = "FIXED"
LEARNED = "LEARNED"
HOLDOUT = "HOLDOUT"


class MeasureScores(Struct, frozen=True, gc=False, forbid_unknown_fields=True):
    """Scores of measures, as activated through the journal. A plan says whether it uses them.

    Attributes:
        version: of the table.
        scores_ppm: per segment and measure: optimistic cure rate less the cost of intrusion, parts per million.
    """

    version: str
    scores_ppm: dict[str, dict[str, int]] = {}


class Choice(Struct, frozen=True, gc=False):
    """A measure, the probability with which it was chosen, by which policy (FIXED, LEARNED, HOLDOUT), out of which."""

    measure: ActionKind
    propensity_ppm: int
    policy: str
    permitted: tuple[ActionKind, ...] = ()
    version: str = ""


FIXED_ORDER = MeasureScores(version="")


def choose(
    scores: MeasureScores, segment: str, permitted: Sequence[ActionKind], position: str, floor_ppm: int
) -> Choice:
    """Choose one of the permitted measures; the first one while there are no scores.

    Args:
        scores: what has been learned.
        segment: of the borrower.
        permitted: measures the gate allows, in the plan's order of preference; at least one.
        position: journal position; the only source of chance.
        floor_ppm: share of choices made at random among the permitted measures, 0 to 1 000 000.
    """
    table = scores.scores_ppm.get(segment) or scores.scores_ppm.get(ANY_SEGMENT)
    if not table:
        return Choice(permitted[0], PPM, FIXED, tuple(permitted), scores.version)
    count = len(permitted)
    best = max(range(count), key=lambda n: (table.get(permitted[n], 0), -n))
    explore_ppm = floor_ppm // count  # chances of each measure by exploration alone
    draw = draw_ppm(position, "measure")
    chosen = draw // explore_ppm if explore_ppm and draw < explore_ppm * count else best
    propensity = explore_ppm + (PPM - explore_ppm * count if chosen == best else 0)
    return Choice(permitted[chosen], propensity, LEARNED, tuple(permitted), scores.version)


def draw_ppm(position: str, salt: str) -> int:
    """A number from 0 to 999 999 that depends on nothing but its arguments.

    The modulus of a 64-bit hash by 10^6 favors no value by more than 10^-13.
    """
    digest = blake2b(f"{salt}\x00{position}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") % PPM


def held_out(borrower_id: str, share_ppm: int, salt: str) -> bool:
    """Whether a borrower belongs to the untreated share, always the same for the same borrower and salt."""
    return draw_ppm(borrower_id, f"holdout:{salt}") < share_ppm
