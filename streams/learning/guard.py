"""Which months of labels to trust: deferrals and outages look like mass default, and learning them unlearns the rest.

Rule 1: a cohort (one head, one observation day) whose positive rate is above 3 x the median of the last 12 accepted
cohorts is quarantined: it is not learned, and it is reported. On the real pools that caught exactly the deferrals of
February to June 2020.
Rule 2: a guard needs a history, and a rate worth guarding: below 1 %, or under 10 positives, nothing is quarantined.
Rule 3: after 6 cohorts in a row it is no incident any more but the new normal, and is accepted.
"""

from __future__ import annotations

from statistics import median

from msgspec import Struct, field

TIMES_MEDIAN = 3.0
COHORTS_KEPT = 12
COHORTS_BEFORE = 6
RATE_MIN = 0.01
POSITIVES_MIN = 10
IN_A_ROW_MAX = 6


class LabelGuard(Struct):
    """One head's guard.

    Attributes:
        accepted: positive rates of the last accepted cohorts, oldest first.
        in_a_row: cohorts quarantined since the last accepted one.
        quarantined: observation days (ordinal) of every cohort that was not learned.
    """

    accepted: list[float] = field(default_factory=list)
    in_a_row: int = 0
    quarantined: list[int] = field(default_factory=list)

    def admits(self, observed_day: int, labels: int, positives: int) -> bool:
        """Judge one cohort, once, and remember the judgment.

        Args:
            observed_day: the day (ordinal) that its observations share.
            labels: how many; above 0.
            positives: how many of them.
        """
        rate = positives / labels
        known = len(self.accepted) >= COHORTS_BEFORE
        high = known and rate > max(TIMES_MEDIAN * median(self.accepted), RATE_MIN) and positives >= POSITIVES_MIN
        if high and self.in_a_row < IN_A_ROW_MAX:
            self.in_a_row += 1
            self.quarantined.append(observed_day)
            return False
        self.in_a_row = 0
        self.accepted = [*self.accepted, rate][-COHORTS_KEPT:]
        return True
