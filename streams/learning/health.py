"""How the models are doing: every version that was published, who is active, and the figures of each as numbers.

Read from the events of topic `models` alone, so `forewarn models`, a report and a metrics exporter say the same:

    health = Health()
    for offset, event in ...: health.take(event, offset)
    health.active, health.pinned          which version scores
    health.windows                        one per head, month-end and line, oldest first: see `Window`
    health.newest()                       the newest of each head and line: what a dashboard shows
    health.of_version("2019-03-02")       the windows that this version scored

Rule 1: figures are prequential and say on how many labels and positives they stand. NaN: the data cannot say.
Rule 2: PSI is against a limit that fits the sample sizes; drift is ADWIN's on log loss. Neither changes anything.
"""

from __future__ import annotations

import datetime as dt
import math
from typing import TYPE_CHECKING

from msgspec import Struct, structs

from streams.learning.figures import ACTIVE, LEARNER, UNTREATED
from streams.risk.heads import PRIOR_VERSION
from streams.risk.versions import DECIDED_BY, REASON, Activation, activation, takes_over

if TYPE_CHECKING:
    from collections.abc import Iterable

    from streams.events.control import ModelActivated


class Window(Struct, frozen=True, kw_only=True):
    """What one line said of one month-end, judged when its labels matured. Ratios 0 to 1, log loss in nats.

    Attributes:
        head: which question.
        observed_on: the month-end.
        matured_on: the business date on which the labels were judged.
        line: `active`, `learner`, `untreated`, or a challenger.
        versions: which scored (of `active` and `untreated`; else empty).
        quarantined: the cohort was not learned: see `learning.guard`.
        alerted: borrowers above NORMAL at the month-end, with the precision and recall of those alerts and the median
            days from their start to the outcome.
        drift: ADWIN saw the mean log loss change within this month.
        tier_changes: a borrower-year, in the month that ended there.
        tier_reverted: share of them that took back another of the last 90 days.
    """

    head: str
    observed_on: dt.date
    matured_on: dt.date
    line: str
    versions: tuple[str, ...] = ()
    quarantined: bool = False
    labels: int = 0
    positives: int = 0
    log_loss: float = math.nan
    auc: float = math.nan
    average_precision: float = math.nan
    ece: float = math.nan
    mean_probability: float = math.nan
    psi: float = math.nan
    psi_limit: float = math.nan
    drift: bool = False
    alerted: int = 0
    alert_precision: float = math.nan
    alert_recall: float = math.nan
    alert_lead_days: float = math.nan
    tier_changes: float = math.nan
    tier_reverted: float = math.nan


_COUNTS = ("labels", "positives", "alerted")
_NUMBERS = (
    "log_loss", "auc", "average_precision", "ece", "mean_probability", "psi", "psi_limit", "alert_precision",
    "alert_recall", "alert_lead_days", "tier_changes", "tier_reverted",
)  # fmt: skip


class Pooled(Struct, frozen=True, kw_only=True):
    """Several windows of one head and line.

    Log loss, ECE and tier changes are means over labels, AUC, AP and what alerts found and how early over positives, the
    share of alerts that was right over alerts.
    """

    head: str
    line: str
    windows: int
    labels: int
    positives: int
    log_loss: float
    auc: float
    average_precision: float
    ece: float
    alert_precision: float = math.nan
    alert_recall: float = math.nan
    alert_lead_days: float = math.nan
    tier_changes: float = math.nan
    tier_reverted: float = math.nan


class Version(Struct, frozen=True, kw_only=True):
    """One version as published.

    Attributes:
        version: its name.
        learned_through: last business date whose labels it holds.
        offset: of its event on `models`.
        activation: how it came; FOLLOWED and PINNED are a person's decision.
        decided_by: who, if a person did.
        reason: and why.
        activated: whether it became active there (a learned one does not while another is pinned).
    """

    version: str
    learned_through: dt.date
    offset: int
    activation: Activation
    decided_by: str
    reason: str
    activated: bool


class Health:
    """What the events of `models` say, up to the last one taken."""

    def __init__(self) -> None:
        self.active = PRIOR_VERSION
        self.pinned = False
        self.versions: list[Version] = []
        self.windows: list[Window] = []

    def take(self, event: ModelActivated, offset: int = -1) -> None:
        """Take the next event, in the order of the topic.

        Raises:
            ValueError: its provenance cannot be read; workers have refused it too (a dead letter says so).
        """
        how = activation(event.provenance)
        activated = takes_over(how, pinned=self.pinned)
        if activated:
            self.active, self.pinned = event.version, how is Activation.PINNED
        self.versions.append(
            Version(
                version=event.version,
                learned_through=event.learned_through,
                offset=offset,
                activation=how,
                decided_by=event.provenance.get(DECIDED_BY, ""),
                reason=event.provenance.get(REASON, ""),
                activated=activated,
            )
        )
        if how is Activation.LEARNED:
            self.windows += _windows(event)

    def newest(self) -> list[Window]:
        """The newest window of each head and line."""
        return list({(window.head, window.line): window for window in self.windows}.values())

    def of_version(self, version: str) -> list[Window]:
        """The windows that this version scored alone, as the active one."""
        return [each for each in self.windows if each.line == ACTIVE and each.versions == (version,)]

    def of_line(self, line: str, head: str) -> list[Window]:
        """One line's windows of one head, without those that were quarantined.

        The learner's are its own in the shadow where another version was active, else the active ones.
        """
        found = {w.observed_on: w for w in self.windows if w.head == head and not w.quarantined and w.line == line}
        if line == LEARNER:
            active = {
                w.observed_on: w for w in self.windows if w.head == head and not w.quarantined and w.line == ACTIVE
            }
            found = active | found
        return [found[day] for day in sorted(found)]

    def activated(self) -> list[Version]:
        """The versions that became active, oldest first."""
        return [version for version in self.versions if version.activated]


def pooled(windows: Iterable[Window]) -> list[Pooled]:
    """Pool windows by head and line."""
    groups: dict[tuple[str, str], list[Window]] = {}
    for window in windows:
        groups.setdefault((window.head, window.line), []).append(window)
    return [
        Pooled(
            head=head,
            line=line,
            windows=len(group),
            labels=sum(window.labels for window in group),
            positives=sum(window.positives for window in group),
            log_loss=_mean(group, "log_loss", "labels"),
            auc=_mean(group, "auc", "positives"),
            average_precision=_mean(group, "average_precision", "positives"),
            ece=_mean(group, "ece", "labels"),
            alert_precision=_mean(group, "alert_precision", "alerted"),
            alert_recall=_mean(group, "alert_recall", "positives"),
            alert_lead_days=_mean(group, "alert_lead_days", "positives"),
            tier_changes=_mean(group, "tier_changes", "labels"),
            tier_reverted=_mean(group, "tier_reverted", "labels"),
        )
        for (head, line), group in groups.items()
    ]


def _mean(windows: list[Window], name: str, weight: str) -> float:
    known = [(getattr(w, name), getattr(w, weight)) for w in windows if not math.isnan(getattr(w, name))]
    total = sum(count for _, count in known)
    return math.fsum(value * count for value, count in known) / total if total else math.nan


def _windows(event: ModelActivated) -> list[Window]:
    """The windows in one event's provenance; names that this release does not know are left alone."""
    cohorts: dict[tuple[str, dt.date], dict[str, str]] = {}
    for name, value in event.provenance.items():
        place, _, figure = name.partition(".")
        head, at, day = place.partition("@")
        if at:
            cohorts.setdefault((head, dt.date.fromisoformat(day)), {})[figure] = value
    found = []
    for (head, observed_on), figures in sorted(cohorts.items(), key=lambda item: (item[0][1], item[0][0])):
        for line in dict.fromkeys(name.partition(".")[0] for name in figures if "." in name):
            own = {name.partition(".")[2]: value for name, value in figures.items() if name.startswith(f"{line}.")}
            window = Window(
                head=head,
                observed_on=observed_on,
                matured_on=event.learned_through,
                line=line,
                versions=tuple(figures.get("versions", "").split()) if line in (ACTIVE, UNTREATED) else (),
                quarantined=figures.get("quarantined") == "1",
                drift=own.get("drift") == "1",
            )
            counts = {name: int(own[name]) for name in _COUNTS if own.get(name)}
            numbers = {name: float(own[name]) for name in _NUMBERS if own.get(name)}
            found.append(structs.replace(window, **counts, **numbers))
    return found
