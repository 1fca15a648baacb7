"""Telling an outage from a default wave: misses that jump together with a broken rail or a silent feed are an incident.

Rule 1: a rail is suspect when its technical debit failures are many times what they were; a payment feed is suspect when
far fewer payments came than usual, or many came late.
Rule 2: suspicion within the days around a jump of misses is an incident. A jump alone is not: a deferral wave or a strike
breaks no rail. A suspicion alone is not either: nothing has gone wrong with the book.
Rule 3: while it is open, and until the backlog has had time to arrive, its days are frozen: they teach nothing, step no
stage and start no escalation. It closes by itself; after `DAYS_MAX` it is an incident no more, for a rail that stays
broken is a crisis.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median

from msgspec import Struct, field

from streams.portfolio.history import DAYS_KEPT
from streams.portfolio.intervals import share_ppm, wilson_ppm

#: Technical failures of a processor: at least so many, and so many times the median of the days before. With 20 instead of
#: 10, most outages put on the real loans, 35 due dates a day, were taken for drifts (docs/portfolio.md).
TECHNICAL_MIN, TECHNICAL_TIMES = 10, 5
#: A feed is silent at this share of its median, if the median is worth it, and below half of the quietest day before:
#: on the real loans the last days of every month are quiet.
SILENT_PPM, SILENT_MEDIAN_MIN = 200_000, 20
#: Payments booked after their value date: at least so many, and this share of the day's payments more than usual.
LATE_MIN, LATE_PPM = 20, 500_000
#: Misses jump when surely more than this multiple of what is usual, and worse than on any day of the month before: due
#: dates of the month's end are missed more often every month.
JUMP_TIMES = 1.5
JUMP_MISSED_MIN = 10
BASELINE_DAYS = 35
HISTORY_MIN_DAYS = 10
#: How far apart a suspicion and its jump may lie: debits fail on the due date, the miss is known the day after.
TOGETHER_DAYS = 3
SETTLE_DAYS = 5
DAYS_MAX = 21


class Incident(Struct):
    """An open incident: since when, which processors and feeds, and the last day on which it was still to be seen."""

    since: int
    last_seen: int
    affected: list[str] = field(default_factory=list)


class Guard(Struct):
    """What the guard remembers.

    Attributes:
        marks: by kind and name, counts by day, of the last days.
        hazards: (day, exposed, missed) of the last days, whole book.
        suspicions: by day, what was suspect.
        jumps: days on which misses jumped.
        frozen: days inside incidents.
        incident: the open one.
        first_day: the first day that was closed.
        given_up: what was suspect for so long that it is no incident any more, until it is quiet once.
    """

    marks: dict[str, dict[str, dict[int, int]]] = field(default_factory=dict)
    hazards: list[tuple[int, int, int]] = field(default_factory=list)
    suspicions: dict[int, list[str]] = field(default_factory=dict)
    jumps: list[int] = field(default_factory=list)
    frozen: list[int] = field(default_factory=list)
    incident: Incident | None = None
    first_day: int = 0
    given_up: list[str] = field(default_factory=list)

    def note(self, day: int, kind: str, counts: Mapping[str, int]) -> None:
        """Remember marks of a day."""
        for name, count in counts.items():
            days = self.marks.setdefault(kind, {}).setdefault(name, {})
            days[day] = days.get(day, 0) + count

    def close(self, day: int, exposed: int, missed: int) -> Incident | None:
        """Judge a closed day; returns the incident that it closed, if it did. An opened one is then in `incident`."""
        suspects = self._suspects(day)
        self.given_up = [name for name in self.given_up if name in suspects]
        if named := [name for name in suspects if name not in self.given_up]:
            self.suspicions[day] = named
        if self._jumped(exposed, missed):
            self.jumps.append(day)
        self.hazards.append((day, exposed, missed))
        ended = self._step(day)
        self._forget(day)
        return ended

    def pass_day(self, day: int) -> list[str]:
        """Let a day pass whose misses are not known; returns what is suspect on it."""
        suspects = self._suspects(day)
        self._forget(day)
        return suspects

    def _step(self, day: int) -> Incident | None:
        lately = [name for at, names in self.suspicions.items() if 0 <= day - at < TOGETHER_DAYS for name in names]
        jumped = any(0 <= day - at < TOGETHER_DAYS for at in self.jumps)
        incident = self.incident
        if incident is None:
            if not lately or not jumped:
                return None
            since = min(at for at in (*self.suspicions, *self.jumps) if 0 <= day - at < TOGETHER_DAYS)
            self.incident = Incident(since, day, sorted(set(lately)))
            self.frozen += range(since, day + 1)
            return None
        if day in self.suspicions:
            incident.last_seen = day
            incident.affected = sorted({*incident.affected, *self.suspicions[day]})
        if day - incident.last_seen >= SETTLE_DAYS:
            self.incident = None
            return incident
        if day - incident.since >= DAYS_MAX:
            self.incident, self.given_up, self.suspicions = None, incident.affected, {}
            return incident
        self.frozen.append(day)
        return None

    def _suspects(self, day: int) -> list[str]:
        self.first_day = self.first_day or day
        known = day - self.first_day >= HISTORY_MIN_DAYS
        found = []
        for name, days in self.marks.get("technical", {}).items():
            usual = median(self._before(days, day))
            if days.get(day, 0) >= max(TECHNICAL_MIN, TECHNICAL_TIMES * usual):
                found.append(f"processor:{name}")
        for name, days in self.marks.get("received", {}).items() if known else ():
            usual, today = median(self._before(days, day, weekly=True)), days.get(day, 0)
            late = self.marks.get("late", {}).get(name, {})
            usual_late = median(self._before(late, day))
            low = min(self._before(days, day)) // 2
            silent = usual >= SILENT_MEDIAN_MIN and share_ppm(today, int(usual)) <= SILENT_PPM and today <= low
            backlog = late.get(day, 0) >= LATE_MIN and share_ppm(int(late.get(day, 0) - usual_late), today) >= LATE_PPM
            if silent or backlog:
                found.append(f"feed:{name}")
        return sorted(found)

    def _before(self, days: Mapping[int, int], day: int, *, weekly: bool = False) -> Sequence[int]:
        """Counts of the days before that are not frozen; with `weekly` the same day of the week if that is known."""
        usual = [at for at in range(max(self.first_day, day - BASELINE_DAYS), day) if at not in self.frozen]
        same = [at for at in usual if (day - at) % 7 == 0]
        chosen = same if weekly and len(same) >= 3 else usual
        return [days.get(at, 0) for at in chosen] or [0]

    def _jumped(self, exposed: int, missed: int) -> bool:
        before = [each for each in self.hazards if each[0] not in self.frozen][-BASELINE_DAYS - TOGETHER_DAYS :]
        due, missed_before = sum(each[1] for each in before), sum(each[2] for each in before)
        if len(before) < HISTORY_MIN_DAYS or missed < JUMP_MISSED_MIN:
            return False
        worst = max(share_ppm(each[2], each[1]) for each in before if each[1] >= JUMP_MISSED_MIN or each is before[0])
        surely = wilson_ppm(missed, exposed)[0] > JUMP_TIMES * share_ppm(missed_before, due)
        return surely and share_ppm(missed, exposed) > worst

    def _forget(self, day: int) -> None:
        oldest = day - 2 * BASELINE_DAYS
        self.hazards = [each for each in self.hazards if each[0] > oldest]
        self.jumps = [each for each in self.jumps if each > oldest]
        self.suspicions = {at: names for at, names in self.suspicions.items() if at > oldest}
        self.frozen = [each for each in self.frozen if each > day - DAYS_KEPT]
        for names in self.marks.values():
            for name in list(names):
                names[name] = {at: count for at, count in names[name].items() if at > oldest}
                if not names[name]:
                    del names[name]
