"""How sure a share is: the Wilson score interval, so that seven loans all late in a small segment prove little.

Source: Wilson (1927), J. Am. Stat. Assoc. 22; Brown, Cai and DasGupta (2001), Statistical Science 16(2), recommend it for
small counts, where the textbook interval is far too narrow.
"""

from __future__ import annotations

import math

from streams.portfolio.book import MILLION

#: Two-sided 95 %.
Z = 1.959963984540054


def wilson_ppm(count: float, of: float, z: float = Z) -> tuple[int, int]:
    """Lower and upper limit of a share of `count` in `of`, in parts per million; (0, 1 000 000) if `of` is 0.

    Counts need not be whole: a count over its dispersion is what so many independent cases would be.
    """
    if of <= 0:
        return 0, MILLION
    share, square = count / of, z * z / of
    middle = share + square / 2
    half = z * math.sqrt(share * (1 - share) / of + square / (4 * of))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return max(0, round(low * MILLION)), min(MILLION, round(high * MILLION))


def share_ppm(part: int, whole: int) -> int:
    """A share in parts per million, rounded down; 0 of nothing."""
    return part * MILLION // whole if whole else 0
