"""From a probability and days past due to a tier that does not flap.

Rule 1: worse is immediate. A tier is entered when the probability reaches its entry threshold or days past due reach
its floor.
Rule 2: better is slow. A tier is left only when the probability is below its exit threshold, no floor holds it, it has
lasted its dwell, and there is evidence of recovery: nothing overdue and an installment met since it was entered. Once
nothing is owed it ends after `closed_days`, not at once: who borrows again and again for a few weeks would change tiers
with every loan (on a made-up book of such loans 8.5 changes a borrower-year, three of four taken back).
Rule 3: thresholds come from a budget, not from taste: at most 0.8 changes a borrower-year and at most a quarter of them
taken back within 90 days, on the bundled loans (measured .77 and 22 % on 200 of them; half the wait in a tier and
thresholds a third lower gave 1.6 changes and warned no defaulter more). `forewarn evaluate` prints both.
"""

from __future__ import annotations

from bisect import bisect_right

from msgspec import Struct

from streams.events.outputs import Tier

#: Worse is greater; the index is what rows store.
TIERS: tuple[Tier, ...] = ("NORMAL", "WATCH", "ELEVATED", "HIGH", "CRITICAL")
NORMAL, WATCH, ELEVATED, HIGH, CRITICAL = range(5)


class Policy(Struct, frozen=True):
    """When tiers are entered and left. Index 0 (NORMAL) is unused.

    Probabilities are parts per million, of the head `default_90d`. `dwell_days` is the least time in a tier, `closed_days`
    how long it lasts after the last loan was closed.
    """

    version: str = "tiers-1"
    entry_ppm: tuple[int, int, int, int, int] = (0, 40_000, 200_000, 450_000, 750_000)
    exit_ppm: tuple[int, int, int, int, int] = (0, 8_000, 20_000, 60_000, 150_000)
    floor_days: tuple[int, int, int, int, int] = (0, 0, 30, 60, 90)
    dwell_days: tuple[int, int, int, int, int] = (0, 180, 180, 180, 180)
    closed_days: int = 60

    def __post_init__(self) -> None:
        """Refuse a policy that could flap or skip."""
        for name, values in (("entry_ppm", self.entry_ppm), ("exit_ppm", self.exit_ppm)):
            if list(values[1:]) != sorted(set(values[1:])) or not all(0 < value < 1_000_000 for value in values[1:]):
                raise ValueError(f"{name} {values} must rise from tier to tier, between 0 and 1,000,000 ppm.")
        if any(leave >= enter for leave, enter in zip(self.exit_ppm[1:], self.entry_ppm[1:], strict=True)):
            raise ValueError(f"each exit_ppm {self.exit_ppm} must be below its entry_ppm {self.entry_ppm}.")


DEFAULT = Policy()


class Recovery(Struct, frozen=True):
    """What speaks for a downgrade: nothing overdue, and the last due day that was met in full (ordinal day; 0 none).

    `closed` says that no loan is open, `closed_on` since when (ordinal day; 0 longer than a row remembers).
    """

    current: bool
    met_on: int
    closed: bool = False
    closed_on: int = 0


def floor(policy: Policy, days_past_due: int, *, written_off: bool) -> int:
    """The tier that days past due alone force."""
    if written_off:
        return CRITICAL
    if not days_past_due:  # most borrowers on most days
        return NORMAL
    return max((tier for tier in range(1, 5) if 0 < policy.floor_days[tier] <= days_past_due), default=NORMAL)


def entered(policy: Policy, probability_ppm: int) -> int:
    """The worst tier whose entry threshold the probability reaches."""
    return bisect_right(policy.entry_ppm, probability_ppm, 1) - 1  # thresholds rise, see `Policy`


def held(policy: Policy, probability_ppm: int) -> int:
    """The worst tier that the probability is not low enough to leave."""
    return bisect_right(policy.exit_ppm, probability_ppm, 1) - 1


def downgrade_possible_on(policy: Policy, tier: int, since_day: int) -> int:
    """The first day on which the tier may be left (ordinal); 0 for NORMAL."""
    return since_day + policy.dwell_days[tier] if tier else 0


def step(
    policy: Policy, tier: int, since_day: int, today: int, probability_ppm: int, forced: int, recovery: Recovery
) -> int:
    """The tier that follows; equal to `tier` if nothing changes.

    Args:
        tier: the present tier (index into TIERS), entered on `since_day`.
        forced: what `floor` gave.
    """
    if recovery.closed:  # nothing is owed, whatever the last score said
        return tier if today < recovery.closed_on + policy.closed_days else NORMAL
    worse = max(entered(policy, probability_ppm), forced)
    if worse > tier:
        return worse
    stay = max(held(policy, probability_ppm), forced)
    if stay >= tier or today < downgrade_possible_on(policy, tier, since_day):
        return tier
    if not recovery.current or recovery.met_on < since_day:
        return tier
    return stay
